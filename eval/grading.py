"""Fit the model-free grader, and measure it on external sets of graded answers.

    python eval/grading.py                  # SAF and SemEval-2013: agreement, baselines, attacks (grading_external.py)
    python eval/grading.py --fit            # make src/mlprep_bot/grading/grading.json from development splits
    python eval/grading.py --fluency        # make src/mlprep_bot/grading/fluency.json from the corpus

Weights are fitted on the `dev` split of our answers and the training splits of SAF and SemEval-2013, limits chosen on
the same. How well our own answers are graded is measured by `mlprep eval --section grading`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grading_data as data
import grading_external
import numpy as np
from numpy.typing import NDArray

from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.authoring.corpus import load
from mlprep_bot.evaluation.figures import SEED
from mlprep_bot.evaluation.graded import Graded
from mlprep_bot.evaluation.questions import dev_only
from mlprep_bot.grading import fluency
from mlprep_bot.grading.features import Observed, observe
from mlprep_bot.grading.plain import MOST_OF_REFERENCE
from mlprep_bot.grading.reading import Reading
from mlprep_bot.grading.rubric import PointVerdict
from mlprep_bot.grading.weights import CLASSES
from mlprep_bot.settings import load_settings

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "mlprep_bot" / "grading"
OWN = ("own", "bare")  # sets made of our answers; those of others name their splits otherwise
SELECTION = 0.05  # inverse strength of the L1 penalty that selects features
# ... and of the L2 penalty that fits: a reference comes from anywhere, so its weights are held closer to 0.
STRENGTH = {"authored": 0.05, "derived": 0.05, "reference": 0.002}
# Chosen on dev by cross-validation over questions: kappa of verdicts, with few contradictions that people did not see;
# for `reference`, that a score of a half is where people begin to say "correct", and that little is called nothing.
LIMITS = {
    "authored": {"met": 0.62, "missed": 0.40, "contradicted": 0.45, "doubt": 0.35, "near": 0.35, "words": 0.2},
    "derived": {"met": 0.62, "missed": 0.40, "contradicted": 0.45, "doubt": 0.35, "near": 0.35, "words": 0.2},
    "reference": {"met": 0.65, "missed": 0.10, "contradicted": 0.50, "doubt": 0.40, "near": 0.25, "words": 0.2},
}
# What each head is fitted on, with the weight of each set.
MIXES = {
    "authored": {"own": 1.0},
    "derived": {"bare": 1.0, "saf": 1.0},
    "reference": {"scientsbank": 2.0, "beetle": 0.5, "saf": 4.0},
}
# People of one set mark more strictly than those of another (see `_design`). Whose strictness a head keeps: that of
# SciEntsBank, where correct means complete, for short references; ours, which praises nothing unsaid, for the others.
BASES = {"authored": {"own": 1.0}, "derived": {"bare": 1.0}, "reference": {"scientsbank": 1.0}}
_COPY_WEIGHT = 0.1  # of a key point said word for word, beside one of an answer

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One key point of one answer: its features and how likely people's verdict is each of `CLASSES`."""

    set: str
    split: str
    points: int
    values: dict[str, float]
    target: tuple[float, ...]
    weight: float


def training_rows() -> list[Graded]:
    """Development splits only. `bare` are our own answers as if no wrong belief were stated."""
    own = [row for row in data.own() if row.split == "dev"]
    bare = [replace(r, set="bare", points=tuple(replace(p, wrong="") for p in r.points)) for r in own]
    rows = own + bare
    if data.available():
        rng = random.Random(SEED)
        outside = (data.saf(), 800), (data.semeval("sciEntsBank"), 2000), (data.semeval("beetle"), 600)
        for answers, most in outside:  # as many as fit into some minutes on two cores
            rows += rng.sample([r for r in answers if r.split == "training"], most)
    return rows


def samples(rows: Sequence[Graded], vectors: VectorMemory) -> list[Sample]:
    """The features of every key point of every answer that says anything."""
    found: list[Sample] = []
    for at, row in enumerate(rows):
        reading = Reading(row.question, row.answer, vectors)
        for i, point in enumerate(row.points):
            seen: Observed = observe(point, reading, row.points)
            if seen.values:
                weight = 1.0 if row.set in OWN else 1.0 / len(row.points)
                found.append(Sample(row.set, row.split, len(row.points), seen.values, _target(row, i), weight))
        if at % 1000 == 999:
            print(f"  {at + 1} of {len(rows)} answers read", flush=True)
    return found


def copies(rows: Sequence[Graded], vectors: VectorMemory) -> list[Sample]:
    """The key points of `bare` rows, each said word for word.

    People hardly ever do that, and a head that never saw it takes the words of a point for a twist of them.
    """
    cards = {row.group: row for row in rows if row.set == "bare"}.values()
    met = tuple(float(c == PointVerdict.MET) for c in CLASSES)
    found = []
    for row in cards:
        for point in row.points:
            seen = observe(point, Reading(row.question, point.text, vectors), row.points)
            if seen.values:
                found.append(Sample("bare", row.split, len(row.points), seen.values, met, _COPY_WEIGHT))
    return found


def fittable(rows: Iterable[Graded | Sample]) -> None:
    """Our own rows must be of dev, others of the split that their authors call training. Raises TestSplitUsed."""
    splits = [(row.set, row.split) for row in rows]
    dev_only(split for of, split in splits if of in OWN)
    dev_only(f"{of}, {split}" for of, split in splits if of not in OWN and split != "training")


