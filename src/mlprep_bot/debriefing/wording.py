"""The signs and words of a verdict (colour alone would tell some readers nothing), and the arithmetic of a mark."""

from __future__ import annotations

from collections.abc import Sequence

from mlprep_bot.debriefing.debrief import PointDebrief
from mlprep_bot.grading.rubric import HINT_COST, PointVerdict, mark
from mlprep_bot.interview.record import Round
from mlprep_bot.wording import plural

SIGN = {
    PointVerdict.MET: "✓",
    PointVerdict.PARTIAL: "◐",
    PointVerdict.MISSED: "○",
    PointVerdict.CONTRADICTED: "✗",
    PointVerdict.UNVERIFIED: "?",
}
WORDS = {
    PointVerdict.MET: "met",
    PointVerdict.PARTIAL: "partly met",
    PointVerdict.MISSED: "missed",
    PointVerdict.CONTRADICTED: "contradicted",
    PointVerdict.UNVERIFIED: "could not tell",
}
ENDS = {
    "done": "That was the last question.",
    "time": "The time is up.",
    "early": "You ended the interview.",
    "nothing left": "Nothing is left to ask with these settings for now.",
}
_SHARES = {0.0: "0", 0.25: "¼", 0.5: "½", 0.75: "¾", 1.0: "1"}


def tally(points: Sequence[PointDebrief]) -> str:
    """`2 met, 1 missed`, leaving out what does not occur."""
    counts = [(sum(p.grade.verdict is verdict for p in points), WORDS[verdict]) for verdict in PointVerdict]
    return ", ".join(f"{n} {words}" for n, words in counts if n)


def arithmetic(done: Round) -> str:
    """`3 × 1 + 2 × ½ = 4 of 5, so 80%; one hint takes 10% of it: 72%.` for a graded round, "" for another."""
    if done.grade is None:
        return ""
    known = [p for p in done.grade.points if p.verdict is not PointVerdict.UNVERIFIED]
    left_out = len(done.grade.points) - len(known)
    terms = " + ".join(f"{p.point.weight} × {_share(p.credit)}" for p in known)
    got = sum(p.point.weight * p.credit for p in known)
    told = f"{terms} = {round(got, 2):g} of {sum(p.point.weight for p in known)}, so {done.grade.score:.0%}"
    if left_out:
        told += f" ({plural(left_out, 'point')} that could not be judged left out)"
    if done.hints:
        kept = mark(done.grade.score, len(done.hints))
        told += f"; {plural(len(done.hints), 'hint')} at {HINT_COST:.0%} of it each: {kept:.0%}"
    return told + "."


def _share(credit: float) -> str:
    return _SHARES.get(credit) or f"{credit:.2g}"
