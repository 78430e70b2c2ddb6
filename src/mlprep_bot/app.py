"""The composition root: the only place that knows which adapter stands behind which port.

`build_app(settings)` touches nothing; each part is made when it is first used, so that a command
pays only for what it needs. The terminal and the page both work on this one object.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlprep_bot.domain import Document, HealthReport, Question, Retrieved
from mlprep_bot.settings import Settings

if TYPE_CHECKING:
    from mlprep_bot.answering.answerer import Answerer
    from mlprep_bot.knowledge.generations import Generation
    from mlprep_bot.knowledge.ingest import Progress
    from mlprep_bot.knowledge.retrieval import Retriever
    from mlprep_bot.ports import ChatModel, Embedder


@dataclass(frozen=True, slots=True)
class WriterInfo:
    """A way to an answer: `name` selects it (`extractive`, `ollama:llama3.2:3b`, `openai:NAME`)."""

    name: str
    available: bool
    detail: str
    fix: str = ""


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
        self._retriever: Retriever | None = None

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
        from mlprep_bot.knowledge.library import Library

        with Library(self.settings.data_dir, lock_wait=self.settings.lock_wait) as library:
            roots = list(paths) or library.roots() or [bundled_corpus()]
            report = ingest(library, roots, self.embedder, dry_run=dry_run, progress=progress)
        if not dry_run:
            self.reload()
        return report

    def is_empty(self) -> bool:
        """True when nothing was ever indexed into this data folder."""
        from mlprep_bot.knowledge.generations import current_generation

        return current_generation(self.settings.data_dir) is None

    def reload(self) -> None:
        """Serve the newest generation from the next question on."""
        with self._lock:
            self._retriever = None

    @property
    def retriever(self) -> Retriever:
        """Over the current generation. Raises NothingIndexed, LibraryDamaged, EmbedderError."""
        from mlprep_bot.knowledge.generations import open_generation
        from mlprep_bot.knowledge.retrieval import Retriever

        with self._lock:
            if self._retriever is None:
                generation = open_generation(self.settings, self.embedder)
                self._retriever = Retriever(generation, self.embedder)
            return self._retriever

    @property
    def generation(self) -> Generation:
        return self.retriever.generation

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
