"""The support check: rules on small examples, figures on the test cards."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace

import pytest

from conftest import REPOSITORY, script
from mlprep_bot.answering.binding import binding_gain
from mlprep_bot.answering.clauses import contrast_polarity, reason_flip
from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.numbers import Number, same_number
from mlprep_bot.answering.quotes import find_quote
from mlprep_bot.answering.relations import opposed
from mlprep_bot.answering.rivals import missing_names, modifier_exchanges
from mlprep_bot.answering.support import SupportChecker, calibrated
from mlprep_bot.domain import Passage, Ranking
from mlprep_bot.errors import TestSplitUsed

TEXT = """A random forest averages deep trees to reduce variance, while boosting adds shallow trees to reduce bias.
More trees do not make a random forest overfit, whereas boosting can overfit with more rounds. Each bootstrap
sample leaves out about **36.8%** of the rows. The $L_2$ penalty costs `3 ms` and never selects features."""


TRAINING = """Dropout zeroes each hidden unit with probability p = 0.5 during training. Training ran for 5 epochs with
a batch size of 32. The learning rate was 0.001 and the run took two hours on one GPU."""


def passage(text: str, n: int = 1, start: int = 0) -> Passage:
    return Passage(n, text, "doc.md", start, start + len(text), "", "", 1.0, (), Ranking(1, 1, None, None, 1.0))


@pytest.fixture(scope="module")
def checker(embedder) -> SupportChecker:
    return SupportChecker(embedder)


def numbers(text: str) -> list[tuple[float, str]]:
    return [(t.number.value, t.number.unit) for t in tokens(text) if t.number]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("190{,}000 users, 24.5 million rows", [(190_000, ""), (24.5e6, "")]),
        ("$5 \\times 10^{11}$ and 10^6", [(5e11, ""), (1e6, "")]),
        ("15.4% or 60-70% in 200 ms", [(0.154, "%"), (0.6, "%"), (0.7, "%"), (200, "ms")]),
        ("half of twenty-five", [(0.5, ""), (25, "")]),
        ("−4.3 bits, $9", [(-4.3, "bit"), (9, "usd")]),
        ("F1 of BM25 and L2 with GPT4", []),
    ],
)
def test_numbers_are_read(text: str, expected: list[tuple[float, str]]) -> None:
    assert numbers(text) == [(pytest.approx(value), unit) for value, unit in expected]


@pytest.mark.parametrize(
    ("claimed", "stated", "same"),
    [
        (Number(0.15, "", text="0.15"), Number(0.154, "%", text="15.4%"), True),
        (Number(0.9, "", text="0.9"), Number(0.5, "", text="0.5"), False),
        (Number(112, "mb", text="112"), Number(112, "gb", text="112"), False),
        (Number(190_000, "", text="190,000"), Number(189_876, "", text="189,876"), True),
    ],
)
def test_numbers_agree_after_rounding(claimed: Number, stated: Number, same: bool) -> None:
    assert same_number(claimed, stated) is same


def test_every_quotation_is_supported_with_its_exact_span(checker: SupportChecker) -> None:
    from mlprep_bot.answering.sentences import split_units

    for unit in split_units(TEXT):
        sentence = TEXT[unit.body : unit.end].replace("\n", " ").replace("**", "")
        found = checker.check(sentence, [passage("Something else entirely.", 1), passage(TEXT, 2, start=500)])
        assert (found.supported, found.reason) == (True, "quoted word for word")
        assert found.passage is not None
        assert found.passage.id == "S2"
        assert found.span is not None
        assert (found.span.start, found.span.end) == (500 + unit.body, 500 + unit.end)


def test_a_clause_is_no_quotation_when_its_not_was_left_behind() -> None:
    assert find_quote("make a random forest overfit", TEXT) is None
    assert find_quote("the earth is flat today", "It is a myth that the earth is flat today.") is None
    assert find_quote("boosting adds shallow trees", TEXT) is not None


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Each bootstrap sample leaves out about 63.2% of the rows.", "63.2%"),
        ("More trees make a random forest overfit.", "opposite"),
        ("Kubernetes schedules containers on the nodes of a cluster.", "no cited passage is about this"),
        ("The $L_2$ penalty costs `3 s` and never selects features.", "3"),
    ],
)
def test_an_objection_says_what_is_wrong(checker: SupportChecker, sentence: str, reason: str) -> None:
    found = checker.check(sentence, [passage(TEXT)])
    assert not found.supported
    assert reason in found.reason


@pytest.mark.parametrize(
    "sentence",
    [
        "Dropout sets each hidden unit to zero with p = 0.8 during training.",
        "The model was trained for 50 epochs with a batch size of 32.",
        "The run needed two hours on one CPU.",
    ],
)
def test_a_changed_detail_is_not_supported(checker: SupportChecker, sentence: str) -> None:
    assert not checker.check(sentence, [passage(TRAINING)]).supported


@pytest.mark.parametrize(
    "sentence",
    [
        "During training, dropout sets each hidden unit to zero with p = 0.5.",
        "The model was trained for 5 epochs with a batch size of 32.",
        "The run needed two hours on one GPU.",
    ],
)
def test_the_same_detail_in_other_words_is_supported(checker: SupportChecker, sentence: str) -> None:
    assert checker.check(sentence, [passage(TRAINING)]).supported


def test_a_number_keeps_its_unit_across_a_line_break() -> None:
    assert numbers("it takes 112\nGB, or one out of twelve disks") == [(112, "gb"), (1, ""), (12, "")]


@pytest.mark.parametrize(
    ("claim", "evidence", "flipped"),
    [
        ("Labels come late because quality is unknown", "Quality is unknown because labels come late", True),
        ("Since labels come late, quality is unknown", "Labels come late, so quality is unknown", False),
        ("Labels come late as well", "Labels come late, so quality is unknown", False),
    ],
)
def test_a_reason_is_not_its_effect(claim: str, evidence: str, flipped: bool) -> None:
    assert (reason_flip(tokens(claim), [tokens(evidence)]) > 0) is flipped


@pytest.mark.parametrize(
    ("claim", "conflict"),
    [
        ("Precision depends on the ratio, but recall does not", 0.0),
        ("Recall depends on the ratio, but precision does not", 1.0),
    ],
)
def test_the_sides_of_a_contrast_keep_their_sign(claim: str, conflict: float) -> None:
    evidence = "Recall does not depend on the ratio, while precision does"
    assert contrast_polarity(tokens(claim), [tokens(evidence)]) == conflict


NOTES = """## What interviewers listen for

