"""What is computed from items: ranking metrics by ir-measures, the rest here (pure).

A statistic takes `values` of shape (items, k) and `weights` of shape (items,), and gives one number, nan where it
is not defined (precision when nothing was said). Weights are how often the bootstrap drew an item; 1 each for the
value itself. A weight of 2 is the item twice, a weight of 0 is its absence. Statistics are computed here, not by
scikit-learn, because a gate draws each a thousand times; the tests hold them to scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], float]

NAN = float("nan")
RANKING = ("recall@1", "recall@5", "recall@10", "MRR@10", "nDCG@10")
"""What `ranking` gives, in this order."""


GRADED = ("recall@1", "recall@5", "recall@10", "recall@100", "MRR@10", "nDCG@10")
"""What `graded_ranking` gives, in this order."""


def ranking(relevant: Mapping[str, Sequence[str]], ranked: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, ...]]:
    """`RANKING` for each question by ir-measures (trec_eval), from relevant and ranked document names, best first.

    A question for which nothing was found scores 0; documents of a ranking must be distinct.
    """
    from ir_measures import RR, R, nDCG

    alike = {question: dict.fromkeys(documents, 1) for question, documents in relevant.items()}
    return _ranking((R @ 1, R @ 5, R @ 10, RR @ 10, nDCG @ 10), alike, ranked)


def graded_ranking(
    relevant: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]
) -> dict[str, tuple[float, ...]]:
    """`GRADED` for each question, as `ranking`, from how relevant each document is (0: not at all).

    nDCG gains a document's relevance itself, as trec_eval does; for the others anything above 0 is relevant.
    """
    from ir_measures import RR, R, nDCG

    return _ranking((R @ 1, R @ 5, R @ 10, R @ 100, RR @ 10, nDCG @ 10), relevant, ranked)


def _ranking(
    measures: Sequence[Any], relevant: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]
) -> dict[str, tuple[float, ...]]:
    import ir_measures

    qrels = [ir_measures.Qrel(q, d, grade) for q, documents in relevant.items() for d, grade in documents.items()]
    run = [ir_measures.ScoredDoc(q, d, float(-rank)) for q in relevant for rank, d in enumerate(ranked.get(q, ()))]
    found: dict[str, dict[Any, float]] = {q: {} for q in relevant}
    for metric in ir_measures.iter_calc(measures, qrels, run):
        found[metric.query_id][metric.measure] = metric.value
    return {q: tuple(found[q].get(measure, 0.0) for measure in measures) for q in relevant}


def mean(values: Floats, weights: Floats) -> float:
    """Of the first column."""
    return _share(values[:, 0] @ weights, weights.sum())


def mean_loss(values: Floats, weights: Floats) -> float:
    """`mean` of something that should be low."""
    return mean(values, weights)


def ratio(values: Floats, weights: Floats) -> float:
    """Sum of the first column over the sum of the second: a share of things that a question may have several of."""
    return _share(values[:, 0] @ weights, values[:, 1] @ weights)


def precision(values: Floats, weights: Floats) -> float:
    """(real, said), both 0 or 1: of what was said, how much is real."""
    return _share(weights @ (values[:, 0] * values[:, 1]), weights @ values[:, 1])


def recall(values: Floats, weights: Floats) -> float:
    """(real, said): of what is real, how much was said."""
    return _share(weights @ (values[:, 0] * values[:, 1]), weights @ values[:, 0])


def f1(values: Floats, weights: Floats) -> float:
    """(real, said): the harmonic mean of precision and recall."""
    return _share(2 * (weights @ (values[:, 0] * values[:, 1])), weights @ (values[:, 0] + values[:, 1]))


def f1_even(values: Floats, weights: Floats) -> float:
    """(real, said): F1 as if as many items were real as are not, so that kinds of unlike size can be compared."""
    hit = recall(values, weights)
    alarm = _share(weights @ ((1 - values[:, 0]) * values[:, 1]), weights @ (1 - values[:, 0]))
    return _share(2 * hit, 1 + hit + alarm)


def precision_even(values: Floats, weights: Floats) -> float:
    """(real, said): precision at even odds, as `f1_even`."""
    hit = recall(values, weights)
    alarm = _share(weights @ ((1 - values[:, 0]) * values[:, 1]), weights @ (1 - values[:, 0]))
    return _share(hit, hit + alarm)


def kappa(values: Floats, weights: Floats) -> float:
    """(class by people, class by us), classes as whole numbers from 0: Cohen's kappa (1960)."""
    theirs, ours = values.astype(int).T
    count = 1 + values.max(initial=0).astype(int)
    chance = np.bincount(theirs, weights, count) @ np.bincount(ours, weights, count)
    total = weights.sum()
    # (agreed - by chance) / (1 - by chance), both sides times the square of the total weight.
    return _share(total * (weights @ (theirs == ours)) - chance, total**2 - chance)


