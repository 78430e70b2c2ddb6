"""What repeats a key point's words without claiming it: denied, scrambled or reduced to keywords.

Embeddings and word counts see hardly a difference between a statement, its denial and its words in disorder.
So where the answer has nearly all words of a point, rules decide before the regression does.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.relations import polarity_conflicts
from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.denial import denies, without_denial
from mlprep_bot.grading.features import Observed
from mlprep_bot.grading.fluency import fluency, is_word_list
from mlprep_bot.grading.rubric import PointGrade, PointVerdict

# From this share of the point's words on, a stretch of the answer counts as a copy. On the answers to fit on, the rules
# below turn 0.3% of the points that people called met into something else (1 to 2% on SAF and SemEval).
_COPY = 0.75
_ROUGHER = 0.7  # nats by which words in disorder are less fluent than the point
# A copy in full that is a little less fluent and keeps hardly any two words together is in disorder, too.
_FULL, _ROUGH, _TOGETHER = 0.85, 0.2, 0.3
_FEWEST = 4  # words of a list of keywords


def objection(point: KeyPoint, observed: Observed) -> PointGrade | None:
    """The verdict on a copy that claims nothing, or the opposite; None when the regression should decide."""
    best, values = observed.best, observed.values
    if best is None or values["c_coverage"] < _COPY:
        return None
    if _denies(point.text, best.text, values):
        return PointGrade(
            point,
            PointVerdict.CONTRADICTED,
            best.text,
            "You deny what your documents affirm, or affirm what they deny.",
        )
    if _is_scrambled(point.text, best.text, values) or _is_list(point.text, best.text):
        reason = "These are the words of the point, but no sentence that says how they belong together."
        return PointGrade(point, PointVerdict.MISSED, "", reason)
    return None


def _denies(point: str, said: str, values: Mapping[str, float]) -> bool:
    """Whether a copy of the point has the opposite sign; denying its denial affirms it."""
    if not denies(said) or denies(point):
        return values["c_negation"] > 0 or values["b_negation"] > 0 or values["c_negation_count"] > 0
    claim, rest = tokens(point), tokens(without_denial(said))
    return not polarity_conflicts(claim, rest) and not polarity_conflicts(rest, claim)


def _is_scrambled(point: str, said: str, values: Mapping[str, float]) -> bool:
    rougher = fluency(point) - fluency(said)
    if rougher > _ROUGHER:
        return True
    kept = _pairs(point) & _pairs(said)
    apart = len(kept) <= _TOGETHER * max(1, len(_pairs(point)))
    return values["c_coverage"] >= _FULL and rougher > _ROUGH and apart


def _pairs(text: str) -> set[tuple[str, str]]:
    found = [token.text.lower() for token in tokens(text)]
    return set(pairwise(found))


def _is_list(point: str, said: str) -> bool:
    """Whether the words of a statement are listed, each for itself."""
    listed = tokens(said)
    single = len({t.clause for t in listed}) == len(listed) >= _FEWEST
    return is_word_list(said) or (single and len({t.clause for t in tokens(point)}) < len(listed))
