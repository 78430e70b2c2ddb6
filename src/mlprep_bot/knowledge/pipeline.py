"""The steps of an index run: read and cut what changed, embed what has no vector yet, compare, publish.

Each step commits as it goes and finds out for itself what is left to do, so a run that was killed is
finished by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mlprep_bot.domain import Failure, HealthReport, Plan
from mlprep_bot.errors import DocumentError, EmbedderError, MlprepError
from mlprep_bot.knowledge import health
from mlprep_bot.knowledge.library import Entry, Failed, Library
from mlprep_bot.knowledge.parsing import CHUNKER, FAILED_BY, READER, parse_document, parse_file
from mlprep_bot.knowledge.publishing import Served, publish, reason_to_publish, served
from mlprep_bot.knowledge.records import Parsed
from mlprep_bot.knowledge.scanning import Change, Scan, locate, names_in, scan, stamp_of
from mlprep_bot.knowledge.vectors import unit_rows
from mlprep_bot.ports import Embedder, Vectors

Progress = Callable[[str, int, int], None]  # stage, done, total (0: unknown)

COMMIT_SECONDS = 1.0  # a killed run loses at most this much reading
EMBED_BATCH = 256  # and at most this many embedded texts
_SPARE_VECTORS = 20_000  # unused vectors that are kept for files that come back


class Run:
    """One run's collaborators and what it counts."""

    def __init__(self, library: Library, embedder: Embedder, progress: Progress | None) -> None:
        self._library = library
        self._embedder = embedder
        self.progress: Progress = progress or (lambda _stage, _done, _total: None)
        self._embedded = 0
        self._failed: list[Failure] = []
        self._notes: list[str] = []
        self._started = time.perf_counter()

    def plan(self, roots: Sequence[Path]) -> HealthReport:
        """What `everything` would do, for `--dry-run`. Reads what changed, writes nothing."""
        found = self._scan(roots)
        reason = reason_to_publish(self._library, self._embedder, served(self._library))
        parsed = [one for change in found.changes if isinstance(one := self._parse(change), Parsed)]
        return health.planned(self._library, found, self._plan(found, reason), parsed, self._tail())

    def everything(self, roots: Sequence[Path]) -> HealthReport:
        """Do it all. Needs the writer's lock."""
        now = served(self._library)
        reason = reason_to_publish(self._library, self._embedder, now)
        found = self._scan(roots)
        before = self._library.chunk_ids(names_in(self._library, found.parts) | found.gone)
        self._apply(found)
        self.serve(now)
        return health.done(self._library, found, self._plan(found, reason), before, self._tail())

    def serve(self, now: Served) -> None:
        """Cut again what an older chunker cut, embed what has no vector, publish. Needs the writer's lock."""
        self._recut()
        if now.manifest is None or reason_to_publish(self._library, self._embedder, now):
            self._drop_broken_vectors()  # all of them are about to be used
        self._embed()
        health.compare(self._library, self._embedder, self._ticker("comparing"))
        if publish(self._library, self._embedder, now, self._ticker("publishing")) is not None:
            with self._library.db.transaction():
                self._library.trim_cache(self._embedder.fingerprint, _SPARE_VECTORS)

    def _ticker(self, stage: str) -> Callable[[int, int], None]:
        return lambda done, total: self.progress(stage, done, total)

    def _tail(self) -> health.Tail:
        return health.Tail(self._embedded, tuple(self._notes), time.perf_counter() - self._started)

    # --- what to do --------------------------------------------------------------------------

    def _scan(self, roots: Sequence[Path]) -> Scan:
        given = list(roots)
        if not given:
            known = self._library.roots()
            given = [root for root in known if root.exists()]
            self._notes += [
                f"{root} does not exist any more; what was indexed of it stays searchable."
                for root in known
                if not root.exists()
            ]
        parts, absorbed = locate(given, self._library)
        found = scan(self._library, parts, absorbed, self._ticker("scanning"))
        self._notes += [f"{path} holds no document that mlprep can read." for path in found.empty]
        self._failed = list(found.failed)
        return found

    def _plan(self, found: Scan, rebuild: str) -> Plan:
        bad = {failure.path for failure in self._failed}
        read = [change for change in found.changes if str(change.path) not in bad]
        added = {change.name for change in read if not change.known}
        return Plan(
            added=tuple(sorted(added - found.gone)),
            changed=tuple(sorted({change.name for change in read if change.known} | (added & found.gone))),
            removed=tuple(sorted(found.gone - added)),
            unchanged=tuple(sorted(found.unchanged)),
            failed=tuple(self._failed),
            rebuild=rebuild,
        )

    # --- files -------------------------------------------------------------------------------

    def _apply(self, found: Scan) -> None:
        library = self._library
        with library.db.transaction():
            for root in found.absorbed:
                library.drop_root(root)
            for part in found.parts:
                library.add_root(part.root)
            for root, relative, stamp in found.touched:
                library.set_stamp(library.add_root(root), relative, stamp)
            for root, relative, _ in found.removed:
                library.forget(library.add_root(root), relative)
            if found.gone:
                library.bump()
        pending: list[tuple[Change, Parsed | str]] = []
        last = time.monotonic()
        for done, change in enumerate(found.changes, start=1):
            pending.append((change, self._parse(change)))
            if time.monotonic() - last > COMMIT_SECONDS or done == len(found.changes):
                self._save(pending)
                pending, last = [], time.monotonic()
            self.progress("reading", done, len(found.changes))

    def _parse(self, change: Change) -> Parsed | str:
        """The parsed file, or why it cannot be used, which is reported and never stops the others."""
        parsed = _attempt(partial(parse_file, change.path, change.name))
        if isinstance(parsed, Parsed):
            return parsed
        reason = parsed
        if change.known and change.path.exists() and change.path.stat().st_size:
            reason += " The version that was read before is kept."
        self._failed.append(Failure(str(change.path), reason))
        return reason

    def _save(self, pending: Sequence[tuple[Change, Parsed | str]]) -> None:
        library = self._library
        with library.db.transaction():
            for change, parsed in pending:
                root = library.add_root(change.root)
                # Written to while it was being read: look again next time.
                stamp = change.stamp if change.stamp and _stamp(change.path) == change.stamp else ""
                if isinstance(parsed, Parsed):
                    entry = Entry(change.name, stamp, change.sum, READER)
                    library.put(root, change.relative, entry, CHUNKER, parsed)
                    continue
                if change.known and change.path.exists() and change.path.stat().st_size == 0:
                    library.forget(root, change.relative)  # somebody emptied it, which is no accident of reading
                    library.bump()
                library.fail(root, change.relative, Failed(stamp, change.sum, FAILED_BY, parsed))

    # --- the library -------------------------------------------------------------------------

    def _recut(self) -> None:
        """Cut documents again from their stored text when the chunker is another one."""
        names = self._library.outdated(CHUNKER)
        for done, name in enumerate(names, start=1):
            parsed = _attempt(partial(_parse_stored, self._library, name))
            if isinstance(parsed, str):  # a stricter card format, say; its old chunks stay until the file is mended
                self._failed.append(Failure(name, parsed))
                continue
            with self._library.db.transaction():
                self._library.rechunk(name, CHUNKER, parsed)
            self.progress("cutting", done, len(names))

    def _drop_broken_vectors(self) -> None:
        """What a failing disk made of a vector is embedded again rather than served."""
        library, embedder = self._library, self._embedder
        with library.db.transaction():
            broken = library.broken(embedder.fingerprint, sorted(library.keys()), embedder.dimensions)
            library.drop_vectors(embedder.fingerprint, broken)

    def _embed(self) -> None:
        """Give every text its vector, batch by batch."""
        library, embedder = self._library, self._embedder
        waiting = library.to_embed(embedder.fingerprint)
        if waiting:
            self.progress("embedding", 0, len(waiting))
        for at in range(0, len(waiting), EMBED_BATCH):
            batch = waiting[at : at + EMBED_BATCH]
            vectors = embedder.embed_documents([text for _, text in batch])
            _check_vectors(vectors, len(batch), embedder)
            with library.db.transaction():
                library.save_vectors(embedder.fingerprint, [key for key, _ in batch], vectors)
            self._embedded += len(batch)
            self.progress("embedding", at + len(batch), len(waiting))


def _parse_stored(library: Library, name: str) -> Parsed:
    return parse_document(library.document(name))


def _attempt(parse: Callable[[], Parsed]) -> Parsed | str:
    """What was parsed, or why it cannot be, in one line."""
    try:
        return parse()
    except MlprepError as error:
        if not isinstance(error, DocumentError):
            raise
        return str(error)
    except Exception as error:  # the boundary around every format's parser: one bad file never stops the others
        return f"{type(error).__name__}: {error}"


def _check_vectors(vectors: Vectors, rows: int, embedder: Embedder) -> None:
    """Never let a broken model's numbers into the library."""
    if vectors.shape != (rows, embedder.dimensions):
        raise EmbedderError(
            f"{embedder.fingerprint} gave vectors of shape {vectors.shape} instead of {(rows, embedder.dimensions)}."
        )
    if not unit_rows(vectors).all():
        raise EmbedderError(f"{embedder.fingerprint} gave vectors that are not of length 1.", "Try another model.")


def _stamp(path: Path) -> str:
    try:
        return stamp_of(path)
    except OSError:
        return ""
