"""Which words the clauses of a sentence bind together, and what it gives as a cause (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from mlprep_bot.answering.facts import Token, everyday
from mlprep_bot.answering.relations import affirmed, is_negation

_BREAKS = frozenset(
    ["while", "whereas", "but", "although", "because", "since", "so", "if", "when", "unless", "as", "which", "and"]
)
_EFFECT_FIRST = frozenset(["because", "since", "as"])
_CAUSE_FIRST = frozenset(["so", "thus", "hence", "therefore", "consequently", "which"])


def clauses(sentence: Sequence[Token]) -> list[list[Token]]:
    """The sentence cut at punctuation and conjunctions, without pieces of less than two content words."""
    found: list[list[Token]] = [[]]
    for i, token in enumerate(sentence):
        new = i and token.clause != sentence[i - 1].clause
        if (new or token.text.lower() in _BREAKS) and _weight(found[-1]) >= 2:
            found.append([])
        found[-1].append(token)
    if len(found) > 1 and _weight(found[-1]) < 2:
        found[-2:] = [found[-2] + found[-1]]
    return found


def _weight(tokens: Sequence[Token]) -> int:
    return sum(t.content or t.number is not None for t in tokens)


def _stems(tokens: Sequence[Token]) -> set[str]:
    return {affirmed(t)[0] for t in tokens if t.content or t.number}


def foreign_terms(claim: Sequence[Token], evidence: Sequence[Sequence[Token]], above: set[str]) -> list[Token]:
    """Terms that the best matching sentence of a clause does not have, everyday words and those of `above` aside."""
    found: list[Token] = []
    theirs = [{t.stem for t in sentence} for sentence in evidence]
    for clause in clauses(claim):
        mine = {t.stem for t in clause if t.content or t.number}
        nearest = max(theirs, key=lambda stems: len(mine & stems))
        found += [
            t
            for t in clause
            if t.content and t.stem not in nearest and t.stem not in above and t.stem not in everyday()
        ]
    return found


def exchanged_terms(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """Terms of a clause that the window has only elsewhere, as far as the nearest clause has others in their place."""
    known = {s for sentence in evidence for s in _stems(sentence)}
    parts = [_terms(part) for sentence in evidence for part in clauses(sentence)]
    worst = 0.0
    for clause in clauses(claim):
        mine = _terms(clause) & known
        if len(mine) < 3:
            continue
        scores = []
        most = max((len(mine & part) for part in parts), default=0)
        for part in parts:
            if len(mine & part) == most and most >= 2:
                scores.append(min(len(mine - part), len(part - mine)) * most / len(mine))
        worst = max(worst, min(scores, default=0.0))
    return min(1.0, worst / 2)


def _terms(tokens: Sequence[Token]) -> set[str]:
    return {affirmed(t)[0] for t in tokens if t.number or (t.content and t.stem not in everyday())}


def contrast_polarity(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """1 when "A does, but B does not" stands against "A does not, while B does"."""
    mine = _sides(claim)
    if mine is None or _denies(mine[0]) == _denies(mine[1]):
        return 0.0
    for sentence in evidence:
        theirs = _sides(sentence)
        if theirs is None or _denies(theirs[0]) == _denies(theirs[1]):
            continue
        a, b = (_stems(side) for side in mine)
        c, d = (_stems(side) for side in theirs)
        straight, crossed = len(a & c) + len(b & d), len(a & d) + len(b & c)
        if straight != crossed:
            turned = crossed > straight
            return float((_denies(mine[0]) == _denies(theirs[0])) == turned)
    return 0.0


_CONTRASTS = frozenset(["while", "whereas", "but", "unlike"])


def _sides(sentence: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]] | None:
    for i, token in enumerate(sentence):
        if token.text.lower() in _CONTRASTS and _weight(sentence[:i]) and _weight(sentence[i:]):
            return sentence[:i], sentence[i:]
    return None


def lost_terms(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """The most that a clause loses of an evidence clause with which it shares half of its words: terms, 0 to 3."""
    whole = {t.stem for t in claim}
    parts = [part for sentence in evidence for part in clauses(sentence)]
    worst = 0
    for clause in clauses(claim):
        mine = _stems(clause)
        if not mine or not parts:
            continue
        nearest = max(parts, key=lambda part: len(mine & _stems(part)))
        if 2 * len(mine & _stems(nearest)) >= len(mine):
            lost = [t for t in nearest if t.content and t.stem not in whole and t.stem not in everyday()]
            worst = max(worst, min(3, len(lost)))
    return float(worst)


def strangers(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """The largest share of a clause's words that the window has, but in no clause together with the rest."""
    known = {s for sentence in evidence for s in _stems(sentence)}
    parts = [_stems(part) for sentence in evidence for part in clauses(sentence)]
    worst = 0.0
    for clause in clauses(claim):
        mine = _stems(clause) & known
        if len(mine) >= 3 and parts:
            worst = max(worst, 1.0 - max(len(mine & part) for part in parts) / len(mine))
    return worst


def _denies(clause: Sequence[Token]) -> bool:
    return sum(map(is_negation, clause)) % 2 == 1


def reason_flip(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """How far the claim gives as a reason what the evidence gives as its effect, 0 to 1."""
    mine = _cause_effect(claim)
    flipped = 0.0
    for sentence in evidence:
        theirs = _cause_effect(sentence)
        if mine is None or theirs is None:
            continue
        kept = len(mine[0] & theirs[0]) + len(mine[1] & theirs[1])
        turned = len(mine[0] & theirs[1]) + len(mine[1] & theirs[0])
        if turned > kept:
            flipped = max(flipped, (turned - kept) / (turned + kept) * min(1.0, turned / 3))
    return flipped


def _cause_effect(sentence: Sequence[Token]) -> tuple[set[str], set[str]] | None:
    """The words of the cause and those of the effect, None when nothing joins the two."""
    for i, token in enumerate(sentence):
        word = token.text.lower()
        if word == "as" and not (i and token.clause != sentence[i - 1].clause):
            continue  # a comparison
        if word in _EFFECT_FIRST and _weight(sentence[:i]) >= 2:
            return _stems(sentence[i:]), _stems(sentence[:i])
        if word in _EFFECT_FIRST and i < 2:
            end = next((j for j in range(i + 1, len(sentence)) if sentence[j].clause != token.clause), len(sentence))
            if _weight(sentence[end:]) >= 2:
                return _stems(sentence[i:end]), _stems(sentence[end:])
        if word in _CAUSE_FIRST and _weight(sentence[:i]) >= 2 and _weight(sentence[i:]) >= 2:
            return _stems(sentence[:i]), _stems(sentence[i:])
    return None
