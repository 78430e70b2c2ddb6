"""Statistics: worked examples of textbooks, and every formula against scikit-learn, SciPy or a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mlprep_bot.evaluation import metrics
from mlprep_bot.evaluation.metrics import RANKING, STATISTICS

# What the two columns of each statistic may hold. Scores lie on a grid, so that ties are common.
BIT = st.sampled_from([0.0, 1.0])
SCORE = st.integers(-3, 3).map(lambda n: n / 4)
PROBABILITY = st.integers(0, 20).map(lambda n: n / 20)
COUNT = st.integers(0, 6).map(float)
CLASS = st.integers(0, 4).map(float)
COLUMNS = {
    "mean": (SCORE, SCORE),
    "mean_loss": (SCORE, SCORE),
    "ratio": (COUNT, COUNT),
    "precision": (BIT, BIT),
    "recall": (BIT, BIT),
    "f1": (BIT, BIT),
    "f1_even": (BIT, BIT),
    "precision_even": (BIT, BIT),
    "kappa": (CLASS, CLASS),
    "qwk": (CLASS, CLASS),
    "pearson": (SCORE, SCORE),
    "auroc": (BIT, SCORE),
    "aurc": (BIT, SCORE),
    "refused_at_90": (BIT, SCORE),
    "calibration_error": (BIT, PROBABILITY),
}


@st.composite
def weighted(draw, name):
    """Values of a statistic's kind with weights 0 to 3, of which not all are 0."""
    items = draw(st.lists(st.tuples(*COLUMNS[name], st.integers(0, 3)), min_size=1, max_size=25))
    rows = np.array(items, dtype=float)
    if not rows[:, 2].any():
        rows[0, 2] = 1.0
    return rows[:, :2], rows[:, 2]


def same(left, right):
    return left == pytest.approx(right, abs=1e-9, nan_ok=True)


def of(name, *rows):
    values = np.array(rows, dtype=float)
    return STATISTICS[name](values, np.ones(len(values)))


def table(counts):
    """(first, second) class of every item of a contingency table."""
    return [(i, j) for i, row in enumerate(counts) for j, count in enumerate(row) for _ in range(count)]


# --- ranking ------------------------------------------------------------------------------------


def test_ranking_of_the_textbook():
    """Relevant at ranks 1 and 3; a third document was not found."""
    found = metrics.ranking({"q": ["a", "b", "c"]}, {"q": ["a", "x", "b", "y"]})["q"]
    values = dict(zip(RANKING, found, strict=True))
    assert values["recall@1"] == pytest.approx(1 / 3)
    assert values["recall@5"] == values["recall@10"] == pytest.approx(2 / 3)
    assert values["MRR@10"] == 1.0
    # (1 / log2 2 + 1 / log2 4) over the best of three: 1 + 1 / log2 3 + 1 / 2.
    assert values["nDCG@10"] == pytest.approx(1.5 / (1.5 + 1 / math.log2(3)), abs=1e-5)


def test_mean_reciprocal_rank_of_the_encyclopaedia():
    """The plurals of cat, torus and virus at ranks 3, 2 and 1: 11/18."""
    ranked = {
        "cat": ["catten", "cati", "cats"],
        "torus": ["torii", "tori", "toruses"],
        "virus": ["viruses", "virii", "viri"],
    }
    found = metrics.ranking({"cat": ["cats"], "torus": ["tori"], "virus": ["viruses"]}, ranked)
    assert sum(values[RANKING.index("MRR@10")] for values in found.values()) / 3 == pytest.approx(11 / 18)


def test_what_lies_beyond_rank_10_or_was_not_searched_counts_as_not_found():
    ranked = {"eleventh": [*(f"x{n}" for n in range(10)), "a"], "none": []}
    found = metrics.ranking({"eleventh": ["a"], "none": ["a"], "missing": ["a"]}, ranked)
    assert set(found) == {"eleventh", "none", "missing"}
    assert all(set(values) == {0.0} for values in found.values())
    assert metrics.ranking({}, {}) == {}