def _target(row: Graded, i: int) -> tuple[float, ...]:
    """People's verdict as shares of `CLASSES`; a score of the whole answer stands for each of its points."""
    if row.verdicts:
        return tuple(float(c == row.verdicts[i]) for c in CLASSES)
    if row.label:
        verdict = {"correct": "met", "contradictory": "contradicted", "incorrect": "missed"}[row.label]
        return tuple(float(c == verdict) for c in CLASSES)
    score = row.score or 0.0
    met, missed = max(0.0, 2 * score - 1), max(0.0, 1 - 2 * score)
    return (missed, 1 - met - missed, met, 0.0)


def fit_head(name: str, found: Sequence[Sample]) -> dict[str, Any]:
    """Select features by an L1 penalty, fit them under an L2 one, and fold the scaling into the weights.

    Raises TestSplitUsed.
    """
    from sklearn.linear_model import LogisticRegression

    fittable(found)
    mix = {key: weight for key, weight in MIXES[name].items() if any(s.set == key for s in found)}
    used = [s for s in found if s.set in mix and _belongs(name, s)]
    names = sorted({key for s in used for key in s.values})
    raw = np.array([[s.values.get(key, 0.0) for key in names] for s in used])
    mean, spread = raw.mean(axis=0), raw.std(axis=0)
    names = [key for key, s in zip(names, spread, strict=True) if s > 1e-6]
    raw, mean, spread = raw[:, spread > 1e-6], mean[spread > 1e-6], spread[spread > 1e-6]
    scaled = (raw - mean) / spread
    design, labels, weights = _design(used, scaled, mix)
    chooser = LogisticRegression(l1_ratio=1, solver="saga", C=SELECTION, max_iter=2000, random_state=SEED)
    chooser.fit(design, labels, sample_weight=weights)
    keep = np.abs(chooser.coef_[:, : len(names)]).max(axis=0) > 0.01
    columns = np.concatenate([keep, np.ones(len(mix), dtype=bool)])
    model = LogisticRegression(C=STRENGTH[name], max_iter=5000).fit(design[:, columns], labels, sample_weight=weights)
    kept = [key for key, k in zip(names, keep, strict=True) if k]
    slopes = model.coef_[:, : len(kept)] / spread[keep]
    strictness = model.coef_[:, len(kept) :] @ np.array([BASES[name].get(key, 0.0) for key in mix])
    bias = model.intercept_ + strictness * _DOMAIN - slopes @ mean[keep]
    print(f"{name}: {len(used)} key points, {len(kept)} features")
    return {
        "weights": {key: [round(float(w), 5) for w in slopes[:, i]] for i, key in enumerate(kept)},
        "bias": [round(float(b), 5) for b in bias],
        "limits": LIMITS[name],
    }


_DOMAIN = 2.0  # value of the column that marks a set; large, so that the penalty hardly touches its weight


def _belongs(name: str, sample: Sample) -> bool:
    """Long references are marked like short ones, but say little about rubrics unless they are long."""
    return name != "derived" or sample.set == "bare" or sample.points > MOST_OF_REFERENCE


def _design(used: Sequence[Sample], scaled: Matrix, mix: dict[str, float]) -> tuple[Matrix, Matrix, Matrix]:
    """One row for each class that has a share in a sample, and a column for each set.

    Those columns take up how strict the people of a set were, so that the sets share only their slopes.
    """
    sets = list(mix)
    marks = np.zeros((len(used), len(sets)))
    for i, sample in enumerate(used):
        marks[i, sets.index(sample.set)] = _DOMAIN
    wide = np.hstack([scaled, marks])
    pairs = [(i, k) for i, s in enumerate(used) for k, share in enumerate(s.target) if share > 0]
    weights = np.array([used[i].weight * used[i].target[k] * mix[used[i].set] for i, k in pairs])
    return wide[[i for i, _ in pairs]], np.array([k for _, k in pairs]), weights


def fit(vectors: VectorMemory) -> None:
    """Write `grading.json`."""
    if not data.available():
        raise SystemExit("The sets in shared/data/grading are not here; fitting without them would change the weights.")
    rows = training_rows()
    fittable(rows)
    found = samples(rows, vectors) + copies(rows, vectors)
    heads = {name: fit_head(name, found) for name in MIXES}
    text = json.dumps({"made_by": "eval/grading.py --fit", "heads": heads}, indent=1)
    (PACKAGE / "grading.json").write_text(re.sub(r"\[\s+([^\]]*?)\s+\]", _one_line, text) + "\n", encoding="utf-8")


def _one_line(match: re.Match[str]) -> str:
    return "[" + re.sub(r"\s+", " ", match[1]) + "]"


def make_fluency() -> None:
    """Write `fluency.json` from the prose of the cards and, counted `_SPOKEN` times, answers as people type them."""
    texts: list[str] = []
    for card in load(data.ROOT / "corpus").cards:
        prose = re.sub(r"```.*?```|\$\$.*?\$\$|<!--.*?-->", " ", card.body, flags=re.DOTALL)
        texts += [part for part in prose.split("\n\n") if not part.startswith("|")]
        texts += [card.question.text, *card.rubric.aliases]
    typed = [row for row in data.own() if row.split == "dev" and row.kind != "gaming"]
    fittable(typed)
    texts += [row.answer for row in typed] * _SPOKEN
    table = json.dumps(fluency.count(texts, least=3), ensure_ascii=False, separators=(",", ":"))
    (PACKAGE / "fluency.json").write_text(table + "\n", encoding="utf-8")


_SPOKEN = 4  # else the cards, which are ten times as long, would say alone what an order of words is


def main() -> None:
    """Run what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the weights on the development splits")
    parser.add_argument("--fluency", action="store_true", help="count the corpus's word classes")
    flags = parser.parse_args()
    if flags.fluency:
        make_fluency()
        return
    embedder = load_embedder(load_settings())
    if flags.fit:
        fit(VectorMemory(embedder, capacity=200_000))
    grading_external.report(embedder)


if __name__ == "__main__":
    main()
