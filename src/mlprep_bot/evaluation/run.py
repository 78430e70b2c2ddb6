"""One evaluation: what was measured of whom, on what, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mlprep_bot.evaluation.figures import OURS, Failed, Figure, Measurement, Outcome
from mlprep_bot.evaluation.questions import HeldOut

SECTIONS = ("retrieval", "answers", "refusal", "support", "grading")


@dataclass(frozen=True, slots=True)
class Skipped:
    """What this run did not try to measure, and why; `system` "" means anybody's."""

    section: str
    reason: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """A stage's median and 95th percentile over `n` items, in `unit` ("s", "tokens", "MB"); one number when n is 1."""

    stage: str
    median: float
    high: float
    unit: str
    n: int


@dataclass(frozen=True, slots=True)
class Run:
    """Everything one evaluation found. `fingerprint` says of what: documents, questions, embedder, chunker, settings.

    `seconds` is wall time. `questions` are those that were asked, of the split that is reported.
    """

    name: str
    split: str
    writer: str
    fingerprint: Mapping[str, str]
    questions: tuple[HeldOut, ...]
    measurements: tuple[Measurement, ...]
    costs: tuple[Cost, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    seconds: float = 0.0

    def find(self, section: str, name: str, system: str = OURS, part: str = "") -> Measurement | None:
        """That measurement, None when it is not part of this run."""
        wanted = (section, name, system, part)
        return next((m for m in self.measurements if (m.section, m.name, m.system, m.part) == wanted), None)

    def problems(self) -> list[tuple[str, str, str]]:
        """(section, item, what it raised), each once."""
        found = {(m.section, p.id, p.reason): None for m in self.measurements for p in m.problems}
        return list(found)

    def failures(self) -> list[tuple[str, str]]:
        """(measurement, why there is no figure); of slices only those that are of no whole, such as attacks."""
        whole = {(m.section, m.name, m.system) for m in self.measurements if not m.part}
        alone = (m for m in self.measurements if not m.part or (m.section, m.name, m.system) not in whole)
        outcomes = ((m.key, m.figure()) for m in alone)
        return [(key, outcome.reason) for key, outcome in outcomes if isinstance(outcome, Failed)]

    def as_json(self) -> dict[str, Any]:
        """All of it; figures with `state` "measured" or "failed", items with the values that made the figures."""
        return {
            "name": self.name,
            "split": self.split,
            "writer": self.writer,
            "fingerprint": dict(self.fingerprint),
            "seconds": round(self.seconds, 1),
            "figures": [_figure_json(m) for m in self.measurements],
            "costs": [
                {"stage": c.stage, "median": c.median, "p95": c.high, "unit": c.unit, "n": c.n} for c in self.costs
            ],
            "skipped": [{"section": s.section, "system": s.system, "reason": s.reason} for s in self.skipped],
            "errors": [{"section": s, "id": i, "reason": r} for s, i, r in self.problems()],
        }


def _figure_json(measured: Measurement) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "section": measured.section,
        "name": measured.name,
        "system": measured.system,
        "part": measured.part,
        "statistic": measured.statistic,
        "lower_is_better": measured.lower_is_better,
        **outcome_json(measured.figure()),
    }
    if not measured.part:
        shape["items"] = {sample.id: list(sample.values) for sample in measured.samples}
    return shape


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """A figure, or why there is none; never a number in place of a failure."""
    if isinstance(outcome, Figure):
        numbers = {"value": outcome.value, "low": outcome.low, "high": outcome.high}
        rounded = {name: round(number, 5) for name, number in numbers.items()}
        return {"state": "measured", **rounded, "n": outcome.n, "clusters": outcome.clusters}
    return {"state": "failed", "reason": outcome.reason}


def named(measurements: Iterable[Measurement], section: str) -> list[Measurement]:
    """Those of a section, everything before slices."""
    chosen = [m for m in measurements if m.section == section]
    return sorted(chosen, key=lambda m: bool(m.part))