@given(st.permutations([f"d{n}" for n in range(12)]), st.sets(st.integers(0, 15), min_size=1, max_size=6))
@hypothesis_settings(max_examples=40, deadline=None)
def test_ranking_is_what_its_formulas_say(order, relevant):
    gold = [f"d{n}" for n in sorted(relevant)]
    found = dict(zip(RANKING, metrics.ranking({"q": gold}, {"q": order})["q"], strict=True))
    places = [place for place, name in enumerate(order, 1) if name in gold]
    for k in (1, 5, 10):
        assert found[f"recall@{k}"] == pytest.approx(sum(place <= k for place in places) / len(gold))
    assert found["MRR@10"] == pytest.approx(1 / places[0] if places and places[0] <= 10 else 0.0)
    best = sum(1 / math.log2(place + 1) for place in range(1, len(gold) + 1))
    gain = sum(1 / math.log2(place + 1) for place in places if place <= 10)
    assert found["nDCG@10"] == pytest.approx(gain / best, abs=1e-5)


# --- every statistic ----------------------------------------------------------------------------


def test_every_statistic_is_tested():
    assert set(COLUMNS) == set(STATISTICS)
    assert set(STATISTICS) >= metrics.LOWER_IS_BETTER


@pytest.mark.parametrize("name", sorted(STATISTICS))
@given(data=st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_a_weight_is_how_often_the_item_is_there(name, data):
    values, weights = data.draw(weighted(name))
    repeated = np.repeat(values, weights.astype(int), axis=0)
    assert same(STATISTICS[name](values, weights), STATISTICS[name](repeated, np.ones(len(repeated))))


@pytest.mark.parametrize("name", sorted(STATISTICS))
@given(data=st.data())
@hypothesis_settings(max_examples=40, deadline=None)
def test_neither_order_nor_scale_of_weights_matters(name, data):
    values, weights = data.draw(weighted(name))
    order = np.array(data.draw(st.permutations(range(len(values)))))
    value = STATISTICS[name](values, weights)
    assert same(value, STATISTICS[name](values[order], weights[order]))
    if weights.sum() >= 3:  # fewer items than that have no r
        assert same(value, STATISTICS[name](values, 2 * weights))


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_of_nothing_there_is_no_value(name):
    assert math.isnan(STATISTICS[name](np.zeros((0, 2)), np.zeros(0)))
    assert math.isnan(STATISTICS[name](np.array([[1.0, 1.0], [0.0, 0.0]]), np.zeros(2)))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("ratio", [(0, 0), (0, 0)]),
        ("precision", [(1, 0), (0, 0)]),
        ("recall", [(0, 1), (0, 0)]),
        ("f1", [(0, 0), (0, 0)]),
        ("f1_even", [(1, 1), (1, 0)]),
        ("f1_even", [(0, 1), (0, 0)]),
        ("precision_even", [(0, 0), (1, 0)]),
        ("kappa", [(2, 2), (2, 2)]),
        ("qwk", [(2, 2), (2, 2)]),
        ("pearson", [(0, 1), (0.5, 1), (1, 1)]),
        ("pearson", [(0, 1), (1, 0)]),
        ("auroc", [(1, 0.2), (1, 0.4)]),
        ("refused_at_90", [(0, 0.2), (0, 0.4)]),
        ("refused_at_90", [(1, 0.2), (1, 0.4)]),
    ],
)
def test_what_is_not_defined_is_no_number(name, rows):
    assert math.isnan(of(name, *rows))


# --- shares -------------------------------------------------------------------------------------


