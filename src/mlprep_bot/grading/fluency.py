"""Whether words stand in an order that people write: scrambled sentences and lists of keywords claim nothing.

A bigram model over coarse classes (function words as they are, other words by their ending) says how much likelier
each word's class is after the one before it than anywhere (pointwise mutual information, Church & Hanks 1990).
Its counts (`fluency.json`) were taken from cards and typed answers by `eval/grading.py --fluency`: without the latter
it took hasty notes for scrambled words.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.markup import masked
from mlprep_bot.answering.words import words

_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?|\d[\d.,]*|[.,;:!?()\n]")
_FUNCTION = frozenset(words("function words"))
_ENDINGS = ("tion", "ment", "ness", "ity", "ing", "ed", "ly", "er", "ive", "al", "able", "ous", "s", "e")
_PRIOR = 4.0  # observations that a class's overall frequency counts for
_RELATION = re.compile(r"[=<>≈~∈→^]|->")

# (words from which on it counts, mean below which an answer is scrambled): short texts vary more.
# Of 1,858 answers of our test split and of SAF with 25 words or more none lies below, of the same shuffled 86%.
_SCRAMBLED = ((25, -0.7), (10, -1.5))


@dataclass(frozen=True, slots=True)
class _Table:
    single: dict[str, int]
    after: dict[str, dict[str, int]]
    total: int


def classes(text: str) -> list[str]:
    """The classes of a text's words and stops, with `^` and `$` around them."""
    return ["^", *(_class(word) for word in _WORD.findall(masked(text))), "$"]


def _class(word: str) -> str:
    lower = word.lower().replace("’", "'")
    if lower in _FUNCTION or not lower[0].isalnum():
        return lower
    if lower[0].isdigit():
        return "#"
    return next((f"-{e}" for e in _ENDINGS if lower.endswith(e) and len(lower) - len(e) >= 3), "*")


def count(texts: Iterable[str], least: int = 2) -> dict[str, object]:
    """The table of `fluency.json`: how often each class, and each pair of them (`least` times or more), occurs."""
    single: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        found = classes(text)
        single.update(found)
        pairs.update(itertools.pairwise(found))
    after: dict[str, dict[str, int]] = {}
    for (first, second), n in sorted(pairs.items()):
        if n >= least:
            after.setdefault(first, {})[second] = n
    return {"single": dict(sorted(single.items())), "after": after}


@lru_cache(maxsize=1)
def _table() -> _Table:
    table = json.loads(files("mlprep_bot.grading").joinpath("fluency.json").read_text(encoding="utf-8"))
    return _Table(table["single"], table["after"], sum(table["single"].values()))


def fluency(text: str) -> float:
    """Mean pointwise mutual information of neighbouring classes, in nats: about 0.2 for prose, -1 when scrambled."""
    table = _table()
    found = classes(text)
    total = 0.0
    for first, second in itertools.pairwise(found):
        chance = max(1, table.single.get(second, 0)) / table.total
        seen = table.after.get(first, {}).get(second, 0)
        total += math.log((seen + _PRIOR * chance) / (table.single.get(first, 0) + _PRIOR) / chance)
    return total / (len(found) - 1)


def is_scrambled(text: str) -> bool:
    """Whether the words stand in no order that a person would write, formulas and notes aside."""
    length = len(text.split())
    limit = next((limit for least, limit in _SCRAMBLED if length >= least), None)
    return limit is not None and not _RELATION.search(text) and fluency(text) < limit


def is_word_list(text: str) -> bool:
    """Whether a sentence is a list of bare terms: no verb or preposition ties them together."""
    parsed = tokens(text)
    content = sum(1 for t in parsed if t.content or t.number)
    if content < 6 or _RELATION.search(text):
        return False
    tied = 1.0 - content / len(parsed)
    run = len(parsed) / len({t.clause for t in parsed})  # words between two stops
    if content >= 10:
        return (tied <= 0.1 and run <= 2.6) or (tied == 0.0 and run > 6)
    return tied == 0.0 and (run <= 1.3 or (run > 6 and content >= 8))
