"""One SQLite connection behind a lock, opened so that a kill or a power cut loses nothing that was committed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from mlprep_bot.errors import LibraryBusy, LibraryDamaged, LibraryError, MlprepError
from mlprep_bot.knowledge.migrations import MIGRATIONS, Migration, migrate, version

BUSY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a database is for: its migrations, and what a person is told when it cannot be used.

    `way_out` is how to go on without a damaged file; `{path}` in it is the file. `pragmas` are set on opening.
    """

    migrations: tuple[Migration, ...]
    unusable: type[MlprepError]
    busy: type[MlprepError]
    damaged: type[MlprepError]
    way_out: str
    journal: str = "TRUNCATE"
    pragmas: tuple[str, ...] = ()


# TRUNCATE: SQLite before 3.51.3 can corrupt a WAL database with several connections, and one writer at a
# time needs no WAL.
LIBRARY = Kind(
    migrations=MIGRATIONS,
    unusable=LibraryError,
    busy=LibraryBusy,
    damaged=LibraryDamaged,
    way_out="Your own files and your progress are not in it. Move it away and index your folders again: "
    "mv '{path}' '{path}.damaged' && mlprep index PATH ...",
)


class Database:
    """A database file, or, without a path, an empty one in memory that nothing is saved from.

    Every failure is raised as one of the errors that `kind` names.
    """

    def __init__(self, path: Path | None, kind: Kind = LIBRARY) -> None:
        self._path = path
        self._kind = kind
        self._lock = RLock()
        with self._guard():
            self._db = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            for pragma in (f"journal_mode = {kind.journal}", "synchronous = FULL", "foreign_keys = ON", *kind.pragmas):
                self._db.execute(f"PRAGMA {pragma}")
            self.version = version(self._db)
        if self.version > len(kind.migrations):
            self.close()
            raise kind.unusable(
                f"{path} was written by a newer mlprep (schema {self.version}, this one knows {len(kind.migrations)}).",
                "Update mlprep, or choose another data folder (MLPREP_DATA_DIR).",
            )

    def migrate(self) -> None:
        """Bring the schema up to date."""
        with self._guard():
            migrate(self._db, self._kind.migrations)
        self.version = len(self._kind.migrations)

    def check(self) -> None:
        """Raises `kind.damaged` when SQLite finds its own structure broken."""
        with self._guard():
            problem = str(self._db.execute("PRAGMA quick_check(1)").fetchone()[0])
        if problem != "ok":
            raise self._damaged(problem)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and fetch everything."""
        with self._guard():
            return self._db.execute(sql, values).fetchall()

    def many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of values."""
        with self._guard():
            self._db.executemany(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on disk when the block is left."""
        with self._lock:
            with self._guard():
                self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                with self._guard():
                    self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                if "locked" in str(error) or "busy" in str(error):
                    raise self._kind.busy(f"{self._path} is in use by another process.", "Try again.") from error
                if "malformed" in str(error):
                    raise self._damaged(str(error)) from error
                raise self._kind.unusable(
                    f"Cannot use {self._path}: {error}.", "Check the disk and its free space."
                ) from error
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise  # a defect of ours, with its traceback
            except sqlite3.DatabaseError as error:
                raise self._damaged(str(error)) from error

    def _damaged(self, problem: str) -> MlprepError:
        way_out = self._kind.way_out.format(path=self._path)
        told = " ".join(problem.split())  # SQLite's own words come in several lines
        return self._kind.damaged(f"{self._path} is damaged ({told}).", way_out)
