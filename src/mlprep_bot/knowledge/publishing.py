"""Build a generation beside the one that serves, verify it, and put it in its place.

Whatever kills this process, and whenever: CURRENT names a whole generation, the old one or the new one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlprep_bot.errors import LibraryError
from mlprep_bot.knowledge import serving
from mlprep_bot.knowledge.generations import SERVING, VECTORS, sweep_readers
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.manifest import (
    CURRENT,
    DamagedGenerationError,
    Fingerprint,
    Manifest,
    current_number,
    folder_of,
    numbers,
    replace_synced,
    sums,
    sync_folder,
    sync_tree,
    verify,
)
from mlprep_bot.knowledge.parsing import CHUNKER
from mlprep_bot.knowledge.records import text_key
from mlprep_bot.ports import Embedder, VectorIndex, VectorStore

Tick = Callable[[int, int], None]

GOLDEN = 32  # stored vectors that must find themselves
_SAME = 0.999  # the cosine of a vector with itself, after float32 and Chroma
_CHURN = 1_000  # deleted vectors that are always worth keeping rather than building anew
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Served:
    """What serves now: an intact generation, or why there is none."""

    manifest: Manifest | None
    damage: str = ""


def wanted_fingerprint(embedder: Embedder) -> Fingerprint:
    """Of an index made now, with this embedder."""
    return Fingerprint(embedder.fingerprint, embedder.dimensions, CHUNKER, serving.SCHEMA)


def served(library: Library) -> Served:
    """Check the generation that CURRENT names, file by file. Needs the writer's lock."""
    try:
        number = current_number(library.index_dir)
        if number is None:
            return Served(None)
        return Served(verify(folder_of(library.index_dir, number)))
    except FileNotFoundError as error:
        return Served(None, f"{Path(error.filename).name} is missing")
    except DamagedGenerationError as error:
        return Served(None, str(error))


def reason_to_publish(library: Library, embedder: Embedder, now: Served) -> str:
    """Why the index must be made again as a whole, for a person; "" when it need not be."""
    if now.damage:
        return f"the index was damaged: {now.damage}"
    if now.manifest is None:
        return ""
    if now.manifest.library != library.id:
        return "the library is a new one"
    return now.manifest.fingerprint.difference(wanted_fingerprint(embedder))


def publish(library: Library, embedder: Embedder, now: Served, tick: Tick) -> int | None:
    """Serve what the library holds; the new generation's number, None when it is served already.

    Every text must have its vector in the library. Needs the writer's lock. Raises LibraryError.
    """
    manifest = now.manifest
    stale = reason_to_publish(library, embedder, now)
    if library.revision == 0 and not stale:
        return None
    if manifest and not stale and manifest.revision == library.revision:
        return None
    try:
        return _Build(library, embedder, manifest, tick).run()
    except OSError as error:
        raise LibraryError(
            f"Cannot publish the index: {error}.", "The old one still serves; mend this and run mlprep index again."
        ) from error


