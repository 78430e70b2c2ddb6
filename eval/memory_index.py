"""An index in memory for experiments: exact search over any folder, embeddings remembered in one file."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from mlprep_bot.domain import Chunk, Document, Question
from mlprep_bot.knowledge import lexical
from mlprep_bot.knowledge.chunking import chunk_document
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.readers import list_files, read_document
from mlprep_bot.knowledge.views import views
from mlprep_bot.ports import Embedder, Vectors


class RememberingEmbedder:
    """Embeds each text once, over all runs when there is a file to keep vectors in."""

    def __init__(self, embedder: Embedder, path: Path | None = None) -> None:
        self._embedder = embedder
        self._path = path
        self._known: dict[str, Vectors] = {}
        if path is not None and path.exists():
            with np.load(path) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        self.fingerprint = embedder.fingerprint
        self.dimensions = embedder.dimensions
        self.max_tokens = embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        """As the embedder counts."""
        return self._embedder.count_tokens(text)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions)."""
        keys = [_key(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if new:
            self._known.update(zip(new, self._embedder.embed_documents(list(new.values())), strict=True))
        return np.array([self._known[key] for key in keys], dtype=np.float32).reshape(len(texts), -1)

    embed_queries = embed_documents

    def save(self) -> None:
        """Write the file, when there is one."""
        if self._path is not None:
            np.savez(self._path, keys=np.array(list(self._known)), vectors=np.array(list(self._known.values())))


class MemoryIndex:
    """What `Retriever` searches: chunks, their views' vectors and BM25, all in memory."""

    def __init__(self, documents: Iterable[Document], embedder: Embedder) -> None:
        self._documents = {document.name: document for document in documents}
        self.questions: list[Question] = []
        chunks: list[Chunk] = []
        for document in self._documents.values():
            found = find_questions(document)
            self.questions += found
            chunks += chunk_document(document, found)
        self._chunks = {chunk.id: chunk for chunk in chunks}
        self._units: dict[str, list[Chunk]] = {}
        for chunk in chunks:
            self._units.setdefault(chunk.unit, []).append(chunk)
        places: dict[str, list[str]] = {}
        for _, members in groupby(chunks, key=lambda chunk: chunk.document):
            own = list(members)
            for chunk, texts in zip(own, views(own, self.questions), strict=True):
                for view, text in texts:
                    places.setdefault(text, []).append(f"{chunk.id}#{view}")
        self._places = list(places.values())
        self._vectors = embedder.embed_documents(list(places))
        self._db = sqlite3.connect(":memory:")
        lexical.create(self._db)
        lexical.add(self._db, chunks)

    @property
    def names(self) -> set[str]:
        """Those of the documents."""
        return set(self._documents)

    @property
    def chunk_count(self) -> int:
        """How many chunks there are."""
        return len(self._chunks)

    def document(self, name: str) -> Document:
        """Raises KeyError."""
        return self._documents[name]

    def chunks(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """Those of `ids` that exist."""
        return {name: self._chunks[name] for name in ids if name in self._chunks}

    def unit(self, unit_id: str) -> list[Chunk]:
        """The chunks of one answer or section, by ordinal."""
        return sorted((c for c in self._units.get(unit_id, ())), key=lambda chunk: chunk.ordinal)

    def dense(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each row (`chunk#view`, cosine), best first."""
        cosines = vectors @ self._vectors.T
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return [
            [(place, float(row[at])) for at in order for place in self._places[at]]
            for row, order in zip(cosines, best, strict=True)
        ]

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        """(chunk id, BM25), best first."""
        return lexical.search(self._db, query, k)

    def lexical_units(self, query: str, k: int) -> list[tuple[str, float]]:
        """(unit, BM25), best first."""
        return lexical.search_units(self._db, query, k)

    def document_frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """In how many chunks each term occurs."""
        return lexical.document_frequencies(self._db, terms)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_folder(root: Path, only: Sequence[str] | None = None) -> list[Document]:
    """The folder's documents, or those with the names in `only`."""
    names = {path: path.relative_to(root).as_posix() for path in list_files(root)}
    return [read_document(path, name) for path, name in names.items() if only is None or name in only]
