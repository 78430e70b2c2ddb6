"""progress.db: its schema as ordered functions, and how it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mlprep_bot.errors import ProgressDamaged, ProgressError
from mlprep_bot.knowledge.database import Kind
from mlprep_bot.knowledge.migrations import Migration, run

# The first SQLite whose WAL survives several connections; before it a checkpoint can lose what was committed.
SOUND_WAL = (3, 51, 3)


def _m001_interviews(db: sqlite3.Connection) -> None:
    run(
        db,
        """
        CREATE TABLE interviews (id TEXT PRIMARY KEY, began REAL NOT NULL) WITHOUT ROWID;
        CREATE TABLE entries (
            interview TEXT NOT NULL REFERENCES interviews ON DELETE CASCADE,
            position INTEGER NOT NULL CHECK (position >= 0),
            at REAL NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (interview, position)
        )
        """,
    )
    for table in ("interviews", "entries"):
        _forbid(db, table, "UPDATE")
        _forbid(db, table, "DELETE")


def _m002_drafts(db: sqlite3.Connection) -> None:
    run(
        db,
        """
        CREATE TABLE drafts (
            interview TEXT PRIMARY KEY REFERENCES interviews ON DELETE CASCADE, text TEXT NOT NULL
        ) WITHOUT ROWID
        """,
    )


def _m003_delete_all(db: sqlite3.Connection) -> None:
    # A row in `deleting` lets rows go. It is put in and taken out within the one transaction that deletes
    # everything, so nobody else ever sees it and a kill takes it back.
    db.execute("CREATE TABLE deleting (yes INTEGER NOT NULL)")
    for table in ("interviews", "entries"):
        db.execute(f"DROP TRIGGER {table}_delete")
        _forbid(db, table, "DELETE", "WHEN NOT EXISTS (SELECT 1 FROM deleting)")


def _forbid(db: sqlite3.Connection, table: str, action: str, when: str = "") -> None:
    db.execute(
        f"CREATE TRIGGER {table}_{action.lower()} BEFORE {action} ON {table} {when}"
        f" BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"
    )


MIGRATIONS: tuple[Migration, ...] = (_m001_interviews, _m002_drafts, _m003_delete_all)


def journal_mode(sqlite: Sequence[int] = sqlite3.sqlite_version_info) -> str:
    """WAL, in which readers never wait, where it is sound with several processes; else a rollback journal.

    Both are used with `synchronous=FULL` and a busy timeout: what was committed survives a power cut.
    """
    return "WAL" if tuple(sqlite) >= SOUND_WAL else "TRUNCATE"


PROGRESS = Kind(
    migrations=MIGRATIONS,
    unusable=ProgressError,
    busy=ProgressError,
    damaged=ProgressDamaged,
    way_out="Your documents are not in it. Move it away: mv '{path}' '{path}.damaged' && rm -f '{path}'-*; if a copy "
    "of it lies beside it (at most a day old when you last started), go on with that: cp '{path}.backup' '{path}'",
    journal=journal_mode(),
    pragmas=("secure_delete = ON",),  # what a person deletes is overwritten, not only forgotten
)
