"""A question to numbered passages: dense and lexical search over one generation, fused, merged, within a budget.

Every search also reports what it observed, for the evidence gate, as `Signals.values`:

| name | meaning |
|---|---|
| `best_cosine` | highest cosine of the query with any view, wordings of questions included; 0 when nothing is indexed |
| `best_sentence` | highest cosine with a chunk by itself, which is about a sentence |
| `best_block`, `best_unit` | the same for blocks (some 300 characters) and whole units, with their question |
| `margin` | dense score of the best chunk less the mean of the next nine in other units |
| `agreement` | share of the ten best units of the dense search that are among the lexical ten |
| `best_bm25` | BM25 of the best chunk, in parts of what a chunk full of the query's terms could reach |
| `coverage` | share of the query's content terms, by idf, that the first 2,000 characters of passages say |
| `best_coverage` | the same, for the best single passage |
| `rarest_covered` | 1 when the query's rarest indexed term is said by those passages, else 0 |
| `unknown` | share of the query's content terms that occur nowhere in the index |
| `unknown_weight` | the same by idf |
| `terms` | number of distinct content terms of the query |
| `size` | decimal logarithm of the number of chunks (3 to 4): in a large index something is near anything by chance |
| `said`, `said_together`, `said_close`, `phrased`, `indexed`, `gap` | of words weighed by meaning: see `asked.py` |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Protocol

from mlprep_bot.domain import Chunk, Document, Passage, Ranking, Retrieved, Signals
from mlprep_bot.knowledge import asked, lexical, signals
from mlprep_bot.knowledge import passages as building
from mlprep_bot.knowledge.fusion import SHIPPED, Evidence, Fused, Mix, fuse
from mlprep_bot.knowledge.leads import with_leads
from mlprep_bot.knowledge.views import reach
from mlprep_bot.ports import Embedder, Vectors

DENSE_DEPTH = 600  # vectors; a chunk has up to three
LEXICAL_DEPTH = 300


class Searchable(Protocol):
    """What retrieval needs of a generation."""

    def document(self, name: str) -> Document: ...

    def chunks(self, ids: list[str]) -> dict[str, Chunk]: ...

    def unit(self, unit_id: str) -> list[Chunk]:
        """The chunks of one answer or section, by ordinal."""

    def dense(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each row (`chunk#view`, cosine), best first."""

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]: ...

    def lexical_units(self, query: str, k: int) -> list[tuple[str, float]]: ...

    def document_frequencies(self, terms: list[str]) -> dict[str, int]: ...

    @property
    def chunk_count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Found:
    """A query, its vector (shape (dimensions,)), the candidate chunks by id, and what is known about them."""

    query: str
    vector: Vectors
    pool: Mapping[str, Chunk]
    evidence: Evidence
    fused: Fused


class Retriever:
    """Searches one generation. Safe to share between threads when the generation and the embedder are."""

    def __init__(self, generation: Searchable, embedder: Embedder, mix: Mix = SHIPPED) -> None:
        self._generation = generation
        self._embedder = embedder
        self._mix = mix
        self._text_of = lru_cache(maxsize=256)(lambda name: generation.document(name).text)

    @property
    def generation(self) -> Searchable:
        """What is searched."""
        return self._generation

    def retrieve(self, query: str, *, budget_chars: int) -> Retrieved:
        """Passages whose texts add up to at most `budget_chars` characters, best first; none for an empty query.

        Raises EmbedderError, LibraryError.
        """
        timings: dict[str, float] = {}
        if not query.strip() or self._generation.chunk_count == 0:
            return Retrieved(query, (), Signals(signals.nothing() | asked.nothing()), timings)
        found = self.find(query, timings)
        with _timed(timings, "passages"):
            passages = self.passages(found, budget_chars)
        with _timed(timings, "signals"):
            observed = self._signals(found, passages)
        return Retrieved(query, passages, observed, timings)

    def find(self, query: str, timings: dict[str, float] | None = None) -> Found:
        """What both retrievers say about a query that is not empty, fused; before any budget."""
        timings = {} if timings is None else timings
        with _timed(timings, "embed"):
            vector = self._embedder.embed_queries([query])
        with _timed(timings, "dense"):
            dense = self._generation.dense(vector, DENSE_DEPTH)[0]
        with _timed(timings, "lexical"):
            words = dict(self._generation.lexical(query, LEXICAL_DEPTH))
            unit_words = dict(self._generation.lexical_units(query, LEXICAL_DEPTH))
        with _timed(timings, "fuse"):
            ids = dict.fromkeys([place.partition("#")[0] for place, _ in dense] + list(words))
            pool = self._generation.chunks(list(ids))
            evidence = Evidence(_cosines(dense, pool), words, unit_words, min((c for _, c in dense), default=0.0))
            return Found(query, vector[0], pool, evidence, fuse(pool.values(), evidence, self._mix))

    def passages(self, found: Found, budget_chars: int) -> tuple[Passage, ...]:
        """The passages of a search that a budget holds."""
        evidence, fused = found.evidence, found.fused

        def ranking(chunk: Chunk) -> Ranking:
            return Ranking(
                dense_rank=fused.dense_ranks.get(chunk.id),
                lexical_rank=fused.lexical_ranks.get(chunk.id),
                cosine=evidence.cosines.get((chunk.unit, chunk.ordinal), {}).get("t"),
                bm25=evidence.words.get(chunk.id),
                fused=fused.chunks.get(chunk.id, 0.0),  # a lead may be shown that nobody found
            )

        best_first = sorted(fused.chunks, key=lambda key: (-fused.chunks[key], key))
        ordered = with_leads([found.pool[key] for key in best_first], fused.units, self._generation.unit)
        return building.build(ordered, fused.units, ranking, self._text_of, budget_chars)

    def _signals(self, found: Found, passages: tuple[Passage, ...]) -> Signals:
        terms = list(dict.fromkeys(lexical.terms(found.query)))[: lexical.MAX_TERMS]
        vocabulary = signals.Vocabulary(self._generation.document_frequencies(terms), self._generation.chunk_count)
        pool = list(found.pool.values())
        values = signals.measure(vocabulary, found.evidence, found.fused, pool, passages)
        weighed = asked.weigh(found.query, found.vector, self._embedder)
        more, words = asked.measure(weighed, vocabulary.frequencies, signals.first(passages))
        return Signals(values | more, words)


def _cosines(dense: list[tuple[str, float]], pool: Mapping[str, Chunk]) -> dict[tuple[str, int], dict[str, float]]:
    """By (unit, ordinal) and view letter: the highest cosine of a view that speaks for that chunk."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    for place, cosine in dense:
        chunk_id, _, view = place.partition("#")
        chunk = pool.get(chunk_id)
        if chunk is None:
            continue
        letter, count = reach(view)
        for step in range(count):
            letters = found.setdefault((chunk.unit, chunk.ordinal + step), {})
            letters[letter] = max(cosine, letters.get(letter, -1.0))
    return found


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = perf_counter()
    try:
        yield
    finally:
        timings[stage] = perf_counter() - start
