"""The support check, calibrated on dev and measured on test.

    python eval/support.py calibrate    fit the weights on dev, by card, and write src/mlprep_bot/answering/support.json
    python eval/support.py report       precision, recall and F1 by kind on test, with intervals over cards

Calibration never opens the test file.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.answering.support import Support, SupportChecker, Weights, calibrated
from mlprep_bot.domain import Passage, Ranking
from mlprep_bot.settings import Settings

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "src" / "mlprep_bot" / "answering" / "support.json"
# A weight may only have the sign that its feature means, whatever a small sample suggests.
FOR = ("similarity", "coverage", "soft_coverage", "pairs")
AGAINST = (
    "number_missing", "number_elsewhere", "negation", "negation_count", "opposite", "contrast",
    "name_missing", "new_unlike", "foreign_known", "exchange", "exchanged_terms", "repaired", "turn",
    "lost", "strangers", "reversed", "reversed_verb", "reason_flip", "misbound", "copy_edited",
    "copy_strict", "copy_negated", "modifier", "binding",
)  # fmt: skip
NAMES = FOR + AGAINST
ROUNDS = 2  # the weights choose the window, and the windows the weights
PENALTY = 0.25  # of squared weights
NEAR_TIE = 0.005  # of mean F1: such thresholds are equally good
DRAWS = 2000
Row = dict[str, Any]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Rows that are not word-for-word quotations, as numbers: features, labels, cards, sample weights."""

    rows: list[Row]
    features: Array
    labels: NDArray[np.bool_]
    cards: list[str]
    weights: Array
    quoted: int  # true rows that the quotation rule decides


def load(split: str) -> list[Row]:
    """The rows of `dev` or `test`."""
    path = HERE / "support" / f"{split}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def passage(row: Row) -> Passage:
    """The row's evidence as retrieval would hand it over."""
    ranking = Ranking(1, 1, None, None, 1.0)
    return Passage(1, row["passage"], row["document"], row["start"], row["end"], "", row["question"], 1.0, (), ranking)


def check(checker: SupportChecker, rows: Sequence[Row]) -> list[Support]:
    """The verdict on every row."""
    return [checker.check(row["sentence"], [passage(row)]) for row in rows]


def data(checker: SupportChecker, rows: list[Row]) -> Data:
    """Compare every row; free paraphrases weigh more than edited copies, since that is what models write."""
    found = [(r, s) for r, s in zip(rows, check(checker, rows), strict=True) if "quoted" not in s.features]
    weights = [2.0 if r["label"] else 0.6 if r["base"] not in ("paraphrase", "light") else 1.0 for r, _ in found]
    return Data(
        [r for r, _ in found],
        np.array([[s.features[name] for name in NAMES] for _, s in found]),
        np.array([bool(r["label"]) for r, _ in found]),
        [r["card"] for r, _ in found],
        np.array(weights),
        len(rows) - len(found),
    )


