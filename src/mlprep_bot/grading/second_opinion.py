"""A model's verdict beside the model-free grader's: whose counts, and when neither is sure (pure).

The model-free grader is blind to free paraphrase, small models please the candidate and invent. So:

- Where both agree, or the model is only a step away, the model's verdict counts.
- Where the model-free grader saw a part, a model's "met" makes it whole when its quotation touches the key point by
  its words, and three quarters of it otherwise.
- Where it saw nothing, praise counts as far as the quotation is near the point, with `uncertain`: in full when it has
  most of the telling words together, half when it touches the point, not at all when it is far, so that a model that
  always says "met" is worth hardly more than none. The same holds, without `uncertain`, where it could not tell.
- `missed` against `met` is half, `uncertain`: the candidate's words are there, and one of two readers found them.
- `met` against `contradicted` exclude each other. Words that plainly oppose the point settle it; otherwise the point
  is `unverified` and counts neither way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from mlprep_bot.answering.facts import Token, everyday, tokens
from mlprep_bot.answering.order import neighbours_kept
from mlprep_bot.answering.relations import antonym_conflicts, polarity_conflicts
from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.denial import denies
from mlprep_bot.grading.plain import leaning
from mlprep_bot.grading.reading import stems_of
from mlprep_bot.grading.rubric import PointGrade, PointVerdict

MET, PARTIAL, MISSED, CONTRADICTED, UNVERIFIED = PointVerdict
_NEAR_WORDS, _NEAR_COUNT = 0.6, 3  # the share of the point's telling words that are said, and how many at least
_NEAR_PAIRS = 0.5  # the share of its neighbouring words that are said near each other
_TOUCHING_WORDS, _TOUCHING_COUNT = 0.34, 2  # a share of the telling words, or as many of them
_HALF, _MOST = 0.5, 0.75  # shares of a partial point
_LACKING = 3  # words that a reason names

_WRONG_WORDS, _WRONG_COUNT = 0.5, 2  # the share of a wrong belief's own words that are said, or how many

_UNCERTAIN = " Two checks disagree here, so judge for yourself."
NO_SUCH_WORDS = "The grader quoted words that are not in your answer, so its verdict does not count."


class Near(IntEnum):
    """How close a quotation is to a key point by its words."""

    FAR = 0
    TOUCHING = 1
    NEAR = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A model's verdict with its quotation, an exact substring of the answer ("" for missed).

    `near` says how close the sentences around the quotation are to the key point, `opposed` that they deny it or
    are closer to its wrong belief.
    """

    verdict: PointVerdict
    evidence: str = ""
    near: Near = Near.FAR
    opposed: bool = False


@lru_cache(maxsize=256)
def _read(text: str) -> tuple[Token, ...]:
    return tuple(tokens(text))


def telling(point: KeyPoint, asked: set[str]) -> set[str]:
    """Stems that make up the point: without those of the question and everyday words, while others are left."""
    own = stems_of(_read(point.text))
    for unwanted in (asked | everyday(), asked):
        if len(own - unwanted) >= 2:
            return own - unwanted
    return own


def nearness(point: KeyPoint, said: Sequence[Token], asked: set[str]) -> Near:
    """How close `said` is to the point; scattered words of it are not near."""
    wanted = telling(point, asked)
    shared = wanted & stems_of(said)
    share = len(shared) / max(1, len(wanted))
    content = [t for t in _read(point.text) if t.content]
    kept = neighbours_kept(content, [said]) if len(shared) > 1 else 1.0
    if share >= _NEAR_WORDS and len(shared) >= min(_NEAR_COUNT, len(wanted)) and kept >= _NEAR_PAIRS:
        return Near.NEAR
    return Near.TOUCHING if share >= _TOUCHING_WORDS or len(shared) >= _TOUCHING_COUNT else Near.FAR


