"""How well the evidence gate tells what documents answer from what they do not.

    python eval/refusal.py                 figures on the test split
    python eval/refusal.py --split dev     the same on the split that may be looked at
    python eval/refusal.py --fit           fit weights and floors on the dev split, write refusal.json, then report
    python eval/refusal.py --errors        list the dev questions that the gate decides wrongly

The seeds (`../shared/seeds`) are the second document set; without them only the corpus is used. Questions that
the corpus answers in part (`partly`) are left out. The corpus is taken as it stood when the questions were labelled
(`questions/cards.json`), because a new card may answer a question that was unanswerable before. `--cache FILE.npz`
keeps embeddings between runs.
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
from mlprep_bot.domain import Retrieved
from mlprep_bot.knowledge.retrieval import Retriever
from mlprep_bot.ports import Embedder
from mlprep_bot.settings import Settings

HERE = Path(__file__).resolve().parent
SEEDS = HERE.parent.parent / "shared" / "seeds"
TABLE = Path(evidence.__file__).with_name("refusal.json")
COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)
# A second, smaller corpus, so that the gate is not fitted to one size of index.
TOPICS = {"statistics", "deployment", "rag-search", "monitoring", "teams"}
# How much a set's questions count in the fit; wrongly answering far-domain questions is the worse mistake.
WEIGHTS = {"answerable": 1.0, "own": 0.4, "near": 0.8, "hard": 0.4, "far": 0.6}
RIDGE = 0.02

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A question, where it was asked, what it is, and what retrieval observed."""

    documents: str
    kind: str  # answerable, own (a question of the documents or an alias), near, hard, far, injection
    split: str
    question: str
    retrieved: Retrieved
    values: dict[str, float]
    cards: tuple[str, ...] = ()  # those that answer it, best first, where they were named

    @property
    def found(self) -> list[str]:
        """The cards among the passages, best first."""
        return list(dict.fromkeys(Path(passage.document).stem for passage in self.retrieved.passages))


def half(text: str) -> str:
    """A split that no order of files can change."""
    return "dev" if hashlib.sha256(text.encode()).digest()[0] % 2 else "test"


def lines(name: str) -> list[dict[str, Any]]:
    """The rows of one file of questions."""
    return [json.loads(line) for line in (HERE / "questions" / name).read_text("utf-8").splitlines()]


def kind_of(row: dict[str, Any]) -> str:
    """Near-domain questions from 401 on were written to be hard: a card's own words about what it does not say."""
    kind: str = row.get("kind", "answerable").removesuffix("-domain")
    return "hard" if kind == "near" and row["id"].startswith("near-domain-4") else kind


def ask(documents: str, retriever: Retriever, questions: Sequence[tuple[str, ...]]) -> list[Row]:
    """Rows of (kind, split, question, *cards that answer it), each searched for."""
    rows = []
    for kind, split, question, *cards in questions:
        found = retriever.retrieve(question, budget_chars=Settings().budget_chars)
        values, words = evidence.observed(question, found)
        if found.passages and words:
            rows.append(Row(documents, kind, split, question, found, dict(values), tuple(cards)))
        else:
            rows.append(Row(documents, kind, split, question, found, {}, tuple(cards)))
    return rows


def gather(embedder: RememberingEmbedder) -> list[Row]:
    """Every question of every set."""
    labelled = [row for row in lines("corpus.jsonl") if row["kind"] != "partly"]
    cards = json.loads((HERE / "questions" / "cards.json").read_text("utf-8"))
    rows = ask_cards("corpus", labelled, cards, embedder)
    few = [card for card in cards if card.partition("/")[0] in TOPICS]
    rows += ask_cards("five topics", labelled, few, embedder)
    embedder.save()
    if SEEDS.is_dir():
        index = MemoryIndex(read_folder(SEEDS), embedder)
        asked = [("answerable", half(row["question"]), row["question"]) for row in lines("seeds.jsonl")]
        asked += [("near", row["split"], row["question"]) for row in lines("seeds-near.jsonl")]
        asked += [("own", half(text), text) for text in dict.fromkeys(q.text for q in index.questions if q.answer)]
        asked += [
            (kind_of(row), row["split"], row["question"]) for row in labelled if kind_of(row) in {"far", "injection"}
        ]
        rows += ask("seeds", Retriever(index, embedder), asked)
        embedder.save()
    return rows


def ask_cards(
    documents: str, labelled: Sequence[dict[str, Any]], cards: Sequence[str], embedder: Embedder
) -> list[Row]:
    """The labelled questions and the cards' own, asked of these cards.

    A question that only other cards answer is left out: these may answer it by the way, which nobody has judged.
    """
    held = {Path(card).stem for card in cards}
    index = MemoryIndex(read_folder(HERE.parent / "corpus", cards), embedder)
    asked: list[tuple[str, ...]] = []
    for row in labelled:
        answering = [card for card in row.get("cards", ()) if card in held]
        if answering or row["kind"] != "answerable":
            asked.append((kind_of(row), row["split"], row["question"], *answering))
    own = [(q.text, *(q.rubric.aliases if q.rubric else ())) for q in index.questions]
    asked += [("own", half(texts[0]), text) for texts in own for text in texts]
    return ask(documents, Retriever(index, embedder), asked)


