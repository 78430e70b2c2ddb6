"""Direction: what stands before what, and which words belong together (pure).

Cause and effect, or two swapped names, are seen from the order of the words that a sentence shares with its evidence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mlprep_bot.answering.facts import Token, stem
from mlprep_bot.answering.words import words

_ORDERED = 20  # words of a sentence whose order is compared; the work grows with the cube

# What joins a cause and its effect. `_BACKWARD` names the effect first when it stands inside a sentence.
_CONTRASTS = frozenset(("while", "whereas", "but", "although"))
_BACKWARD = frozenset(["because", "since", "due", "owing", "if", "when", "unless", "as", "whenever", "thanks"])
_BACKWARD_PAIRS = frozenset(
    (verb, "from") for verb in ("result", "results", "stems", "come", "comes", "arises", "follows")
) | {("depends", "on"), ("caused", "by"), ("explained", "by"), ("driven", "by")}
_FORWARD = frozenset(stem(word) for word in words("linking words"))


def canonical_order(sentence: Sequence[Token]) -> list[Token]:
    """The sentence with cause before effect, each side of a "but" or "while" for itself."""
    ordered: list[Token] = []
    side: list[Token] = []
    for token in sentence:
        if token.text.lower() in _CONTRASTS:
            ordered += _cause_first(side)
            side = []
        side.append(token)
    return ordered + _cause_first(side)


def _cause_first(sentence: Sequence[Token]) -> list[Token]:
    """What follows a "because" or passive "by" inside it comes first."""
    for i, token in enumerate(sentence):
        word = token.text.lower()
        following = sentence[i + 1].text.lower() if i + 1 < len(sentence) else ""
        content_before = sum(t.content for t in sentence[:i])
        if content_before < 2:
            continue
        if word == "as" and token.clause == sentence[i - 1].clause:
            continue  # a comparison
        if word in _BACKWARD or (word, following) in _BACKWARD_PAIRS or (word == "by" and _passive(sentence, i)):
            return [*sentence[i + 1 :], token, *sentence[:i]]
    return list(sentence)


def _passive(sentence: Sequence[Token], i: int) -> bool:
    before = [t.text.lower() for t in sentence[max(0, i - 4) : i]]
    return (
        bool(before)
        and before[-1].endswith(("ed", "en", "wn", "un"))
        and any(w in ("is", "are", "was", "were", "be", "been", "being") for w in before)
    )


def order_gains(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> tuple[float, float, float]:
    """How much better the claim would agree with the evidence's word order after (an exchange, a turn).

    The exchange swaps two of its words, the turn puts the part behind some point first. A true paraphrase
    has little to gain from either. The first gain counts neighbours, the second is a share of them all. The third
    number is high when the exchange leaves an order that agrees throughout.
    """
    place: dict[str, list[tuple[int, int]]] = {}
    for number, sentence in enumerate(evidence):
        position = 0
        for token in canonical_order(sentence):
            if token.content or token.number:
                place.setdefault(token.stem, []).append((number, position))
                position += 1
    words = [t for t in canonical_order(claim) if (t.content or t.number) and t.stem in place][:_ORDERED]
    stems = [t.stem for t in words]
    kept = {(a, b): _kept(place[a], place[b]) for a in set(stems) for b in set(stems) if a != b}
    base, most = _agreement(stems, kept)
    if most == 0.0:
        return 0.0, 0.0, 0.0
    best = 0.0
    for i in range(len(stems)):
        for j in range(i + 1, len(stems)):
            if stems[i] == stems[j]:
                continue
            exchanged = [*stems]
            exchanged[i], exchanged[j] = stems[j], stems[i]
            gain = _agreement(exchanged, kept)[0] - base
            best = max(best, gain)
    turned = max((_agreement(stems[k:] + stems[:k], kept)[0] - base for k in range(1, len(stems))), default=0.0)
    repaired = best / most * max(0.0, (base + best) / most)
    return best, max(0.0, turned) / most, repaired


def _kept(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> float:
    """Whether the evidence has the words in this order and how close, 1 to -0.5; 0 when in no common sentence."""
    distances = [y[1] - x[1] for x in a for y in b if x[0] == y[0]]
    if not distances:
        return 0.0
    nearest = min(distances, key=lambda d: (abs(d), -d))
    return (1 if nearest > 0 else -0.5) / max(1.0, abs(nearest) / 2)


def _agreement(stems: Sequence[str], kept: dict[tuple[str, str], float]) -> tuple[float, float]:
    """(signed agreement, its possible maximum) of the order of neighbours with the evidence."""
    total = most = 0.0
    for i, a in enumerate(stems):
        for step, b in enumerate(stems[i + 1 : i + 4], 1):
            if a != b:
                total += kept[a, b] / step
                most += 1.0 / step
    return total, most


def reversed_share(claim: Sequence[Token], evidence: Sequence[Sequence[Token]], *, shared: bool = False) -> float:
    """How much of the claim's order around its verb is turned round in the evidence: 0 none, 1 all of it.

    Compared are shared content words on both sides of a verb or connective of the claim, cause before effect.
    With `shared` it must be a verb that the evidence has too.
    """
    ordered = canonical_order(claim)
    place: dict[str, list[int]] = {}
    for number, sentence in enumerate(evidence):
        for position, token in enumerate(canonical_order(sentence)):
            if token.content or token.number:
                place.setdefault(token.stem, []).append(number * 1000 + position)
    worst = 0.0
    for i, token in enumerate(ordered):
        if token.stem not in _FORWARD and token.text.lower() not in _BACKWARD:
            continue
        if shared and (token.stem not in place or not token.content):
            continue
        left = _near(ordered[:i][::-1], place)
        right = _near(ordered[i + 1 :], place)
        same = turned = 0
        for a in left:
            for b in right:
                kept, swapped = _compare(place[a], place[b])
                same, turned = same + kept, turned + swapped
        if turned:
            worst = max(worst, turned / (same + turned) * min(1.0, turned / 2))
    return worst


def _near(side: Sequence[Token], place: dict[str, list[int]]) -> list[str]:
    words = [t.stem for t in side if (t.content or t.number) and t.stem in place]
    return list(dict.fromkeys(words))[:4]


def _compare(a: list[int], b: list[int]) -> tuple[bool, bool]:
    """(some occurrence of a stands before b in one sentence, only after it)."""
    pairs = [(x, y) for x in a for y in b if x // 1000 == y // 1000]
    if not pairs:
        return False, False
    kept = any(x < y for x, y in pairs)
    return kept, not kept


def misbound(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> list[str]:
    """Words that stand in one clause of the claim and, in the evidence, in the clause that answers to another one.

    "A is fast, while B is slow" against "A is slow, while B is fast".
    """
    mine = _clauses(claim)
    theirs = [clause for sentence in evidence for clause in _clauses(sentence)]
    if len(mine) < 2 or len(theirs) < 2:
        return []
    matched = [max(range(len(theirs)), key=lambda k: (len(clause & theirs[k]), -k)) for clause in mine]
    found: list[str] = []
    for i, clause in enumerate(mine):
        for k, other in enumerate(mine):
            if i == k or matched[i] == matched[k] or len(clause & theirs[matched[i]]) < 2:
                continue
            if len(other & theirs[matched[k]]) < 1:
                continue
            found += sorted((clause - other) & theirs[matched[k]] - theirs[matched[i]])
    return found


def _clauses(sentence: Sequence[Token]) -> list[set[str]]:
    """The content words of each clause; "while" and "but" also begin one."""
    found: list[set[str]] = [set()]
    previous = sentence[0].clause if sentence else 0
    for token in sentence:
        if token.clause != previous or token.text.lower() in _CONTRASTS:
            found.append(set())
        previous = token.clause
        if token.content or token.number:
            found[-1].add(token.stem)
    return [clause for clause in found if len(clause) > 1]


def neighbours_kept(content: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """The share of the claim's neighbouring content words that are also near each other in the evidence."""
    place: dict[str, list[int]] = {}
    for number, sentence in enumerate(evidence):
        for position, token in enumerate(t for t in sentence if t.content):
            place.setdefault(token.stem, []).append(number * 1000 + position)
    shared = [t.stem for t in content if t.stem in place]
    neighbours = [(a, b) for a, b in itertools.pairwise(shared) if a != b]
    if not neighbours:
        return 0.0
    close = sum(any(abs(x - y) <= 4 for x in place[a] for y in place[b]) for a, b in neighbours)
    return close / len(neighbours)
