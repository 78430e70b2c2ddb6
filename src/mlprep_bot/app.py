"""The composition root: the only place that knows which adapter stands behind which port.

`build_app(settings)` touches nothing; each part is made when it is first used, so that a command
pays only for what it needs. The terminal and the page both work on this one object.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlprep_bot.domain import Document, HealthReport, Question, Retrieved
from mlprep_bot.errors import LibraryBusy, NotIndexed
from mlprep_bot.settings import Settings
from mlprep_bot.writers import EXTRACTIVE, WriterInfo, Writers, check_name

if TYPE_CHECKING:
    from mlprep_bot.answering.answerer import Answerer
    from mlprep_bot.answering.evidence import Gate
    from mlprep_bot.answering.support import SupportChecker
    from mlprep_bot.debriefing.debrief import Debriefer
    from mlprep_bot.grading.grader import Grader
    from mlprep_bot.interview.interviewer import Interviewer
    from mlprep_bot.interview.progress import Progress as Practice
    from mlprep_bot.interview.session import Prompt
    from mlprep_bot.interview.steering import Steering
    from mlprep_bot.knowledge.generations import Generation
    from mlprep_bot.knowledge.ingest import Progress
    from mlprep_bot.knowledge.library import Library
    from mlprep_bot.knowledge.retrieval import Retriever
    from mlprep_bot.models import Catalogue
    from mlprep_bot.models import Progress as PullProgress
    from mlprep_bot.ports import ChatModel, Embedder


def bundled_corpus() -> Path:
    """The corpus inside the installed package, else the one of the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "corpus"
    return inside if inside.is_dir() else package.parents[1] / "corpus"


