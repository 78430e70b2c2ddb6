"""Hints and follow-ups: they read well, give nothing away, vary, and never fail whatever a key point says."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.authoring.corpus import load
from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.rubric import Grade, PointGrade, PointVerdict
from mlprep_bot.interview import probing
from mlprep_bot.interview.gaps import with_gaps
from mlprep_bot.interview.naming import named, tells_little
from mlprep_bot.interview.session import Hinted, Prompt, Round, Turn

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
# What is said around a hint is said of every point.
AROUND = re.compile(
    r"^(?:Fill the gaps|Say this in your own words, with the gaps filled|Think about"
    r"|One of the main points is(?: about)?"
    r"|A good answer (?:says|speaks of)|One of the main points (?:has two sides|gives a reason|can be|holds only).*"
    r"|Think of a case.*)|There are two sides to it\.$|Say why, too\.$|Say on what it depends\.$|Try it with numbers\.$"
)
QUESTION = "How do you build this system?"


def round_of(*points, said=None, hints=(), question=QUESTION, follow_ups=()):
    prompt = Prompt("q", "notes.md", question, "", "", tuple(points), follow_ups=follow_ups)
    return Round(prompt, "", 0.0, (Turn(question, said),), hints=hints)


def follow_up(point, verdict=PointVerdict.MISSED, evidence="", seed=0, question=QUESTION, follow_ups=()):
    said = round_of(point, said="An answer that says something.", question=question, follow_ups=follow_ups)
    judged = Grade((PointGrade(point, verdict, evidence),), 0.0, "test")
    return probing.follow_up(said, judged, random.Random(seed), 2)


@cache
def corpus_points():
    return [(card.question.text, point) for card in load(CORPUS).cards for point in card.rubric.key_points]


# --- what a point is about ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "topic", "question"),
    [
        (
            "A columnar file stores the values of each column together, so similar values compress well.",
            "what a columnar file stores",
            "what does a columnar file store",
        ),
        (
            "Trees predict a constant outside the range of the training features.",
            "what trees predict",
            "what do trees predict",
        ),
        (
            "Freshness is measured as the delay from the change to the first search that finds it.",
            "how freshness is measured",
            "how is freshness measured",
        ),
        (
            "A deletion must reach the vector index, the keyword index, caches and snapshots.",
            "what a deletion must reach",
            "what must a deletion reach",
        ),
        (
            "The calibrator must be fitted on data that the model was not trained on.",
            "how the calibrator must be fitted",
            "how must the calibrator be fitted",
        ),
        (
            "With 23 people the probability of a shared birthday is 50.7%, because 253 pairs get a chance.",
            "what the probability of a shared birthday is with 23 people",
            "with 23 people, what is the probability of a shared birthday",
        ),
        (
            "Setting single weights to zero leaves the shape of the matrices unchanged, so nothing gets faster.",
            "what effect setting single weights to zero has",
            "what effect does setting single weights to zero have",
        ),
        ("Compare two models on the same folds and seeds.", "what to compare", "what would you compare"),
        (
            "Data Heterogeneity: Sources come in other formats, with other types and levels of quality.",
            "data heterogeneity",
            "",
        ),
        ("One global eps cannot fit clusters of very different density, as HDBSCAN can.", "one global eps", ""),
        ("Cohen's kappa can be low although raw agreement is high.", "Cohen's kappa", ""),
    ],
)
def test_the_subject_is_named_and_what_is_said_of_it_is_not(point, topic, question):
    found = named(point, "How likely is a shared birthday?")
    assert (found.topic, found.question) == (topic, question)


@pytest.mark.parametrize(
    "point",
    [
        "It is only useful when the data are large.",
        "36% of significant results are false.",
        "You need to communicate your goals clearly.",
        "Median and MAD resist outliers.",
        "Serving.",
        "",
    ],
)
def test_a_pronoun_a_result_or_a_fragment_names_nothing(point):
    assert named(point, QUESTION) is None


def test_gaps_hide_numbers_signs_and_telling_words():
    point = "A constant score gives AUC 0.5 and never an average precision above the prevalence."
    shown = with_gaps(point, "What does a constant score give?")
    assert shown == "A constant score gives …"
    for word in ("0.5", "never", "above", "prevalence", "AUC"):
        assert word not in shown


# --- over the whole corpus ----------------------------------------------------------------------


def test_hints_to_every_point_of_the_corpus_are_sentences_that_tell_little():
    rng = random.Random(5)
    named_points = 0
    for question, point in corpus_points():
        first = probing.hint(round_of(point, question=question), rng)
        second = probing.hint(round_of(point, question=question, hints=(first,)), rng)
        named_points += named(point.text, question) is not None
        for given_hint in filter(None, (first, second)):
            assert re.fullmatch(r"[A-Z].*[.?”]", given_hint.text), given_hint.text
            assert tells_little(AROUND.sub("", given_hint.text), point.text, question), given_hint.text
        assert second is None or second.text != first.text
    assert named_points > 0.7 * len(corpus_points())


def test_follow_ups_to_every_missed_point_of_the_corpus_ask_why_or_for_a_case_and_tell_little():
    for seed, (question, point) in enumerate(corpus_points()):
        text = follow_up(point, seed=seed, question=question).text
        assert re.fullmatch(r"[A-Z].*[.?]", text), text
        assert re.search(
            r"\b(?:why|case|numbers?|depends?|both sides|the other side|another side)\b", text, re.IGNORECASE
        ), text
        about = named(point.text, question)
        if about is not None:
            asked = about.question or about.topic
            assert asked in text or asked[0].upper() + asked[1:] in text
            assert tells_little(asked, point.text, question)
        assert "…" not in text


def test_follow_ups_to_every_contradicted_point_of_the_corpus_quote_the_candidate():
    for seed, (question, point) in enumerate(corpus_points()):
        if point.wrong:
            text = follow_up(point, PointVerdict.CONTRADICTED, point.wrong, seed, question).text
            words = probing.quoted(point.wrong).removesuffix(" …")
            assert f"“{words}" in text
            assert re.search(r"\b(?:why|case|reason)\b", text, re.IGNORECASE), text


def test_wordings_vary():
    question, point = corpus_points()[0]
    said = [follow_up(point, PointVerdict.CONTRADICTED, point.wrong, seed, question).text for seed in range(30)]
    assert len(set(said)) > 3
    pointed = KeyPoint("A columnar file stores the values of each column together, so similar values compress well.")
    assert len({follow_up(pointed, seed=seed).text for seed in range(30)}) > 4
    assert len({probing.hint(round_of(pointed), random.Random(seed)).text for seed in range(30)}) > 2


# --- single rules -------------------------------------------------------------------------------


def test_hints_climb_from_the_subject_to_the_sentence_of_the_heaviest_point_then_go_to_the_next():
    heavy = KeyPoint("A columnar file stores the values of each column together.", 3)
    light = KeyPoint("Partition pruning skips whole folders, when the filter names the partition key.", 1)
    rng, hints = random.Random(0), []
    for _ in range(4):
        hints.append(probing.hint(round_of(light, heavy, hints=tuple(hints)), rng))
    assert [h.point for h in hints] == [1, 1, 0, 0]
    assert probing.hint(round_of(light, heavy, hints=tuple(hints)), rng) is None
    assert "columnar file" in hints[0].text
    assert "…" in hints[1].text


def test_a_hint_in_a_follow_up_is_about_its_point_and_goes_beyond_its_subject():
    heavy = KeyPoint("A columnar file stores the values of each column together.", 3)
    light = KeyPoint("Partition pruning skips whole folders, when the filter names the partition key.", 1)
    said = round_of(heavy, light, said="Something.")
    said = replace(said, turns=(*said.turns, Turn("What does partition pruning skip, and why?", None, 1)))
    found = probing.hint(said, random.Random(0))
    assert found.point == 1
    assert "…" in found.text


def test_no_hint_is_given_to_a_point_that_is_met_or_without_points():
    point = KeyPoint("A columnar file stores the values of each column together.", 3)
    met = replace(round_of(point), outcome=Grade((PointGrade(point, PointVerdict.MET, "x"),), 1.0, "test"))
    assert probing.hint(met, random.Random(0)) is None
    assert probing.hint(round_of(), random.Random(0)) is None


def test_a_long_quotation_is_cut_at_a_word_and_keeps_no_half_marks():
    words = "you should `always " + "scale the features by hand " * 20
    shown = probing.quoted(words)
    assert len(shown) < 170
    assert shown.endswith("…")
    assert "`" not in shown
    assert probing.quoted('He said\n  "it   depends" on “it”.') == "He said 'it depends' on ‘it’"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", True),
        (" \n ", True),
        ("I don't know", True),
        ("I don’t know, sorry.", True),
        ("Honestly, I have no idea.", True),
        ("Not sure!", True),
        ("I can't remember this", True),
        ("I don't know exactly, but dropout zeroes activations", False),
        ("Dropout", False),
        ("no", True),
        ("It never shrinks", False),
        ("x = 3", False),
    ],
)
def test_what_says_nothing(answer, expected):
    assert probing.says_nothing(answer) is expected


WORDS = "a the of with is are must be stores which, : ; … “ ) 0.5 It Training data: model not Use Security:"
TEXT = st.one_of(
    st.text(max_size=120),
    st.lists(
        st.sampled_from(WORDS.split()),
        max_size=14,
    ).map(" ".join),
)


@settings(max_examples=400, deadline=None)
@given(TEXT, TEXT, TEXT, st.sampled_from(list(PointVerdict)), st.integers(0, 9))
def test_no_point_question_or_evidence_makes_it_fail(text, question, evidence, verdict, seed):
    point = KeyPoint(text, 1)
    found = follow_up(point, verdict, evidence, seed, question)
    assert (found is None) == (verdict in (PointVerdict.MET, PointVerdict.PARTIAL))
    assert found is None or found.text.strip()
    rng, hints = random.Random(seed), ()
    for _ in range(3):
        hinted = probing.hint(round_of(point, question=question, hints=hints), rng)
        if hinted is None:
            break
        assert isinstance(hinted, Hinted)
        assert hinted.text.strip()
        hints = (*hints, hinted)
    assert len(hints) <= 2
