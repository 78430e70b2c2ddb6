"""What a question hangs on, word by word: how much of its meaning each carries, and whether documents say it.

A word's weight is how far the question's vector moves when the word is left out: "dbscan" in "what is dbscan
and when does it beat kmeans" weighs much, "laptop" in "how do I get my laptop model into production" little. The
signals for the evidence gate, each between 0 and 1 and documented with the others in `retrieval.py`:

| name | meaning |
|---|---|
| `said` | weight of the words that the first passages say |
| `said_together` | the same for the best single passage |
| `indexed` | weight of the words that occur anywhere in the index |
| `said_close` | the same for the best stretch of 20 content words, about two sentences |
| `phrased` | share of the neighbouring words, by weight, that are neighbours in a passage as well |
| `gap` | weight of the heaviest word that the first passages do not say |

A word counts as said when its stem is, when it is one slip of the keys away from a word that is, when it is
written in one word or two, short for one, or when it is the initials of what is said (and the other way round).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mlprep_bot.domain import AskedWord, Passage
from mlprep_bot.knowledge.lexical import terms
from mlprep_bot.ports import Embedder, Vectors

NAMES = ("said", "said_together", "said_close", "phrased", "indexed", "gap")
MAX_WORDS = 16  # of a longer question the first: each costs one short text to embed
_WORD = re.compile(r"[\w+#'/.-]*\w[+#]*")
_EDGES = "'./-"
_SHORTEST_TYPO = 5  # of a shorter word one letter more or less is usually another word
_SHORTEST_CUT = 4  # "prod", "algo", "backprop"
_STRETCH = 20
_NEIGHBOURS = 3


@dataclass(frozen=True, slots=True)
class Weighed:
    """A content word as written, its stems, and its share of the question's meaning (all shares add up to 1)."""

    text: str
    stems: tuple[str, ...]
    weight: float


def words(query: str) -> list[Weighed]:
    """The distinct content words of a question, all weighing the same."""
    found: dict[tuple[str, ...], str] = {}
    for match in _WORD.finditer(query):
        word = match[0].strip(_EDGES)
        stems = tuple(terms(word))
        if stems:
            found.setdefault(stems, word)
    chosen = list(found.items())[:MAX_WORDS]
    return [Weighed(text, stems, 1.0 / len(chosen)) for stems, text in chosen]


def weigh(query: str, vector: Vectors, embedder: Embedder) -> list[Weighed]:
    """The same words by what they weigh; `vector`, shape (dimensions,), is the question's."""
    found = words(query)
    if len(found) < 2:
        return found
    without = embedder.embed_queries([_without(query, word.text) for word in found])
    moved = np.maximum(0.0, 1.0 - without @ vector) + 1e-6
    return [replace(word, weight=float(share)) for word, share in zip(found, moved / moved.sum(), strict=True)]


def measure(
    weighed: Sequence[Weighed], frequencies: Mapping[str, int], read: Sequence[Passage]
) -> tuple[dict[str, float], tuple[AskedWord, ...]]:
    """The signals of NAMES for the first passages, and the words they come from."""
    said = [_said(weighed, _running(passage)) for passage in read]
    anywhere = [any(one[at] for one in said) for at in range(len(weighed))]
    indexed = [
        here or all(frequencies.get(stem, 0) for stem in word.stems)
        for word, here in zip(weighed, anywhere, strict=True)
    ]
    judged = tuple(
        AskedWord(word.text, word.weight, known, here)
        for word, known, here in zip(weighed, indexed, anywhere, strict=True)
    )
    weights = [word.weight for word in weighed]
    values = {
        "said": _share(w for w, here in zip(weights, anywhere, strict=True) if here),
        "said_together": max(
            (_share(w for w, at in zip(weights, one, strict=True) if at) for one in said), default=0.0
        ),
        "said_close": max((_closest(weights, one) for one in said), default=0.0),
        "phrased": _phrased(weights, said),
        "indexed": _share(w for w, known in zip(weights, indexed, strict=True) if known),
        "gap": max((w for w, here in zip(weights, anywhere, strict=True) if not here), default=0.0),
    }
    return values, judged


