"""From verdicts to a score: arithmetic that anybody can check."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.rubric import Grade, PointGrade, PointVerdict, Ungraded, grade, mark

ANSWER = "k-means alternates two steps. It stops at a local minimum."
QUOTES = ["", "local minimum", "k-means", "never said"]

judged = st.builds(
    PointGrade,
    st.builds(KeyPoint, st.text(max_size=5), st.integers(1, 9)),
    st.sampled_from(PointVerdict),
    st.sampled_from(QUOTES),
    share=st.floats(-1, 2),
)


@given(st.lists(judged, max_size=8))
def test_a_score_lies_between_0_and_1_and_every_verdict_quotes_the_answer(points):
    outcome = grade(points, ANSWER, "test")
    assert len(outcome.points) == len(points)
    if isinstance(outcome, Grade):
        assert 0 <= outcome.score <= 1
    for point in outcome.points:
        assert point.evidence in ANSWER
        if point.verdict in (PointVerdict.MET, PointVerdict.PARTIAL, PointVerdict.CONTRADICTED):
            assert point.evidence


@given(st.lists(judged, min_size=1, max_size=8), st.data())
def test_turning_a_missed_point_into_a_met_one_never_lowers_the_score(points, data):
    at = data.draw(st.integers(0, len(points) - 1))
    missed = replace(points[at], verdict=PointVerdict.MISSED, evidence="")
    met = replace(points[at], verdict=PointVerdict.MET, evidence="k-means")
    before = grade([*points[:at], missed, *points[at + 1 :]], ANSWER, "test")
    after = grade([*points[:at], met, *points[at + 1 :]], ANSWER, "test")
    assert type(before) is type(after)
    if isinstance(before, Grade) and isinstance(after, Grade):
        assert after.score >= before.score


def _point(verdict: PointVerdict, weight: int, share: float = 0.5) -> PointGrade:
    evidence = "" if verdict in (PointVerdict.MISSED, PointVerdict.UNVERIFIED) else "k-means"
    return PointGrade(KeyPoint("x", weight), verdict, evidence, share=share)


def test_a_worked_example():
    points = [
        _point(PointVerdict.MET, 3),
        _point(PointVerdict.PARTIAL, 2, share=0.4),
        _point(PointVerdict.MISSED, 1),
        _point(PointVerdict.UNVERIFIED, 2),
    ]
    outcome = grade(points, ANSWER, "test")
    assert isinstance(outcome, Grade)
    assert outcome.score == pytest.approx((3 + 0.4 * 2) / (3 + 2 + 1))


def test_what_cannot_be_verified_is_left_out_and_too_much_of_it_gives_no_score():
    invented = PointGrade(KeyPoint("x", 3), PointVerdict.MET, "words that the answer does not have")
    outcome = grade([invented, _point(PointVerdict.MET, 2)], ANSWER, "test")
    assert isinstance(outcome, Ungraded)
    assert outcome.points[0].verdict is PointVerdict.UNVERIFIED
    assert "1 of 2" in outcome.reason
    assert isinstance(grade([], ANSWER, "test"), Ungraded)


def test_hints_lower_the_mark_and_never_below_nothing():
    marks = [mark(0.8, hints) for hints in range(12)]
    assert marks == sorted(marks, reverse=True)
    assert marks[0] == 0.8
    assert min(marks) == 0
