"""Verdicts per key point, and the arithmetic from verdicts to a score (pure).

A score is the weighted mean of credits: met 1, partial what share of the point was made (1/2 where nobody can
say better), missed and contradicted 0. What could not be verified counts neither for nor against; when that is
too much of the rubric there is no score at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from mlprep_bot.domain import KeyPoint

# From this share of the rubric's weight on, what could not be verified makes an answer `Ungraded`.
MOST_UNVERIFIED = 0.5
# Each hint takes this share off the mark of its question; see `mark`.
HINT_COST = 0.1


class PointVerdict(StrEnum):
    MET = "met"
    PARTIAL = "partial"
    MISSED = "missed"
    CONTRADICTED = "contradicted"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class PointGrade:
    """The verdict on one key point.

    `evidence` is an exact substring of the answer, "" for a point that was missed; `reason` is for the
    candidate. `share` is how much of a partial point was made, above 0 and below 1. `uncertain`: two graders
    disagree strongly, so a person should look.
    """

    point: KeyPoint
    verdict: PointVerdict
    evidence: str = ""
    reason: str = ""
    uncertain: bool = False
    share: float = 0.5

    @property
    def credit(self) -> float:
        """From 0 to 1; 0 for what could not be verified, which `grade` leaves out."""
        if self.verdict is PointVerdict.PARTIAL:
            return min(1.0, max(0.0, self.share))
        return float(self.verdict is PointVerdict.MET)


@dataclass(frozen=True, slots=True)
class Grade:
    """A graded answer: `points` in the rubric's order, `score` from 0 to 1, `grader` who decided."""

    points: tuple[PointGrade, ...]
    score: float
    grader: str


@dataclass(frozen=True, slots=True)
class Ungraded:
    """An answer without a score, and why; never to be read as 0."""

    points: tuple[PointGrade, ...]
    reason: str
    grader: str


Outcome = Grade | Ungraded


def grade(points: Sequence[PointGrade], answer: str, grader: str) -> Outcome:
    """The outcome of verdicts about `answer`; a verdict whose evidence is not in it becomes `unverified`."""
    checked = tuple(verified(point, answer) for point in points)
    total = sum(p.point.weight for p in checked)
    if not total:
        return Ungraded(checked, "There are no key points to mark this answer by.", grader)
    known = [p for p in checked if p.verdict is not PointVerdict.UNVERIFIED]
    weight = sum(p.point.weight for p in known)
    if total - weight >= MOST_UNVERIFIED * total and weight < total:
        return Ungraded(
            checked, f"{len(checked) - len(known)} of {len(checked)} key points could not be judged.", grader
        )
    return Grade(checked, sum(p.point.weight * p.credit for p in known) / weight, grader)


def verified(point: PointGrade, answer: str) -> PointGrade:
    """`point` as it is, or `unverified` when it quotes what `answer` does not say."""
    needs = point.verdict in (PointVerdict.MET, PointVerdict.PARTIAL, PointVerdict.CONTRADICTED)
    if needs and not (point.evidence.strip() and point.evidence in answer):
        seen = f"The grader said {point.verdict}, but quoted nothing that the answer says."
        return replace(point, verdict=PointVerdict.UNVERIFIED, evidence="", reason=seen)
    return point if needs else replace(point, evidence="")


def mark(score: float, hints: int) -> float:
    """The mark of a question, 0 to 1: its score less `HINT_COST` of it for each hint."""
    return score * max(0.0, 1.0 - HINT_COST * hints)
