"""Retrieval: is the evidence inside what is retrieved, and how high does its document rank?

- `hit@N`: for every part of a question, one of its pieces of evidence is, white space normalised, inside one of the
  passages whose texts add up to at most N characters.
- recall@k, MRR@10, nDCG@10 (Järvelin and Kekäläinen 2002) of the ranking of documents by their first passage;
  relevant are the documents that hold evidence, each alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mlprep_bot.evaluation import metrics
from mlprep_bot.evaluation.figures import OURS, Measurement, Observations, sliced
from mlprep_bot.evaluation.questions import HeldOut
from mlprep_bot.knowledge import fusion
from mlprep_bot.knowledge.retrieval import Retriever, Searchable
from mlprep_bot.ports import Embedder, Vectors

BUDGETS = (2000, 4000, 8000)
_DEEP = 40_000  # characters; some dozens of documents
_GATED = ("hit@4000", "hit@8000", "nDCG@10")
SLICED = ("hit@4000", "nDCG@10")

Texts = Sequence[tuple[str, str]]
"""(document, text), best first."""


class Finder(Protocol):
    """Anything that retrieves: mlprep, a part of it, or somebody else."""

    def find(self, query: str, budgets: Sequence[int]) -> Sequence[Texts]:
        """What each budget of characters holds."""


class PassageFinder:
    """A `Retriever`, which fills each budget anew."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def find(self, query: str, budgets: Sequence[int]) -> Sequence[Texts]:
        """As `Finder`."""
        found = self._retriever.find(query)
        kept = [self._retriever.passages(found, budget) for budget in budgets]
        # A passage that stands in several documents has found all of them.
        return [[(s.document, p.text) for p in passages for s in p.sources] for passages in kept]


def ablations(generation: Searchable, embedder: Embedder) -> dict[str, Finder]:
    """mlprep with parts taken away."""
    retrievers = {
        "dense": Retriever(_DenseOnly(generation), embedder),
        "lexical": Retriever(_LexicalOnly(generation), embedder),
        "fused": Retriever(generation, embedder, fusion.PLAIN),
    }
    return {name: PassageFinder(retriever) for name, retriever in retrievers.items()}


def measure(
    asked: Iterable[HeldOut], query_of: Callable[[HeldOut], str], finder: Finder, system: str = OURS
) -> list[Measurement]:
    """The figures of a system on answerable questions; `query_of` gives what is searched for one of them."""
    seen = Observations("retrieval", system)
    ranked: dict[str, list[str]] = {}
    held: dict[str, HeldOut] = {}
    for question in asked:
        with seen.item(question.id):
            *within, deep = finder.find(query_of(question), (*BUDGETS, _DEEP))
            held[question.id] = question
            ranked[question.id] = list(dict.fromkeys(document for document, _ in deep))
            for budget, texts in zip(BUDGETS, within, strict=True):
                hit = holds([text for _, text in texts], question)
                seen.add(f"hit@{budget}", question.id, question.cluster, float(hit))
    relevant = {identity: question.documents for identity, question in held.items()}
    for identity, values in metrics.ranking(relevant, ranked).items():
        for name, value in zip(metrics.RANKING, values, strict=True):
            seen.add(name, identity, held[identity].cluster, value)
    names = (*metrics.RANKING, *(f"hit@{budget}" for budget in BUDGETS))
    return [seen.measurement(name, "mean", gated=system == OURS and name in _GATED) for name in names]


def holds(texts: Iterable[str], question: HeldOut) -> bool:
    """Whether every part of the question has a piece of evidence inside one of the texts."""
    flat = [" ".join(text.split()) for text in texts]
    return all(
        any(" ".join(gold.evidence.split()) in text for gold in part for text in flat) for part in question.parts
    )


def slices(measured: Iterable[Measurement], questions: Sequence[HeldOut], names: Sequence[str]) -> list[Measurement]:
    """The named measurements by kind and by topic of the question."""
    kinds = {question.id: question.kind for question in questions}
    topics = {question.id: question.topic for question in questions if question.topic}
    whole = [m for m in measured if m.name in names and m.system == OURS and not m.part]
    return [part for m in whole for part in (*sliced(m, "kind", kinds), *sliced(m, "topic", topics))]


class _Without:
    """A generation of which one retriever is silent."""

    def __init__(self, generation: Searchable) -> None:
        self._generation = generation
        self.document = generation.document
        self.chunks = generation.chunks
        self.unit = generation.unit
        self.document_frequencies = generation.document_frequencies
        self.chunk_count = generation.chunk_count


class _DenseOnly(_Without):
    def dense(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        return self._generation.dense(vectors, k)

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]:  # noqa: ARG002
        return []

    lexical_units = lexical


class _LexicalOnly(_Without):
    def dense(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:  # noqa: ARG002
        return [[] for _ in vectors]

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._generation.lexical(query, k)

    def lexical_units(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._generation.lexical_units(query, k)
