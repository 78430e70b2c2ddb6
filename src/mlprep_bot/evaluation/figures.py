"""A figure: a value, its interval and on how many items it rests; or the plain statement that there is none (pure).

Intervals are 95% percentile bootstraps (Efron 1979) that draw whole clusters, because questions about one document
succeed and fail together (Field and Welsh 2007). Draws are the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from mlprep_bot.evaluation.metrics import LOWER_IS_BETTER, STATISTICS, Floats

DRAWS = 1000
SEED = 20261122
OURS = "mlprep"
# With fewer draws in which a statistic is defined than this share, its interval would be of chosen draws.
_FEWEST_DEFINED = 0.9


@dataclass(frozen=True, slots=True)
class Sample:
    """One gold item: the cluster that it shares with others, and the numbers that the statistic reads."""

    id: str
    cluster: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95% interval; `n` items in `clusters` clusters."""

    value: float
    low: float
    high: float
    n: int
    clusters: int

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, slots=True)
class Failed:
    """A measurement that gave no value. Never to be read as 0."""

    reason: str


Outcome = Figure | Failed


@dataclass(frozen=True, slots=True)
class Problem:
    """A gold item that raised, and what."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was observed of every gold item, and the statistic that makes one figure of it.

    `system` is who was measured (`mlprep`, or a baseline); `part` names a slice ("topic: cost"), "" is everything.
    `problems` are the items that raised: with any of them there is no figure, because the others are another set.
    `gated`: `mlprep eval --check` compares it with the baseline.
    """

    section: str
    name: str
    statistic: str
    samples: tuple[Sample, ...]
    system: str = OURS
    part: str = ""
    problems: tuple[Problem, ...] = ()
    gated: bool = False

    @property
    def key(self) -> str:
        """Unique within a run."""
        return "/".join(word for word in (self.section, self.name, self.system, self.part) if word)

    @property
    def lower_is_better(self) -> bool:
        return self.statistic in LOWER_IS_BETTER

    def figure(self) -> Outcome:
        """The value with its interval."""
        return _figure(self)


@lru_cache(maxsize=4096)
def _figure(measured: Measurement) -> Outcome:
    if measured.problems:
        total = len(measured.samples) + len(measured.problems)
        first = measured.problems[0]
        return Failed(f"{len(measured.problems)} of {total} items raised; the first, {first.id}: {first.reason}")
    if not measured.samples:
        return Failed("there is no item to measure this on")
    values = _matrix(measured.samples)
    clusters = [sample.cluster for sample in measured.samples]
    return estimate(lambda weights: STATISTICS[measured.statistic](values, weights), clusters)


def difference(measured: Measurement, before: Mapping[str, Sequence[float]]) -> Outcome:
    """How much better than before, on the items that both have: positive is better, whatever the statistic.

    Items that raise now are not compared away: with any of them there is no difference.
    """
    if measured.problems:
        return measured.figure()
    both = [sample for sample in measured.samples if sample.id in before]
    if not both:
        return Failed("no item is in both runs")
    statistic = STATISTICS[measured.statistic]
    now, then = _matrix(both), np.array([before[sample.id] for sample in both], dtype=float)
    sign = -1.0 if measured.lower_is_better else 1.0
    return estimate(lambda w: sign * (statistic(now, w) - statistic(then, w)), [sample.cluster for sample in both])


def estimate(measure: Callable[[Floats], float], clusters: Sequence[str]) -> Outcome:
    """`measure` of weights (shape (items,)), with its interval over draws of whole clusters.

    When all items are of one cluster they are drawn one by one, for want of anything better.
    """
    names = sorted(set(clusters))
    place = {name: at for at, name in enumerate(names)}
    groups = [place[cluster] for cluster in clusters] if len(names) > 1 else list(range(len(clusters)))
    value = measure(np.ones(len(clusters)))
    if np.isnan(value):
        return Failed("not defined on these items")
    count = max(groups) + 1
    drawn = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    found = np.array([measure(row[groups].astype(float)) for row in drawn])
    defined = found[~np.isnan(found)]
    if len(defined) < _FEWEST_DEFINED * DRAWS:
        return Failed("too few items for an interval")
    low, high = np.percentile(defined, [2.5, 97.5])
    return Figure(value, float(low), float(high), len(clusters), len(names))


def _matrix(samples: Sequence[Sample]) -> Floats:
    return np.array([sample.values for sample in samples], dtype=float)


@dataclass(slots=True)
class Observations:
    """Collects what a loop over gold items observes; an item that raises becomes a `Problem` of every figure."""

    section: str
    system: str = OURS
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, name: str, identity: str, cluster: str, *values: float) -> None:
        """One item's numbers for one figure."""
        self.samples.setdefault(name, []).append(Sample(identity, cluster, values))

    @contextmanager
    def item(self, identity: str) -> Iterator[None]:
        """One item's turn. The boundary of a run: whatever it raises fails the figures, never the run.

        Observations that share their list of problems fail together.
        """
        try:
            yield
        except Exception as error:
            said = " ".join(str(error).split())[:200]
            self.problems.append(Problem(identity, f"{type(error).__name__}: {said}" if said else type(error).__name__))

    def measurement(self, name: str, statistic: str, *, gated: bool = False, part: str = "") -> Measurement:
        """The figure of that name, over everything that was added under it."""
        return Measurement(
            self.section, name, statistic, tuple(self.samples.get(name, ())), self.system, part,
            tuple(self.problems), gated,
        )  # fmt: skip


def sliced(measured: Measurement, label: str, groups: Mapping[str, str]) -> list[Measurement]:
    """The measurement by group: `groups` says which group an item id belongs to."""
    parts: dict[str, list[Sample]] = {}
    for sample in measured.samples:
        if sample.id in groups:
            parts.setdefault(groups[sample.id], []).append(sample)
    return [
        replace(measured, part=f"{label}: {group}", samples=tuple(samples), gated=False)
        for group, samples in sorted(parts.items())
    ]
