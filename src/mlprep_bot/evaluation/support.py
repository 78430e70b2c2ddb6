"""The support check on labelled sentences: how well it finds what a passage does not support, by kind of corruption.

Rows of `test` are sentences of the corpus and paraphrases of them, true ones and ones made false in one way
(`eval/support_cases.py`); their labels are known because they were made so. Rows of `model` are sentences that a small
language model wrote about passages, labelled by two readers who saw neither verdict nor each other; only what both call
stated by the passage counts as supported.
A kind's F1 and precision are at even odds, as many false sentences of that kind as true ones: kinds differ in size.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlprep_bot.answering.drafts import Draft
from mlprep_bot.answering.verdicts import Checker, judge
from mlprep_bot.domain import Passage, Ranking, Verdict
from mlprep_bot.errors import BadQuestions
from mlprep_bot.evaluation.figures import Measurement, Observations

Row = dict[str, Any]
SHOWN = "shown as supported: precision"
_RANKING = Ranking(1, 1, None, None, 1.0)


def read(path: Path) -> list[Row]:
    """The labelled sentences of a file. Raises BadQuestions."""
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, ValueError) as error:
        raise BadQuestions(
            f"Cannot read the labelled sentences {path}: {error}.", "Take the file of a release."
        ) from error


def measure(rows: Iterable[Row], checker: Checker) -> list[Measurement]:
    """The figures of finding what is unsupported."""
    seen = Observations("support")
    kinds: dict[str, str] = {}
    for row in rows:
        kinds[row["id"]] = "" if row["label"] else row["kind"]
        with seen.item(row["id"]):
            flagged = float(not checker.check(row["sentence"], [passage(row)]).supported)
            for name in ("F1", "precision", "recall"):
                seen.add(name, row["id"], row["card"], float(not row["label"]), flagged)
    whole = [seen.measurement(name, name.lower(), gated=name == "F1") for name in ("F1", "precision", "recall")]
    return whole + [_of_kind(m, kind, kinds) for kind in sorted(set(kinds.values()) - {""}) for m in whole]


def measure_shown(rows: Iterable[Row], checker: Checker) -> list[Measurement]:
    """Of a model's sentences that are shown as supported, the share that readers call supported too.

    They are judged as sentences without a citation, which is how the model wrote them.
    """
    seen = Observations("support")
    for row in rows:
        with seen.item(row["id"]):
            draft = Draft(row["sentence"], (), (), "text", "")
            shown = judge(draft, {"S1": passage(row)}, checker).verdict is Verdict.SUPPORTED
            # Rows that are not shown too: the gate compares the same rows, whatever the check says of them.
            seen.add(SHOWN, row["id"], row["card"], float(row["label"]), float(shown))
    return [seen.measurement(SHOWN, "precision", gated=True)]


def passage(row: Row) -> Passage:
    """The row's evidence as retrieval would hand it over."""
    return Passage(1, row["passage"], row["document"], row["start"], row["end"], "", row["question"], 1.0, (), _RANKING)


def _of_kind(measured: Measurement, kind: str, kinds: Mapping[str, str]) -> Measurement:
    """The measurement on the true sentences and on the false ones of that kind, at even odds."""
    statistic = measured.statistic if measured.statistic == "recall" else f"{measured.statistic}_even"
    samples = tuple(sample for sample in measured.samples if kinds[sample.id] in ("", kind))
    return replace(measured, statistic=statistic, samples=samples, part=f"kind: {kind}")
