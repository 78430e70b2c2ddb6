"""Retrieval in figures: is the sentence that answers inside what is retrieved, and which parts earn their place.

    python eval/retrieval.py DOCUMENTS [--questions FILE]

DOCUMENTS is the folder that the questions are about. A question is a hit when its gold sentence, white space
normalised, is inside one of the passages whose texts add up to at most 2,000, 4,000 or 8,000 characters.
Odd questions are the development split (what was tuned on), even ones the test split. Intervals are 95%
percentile bootstraps over questions.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlprep_bot.adapters.chroma import ChromaStore
from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.knowledge import fusion
from mlprep_bot.knowledge.generations import Generation
from mlprep_bot.knowledge.ingest import ingest, open_generation
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.retrieval import Retriever
from mlprep_bot.ports import Embedder, Vectors
from mlprep_bot.settings import Settings

BUDGETS = (2000, 4000, 8000)
HERE = Path(__file__).resolve().parent


class DenseOnly:
    """A generation whose lexical index is silent."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def __getattr__(self, name: str) -> object:
        return getattr(self._generation, name)

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]:  # noqa: ARG002
        return []

    lexical_units = lexical


class LexicalOnly(DenseOnly):
    """A generation whose vectors are silent."""

    def dense(self, vectors: Vectors, k: int) -> list[list[tuple[str, float]]]:  # noqa: ARG002
        return [[] for _ in vectors]

    def lexical(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._generation.lexical(query, k)

    def lexical_units(self, query: str, k: int) -> list[tuple[str, float]]:
        return self._generation.lexical_units(query, k)


def indexed(folder: Path, data: Path, embedder: Embedder) -> Generation:
    """Index a folder into `data` and open what was published."""
    with Library(data, store=ChromaStore()) as library:
        ingest(library, [folder], embedder)
        return open_generation(library, embedder)


def hits(retriever: Retriever, questions: Sequence[dict[str, str]]) -> NDArray[np.bool_]:
    """Shape (questions, budgets)."""
    rows = []
    for question in questions:
        gold = " ".join(question["gold"].split())
        found = retriever.find(question["question"])
        kept = [retriever.passages(found, budget) for budget in BUDGETS]
        rows.append([any(gold in " ".join(p.text.split()) for p in passages) for passages in kept])
    return np.array(rows)


def interval(values: NDArray[np.float64]) -> str:
    """`0.87 [0.82, 0.91]`."""
    drawn = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return f"{values.mean():.3f} [{low:.2f}, {high:.2f}]"


def without(**constants: float) -> Callable[[], None]:
    """Set constants of the fusion; returns what sets them back."""
    before = {name: getattr(fusion, name) for name in constants}
    for name, value in constants.items():
        setattr(fusion, name, value)
    return lambda: [setattr(fusion, name, value) for name, value in before.items()] and None


def seeds_table(generation: Generation, embedder: Embedder, questions: Sequence[dict[str, str]]) -> None:
    """As shipped by split, then what each part is worth."""
    odd = np.array([int(question["id"][1:]) % 2 == 1 for question in questions])
    shipped = hits(Retriever(generation, embedder), questions).astype(float)
    print(f"{'':34}" + "".join(f"{'hit@' + str(budget):>22}" for budget in BUDGETS))
    for name, rows in (
        ("as shipped, dev", shipped[odd]),
        ("as shipped, test", shipped[~odd]),
        ("as shipped, all", shipped),
    ):
        print(f"{name:34}" + "".join(f"{interval(column):>22}" for column in rows.T), flush=True)
    ablations: list[tuple[str, object, dict[str, float]]] = [
        ("dense only", DenseOnly(generation), {}),
        ("lexical only", LexicalOnly(generation), {}),
        ("without blocks", generation, {"BLOCK": 0.0}),
        ("without neighbours", generation, {"NEIGHBOUR": 0.0, "WORDS_BESIDE": 0.0}),
        ("without the unit's words", generation, {"WORDS_OF_UNIT": 0.0}),
        (
            "sentences alone, fused",
            generation,
            dict.fromkeys(("BLOCK", "NEIGHBOUR", "WORDS_BESIDE", "WORDS_OF_UNIT"), 0.0),
        ),
        ("rank constant 60, equal weights", generation, {"CHUNK_RANK_CONSTANT": 60, "LEXICAL_WEIGHT": 1.0}),
    ]
    for name, source, constants in ablations:
        reset = without(**constants)
        rows = hits(Retriever(source, embedder), questions).astype(float)
        reset()
        print(f"{name:34}" + "".join(f"{interval(column):>22}" for column in rows.T), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path)
    parser.add_argument("--questions", type=Path, default=HERE / "questions" / "seeds.jsonl")
    given = parser.parse_args()
    embedder = load_embedder(Settings())
    questions = [json.loads(line) for line in given.questions.read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as data:
        generation = indexed(given.documents, Path(data), embedder)
        seeds_table(generation, embedder, questions)
        generation.close()


if __name__ == "__main__":
    main()
