"""An embedder that takes the vectors of indexed texts from the index instead of computing them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from mlprep_bot.ports import Embedder, Vectors


class Index(Protocol):
    """`generations.Generation`."""

    def embedded(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vector, shape (dimensions,), of each of `texts` that was embedded for the index."""


class RecallingEmbedder:
    """As `embedder`; `index` gives what is served now, None while nothing is.

    Most sentences of a passage are chunks, which the index knows.
    """

    def __init__(self, embedder: Embedder, index: Callable[[], Index | None]) -> None:
        self._embedder = embedder
        self._index = index

    @property
    def fingerprint(self) -> str:
        """The embedder's."""
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """The embedder's."""
        return self._embedder.dimensions

    @property
    def max_tokens(self) -> int:
        """The embedder's."""
        return self._embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        """As the embedder counts."""
        return self._embedder.count_tokens(text)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As the embedder does: the index holds documents."""
        return self._embedder.embed_queries(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), rows of L2 norm 1. Raises EmbedderError, LibraryError."""
        index = self._index()
        found = index.embedded(texts) if index else {}
        fresh = [text for text in dict.fromkeys(texts) if text not in found]
        found |= dict(zip(fresh, self._embedder.embed_documents(fresh), strict=True))
        return np.array([found[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dimensions)
