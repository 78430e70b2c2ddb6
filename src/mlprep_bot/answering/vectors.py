"""Vectors of the sentences and words that the checks compare again and again, remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from mlprep_bot.ports import Embedder, Vectors

_CAPACITY = 20_000  # texts; 384 floats each, so about 30 MB


class VectorMemory:
    """An embedder that forgets the texts used longest ago. Thread-safe."""

    def __init__(self, embedder: Embedder, capacity: int = _CAPACITY) -> None:
        self.embedder = embedder
        self._capacity = capacity
        self._vectors: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of `texts`, shape (len(texts), dimensions)."""
        with self._lock:
            fresh = [text for text in dict.fromkeys(texts) if text not in self._vectors]
            if fresh:
                for text, vector in zip(fresh, self.embedder.embed_documents(fresh), strict=True):
                    self._vectors[text] = vector
            for text in texts:
                self._vectors.move_to_end(text)
            found = [self._vectors[text] for text in texts]
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)
        return np.stack(found) if found else np.zeros((0, self.embedder.dimensions), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question, shape (dimensions,)."""
        return np.asarray(self.embedder.embed_queries([text])[0], dtype=np.float32)

    def similarities(self, left: Sequence[str], right: Sequence[str]) -> Vectors:
        """Cosines, shape (len(left), len(right))."""
        return np.asarray(self.embed(left) @ self.embed(right).T, dtype=np.float32)
