"""Drafts held-out questions for a user's own documents, to be edited by hand: `mlprep eval make`.

Everything comes from the documents themselves: their questions, key points, headings and sentences. A draft measures
string matching as long as it is worded like what it was made of, so each row says how it came about (`draft`, `check`)
and what is left to do, and its kind `own-wording` keeps its figures apart from those of real paraphrases.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from mlprep_bot.domain import Document, Question
from mlprep_bot.errors import BadQuestions
from mlprep_bot.evaluation.drafting import foreign as outside
from mlprep_bot.evaluation.drafting.evidence import Library, sections
from mlprep_bot.evaluation.drafting.joined import Joined
from mlprep_bot.evaluation.drafting.rows import Row, Singles
from mlprep_bot.evaluation.drafting.wording import Reworder
from mlprep_bot.evaluation.questions import HeldOut
from mlprep_bot.knowledge.identity import content_id
from mlprep_bot.knowledge.lexical import terms
from mlprep_bot.ports import ChatModel
from mlprep_bot.wording import plural

Progress = Callable[[str, int, int], None]
_NOTHING_FOREIGN = outside.Foreign()
_FEWEST_OUTSIDE = 10  # of each unanswerable kind, so that a small set has some
# `str.splitlines`, by which the file is read again, ends lines at these as well.
_LINE_ENDS = {ord(mark): f"\\u{ord(mark):04x}" for mark in "\x85\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class Draft:
    """Drafted questions, and what whoever edits them should know."""

    rows: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """One JSON object each, as `questions.read` reads them, with fields of our own for whoever edits."""
        return [json.dumps(row, ensure_ascii=False).translate(_LINE_ENDS) for row in self.rows]

    def write(self, path: Path) -> None:
        """A new file. Raises BadQuestions when there is one: hours of editing may be in it."""
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in self.lines())
        except FileExistsError as error:
            raise BadQuestions(f"{path} is there already.", "Name another file with --out, or move it away.") from error
        except OSError as error:
            raise BadQuestions(f"Cannot write {path}: {error.strerror}.", "Name another file with --out.") from error


def draft(
    documents: Sequence[Document],
    found: Sequence[Question],
    *,
    foreign: outside.Foreign = _NOTHING_FOREIGN,
    model: ChatModel | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Draft:
    """Questions for `documents`, of which `found` are those that they hold themselves.

    Of `foreign` questions the unanswerable ones are chosen. A `model` words questions anew; when it fails the rules do.
    Raises BadQuestions when the documents state nothing that could be asked.
    """
    library = Library(documents, sections(documents, found))
    reworder = Reworder(model)
    single = Singles(library, {d.name: d.text for d in documents}, reworder, progress)
    asked = list(single.asked())
    facts = list(single.facts(asked))
    joined = Joined(single, seed).rows(asked, facts)
    rows = [*single.reworded([*(one.row for one in asked), *(row for _, row in facts)]), *joined]
    if not rows:
        seen = "no document" if not documents else f"{plural(len(documents), 'document')}, but no sentence to ask about"
        raise BadQuestions(f"Nothing to draft questions from: {seen}.", "Name a folder with notes in whole sentences.")
    answerable = _finished(rows)
    unanswerable = _outside(library, found, foreign, max(_FEWEST_OUTSIDE, len(rows) // 4), seed)
    notes = [*_notes([*answerable, *unanswerable], reworder), *_left_out(library)]
    return Draft((*answerable, *unanswerable), tuple(notes))


def _left_out(library: Library) -> list[str]:
    """Answered questions without a sentence that could be evidence: code, tables, or the same words again and again."""
    empty = [s.question.text for s, said in zip(library.sections, library.by_section, strict=True)
             if s.question and not said]  # fmt: skip
    if not empty:
        return []
    many, first = plural(len(empty), "answer"), " ".join(empty[0].split())
    return [f"{many} without a sentence that stands in its document once, the first to “{first}”."]


def _finished(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """With ids that derive from what a row was made of, and splits that alternate within document and kind."""
    made: dict[str, int] = {}
    turns: dict[tuple[str, str], Any] = {}
    finished, splits = [], dict[str, str]()
    for row in rows:
        stratum = row.gold[0].document, row.kind
        turn = turns.setdefault(stratum, count(len(turns)))
        base = f"{row.prefix}-{content_id(row.prefix, *row.source)[:10]}"
        made[base] = made.get(base, 0) + 1
        # Two wordings of one question stay in one split: the other half would not be unseen.
        split = splits.get(base) or ("dev", "test")[next(turn) % 2]
        splits[base] = split
        identity = base if made[base] == 1 else f"{base}-{made[base]}"
        finished.append({"id": identity, "split": split, **row.as_json()})
    return finished


def _outside(
    library: Library, found: Sequence[Question], foreign: outside.Foreign, most: int, seed: int
) -> list[dict[str, Any]]:
    """Unanswerable questions of every kind; of the near ones twice as many, since they are what refusal is about."""
    rng = random.Random(f"foreign {seed}")
    by_kind: dict[str, list[HeldOut]] = defaultdict(list)
    for question in foreign.questions:
        by_kind[question.kind if question.kind in ("far-domain", "injection") else "near-domain"].append(question)
    answered = [frozenset(terms(section.title)) for section in library.sections]
    rows = [_row("hard", q.text, outside.ASKED, at) for at, q in enumerate(outside.left_open(found, answered))]
    near = outside.near_domain(library, by_kind["near-domain"], foreign.nearest, 2 * most, rng)
    far = outside.far_domain(library, by_kind["far-domain"], foreign.nearest, most, rng)
    orders = by_kind["injection"]
    rng.shuffle(orders)
    rows += [_row("near-domain", q.question, outside.CHECK, at) for at, q in enumerate(near)]
    rows += [_row("far-domain", q.question, outside.CHECK, at) for at, q in enumerate(far)]
    return rows + [_row("injection", q.question, "", at) for at, q in enumerate(orders[:most])]


def _row(kind: str, question: str, check: str, at: int) -> dict[str, Any]:
    asked = " ".join(question.split())
    row = {"id": f"{kind}-{content_id(kind, asked)[:10]}", "split": ("dev", "test")[at % 2], "kind": kind,
           "question": asked}  # fmt: skip
    return {**row, "check": check} if check else row


def _notes(rows: Sequence[dict[str, Any]], reworder: Reworder) -> list[str]:
    """What was made, and what is left to do, in lines for a person."""
    kinds = Counter(row["kind"] for row in rows)
    notes = ["Drafted: " + ", ".join(f"{number} {kind}" for kind, number in kinds.items()) + "."]
    own = kinds["own-wording"]
    if own:
        notes.append(
            f"{plural(own, 'question')} still in the documents' own words: they measure string matching until a person "
            "says them anew."
        )
    if reworder.failure:
        notes.append(f"The language model failed, so rules worded what it did not: {reworder.failure}")
    elif reworder.asked > reworder.kept:
        left = reworder.asked - reworder.kept
        notes.append(f"The language model gave no usable wording for {left} of {plural(reworder.asked, 'question')}.")
    if kinds["near-domain"]:
        notes.append("The near-domain questions are near no sentence, so easy to refuse: add harder ones by hand.")
    if not kinds["near-domain"] + kinds["hard"]:
        notes.append("No unanswerable question near the documents' subjects was found: write some by hand.")
    notes.append("Read each line with `draft` or `check`; sentences are matched exactly, so leave `evidence` as it is.")
    return notes
