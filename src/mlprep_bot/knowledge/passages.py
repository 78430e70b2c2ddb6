"""Scored chunks to numbered passages within a budget: neighbours merged, same words folded. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mlprep_bot.domain import Chunk, Passage, Ranking, Source

MAX_GAP = 40  # characters between two neighbours (blank lines, a bullet) that a merged passage may include
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class _Run:
    """Neighbouring chunks of one unit, as one passage, with the places where the same words stand too."""

    chunks: list[Chunk]
    elsewhere: list[Chunk] = field(default_factory=list)

    @property
    def length(self) -> int:
        return self.chunks[-1].end - self.chunks[0].start


def same_words(text: str) -> str:
    """What two texts share when they say the same words: punctuation, case and layout do not count."""
    return " ".join(_WORD.findall(text.lower())) or text.strip()


def build(
    chunks: Sequence[Chunk],
    scores: Mapping[str, float],
    rankings: Callable[[Chunk], Ranking],
    text_of: Callable[[str], str],
    budget_chars: int,
) -> tuple[Passage, ...]:
    """Passages from chunks, which come best first, as many as the budget holds.

    `scores` are of units and decide the order of passages; `text_of` gives a document's text. The lengths of
    the passages' texts add up to `budget_chars` at most. A best chunk that is longer than that is cut.
    """
    runs = _select(chunks, budget_chars)
    rank = {chunk.id: at for at, chunk in enumerate(chunks)}
    best = {id(run): min(run.chunks, key=lambda c: rank[c.id]) for run in runs}

    def score(run: _Run) -> float:
        # The chunk's share is so small that it only orders the passages of one unit.
        return scores.get(run.chunks[0].unit, 0.0) + 1e-4 * rankings(best[id(run)]).fused

    runs.sort(key=lambda run: (-score(run), rank[best[id(run)].id]))
    passages = []
    for n, run in enumerate(runs, start=1):
        first, chosen = run.chunks[0], best[id(run)]
        end = min(run.chunks[-1].end, first.start + budget_chars)
        text = text_of(first.document)[first.start : end]
        elsewhere = _sources(run.elsewhere, same_words(text), text_of)
        passages.append(
            Passage(
                n=n,
                text=text,
                document=first.document,
                start=first.start,
                end=end,
                heading=first.heading,
                question=first.context if first.question_id else "",
                score=score(run),
                sources=(Source(first.document, first.start, end), *elsewhere),
                ranking=rankings(chosen),
            )
        )
    return tuple(passages)


def _select(chunks: Sequence[Chunk], budget: int) -> list[_Run]:
    """Fill the budget, best chunk first; what is too long for the rest of it is passed over."""
    runs: list[_Run] = []
    holder: dict[str, _Run] = {}  # same words -> the run that says them
    ends: dict[tuple[str, int], _Run] = {}  # (unit, ordinal) at either end of a run
    left = budget
    for chunk in chunks:
        words = same_words(chunk.text)
        if words in holder:
            holder[words].elsewhere.append(chunk)
            continue
        before = ends.get((chunk.unit, chunk.ordinal - 1))
        after = ends.get((chunk.unit, chunk.ordinal + 1))
        if before is not None and not _touch(before.chunks[-1], chunk):
            before = None
        if after is not None and not _touch(chunk, after.chunks[0]):
            after = None
        joined = [*(before.chunks if before else ()), chunk, *(after.chunks if after else ())]
        cost = joined[-1].end - joined[0].start - sum(run.length for run in (before, after) if run)
        if cost > left:
            continue
        left -= cost
        run = _Run(joined, [*(before.elsewhere if before else ()), *(after.elsewhere if after else ())])
        runs = [other for other in runs if other is not before and other is not after]
        runs.append(run)
        for member in joined:
            holder[same_words(member.text)] = run
        ends[chunk.unit, joined[0].ordinal] = ends[chunk.unit, joined[-1].ordinal] = run
        if left <= 0:
            break
    if not runs and chunks and budget > 0:
        runs.append(_Run([chunks[0]]))
    return runs


def _touch(left: Chunk, right: Chunk) -> bool:
    return left.document == right.document and 0 <= right.start - left.end <= MAX_GAP


def _sources(chunks: Sequence[Chunk], said: str, text_of: Callable[[str], str]) -> list[Source]:
    """Where (part of) the words `said` stand too; neighbours as one, where together they are still said."""
    found: list[Source] = []
    for chunk in sorted(chunks, key=lambda c: (c.document, c.start)):
        last = found[-1] if found else None
        if last and last.document == chunk.document and 0 <= chunk.start - last.end <= MAX_GAP:
            together = text_of(chunk.document)[last.start : chunk.end]
            if same_words(together) in said:
                found[-1] = Source(chunk.document, last.start, chunk.end)
                continue
        found.append(Source(chunk.document, chunk.start, chunk.end))
    return found
