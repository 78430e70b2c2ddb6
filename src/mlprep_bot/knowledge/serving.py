"""serving.db: what one generation shows of the documents, beside its vectors. Written once, then only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlprep_bot.domain import Chunk, Document, Question
from mlprep_bot.errors import NotIndexed
from mlprep_bot.knowledge import lexical
from mlprep_bot.knowledge.records import (
    CHUNK_COLUMNS,
    Parsed,
    chunk_of,
    chunk_row,
    question_json,
    question_of,
    text_key,
)

SCHEMA = f"1.{lexical.TERMS_VERSION}"  # change it with the tables below or with what they mean
_TABLES = """
CREATE TABLE documents (
    name TEXT PRIMARY KEY, token TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE questions (
    document TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (document, position)
);
CREATE TABLE chunks (
    id TEXT PRIMARY KEY, document TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL,
    heading TEXT NOT NULL, context TEXT NOT NULL, unit TEXT NOT NULL, ordinal INTEGER NOT NULL, question_id TEXT
);
CREATE INDEX chunks_document ON chunks (document);
CREATE INDEX chunks_unit ON chunks (unit, ordinal);
CREATE TABLE vectors (chunk TEXT NOT NULL, position INTEGER NOT NULL, view TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (chunk, position)) WITHOUT ROWID;
CREATE INDEX vectors_key ON vectors (key);
"""
_IN_CLAUSE = 500


def update(
    path: Path, tokens: Mapping[str, str], parsed: Callable[[str], Parsed], tick: Callable[[int, int], None]
) -> None:
    """Make the database hold exactly the documents of `tokens`, rewriting those whose token differs.

    `parsed` fetches one by name; `tick(done, total)` is called after each.
    """
    db = sqlite3.connect(path, isolation_level=None)
    try:
        # A half-written file is thrown away with its generation, so nothing is gained by a journal.
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'documents'").fetchone():
            for statement in filter(str.strip, _TABLES.split(";")):
                db.execute(statement)
            lexical.create(db)
        known = dict(db.execute("SELECT name, token FROM documents").fetchall())
        for name in known.keys() - tokens.keys():
            _remove(db, name)
        changed = [name for name in sorted(tokens) if known.get(name) != tokens[name]]
        for done, name in enumerate(changed, start=1):
            if name in known:
                _remove(db, name)
            _add(db, parsed(name), tokens[name])
            tick(done, len(changed))
        db.execute("COMMIT")
    finally:
        db.close()


def _add(db: sqlite3.Connection, parsed: Parsed, token: str) -> None:
    document = parsed.document
    db.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?)",
        (document.name, token, document.kind, document.title, document.text),
    )
    db.executemany(
        "INSERT INTO questions VALUES (?, ?, ?)",
        [(document.name, at, question_json(question)) for at, question in enumerate(parsed.questions)],
    )
    db.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(chunk_row, parsed.chunks))
    db.executemany(
        "INSERT INTO vectors VALUES (?, ?, ?, ?)",
        [
            (chunk.id, at, view, text_key(text))
            for chunk, views in zip(parsed.chunks, parsed.views, strict=True)
            for at, (view, text) in enumerate(views)
        ],
    )
    lexical.add(db, parsed.chunks)


def _remove(db: sqlite3.Connection, name: str) -> None:
    ids = [found for (found,) in db.execute("SELECT id FROM chunks WHERE document = ?", (name,))]
    lexical.remove(db, ids)
    db.executemany("DELETE FROM vectors WHERE chunk = ?", [(found,) for found in ids])
    db.execute("DELETE FROM chunks WHERE document = ?", (name,))
    db.execute("DELETE FROM questions WHERE document = ?", (name,))
    db.execute("DELETE FROM documents WHERE name = ?", (name,))


def connect(path: Path) -> sqlite3.Connection:
    """Open for reading; nothing is ever written, not even a lock. The caller serialises its threads."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """How many documents, questions, chunks and distinct vectors there are."""
    tables = {
        "documents": "SELECT COUNT(*) FROM documents",
        "questions": "SELECT COUNT(*) FROM questions",
        "chunks": "SELECT COUNT(*) FROM chunks",
        "vectors": "SELECT COUNT(DISTINCT key) FROM vectors",
    }
    return {name: int(db.execute(sql).fetchone()[0]) for name, sql in tables.items()}


def names(db: sqlite3.Connection) -> list[str]:
    """Document names, sorted."""
    return [name for (name,) in db.execute("SELECT name FROM documents ORDER BY name")]


def document(db: sqlite3.Connection, name: str) -> Document:
    """Raises NotIndexed."""
    row = db.execute("SELECT name, text, kind, title FROM documents WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotIndexed(f"No document is called {name!r}.", "mlprep index PATH adds one.")
    return Document(*row)


def questions(db: sqlite3.Connection) -> list[Question]:
    """By document, then in their order."""
    return [question_of(body) for (body,) in db.execute("SELECT body FROM questions ORDER BY document, position")]


def chunks(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Chunk]:
    """Those of `ids` that exist."""
    rows = _select(db, f"SELECT {CHUNK_COLUMNS} FROM chunks WHERE id IN", list(dict.fromkeys(ids)))
    return {row[0]: chunk_of(row) for row in rows}


def chunks_of(db: sqlite3.Connection, name: str) -> list[Chunk]:
    """The chunks of one document, in the order of its text."""
    rows = db.execute(f"SELECT {CHUNK_COLUMNS} FROM chunks WHERE document = ? ORDER BY start, ordinal, id", (name,))
    return [chunk_of(row) for row in rows]


def unit(db: sqlite3.Connection, name: str) -> list[Chunk]:
    """The chunks of one answer or section, in order."""
    rows = db.execute(f"SELECT {CHUNK_COLUMNS} FROM chunks WHERE unit = ? ORDER BY ordinal, start, id", (name,))
    return [chunk_of(row) for row in rows]


def places(db: sqlite3.Connection, keys: Iterable[str]) -> dict[str, list[str]]:
    """Where each vector stands, as `chunk#view`, sorted."""
    found: dict[str, list[str]] = {}
    for key, chunk, view in _select(db, "SELECT key, chunk, view FROM vectors WHERE key IN", list(keys)):
        found.setdefault(key, []).append(f"{chunk}#{view}")
    for standing in found.values():
        standing.sort()
    return found


def keys_of(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """`chunk#view` (or `chunk` alone for its first view) to the key of its vector."""
    wanted = list(dict.fromkeys(ids))
    chunks = list(dict.fromkeys(name.partition("#")[0] for name in wanted))
    known: dict[str, str] = {}
    for chunk, view, key, position in _select(
        db, "SELECT chunk, view, key, position FROM vectors WHERE chunk IN", chunks
    ):
        known[f"{chunk}#{view}"] = key
        if position == 0:
            known[chunk] = key
    return {name: known[name] for name in wanted if name in known}


def held(db: sqlite3.Connection, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have a vector in this generation."""
    return {key for (key,) in _select(db, "SELECT DISTINCT key FROM vectors WHERE key IN", list(dict.fromkeys(keys)))}


def _select(db: sqlite3.Connection, sql: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for at in range(0, len(values), _IN_CLAUSE):
        block = values[at : at + _IN_CLAUSE]
        rows.extend(db.execute(f"{sql} ({','.join('?' * len(block))})", block).fetchall())
    return rows