def nothing() -> dict[str, float]:
    """The signals of a question without words or an index without text."""
    return dict.fromkeys(NAMES, 0.0)


def _share(weights: Iterable[float]) -> float:
    return min(1.0, sum(weights))


def _without(query: str, word: str) -> str:
    left = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", query)
    return " ".join(left.split()) or "?"


def _running(passage: Passage) -> list[str]:
    return terms(f"{passage.question or passage.heading}\n{passage.text}")


def _said(words: Sequence[Weighed], running: Sequence[str]) -> list[list[int]]:
    """For each word the places, in terms, where the running text says it."""
    places: dict[str, list[int]] = {}
    for at, stem in enumerate(running):
        places.setdefault(stem, []).append(at)
    for at, (left, right) in enumerate(pairwise(running)):
        places.setdefault(left + right, []).append(at)
    initials = "".join(stem[0] for stem in running)
    found = [_places(word, places, initials) for word in words]
    for first, last in _runs(len(words)):
        # "fine tuning" for "finetuning", "population stability index" for "PSI".
        span = words[first:last]
        joined = "".join(terms("".join(word.text for word in span)))
        short = "".join(word.text[0].lower() for word in span)
        here = (places.get(joined, []) if len(span) == 2 else []) + (places.get(short, []) if len(span) > 2 else [])
        for at in range(first, last):
            found[at] = found[at] or here
    return found


def _runs(count: int) -> Iterable[tuple[int, int]]:
    return ((first, first + size) for size in (2, 3, 4) for first in range(count - size + 1))


def _places(word: Weighed, places: Mapping[str, list[int]], initials: str) -> list[int]:
    joined = "".join(word.stems)
    if len(word.stems) > 1 and joined in places:
        return places[joined]
    if len(word.stems) > 1 and "-" in word.text:
        return []  # "k-means" is not said by a k here and a mean there
    if all(len(stem) == 1 and stem.isalpha() for stem in word.stems):
        return []  # a letter is everywhere in formulas; with its neighbour it is found as a run
    found = [places.get(stem) or _nearly(stem, places) for stem in word.stems]
    if all(found):
        return [at for one in found for at in one]
    text = word.text.lower()
    if 3 <= len(text) <= 5 and text.isalpha() and text in initials:
        return [initials.index(text)]
    return []


def _nearly(stem: str, places: Mapping[str, list[int]]) -> list[int]:
    """Where a word stands that this one is short for, or one slip of the keys away from."""
    if len(stem) < _SHORTEST_CUT or not stem.isalpha():
        return []
    for other in places:
        if other[0] != stem[0]:
            continue
        if len(other) >= len(stem) + 3 and other.startswith(stem):
            return places[other]
        if len(stem) >= _SHORTEST_TYPO and _one_slip(stem, other):
            return places[other]
    return []


def _closest(weights: Sequence[float], said: Sequence[Sequence[int]]) -> float:
    """The most weight that is said within any stretch of _STRETCH terms."""
    marks = sorted((at, word) for word, places in enumerate(said) for at in places)
    best = 0.0
    for first, (start, _) in enumerate(marks):
        inside = set()
        for at, word in marks[first:]:
            if at - start >= _STRETCH:
                break
            inside.add(word)
        best = max(best, sum(weights[word] for word in inside))
    return min(1.0, best)


def _phrased(weights: Sequence[float], said: Sequence[Sequence[Sequence[int]]]) -> float:
    """Of the question's neighbouring words, by weight, the share that are neighbours in a passage too."""
    if len(weights) < 2:
        return float(any(one[0] for one in said)) if weights else 0.0
    total = close = 0.0
    for left, right in pairwise(range(len(weights))):
        weight = weights[left] * weights[right]
        total += weight
        if any(abs(a - b) <= _NEIGHBOURS for one in said for a in one[left] for b in one[right]):
            close += weight
    return close / total if total else 0.0


def _one_slip(left: str, right: str) -> bool:
    """Whether one letter was left out, added, changed, or two neighbours swapped."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