def fit(features: Array, labels: NDArray[np.bool_], weights: Array) -> Array:
    """Logistic regression with the signs of FOR and AGAINST; the last number is the bias."""
    from scipy.optimize import minimize

    x = np.column_stack([features, np.ones(len(features))])
    sign = np.where(labels, 1.0, -1.0)

    def loss(b: Array) -> tuple[float, Array]:
        z = sign * (x @ b)
        gradient = -(weights * sign / (1 + np.exp(z))) @ x
        value = float((weights * np.logaddexp(0, -z)).sum() + PENALTY * (b[:-1] ** 2).sum())
        return value, gradient + 2 * PENALTY * np.append(b[:-1], 0.0)

    bounds = [(0, None)] * len(FOR) + [(None, 0)] * len(AGAINST) + [(None, None)]
    return np.asarray(minimize(loss, np.zeros(len(NAMES) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x)


def probabilities(features: Array, solution: Array) -> Array:
    """What `fit` found, applied."""
    return np.asarray(1 / (1 + np.exp(-(features @ solution[:-1] + solution[-1]))))


def held_out(d: Data) -> Array:
    """Each row's probability by weights that were fitted without its card."""
    found = np.zeros(len(d.rows))
    cards = np.array(d.cards)
    for card in sorted(set(d.cards)):
        rest = cards != card
        found[~rest] = probabilities(d.features[~rest], fit(d.features[rest], d.labels[rest], d.weights[rest]))
    return found


def quality(d: Data, said: NDArray[np.bool_]) -> float:
    """What the threshold is chosen by: the mean F1 over the kinds of falsehood, as `measures` gives it."""
    quoted: list[Row] = [{"label": True, "kind": "verbatim"}] * d.quoted
    found = measures([*d.rows, *quoted], [*said.tolist(), *[True] * d.quoted])
    return float(np.mean([f for kind, (_, _, f) in found.items() if kind not in ("all unsupported", "supported")]))


def calibrate() -> None:
    """Fit on dev and write the table that is shipped."""
    embedder = load_embedder(Settings())
    weights = calibrated()
    rows = load("dev")
    for _ in range(ROUNDS):
        d = data(SupportChecker(embedder, weights), rows)
        solution = fit(d.features, d.labels, d.weights)
        scores = held_out(d)
        grid = np.arange(0.40, 0.71, 0.01)
        # The curve is flat: the middle of what is equally good depends least on single sentences.
        best = max(quality(d, scores >= t) for t in grid)
        threshold = float(np.median([t for t in grid if quality(d, scores >= t) >= best - NEAR_TIE]))
        named = {name: round(float(w), 3) for name, w in zip(NAMES, solution[:-1], strict=True)}
        weights = Weights(named, round(float(solution[-1]), 3), round(threshold, 2))
    table = {
        "made_by": "python eval/support.py calibrate",
        "from": f"eval/support/dev.jsonl: {len(rows)} rows, {len(set(d.cards))} cards",
        "weights": dict(weights.weights),
        "bias": weights.bias,
        "threshold": weights.threshold,
    }
    TABLE.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    print(f"threshold {weights.threshold}, mean F1 over the kinds, on held-out dev cards, {best:.3f}")


def f1(hits: float, said: float, real: float) -> float:
    """The harmonic mean of hits / said and hits / real."""
    return 2 * hits / max(1e-9, said + real)


def measures(rows: Sequence[Row], said: Sequence[bool]) -> dict[str, tuple[float, float, float]]:
    """(precision, recall, F1) of finding what is unsupported by kind, of that overall, and of "supported".

    A kind's precision is at even odds: as many false sentences of that kind as true ones.
    """
    caught: dict[str, list[bool]] = defaultdict(list)
    for row, ok in zip(rows, said, strict=True):
        caught["true" if row["label"] else row["kind"]].append(not ok)
    alarm = float(np.mean(caught["true"]))
    found: dict[str, tuple[float, float, float]] = {}
    for kind in sorted(set(caught) - {"true"}):
        recall = float(np.mean(caught[kind]))
        found[kind] = (recall / max(1e-9, recall + alarm), recall, f1(recall, recall + alarm, 1.0))
    false = [x for kind, values in caught.items() if kind != "true" for x in values]
    hits, flagged = sum(false), sum(false) + sum(caught["true"])
    found["all unsupported"] = (hits / max(1, flagged), hits / len(false), f1(hits, flagged, len(false)))
    right, passed = len(caught["true"]) - sum(caught["true"]), len(rows) - flagged
    found["supported"] = (right / max(1, passed), right / len(caught["true"]), f1(right, passed, len(caught["true"])))
    return found


def report(split: str = "test") -> dict[str, tuple[float, float, float]]:
    """Print the table in Markdown and return its figures."""
    rows = load(split)
    said = [s.supported for s in check(SupportChecker(load_embedder(Settings())), rows)]
    found = measures(rows, said)
    intervals = bootstrap(rows, said)
    print(f"{split}: {len(rows)} rows of {len({r['card'] for r in rows})} cards\n")
    print("| kind | rows | precision | recall | F1 | 95% interval of F1 |\n|---|---|---|---|---|---|")
    counts = defaultdict(int, {k: sum(r["kind"] == k for r in rows) for k in found})
    counts["all unsupported"] = sum(not r["label"] for r in rows)
    counts["supported"] = sum(r["label"] for r in rows)
    for kind, (p, r, f) in found.items():
        low, high = intervals[kind]
        print(f"| {kind} | {counts[kind]} | {p:.2f} | {r:.2f} | {f:.2f} | {low:.2f}-{high:.2f} |")
    for base in ("card", "light", "paraphrase"):
        ok = [s for r, s in zip(rows, said, strict=True) if r["label"] and r["base"] == base]
        print(f"\ntrue, {base}: {sum(ok)} of {len(ok)} supported")
    return found


def bootstrap(rows: Sequence[Row], said: Sequence[bool]) -> dict[str, tuple[float, float]]:
    """95% intervals of F1, cards drawn with replacement."""
    by_card: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        by_card[row["card"]].append(i)
    cards = sorted(by_card)
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = defaultdict(list)
    for _ in range(DRAWS):
        chosen = [i for c in rng.integers(0, len(cards), len(cards)) for i in by_card[cards[c]]]
        for kind, (_, _, f) in measures([rows[i] for i in chosen], [said[i] for i in chosen]).items():
            drawn[kind].append(f)
    return {kind: (float(np.quantile(v, 0.025)), float(np.quantile(v, 0.975))) for kind, v in drawn.items()}


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "calibrate":
        calibrate()
    elif command == "report":
        report(*sys.argv[2:3])
    else:
        raise SystemExit(__doc__)
