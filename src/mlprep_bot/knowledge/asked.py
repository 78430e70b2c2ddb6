"""What a question hangs on, word by word: how much of its meaning each carries, and whether documents say it.

A word's weight is how far the question's vector moves when the word is left out: "dbscan" in "what is dbscan
and when does it beat kmeans" weighs much, "laptop" in "how do I get my laptop model into production" little. The
signals for the evidence gate, each between 0 and 1 and documented with the others in `retrieval.py`:

| name | meaning |
|---|---|
| `said` | weight of the words that the first passages say |
| `said_together` | the same for the best single passage |
| `indexed` | weight of the words that occur anywhere in the index |
| `gap` | weight of the heaviest word that the first passages do not say |

A word counts as said when its stem is, when it is one slip of the keys away from a word that is, when it is
written in one word or two, or when it is the initials of what is said (and the other way round).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlprep_bot.domain import AskedWord, Passage
from mlprep_bot.knowledge.lexical import terms
from mlprep_bot.ports import Embedder, Vectors

NAMES = ("said", "said_together", "indexed", "gap")
MAX_WORDS = 16  # of a longer question the first: each costs one short text to embed
_WORD = re.compile(r"[\w+#'/.-]*\w[+#]*")
_EDGES = "'./-"
_SHORTEST_TYPO = 5  # of a shorter word one letter more or less is usually another word


@dataclass(frozen=True, slots=True)
class Weighed:
    """A content word as written, its stems, and its share of the question's meaning (all shares add up to 1)."""

    text: str
    stems: tuple[str, ...]
    weight: float


def weigh(query: str, vector: Vectors, embedder: Embedder) -> list[Weighed]:
    """The distinct content words of a question with their weights; `vector`, shape (dimensions,), is the question's."""
    words: dict[tuple[str, ...], str] = {}
    for found in _WORD.finditer(query):
        word = found[0].strip(_EDGES)
        stems = tuple(terms(word))
        if stems:
            words.setdefault(stems, word)
    chosen = list(words.items())[:MAX_WORDS]
    if len(chosen) < 2:
        return [Weighed(text, stems, 1.0) for stems, text in chosen]
    without = embedder.embed_queries([_without(query, text) for _, text in chosen])
    moved = np.maximum(0.0, 1.0 - without @ vector) + 1e-6
    shares = moved / moved.sum()
    return [Weighed(text, stems, float(share)) for (stems, text), share in zip(chosen, shares, strict=True)]


def judge(weighed: Sequence[Weighed], frequencies: Mapping[str, int], read: Sequence[Passage]) -> tuple[AskedWord, ...]:
    """For each word whether it is indexed and whether one of the passages says it."""
    said = _Said(read)
    found = []
    for at, word in enumerate(weighed):
        here = said.has(word) or said.compound(weighed, at) or said.spelled_out(weighed, at)
        indexed = here or all(frequencies.get(stem, 0) for stem in word.stems)
        found.append(AskedWord(word.text, word.weight, indexed, here))
    return tuple(found)


def measure(
    weighed: Sequence[Weighed], frequencies: Mapping[str, int], read: Sequence[Passage]
) -> tuple[dict[str, float], tuple[AskedWord, ...]]:
    """The signals of NAMES, and the words they come from."""
    words = judge(weighed, frequencies, read)
    alone = (judge(weighed, frequencies, [passage]) for passage in read)
    values = {
        "said": _share(word.weight for word in words if word.said),
        "said_together": max((_share(w.weight for w in one if w.said) for one in alone), default=0.0),
        "indexed": _share(word.weight for word in words if word.indexed),
        "gap": max((word.weight for word in words if not word.said), default=0.0),
    }
    return values, words


def nothing() -> dict[str, float]:
    """The signals of a question without words or an index without text."""
    return dict.fromkeys(NAMES, 0.0)


def _share(weights: Iterable[float]) -> float:
    return min(1.0, sum(weights))


def _without(query: str, word: str) -> str:
    left = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", query)
    return " ".join(left.split()) or "?"


class _Said:
    """What passages say, ready to be asked for one word after another."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        running = [terms(f"{p.question or p.heading}\n{p.text}") for p in passages]
        self._stems = {stem for stems in running for stem in stems}
        self._pairs = {a + b for stems in running for a, b in pairwise(stems)}
        self._initials = " ".join("".join(stem[0] for stem in stems) for stems in running)

    def has(self, word: Weighed) -> bool:
        stems = self._stems
        if all(stem in stems or stem in self._pairs or self._typo(stem) for stem in word.stems):
            return True
        text = word.text.lower()
        return 3 <= len(text) <= 5 and text.isalpha() and text in self._initials

    def compound(self, words: Sequence[Weighed], at: int) -> bool:
        """ "fine tuning" where the passage has "finetuning"."""
        near = [pair for pair in (words[max(0, at - 1) : at + 1], words[at : at + 2]) if len(pair) == 2]
        return any("".join(stem for word in pair for stem in word.stems) in self._stems for pair in near)

    def spelled_out(self, words: Sequence[Weighed], at: int) -> bool:
        """ "population stability index" where the passage has "PSI"."""
        initials = "".join(word.text[0].lower() for word in words)
        spans = ((a, a + n) for n in (3, 4) for a in range(max(0, at - n + 1), at + 1) if a + n <= len(words))
        return any(initials[a:b] in self._stems for a, b in spans)

    def _typo(self, stem: str) -> bool:
        if len(stem) < _SHORTEST_TYPO or not stem.isalpha():
            return False
        return any(other[0] == stem[0] and _one_slip(stem, other) for other in self._stems if other)


def _one_slip(left: str, right: str) -> bool:
    """Whether one letter was left out, added, changed, or two neighbours swapped."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
