"""Chroma as the vector index: a folder of ours, or a server by URL. Always cosine, never its own embeddings."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from mlprep_bot.errors import LibraryDamaged, LibraryError, SettingsError
from mlprep_bot.ports import Vectors

if TYPE_CHECKING:
    from types import ModuleType

# Measured on 52,760 vectors of random words, the worst case for a graph: recall of the 50 nearest is 0.95 at
# ef_search 400 (3 ms a query), 0.99 at 800 (5 ms) and 1.00 at 1,500 (8 ms). Embedded prose is far easier.
HNSW = {"space": "cosine", "ef_construction": 200, "ef_search": 1_000, "max_neighbors": 32}


class ChromaStore:
    """Indexes in folders, or, with a `url` (`http://127.0.0.1:8000`), as collections of a Chroma server."""

    def __init__(self, url: str = "") -> None:
        self._url = url

    @property
    def in_folder(self) -> bool:
        return not self._url

    def open(self, folder: Path, collection: str) -> ChromaIndex:
        """The collection in `folder`, or on the server. Raises LibraryError, SettingsError."""
        chromadb = _import_chromadb()
        if self.in_folder:
            with _mapped():
                client = chromadb.PersistentClient(path=str(folder), settings=_client_settings())
        else:
            client = self._server(chromadb)
        return ChromaIndex(client, collection)

    def _server(self, chromadb: ModuleType) -> Any:
        parts = urlsplit(self._url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(f"chroma_url is {self._url!r}.", "It must look like http://127.0.0.1:8000.")
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 8000)
        try:
            with _no_proxy_for(parts.hostname):
                return chromadb.HttpClient(host=parts.hostname, port=port, ssl=secure, settings=_client_settings())
        except Exception as error:  # the client raises ValueError, httpx and its own errors alike
            raise LibraryError(
                f"No Chroma server answers at {self._url} ({error}).",
                "Start it (chroma run --host 127.0.0.1 --port 8000), or unset MLPREP_CHROMA_URL.",
            ) from error


class ChromaIndex:
    """One cosine collection. Safe to query from several threads; written by one."""

    def __init__(self, client: Any, collection: str) -> None:
        self._client = client
        with _mapped():
            self._batch = int(client.get_max_batch_size())
            self._collection = client.get_or_create_collection(
                collection, embedding_function=None, configuration={"hnsw": HNSW}
            )
        space = (self._collection.configuration_json.get("hnsw") or {}).get("space")
        if space != "cosine":  # get_or_create ignores a different configuration of what exists
            raise LibraryError(f"The Chroma collection {collection} measures {space}, not cosine.", "Delete it.")

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Ids must be distinct; `vectors` has the shape (len(ids), dimensions) and no NaN."""
        for at in range(0, len(ids), self._batch):
            block = np.ascontiguousarray(vectors[at : at + self._batch], dtype=np.float32)
            with _mapped():
                self._collection.upsert(ids=list(ids[at : at + self._batch]), embeddings=block)

    def delete(self, ids: Sequence[str]) -> None:
        """Unknown ids are ignored."""
        for at in range(0, len(ids), self._batch):
            with _mapped():
                self._collection.delete(ids=list(ids[at : at + self._batch]))

    def query(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each row the up to `k` nearest ids with their cosine, best first."""
        k = min(k, self.count())
        if k < 1 or len(vectors) == 0:
            return [[] for _ in vectors]
        asked = np.ascontiguousarray(vectors, dtype=np.float32)
        with _mapped():
            found = self._collection.query(query_embeddings=asked, n_results=k, include=["distances"])
        return [
            [(str(name), 1.0 - float(distance)) for name, distance in zip(names, distances, strict=True)]
            for names, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The stored vectors, in the order of `ids`. Raises KeyError for an unknown id."""
        rows: dict[str, Any] = {}
        wanted = list(dict.fromkeys(ids))
        for at in range(0, len(wanted), self._batch):
            with _mapped():
                found = self._collection.get(ids=wanted[at : at + self._batch], include=["embeddings"])
            rows.update(zip(found["ids"], found["embeddings"], strict=True))
        return np.array([rows[name] for name in ids], dtype=np.float32)

    def ids(self) -> set[str]:
        """All ids."""
        with _mapped():
            return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """How many vectors there are."""
        with _mapped():
            return int(self._collection.count())

    def close(self) -> None:
        """Give up the files. The index cannot be used afterwards."""
        self._client.close()


@contextmanager
def _mapped() -> Iterator[None]:
    """Chroma's errors, and those of the connection to its server, as ours."""
    import httpx
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        raise LibraryDamaged(f"Chroma cannot use its index: {error}.", "Run: mlprep index") from error
    except httpx.HTTPError as error:
        raise LibraryError(f"The Chroma server does not answer: {error}.", "Start it again.") from error


def _client_settings() -> Any:
    from chromadb.config import Settings

    return Settings(_env_file=None, anonymized_telemetry=False, allow_reset=False)


_import_lock = Lock()


def _import_chromadb() -> ModuleType:
    """Import chromadb so that it does not read a `.env` of the current folder, which may be a stranger's."""
    with _import_lock, _away_from_dotenv():
        import chromadb

    module: ModuleType = chromadb
    return module


@contextmanager
def _away_from_dotenv() -> Iterator[None]:
    """The module reads `.env` while it is imported; there is no switch for that, only another folder."""
    if "chromadb" in sys.modules or not Path(".env").exists():
        yield
        return
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        try:
            yield
        finally:
            os.chdir(here)


@contextmanager
def _no_proxy_for(host: str) -> Iterator[None]:
    """httpx inside the client obeys HTTP_PROXY even for loopback; name the host as an exception while it is made."""
    before = {name: os.environ.get(name) for name in ("NO_PROXY", "no_proxy")}
    known = ",".join(filter(None, (*before.values(), host)))
    os.environ.update(NO_PROXY=known, no_proxy=known)
    try:
        yield
    finally:
        for name, value in before.items():
            with suppress(KeyError):
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