def test_ratio_adds_up_before_it_divides():
    """A question with ten citations weighs ten times one with one: 6 of 11, where the mean of shares is 3/4."""
    assert of("ratio", (5, 10), (0, 0), (1, 1)) == pytest.approx(6 / 11)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@given(data=st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_precision_recall_and_f1_are_those_of_scikit_learn(name, data):
    from sklearn.metrics import f1_score, precision_score, recall_score

    oracle = {"precision": precision_score, "recall": recall_score, "f1": f1_score}[name]
    values, weights = data.draw(weighted(name))
    expected = oracle(values[:, 0], values[:, 1], sample_weight=weights, zero_division=np.nan)
    assert same(STATISTICS[name](values, weights), expected)


def test_even_odds_of_a_worked_example():
    """3 of 4 real ones found, 1 of 10 others flagged: precision 3/4, but 0.75 / (0.75 + 0.1) at even odds."""
    rows = [(1, 1)] * 3 + [(1, 0)] + [(0, 1)] + [(0, 0)] * 9
    assert of("precision", *rows) == pytest.approx(3 / 4)
    assert of("precision_even", *rows) == pytest.approx(0.75 / 0.85)
    assert of("f1_even", *rows) == pytest.approx(2 * 0.75 / (1 + 0.75 + 0.1))


@pytest.mark.parametrize(("even", "plain"), [("f1_even", "f1"), ("precision_even", "precision")])
@given(data=st.data())
@hypothesis_settings(max_examples=60, deadline=None)
def test_even_odds_are_the_plain_statistic_of_classes_made_alike(even, plain, data):
    values, weights = data.draw(weighted(even))
    real, size = values[:, 0], [weights[values[:, 0] == side].sum() for side in (0, 1)]
    if min(size) == 0:
        assert math.isnan(STATISTICS[even](values, weights))
        return
    alike = weights / np.where(real > 0, size[1], size[0])
    assert same(STATISTICS[even](values, weights), STATISTICS[plain](values, alike))


# --- agreement ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([[20, 5], [10, 15]], 0.4),  # the encyclopaedia's example of grant proposals
        ([[45, 15], [25, 15]], 0.1304),  # as many agreements, other margins
        ([[25, 35], [5, 35]], 0.2593),
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.6765),  # Fleiss, Statistical Methods for Rates and Proportions
    ],
)
def test_kappa_of_the_textbook(counts, expected):
    assert of("kappa", *table(counts)) == pytest.approx(expected, abs=1e-4)


