"""A key point's sentence with its telling words left out (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mlprep_bot.answering.facts import everyday, stem
from mlprep_bot.answering.relations import ANTONYMS
from mlprep_bot.interview.naming import tells_little
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
    """`point` with gaps for what neither `question` nor `topic` says, everyday words without a sign aside.

    "" when too little is left to read, or too much is told.
    """
    words = point.split()
    known = set(terms(question)) | set(terms(topic))
    for plain in (True, False):
        stands = _merged(words, [_is_shown(word, known, everyday_too=plain) for word in words])
        seen = " ".join(word for word, stays in zip(words, stands, strict=True) if stays)
        if len(set(terms(seen))) >= _FEWEST_SHOWN and tells_little(seen, point, question):
            return _joined(words, stands)
    return ""


def _is_shown(word: str, known: set[str], *, everyday_too: bool) -> bool:
    if word.count("(") != word.count(")"):  # half of a formula
        return False
    bare = word.strip("\"'“”‘’(),.:;!?").lower()
    if not (found := set(terms(word))):
        return bare.isalpha() and bare not in _TELLING
    if found <= known:
        return True
    root = stem(bare)
    return everyday_too and bare.isalpha() and root in everyday() and root not in ANTONYMS


def _merged(words: Sequence[str], shown: Sequence[bool]) -> list[bool]:
    """Which words stand: function words caught between two gaps of a clause vanish with them."""
    stands = list(shown)
    for left, right in pairwise(i for i, seen in enumerate(shown) if not seen):
        between = words[left + 1 : right]
        closed = any(word[-1] in _ENDS for word in words[left:right])
        if len(between) <= _MOST_BETWEEN and not closed and not any(terms(word) for word in between):
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
    # A label or an aside of which nothing is left goes.
    return re.sub(r"^…[:,] (?=\w)|(?<=…)\.$", "", " ".join(parts))
