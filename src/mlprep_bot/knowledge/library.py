"""library.db: the truth about documents. Every generation of the serving index can be made from it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mlprep_bot.domain import Document
from mlprep_bot.errors import LibraryError, NotIndexed
from mlprep_bot.knowledge.database import Database
from mlprep_bot.knowledge.locking import writer_lock
from mlprep_bot.knowledge.records import (
    CHUNK_COLUMNS,
    Parsed,
    chunk_of,
    chunk_row,
    question_json,
    question_of,
    text_key,
)
from mlprep_bot.knowledge.vectors import IN_CLAUSE, EmbeddingCache, blocks
from mlprep_bot.ports import VectorStore


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered of a file: `stamp` and `sum` tell whether it changed, `reader` what read it."""

    name: str
    stamp: str
    sum: str
    reader: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A file that could not be used, so that it is not tried again until it changes."""

    stamp: str
    sum: str
    reader: str
    reason: str


class Library(EmbeddingCache):
    """The data folder's documents. Nothing is written outside `with library.writing()`."""

    def __init__(self, data_dir: Path, *, store: VectorStore, lock_wait: float = 10.0) -> None:
        self.data_dir = data_dir.expanduser().absolute()
        self.store = store
        self._lock_wait = lock_wait
        self._database: Database | None = None

    @property
    def path(self) -> Path:
        return self.data_dir / "library.db"

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"

    def __enter__(self) -> Library:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextmanager
    def writing(self, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Be the only writer. Raises LibraryBusy, LibraryDamaged, LibraryError."""
        try:
            self.index_dir.mkdir(parents=True, exist_ok=True)
            self.data_dir.chmod(0o700)
        except OSError as error:
            raise LibraryError(
                f"Cannot write to {self.data_dir}: {error.strerror}.", "Choose another folder with MLPREP_DATA_DIR."
            ) from error
        with writer_lock(self.data_dir, self._lock_wait, on_wait):
            self.close()  # what was opened without the lock may be in memory, or of an old schema
            self._database = Database(self.path)
            self._database.check()
            self._database.migrate()
            yield

    @property
    def db(self) -> Database:
        """The open database; without a file, an empty one in memory."""
        if self._database is None:
            database = Database(self.path if self.path.exists() else None)
            if database.version == 0:  # made by a process that was killed before its first table
                database.close()
                database = Database(None)
                database.migrate()
            self._database = database
        return self._database

    # --- the whole ---------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Tells this library from another on the same Chroma server."""
        return self._meta("id")

    @property
    def revision(self) -> int:
        """Grows with every change to what is served; 0 when nothing was ever indexed."""
        return int(self._meta("revision"))

    def bump(self) -> None:
        """Say that what is served changed; inside the transaction that changes it."""
        self.db.rows("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'revision'")

    @property
    def compared_by(self) -> str:
        """The embedder whose vectors the known near duplicates come from."""
        return self._meta("near")

    @compared_by.setter
    def compared_by(self, fingerprint: str) -> None:
        self.db.rows("UPDATE meta SET value = ? WHERE key = 'near'", (fingerprint,))

    def _meta(self, key: str) -> str:
        return str(self.db.rows("SELECT value FROM meta WHERE key = ?", (key,))[0][0])

    # --- roots and files ---------------------------------------------------------------------

    def roots(self) -> list[Path]:
        """The files and folders that were indexed, in the order they were first given."""
        return [Path(path) for (path,) in self.db.rows("SELECT path FROM roots ORDER BY id")]

    def root_id(self, path: Path) -> int | None:
        found = self.db.rows("SELECT id FROM roots WHERE path = ?", (str(path),))
        return int(found[0][0]) if found else None

    def add_root(self, path: Path) -> int:
        self.db.rows("INSERT INTO roots (path) VALUES (?) ON CONFLICT DO NOTHING", (str(path),))
        return int(self.db.rows("SELECT id FROM roots WHERE path = ?", (str(path),))[0][0])

    def drop_root(self, path: Path) -> None:
        """Forget a root with its documents."""
        self.db.rows("DELETE FROM roots WHERE path = ?", (str(path),))

    def entries(self, root: int) -> dict[str, Entry]:
        """The indexed files of a root, by path relative to it."""
        rows = self.db.rows("SELECT relative, name, stamp, sum, reader FROM documents WHERE root = ?", (root,))
        return {row[0]: Entry(*row[1:]) for row in rows}

    def failures(self, root: int) -> dict[str, Failed]:
        """The unusable files of a root, by path relative to it."""
        rows = self.db.rows("SELECT relative, stamp, sum, reader, reason FROM failures WHERE root = ?", (root,))
        return {row[0]: Failed(*row[1:]) for row in rows}

    def set_stamp(self, root: int, relative: str, stamp: str) -> None:
        """A file was touched without being changed."""
        for table in ("documents", "failures"):
            self.db.rows(f"UPDATE {table} SET stamp = ? WHERE root = ? AND relative = ?", (stamp, root, relative))

    def fail(self, root: int, relative: str, failed: Failed) -> None:
        """Remember why a file cannot be used; an older text of it stays."""
        self.db.rows(
            "INSERT OR REPLACE INTO failures (root, relative, stamp, sum, reader, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (root, relative, failed.stamp, failed.sum, failed.reader, failed.reason),
        )

    def forget(self, root: int, relative: str) -> None:
        """A file is gone, with its document and its failure."""
        for table in ("documents", "failures"):
            self.db.rows(f"DELETE FROM {table} WHERE root = ? AND relative = ?", (root, relative))

    # --- documents ---------------------------------------------------------------------------

    def names(self) -> set[str]:
        """Every document's name."""
        return {name for (name,) in self.db.rows("SELECT name FROM documents")}

    def tokens(self) -> dict[str, str]:
        """Every document's token, which changes with anything that is served for it."""
        return dict(self.db.rows("SELECT name, token FROM documents ORDER BY name"))

    def outdated(self, chunker: str) -> list[str]:
        """Names of the documents that another version of the chunker cut."""
        rows = self.db.rows("SELECT name FROM documents WHERE chunker <> ? ORDER BY name", (chunker,))
        return [name for (name,) in rows]

    def document(self, name: str) -> Document:
        """Raises NotIndexed."""
        rows = self.db.rows("SELECT name, text, kind, title FROM documents WHERE name = ?", (name,))
        if not rows:
            raise NotIndexed(f"No document is called {name!r}.", "mlprep questions lists what is indexed.")
        return Document(*rows[0])

    def parsed(self, name: str) -> Parsed:
        """A document with its questions, chunks and views. Raises NotIndexed."""
        document = self.document(name)
        [(row,)] = self.db.rows("SELECT id FROM documents WHERE name = ?", (name,))
        questions = self.db.rows("SELECT body FROM questions WHERE document = ? ORDER BY position", (row,))
        columns = CHUNK_COLUMNS.replace("document", "?")
        chunks = self.db.rows(
            f'SELECT {columns} FROM chunks WHERE document = ? ORDER BY start, "end", ordinal, id', (name, row)
        )
        views: dict[str, list[tuple[str, str]]] = {}
        for chunk, view, text in self.db.rows(
            "SELECT v.chunk, v.view, v.text FROM chunks c JOIN views v ON v.chunk = c.id WHERE c.document = ?"
            " ORDER BY v.position",
            (row,),
        ):
            views.setdefault(chunk, []).append((view, text))
        return Parsed(
            document,
            tuple(question_of(body) for (body,) in questions),
            tuple(map(chunk_of, chunks)),
            tuple(tuple(views.get(chunk[0], ())) for chunk in chunks),
        )

    def put(self, root: int, relative: str, entry: Entry, chunker: str, parsed: Parsed) -> None:
        """Add a document or bring it up to date; chunks whose id is known stay as they are but for their place."""
        document = parsed.document
        self.db.rows(
            "INSERT INTO documents (root, relative, name, stamp, sum, reader, chunker, token, kind, title, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (root, relative) DO UPDATE SET name = excluded.name,"
            " stamp = excluded.stamp, sum = excluded.sum, reader = excluded.reader, chunker = excluded.chunker,"
            " token = excluded.token, kind = excluded.kind, title = excluded.title, text = excluded.text",
            (
                *(root, relative, entry.name, entry.stamp, entry.sum, entry.reader, chunker, parsed.token),
                *(document.kind, document.title, document.text),
            ),
        )
        self.db.rows("DELETE FROM failures WHERE root = ? AND relative = ?", (root, relative))
        [(row,)] = self.db.rows("SELECT id FROM documents WHERE name = ?", (entry.name,))
        self._put_parts(row, parsed)
        self.bump()

    def rechunk(self, name: str, chunker: str, parsed: Parsed) -> None:
        """Replace what was cut from a document whose text is the same."""
        self.db.rows("UPDATE documents SET chunker = ?, token = ? WHERE name = ?", (chunker, parsed.token, name))
        [(row,)] = self.db.rows("SELECT id FROM documents WHERE name = ?", (name,))
        self._put_parts(row, parsed)
        self.bump()

    def _put_parts(self, row: int, parsed: Parsed) -> None:
        self.db.rows("DELETE FROM questions WHERE document = ?", (row,))
        self.db.many(
            "INSERT INTO questions (document, position, id, body) VALUES (?, ?, ?, ?)",
            [(row, at, question.id, question_json(question)) for at, question in enumerate(parsed.questions)],
        )
        kept = {chunk.id for chunk in parsed.chunks}
        known = {name for (name,) in self.db.rows("SELECT id FROM chunks WHERE document = ?", (row,))}
        self.db.many("DELETE FROM chunks WHERE id = ?", [(name,) for name in known - kept])
        self.db.many(
            f"INSERT INTO chunks ({CHUNK_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
            ' SET document = excluded.document, start = excluded.start, "end" = excluded."end",'
            " text = excluded.text, heading = excluded.heading, context = excluded.context,"
            " unit = excluded.unit, ordinal = excluded.ordinal, question_id = excluded.question_id",
            [(values[0], row, *values[2:]) for values in map(chunk_row, parsed.chunks)],
        )
        self.db.many("DELETE FROM views WHERE chunk = ?", [(name,) for name in kept & known])
        self.db.many(
            "INSERT INTO views (chunk, position, view, key, text) VALUES (?, ?, ?, ?, ?)",
            [
                (chunk.id, at, view, text_key(text), text)
                for chunk, views in zip(parsed.chunks, parsed.views, strict=True)
                for at, (view, text) in enumerate(views)
            ],
        )

    def chunk_ids(self, names: Iterable[str]) -> set[str]:
        """The chunks of these documents."""
        found: set[str] = set()
        for block in blocks(list(names), IN_CLAUSE):
            marks = ",".join("?" * len(block))
            found.update(
                name
                for (name,) in self.db.rows(
                    f"SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document WHERE d.name IN ({marks})", block
                )
            )
        return found