def opposes(point: KeyPoint, said: Sequence[Token], near: Near) -> bool:
    """Whether `said` denies what the point says, or has more of its wrong belief than of itself.

    A negation somewhere in words that are far from the point denies something else.
    """
    claim = _read(point.text)
    called_untrue = denies(point.text) != denies(" ".join(token.text for token in said))
    denied = called_untrue or polarity_conflicts(claim, said) or antonym_conflicts(claim, said)
    if denied and near is not Near.FAR:
        return True
    own, wrong, words = stems_of(claim), stems_of(_read(point.wrong)), stems_of(said)
    only_right, only_wrong = own - wrong, wrong - own
    believed = len(words & only_wrong)
    if not believed or (believed < _WRONG_COUNT and believed < _WRONG_WORDS * len(only_wrong)):
        return False
    return believed / len(only_wrong) > len(words & only_right) / max(1, len(only_right))


def settle(found: Found, plain: PointGrade, asked: set[str]) -> PointGrade:
    """The verdict of the two: see the top of this module."""
    if found.verdict in (MET, PARTIAL):
        return _praised(found, plain, asked)
    if found.verdict is CONTRADICTED:
        return _accused(found, plain)
    return _not_found(plain)


def _praised(found: Found, plain: PointGrade, asked: set[str]) -> PointGrade:
    near = Near.FAR if found.opposed else found.near
    match plain.verdict:
        case PointVerdict.CONTRADICTED:
            return _could_not_tell(plain) if near is Near.NEAR else _doubted(plain)
        case PointVerdict.MISSED:
            if near is Near.FAR:
                return _doubted(plain)
            whole = found.verdict is MET and near is Near.NEAR
            return _doubted(_met(plain, found) if whole else _partly(plain, found, _HALF, asked))
        case PointVerdict.UNVERIFIED:
            if near is Near.FAR:
                return plain
            whole = found.verdict is MET and near is Near.NEAR
            return _met(plain, found) if whole else _partly(plain, found, _HALF, asked)
        case PointVerdict.PARTIAL:
            if found.verdict is PARTIAL or found.opposed:
                return plain
            return _met(plain, found) if near is not Near.FAR else _partly(plain, found, _MOST, asked)
    return _met(plain, found) if found.verdict is MET else _partly(plain, found, _MOST, asked)


def _accused(found: Found, plain: PointGrade) -> PointGrade:
    about_it = found.opposed or found.near is not Near.FAR
    if plain.verdict is CONTRADICTED:
        return replace(plain, evidence=found.evidence)
    if plain.verdict is MET and not found.opposed:
        return _could_not_tell(plain)
    if not about_it:
        return plain if plain.verdict in (MISSED, UNVERIFIED) else _doubted(plain)
    accused = PointGrade(plain.point, CONTRADICTED, found.evidence, leaning(plain.point))
    return _doubted(accused) if plain.verdict in (MET, PARTIAL) else accused


def _not_found(plain: PointGrade) -> PointGrade:
    if plain.verdict is MET:
        half = replace(plain, verdict=PARTIAL, share=_HALF, reason="Your words come near this.")
        return _doubted(half)
    if plain.verdict is CONTRADICTED:
        return _doubted(plain)
    if plain.verdict is MISSED:
        return plain
    return PointGrade(plain.point, MISSED, "", "Nothing in your answer says this plainly.")


def _doubted(grade: PointGrade) -> PointGrade:
    return replace(grade, uncertain=True, reason=grade.reason.rstrip() + _UNCERTAIN)


def _could_not_tell(plain: PointGrade) -> PointGrade:
    reason = f"Could not tell: did you mean “{plain.point.text}”?"
    return PointGrade(plain.point, UNVERIFIED, "", reason, uncertain=True)


def _met(plain: PointGrade, found: Found) -> PointGrade:
    return PointGrade(plain.point, MET, found.evidence, "Your words say this.")


def _partly(plain: PointGrade, found: Found, share: float, asked: set[str]) -> PointGrade:
    said, wanted = stems_of(tokens(found.evidence)), telling(plain.point, asked)
    words = [t.text for t in _read(plain.point.text) if t.stem in wanted - said]
    lacking = ", ".join(dict.fromkeys(words[:_LACKING]))
    reason = f"Your words say part of this; not said plainly: {lacking}." if lacking else "Your words say part of this."
    return PointGrade(plain.point, PARTIAL, found.evidence, reason, share=share)
