"""How well mlprep grades without a model, against people and against baselines; and how its weights are made.

    python eval/grading.py                  # the report: agreement, baselines, attacks
    python eval/grading.py --fit            # make src/mlprep_bot/grading/grading.json from development splits
    python eval/grading.py --fluency        # make src/mlprep_bot/grading/fluency.json from the corpus

Weights are fitted on the `dev` split of our answers and the training splits of SAF and SemEval-2013 (when they are
there), limits chosen on the same; everything is reported on answers and questions that neither has seen.
Intervals are 95% bootstrap intervals over questions.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grading_data as data
import numpy as np
from attacks import ATTACKS
from grading_data import Graded
from numpy.typing import NDArray

from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.authoring.corpus import load
from mlprep_bot.grading import fluency
from mlprep_bot.grading.features import Observed, observe
from mlprep_bot.grading.plain import MOST_OF_REFERENCE, PlainGrader
from mlprep_bot.grading.reading import Reading
from mlprep_bot.grading.rubric import Grade, PointVerdict
from mlprep_bot.grading.weights import CLASSES
from mlprep_bot.settings import load_settings

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "mlprep_bot" / "grading"
SEED = 20261122
ROUNDS = 1000  # of the bootstrap
SELECTION = 0.05  # inverse strength of the L1 penalty that selects features
# ... and of the L2 penalty that fits: a reference comes from anywhere, so its weights are held closer to 0.
STRENGTH = {"authored": 0.02, "derived": 0.02, "reference": 0.002}
# Chosen on dev by cross-validation over questions: kappa of verdicts, with few contradictions that people did not see;
# for `reference`, that a score of a half is where people begin to say "correct", and that little is called nothing.
LIMITS = {
    "authored": {"met": 0.58, "missed": 0.35, "contradicted": 0.45, "doubt": 0.25, "near": 0.35, "words": 0.2},
    "derived": {"met": 0.55, "missed": 0.30, "contradicted": 0.50, "doubt": 0.25, "near": 0.35, "words": 0.2},
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

Matrix = NDArray[np.float64]
Marker = Callable[[Graded], "float | None"]
"""An answer's score from 0 to 1, None when it is not graded."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One key point of one answer: its features and how likely people's verdict is each of `CLASSES`."""

    set: str
    points: int
    values: dict[str, float]
    target: tuple[float, ...]
    weight: float


# --- fitting -------------------------------------------------------------------------------------


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
            seen: Observed = observe(point, reading, [other for other in row.points if other is not point])
            if seen.values:
                weight = 1.0 if row.set in ("own", "bare") else 1.0 / len(row.points)
                found.append(Sample(row.set, len(row.points), seen.values, _target(row, i), weight))
        if at % 1000 == 999:
            print(f"  {at + 1} of {len(rows)} answers read", flush=True)
    return found


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
    """Select features by an L1 penalty, fit them under an L2 one, and fold the scaling into the weights."""
    from sklearn.linear_model import LogisticRegression

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
    found = samples(training_rows(), vectors)
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
    texts += [row.answer for row in data.own() if row.split == "dev" and row.kind != "gaming"] * _SPOKEN
    table = json.dumps(fluency.count(texts, least=3), ensure_ascii=False, separators=(",", ":"))
    (PACKAGE / "fluency.json").write_text(table + "\n", encoding="utf-8")


_SPOKEN = 4  # else the cards, which are ten times as long, would say alone what an order of words is


# --- measuring -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95% interval and the number of answers (or key points) behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def bootstrapped(measure: Callable[[list[int]], float], groups: Sequence[str]) -> Figure:
    """`measure` of indices, with an interval from resampling whole groups."""
    members: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    rng = random.Random(SEED)
    names = list(members)
    drawn = [[i for name in rng.choices(names, k=len(names)) for i in members[name]] for _ in range(ROUNDS)]
    values = [value for value in map(measure, drawn) if not np.isnan(value)]
    low, high = np.percentile(values, [2.5, 97.5]) if values else (np.nan, np.nan)
    return Figure(measure(list(range(len(groups)))), float(low), float(high), len(groups))


def pearson(left: Sequence[float], right: Sequence[float]) -> float:
    """Pearson's r; nan when one side is constant."""
    if len(left) < 3 or np.std(left) == 0 or np.std(right) == 0:
        return float("nan")
    return float(np.corrcoef(left, right)[0, 1])


