"""Two retrievers' evidence about chunks and units, made comparable and fused by reciprocal rank. Pure.

Relevance spreads: a sentence is supported by its neighbours, by its block and by its whole unit, so
that "This can be done by …" is found by what the sentence before it says. What pays is in `docs/retrieval.md`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from mlprep_bot.domain import Chunk

Key = TypeVar("Key", bound=Hashable)

CHUNK_RANK_CONSTANT = 20  # of reciprocal rank fusion among chunks
UNIT_RANK_CONSTANT = 3
LEXICAL_WEIGHT = 0.6  # among chunks; units weigh both retrievers the same
DEPTH = 400  # ranks beyond it add nothing

BLOCK, NEIGHBOUR, ASKED = 0.8, 0.2, 0.1  # of the block's, the neighbours' and the question's cosine, beside its own 1.0
WORDS_BESIDE, WORDS_OF_UNIT = 0.6, 0.3  # of the neighbours' and the unit's BM25, beside the chunk's own 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the retrievers said. Cosines by (unit, ordinal) and view letter; BM25 by chunk id and by unit.

    `floor` stands for a cosine that nobody reported: no better than the worst that was.
    """

    cosines: Mapping[tuple[str, int], Mapping[str, float]]
    words: Mapping[str, float]
    unit_words: Mapping[str, float]
    floor: float


@dataclass(frozen=True, slots=True)
class Fused:
    """Scores and ranks of the candidate chunks. Ranks are 1-based; who is missing was not found that way."""

    chunks: Mapping[str, float]
    units: Mapping[str, float]
    dense: Mapping[str, float]
    dense_ranks: Mapping[str, int]
    lexical_ranks: Mapping[str, int]


def reciprocal_ranks(rankings: Iterable[tuple[Mapping[Key, int], float]], constant: float) -> dict[Key, float]:
    """Sum over rankings of weight / (constant + rank), for ranks up to DEPTH."""
    scores: dict[Key, float] = {}
    for ranks, weight in rankings:
        for key, rank in ranks.items():
            if rank <= DEPTH:
                scores[key] = scores.get(key, 0.0) + weight / (constant + rank)
    return scores


def ranked(scores: Mapping[str, float]) -> dict[str, int]:
    """1-based ranks, best first; equal scores share the better rank, so that no order of storage decides."""
    ranks: dict[str, int] = {}
    previous, rank = None, 0
    for at, (key, score) in enumerate(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])), start=1):
        if score != previous:
            previous, rank = score, at
        ranks[key] = rank
    return ranks


def fuse(chunks: Iterable[Chunk], evidence: Evidence) -> Fused:
    """Fuse the evidence about candidate chunks."""
    pool = list(chunks)
    dense = {c.id: _dense(c, evidence) for c in pool if (c.unit, c.ordinal) in evidence.cosines}
    alone, lexical = _lexical(pool, evidence)
    dense_ranks, lexical_ranks = ranked(dense), ranked(lexical)
    both = ((dense_ranks, 1.0), (lexical_ranks, LEXICAL_WEIGHT))
    fused = reciprocal_ranks(both, CHUNK_RANK_CONSTANT)
    units = _units(pool, dense, alone, evidence)
    return Fused(fused, units, dense, dense_ranks, lexical_ranks)


def _dense(chunk: Chunk, evidence: Evidence) -> float:
    cosines, floor, at = evidence.cosines, evidence.floor, chunk.ordinal
    own = cosines.get((chunk.unit, at), {})
    beside = [cosines.get((chunk.unit, at + step), {}).get("t", floor) for step in (-1, 1)]
    alone = own.get("t", floor)
    asked = own.get("q", floor) if chunk.question_id is not None else alone
    return alone + BLOCK * own.get("b", floor) + NEIGHBOUR * sum(beside) / 2 + ASKED * asked


def _lexical(pool: list[Chunk], evidence: Evidence) -> tuple[dict[str, float], dict[str, float]]:
    """Scores without and with the unit's, both in parts of the best; only of chunks where a word was found."""
    at = {(c.unit, c.ordinal): evidence.words[c.id] for c in pool if c.id in evidence.words}
    raw = {}
    for c in pool:
        beside = at.get((c.unit, c.ordinal - 1), 0.0) + at.get((c.unit, c.ordinal + 1), 0.0)
        score = evidence.words.get(c.id, 0.0) + WORDS_BESIDE * beside / 2
        if score > 0:
            raw[c.id] = score
    best, best_unit = max(raw.values(), default=1.0), max(evidence.unit_words.values(), default=1.0)
    unit_of = {c.id: c.unit for c in pool}
    alone = {key: score / best for key, score in raw.items()}
    spread = {
        key: score + WORDS_OF_UNIT * evidence.unit_words.get(unit_of[key], 0.0) / best_unit
        for key, score in alone.items()
    }
    return alone, spread


def _units(
    pool: list[Chunk], dense: Mapping[str, float], words: Mapping[str, float], evidence: Evidence
) -> dict[str, float]:
    """Units by their best chunk and by themselves, in both retrievers; and by their question, where they have one.

    A unit's score is the mean over the orders that it can stand in, so that notes without questions are not
    behind cards that have them.
    """
    best_dense: dict[str, float] = {}
    best_words: dict[str, float] = {}
    whole: dict[str, float] = {}
    asked: dict[str, float] = {}
    answers = {c.unit for c in pool if c.question_id is not None}
    for c in pool:
        if c.id in dense:
            own = evidence.cosines[c.unit, c.ordinal]
            best_dense[c.unit] = max(best_dense.get(c.unit, -9.0), dense[c.id])
            whole[c.unit] = max(whole.get(c.unit, -9.0), own.get("u", evidence.floor))
            asked[c.unit] = max(asked.get(c.unit, -9.0), whole[c.unit], own.get("q", evidence.floor))
        if c.id in words:
            best_words[c.unit] = max(best_words.get(c.unit, 0.0), words[c.id])
    top = max(evidence.unit_words.values(), default=1.0)
    by_dense = {unit: score + whole[unit] for unit, score in best_dense.items()}
    by_words = {
        unit: best_words.get(unit, 0.0) + evidence.unit_words.get(unit, 0.0) / top
        for unit in {c.unit for c in pool}
        if unit in best_words or unit in evidence.unit_words
    }
    by_question = {unit: rank for unit, rank in ranked(asked).items() if unit in answers}
    rankings = ((ranked(by_dense), 1.0), (ranked(by_words), 1.0), (by_question, 1.0))
    scores = reciprocal_ranks(rankings, UNIT_RANK_CONSTANT)
    both = bool(by_dense) + bool(by_words)
    return {unit: score / (both + (unit in answers)) for unit, score in scores.items()}
