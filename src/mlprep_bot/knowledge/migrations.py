"""A schema as ordered functions: each runs once, in its own transaction, and is never edited again.

`MIGRATIONS` are library.db's; other databases bring their own and share `migrate`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from uuid import uuid4

Migration = Callable[[sqlite3.Connection], None]


def _m001_documents(db: sqlite3.Connection) -> None:
    run(
        db,
        """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE roots (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
        CREATE TABLE documents (
            id INTEGER PRIMARY KEY,
            root INTEGER NOT NULL REFERENCES roots ON DELETE CASCADE,
            relative TEXT NOT NULL, name TEXT NOT NULL UNIQUE,
            stamp TEXT NOT NULL, sum TEXT NOT NULL,
            reader TEXT NOT NULL, chunker TEXT NOT NULL, token TEXT NOT NULL,
            kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
            UNIQUE (root, relative)
        );
        CREATE TABLE failures (
            root INTEGER NOT NULL REFERENCES roots ON DELETE CASCADE,
            relative TEXT NOT NULL, stamp TEXT NOT NULL, sum TEXT NOT NULL, reader TEXT NOT NULL,
            reason TEXT NOT NULL, PRIMARY KEY (root, relative)
        );
        CREATE TABLE questions (
            document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
            position INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (document, position)
        );
        CREATE TABLE chunks (
            id TEXT PRIMARY KEY,
            document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
            start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, heading TEXT NOT NULL,
            context TEXT NOT NULL, unit TEXT NOT NULL, ordinal INTEGER NOT NULL, question_id TEXT,
            compared INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX chunks_document ON chunks (document);
        CREATE TABLE views (
            chunk TEXT NOT NULL REFERENCES chunks ON DELETE CASCADE,
            position INTEGER NOT NULL, view TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL,
            PRIMARY KEY (chunk, position)
        ) WITHOUT ROWID;
        CREATE INDEX views_key ON views (key);
        CREATE TABLE embeddings (
            id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, key TEXT NOT NULL, vector BLOB NOT NULL,
            UNIQUE (fingerprint, key)
        );
        CREATE TABLE near (
            "left" TEXT NOT NULL REFERENCES chunks ON DELETE CASCADE,
            "right" TEXT NOT NULL REFERENCES chunks ON DELETE CASCADE,
            similarity REAL NOT NULL, PRIMARY KEY ("left", "right")
        ) WITHOUT ROWID;
        CREATE INDEX near_right ON near ("right");
        """,
    )
    # When a pair loses one side, the other one's duplicates are looked for again.
    db.execute(
        "CREATE TRIGGER near_gone AFTER DELETE ON near BEGIN"
        ' UPDATE chunks SET compared = 0 WHERE id IN (OLD."left", OLD."right"); END'
    )
    db.executemany("INSERT INTO meta VALUES (?, ?)", [("id", uuid4().hex[:12]), ("revision", "0"), ("near", "")])


MIGRATIONS: tuple[Migration, ...] = (_m001_documents,)


def migrate(db: sqlite3.Connection, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring an open database (autocommit mode) to the newest schema; `user_version` counts what has run.

    Several processes may do so at once: what has run is read again once a step has the database to itself.
    """
    while version(db) < len(steps):
        db.execute("BEGIN IMMEDIATE")
        try:
            done = version(db)
            if done < len(steps):
                steps[done](db)
                db.execute(f"PRAGMA user_version = {done + 1}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise


def version(db: sqlite3.Connection) -> int:
    """How many migrations this database has seen."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def run(db: sqlite3.Connection, script: str) -> None:
    """Like `executescript`, which would commit the transaction that we are in; no statement may hold a `;`."""
    for statement in filter(str.strip, script.split(";")):
        db.execute(statement)
