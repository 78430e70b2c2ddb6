"""Which words stand close to which, whatever their order (pure)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mlprep_bot.answering.facts import Token

_MOST = 22  # words of a sentence that are compared; the work grows with the cube
_NEAR = 3  # neighbours on each side
_BREAK = 2  # how many words a clause's end counts
_BREAKS = frozenset(["and", "while", "whereas", "but", "or", "although", "because", "so"])
_BOUND = frozenset(  # function words that say which of two
    ["above", "below", "before", "after", "more", "less", "most", "least", "under", "over", "without", "with"]
)


def binding_gain(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """How much closer the claim's neighbours would stand in the evidence if two of its words changed places.

    0 for a paraphrase that keeps together what belongs together, in whatever order: "a relative tolerance for
    floats" is "floats need a relative tolerance", but "categories need a relative tolerance" gains.
    """
    places: dict[str, list[tuple[int, int, int]]] = {}
    for number, sentence in enumerate(evidence):
        for position, (stem, clause) in enumerate(_bound(sentence)):
            places.setdefault(stem, []).append((number, position, clause))
    mine = [(stem, clause) for stem, clause in _bound(claim) if stem in places][:_MOST]
    stems = [stem for stem, _ in mine]
    near = [
        (i, j, 1.0 / (j - i + _BREAK * abs(mine[j][1] - mine[i][1])))
        for i in range(len(mine))
        for j in range(i + 1, min(i + 1 + _NEAR, len(mine)))
    ]
    closeness = {(a, b): _closeness(places[a], places[b]) for a, b in itertools.product(set(stems), repeat=2)}

    def kept(order: Sequence[str]) -> float:
        return sum(w * closeness[order[i], order[j]] for i, j, w in near if order[i] != order[j])

    now = kept(stems)
    exchanged = (
        kept([{a: b, b: a}.get(stem, stem) for stem in stems])
        for a, b in itertools.combinations(dict.fromkeys(stems), 2)
    )
    return max((gain - now for gain in exchanged), default=0.0)


def _bound(sentence: Sequence[Token]) -> list[tuple[str, int]]:
    """Content words, numbers and the words of `_BOUND`, each with the number of its clause."""
    found = []
    clause = 0
    for i, token in enumerate(sentence):
        word = token.text.lower()
        clause += bool(i) and token.clause != sentence[i - 1].clause
        clause += word in _BREAKS
        if token.content or token.number or word in _BOUND:
            found.append((word if word in _BOUND else token.stem, clause))
    return found


def _closeness(a: Sequence[tuple[int, int, int]], b: Sequence[tuple[int, int, int]]) -> float:
    """1 for neighbours, less with every word and clause between, 0 when in no common sentence."""
    distances = [abs(x[1] - y[1]) + _BREAK * abs(x[2] - y[2]) for x in a for y in b if x[0] == y[0]]
    return 1.0 / max(1, min(distances)) if distances else 0.0
