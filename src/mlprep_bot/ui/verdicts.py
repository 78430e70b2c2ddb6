"""The signs and words of a key point's verdict: colour alone would tell some readers nothing."""

from __future__ import annotations

from mlprep_bot.interview.rubric import PointVerdict

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
