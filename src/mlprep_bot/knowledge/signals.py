"""What retrieval observed about a query, as numbers for the evidence gate. Names and meanings in `retrieval.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlprep_bot.domain import Chunk, Passage
from mlprep_bot.knowledge import lexical
from mlprep_bot.knowledge.fusion import Evidence, Fused

READ_CHARS = 2000  # of the first passages, for coverage: about what a short answer draws on
CHUNKS = (1_000, 10_000)  # sizes of index that the gate was fitted on; it knows of no difference beyond them
_TOP = 10
_BM25_CEILING = 2.2  # k1 + 1 with FTS5's k1 = 1.2: what one term's idf is multiplied with at most

NAMES = (
    "best_cosine",
    "best_sentence",
    "best_block",
    "best_unit",
    "margin",
    "agreement",
    "best_bm25",
    "coverage",
    "best_coverage",
    "rarest_covered",
    "unknown",
    "unknown_weight",
    "terms",
    "size",
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The query's distinct content terms with the number of chunks that hold each, out of `chunks`."""

    frequencies: Mapping[str, int]
    chunks: int

    def idf(self, term: str) -> float:
        """Robertson and Spärck Jones with the one that keeps it positive; highest for an unknown term."""
        found = self.frequencies.get(term, 0)
        return math.log(1 + (self.chunks - found + 0.5) / (found + 0.5))


def measure(
    vocabulary: Vocabulary,
    evidence: Evidence,
    fused: Fused,
    pool: Sequence[Chunk],
    passages: Sequence[Passage],
) -> dict[str, float]:
    """Every name of NAMES with its value, finite whatever was found."""
    best = {letter: max((c.get(letter, 0.0) for c in evidence.cosines.values()), default=0.0) for letter in "tbuq"}
    read = first(passages)
    known = [term for term, found in vocabulary.frequencies.items() if found]
    rarest = min(known, key=lambda term: (vocabulary.frequencies[term], term), default=None)
    said = set().union(*map(_terms_of, read)) if read else set()
    ceiling = _BM25_CEILING * sum(map(vocabulary.idf, vocabulary.frequencies)) or 1.0
    total = sum(map(vocabulary.idf, vocabulary.frequencies)) or 1.0
    unknown = [term for term, found in vocabulary.frequencies.items() if not found]
    values = {
        "best_cosine": max(best.values()),
        "best_sentence": best["t"],
        "best_block": best["b"],
        "best_unit": best["u"],
        "margin": _margin(fused, pool),
        "agreement": _agreement(fused, pool),
        "best_bm25": min(1.0, max(evidence.words.values(), default=0.0) / ceiling),
        "coverage": _covered(vocabulary, said),
        "best_coverage": max((_covered(vocabulary, _terms_of(passage)) for passage in read), default=0.0),
        "rarest_covered": float(rarest is not None and rarest in said),
        "unknown": len(unknown) / max(1, len(vocabulary.frequencies)),
        "unknown_weight": sum(map(vocabulary.idf, unknown)) / total,
        "terms": float(len(vocabulary.frequencies)),
        "size": math.log10(min(max(vocabulary.chunks, CHUNKS[0]), CHUNKS[1])),
    }
    return {name: values[name] for name in NAMES}


def nothing() -> dict[str, float]:
    """The signals of a search that could not find anything: an empty query or index."""
    return dict.fromkeys(NAMES, 0.0)


def first(passages: Sequence[Passage]) -> list[Passage]:
    """The passages that a short answer would draw on."""
    read: list[Passage] = []
    left = READ_CHARS
    for passage in passages:
        if left <= 0:
            break
        read.append(passage)
        left -= len(passage.text)
    return read


def _terms_of(passage: Passage) -> set[str]:
    return set(lexical.terms(f"{passage.question or passage.heading} {passage.text}"))


def _covered(vocabulary: Vocabulary, said: set[str]) -> float:
    total = sum(map(vocabulary.idf, vocabulary.frequencies))
    return sum(vocabulary.idf(term) for term in vocabulary.frequencies if term in said) / total if total else 0.0


def _margin(fused: Fused, pool: Sequence[Chunk]) -> float:
    best: dict[str, float] = {}
    for chunk in pool:
        if chunk.id in fused.dense:
            best[chunk.unit] = max(best.get(chunk.unit, -9.0), fused.dense[chunk.id])
    first, *rest = sorted(best.values(), reverse=True)[:_TOP] or [0.0]
    return first - sum(rest) / len(rest) if rest else 0.0


def _agreement(fused: Fused, pool: Sequence[Chunk]) -> float:
    unit_of = {chunk.id: chunk.unit for chunk in pool}
    dense = _top_units(fused.dense_ranks, unit_of)
    words = _top_units(fused.lexical_ranks, unit_of)
    return len(dense & words) / max(1, min(_TOP, len(dense))) if words else 0.0


def _top_units(ranks: Mapping[str, int], unit_of: Mapping[str, str]) -> set[str]:
    units: dict[str, None] = {}
    for chunk_id in sorted(ranks, key=lambda key: ranks[key]):
        units.setdefault(unit_of[chunk_id])
        if len(units) == _TOP:
            break
    return set(units)
