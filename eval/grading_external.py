"""How well mlprep grades without a model on answers that people marked elsewhere: SAF and SemEval-2013 task 7.

An ungraded answer counts in its own rate and in no other figure. SAF has marks: r, and QWK of marks from 0 to 5.
SemEval has classes: macro F1 of correct against not, with a score of a half as the border. The graders are ours and the
two baselines of `mlprep eval`; nothing here was fitted on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import grading_data as data
import numpy as np

from mlprep_bot.evaluation import grading
from mlprep_bot.evaluation.figures import OURS, SEED, Failed, Observations, Outcome, estimate
from mlprep_bot.evaluation.graded import Graded
from mlprep_bot.evaluation.metrics import Floats, f1
from mlprep_bot.grading.plain import PlainGrader
from mlprep_bot.grading.rubric import Grade
from mlprep_bot.ports import Embedder

MOST = 900  # answers of a split; more change no digit that is told
LOW = 0.4  # "mark of poor answers": the mean mark of those to which people gave at most this share
CORRECT = 0.5

Marker = Callable[[Graded], "float | None"]
"""An answer's score from 0 to 1, None when it is not graded."""


def report(embedder: Embedder) -> None:
    """Print agreement by set, split and grader, and what attacks earn."""
    if not data.available():
        print(f"No external sets on this machine: there is no folder {data.EXTERNAL}.")
        return
    grader = PlainGrader(embedder, of_reference=True)
    markers = markers_of(grader, embedder)
    for title, rows in unseen().items():
        for system, marker in markers.items():
            _show(f"{title}: {system}", len(rows), agreement(rows, marker))
    for title, everything in (("SciEntsBank", data.semeval("sciEntsBank")), ("SAF", data.saf())):
        rows = [row for row in everything if row.split != "training"]
        marks = {m.part: m.figure() for m in grading.attack(rows, grader)}
        _show(f"{title}: attacks, mean mark out of 5", len({row.group for row in rows}), marks)


def markers_of(grader: PlainGrader, embedder: Embedder) -> dict[str, Marker]:
    """Our grader, and the baselines that any grader has to beat."""

    def ours(row: Graded) -> float | None:
        outcome = grader.grade(row.question, row.points, row.answer)
        return outcome.score if isinstance(outcome, Grade) else None

    return {OURS: ours, "cosine": lambda row: grading.cosine(row, embedder), "length": grading.length}


def unseen() -> dict[str, list[Graded]]:
    """What nothing was fitted on, at most `MOST` answers of each split."""
    splits = ("unseen-answers", "unseen-questions", "unseen-domains")
    parts = [("SAF", data.saf(), split.replace("-", "_")) for split in splits[:2]]
    parts += [(name, data.semeval(name), split) for name in ("sciEntsBank", "beetle") for split in splits]
    rng = random.Random(SEED)
    found = {f"{name} {split}": [row for row in rows if row.split == split] for name, rows, split in parts}
    return {title: rng.sample(rows, min(MOST, len(rows))) for title, rows in found.items() if rows}


def agreement(rows: Sequence[Graded], marker: Marker) -> dict[str, Outcome]:
    """How far a grader agrees with people, by name of the figure."""
    seen = Observations("grading")
    for row in rows:
        mark = marker(row)
        seen.add("ungraded", row.id, row.group, float(mark is None))
        if mark is None:
            continue
        if row.label:
            seen.add("macro F1", row.id, row.group, float(row.label == "correct"), float(mark >= CORRECT))
            continue
        people = row.score or 0.0
        seen.add("r", row.id, row.group, people, mark)
        seen.add("QWK", row.id, row.group, grading.five(people), grading.five(mark))
        if people <= LOW:
            seen.add("mark of poor answers", row.id, row.group, 5 * mark)
    statistics = {"ungraded": "mean_loss", "r": "pearson", "QWK": "qwk", "mark of poor answers": "mean_loss"}
    found = {
        name: seen.measurement(name, statistic).figure()
        for name, statistic in statistics.items()
        if name in seen.samples
    }
    return found | ({"macro F1": _macro(seen)} if "macro F1" in seen.samples else {})


def macro_f1(values: Floats, weights: Floats) -> float:
    """(correct, called correct): the mean of the F1 of both classes."""
    return (f1(values, weights) + f1(1 - values, weights)) / 2


def _macro(seen: Observations) -> Outcome:
    samples = seen.samples["macro F1"]
    values = np.array([sample.values for sample in samples])
    return estimate(lambda weights: macro_f1(values, weights), [sample.cluster for sample in samples])


def _show(title: str, n: int, figures: Mapping[str, Outcome]) -> None:
    print(f"{title} (n = {n})")
    for name, outcome in figures.items():
        print(f"    {name}: {outcome.reason if isinstance(outcome, Failed) else outcome}", flush=True)
