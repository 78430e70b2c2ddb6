"""The grade of a question with its follow-ups: everything that was said, and what the last reply changed.

The joined text alone would be a bad judge: a wrong first answer that the follow-up corrects still stands in
it, and so does a right one that the follow-up takes back.
"""

from __future__ import annotations

import re

from mlprep_bot.grading import rubric
from mlprep_bot.grading.grader import Grader
from mlprep_bot.grading.rubric import Outcome, PointGrade, PointVerdict
from mlprep_bot.interview.record import Round

_DECISIVE = (PointVerdict.MET, PointVerdict.CONTRADICTED)
_OWN_WORDS = re.compile(r"“[^”]*”")


def graded(said: Round, grader: Grader) -> Outcome:
    """The outcome for all that was said about a question so far."""
    points = said.prompt.points
    whole = grader.grade(_asked(said), points, said.said)
    reply = said.turns[-1].answer or ""
    before = said.outcome
    if len(said.turns) == 1 or before is None or not reply.strip() or len(before.points) != len(whole.points):
        return whole
    alone = grader.grade(_asked(said), points, reply)
    if len(alone.points) != len(whole.points):
        return whole
    merged = [_corrected(*three) for three in zip(before.points, whole.points, alone.points, strict=True)]
    return rubric.grade(merged, said.said, whole.grader)


def _asked(said: Round) -> str:
    """All that was asked and hinted, which is no evidence when it is repeated; the candidate's own words left out."""
    follow_ups = [_OWN_WORDS.sub("", turn.asked) for turn in said.turns[1:]]
    return "\n".join([said.prompt.text, *follow_ups, *(hint.text for hint in said.hints)])


def _corrected(before: PointGrade, whole: PointGrade, alone: PointGrade) -> PointGrade:
    """A point that the reply met or contradicted counts so; of one that it leaves alone, what was found stands.

    Answers may still complete each other: a point that all of them together meet better than before counts so,
    unless it was contradicted.
    """
    if alone.verdict in _DECISIVE:
        return alone
    if alone.verdict is PointVerdict.PARTIAL and before.verdict is not PointVerdict.MET:
        return _better(whole, alone)
    if before.verdict is PointVerdict.CONTRADICTED:
        return before
    return _better(whole, before)


def _better(one: PointGrade, other: PointGrade) -> PointGrade:
    return one if _worth(one) > _worth(other) else other


def _worth(judged: PointGrade) -> tuple[bool, float]:
    return judged.verdict is not PointVerdict.UNVERIFIED, judged.credit
