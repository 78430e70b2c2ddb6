"""The serving index as readers see it: one consistent generation, opened from a private copy."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import uuid4

from mlprep_bot.domain import Chunk, Document, Question
from mlprep_bot.errors import LibraryDamaged
from mlprep_bot.knowledge import lexical, serving
from mlprep_bot.knowledge.manifest import (
    DamagedGenerationError,
    Manifest,
    current_number,
    folder_of,
    verify,
)
from mlprep_bot.knowledge.records import text_key
from mlprep_bot.ports import VectorIndex, Vectors, VectorStore

VECTORS = "chroma"
SERVING = "serving.db"
READING = "reading"
_REBUILT = 2_000  # Chroma keeps no graph below about half of this
_OPENINGS = 4  # enough to meet a missed vector once in millions of openings
_PLACES = 64  # of one text that stands in many documents, as many are returned


def current_generation(data_dir: Path) -> int | None:
    """The number of the generation that is served; None when nothing was ever published."""
    try:
        return current_number(data_dir.expanduser() / "index")
    except DamagedGenerationError:
        return None


class Generation:
    """One published state of the index, read-only and unaffected by later ones. Safe to use from several threads."""

    def __init__(self, folder: Path, manifest: Manifest, store: VectorStore) -> None:
        """Use `open_verified`, which checks the folder first."""
        self.number = manifest.number
        self.fingerprint = manifest.fingerprint
        self.collection = manifest.collection
        self._lock = RLock()
        self._copy = _PrivateCopy(folder, store)
        try:
            self._db = serving.connect(folder / SERVING)
            self._index: VectorIndex = store.open(self._copy.path, manifest.collection)
            self.chunk_count = manifest.counts["chunks"]
        except BaseException:
            self._copy.remove()
            raise

    def documents(self) -> list[str]:
        """Document names, sorted."""
        with self._lock:
            return serving.names(self._db)

    def document(self, name: str) -> Document:
        """Raises NotIndexed."""
        with self._lock:
            return serving.document(self._db, name)

    def questions(self) -> list[Question]:
        """Every question, answered or not, by document and position."""
        with self._lock:
            return serving.questions(self._db)

    def chunks(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """Those of `ids` that exist."""
        with self._lock:
            return serving.chunks(self._db, ids)

    def chunks_of(self, name: str) -> list[Chunk]:
        """The chunks of one document, in the order of its text."""
        with self._lock:
            return serving.chunks_of(self._db, name)

    def unit(self, unit_id: str) -> list[Chunk]:
        """The chunks of one answer or section, by ordinal."""
        with self._lock:
            return serving.unit(self._db, unit_id)

    def dense(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each row the places of the `k` nearest texts, as (`chunk#view`, cosine), best first.

        A text that stands in several places is one vector, so there may be more than `k` pairs.
        """
        hits = self._index.query(vectors, k)
        with self._lock:
            places = serving.places(self._db, {key for row in hits for key, _ in row})
        return [[(place, cosine) for key, cosine in row for place in places.get(key, [])[:_PLACES]] for row in hits]

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        """The `k` best (chunk id, BM25 > 0), best first."""
        with self._lock:
            return lexical.search(self._db, query, k)

    def lexical_units(self, query: str, k: int) -> list[tuple[str, float]]:
        """The `k` best (unit, BM25 > 0), best first."""
        with self._lock:
            return lexical.search_units(self._db, query, k)

    def document_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many chunks each term occurs."""
        with self._lock:
            return lexical.document_frequencies(self._db, terms)

    def vectors(self, ids: Iterable[str]) -> dict[str, Vectors]:
        """The vector, shape (dimensions,), of each `chunk#view`, or of a bare chunk id's first view."""
        with self._lock:
            keys = serving.keys_of(self._db, ids)
        distinct = list(dict.fromkeys(keys.values()))
        if not distinct:
            return {}
        rows = dict(zip(distinct, self._index.vectors(distinct), strict=True))
        return {name: rows[key] for name, key in keys.items()}

    def embedded(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vector, shape (dimensions,), of each of `texts` that was embedded for this generation."""
        keys = {text_key(text): text for text in texts}
        with self._lock:
            known = sorted(serving.held(self._db, keys))
        return {keys[key]: row for key, row in zip(known, self._index.vectors(known), strict=True)} if known else {}

    def reaches_all(self) -> bool:
        """Whether a search can come to every vector, of an index that is so small that Chroma rebuilds its graph.

        It does so at each opening, with several threads: one opening of 300 leaves a vector without a way to it.
        """
        ids = self._index.ids()
        if not ids or len(ids) > _REBUILT:
            return True
        return len(self._index.query(self._index.vectors([min(ids)]), len(ids))[0]) == len(ids)

    def close(self) -> None:
        """Give up files and the private copy."""
        with self._lock:
            self._index.close()
            self._db.close()
            self._copy.remove()


def open_verified(index_dir: Path, number: int, store: VectorStore) -> Generation:
    """Open a generation whose every file is what was published.

    Raises DamagedGenerationError, FileNotFoundError when it is gone, LibraryError when a Chroma server is.
    """
    folder = folder_of(index_dir, number)
    manifest = verify(folder)
    if manifest.number != number:
        raise DamagedGenerationError(f"{folder.name} says that it is number {manifest.number}")
    for _ in range(_OPENINGS):
        try:
            generation = Generation(folder, manifest, store)
        except (sqlite3.DatabaseError, LibraryDamaged) as error:
            raise DamagedGenerationError(str(error)) from error
        if not store.in_folder or generation.reaches_all():
            break
        generation.close()
    else:
        generation = Generation(folder, manifest, store)
    if not store.in_folder and generation._index.count() < manifest.counts["vectors"]:
        generation.close()
        raise DamagedGenerationError("the Chroma server has lost vectors")
    return generation


class _PrivateCopy:
    """This reader's own copy of a vector folder, for Chroma writes when it opens: always to its SQLite file, and to
    its graph until that has a thousand vectors, so that hard links would change what was published.

    `.lock` is held as long as the reader lives, so that what a killed reader leaves behind is known to be free.
    """

    def __init__(self, folder: Path, store: VectorStore) -> None:
        from filelock import FileLock

        self.path = folder / VECTORS
        self._cleanup: weakref.finalize[Any, Any] | None = None
        if not store.in_folder:
            return
        reading = folder.parent / READING
        name = uuid4().hex
        try:
            reading.mkdir(exist_ok=True)
            lock = FileLock(str(reading / f"{name}.lock"), thread_local=False)
            lock.acquire(timeout=0)
            self.path = reading / name
            shutil.copytree(folder / VECTORS, self.path)
        except PermissionError:  # a data folder that we may only read
            lock = None
            self.path = Path(tempfile.mkdtemp(prefix="mlprep-")) / name
            shutil.copytree(folder / VECTORS, self.path)
        self._cleanup = weakref.finalize(self, _discard, self.path, lock)

    def remove(self) -> None:
        if self._cleanup is not None:
            self._cleanup()


def _discard(path: Path, lock: object) -> None:
    shutil.rmtree(path, ignore_errors=True)
    release = getattr(lock, "release", None)
    if release is not None:
        release()
        with suppress(OSError):
            path.with_name(path.name + ".lock").unlink()


def sweep_readers(index_dir: Path) -> None:
    """Remove the private copies of readers that were killed."""
    from filelock import FileLock, Timeout

    for path in (index_dir / READING).glob("*.lock"):
        lock = FileLock(str(path), thread_local=False)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue
        _discard(path.with_suffix(""), lock)
