"""Retrieval on a set in the layout of BEIR: mlprep, its parts and others, over the same documents and embedder.

recall@k, MRR@10 and nDCG@10 (with graded relevance) of the ranking of documents by their first passage, over all
queries that have a relevant document. A document without a word is no file and so is never found; it stays among
the relevant. mlprep weighs a few hundred passages for a query, so that recall@100 of long documents stops there.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mlprep_bot.domain import Document, HealthReport
from mlprep_bot.errors import BadQuestions, EvaluationError
from mlprep_bot.evaluation import beir_files, metrics
from mlprep_bot.evaluation.beir_files import BeirSet
from mlprep_bot.evaluation.figures import OURS, Measurement, Observations
from mlprep_bot.evaluation.questions import Gold, HeldOut, digest
from mlprep_bot.evaluation.retrieval import Finder, PassageFinder, Texts, ablations
from mlprep_bot.evaluation.run import Cost, Run, Skipped
from mlprep_bot.knowledge.parsing import CHUNKER
from mlprep_bot.knowledge.retrieval import Retriever, Searchable
from mlprep_bot.ports import Embedder

KIND = "beir"
_DEEP = 600_000  # characters: a hundred documents of LlamaIndex's longest chunks
_DEPTH = 100  # documents

Build = Callable[[Iterable[Document], Embedder], Finder]
Progress = Callable[[str, int, int], None]  # stage, done, total


class Index(Searchable, Protocol):
    """`knowledge.generations.Generation`."""

    def documents(self) -> list[str]: ...


class Subject(Protocol):
    """`app.App` over a data folder of its own."""

    def index(self, paths: Sequence[Path], *, progress: Progress | None = None) -> HealthReport: ...
    @property
    def generation(self) -> Index: ...
    @property
    def retriever(self) -> Retriever: ...
    @property
    def embedder(self) -> Embedder: ...


def measure(
    folder: Path,
    subject: Subject,
    scratch: Path,
    *,
    split: str = "test",
    others: Mapping[str, Build] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Index the set's documents, which are written as files into `scratch`, and ask its queries.

    `subject` must hold no other documents. `others` are made of the documents as they were indexed, by name.
    Stages of `progress` are those of indexing, then "asking NAME". Raises BadQuestions, EvaluationError.
    """
    started = time.perf_counter()
    told: Progress = progress or (lambda _stage, _done, _total: None)
    found = beir_files.read(folder, split)
    names = _indexed(found, subject, scratch, told)
    costs = [Cost("index", seconds := time.perf_counter() - started, seconds, "s", 1)]
    measured: list[Measurement] = []
    for name, make in _systems(subject, others or {}).items():
        seconds_each: list[float] = []
        measured += _ranked(found, names, _Timed(_made(make), seconds_each), name, told)
        costs += _cost(f"search, {name}", seconds_each)
    return Run(
        name=f"BEIR: {folder.resolve().name}",
        split=split,
        writer="none",
        fingerprint=_fingerprint(folder, split, subject.embedder),
        questions=_questions(found),
        measurements=tuple(measured),
        costs=tuple(costs),
        skipped=tuple(
            Skipped(section, "a BEIR set only says which documents are relevant")
            for section in ("answers", "refusal", "support", "grading")
        ),
        seconds=time.perf_counter() - started,
    )


def _indexed(found: BeirSet, subject: Subject, scratch: Path, progress: Progress) -> dict[str, str]:
    """Names of the documents by id. Raises EvaluationError unless the index holds exactly them."""
    names = beir_files.write(found.documents, scratch)
    if not names:
        raise BadQuestions("No document of the set has a word in it.", "Download the set again.")
    report = subject.index([scratch], progress=progress)
    there, wanted = set(subject.generation.documents()), set(names.values())
    if there - wanted:
        other = ", ".join(sorted(there - wanted)[:3])
        raise EvaluationError(
            f"The index holds other documents than those of the set: {other}.", "Measure in a data folder of its own."
        )
    if wanted - there:
        why = report.failed[0].reason if report.failed else "no reason was given"
        raise EvaluationError(f"{len(wanted - there)} documents of the set could not be indexed; the first: {why}")
    return names


def _systems(subject: Subject, others: Mapping[str, Build]) -> dict[str, Callable[[], Finder]]:
    """Everybody who is measured, made when it is their turn."""
    generation, embedder = subject.generation, subject.embedder

    def other(build: Build) -> Callable[[], Finder]:
        return lambda: build((generation.document(name) for name in generation.documents()), embedder)

    def ready(finder: Finder) -> Callable[[], Finder]:
        return lambda: finder

    ours = {OURS: PassageFinder(subject.retriever), **ablations(generation, embedder)}
    return {name: ready(finder) for name, finder in ours.items()} | {n: other(build) for n, build in others.items()}


def _made(make: Callable[[], Finder]) -> Finder:
    try:
        return make()
    except Exception as error:  # the boundary: who cannot index the documents fails each query, never the run
        return _Failing(error)


class _Failing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def find(self, query: str, budgets: Sequence[int]) -> Sequence[Texts]:  # noqa: ARG002
        raise self._error


class _Timed:
    """A finder whose seconds are kept."""

    def __init__(self, finder: Finder, seconds: list[float]) -> None:
        self._finder = finder
        self._seconds = seconds

    def find(self, query: str, budgets: Sequence[int]) -> Sequence[Texts]:
        started = time.perf_counter()
        found = self._finder.find(query, budgets)
        self._seconds.append(time.perf_counter() - started)
        return found


def _ranked(
    found: BeirSet, names: Mapping[str, str], finder: Finder, system: str, progress: Progress
) -> list[Measurement]:
    seen = Observations("retrieval", system)
    identity = {name: document for document, name in names.items()}
    ranked: dict[str, list[str]] = {}
    for done, (query, text) in enumerate(found.queries.items()):
        progress(f"asking {system}", done, len(found.queries))
        with seen.item(query):
            (texts,) = finder.find(text, (_DEEP,))
            ranked[query] = list(dict.fromkeys(identity[name] for name, _ in texts))[:_DEPTH]
    relevant = {query: found.judgements[query] for query in ranked}
    for query, values in metrics.graded_ranking(relevant, ranked).items():
        for name, value in zip(metrics.GRADED, values, strict=True):
            seen.add(name, query, _best(relevant[query])[0], value)
    return [seen.measurement(name, "mean") for name in metrics.GRADED]


def _best(grades: Mapping[str, int]) -> list[str]:
    """Relevant documents, the most relevant first; queries that share it are one cluster."""
    relevant = [document for document, grade in grades.items() if grade > 0]
    return sorted(relevant, key=lambda document: (-grades[document], document))


def _questions(found: BeirSet) -> tuple[HeldOut, ...]:
    """The queries; judgements are of whole documents, so there is no evidence to quote."""
    return tuple(
        HeldOut(query, text, KIND, gold=tuple(Gold(document, "") for document in _best(found.judgements[query])))
        for query, text in found.queries.items()
    )


def _fingerprint(folder: Path, split: str, embedder: Embedder) -> dict[str, str]:
    corpus, queries, judgements = beir_files.files(folder, split)
    return {
        "documents": digest(corpus),
        "questions": digest(queries),
        "judgements": digest(judgements),
        "embedder": embedder.fingerprint,
        "chunker": CHUNKER,
    }


def _cost(stage: str, seconds: Sequence[float]) -> list[Cost]:
    if not seconds:
        return []
    high = sorted(seconds)[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    return [Cost(stage, statistics.median(seconds), high, "s", len(seconds))]