def kappa(left: Sequence[Any], right: Sequence[Any], weights: str | None = None) -> float:
    """Cohen's kappa; `weights="quadratic"` for ordered classes."""
    from sklearn.metrics import cohen_kappa_score

    if len(set(left) | set(right)) < 2:
        return float("nan")
    return float(cohen_kappa_score(left, right, weights=weights))


def macro_f1(left: Sequence[bool], right: Sequence[bool]) -> float:
    """Mean of the F1 of both classes."""
    from sklearn.metrics import f1_score

    return float(f1_score(left, right, average="macro"))


def five(score: float) -> int:
    """A score of 0 to 1 on the scale of 0 to 5."""
    return int(score * 5 + 0.5)


class Markers:
    """Our grader and the baselines that any grader has to beat."""

    def __init__(self, vectors: VectorMemory, grader: PlainGrader) -> None:
        self._vectors = vectors
        self._grader = grader
        self._of_reference = PlainGrader(vectors.embedder, of_reference=True)

    def ours(self, row: Graded) -> float | None:
        """The model-free grade, None when it is `Ungraded`."""
        grader = self._of_reference if row.references else self._grader
        outcome = grader.grade(row.question, row.points, row.answer)
        return outcome.score if isinstance(outcome, Grade) else None

    def cosine(self, row: Graded) -> float:
        """Cosine of answer and reference (or all key points), nothing else."""
        reference = row.references[0] if row.references else " ".join(p.text for p in row.points)
        left, right = self._vectors.embed([row.answer or " ", reference])
        return max(0.0, float(left @ right))

    def length(self, row: Graded) -> float:
        """Words of the answer, full marks from 100 on."""
        return min(1.0, len(row.answer.split()) / 100)


def agreement(rows: Sequence[Graded], marker: Marker) -> dict[str, str]:
    """Score agreement with people; what is ungraded counts in its rate and in nothing else."""
    marks = [(row, marker(row)) for row in rows]
    graded = [(row, mark) for row, mark in marks if mark is not None]
    groups = [row.group for row, _ in graded]
    given = [mark for _, mark in graded]
    shown = {"n": str(len(rows)), "ungraded": f"{1 - len(graded) / len(rows):.2f}"}
    if rows[0].label:
        right = [row.label == "correct" for row, _ in graded]
        said = [mark >= 0.5 for mark in given]
        shown["macro F1"] = str(
            bootstrapped(lambda at: macro_f1([right[i] for i in at], [said[i] for i in at]), groups)
        )
    else:
        people = [row.score or 0.0 for row, _ in graded]
        shown["r"] = str(bootstrapped(lambda at: pearson([people[i] for i in at], [given[i] for i in at]), groups))
        left, right5 = [five(p) for p in people], [five(m) for m in given]
        shown["QWK"] = str(
            bootstrapped(lambda at: kappa([left[i] for i in at], [right5[i] for i in at], "quadratic"), groups)
        )
        low = [m for p, m in zip(people, given, strict=True) if p <= 0.4]
        shown["mean mark of answers that people gave 2/5 or less"] = f"{5 * float(np.mean(low)):.1f}/5" if low else "–"
    return shown


def verdicts(rows: Sequence[Graded], grader: PlainGrader) -> dict[str, str]:
    """Agreement per key point on our own answers."""
    people: list[str] = []
    ours: list[str] = []
    groups: list[str] = []
    for row in rows:
        judged = grader.grade(row.question, row.points, row.answer).points
        people += row.verdicts
        ours += [str(p.verdict) for p in judged]
        groups += [row.group] * len(judged)
    known = [i for i, verdict in enumerate(ours) if verdict != PointVerdict.UNVERIFIED]
    four = bootstrapped(
        lambda at: kappa([people[known[i]] for i in at], [ours[known[i]] for i in at]), [groups[i] for i in known]
    )
    credit = {"met": 2, "partial": 1, "missed": 0, "contradicted": 0}
    weighted = bootstrapped(
        lambda at: kappa([credit[people[known[i]]] for i in at], [credit[ours[known[i]]] for i in at], "quadratic"),
        [groups[i] for i in known],
    )
    shown = {
        "key points": str(len(ours)),
        "unverified": f"{1 - len(known) / len(ours):.2f}",
        "kappa (4 verdicts)": str(four),
        "weighted kappa (credit)": str(weighted),
    }
    for verdict in ("met", "missed", "contradicted"):
        said = sum(o == verdict for o in ours)
        right = sum(o == p == verdict for o, p in zip(ours, people, strict=True))
        shown[f"{verdict}: precision, recall"] = (
            f"{right / max(1, said):.2f}, {right / max(1, people.count(verdict)):.2f}"
        )
    praised = sum(o == "met" and p in ("missed", "contradicted") for o, p in zip(ours, people, strict=True))
    shown["met, though people say missed or contradicted"] = f"{praised / max(1, ours.count('met')):.2f} of met"
    return shown


