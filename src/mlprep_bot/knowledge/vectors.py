"""The embedding cache: the vector of every text, so that nothing is ever embedded twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mlprep_bot.knowledge.database import Database
from mlprep_bot.ports import Vectors

IN_CLAUSE = 500  # values in one IN (...), below SQLite's oldest limit of 999
_NORM_SLACK = 1e-2


class EmbeddingCache:
    """The part of a library that keeps vectors, by embedder and by the sum of the text."""

    @property
    def db(self) -> Database:
        """The open database."""
        raise NotImplementedError

    def keys(self) -> set[str]:
        """Names of all texts that must have a vector."""
        return {key for (key,) in self.db.rows("SELECT DISTINCT key FROM views")}

    def to_embed(self, fingerprint: str) -> list[tuple[str, str]]:
        """(key, text) of what has no vector by this embedder yet, shortest first so that batches waste no padding."""
        return [
            (key, text)
            for key, text in self.db.rows(
                "SELECT v.key, MIN(v.text) FROM views v LEFT JOIN embeddings e ON e.fingerprint = ? AND e.key = v.key"
                " WHERE e.id IS NULL GROUP BY v.key ORDER BY LENGTH(v.text), v.key",
                (fingerprint,),
            )
        ]

    def save_vectors(self, fingerprint: str, keys: Sequence[str], vectors: Vectors) -> None:
        """Keep the vectors of one batch."""
        self.db.many(
            "INSERT OR REPLACE INTO embeddings (fingerprint, key, vector) VALUES (?, ?, ?)",
            [
                (fingerprint, key, row.astype("<f4").tobytes())
                for key, row in zip(keys, np.asarray(vectors, dtype=np.float32), strict=True)
            ],
        )

    def vectors(self, fingerprint: str, keys: Sequence[str], dimensions: int) -> Vectors:
        """Shape (len(keys), dimensions), in that order. Raises KeyError for a text that was not embedded."""
        found: dict[str, Vectors] = {}
        for block in blocks(keys, IN_CLAUSE):
            marks = ",".join("?" * len(block))
            for key, blob in self.db.rows(
                f"SELECT key, vector FROM embeddings WHERE fingerprint = ? AND key IN ({marks})", (fingerprint, *block)
            ):
                found[key] = np.frombuffer(blob, dtype="<f4").astype(np.float32)
        rows = [found[key] for key in keys]
        return np.array(rows, dtype=np.float32).reshape(len(rows), dimensions)

    def broken(self, fingerprint: str, keys: Sequence[str], dimensions: int) -> list[str]:
        """Those of `keys` whose stored vector has the wrong size or not the length 1."""
        found = []
        for block in blocks(keys, IN_CLAUSE):
            marks = ",".join("?" * len(block))
            for key, blob in self.db.rows(
                f"SELECT key, vector FROM embeddings WHERE fingerprint = ? AND key IN ({marks})", (fingerprint, *block)
            ):
                if len(blob) != 4 * dimensions or not unit_rows(np.frombuffer(blob, dtype="<f4")[None]).all():
                    found.append(key)
        return found

    def drop_vectors(self, fingerprint: str, keys: Iterable[str]) -> None:
        """Forget vectors, to be embedded again."""
        self.db.many("DELETE FROM embeddings WHERE fingerprint = ? AND key = ?", [(fingerprint, key) for key in keys])

    def trim_cache(self, fingerprint: str, spare: int) -> None:
        """Keep what is in use and the `spare` newest other vectors, for files that come back or were moved."""
        self.db.rows(
            "DELETE FROM embeddings WHERE id IN (SELECT e.id FROM embeddings e WHERE NOT (e.fingerprint = ? AND"
            " EXISTS (SELECT 1 FROM views v WHERE v.key = e.key)) ORDER BY e.id DESC LIMIT -1 OFFSET ?)",
            (fingerprint, spare),
        )


def unit_rows(vectors: Vectors) -> NDArray[np.bool_]:
    """For each row whether it is a vector of length 1; NaN and infinity are not."""
    norms = np.linalg.norm(vectors, axis=1)
    whole: NDArray[np.bool_] = np.isfinite(norms) & (np.abs(norms - 1.0) < _NORM_SLACK)
    return whole


def blocks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Consecutive slices of at most `size`."""
    for at in range(0, len(items), size):
        yield items[at : at + size]
