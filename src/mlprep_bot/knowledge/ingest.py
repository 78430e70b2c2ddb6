"""Bring the library up to date with files, and what is served up to date with the library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlprep_bot.domain import HealthReport
from mlprep_bot.errors import LibraryDamaged, LibraryError, NothingIndexed
from mlprep_bot.knowledge.generations import Generation, open_verified
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.manifest import DamagedGenerationError, current_number, numbers
from mlprep_bot.knowledge.pipeline import Progress, Run
from mlprep_bot.knowledge.publishing import served, wanted_fingerprint
from mlprep_bot.ports import Embedder

__all__ = ["Progress", "ingest", "open_generation", "rebuild"]


def ingest(
    library: Library,
    roots: Sequence[Path],
    embedder: Embedder,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> HealthReport:
    """Index files and folders; with no roots, all known ones again. A dry run reads, and writes nothing.

    Stages: "waiting", "scanning", "reading", "cutting", "embedding", "comparing", "publishing".
    Raises UnreadableDocument for a path that does not exist, LibraryError, EmbedderError.
    """
    run = Run(library, embedder, progress)
    if dry_run:
        return run.plan(roots)
    with library.writing(on_wait=lambda: run.progress("waiting", 0, 0)):
        return run.everything(roots)


def rebuild(library: Library, embedder: Embedder, *, progress: Progress | None = None) -> None:
    """Make what is served from the library alone, without looking at any file. Raises as `ingest`."""
    run = Run(library, embedder, progress)
    with library.writing(on_wait=lambda: run.progress("waiting", 0, 0)):
        if library.revision == 0:
            raise LibraryDamaged(f"{library.path} holds nothing to make the index from.", "Run: mlprep index PATH ...")
        run.serve(served(library))


def open_generation(library: Library, embedder: Embedder, *, progress: Progress | None = None) -> Generation:
    """The generation to search with this embedder; one that is damaged, missing or outdated is rebuilt first.

    When it cannot be rebuilt (another process writes, library.db is damaged), the newest intact generation
    of the same embedder serves. Raises NothingIndexed, LibraryError, EmbedderError.
    """
    generation, problem = _open_current(library, embedder)
    if not problem and generation:
        return _not_empty(generation)
    if generation:
        generation.close()
    elif not problem and not numbers(library.index_dir):
        seen = "The first index run was interrupted." if library.revision else "Nothing is indexed yet."
        raise NothingIndexed(seen, "Run: mlprep index PATH ...")
    try:
        rebuild(library, embedder, progress=progress)
        generation, problem = _open_current(library, embedder)
    except LibraryError:
        generation = _open_older(library, embedder)
        if generation is None:
            raise
        return _not_empty(generation)
    if generation is None or problem:
        raise LibraryDamaged(f"The index cannot be opened: {problem}.", "Run: mlprep index PATH ...")
    return _not_empty(generation)


def _open_current(library: Library, embedder: Embedder) -> tuple[Generation | None, str]:
    """The current generation, and why it will not do, "" when it does or when there is none."""
    wanted = wanted_fingerprint(embedder)
    problem = ""
    for _ in range(5):
        try:
            number = current_number(library.index_dir)
            if number is None:
                return None, ""
            generation = open_verified(library.index_dir, number, library.store)
            return generation, generation.fingerprint.difference(wanted)
        except FileNotFoundError as error:  # pruned while we looked: CURRENT names a newer one by now
            problem = f"{Path(error.filename or '').name} is missing"
        except DamagedGenerationError as error:
            return None, str(error)
    return None, problem


def _open_older(library: Library, embedder: Embedder) -> Generation | None:
    """The newest intact generation that these query vectors fit."""
    for number in reversed(numbers(library.index_dir)):
        try:
            generation = open_verified(library.index_dir, number, library.store)
        except (DamagedGenerationError, FileNotFoundError):
            continue
        fingerprint, wanted = generation.fingerprint, wanted_fingerprint(embedder)
        if (fingerprint.embedder, fingerprint.schema) == (wanted.embedder, wanted.schema):
            return generation
        generation.close()
    return None


def _not_empty(generation: Generation) -> Generation:
    if generation.chunk_count == 0:
        generation.close()
        raise NothingIndexed("No indexed document has any text to search.", "Run: mlprep index PATH ...")
    return generation
