"""Fit the evidence gate: `src/mlprep_bot/answering/refusal.json` from the dev split of labelled questions.

    python eval/refusal.py [--cache FILE.npz]     fit weights and floors, write the table
    python eval/refusal.py --errors               list the dev questions that the gate decides wrongly

How good it is on the test split is said by `mlprep eval`. Three document sets count alike, so that the gate is not
fitted to one size of index: the corpus, five of its topics, and the seeds (`../shared/seeds`), which must be there.
`--cache` keeps embeddings between runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from memory_index import MemoryIndex, RememberingEmbedder, read_folder
from numpy.typing import NDArray

from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.answering import evidence
from mlprep_bot.answering.commands import is_command
from mlprep_bot.answering.evidence import SIGNS, Table
from mlprep_bot.evaluation.questions import HeldOut, dev_only, read
from mlprep_bot.knowledge.retrieval import Retriever
from mlprep_bot.ports import Embedder
from mlprep_bot.settings import load_settings

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parent / "corpus"
SEEDS = HERE.parent.parent / "shared" / "seeds"
TABLE = Path(evidence.__file__).with_name("refusal.json")
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)
TOPICS = ("statistics", "deployment", "rag-search", "monitoring", "teams")
# How much a set's questions count in the fit; wrongly answering far-domain questions is the worse mistake.
WEIGHTS = {"answerable": 1.0, "own": 0.4, "near-domain": 0.8, "hard": 0.4, "far-domain": 0.6}
RIDGE = 0.02

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A question, what it is, and what retrieval observed; `own` is a question of the documents or an alias."""

    documents: str
    kind: str
    split: str
    question: str
    values: dict[str, float]


def half(text: str) -> str:
    """A split that no order of files can change."""
    return "dev" if hashlib.sha256(text.encode()).digest()[0] % 2 else "test"


def gather(embedder: RememberingEmbedder) -> list[Row]:
    """The dev questions of every set."""
    if not SEEDS.is_dir():
        raise SystemExit(f"The seed documents are not in {SEEDS}; fitting without them would change the gate.")
    corpus, far, seeds = (read(HERE / "questions" / f"{name}.jsonl") for name in ("corpus", "far", "seeds"))
    few = [path.relative_to(CORPUS).as_posix() for topic in TOPICS for path in sorted((CORPUS / topic).glob("*.md"))]
    rows = []
    for name, root, only, asked in (
        ("corpus", CORPUS, None, [*corpus, *far]),
        ("five topics", CORPUS, few, [*corpus, *far]),
        ("seeds", SEEDS, None, [*seeds, *far]),
    ):
        rows += _of_set(name, MemoryIndex(read_folder(root, only), embedder), asked, embedder)
        embedder.save()
    return rows


def _of_set(documents: str, index: MemoryIndex, asked: Sequence[HeldOut], embedder: Embedder) -> list[Row]:
    """The questions that may be asked of these documents, and the documents' own.

    A question that only other documents answer is left out: these may answer it by the way, which nobody has judged.
    Follow-ups are left out too: alone they ask nothing.
    """
    held = index.names
    fits = [q for q in asked if q.split == "dev" and not q.history and (not q.gold or held & set(q.documents))]
    pairs = [("answerable" if q.gold else q.kind, q.question) for q in fits]
    own = (text for q in index.questions for text in (q.text, *(q.rubric.aliases if q.rubric else ())))
    pairs += [("own", text) for text in dict.fromkeys(own) if half(text) == "dev"]
    retriever = Retriever(index, embedder)
    rows = []
    for kind, question in pairs:
        found = retriever.retrieve(question, budget_chars=load_settings().budget_chars)
        values, words = evidence.observed(question, found)
        rows.append(Row(documents, kind, "dev", question, dict(values) if found.passages and words else {}))
    return rows


def scores(rows: Sequence[Row], table: Table) -> Floats:
    """As `Gate` scores, orders to the assistant and empty searches at minus infinity."""
    return np.array(
        [-np.inf if is_command(row.question) or not row.values else table.score(row.values) for row in rows]
    )