def qwk(values: Floats, weights: Floats) -> float:
    """(mark by people, mark by us): kappa with quadratic weights (Cohen 1968), distances those of the marks themselves.

    scikit-learn counts distances in places among the marks that occur, so that a draw without a mark would close up.
    """
    total = weights.sum()
    first, second = weights @ values, weights @ values**2
    wrong = weights @ (values[:, 0] - values[:, 1]) ** 2
    # What two people with these marks, who know nothing of each other, would differ by.
    by_chance = second.sum() - _share(2 * first.prod(), total)
    return 1 - _share(wrong, by_chance)


def pearson(values: Floats, weights: Floats) -> float:
    """Pearson's r of two columns."""
    if weights.sum() < 3:
        return NAN
    centred = values - np.average(values, axis=0, weights=weights)
    spread = np.sqrt(weights @ centred**2)
    if spread.min() < 1e-9:
        return NAN
    return float(weights @ (centred[:, 0] * centred[:, 1]) / spread.prod())


def auroc(values: Floats, weights: Floats) -> float:
    """(positive, score): the chance that a positive item scores above another, ties counting half."""
    _, place = np.unique(values[:, 1], return_inverse=True)
    yes = np.bincount(place, weights * (values[:, 0] > 0.5))
    no = np.bincount(place, weights * (values[:, 0] <= 0.5))
    below = np.cumsum(no) - no / 2
    return _share(yes @ below, yes.sum() * no.sum())


def aurc(values: Floats, weights: Floats) -> float:
    """(right, score): area under the risk-coverage curve (Geifman and El-Yaniv 2017); lower is better.

    The mean, over every coverage, of the share of wrong items among those that score highest.
    """
    covered, risk = risk_coverage(values, weights)
    return float(np.diff(covered, prepend=0.0) @ risk) if len(covered) else NAN


def risk_coverage(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(right, score) -> share of items that score at least this, ascending, and the share of wrong ones among them.

    Items of one score enter together: no order of ties may look better than another.
    """
    order = np.argsort(-values[:, 1], kind="stable")
    scores, weight = values[order, 1], weights[order]
    wrong = np.cumsum(weight * (1 - values[order, 0]))
    reached = np.cumsum(weight)
    last = np.append(scores[1:] != scores[:-1], True) if len(scores) else np.zeros(0, bool)
    last &= reached > 0
    total = reached[-1] if len(reached) else 0.0
    return reached[last] / max(total, 1e-12), wrong[last] / reached[last]


def refused_at_90(values: Floats, weights: Floats) -> float:
    """(answerable, score): of the unanswerable, the share that scores below where 90% of the answerable pass."""
    yes, no = values[:, 0] > 0.5, values[:, 0] <= 0.5
    order = np.argsort(-values[yes, 1])
    passed = np.cumsum(weights[yes][order])
    if not len(passed) or passed[-1] == 0:
        return NAN
    floor = values[yes, 1][order][np.searchsorted(passed, 0.9 * passed[-1] - 1e-9)]
    return _share(weights[no] @ (values[no, 1] < floor), weights[no].sum())


def calibration_error(values: Floats, weights: Floats) -> float:
    """(true, probability): expected calibration error over ten bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((values[:, 1] * 10).astype(int), 9)
    size = np.bincount(bins, weights, 10)
    gap = np.abs(np.bincount(bins, weights * values[:, 0], 10) - np.bincount(bins, weights * values[:, 1], 10))
    return _share(gap.sum(), size.sum())


STATISTICS: Mapping[str, Statistic] = {
    function.__name__: function
    for function in (
        mean, mean_loss, ratio, precision, recall, f1, f1_even, precision_even, kappa, qwk, pearson, auroc, aurc,
        refused_at_90, calibration_error,
    )
}  # fmt: skip
LOWER_IS_BETTER = frozenset({"mean_loss", "aurc", "calibration_error"})


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole > 1e-12 else NAN
