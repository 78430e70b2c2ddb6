"""The features that tell a supported sentence from a false one, and what to object to (pure)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlprep_bot.answering.binding import binding_gain
from mlprep_bot.answering.clauses import (
    contrast_polarity,
    exchanged_terms,
    foreign_terms,
    lost_terms,
    reason_flip,
    strangers,
)
from mlprep_bot.answering.copies import near_copy, slot_exchanges
from mlprep_bot.answering.facts import Token, everyday
from mlprep_bot.answering.numbers import same_number
from mlprep_bot.answering.order import misbound, neighbours_kept, order_gains, reversed_share
from mlprep_bot.answering.relations import affirmed, antonym_conflicts, is_negation, negated, polarity_conflicts
from mlprep_bot.answering.rivals import is_acronym, missing_names, modifier_exchanges
from mlprep_bot.ports import Vectors

Similarities = Callable[[Sequence[str], Sequence[str]], Vectors]

# A word counts as said in other words from this cosine on, in full from the second.
_NEAR, _SAME = 0.45, 0.75


@dataclass(frozen=True, slots=True)
class Comparison:
    """`features` by name; the lists hold what a reader would want to be told."""

    features: Mapping[str, float]
    numbers: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    opposites: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    swaps: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = field(default=())

    def objection(self, weights: Mapping[str, float]) -> str:
        """The most serious disagreement, in plain words."""
        features = self.features
        if features["similarity"] < 0.35 and features["coverage"] < 0.4:
            return "no cited passage is about this"
        cost = {name: weights.get(name, 0.0) * value for name, value in features.items() if value > 0}
        said = [
            (cost.get("number_missing", 0.0) + cost.get("number_elsewhere", 0.0), self._about_numbers()),
            (
                cost.get("negation", 0.0),
                f"the passage says the opposite: '{self.negations[0]}'" if self.negations else "",
            ),
            (cost.get("opposite", 0.0), self._about_opposites()),
            (cost.get("name_missing", 0.0), f"the passage does not mention {self.names[0]}" if self.names else ""),
            (
                cost.get("reversed", 0.0) + cost.get("reason_flip", 0.0) + cost.get("contrast", 0.0),
                "the passage says it the other way round"
                if max(features["reversed"], features["reason_flip"], features["contrast"]) > 0.4
                else "",
            ),
            (
                sum(cost.get(name, 0.0) for name in ("copy_strict", "copy_edited", "exchanged_terms", "modifier")),
                self._about_swaps(),
            ),
        ]
        serious = min((item for item in said if item[1]), default=(0.0, ""))
        if serious[1] and serious[0] < -0.5:
            return serious[1]
        if self.words:
            listed = ", ".join(f"'{word}'" for word in self.words[:3])
            return f"the passage does not say this: nothing in it about {listed}"
        return "the passage does not clearly say this"

    def _about_numbers(self) -> str:
        return f"number {self.numbers[0]} is not what the passage says" if self.numbers else ""

    def _about_opposites(self) -> str:
        return "the passage says '{1}', not '{0}'".format(*self.opposites[0]) if self.opposites else ""

    def _about_swaps(self) -> str:
        return "the passage says '{1}' where this says '{0}'".format(*self.swaps[0]) if self.swaps else ""


def compare(
    claim: Sequence[Token],
    evidence: Sequence[Sequence[Token]],
    everything: Sequence[Token],
    above: set[str],
    similarity: float,
    similarities: Similarities,
) -> Comparison:
    """Compare a sentence's tokens with a window's (by sentence).

    `everything` is all that the sentence cites; `above` the stems of the question and heading over the window.
    """
    window = [t for sentence in evidence for t in sentence]
    content = [t for t in claim if t.content]
    near = _nearness(content, window, similarities)
    far = _nearness(content, everything, similarities) if any(n < _SAME for n in near) else near
    missing, elsewhere = _numbers(claim, window, everything)
    negations = polarity_conflicts(claim, window)
    opposites = antonym_conflicts(claim, window)
    said = {t.stem for t in everything}
    words = _new_words(content, far, said)
    exchange, turn, repaired = order_gains(claim, evidence)
    foreign = foreign_terms(claim, evidence, above)
    flipped = reason_flip(claim, evidence)
    copied = near_copy(claim, evidence, similarities)
    _, swaps = slot_exchanges(claim, evidence, similarities)
    modifiers = modifier_exchanges(claim, evidence, similarities)
    names = missing_names(claim, everything, above)
    features = {
        "similarity": similarity,
        **_covered(content, near, evidence),
        "number_missing": float(min(2, len(missing))),
        "number_elsewhere": float(min(2, len(elsewhere))),
        "negation": float(min(2, len(negations))),
        "negation_count": float(_uneven(claim, evidence)),
        "opposite": float(min(2, len(opposites))),
        **words.features,
        "name_missing": min(2.0, sum(0.5 if is_acronym(t) else 1.0 for t in names)),
        "modifier": float(bool(modifiers)),
        "binding": min(1.0, binding_gain(claim, evidence) / 2),
        "exchange": min(1.0, exchange / 3),
        "misbound": min(3, len(misbound(claim, evidence))) / 3,
        "copy_edited": min(2.0, copied.cost) / 2 * copied.closeness,
        "copy_strict": min(1.0, copied.strict),
        "copy_negated": float(copied.negated) * copied.closeness,
        "turn": min(1.0, turn),
        "repaired": repaired,
        "lost": lost_terms(claim, evidence) / 3,
        "foreign_known": min(2, len({t.stem for t in foreign} & said)) / 2,
        "exchanged_terms": exchanged_terms(claim, evidence),
        "contrast": contrast_polarity(claim, evidence),
        "strangers": strangers(claim, evidence),
        "reason_flip": flipped,
        "reversed": reversed_share(claim, evidence),
        "reversed_verb": reversed_share(claim, evidence, shared=True),
    }
    return Comparison(
        features,
        tuple(missing + elsewhere),
        tuple(negations),
        tuple(opposites),
        tuple(t.text for t in names),
        (*copied.edits, *modifiers, *swaps),
        words.terms or words.new,
    )


def _covered(content: Sequence[Token], near: Sequence[float], evidence: Sequence[Sequence[Token]]) -> dict[str, float]:
    """How much of a sentence's content words the window has, and how much of itself it keeps together."""
    total = max(1, len(content))
    return {
        "coverage": sum(n >= 1.0 for n in near) / total,
        "soft_coverage": sum(near) / total,
        "pairs": neighbours_kept(content, evidence),
        "left_out": _left_out(content, evidence),  # this and `new_terms` count where answers are graded
    }