def fit(rows: Sequence[Row]) -> dict[str, Any]:
    """Weights by logistic regression with fixed signs, floors by quantile. Raises TestSplitUsed."""
    dev_only(row.split for row in rows)
    used = [row for row in rows if row.values and row.kind in WEIGHTS]
    names = list(SIGNS)
    raw = np.array([[row.values.get(name, 0.0) for name in names] for row in used])
    answered = np.array([row.kind in {"answerable", "own"} for row in used])
    weight = np.array([WEIGHTS[row.kind] for row in used])
    for documents in {row.documents for row in used}:
        for side in (True, False):
            chosen = (answered == side) & np.array([row.documents == documents for row in used])
            weight[chosen] /= weight[chosen].sum()
    weight /= weight.sum()
    centre, spread = raw.mean(0), raw.std(0) + 1e-9
    slopes, bias = _logistic((raw - centre) / spread, answered, weight, np.array([SIGNS[n] for n in names]))
    weights = {name: round(float(w), 4) for name, w in zip(names, slopes / spread, strict=True)}
    table = Table(weights, round(float(bias - (slopes / spread * centre).sum()), 4), ())
    return {"weights": weights, "bias": table.bias, "floors": _floors(rows, table)}


def _logistic(x: Floats, y: NDArray[np.bool_], weight: Floats, signs: NDArray[np.int_]) -> tuple[Floats, float]:
    """Projected gradient descent: a weight that would take the wrong sign is nought."""
    slopes, bias, rate = np.zeros(x.shape[1]), 0.0, 1.0
    for _ in range(5000):
        error = weight * (1 / (1 + np.exp(-(x @ slopes + bias))) - y)
        slopes = slopes - rate * (x.T @ error + RIDGE * slopes)
        slopes = np.where(slopes * signs > 0, slopes, 0.0)
        bias -= rate * error.sum()
    return slopes, float(bias)


def _floors(rows: Sequence[Row], table: Table) -> dict[str, float]:
    """The score that lets each share of the answerable questions through, every document set counting alike."""
    sets = sorted({row.documents for row in rows})
    answerable = [scores([r for r in rows if r.documents == s and r.kind == "answerable"], table) for s in sets]
    pooled = np.concatenate(answerable)
    order = np.argsort(pooled)
    share = np.concatenate([np.full(len(one), 1 / len(one) / len(answerable)) for one in answerable])[order]
    below = np.cumsum(share) - share
    return {f"{c:.2f}": round(float(pooled[order][np.searchsorted(below, 1 - c)]), 4) for c in COVERAGES}


def summary(rows: Sequence[Row], table: Table, coverage: float) -> None:
    """What share of each kind the gate answers, on dev: for choosing `coverage`, not for telling how good it is."""
    for documents in sorted({row.documents for row in rows}):
        told = []
        for kind in ("answerable", "own", "near-domain", "hard", "far-domain", "injection"):
            found = scores([r for r in rows if (r.documents, r.kind) == (documents, kind)], table)
            if len(found):
                told.append(f"{kind} {np.mean(found >= table.floor(coverage)):.2f} of {len(found)}")
        print(f"{documents}, answered at coverage {coverage}: {', '.join(told)}")


def errors(rows: Sequence[Row], table: Table, coverage: float) -> None:
    """The dev questions decided wrongly, worst first."""
    found = zip(scores(rows, table) - table.floor(coverage), rows, strict=True)
    wrong = [(s, row) for s, row in found if (s >= 0) != (row.kind in {"answerable", "own"})]
    for margin, row in sorted(wrong, key=lambda pair: -abs(pair[0])):
        print(f"{margin:+.2f} {row.documents} {row.kind}: {row.question}")


def main() -> None:
    """Fit, or list errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--coverage", type=float, default=load_settings().coverage)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    rows = gather(RememberingEmbedder(load_embedder(load_settings()), options.cache))
    if options.errors:
        errors(rows, evidence.shipped(), options.coverage)
        return
    TABLE.write_text(json.dumps(fit(rows), indent=1) + "\n", "utf-8")
    evidence.shipped.cache_clear()
    summary(rows, evidence.shipped(), options.coverage)


if __name__ == "__main__":
    main()