class _Build:
    """One generation in the making, in a folder that nobody looks at until it is whole."""

    def __init__(self, library: Library, embedder: Embedder, base: Manifest | None, tick: Tick) -> None:
        self._library = library
        self._store: VectorStore = library.store
        self._embedder = embedder
        self._fingerprint = wanted_fingerprint(embedder)
        self._tick = tick
        self._base = base if base and self._usable(base) else None
        on_disk = numbers(library.index_dir)
        self._number = max([*on_disk, _current(library.index_dir)], default=0) + 1
        self._folder = library.index_dir / "building"
        self._collection = collection_name(library.id, embedder.fingerprint)
        self._wanted = library.keys()

    def _usable(self, base: Manifest) -> bool:
        """Vectors can be taken over when they come from the same embedder and library."""
        mine, theirs = self._fingerprint, base.fingerprint
        return (
            base.library == self._library.id
            and (mine.embedder, mine.dimensions, mine.schema) == (theirs.embedder, theirs.dimensions, theirs.schema)
            and bool(base.files.keys() - {SERVING}) == self._store.in_folder
        )

    def run(self) -> int:
        self._tick(0, 0)
        clear_leftovers(self._library.index_dir)
        base = self._base
        dead = self._build(base)
        if dead is None:  # so much was deleted, or the copy lost something: a fresh one costs less than it is worth
            self._base = None
            dead = self._build(None)
        if dead is None:
            raise LibraryError("The vector index loses vectors even when it is built afresh.", "Please report this.")
        self._publish(dead)
        return self._number

    def _build(self, base: Manifest | None) -> int | None:
        """Fill the folder; how many dead vectors the index has, or None when it is no good."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if base:
            shutil.copytree(folder_of(self._library.index_dir, base.number), self._folder)
        else:
            self._folder.mkdir(parents=True)
        (self._folder / VECTORS).mkdir(exist_ok=True)
        serving.update(self._folder / SERVING, self._library.tokens(), self._library.parsed, self._tick)
        index = self._store.open(self._folder / VECTORS, self._collection)
        try:
            there = index.ids()
            extra, missing = sorted(there - self._wanted), sorted(self._wanted - there)
            dead = (base.churn if base else 0) + len(extra)
            if base and self._store.in_folder and dead > max(_CHURN, len(self._wanted) // 3):
                return None
            self._fill(index, missing)
            if self._store.in_folder:
                index.delete(extra)
        finally:
            index.close()
        return dead if self._sound() else None

    def _fill(self, index: VectorIndex, missing: Sequence[str]) -> None:
        for at in range(0, len(missing), _BATCH):
            keys = missing[at : at + _BATCH]
            index.upsert(keys, self._library.vectors(self._embedder.fingerprint, keys, self._embedder.dimensions))
            self._tick(min(at + _BATCH, len(missing)), len(missing))

    def _sound(self) -> bool:
        """Open it afresh, as a reader will: all is there, all can be reached, and vectors find themselves."""
        index = self._store.open(self._folder / VECTORS, self._collection)
        try:
            there = index.ids()
            if not (there == self._wanted if self._store.in_folder else there >= self._wanted):
                return False
            if not self._wanted:
                return True
            keys = sorted(self._wanted)
            golden = [keys[at] for at in np.linspace(0, len(keys) - 1, min(GOLDEN, len(keys)), dtype=int)]
            vectors = self._library.vectors(self._embedder.fingerprint, golden, self._embedder.dimensions)
            if self._store.in_folder:
                reached = {key for key, _ in index.query(vectors[:1], len(there))[0]}
                lost = sorted(self._wanted - reached)
                # A graph may miss a node on one walk through all; what counts is that its own query finds it.
                golden += lost[:_BATCH]
                vectors = self._library.vectors(self._embedder.fingerprint, golden, self._embedder.dimensions)
            return all(found and found[0][1] > _SAME for found in index.query(vectors, 1))
        finally:
            index.close()

    def _publish(self, dead: int) -> None:
        index_dir, folder = self._library.index_dir, folder_of(self._library.index_dir, self._number)
        db = serving.connect(self._folder / SERVING)
        try:
            counts = serving.counts(db)
        finally:
            db.close()
        (self._folder / "manifest.json").unlink(missing_ok=True)
        sync_tree(self._folder)
        Manifest(
            number=self._number,
            library=self._library.id,
            revision=self._library.revision,
            fingerprint=self._fingerprint,
            collection=self._collection,
            counts=counts,
            churn=dead if self._base else 0,
            files=sums(self._folder),
        ).write(self._folder)
        sync_folder(self._folder)
        self._folder.rename(folder)
        sync_folder(index_dir)
        replace_synced(index_dir / CURRENT, f"{folder.name}\n")
        self._prune()

    def _prune(self) -> None:
        """Keep the generation before this one for readers that are just opening it."""
        for number in numbers(self._library.index_dir)[:-2]:
            shutil.rmtree(folder_of(self._library.index_dir, number), ignore_errors=True)
        if not self._store.in_folder:
            index = self._store.open(self._folder, self._collection)
            try:
                index.delete(sorted(index.ids() - self._wanted))
            finally:
                index.close()


def collection_name(library_id: str, embedder_fingerprint: str) -> str:
    """One collection a library and embedder, so that several can share a server."""
    return f"mlprep-{library_id}-{text_key(embedder_fingerprint)[:12]}"


def clear_leftovers(index_dir: Path) -> None:
    """Remove what killed writers and readers left: unfinished and unpublished generations, private copies."""
    shutil.rmtree(index_dir / "building", ignore_errors=True)
    now = _current(index_dir)
    for number in numbers(index_dir):
        if now and number > now:
            shutil.rmtree(folder_of(index_dir, number), ignore_errors=True)
    sweep_readers(index_dir)


def _current(index_dir: Path) -> int:
    try:
        return current_number(index_dir) or 0
    except DamagedGenerationError:
        return 0
