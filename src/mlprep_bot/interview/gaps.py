"""A key point's sentence with its telling words left out (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mlprep_bot.knowledge.lexical import terms

GAP = "…"
# Function words that carry what a point says: its sign, its direction, its order.
_TELLING_WORDS = """
not no never cannot can't only without nor none hardly rarely more most less least few fewer above below before after up
down over under same both again once until off very too don't doesn't isn't aren't won't
"""
_TELLING = frozenset(_TELLING_WORDS.split())
_FEWEST_SHOWN = 2  # content words; a sentence of gaps is no help
_MOST_BETWEEN = 2  # function words between two gaps that vanish with them
_ENDS = ",;:."


def with_gaps(point: str, question: str, topic: str = "") -> str:
    """`point` with gaps for what neither `question` nor `topic` says; "" when that leaves too little to read."""
    known = set(terms(question)) | set(terms(topic))
    shown = [_shown(word, known) for word in point.split()]
    if len({t for word in shown if word for t in terms(word)}) < _FEWEST_SHOWN or "" not in shown:
        return ""
    return _joined(point.split(), _merged(shown))


def _shown(word: str, known: set[str]) -> str:
    """The word, "" where a gap belongs."""
    found = terms(word)
    bare = word.strip("\"'“”‘’(),.:;!?").lower()
    function = not found and bare.isalpha() and bare not in _TELLING
    return word if function or (found and set(found) <= known) else ""


def _merged(shown: Sequence[str]) -> list[bool]:
    """Which words stand: function words caught between two gaps vanish, a clause's first word stays."""
    stands = [bool(word) for word in shown]
    gaps = [i for i, word in enumerate(shown) if not word]
    for left, right in pairwise(gaps):
        between = shown[left + 1 : right]
        if len(between) <= _MOST_BETWEEN and not any(terms(word) or word[-1] in _ENDS for word in between):
            stands[left + 1 : right] = [False] * len(between)
    return stands


def _joined(words: Sequence[str], stands: Sequence[bool]) -> str:
    """The words that stand, with one gap for each run of others; punctuation at a gap's end is kept."""
    parts: list[str] = []
    for word, stays in zip(words, stands, strict=True):
        end = word[-1] if word[-1] in _ENDS else ""
        if stays:
            parts.append(word)
        elif parts and parts[-1] == GAP:
            parts[-1] += end
        else:
            parts.append(GAP + end)
    return re.sub(r"(?<=…)\.$", "", " ".join(parts))