class App:
    """mlprep with its parts wired together. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()
        self._served: tuple[Generation, Retriever] | None = None
        self._askable: tuple[int, list[Prompt]] | None = None

    @cached_property
    def embedder(self) -> Embedder:
        from mlprep_bot.adapters.embeddings import load_embedder

        return load_embedder(self.settings)

    # --- documents ---------------------------------------------------------------------------

    def index(
        self, paths: Sequence[Path] = (), *, dry_run: bool = False, progress: Progress | None = None
    ) -> HealthReport:
        """Bring the library up to date with `paths`; with none, with every known root.

        An empty library and no path means the bundled corpus. Raises LibraryError, EmbedderError.
        """
        from mlprep_bot.knowledge.ingest import ingest

        with self._library() as library:
            roots = list(paths) or ([] if library.roots() else [bundled_corpus()])
            return ingest(library, roots, self.embedder, dry_run=dry_run, progress=progress)

    def forget(self, paths: Sequence[Path], *, progress: Progress | None = None) -> HealthReport:
        """Take indexed files or folders out of the library; the files themselves stay. Raises NotIndexed."""
        from mlprep_bot.knowledge.ingest import ingest

        with self._library() as library:
            known = library.roots()
            gone = [Path(os.path.realpath(path.expanduser())) for path in paths]
            unknown = [str(path) for path in gone if path not in known]
            if unknown or not gone:
                listed = ", ".join(map(str, known)) or "nothing"
                raise NotIndexed(f"Not indexed as such: {', '.join(unknown) or 'no path'}.", f"Indexed: {listed}.")
            with library.writing(), library.db.transaction():
                for path in gone:
                    library.drop_root(path)
                library.bump()
            return ingest(library, [], self.embedder, progress=progress)

    def prepare(self, progress: Progress | None = None) -> None:
        """Make the page's library ready: the bundled corpus is indexed once, and again when it changed.

        A library that was made of other documents alone stays as it is. Another process that is writing
        does not keep the page from starting.
        """
        corpus = Path(os.path.realpath(bundled_corpus()))
        with self._library() as library:
            roots = library.roots()
        moved = [root for root in roots if root.name == corpus.name and root != corpus and not root.exists()]
        try:
            if moved:  # the corpus of an installation that is gone
                self.forget(moved, progress=progress)
            if moved or not roots or corpus in roots:
                self.index([corpus], progress=progress)
        except LibraryBusy:
            if not roots:
                raise

    def is_empty(self) -> bool:
        """True when no file or folder was ever indexed into this data folder."""
        from mlprep_bot.knowledge.generations import current_generation

        if current_generation(self.settings.data_dir) is not None:
            return False
        with self._library() as library:
            return not library.roots()

    def _newest(self) -> tuple[Generation, Retriever]:
        """The newest generation, whoever published it, and a retriever over it."""
        from mlprep_bot.knowledge.generations import current_generation
        from mlprep_bot.knowledge.ingest import open_generation
        from mlprep_bot.knowledge.retrieval import Retriever

        with self._lock:
            if self._served is None or self._served[0].number != current_generation(self.settings.data_dir):
                with self._library() as library:
                    generation = open_generation(library, self.embedder)
                # The old one is not closed: an answer that is being written may still read from it.
                self._served = generation, Retriever(generation, self.embedder)
            return self._served

    @property
    def generation(self) -> Generation:
        """What is served. Raises NothingIndexed, LibraryDamaged, EmbedderError."""
        return self._newest()[0]

    @property
    def retriever(self) -> Retriever:
        """Over what is served. Raises as `generation`."""
        return self._newest()[1]

    def _library(self) -> Library:
        from mlprep_bot.adapters.chroma import ChromaStore
        from mlprep_bot.knowledge.library import Library

        store = ChromaStore(self.settings.chroma_url)
        return Library(self.settings.data_dir, store=store, lock_wait=self.settings.lock_wait)

    def documents(self) -> list[str]:
        """Names of all indexed documents."""
        return self.generation.documents()

    def document(self, name: str) -> Document:
        """The text that every offset refers to. Raises NotIndexed."""
        return self.generation.document(name)

    def questions(self) -> list[Question]:
        """Every question found in the documents, answered or not."""
        return self.generation.questions()

    # --- answers -----------------------------------------------------------------------------

    def search(self, query: str, *, budget_chars: int | None = None) -> Retrieved:
        """Passages for `query` whose texts sum to at most `budget_chars` characters."""
        return self.retriever.retrieve(query, budget_chars=budget_chars or self.settings.budget_chars)

    def timed_search(self, query: str, *, budget_chars: int | None = None) -> tuple[Retrieved, float]:
        """`search` with its seconds, without those of loading models and index."""
        retriever = self.retriever
        started = time.perf_counter()
        found = retriever.retrieve(query, budget_chars=budget_chars or self.settings.budget_chars)
        return found, time.perf_counter() - started

    def answerer(self, writer: str | None = None, *, meter: Callable[[ChatModel], ChatModel] | None = None) -> Answerer:
        """Answers with the named writer, else as the settings say. Raises WriterError, LibraryError.

        `meter` wraps the writer's model, for those who measure it.
        """
        from mlprep_bot.answering.answerer import Answerer
        from mlprep_bot.answering.extract import Extractor

        model = Writers(self.settings).chat_model(writer)
        model = meter(model) if meter and model else model
        extractor = Extractor(self._recalling, lambda name: self.document(name).text)
        return Answerer(self.retriever, model, self.checker, extractor, self.gate, self.settings)

    @cached_property
    def gate(self) -> Gate:
        """Decides whether passages answer a question."""
        from mlprep_bot.answering.evidence import Gate

        return Gate(coverage=self.settings.coverage)

    @cached_property
    def checker(self) -> SupportChecker:
        from mlprep_bot.answering.support import SupportChecker

        return SupportChecker(self._recalling)

    @cached_property
    def _recalling(self) -> Embedder:
        """For what compares the sentences of passages, which are mostly in the index."""
        from mlprep_bot.knowledge.recalling import RecallingEmbedder

        return RecallingEmbedder(self.embedder, lambda: None if self.is_empty() else self.generation)

    def writers(self) -> list[WriterInfo]:
        """Every way to an answer, the preferred ones first."""
        return Writers(self.settings).all()

    def active_writer(self) -> WriterInfo:
        """Who writes when nobody is named."""
        return Writers(self.settings).active()

    def catalogue(self) -> Catalogue:
        """The models that Ollama has, and the one to fetch for this machine."""
        return Writers(self.settings).catalogue()

    def pull(self, model: str, progress: PullProgress | None = None) -> None:
        """Fetch a model into Ollama. Raises WriterError."""
        Writers(self.settings).pull(model, progress)

    # --- interview ---------------------------------------------------------------------------

    @cached_property
    def progress(self) -> Practice:
        """The user's own log of interviews. Raises ProgressError."""
        from mlprep_bot.interview.progress import Progress as Practice

        return Practice(self.settings.data_dir)

    def pool(self) -> list[Prompt]:
        """Every question that can be asked, of the documents as they are served. Raises as `generation`."""
        from mlprep_bot.interview.pool import prompts

        generation = self.generation
        with self._lock:
            if self._askable is None or self._askable[0] != generation.number:
                corpus = bundled_corpus()
                ours = {path.relative_to(corpus).as_posix() for path in corpus.glob("*/*.md")}
                found = prompts(generation.questions(), lambda name: generation.document(name).text, ours)
                self._askable = generation.number, found
            return self._askable[1]

    def interviewer(self) -> Interviewer:
        """Asks, listens and marks."""
        from mlprep_bot.interview.interviewer import Interviewer

        return Interviewer(self.progress, self.pool, self.grader)

    def grader(self, writer: str = "", *, of_reference: bool = False) -> Grader:
        """Marks answers: with the named writer's model, checked by the grader without one, or with that alone.

        `of_reference`: by the sentences of a reference answer instead of a rubric's key points. A model that cannot
        be reached costs its verdicts, never the grade. Raises EmbedderError.
        """
        plain = self._plain_graders[of_reference]
        if writer in ("", "none", EXTRACTIVE):
            return plain
        check_name(writer)
        from mlprep_bot.grading.model import ModelGrader

        return ModelGrader(lambda: Writers(self.settings).chat_model(writer), plain, name=writer)

    @cached_property
    def _plain_graders(self) -> dict[bool, Grader]:
        """By whether the key points are those of a reference answer."""
        from mlprep_bot.grading.plain import PlainGrader

        return {whole: PlainGrader(self.embedder, of_reference=whole) for whole in (False, True)}

    @cached_property
    def debriefer(self) -> Debriefer:
        """Explains grades from the documents."""
        from mlprep_bot.debriefing.debrief import Debriefer

        return Debriefer(self, self.checker, self.embedder)

    def steer(self, text: str) -> Steering:
        """What a job description or a résumé changes. The text is not kept. Raises EmbedderError."""
        from mlprep_bot.interview.steering import steer

        return steer(text, self.pool(), self.embedder)
