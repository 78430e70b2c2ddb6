"""Answers of candidates with people's verdict on every key point: `eval/graded_answers.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlprep_bot.domain import KeyPoint, Question
from mlprep_bot.errors import BadQuestions


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer that people marked.

    `score` is 0 to 1, None where people gave a class only; `label` is the class ("correct", "contradictory",
    "incorrect") or "". `verdicts` are those on `points`, () where people judged the answer as a whole.
    `references` are whole reference answers, of which any may be matched; the first one gave `points`.
    """

    set: str
    split: str
    id: str
    question: str
    answer: str
    points: tuple[KeyPoint, ...]
    references: tuple[str, ...] = ()
    score: float | None = None
    label: str = ""
    verdicts: tuple[str, ...] = ()
    kind: str = ""

    @property
    def group(self) -> str:
        """What answers share that are not independent: their question."""
        return f"{self.set}:{self.question}"


def read(path: Path, cards: Mapping[str, Question]) -> list[Graded]:
    """A file of graded answers, to `cards` by document. Raises BadQuestions when a card is gone or reads otherwise."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        return [_answer(row, cards) for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise BadQuestions(
            f"Cannot use the graded answers {path.name}: {error}.", "Grade those answers anew."
        ) from error


def _answer(row: Mapping[str, Any], cards: Mapping[str, Question]) -> Graded:
    card = cards.get(row["card"])
    points = card.rubric.key_points if card and card.rubric else ()
    verdicts = tuple(point["verdict"] for point in row["points"])
    if card is None or len(points) != len(verdicts):
        raise ValueError(
            f"{row['id']} has {len(verdicts)} verdicts, the card {row['card']} has {len(points)} key points"
        )
    return Graded(
        "own", row["split"], row["id"], card.text, row["answer"], points,
        score=row["overall"] / 5, verdicts=verdicts, kind=row["kind"],
    )  # fmt: skip
