"""What we set out to reach, and whether a run did."""

from __future__ import annotations

from dataclasses import dataclass

from mlprep_bot.evaluation.figures import Figure, Measurement
from mlprep_bot.evaluation.run import Run


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on a figure: at least it, or at most it where lower is better. `part` "*" means the worst slice."""

    what: str
    section: str
    name: str
    bound: float
    part: str = ""


TARGETS = (
    Target("evidence within 4,000 characters", "retrieval", "hit@4000", 0.90),
    Target("citation precision", "answers", "citation precision", 0.98),
    Target("sentences of a small model shown as supported that are", "support", "shown as supported: precision", 0.95),
    Target("support check, F1 of finding the unsupported", "support", "F1", 0.90),
    Target("support check, its worst kind", "support", "F1", 0.80, "*"),
    Target("near-domain refused at 90% coverage", "refusal", "near-domain refused at 90% coverage", 0.75),
    Target("far-domain refused at 90% coverage", "refusal", "far-domain refused at 90% coverage", 1.0),
    Target("agreement per key point, kappa", "grading", "kappa", 0.60),
    Target("marks of the best attack (of 5)", "grading", "attack", 1.0, "*"),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """A target and the measurement that speaks to it."""

    target: Target
    measured: Measurement
    figure: Figure

    @property
    def yes(self) -> bool:
        low = self.measured.lower_is_better
        return self.figure.value <= self.target.bound if low else self.figure.value >= self.target.bound


def judge(run: Run) -> list[Reached]:
    """Every target that this run says something about."""
    return [found for target in TARGETS if (found := _reached(run, target))]


def _reached(run: Run, target: Target) -> Reached | None:
    if target.part != "*":
        chosen = [run.find(target.section, target.name, part=target.part)]
    else:
        chosen = [
            m for m in run.measurements
            if (m.section, m.name, m.system) == (target.section, target.name, "mlprep") and m.part
        ]  # fmt: skip
    found = [(m, outcome) for m in chosen if m is not None and isinstance(outcome := m.figure(), Figure)]
    if not found:
        return None
    lower = found[0][0].lower_is_better
    worst = (max if lower else min)(found, key=lambda pair: pair[1].value)
    return Reached(target, *worst)
