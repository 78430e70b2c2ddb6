"""Grading against people: verdicts on key points, marks of answers, baselines, and answers that try to cheat.

A failed grade (`Ungraded`) counts in its own rate and in no other figure of marks: it is no zero. Kappa is over all key
points: one that the grader could not verify is a class of its own, which people never choose, and without credit.
An attack's ungraded answer earned no mark, and counts as 0 of 5. Baselines: the cosine of answer and key points, and
the answer's length.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable

from mlprep_bot.evaluation.attacks import ATTACKS
from mlprep_bot.evaluation.figures import OURS, Measurement, Observations, Problem
from mlprep_bot.evaluation.graded import Graded
from mlprep_bot.grading.grader import Grader
from mlprep_bot.grading.rubric import Grade, Outcome, PointVerdict
from mlprep_bot.ports import Embedder

_SEED = 20261122
_CLASSES = {"met": 0, "partial": 1, "missed": 2, "contradicted": 3, "unverified": 4}
_CREDIT = {"met": 2, "partial": 1, "missed": 0, "contradicted": 0, "unverified": 0}
_TOLD = ("met", "missed", "contradicted")
_FULL_LENGTH = 100  # words from which on the baseline gives full marks


def measure(rows: Iterable[Graded], grader: Grader, embedder: Embedder, seconds: list[float]) -> list[Measurement]:
    """Agreement with people, by key point and by answer, of the grader and of two baselines.

    `seconds` collects the time of each grade.
    """
    together: list[Problem] = []  # all are measured on the same answers, or not at all
    seen, by_cosine, by_length = (
        Observations("grading", name, problems=together) for name in (OURS, "cosine", "length")
    )
    for row in rows:
        with seen.item(row.id):
            started = time.perf_counter()
            outcome = grader.grade(row.question, row.points, row.answer)
            seconds.append(time.perf_counter() - started)
            _verdicts(seen, row, outcome)
            seen.add("ungraded", row.id, row.group, float(not isinstance(outcome, Grade)))
            if isinstance(outcome, Grade):
                _marks(seen, row, outcome.score)
            _marks(by_cosine, row, cosine(row, embedder))
            _marks(by_length, row, length(row))
    return [
        seen.measurement("kappa", "kappa", gated=True),
        seen.measurement("weighted kappa", "qwk", gated=True),
        *(seen.measurement(f"{verdict}: {s}", s) for verdict in _TOLD for s in ("precision", "recall")),
        seen.measurement("unverified", "mean_loss"),
        seen.measurement("ungraded", "mean_loss", gated=True),
        *(one.measurement("r", "pearson", gated=one is seen) for one in (seen, by_cosine, by_length)),
        *(one.measurement("QWK", "qwk", gated=one is seen) for one in (seen, by_cosine, by_length)),
    ]


def attack(rows: Iterable[Graded], grader: Grader) -> list[Measurement]:
    """The marks, of 5, that answers earn which know nothing; one of each kind on every question."""
    once = list({row.group: row for row in rows}.values())
    found = []
    for name, make in ATTACKS.items():
        rng = random.Random(_SEED)
        seen = Observations("grading")
        for row in once:
            with seen.item(row.id):
                answer = make(row.question, [point.text for point in row.points], rng)
                outcome = grader.grade(row.question, row.points, answer)
                seen.add("attack", f"{name}:{row.id}", row.group, 5 * _score(outcome))
        found.append(seen.measurement("attack", "mean_loss", gated=True, part=f"attack: {name}"))
    return found


def five(score: float) -> int:
    """A score of 0 to 1 as a whole mark from 0 to 5."""
    return int(score * 5 + 0.5)


def cosine(row: Graded, embedder: Embedder) -> float:
    """A baseline: the cosine of the answer and the reference, or all key points."""
    reference = row.references[0] if row.references else " ".join(point.text for point in row.points)
    left, right = embedder.embed_documents([row.answer or " ", reference])
    return max(0.0, float(left @ right))


def length(row: Graded) -> float:
    """A baseline: more words, more marks."""
    return min(1.0, len(row.answer.split()) / _FULL_LENGTH)


def _verdicts(seen: Observations, row: Graded, outcome: Outcome) -> None:
    for at, (people, ours) in enumerate(zip(row.verdicts, outcome.points, strict=True), 1):
        identity = f"{row.id}:{at}"
        seen.add("kappa", identity, row.group, _CLASSES[people], _CLASSES[ours.verdict])
        seen.add("weighted kappa", identity, row.group, _CREDIT[people], _CREDIT[ours.verdict])
        seen.add("unverified", identity, row.group, float(ours.verdict is PointVerdict.UNVERIFIED))
        for verdict in _TOLD:
            values = float(people == verdict), float(ours.verdict == verdict)
            seen.add(f"{verdict}: precision", identity, row.group, *values)
            seen.add(f"{verdict}: recall", identity, row.group, *values)


def _marks(seen: Observations, row: Graded, score: float) -> None:
    people = row.score or 0.0
    seen.add("r", row.id, row.group, people, score)
    seen.add("QWK", row.id, row.group, five(people), five(score))


def _score(outcome: Outcome) -> float:
    return outcome.score if isinstance(outcome, Grade) else 0.0
