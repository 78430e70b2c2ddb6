"""The calibrated part of grading without a model: features of a key point -> probabilities of its verdicts.

Three multinomial logistic regressions (`grading.json`, made by `eval/grading.py --fit` on development splits):
`authored` for key points whose author stated a wrong belief, `derived` for rubrics that come without, and
`reference` for the sentences of a reference answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from mlprep_bot.grading.rubric import PointVerdict

CLASSES = (PointVerdict.MISSED, PointVerdict.PARTIAL, PointVerdict.MET, PointVerdict.CONTRADICTED)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where probabilities become verdicts. `met` and `missed` bound the share of the point that is made, as
    expected of a point that is not contradicted."""

    met: float
    missed: float
    contradicted: float  # a contradiction must be likelier than this, and likelier than "met"
    doubt: float  # when "met" and "contradicted" are both likelier than this, it stays unverified
    near: float  # a point is missed when no part of the answer has this cosine to it ...
    words: float  # ... and the answer has less than this share of its words that the question lacks

    def share(self, made: float) -> float:
        """The share of a partial point, in tenths: 0 at `missed`, a half at 0.5, 1 at `met`."""
        if made < 0.5 < self.met:
            share = 0.5 * (made - self.missed) / max(1e-6, 0.5 - self.missed)
        else:
            share = 0.5 + 0.5 * (made - 0.5) / max(1e-6, self.met - 0.5)
        return min(0.9, max(0.1, round(share, 1)))


@dataclass(frozen=True, slots=True)
class Head:
    """One regression: for each of `CLASSES` a bias and a weight by feature name."""

    weights: Mapping[str, tuple[float, ...]]
    bias: tuple[float, ...]
    limits: Limits

    def probabilities(self, features: Mapping[str, float]) -> tuple[float, ...]:
        """In the order of `CLASSES`; they sum to 1."""
        z = np.array(self.bias)
        for name, weights in self.weights.items():
            z = z + features.get(name, 0.0) * np.array(weights)
        e = np.exp(z - z.max())
        return tuple(float(p) for p in e / e.sum())


@lru_cache(maxsize=1)
def calibrated() -> dict[str, Head]:
    """The heads that are shipped, by name."""
    table = json.loads(files("mlprep_bot.grading").joinpath("grading.json").read_text(encoding="utf-8"))
    return {name: read_head(head) for name, head in table["heads"].items()}


def read_head(head: Mapping[str, object]) -> Head:
    """A head as `grading.json` holds it."""
    weights = {str(k): tuple(v) for k, v in head["weights"].items()}  # type: ignore[attr-defined]
    return Head(weights, tuple(head["bias"]), Limits(**head["limits"]))  # type: ignore[arg-type]