def test_weighted_kappa_by_hand():
    """Of Fleiss' table: squared distances 23 where chance has 94 (per 100 subjects)."""
    rows = table([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    observed = 1 * 1 + 4 * 4 + 5 * 1 + 1 * 1
    margins = [80, 10, 10], [80, 5, 15]
    chance = sum(a * b * (i - j) ** 2 / 100 for i, a in enumerate(margins[0]) for j, b in enumerate(margins[1]))
    assert (observed, chance) == (23, pytest.approx(94))
    assert of("qwk", *rows) == pytest.approx(1 - 23 / 94)


@pytest.mark.filterwarnings("ignore")  # scikit-learn divides by zero where kappa is not defined
@pytest.mark.parametrize(("name", "kind"), [("kappa", None), ("qwk", "quadratic")])
@given(data=st.data())
@hypothesis_settings(max_examples=100, deadline=None)
def test_kappas_are_those_of_scikit_learn(name, kind, data):
    from sklearn.metrics import cohen_kappa_score

    values, weights = data.draw(weighted(name))
    whole = values.astype(int)
    options = {"labels": range(5), "weights": kind, "sample_weight": weights}
    value = STATISTICS[name](values, weights)
    if len(np.unique(whole[weights > 0])) < 2:
        assert math.isnan(value)
    else:
        assert same(value, cohen_kappa_score(whole[:, 0], whole[:, 1], **options))


def test_marks_that_nobody_gave_do_not_bring_the_others_together():
    """0 and 5 stay five apart whether or not somebody gave 1 to 4; only then do draws of one set compare."""
    rows = [(0, 0), (5, 5), (1, 0), (5, 1), (0, 5)]
    assert of("qwk", *rows) == pytest.approx(1 - (1 + 16 + 25) / (51 + 51 - 2 * 11 * 11 / 5))


def test_pearson_of_the_textbook():
    """The first of Anscombe's four sets."""
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    assert of("pearson", *zip(x, y, strict=True)) == pytest.approx(0.8164, abs=1e-4)


@given(weighted("pearson"))
@hypothesis_settings(max_examples=60, deadline=None)
def test_pearson_is_that_of_scipy(drawn):
    from scipy.stats import pearsonr

    values, weights = drawn
    rows = np.repeat(values, weights.astype(int), axis=0)
    if len(rows) >= 3 and min(len(set(column)) for column in rows.T) > 1:
        assert same(metrics.pearson(values, weights), pearsonr(rows[:, 0], rows[:, 1]).statistic)
    else:
        assert math.isnan(metrics.pearson(values, weights))


# --- scores -------------------------------------------------------------------------------------

# Hanley and McNeil (1982): 58 normal and 51 abnormal images that a reader rated from 1 to 5.
NORMAL, ABNORMAL = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)


def test_auroc_of_the_textbook_counts_ties_half():
    rows = [(0, rating) for rating, count in enumerate(NORMAL) for _ in range(count)]
    rows += [(1, rating) for rating, count in enumerate(ABNORMAL) for _ in range(count)]
    assert of("auroc", *rows) == pytest.approx(0.893, abs=5e-4)
    assert of("auroc", (1, 0.5), (0, 0.5)) == 0.5


@given(weighted("auroc"))
@hypothesis_settings(max_examples=100, deadline=None)
def test_auroc_is_that_of_scikit_learn_and_turns_with_the_scores(drawn):
    from sklearn.metrics import roc_auc_score

    values, weights = drawn
    kept = weights > 0
    value = metrics.auroc(values, weights)
    if len(set(values[kept, 0])) < 2:
        assert math.isnan(value)
        return
    assert same(value, roc_auc_score(values[kept, 0], values[kept, 1], sample_weight=weights[kept]))
    assert same(metrics.auroc(values * [1, -1], weights), 1 - value)
    assert same(metrics.auroc(np.column_stack([values[:, 0], np.exp(values[:, 1])]), weights), value)


def test_aurc_by_hand():
    """Right, wrong, right by falling score: risks 0, 1/2, 1/3 at coverages 1/3, 2/3, 1."""
    assert of("aurc", (1, 0.9), (0, 0.8), (1, 0.7)) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def test_aurc_with_ties_is_that_of_no_lucky_order():
    """The last two enter together: risk 1/3 over the last two thirds of the coverage."""
    for rows in ([(1, 0.9), (1, 0.5), (0, 0.5)], [(1, 0.9), (0, 0.5), (1, 0.5)]):
        assert of("aurc", *rows) == pytest.approx(2 / 3 * 1 / 3)
    coverage, risk = metrics.risk_coverage(np.array([[1, 0.9], [1, 0.5], [0, 0.5]]), np.ones(3))
    assert coverage.tolist() == pytest.approx([1 / 3, 1])
    assert risk.tolist() == pytest.approx([0, 1 / 3])


@given(weighted("aurc"))
@hypothesis_settings(max_examples=60, deadline=None)
def test_aurc_is_the_mean_risk_at_each_item(drawn):
    values, weights = drawn
    right, score = values.T
    risks = [
        np.average(1 - right, weights=weights * (score >= at)) if weight else 0
        for at, weight in zip(score, weights, strict=True)
    ]
    assert same(metrics.aurc(values, weights), np.average(risks, weights=weights))


def test_refused_at_90_by_hand():
    """Nine of ten answerable ones pass at 0.2; two of the four unanswerable score lower, one just there."""
    rows = [(1, n / 10) for n in range(1, 11)] + [(0, 0.1), (0, 0.15), (0, 0.2), (0, 0.95)]
    assert of("refused_at_90", *rows) == 0.5


@given(weighted("refused_at_90"))
@hypothesis_settings(max_examples=60, deadline=None)
def test_refused_at_90_is_that_of_the_highest_floor_which_nine_tenths_pass(drawn):
    values, weights = drawn
    rows = np.repeat(values, weights.astype(int), axis=0)
    yes, no = rows[rows[:, 0] == 1, 1], rows[rows[:, 0] == 0, 1]
    value = metrics.refused_at_90(values, weights)
    if not len(yes) or not len(no):
        assert math.isnan(value)
        return
    floor = max(at for at in yes if 10 * (yes >= at).sum() >= 9 * len(yes))
    assert same(value, (no < floor).mean())


def test_calibration_error_by_hand():
    """Two of six at 15% of which half are true, four at 85% of which three are: 2/6 * 0.35 + 4/6 * 0.10."""
    rows = [(0, 0.15), (1, 0.15), (1, 0.85), (1, 0.85), (1, 0.85), (0, 0.85)]
    assert of("calibration_error", *rows) == pytest.approx(2 / 6 * 0.35 + 4 / 6 * 0.10)
    assert of("calibration_error", (1, 1.0), (0, 0.0)) == 0.0


@given(weighted("calibration_error"))
@hypothesis_settings(max_examples=60, deadline=None)
def test_calibration_error_is_the_gap_within_bins(drawn):
    values, weights = drawn
    rows = np.repeat(values, weights.astype(int), axis=0)
    gap = 0.0
    for low in range(10):
        inside = rows[(rows[:, 1] * 10 >= low) & ((rows[:, 1] * 10 < low + 1) | (low == 9))]
        gap += abs(inside[:, 0].mean() - inside[:, 1].mean()) * len(inside) if len(inside) else 0.0
    assert same(metrics.calibration_error(values, weights), gap / len(rows))
