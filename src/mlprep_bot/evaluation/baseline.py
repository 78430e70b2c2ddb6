"""The gate: what an earlier run found, item by item, and whether this one is worse.

A figure fails when the interval of its paired difference, over the items that both runs have, lies wholly below zero:
the same questions, drawn together, so that a loss is seen long before it shows between two separate intervals. A
question marked `must` fails the gate by itself when it is not held. `baseline.json` changes by `--accept` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlprep_bot.errors import NoBaseline
from mlprep_bot.evaluation.figures import Failed, Figure, Measurement, Outcome, Sample, difference
from mlprep_bot.evaluation.questions import HeldOut
from mlprep_bot.evaluation.run import SECTIONS, Run, outcome_json
from mlprep_bot.wording import plural

# Single questions that changed are told for these; all are 0 or 1 an item.
_TOLD = ("retrieval/hit@4000", "refusal/answered", "refusal/near-domain refused", "refusal/hard refused",
         "refusal/far-domain refused", "refusal/injection refused")  # fmt: skip
_FIX = "Measure a run that you want to keep, and keep it with `mlprep eval --accept`."


@dataclass(frozen=True, slots=True)
class Kept:
    """A figure of the baseline and the values behind it, by item."""

    value: float
    items: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """An accepted run: its fingerprint, and every gated figure by its key."""

    fingerprint: Mapping[str, str]
    figures: Mapping[str, Kept]


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure then and now; `change` is the paired difference, positive when better."""

    key: str
    before: float | None
    now: Outcome
    change: Outcome

    @property
    def worse(self) -> bool:
        """Also when there is no figure any more, or none that can be held against the one before."""
        if isinstance(self.now, Failed):
            return True
        if isinstance(self.change, Failed):
            return self.before is not None
        return self.change.high < 0

    @property
    def better(self) -> bool:
        return isinstance(self.change, Figure) and self.change.low > 0


@dataclass(frozen=True, slots=True)
class Changed:
    """A question that was right and is no longer (`lost`), or the other way round, in one figure."""

    key: str
    id: str
    question: str
    lost: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A run held against a baseline. `moved` names what differs in their fingerprints."""

    compared: tuple[Compared, ...]
    changed: tuple[Changed, ...]
    must: tuple[HeldOut, ...]
    gone: tuple[str, ...]
    moved: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not (self.must or self.gone or any(one.worse for one in self.compared))

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "passed": self.passed,
            "figures": [
                {"key": c.key, "before": c.before, "now": outcome_json(c.now), "change": outcome_json(c.change)}
                | {"worse": c.worse, "better": c.better}
                for c in self.compared
            ],
            "changed": [{"figure": c.key, "id": c.id, "question": c.question, "lost": c.lost} for c in self.changed],
            "must_lost": [question.id for question in self.must],
            "gone": list(self.gone),
            "moved": list(self.moved),
        }


def read(path: Path) -> Baseline:
    """The accepted run. Raises NoBaseline."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        items = {name: list(ids) for name, ids in raw["items"].items()}
        figures = {key: _kept(shape, items[shape["items"]]) for key, shape in raw["figures"].items()}
        return Baseline(raw["fingerprint"], figures)
    except FileNotFoundError as error:
        raise NoBaseline(f"There is no baseline {path}.", _FIX) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoBaseline(f"Cannot read the baseline {path}: {error}.", _FIX) from error


def _kept(shape: Mapping[str, Any], ids: Sequence[str]) -> Kept:
    """Values of one column are stored as numbers, of several as lists."""
    rows = [tuple(v) if isinstance(v, list) else (v,) for v in shape["values"]]
    return Kept(shape["value"], dict(zip(ids, rows, strict=True)))


def write(path: Path, run: Run) -> None:
    """Keep a run as the baseline. Raises NoBaseline when one of its figures failed: that is no standard."""
    gated = [m for m in run.measurements if m.gated]
    failed = [m.key for m in gated if isinstance(m.figure(), Failed)]
    if failed or not gated:
        told = f"{plural(len(failed), 'figure')} failed ({', '.join(failed[:3])})"
        seen = told if failed else "the run has no gated figure"
        raise NoBaseline(f"Not accepted: {seen}.", "Mend what failed, then accept.")
    items: dict[tuple[str, ...], str] = {}
    figures = {}
    for m in gated:
        name = items.setdefault(tuple(sample.id for sample in m.samples), m.key)
        values = [_short(sample.values) for sample in m.samples]
        figures[m.key] = {**outcome_json(m.figure()), "statistic": m.statistic, "items": name, "values": values}
    body = {
        "made_by": "mlprep eval --accept",
        "fingerprint": dict(run.fingerprint),
        "items": {name: list(ids) for ids, name in items.items()},
        "figures": figures,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_one_line_each(body), encoding="utf-8")
    except OSError as error:
        raise NoBaseline(f"Cannot write the baseline {path}: {error.strerror}.", "Name another: --baseline.") from error


