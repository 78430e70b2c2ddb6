"""What states nothing is told from what does; a sentence that claims something is hardly ever taken for a fragment."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.answering.sentences import split_units
from mlprep_bot.answering.statements import states_something

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "text",
    [
        "What interviewers listen for",
        "The prevalence paradox.",
        "Levers ranked by their price",
        "A deletion path that reaches features, logs, backups, indices and models.",
        "Select, then test.**",
        "Gradient clipping",
        "Numbers with units that lead to a choice.",
        "The model as an asset that can leak, plus one test for it.",
        "How each loss treats outliers.",
        "Latency quoted as a percentile at peak load.",
        "40 queries a second at 12 ms",
        "Why does the loss rise?",
        "How would you test it, and what would convince you?**",
        "Write down the decision and the cost of each error.",
        "Do not use the test set to choose a threshold.",
        "If the loss rises, lower the learning rate.",
        "Always fit the scaler on training rows that the model has seen.",
        "$$ P[M(D) \\in S] \\le e^{\\varepsilon} + \\delta $$",
        "$x$",
        "This is known as boosting.",
        "These usually help.",
        '<passage id="S3" from="notes.md">',
        "...",
        "",
    ],
)
def test_what_states_nothing(text: str) -> None:
    assert not states_something(text)


@pytest.mark.parametrize(
    "text",
    [
        "Dropout sets each activation to zero with probability p.",
        "Trees overfit.",
        "A wide net memorises.",
        "Bigger batches need a larger rate.",
        "Models that see the future leak labels.",
        "If the rate is too high, the loss diverges.",
        "It isn't convex.",
        "Lewis et al. (2020) trained both parts together.",
        "A recall of 0.95 costs precision.",
        "Recall = TP / (TP + FN)",
        "For squared error, $L = (y - f)^2$.",
        "Batch norm, which keeps running means, behaves differently at test time.",
        "What matters is the order of the rows.",
        "Precision and recall trade off against each other.",
        "**Bias** and variance both grow.",
        "Lower the rate, because the loss then falls.",
        "This model overfits.",
        "The GPU waits for data: the loader is slow.",
        "THE SCORES ARE NOT PROBABILITIES.",
        "In practice the gain vanishes once the index fits in memory",
        # Of other languages nothing is known, so nothing is held against them.
        "Das Modell lernt die Daten auswendig.",
        "Le modèle apprend les données par cœur.",
        "模型过拟合了训练数据。",
    ],
)
def test_what_claims_something(text: str) -> None:
    assert states_something(text)


def test_what_this_points_to_may_stand_before() -> None:
    assert states_something("This prevents overfitting.", after=True)
    assert not states_something("This prevents overfitting.")


def test_true_sentences_of_the_support_cases_are_statements() -> None:
    lines = (ROOT / "eval" / "support" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    true = {row["sentence"] for row in map(json.loads, lines) if row["label"]}
    orders = ("Fit", "Use", "Keep", "Start", "To reduce noise, alert", "If the share of changed decisions is 0.1%, fix")
    missed = [s for s in true if not states_something(s) and not s.startswith(orders) and not s.endswith("?")]
    assert len(missed) <= len(true) / 200, missed


def test_prose_of_the_corpus_is_statements_and_lists_of_notions_are_not() -> None:
    prose, notions = [], []
    for path in sorted((ROOT / "corpus").glob("*/*.md"))[::7]:
        text = path.read_text(encoding="utf-8")
        short = re.search(r"^## Short answer\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)
        listed = re.search(r"^## What interviewers listen for\n(.*?)(?:^## |\Z)", text, re.DOTALL | re.MULTILINE)
        prose += [short[1][u.body : u.end] for u in split_units(short[1]) if u.kind == "text"] if short else []
        notions += [listed[1][u.body : u.end] for u in split_units(listed[1]) if u.kind == "text"] if listed else []
    claims = [sentence for sentence in prose if states_something(sentence, after=True)]
    assert len(prose) > 100
    assert len(claims) > 0.85 * len(prose)  # the rest are orders
    assert sum(states_something(notion) for notion in notions) < 0.25 * len(notions)


NAMES = st.sampled_from(["dropout", "the loss", "a deep net", "boosting", "the index of the store", "recall at ten"])
VERBS = st.sampled_from(["reduces", "is", "does not change", "may hide", "requires", "outperforms", "has", "increases"])


@given(NAMES, VERBS, NAMES, st.sampled_from(["", "**", "_", "> "]), st.sampled_from(["", ".", "!", ".**"]))
def test_a_subject_a_verb_and_an_object_are_a_statement_however_marked(
    subject: str, verb: str, thing: str, mark: str, end: str
) -> None:
    assert states_something(f"{mark}{subject.capitalize()} {verb} {thing}{end}")
    assert not states_something(f"{mark}{subject.capitalize()} and {thing}{end}")
    assert not states_something(f"{mark}{subject.capitalize()} that {verb} {thing}{end}")
    assert not states_something(f"{mark}{subject.capitalize()} {verb} {thing}?")


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=80) | st.lists(st.sampled_from(list("aA0 .,;:?!()$`*_-\n'’=\\")), max_size=25).map("".join))
def test_any_text_is_decided(text: str) -> None:
    assert states_something(text) in (True, False)
    if states_something(text):
        assert states_something(text, after=True)