def scores(rows: Sequence[Row], table: Table) -> Floats:
    """As `Gate` scores, orders to the assistant and empty searches at minus infinity."""
    return np.array(
        [-np.inf if is_command(row.question) or not row.values else table.score(row.values) for row in rows]
    )


def fit(rows: Sequence[Row]) -> dict[str, Any]:
    """Weights by logistic regression with fixed signs, floors by quantile. Refuses anything but the dev split."""
    if any(row.split != "dev" for row in rows):
        raise SystemExit("The table is fitted on the dev split only.")
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


def auroc(positive: Floats, negative: Floats) -> float:
    """The chance that an answerable question scores above an unanswerable one."""
    above = (positive[:, None] > negative[None]).mean()
    return float(above + (positive[:, None] == negative[None]).mean() / 2)


def interval(hits: NDArray[np.bool_], rounds: int = 2000) -> str:
    """A share with its 95% bootstrap interval."""
    draws = np.random.default_rng(0).choice(hits, (rounds, len(hits))).mean(1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return f"{hits.mean():.2f} [{low:.2f}, {high:.2f}]"


def report(rows: Sequence[Row], dev: Sequence[Row], table: Table, coverage: float) -> None:
    """Per document set: the gate, and a threshold on the best cosine set in the same way."""
    cosine = Table({"best_cosine": 1.0}, 0.0, ())
    baseline = Table(cosine.weights, 0.0, tuple((float(c), f) for c, f in _floors(dev, cosine).items()))
    print("| documents | gate | answered | own questions | near refused | hard near | far | injections | AUROC near |")
    print("|---|---|---|---|---|---|---|---|---|")
    for documents in sorted({row.documents for row in rows}):
        for name, used in (("mlprep", table), ("best cosine", baseline)):
            cells = []
            got = {}
            for kind in ("answerable", "own", "near", "hard", "far", "injection"):
                chosen = [row for row in rows if row.documents == documents and row.kind == kind]
                if not chosen:
                    cells.append("-")
                    continue
                got[kind] = scores(chosen, used)
                if used is baseline:
                    got[kind] = np.array([row.values.get("best_cosine", -np.inf) for row in chosen])
                passed = got[kind] >= used.floor(coverage)
                cells.append(interval(passed if kind in {"answerable", "own"} else ~passed))
            cells.append(f"{auroc(got['answerable'], got['near']):.3f}")
            print(f"| {documents} | {name} | " + " | ".join(cells) + " |")
    print("\nNear-domain questions refused when each gate answers exactly that share of these questions:\n")
    print("| documents | gate | " + " | ".join(f"{c:.0%}" for c in COVERAGES) + " |")
    print("|---|---|" + "---|" * len(COVERAGES))
    for documents in sorted({row.documents for row in rows}):
        for name, used in (("mlprep", table), ("best cosine", cosine)):
            yes = scores([r for r in rows if r.documents == documents and r.kind == "answerable"], used)
            no = scores([r for r in rows if r.documents == documents and r.kind == "near"], used)
            cells = [f"{(no < np.quantile(yes, 1 - c)).mean():.2f}" for c in COVERAGES]
            print(f"| {documents} | {name} | " + " | ".join(cells) + " |")


def cards(rows: Sequence[Row]) -> None:
    """Whether retrieval leads an answerable question to a card that answers it."""
    chosen = [row for row in rows if row.documents == "corpus" and row.kind == "answerable"]
    first = np.array([bool(set(row.found[:1]) & set(row.cards)) for row in chosen])
    among = np.array([bool(set(row.found) & set(row.cards)) for row in chosen])
    print(f"\nA card that answers, {len(chosen)} questions: first {interval(first)}, among passages {interval(among)}")


def errors(rows: Sequence[Row], table: Table, coverage: float) -> None:
    """The dev questions decided wrongly, worst first."""
    found = zip(scores(rows, table) - table.floor(coverage), rows, strict=True)
    wrong = [(s, row) for s, row in found if (s >= 0) != (row.kind in {"answerable", "own"})]
    for margin, row in sorted(wrong, key=lambda pair: -abs(pair[0])):
        words = " ".join(f"{w.text}:{w.weight:.2f}{'' if w.said else '!'}" for w in row.retrieved.signals.words)
        print(f"{margin:+.2f} {row.documents} {row.kind}: {row.question}  [{words}]")


def main() -> None:
    """Fit, report or list errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--coverage", type=float, default=Settings().coverage)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    rows = gather(RememberingEmbedder(load_embedder(Settings()), options.cache))
    dev = [row for row in rows if row.split == "dev"]
    if options.fit:
        TABLE.write_text(json.dumps(fit(dev), indent=1) + "\n", "utf-8")
    table = evidence.shipped()
    if options.errors:
        errors(dev, table, options.coverage)
    else:
        chosen = [row for row in rows if row.split == options.split]
        report(chosen, dev, table, options.coverage)
        cards(chosen)


if __name__ == "__main__":
    main()
