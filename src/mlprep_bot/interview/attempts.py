"""What an interview showed about each key point: the raw material of spacing, mastery and history (pure).

Nothing here is stored. Attempts are read off the log each time, so that a better scheduler needs no migration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from mlprep_bot.grading.rubric import PointVerdict
from mlprep_bot.interview.session import Round, State


@dataclass(frozen=True, slots=True)
class Attempt:
    """One key point of one question that was answered and graded.

    `at` is when the question was asked, in seconds since the epoch; `question` is the prompt's id. `hinted`: a hint
    was about this point; `probed`: a follow-up was. `score` is the whole question's, 0 to 1, before hints
    lower the mark.
    """

    at: float
    interview: str
    question: str
    document: str
    topic: str
    level: str
    key: str
    text: str
    weight: int
    verdict: PointVerdict
    hinted: bool
    probed: bool
    score: float


def point_key(prompt_id: str, text: str) -> str:
    """The name of a key point in memory: 16 hexadecimal digits that change only with its own question or wording."""
    wording = " ".join(text.split()).casefold()
    return hashlib.sha256(f"{prompt_id}\0{wording}".encode()).hexdigest()[:16]


def attempts_of(interview_id: str, state: State) -> list[Attempt]:
    """One attempt a judged key point of the questions that are done and have a grade, in the order of asking.

    Skipped and ungraded questions give none, and neither does a point that could not be verified.
    """
    return [attempt for round_ in state.rounds if round_.done for attempt in _of_round(interview_id, round_)]


def _of_round(interview_id: str, round_: Round) -> Iterator[Attempt]:
    grade, prompt = round_.grade, round_.prompt
    if grade is None or round_.skipped:
        return
    for at, judged in enumerate(grade.points):
        if judged.verdict is PointVerdict.UNVERIFIED:
            continue
        yield Attempt(
            at=round_.asked_at,
            interview=interview_id,
            question=prompt.id,
            document=prompt.document,
            topic=prompt.topic,
            level=prompt.level,
            key=point_key(prompt.id, judged.point.text),
            text=judged.point.text,
            weight=judged.point.weight,
            verdict=judged.verdict,
            hinted=any(hint.point == at for hint in round_.hints),
            probed=any(turn.point == at for turn in round_.turns),
            score=grade.score,
        )