@dataclass(frozen=True, slots=True)
class _NewWords:
    """Words of a sentence that nothing it cites has; `terms` are those that are not everyday words."""

    new: tuple[str, ...]
    terms: tuple[str, ...]
    features: dict[str, float]


def _new_words(content: Sequence[Token], far: Sequence[float], said: set[str]) -> _NewWords:
    new = [t for t, n in zip(content, far, strict=True) if n < 1.0 and t.stem not in said]
    terms = tuple(t.text for t in new if t.stem not in everyday())
    unlike = sum(1.0 - n for t, n in zip(content, far, strict=True) if t.text in terms)
    features = {"new_terms": min(3, len(terms)) / 3, "new_unlike": min(3.0, unlike) / 3}
    return _NewWords(tuple(t.text for t in new), terms, features)


def _nearness(content: Sequence[Token], window: Sequence[Token], similarities: Similarities) -> list[float]:
    """For each content word 1.0 when the window has it, less when it has something like it, else 0."""
    stems = {t.stem for t in window}
    scores = [1.0 if t.stem in stems or _same_root(t.stem, stems) else 0.0 for t in content]
    rest = [i for i, score in enumerate(scores) if score == 0.0 and not content[i].name]
    words = list(dict.fromkeys(t.text.lower() for t in window if t.content))
    if rest and words:
        cosines = similarities([content[i].text.lower() for i in rest], words).max(axis=1)
        for i, cosine in zip(rest, cosines, strict=True):
            scores[i] = float(np.clip((cosine - _NEAR) / (_SAME - _NEAR), 0.0, 1.0)) * 0.95
    return scores


def _same_root(stem: str, stems: set[str]) -> bool:
    if len(stem) < 5 or not stem.isalpha():
        return False
    return any(
        other.isalpha() and len(other) >= 5 and (stem.startswith(other) or other.startswith(stem)) for other in stems
    )


def _numbers(
    claim: Sequence[Token], window: Sequence[Token], everything: Sequence[Token]
) -> tuple[list[str], list[str]]:
    """The claim's numbers that are nowhere in what is cited, and those that are there but not in the window."""
    here = [t.number for t in window if t.number]
    cited = [t.number for t in everything if t.number]
    missing: list[str] = []
    elsewhere: list[str] = []
    for token in claim:
        if token.number is None or any(same_number(token.number, n) for n in here):
            continue
        found = any(same_number(token.number, n) for n in cited)
        (elsewhere if found else missing).append(token.number.text)
    return missing, elsewhere


def _uneven(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> bool:
    """Whether one of claim and nearest evidence sentence denies something of what they share, and the other nothing."""
    stems = {affirmed(t)[0] for t in claim if t.content}
    nearest = max(evidence, key=lambda sentence: len(stems & {affirmed(t)[0] for t in sentence}))
    denied = any(flag and affirmed(t)[0] in stems for t, flag in zip(nearest, negated(nearest), strict=True))
    return any(is_negation(t) or (t.content and affirmed(t)[1]) for t in claim) != denied


def _left_out(content: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """The share of the nearest evidence sentence's subject words that the claim lacks, when it has nearly all others.

    High where one word was exchanged in an otherwise faithful copy, which a free paraphrase seldom looks like.
    """
    mine = {t.stem for t in content}
    best = 0.0
    for sentence in evidence:
        theirs = [t for t in sentence if t.content]
        shared = sum(t.stem in mine for t in theirs)
        if len(theirs) >= 4 and shared / len(theirs) >= 0.75:
            lost = sum(t.stem not in mine and t.stem not in everyday() for t in theirs)
            best = max(best, min(1.0, lost / 2))
    return best