def check(run: Run, baseline: Baseline, sections: Sequence[str] = SECTIONS) -> Check:
    """Whether the run is worse than the baseline, and in what; `sections` are those that the run was to measure."""
    figures = {key: kept for key, kept in baseline.figures.items() if key.partition("/")[0] in sections}
    gated = {m.key: m for m in run.measurements if m.gated}
    compared = tuple(_compared(m, figures.get(key)) for key, m in gated.items())
    asked = {question.id: question.question for question in run.questions}
    changed = tuple(_changed(gated, baseline, asked))
    must = tuple(question for question in run.questions if question.must and not held(run, question, sections))
    gone = [key for key in figures if key not in gated]
    lost = {key: _lost(gated.get(key), kept) for key, kept in figures.items()}
    gone += [f"{key}: {plural(count, 'item')}" for key, count in lost.items() if count]
    names = sorted(set(run.fingerprint) | set(baseline.fingerprint))
    moved = tuple(name for name in names if run.fingerprint.get(name) != baseline.fingerprint.get(name))
    return Check(compared, changed, must, tuple(gone), moved)


def held(run: Run, question: HeldOut, sections: Sequence[str] = SECTIONS) -> bool:
    """Whether an answerable question is let through with its evidence at hand, or an unanswerable one refused.

    As far as `sections` can tell; what they should have observed and did not is not held.
    """
    names = (
        (("retrieval", "hit@4000"), ("refusal", "answered"))
        if question.answerable
        else (("refusal", f"{question.kind} refused"),)
    )
    found = [run.find(*name) for name in names if name[0] in sections]
    values = [{s.id: s.values for s in m.samples}.get(question.id, (0.0,))[0] for m in found if m is not None]
    return not found or (bool(values) and all(value == 1.0 for value in values))


def _compared(measured: Measurement, kept: Kept | None) -> Compared:
    now = measured.figure()
    if kept is None:
        return Compared(measured.key, None, now, Failed("not in the baseline"))
    # Both as they are written: an item that lost its sixth decimal is no change.
    written = [Sample(s.id, s.cluster, tuple(map(_rounded, s.values))) for s in measured.samples]
    return Compared(measured.key, kept.value, now, difference(replace(measured, samples=tuple(written)), kept.items))


def _lost(measured: Measurement | None, kept: Kept) -> int:
    """Items of the baseline that the run no longer has; those that raised are told with the figure."""
    if measured is None or measured.problems:
        return 0
    return len(kept.items.keys() - {sample.id for sample in measured.samples})


def _changed(gated: Mapping[str, Measurement], baseline: Baseline, asked: Mapping[str, str]) -> Iterable[Changed]:
    for prefix in _TOLD:
        key = f"{prefix}/mlprep"
        if key not in gated or key not in baseline.figures:
            continue
        before = baseline.figures[key].items
        for sample in gated[key].samples:
            if sample.id in before and sample.values != before[sample.id]:
                lost = sample.values[0] < before[sample.id][0]
                yield Changed(prefix, sample.id, asked.get(sample.id, ""), lost)


def _short(values: tuple[float, ...]) -> float | list[float]:
    rounded = [int(v) if v == int(v) else v for v in map(_rounded, values)]
    return rounded[0] if len(rounded) == 1 else rounded


def _rounded(value: float) -> float:
    return round(value, 5)


def _one_line_each(body: Mapping[str, Any]) -> str:
    """JSON with one figure a line, so that a review sees which changed."""
    parts = []
    for name, value in body.items():
        if isinstance(value, dict) and name in ("items", "figures"):
            lines = (f"  {json.dumps(key)}: {json.dumps(v, ensure_ascii=False)}" for key, v in value.items())
            parts.append(f' "{name}": {{\n' + ",\n".join(lines) + "\n }")
        else:
            parts.append(f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
