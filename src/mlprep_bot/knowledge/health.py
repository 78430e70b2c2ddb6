"""What an index run found: counts, questions, and passages that say the same in several documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mlprep_bot.domain import HealthReport, NearDuplicate, Plan, Question, Source
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.records import Parsed, question_of
from mlprep_bot.knowledge.scanning import Scan, names_in
from mlprep_bot.ports import Embedder

NEAR = 0.95  # cosine of two passages that say nearly the same
MIN_CHARS = 60  # "Yes." in two files is no finding
LISTED = 100  # near duplicates in one report
_KEPT = 2_000  # and in the library, of one run
_BLOCK = 1_024


@dataclass(frozen=True, slots=True)
class Tail:
    """The parts of a report that only the run itself knows."""

    embedded: int
    notes: tuple[str, ...]
    seconds: float


def done(library: Library, found: Scan, plan: Plan, before: set[str], tail: Tail) -> HealthReport:
    """The report of a run that was carried out; `before` are the chunk ids that its roots had."""
    names = names_in(library, found.parts)
    after = library.chunk_ids(names)
    pairs, more = near_duplicates(library, names)
    notes = (*tail.notes, *([f"{more} more near-duplicate passages are not listed."] if more else []))
    return HealthReport(
        plan=plan,
        documents=len(names),
        questions=tuple(questions_of(library, names)),
        chunks_added=len(after - before),
        chunks_kept=len(after & before),
        chunks_removed=len(before - after),
        embedded=tail.embedded,
        near_duplicates=tuple(pairs),
        failed=plan.failed,
        seconds=tail.seconds,
        notes=notes,
    )


def planned(library: Library, found: Scan, plan: Plan, parsed: Sequence[Parsed], tail: Tail) -> HealthReport:
    """The report of a dry run: what would be, without near duplicates, which need vectors."""
    names = names_in(library, found.parts)
    new = {one.document.name: one for one in parsed}
    stay = names - found.gone - new.keys()
    before = library.chunk_ids(names | found.gone)
    after = library.chunk_ids(stay) | {chunk.id for one in parsed for chunk in one.chunks}
    questions = [*questions_of(library, stay), *(question for one in parsed for question in one.questions)]
    return HealthReport(
        plan=plan,
        documents=len(stay) + len(new),
        questions=tuple(sorted(questions, key=lambda question: (question.document, question.start))),
        chunks_added=len(after - before),
        chunks_kept=len(after & before),
        chunks_removed=len(before - after),
        embedded=0,
        near_duplicates=(),
        failed=plan.failed,
        seconds=tail.seconds,
        notes=tail.notes,
    )


def questions_of(library: Library, names: set[str]) -> list[Question]:
    """The questions of these documents, by document and position."""
    rows = library.db.rows(
        "SELECT d.name, q.body FROM questions q JOIN documents d ON d.id = q.document ORDER BY d.name, q.position"
    )
    return [question_of(body) for name, body in rows if name in names]


def near_duplicates(library: Library, names: set[str]) -> tuple[list[NearDuplicate], int]:
    """The most similar pairs that touch these documents, and how many more there are."""
    rows = library.db.rows(
        'SELECT dl.name, l.start, l."end", dr.name, r.start, r."end", n.similarity FROM near n'
        ' JOIN chunks l ON l.id = n."left" JOIN documents dl ON dl.id = l.document'
        ' JOIN chunks r ON r.id = n."right" JOIN documents dr ON dr.id = r.document'
        " ORDER BY n.similarity DESC, dl.name, l.start, dr.name, r.start"
    )
    pairs = []
    for row in rows:
        if row[0] in names or row[3] in names:
            left, right = sorted((Source(*row[:3]), Source(*row[3:6])), key=_place)
            pairs.append(NearDuplicate(left, right, float(row[6])))
    return pairs[:LISTED], max(0, len(pairs) - LISTED)


def _place(source: Source) -> tuple[str, int]:
    return source.document, source.start


def compare(library: Library, embedder: Embedder, tick: Callable[[int, int], None]) -> None:
    """Look for near duplicates of the chunks that were not compared yet; the library keeps the pairs."""
    with library.db.transaction():
        if library.compared_by != embedder.fingerprint:
            library.db.rows("DELETE FROM near")
            library.db.rows("UPDATE chunks SET compared = 0")
            library.compared_by = embedder.fingerprint
    if not library.db.rows("SELECT 1 FROM chunks WHERE compared = 0 LIMIT 1"):
        return
    standing, fresh = _standing(library)
    pairs = _pairs(library, embedder, standing, fresh, tick)
    with library.db.transaction():
        library.db.many('INSERT OR IGNORE INTO near ("left", "right", similarity) VALUES (?, ?, ?)', pairs)
        library.db.rows("UPDATE chunks SET compared = 1 WHERE compared = 0")


_Standing = dict[str, list[tuple[str, int]]]  # key of a text -> the (chunk, document) pairs where it stands


def _standing(library: Library) -> tuple[_Standing, set[str]]:
    """Where every passage long enough stands, and which of them are new."""
    standing: _Standing = {}
    fresh = set()
    for key, chunk, document, compared in library.db.rows(
        "SELECT v.key, c.id, c.document, c.compared FROM chunks c JOIN views v ON v.chunk = c.id AND v.position = 0"
        " WHERE LENGTH(c.text) >= ? ORDER BY c.document, c.start, c.id",
        (MIN_CHARS,),
    ):
        standing.setdefault(key, []).append((chunk, document))
        if not compared:
            fresh.add(key)
    return standing, fresh


def _pairs(
    library: Library, embedder: Embedder, standing: _Standing, fresh: set[str], tick: Callable[[int, int], None]
) -> list[tuple[str, str, float]]:
    """(left chunk, right chunk, cosine), most similar first."""
    found: list[tuple[str, str, float]] = []
    for key in fresh:
        first, *others = standing[key]
        found += [(first[0], other[0], 1.0) for other in others if other[1] != first[1]]
    keys = sorted(standing)
    everything = library.vectors(embedder.fingerprint, keys, embedder.dimensions)
    rows = [at for at, key in enumerate(keys) if key in fresh]
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        cosines = everything[block] @ everything.T
        for at, other in zip(*np.nonzero(cosines >= NEAR), strict=True):
            left, right = keys[block[at]], keys[other]
            if left == right or (right in fresh and left > right):
                continue
            pair = _apart(standing[left], standing[right])
            if pair:
                found.append((*pair, min(1.0, float(cosines[at, other]))))
        tick(min(start + _BLOCK, len(rows)), len(rows))
    found.sort(key=lambda pair: (-pair[2], pair[0], pair[1]))
    return [(min(a, b), max(a, b), cosine) for a, b, cosine in found[:_KEPT]]


def _apart(left: list[tuple[str, int]], right: list[tuple[str, int]]) -> tuple[str, str] | None:
    """The first two chunks that stand in different documents."""
    for chunk, document in left:
        for other, elsewhere in right:
            if document != elsewhere:
                return chunk, other
    return None
