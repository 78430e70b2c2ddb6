"""The shipped fake of the vector index: exact, in numpy, one file. The oracle for Chroma's recall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mlprep_bot.ports import Vectors


class ExactStore:
    """Keeps each index as `vectors.npz` in its folder, written when the index is closed."""

    in_folder = True

    def open(self, folder: Path, collection: str) -> ExactIndex:  # noqa: ARG002  one index a folder
        """The index in `folder`, made when it is not there."""
        return ExactIndex(folder / "vectors.npz")


class ExactIndex:
    """Compares a query with every vector."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, Vectors] = {}
        self._changed = not path.exists()
        if path.exists():
            with np.load(path) as stored:
                self._rows = dict(zip(map(str, stored["ids"]), stored["vectors"], strict=True))

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Add or replace."""
        self._rows.update(zip(ids, np.asarray(vectors, dtype=np.float32), strict=True))
        self._changed = True

    def delete(self, ids: Sequence[str]) -> None:
        """Unknown ids are ignored."""
        for name in ids:
            self._rows.pop(name, None)
        self._changed = True

    def query(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:
        """The `k` nearest of each row by cosine, best first, ties by id."""
        if not self._rows or len(vectors) == 0:
            return [[] for _ in vectors]
        names = sorted(self._rows)
        cosines = np.asarray(vectors, dtype=np.float32) @ self.vectors(names).T
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return [[(names[at], float(row[at])) for at in order] for row, order in zip(cosines, best, strict=True)]

    def vectors(self, ids: Sequence[str]) -> Vectors:
        """The stored vectors, in the order of `ids`. Raises KeyError for an unknown id."""
        return np.array([self._rows[name] for name in ids], dtype=np.float32)

    def ids(self) -> set[str]:
        """All ids."""
        return set(self._rows)

    def count(self) -> int:
        """How many vectors there are."""
        return len(self._rows)

    def close(self) -> None:
        """Write the file when something changed."""
        if self._changed:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            names = sorted(self._rows)
            np.savez(self._path, ids=np.array(names, dtype=str), vectors=self.vectors(names))
