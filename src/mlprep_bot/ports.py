"""The three seams of mlprep. Each has a real adapter and a shipped, documented fake in `adapters/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Text to unit vectors. Deterministic for a given `fingerprint`."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors would: model name, weights, prefixes, dimensions."""

    @property
    def dimensions(self) -> int: ...

    @property
    def max_tokens(self) -> int:
        """What lies beyond this many tokens of a text is never seen by the model."""

    def count_tokens(self, text: str) -> int: ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), rows of L2 norm 1. Raises EmbedderError."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `embed_documents`, with the model's query prefix where it has one."""


@dataclass(frozen=True, slots=True)
class Message:
    role: str  # "system", "user" or "assistant"
    content: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a chat model's stream. The last one has `done` and, when the server tells, its counts."""

    text: str
    done: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class ChatModel(Protocol):
    """A language model behind an address. Temperature 0."""

    @property
    def name(self) -> str:
        """For the reader, e.g. `ollama:llama3.2:3b`."""

    @property
    def context_window(self) -> int:
        """Tokens for prompt and answer together, as really requested from the server."""

    def count_tokens(self, text: str) -> int:
        """An upper estimate where the server's tokenizer is not at hand."""

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Iterator[Delta]:
        """Yield deltas, the last with `done=True`; a stream that ends otherwise raises StreamBroken.

        `schema` is a JSON schema that the text shall follow. It is a wish: not every server or model can be held
        to it, so the messages ask for it too and whoever reads the text checks it.
        Closing the iterator closes the connection. Raises the subclasses of WriterError.
        """


class VectorIndex(Protocol):
    """Ids and unit vectors, by cosine."""

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None: ...

    def delete(self, ids: Sequence[str]) -> None: ...

    def query(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """For each row the up to `k` nearest ids with their cosine, best first."""

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The stored vectors, in the order of `ids`. Raises KeyError for an unknown id."""

    def ids(self) -> set[str]: ...

    def count(self) -> int: ...

    def close(self) -> None: ...


class VectorStore(Protocol):
    """Where vector indexes live: each in a folder of its own, or all on one server."""

    @property
    def in_folder(self) -> bool:
        """True when copying the folder copies the index, False when a server keeps it."""

    def open(self, folder: Path, collection: str) -> VectorIndex:
        """The index of that name, made when it is not there. Raises LibraryError."""