def attacked(rows: Sequence[Graded], marker: Marker) -> dict[str, str]:
    """Mean mark out of 5 (and the worst) of each attack, one on every question; ungraded counts as 0 marks."""
    once = list({row.group: row for row in rows}.values())
    shown = {"questions": str(len(once))}
    for name, attack in ATTACKS.items():
        rng = random.Random(SEED)
        answers = [replace(r, answer=attack(r.question, [p.text for p in r.points], rng)) for r in once]
        marks = [5 * (marker(row) or 0.0) for row in answers]
        shown[name] = f"{np.mean(marks):.1f} (95th percentile {np.percentile(marks, 95):.1f})"
    return shown


def report(vectors: VectorMemory) -> None:
    """Everything, on what fitting did not see."""
    grader = PlainGrader(vectors.embedder)
    markers = Markers(vectors, grader)
    own = [row for row in data.own() if row.split == "test"]
    _show("Verdicts per key point, our answers, test split", verdicts(own, grader))
    bare = [replace(r, points=tuple(replace(p, wrong="") for p in r.points)) for r in own]
    _compare({"our answers, test": own, "the same, no wrong beliefs stated": bare}, markers)
    for name, marker in (("mlprep", markers.ours), ("cosine", markers.cosine)):
        _show(f"Attacks on our questions, marks out of 5: {name}", attacked(own, marker))
    if not data.available():
        print("No external sets on this machine: SAF and SemEval-2013 are left out.")
        return
    for title, rows in (("SciEntsBank", data.semeval("sciEntsBank")), ("SAF", data.saf())):
        unseen = [row for row in rows if row.split != "training"]
        _show(f"Attacks on {title} references, marks out of 5: mlprep", attacked(unseen, markers.ours))
    _compare(_external(), markers)


def _external() -> dict[str, list[Graded]]:
    """What nothing was fitted on, at most 900 answers of each."""
    parts = [("SAF", data.saf(), split) for split in ("unseen_answers", "unseen_questions")]
    for name in ("sciEntsBank", "beetle"):
        parts += [
            (name, data.semeval(name), split) for split in ("unseen-answers", "unseen-questions", "unseen-domains")
        ]
    rng = random.Random(SEED)
    found = {f"{name} {split}": [row for row in rows if row.split == split] for name, rows, split in parts}
    return {title: rng.sample(rows, min(900, len(rows))) for title, rows in found.items() if rows}


def _compare(sets: dict[str, list[Graded]], markers: Markers) -> None:
    """Our marks and those of the baselines, in one table a set."""
    for title, rows in sets.items():
        for name, marker in (("mlprep", markers.ours), ("cosine", markers.cosine), ("length", markers.length)):
            _show(f"{title}: {name}", agreement(rows, marker))


def _show(title: str, figures: dict[str, str]) -> None:
    print(f"{title}\n" + "\n".join(f"    {name}: {value}" for name, value in figures.items()), flush=True)


def main() -> None:
    """Run what the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="fit the weights on the development splits")
    parser.add_argument("--fluency", action="store_true", help="count the corpus's word classes")
    flags = parser.parse_args()
    if flags.fluency:
        make_fluency()
        return
    vectors = VectorMemory(load_embedder(load_settings()), capacity=200_000)
    if flags.fit:
        fit(vectors)
    report(vectors)


if __name__ == "__main__":
    main()