**Decomposition.** A random forest averages deep trees. More trees do not overfit."""


@pytest.mark.parametrize("sentence", ["What interviewers listen for", "what interviewers listen for.", "Decomposition"])
def test_a_heading_repeated_as_plain_text_is_not_shown_as_supported(checker: SupportChecker, sentence: str) -> None:
    found = checker.check(sentence, [passage(NOTES), passage(TEXT, 2)])
    assert (found.supported, found.reason) == (False, "it only repeats a heading, which states nothing")


def test_the_path_of_headings_over_a_passage_states_nothing_either(checker: SupportChecker) -> None:
    under = replace(passage(TEXT), heading="Ensembles > What trees average", question="Why do forests work?")
    assert not checker.check("What trees average.", [under]).supported
    assert not checker.check("Why do forests work?", [under]).supported


def test_words_of_a_heading_that_a_sentence_says_too_are_a_quotation(checker: SupportChecker) -> None:
    said = passage("## More trees do not overfit\n\nIt is settled. More trees do not overfit.")
    assert checker.check("More trees do not overfit.", [said]).supported
    assert checker.check("More trees do not overfit.", [passage("## More trees do not overfit"), said]).supported


@pytest.mark.parametrize(
    ("claim", "gains"),
    [("A relative tolerance suits floats", False), ("A relative tolerance suits categories", True)],
)
def test_words_that_changed_places_stand_nearer_to_the_others_words(claim: str, gains: bool) -> None:
    evidence = tokens("Floats need a relative tolerance, and categories need exact equality")
    whole = tokens(f"{claim}, and exact equality suits {'floats' if gains else 'categories'}")
    assert (binding_gain(whole, [evidence]) > 0.2) is gains


def test_opposite_beginnings_are_opposites() -> None:
    def opposite(a: str, b: str) -> bool:
        return opposed(tokens(a)[0], tokens(b)[0])

    assert opposite("undersampling", "oversampling")
    assert opposite("encoder", "decoder")
    assert opposite("weeks", "hours")
    assert not opposite("overfitting", "understanding")
    assert not opposite("oversampling", "oversampling")


def test_a_formula_with_its_exponent_is_the_one_that_latex_writes_apart(checker: SupportChecker) -> None:
    said = r"Attention computes $\mathrm{softmax}(QK^\top/\sqrt{d_k})V$: each query averages the values."
    assert checker.check(
        "Attention computes softmax(QKᵀ/√d_k)V: each query averages the values.", [passage(said)]
    ).supported


def test_a_noun_keeps_its_modifier(checker: SupportChecker) -> None:
    evidence = [tokens("Sixty stratified trials hit the best region")]
    cosines = checker._vectors.similarities
    assert modifier_exchanges(tokens("Sixty bayesian trials hit it"), evidence, cosines) == [("bayesian", "stratified")]
    assert modifier_exchanges(tokens("Sixty good trials hit it"), evidence, cosines) == []
    assert modifier_exchanges(tokens("Sixty stratified trials hit it"), evidence, cosines) == []


def test_an_abbreviation_of_what_is_cited_is_no_missing_name() -> None:
    cited = tokens("Reciprocal rank fusion, by Cormack et al., needs no scores")
    names = [t.text for t in missing_names(tokens("Platt et al. use RRF, Cormack and BM25"), cited, set())]
    assert names == ["Platt", "BM25"]


def test_a_paraphrase_is_supported(checker: SupportChecker) -> None:
    found = checker.check("A random forest reduces variance by averaging deep trees.", [passage(TEXT)])
    assert found.supported
    assert found.span is not None
    assert TEXT[found.span.start : found.span.end].startswith("A random forest averages deep trees")


@pytest.mark.parametrize("sentence", ["", "   ", "...", "**"])
def test_nothing_said_is_not_supported(checker: SupportChecker, sentence: str) -> None:
    assert not checker.check(sentence, [passage(TEXT)]).supported


def test_nothing_cited_supports_nothing(checker: SupportChecker) -> None:
    found = checker.check("Trees reduce variance.", [])
    assert (found.supported, found.passage, found.span) == (False, None, None)


def rows(split: str) -> list[dict[str, object]]:
    lines = (REPOSITORY / "eval" / "support" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_no_card_is_in_both_splits_and_every_kind_is_there() -> None:
    dev, test = rows("dev"), rows("test")
    assert not {r["card"] for r in dev} & {r["card"] for r in test}
    counts: dict[object, int] = defaultdict(int)
    for row in (*dev, *test):
        counts[row["kind"]] += 1
    assert min(counts[k] for k in ("number", "negation", "entity", "wrong passage", "paraphrase", "verbatim")) >= 100
    assert counts["cause"] >= 55


def test_calibration_refuses_the_test_cards(checker: SupportChecker) -> None:
    fitting = script("support")
    dev, test = fitting.load("dev"), fitting.load("test")
    with pytest.raises(TestSplitUsed, match="test"):
        fitting.data(checker, [*dev[:3], test[0]])


def test_a_threshold_is_judged_by_the_mean_f1_of_the_kinds(checker: SupportChecker) -> None:
    fitting = script("support")
    every_kind = list({row["kind"]: row for row in fitting.load("dev")}.values())
    seen = fitting.data(checker, every_kind)
    assert seen.quoted == sum(row["kind"] == "verbatim" for row in every_kind)
    assert fitting.quality(seen, seen.labels) == 1.0
    assert fitting.quality(seen, ~seen.labels) == 0.0
    assert 0.5 < fitting.quality(seen, seen.labels & False) < 1.0


def test_the_shipped_weights_have_the_sign_of_their_meaning() -> None:
    weights = calibrated().weights
    favour = {"similarity", "coverage", "soft_coverage", "pairs"}
    assert all((weight >= 0) if name in favour else (weight <= 0) for name, weight in weights.items())
