"""One SQLite connection behind a lock, opened so that a kill or a power cut loses nothing that was committed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from mlprep_bot.errors import LibraryBusy, LibraryDamaged, LibraryError
from mlprep_bot.knowledge.migrations import migrate, newest

BUSY_SECONDS = 10.0


class Database:
    """library.db, or, when there is none yet, an empty one in memory that nothing is saved from.

    `journal_mode=TRUNCATE`: SQLite before 3.51.3 can corrupt a WAL database with several connections, and
    one writer at a time needs no WAL. Every failure is raised as a LibraryError.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = RLock()
        with self._guard():
            self._db = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = TRUNCATE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self.version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if self.version > newest():
            raise LibraryError(
                f"{path} was written by a newer mlprep (schema {self.version}, this one knows {newest()}).",
                "Update mlprep, or choose another data folder (MLPREP_DATA_DIR).",
            )

    def migrate(self) -> None:
        """Bring the schema up to date; needs the writer's lock unless the database is in memory."""
        with self._guard():
            migrate(self._db)
        self.version = newest()

    def check(self) -> None:
        """Raises LibraryDamaged when SQLite finds its own structure broken."""
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
                    raise LibraryBusy(f"{self._path} is in use by another process.", "Try again.") from error
                if "malformed" in str(error):
                    raise self._damaged(str(error)) from error
                raise LibraryError(
                    f"Cannot use {self._path}: {error}.", "Check the disk and its free space."
                ) from error
            except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise  # a defect of ours, with its traceback
            except sqlite3.DatabaseError as error:
                raise self._damaged(str(error)) from error

    def _damaged(self, problem: str) -> LibraryDamaged:
        return LibraryDamaged(
            f"{self._path} is damaged ({problem}).",
            "Your own files and your progress are not in it. Move it away and index your folders again: "
            f"mv '{self._path}' '{self._path}.damaged' && mlprep index PATH ...",
        )
