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

UNIT_RANK_CONSTANT = 3
DEPTH = 400  # ranks beyond it add nothing


@dataclass(frozen=True, slots=True)
class Mix:
    """What each kind of evidence weighs among chunks; units weigh both retrievers the same."""

    rank_constant: int = 20  # of reciprocal rank fusion
    lexical: float = 0.6  # against 1.0 of the dense ranks
    # Cosines of the block, the neighbours and the question, beside the chunk's own 1.0.
    block: float = 0.8
    neighbour: float = 0.2
    asked: float = 0.1
    # BM25 of the neighbours and of the unit, beside the chunk's own 1.0.
    words_beside: float = 0.6
    words_of_unit: float = 0.3


SHIPPED = Mix()
# Sentences by themselves, by the reciprocal rank fusion of Cormack et al. (2009): what ours is held against.
PLAIN = Mix(rank_constant=60, lexical=1.0, block=0.0, neighbour=0.0, asked=0.0, words_beside=0.0, words_of_unit=0.0)


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


def fuse(chunks: Iterable[Chunk], evidence: Evidence, mix: Mix = SHIPPED) -> Fused:
    """Fuse the evidence about candidate chunks."""
    pool = list(chunks)
    dense = {c.id: _dense(c, evidence, mix) for c in pool if (c.unit, c.ordinal) in evidence.cosines}
    alone, lexical = _lexical(pool, evidence, mix)
    dense_ranks, lexical_ranks = ranked(dense), ranked(lexical)
    both = ((dense_ranks, 1.0), (lexical_ranks, mix.lexical))
    fused = reciprocal_ranks(both, mix.rank_constant)
    units = _units(pool, dense, alone, evidence)
    return Fused(fused, units, dense, dense_ranks, lexical_ranks)


def _dense(chunk: Chunk, evidence: Evidence, mix: Mix) -> float:
    cosines, floor, at = evidence.cosines, evidence.floor, chunk.ordinal
    own = cosines.get((chunk.unit, at), {})
    beside = [cosines.get((chunk.unit, at + step), {}).get("t", floor) for step in (-1, 1)]
    alone = own.get("t", floor)
    asked = own.get("q", floor) if chunk.question_id is not None else alone
    return alone + mix.block * own.get("b", floor) + mix.neighbour * sum(beside) / 2 + mix.asked * asked


def _lexical(pool: list[Chunk], evidence: Evidence, mix: Mix) -> tuple[dict[str, float], dict[str, float]]:
    """Scores without and with the unit's, both in parts of the best; only of chunks where a word was found."""
    at = {(c.unit, c.ordinal): evidence.words[c.id] for c in pool if c.id in evidence.words}
    raw = {}
    for c in pool:
        beside = at.get((c.unit, c.ordinal - 1), 0.0) + at.get((c.unit, c.ordinal + 1), 0.0)
        score = evidence.words.get(c.id, 0.0) + mix.words_beside * beside / 2
        if score > 0:
            raw[c.id] = score
    best, best_unit = max(raw.values(), default=1.0), max(evidence.unit_words.values(), default=1.0)
    unit_of = {c.id: c.unit for c in pool}
    alone = {key: score / best for key, score in raw.items()}
    spread = {
        key: score + mix.words_of_unit * evidence.unit_words.get(unit_of[key], 0.0) / best_unit
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
