"""The support check, calibrated on dev.

    python eval/support.py calibrate    fit the weights on dev, by card, and write src/mlprep_bot/answering/support.json

How good it is on the test cards is said by `mlprep eval --section support`; calibration never opens their file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.answering.support import Support, SupportChecker, Weights, calibrated
from mlprep_bot.evaluation.data import support_rows
from mlprep_bot.evaluation.metrics import f1_even
from mlprep_bot.evaluation.questions import dev_only
from mlprep_bot.evaluation.support import Row, passage, read
from mlprep_bot.settings import load_settings

TABLE = Path(__file__).resolve().parent.parent / "src" / "mlprep_bot" / "answering" / "support.json"
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
    """The rows of `dev` or `test`, each with its split."""
    return [row | {"split": split} for row in read(support_rows(split))]


def check(checker: SupportChecker, rows: Sequence[Row]) -> list[Support]:
    """The verdict on every row."""
    return [checker.check(row["sentence"], [passage(row)]) for row in rows]


def data(checker: SupportChecker, rows: list[Row]) -> Data:
    """Compare every row; free paraphrases weigh more than edited copies, since that is what models write.

    Raises TestSplitUsed: all that is fitted or chosen here comes through it.
    """
    dev_only(row["split"] for row in rows)
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
    """What the threshold is chosen by: the mean F1 over the kinds of falsehood, each at even odds with what is true."""
    values = np.column_stack([~d.labels, ~said]).astype(float)  # (unsupported, called so)
    quoted = np.zeros((d.quoted, 2))
    kinds = np.array([row["kind"] for row in d.rows])
    found = []
    for kind in sorted(set(kinds[~d.labels])):
        chosen = np.vstack([values[d.labels | (kinds == kind)], quoted])
        found.append(f1_even(chosen, np.ones(len(chosen))))
    return float(np.mean(found))


def calibrate() -> None:
    """Fit on dev and write the table that is shipped."""
    embedder = load_embedder(load_settings())
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


if __name__ == "__main__":
    if sys.argv[1:] != ["calibrate"]:
        raise SystemExit(__doc__)
    calibrate()
