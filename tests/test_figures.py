"""Figures: intervals that draw clusters, differences of pairs, and failures that are never a number."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mlprep_bot.evaluation.figures import (
    Failed,
    Figure,
    Measurement,
    Observations,
    Problem,
    Sample,
    difference,
    sliced,
)
from mlprep_bot.evaluation.metrics import LOWER_IS_BETTER, STATISTICS
from mlprep_bot.evaluation.run import Cost, Run, Skipped, named, outcome_json
from mlprep_bot.evaluation.targets import TARGETS, judge

PROBLEM = Problem("q7", "ValueError: no")


def measured(*values, statistic="mean", clusters=None, **more):
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    clusters = clusters or [f"c{at}" for at in range(len(rows))]
    samples = [Sample(f"q{at}", clusters[at], tuple(map(float, row))) for at, row in enumerate(rows)]
    return Measurement("section", "name", statistic, tuple(samples), **more)


def width(outcome):
    return outcome.high - outcome.low


def run_of(*measurements, **more):
    return Run("corpus", "test", "none", {"mlprep": "1"}, (), measurements, **more)


# --- intervals ----------------------------------------------------------------------------------

rows = st.lists(st.tuples(st.integers(0, 8).map(lambda n: n / 8), st.integers(0, 5)), min_size=1, max_size=30)


@given(rows, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=40, deadline=None)
def test_an_interval_of_a_mean_holds_it_and_is_the_same_in_every_run_and_order(items, random):
    samples = [Sample(str(at), f"c{cluster}", (value,)) for at, (value, cluster) in enumerate(items)]
    figure = Measurement("s", "n", "mean", tuple(samples)).figure()
    assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
    assert figure.value == pytest.approx(np.mean([value for value, _ in items]))
    assert (figure.n, figure.clusters) == (len(items), len({cluster for _, cluster in items}))
    again = Measurement("other", "name", "mean", tuple(samples)).figure()
    assert again == figure
    if figure.clusters > 1:  # of one cluster the items are drawn, in their order
        shuffled = Measurement("s", "n", "mean", tuple(random.sample(samples, len(samples)))).figure()
        assert (shuffled.low, shuffled.high) == pytest.approx((figure.low, figure.high))


def test_an_interval_is_as_wide_as_theory_says():
    """400 independent items of which a quarter fail: 1.96 standard errors on both sides."""
    figure = measured(*([1, 1, 1, 0] * 100)).figure()
    assert width(figure) == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 400) ** 0.5, rel=0.1)


def test_items_that_succeed_together_say_less():
    alone = measured(*([1, 1, 1, 0] * 50)).figure()
    together = measured(
        *[v for v in [1, 1, 1, 0] * 10 for _ in range(5)], clusters=[f"c{at // 5}" for at in range(200)]
    )
    assert together.figure().value == alone.value
    assert (together.figure().n, together.figure().clusters) == (200, 40)
    assert width(together.figure()) == pytest.approx(width(alone) * 5**0.5, rel=0.15)


def test_copies_of_an_item_in_its_cluster_say_nothing():
    once = measured(1, 0, 1, 1, 0, 1, 1)
    twice = [sample for sample in once.samples for _ in range(2)]
    figure = replace(once, samples=tuple(twice)).figure()
    assert (figure.low, figure.high) == pytest.approx((once.figure().low, once.figure().high))


def test_items_of_one_cluster_are_drawn_one_by_one():
    figure = measured(1, 0, 1, 1, clusters=["same"] * 4).figure()
    assert (figure.n, figure.clusters) == (4, 1)
    assert figure.low < figure.value < figure.high


def test_one_item_has_no_spread():
    assert measured(0.25).figure() == Figure(0.25, 0.25, 0.25, 1, 1)
    assert str(measured(0.25).figure()) == "0.25 [0.25, 0.25]"


SCORED = frozenset({"pearson", "auroc", "aurc", "refused_at_90", "calibration_error"})


@pytest.mark.parametrize("statistic", sorted(STATISTICS))
def test_every_statistic_has_an_interval_around_it(statistic):
    rng = np.random.default_rng(3)
    real = rng.integers(0, 2, 120)
    score = 0.3 * real + 0.7 * rng.random(120)
    other = score if statistic in SCORED else 1 + (score > 0.8) if statistic == "ratio" else score > 0.5
    figure = measured(*zip(real, other, strict=True), statistic=statistic).figure()
    assert -1 <= figure.low < figure.value < figure.high <= 1


# --- failures -----------------------------------------------------------------------------------


def test_what_cannot_be_measured_is_no_number():
    assert measured().figure() == Failed("there is no item to measure this on")
    assert measured((1, 0), (0, 0), statistic="precision").figure() == Failed("not defined on these items")
    few = measured((1, 1), (1, 0), (0, 0), (0, 0), statistic="precision")  # a third of the draws say nothing
    assert few.figure() == Failed("too few items for an interval")


def test_one_item_that_raised_leaves_no_figure():
    broken = measured(1, 1, problems=(PROBLEM, Problem("q8", "OSError")))
    assert broken.figure() == Failed("2 of 4 items raised; the first, q7: ValueError: no")
    shape = outcome_json(broken.figure())
    assert shape == {"state": "failed", "reason": broken.figure().reason}


def test_observations_keep_what_raised_for_every_figure_and_slice():
    seen = Observations("answers")
    seen.add("a", "q1", "doc", 1.0)
    seen.add("b", "q1", "doc", 1.0, 2.0)
    with seen.item("q2"):
        raise ValueError("first line\n  second   line")
    with seen.item("q3"):
        raise KeyError
    first = seen.measurement("a", "mean", gated=True)
    assert first.samples == (Sample("q1", "doc", (1.0,)),)
    assert first.problems == (Problem("q2", "ValueError: first line second line"), Problem("q3", "KeyError"))
    assert first.gated
    assert isinstance(seen.measurement("b", "ratio").figure(), Failed)
    assert isinstance(seen.measurement("nobody added this", "mean").figure(), Failed)
    assert all(isinstance(part.figure(), Failed) for part in sliced(first, "kind", {"q1": "fact"}))


def test_a_long_complaint_is_cut():
    seen = Observations("answers")
    with seen.item("q"):
        raise RuntimeError("x" * 1000)
    assert len(seen.problems[0].reason) < 250


def test_slices_take_the_items_of_a_group():
    whole = measured(1, 0, 1, gated=True)
    parts = sliced(whole, "topic", {"q0": "cost", "q1": "cost", "unknown": "teams"})
    assert [(part.part, [s.id for s in part.samples], part.gated) for part in parts] == [
        ("topic: cost", ["q0", "q1"], False)
    ]
    assert parts[0].figure().value == 0.5


# --- differences --------------------------------------------------------------------------------


def before(measurement):
    return {sample.id: sample.values for sample in measurement.samples}


@pytest.mark.parametrize("statistic", ["mean", "mean_loss", "aurc", "auroc", "f1"])
def test_equal_runs_differ_by_nothing(statistic):
    now = measured(*[(1, 1), (0, 0), (1, 0), (1, 1), (0, 1)] * 5, statistic=statistic)
    gap = difference(now, before(now))
    assert (gap.value, gap.low, gap.high) == (0, 0, 0)


@pytest.mark.parametrize("statistic", sorted(STATISTICS))
def test_better_is_positive_whatever_the_statistic(statistic):
    worse_than_ours = [(1, 0.9), (0, 0.8), (0, 0.2), (1, 0.4)] * 10
    ours = [(1, 0.9), (0, 0.1), (0, 0.2), (1, 0.8)] * 10
    if statistic in ("precision", "recall", "f1", "f1_even", "precision_even", "kappa", "qwk"):
        ours, worse_than_ours = ([(a, round(b)) for a, b in found] for found in (ours, worse_than_ours))
    elif statistic == "aurc":
        worse_than_ours = [(1, 0.2), (0, 0.8), (0, 0.9), (1, 0.1)] * 10
    elif statistic == "mean_loss":
        ours, worse_than_ours = [(0,), (1,)] * 20, [(1,), (1,)] * 20
    elif statistic == "mean":
        worse_than_ours = [(0, 0)] * 40
    elif statistic == "ratio":
        ours, worse_than_ours = [(2, 2), (1, 1)] * 20, [(1, 2), (1, 1)] * 20
    now, then = (measured(*found, statistic=statistic) for found in (ours, worse_than_ours))
    assert now.lower_is_better == (statistic in LOWER_IS_BETTER)
    assert difference(now, before(then)).value > 0
    assert difference(then, before(now)).value < 0
    assert difference(then, before(now)).low == pytest.approx(-difference(now, before(then)).high)


def test_a_difference_is_of_pairs():
    """Ninety of a hundred questions go as before and ten are won: sure of its sign, though both intervals overlap."""
    then, now = measured(*[1] * 60, *[0] * 40), measured(*[1] * 70, *[0] * 30)
    gap = difference(now, before(then))
    assert gap.value == pytest.approx(0.1)
    assert gap.low > 0.03
    assert now.figure().low < then.figure().high


def test_only_items_of_both_runs_are_compared():
    now = measured(1, 0, 1, 1)
    gap = difference(now, {"q0": (0.0,), "q1": (1.0,), "long gone": (1.0,)})
    assert (gap.value, gap.n, gap.clusters) == (0.0, 2, 2)
    assert difference(now, {"long gone": (1.0,)}) == Failed("no item is in both runs")


def test_items_that_raise_now_are_not_compared_away():
    now = measured(1, 1, problems=(PROBLEM,))
    assert difference(now, {"q0": (1.0,), "q1": (1.0,), "q7": (1.0,)}) == now.figure()
    assert isinstance(now.figure(), Failed)


# --- a run --------------------------------------------------------------------------------------


def test_a_run_tells_what_raised_and_what_failed():
    fine, broken = measured(1, 0), measured(1, problems=(PROBLEM,), system="other")
    same_again = replace(broken, name="second")
    attack = measured(problems=(Problem("a", "OSError"),), part="attack: echo")
    run = run_of(fine, broken, same_again, replace(attack, name="attack"), replace(fine, part="kind: x", samples=()))
    assert run.problems() == [("section", "q7", "ValueError: no"), ("section", "a", "OSError")]
    failures = dict(run.failures())
    assert set(failures) == {"section/name/other", "section/second/other", "section/attack/mlprep/attack: echo"}
    assert run.find("section", "name") is fine
    assert run.find("section", "name", "other") is broken
    assert run.find("section", "name", part="kind: y") is None
    assert [m.part for m in named(run.measurements, "section")][-2:] == ["attack: echo", "kind: x"]


def test_keys_are_unique():
    found = [measured(1), measured(1, system="x"), measured(1, part="kind: x"), replace(measured(1), name="other")]
    assert len({one.key for one in found}) == len(found)


def test_json_has_no_number_where_a_measurement_failed():
    fine, broken = measured(1, 0), measured((1, 0), (0, 0), statistic="precision", system="other")
    run = run_of(fine, broken, costs=(Cost("search", 0.1, 0.2, "s", 9),), skipped=(Skipped("grading", "why"),))
    shape = json.loads(json.dumps(run.as_json(), allow_nan=False))
    good, bad = shape["figures"]
    assert (good["state"], good["value"], good["n"], good["items"]) == ("measured", 0.5, 2, {"q0": [1], "q1": [0]})
    assert bad["state"] == "failed"
    assert not {"value", "low", "high"} & set(bad)
    assert shape["costs"] == [{"stage": "search", "median": 0.1, "p95": 0.2, "unit": "s", "n": 9}]
    assert shape["skipped"] == [{"section": "grading", "system": "", "reason": "why"}]
    assert shape["errors"] == []


def test_targets_are_judged_by_the_worst_slice_and_the_right_way_round():
    def of(section, name, value, **more):
        return replace(measured(value, value, **more), section=section, name=name)

    run = run_of(
        of("retrieval", "hit@4000", 0.9),
        of("retrieval", "hit@4000", 0.1, system="dense"),
        of("support", "F1", 0.95),
        of("support", "F1", 0.9, part="kind: number"),
        of("support", "F1", 0.7, part="kind: entity"),
        of("grading", "attack", 0.5, part="attack: echo", statistic="mean_loss"),
        of("grading", "attack", 1.2, part="attack: keywords", statistic="mean_loss"),
        of("refusal", "far-domain refused at 90% coverage", float("nan")),
    )
    judged = {found.target.what: (found.yes, found.figure.value) for found in judge(run)}
    assert judged == {
        "evidence within 4,000 characters": (True, 0.9),
        "support check, F1 of finding the unsupported": (True, 0.95),
        "support check, its worst kind": (False, 0.7),
        "marks of the best attack (of 5)": (False, 1.2),
    }
    assert {found.target for found in judge(run)} < set(TARGETS)
