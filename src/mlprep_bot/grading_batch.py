"""`mlprep grade`: what a line of a batch asks to be marked, and by which key points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlprep_bot import contract
from mlprep_bot.batches import BadLine
from mlprep_bot.domain import KeyPoint, Question
from mlprep_bot.grading.grader import Grader
from mlprep_bot.grading.points import derived
from mlprep_bot.grading.rubric import Ungraded

EXPECTED = '{"id": …, "question": "…", "answer": "…", and "reference": "…" or "key_points": ["…"] or "card": "…"}'

HEAVIEST = 100  # weight of a key point

GraderFor = Callable[[bool], Grader]
"""The grader of a rubric (False) or of a reference answer (True)."""

FindCard = Callable[[str], Question]
"""The question of a card, by id or document name. Raises BadLine."""


def grade(value: Mapping[str, Any], grader_for: GraderFor, find_card: FindCard) -> dict[str, Any]:
    """The object that is printed for one line. Raises BadLine."""
    answer = value.get("answer")
    if not isinstance(answer, str):
        raise BadLine(f"No answer in {_start(value)}.", f"Expected {EXPECTED}.")
    question, points = rubric_of(value, find_card)
    grader = grader_for(rubric_given(value) == "reference")
    if not points:
        return contract.outcome_json(Ungraded((), "The reference states nothing that could be marked.", grader.name))
    return contract.outcome_json(grader.grade(question, points, answer))


def nothing(grader: str) -> dict[str, Any]:
    """The shape of a line that could not be read, so that every line has the same fields."""
    return contract.outcome_json(Ungraded((), "The line could not be read.", grader))


def rubric_given(value: Mapping[str, Any]) -> str:
    """Which rubric counts: what is said most exactly, where a line gives several. Raises BadLine for none."""
    for name in ("card", "key_points", "reference"):
        if value.get(name) is not None:
            return name
    raise BadLine(f"Seen none of reference, key_points and card in {_start(value)}.", f"Expected {EXPECTED}.")


def rubric_of(value: Mapping[str, Any], find_card: FindCard) -> tuple[str, tuple[KeyPoint, ...]]:
    """The question of a line and its key points. Raises BadLine."""
    given = rubric_given(value)
    asked = value.get("question")
    if given == "card":
        card = find_card(str(value["card"]))
        points = card.rubric.key_points if card.rubric else ()
        return (asked if isinstance(asked, str) else card.text), points
    if not isinstance(asked, str):
        raise BadLine(f"No question in {_start(value)}.", f"Expected {EXPECTED}.")
    if given == "key_points":
        return asked, _key_points(value["key_points"])
    if not isinstance(value["reference"], str):
        raise BadLine(f"The reference is no text in {_start(value)}.", f"Expected {EXPECTED}.")
    return asked, derived(value["reference"], asked)


def _key_points(listed: Any) -> tuple[KeyPoint, ...]:
    if not isinstance(listed, list) or not listed:
        raise BadLine(
            "key_points is no list of texts.", 'Expected ["…"] or [{"text": "…", "weight": 2, "wrong": "…"}].'
        )
    return tuple(_key_point(entry) for entry in listed)


def _key_point(entry: Any) -> KeyPoint:
    """A text, or an object with `text` and perhaps `weight` (1 to `HEAVIEST`) and `wrong`, a contradicting belief."""
    shape = {"text": entry} if isinstance(entry, str) else entry
    if not isinstance(shape, dict) or not isinstance(shape.get("text"), str) or not shape["text"].strip():
        raise BadLine(f"A key point without text: {str(entry)[:60]!r}.", 'Expected "…" or {"text": "…"}.')
    weight = shape.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= HEAVIEST:
        raise BadLine(f"A key point's weight is no whole number from 1 to {HEAVIEST}.", f"Seen in {_start(entry)}.")
    return KeyPoint(shape["text"].strip(), weight, str(shape.get("wrong") or ""))


def card_finder(corpus: Path, others: Callable[[], list[Question]]) -> FindCard:
    """Looks for a card in the folder of the corpus first, which needs no index, then among `others`."""
    from mlprep_bot.knowledge.cards import parse_card
    from mlprep_bot.knowledge.readers import read_document

    files = {path.stem: path for path in corpus.glob("*/*.md")}

    def find(name: str) -> Question:
        wanted = name.removesuffix(".md").rpartition("/")[2]
        if path := files.get(wanted):
            return parse_card(read_document(path, path.relative_to(corpus).as_posix()))
        for question in others():
            if question.rubric and wanted == question.document.removesuffix(".md").rpartition("/")[2]:
                return question
        raise BadLine(f"There is no card {name!r}.", "`mlprep questions` lists the cards; or give key_points.")

    return find


def _start(value: Any) -> str:
    try:
        return repr(str(value)[:80])
    except ValueError:  # an integer of more digits than Python prints
        return "a number of thousands of digits"
