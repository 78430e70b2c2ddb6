"""progress.db as a file: made when there is something to keep, checked and copied when it is opened."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import Lock

from mlprep_bot.errors import ProgressError
from mlprep_bot.interview.backup import back_up
from mlprep_bot.interview.migrations import PROGRESS
from mlprep_bot.knowledge.database import Database


class ProgressFile:
    """One connection to the database at `path`, shared by all threads of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opening = Lock()
        self._database: Database | None = None
        self._opened_as: tuple[int, int] | None = None

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        with self._opening:
            database, self._database = self._database, None
        if database is not None:
            database.close()

    @cached_property
    def _empty(self) -> Database:
        empty = Database(None, PROGRESS)
        empty.migrate()
        return empty

    def _reading(self) -> Database:
        """The open database; without a file, an empty one in memory, so that looking leaves no trace."""
        if self._identity() is None:
            return self._empty
        return self._writing()

    def _writing(self) -> Database:
        with self._opening:
            if self._database is None or self._opened_as != self._identity():
                # Another file stands there now (a copy was brought back): nothing may go into the one that is gone.
                self._database = self._opened()
                self._opened_as = self._identity()
            return self._database

    def _identity(self) -> tuple[int, int] | None:
        """Which file stands at `path`; None for none. Raises ProgressError when that cannot be told."""
        try:
            found = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ProgressError(
                f"Cannot read {self.path}: {error.strerror}.",
                "Allow it, or choose another folder with MLPREP_DATA_DIR.",
            ) from error
        return found.st_dev, found.st_ino

    def _opened(self) -> Database:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.parent.chmod(0o700)
            self.path.touch(0o600)
        except OSError as error:
            raise ProgressError(
                f"Cannot write to {self.path.parent}: {error.strerror}.", "Choose another folder with MLPREP_DATA_DIR."
            ) from error
        database = Database(self.path, PROGRESS)
        database.check()
        if database.version:
            with suppress(ProgressError, OSError):  # a full disk keeps nobody from practising
                back_up(database, self.path, always=database.version < len(PROGRESS.migrations))
        database.migrate()
        return database
