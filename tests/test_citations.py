"""Citation markers are read as small models write them, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.answering.citations import MARKER, parse
from mlprep_bot.answering.drafts import Draft
from mlprep_bot.answering.markup import masked
from mlprep_bot.answering.sentences import split_units
from mlprep_bot.answering.support import Support, SupportChecker, calibrated
from mlprep_bot.answering.verdicts import OWN_CITATION, UNCITED_THRESHOLD, is_claim, judge
from mlprep_bot.domain import Passage, Span, Verdict
from support.passages import TEXTS, passages

KNOWN = ("S1", "S2", "S3", "S4")


@pytest.mark.parametrize(
    ("text", "clean", "cited"),
    [
        ("It works [S3].", "It works.", ["S3"]),
        ("It works. [S3]", "It works.", ["S3"]),
        ("A [ S3 ] b [s1]", "A b", ["S3", "S1"]),
        ("A [S1, S4].", "A.", ["S1", "S4"]),
        ("A [S1; S2].", "A.", ["S1", "S2"]),
        ("A [S1, 4].", "A.", ["S1", "S4"]),
        ("A [S1 and S2].", "A.", ["S1", "S2"]),
        ("A [S1-S3].", "A.", ["S1", "S2", "S3"]),
        ("A [S1][S4].", "A.", ["S1", "S4"]),
        ("A [[S1], [S4]].", "A.", ["S1", "S4"]),
        ("A [[S2]].", "A.", ["S2"]),
        ("A (S3).", "A.", ["S3"]),
        ("A (see S3, S4).", "A.", ["S3", "S4"]),
        ("A [Source S3].", "A.", ["S3"]),
        ("A [Sources: S1, S2].", "A.", ["S1", "S2"]),
        ("A 【S3】 and 【S4†source】.", "A and.", ["S3", "S4"]),
        ("A **[S3]**.", "A.", ["S3"]),
        ("A [S3](#s3).", "A.", ["S3"]),
        ("A [S3: Bias and variance].", "A.", ["S3"]),
    ],
)
def test_what_models_write(text: str, clean: str, cited: list[str]) -> None:
    parsed = parse(text, KNOWN)
    assert (parsed.text, list(parsed.cited), parsed.unknown) == (clean, cited, ())


@pytest.mark.parametrize(
    "text",
    [
        "p in [0,1]", "x[1]", "as in [12]", "[S]", "[S, T]", "Amazon S3 stores it",
        "Amazon Simple Storage Service (S3)",
        "an AWS bucket (S3)", "`[S3]`", "```\n[S3]\n```", "$a[S3]$", "\\(a[S3]\\)", "[Smith 2013]", "[S3a]", "s[S]3",
        "(0, 1]", "[link](http://x/S3)", "(S9)", "GPS1 [GPS3]",
    ],
)  # fmt: skip
def test_what_is_text_stays(text: str) -> None:
    assert parse(text, KNOWN) == parse(text, KNOWN).__class__(text, (), ())


def test_an_unknown_id_is_reported_and_never_cited() -> None:
    parsed = parse("True [S9]. False [S1, S8].", KNOWN)
    assert parsed.text == "True. False."
    assert (parsed.cited, parsed.unknown) == (("S1",), ("S9", "S8"))


def test_removal_does_not_make_a_citation() -> None:
    assert parse("A [[S9]S1] b", KNOWN).cited == ()
    assert "[S1]" not in parse("A [[S9]S1] b", KNOWN).text


PIECES = st.sampled_from(
    ["[", "]", "S1", "S9", "[S2]", "[S1, S9]", "(S3)", "(", ")", ",", " ", "-", "`", "$", "word", "S", "1", "【", "】",
     "**", "\n", ".", "Source ", "[[", "]]", "S3 "]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=20).map("".join), st.text(max_size=60)))
def test_no_marker_is_left_and_a_second_reading_changes_nothing(text: str) -> None:
    parsed = parse(text, KNOWN)
    again = parse(parsed.text, KNOWN)
    assert (again.text, again.cited, again.unknown) == (parsed.text, (), ())
    if not MARKER.search(masked(text, "\0")):
        assert parsed.text == text
    assert set(parsed.cited) <= set(KNOWN)
    assert not set(parsed.unknown) & set(KNOWN)


@given(st.text(alphabet=st.characters(exclude_characters="Ss"), max_size=80))
def test_text_without_markers_is_unchanged(text: str) -> None:
    assert parse(text, KNOWN).text == text


@dataclass
class Certain:
    """A checker that is `score` certain of the last passage, whatever is said."""

    score: float

    def check(self, sentence: str, passages: Sequence[Passage]) -> Support:
        found = passages[-1]
        supported = self.score >= calibrated().threshold
        return Support(supported, "reason", found, Span(found.start, found.start + 9), self.score, {})


def draft(text: str, *cited: str, kind: str = "text") -> Draft:
    """A sentence as a model wrote it."""
    return Draft(text, cited, (), kind, "paragraph")


SHOWN = {found.id: found for found in passages()}


@given(st.floats(0, 1))
def test_what_the_model_did_not_cite_must_be_said_more_plainly(score: float) -> None:
    cited = judge(draft("Dropout helps the net.", "S1"), SHOWN, Certain(score))
    uncited = judge(draft("Dropout helps the net."), SHOWN, Certain(score))
    assert (cited.verdict is Verdict.SUPPORTED) == (score >= calibrated().threshold)
    assert (uncited.verdict is Verdict.SUPPORTED) == (score >= max(UNCITED_THRESHOLD, calibrated().threshold))
    assert bool(uncited.citations) == (uncited.verdict is Verdict.SUPPORTED)
    assert is_claim(cited)
    assert is_claim(uncited)


@pytest.mark.parametrize("cited", [(), ("S1",)])
@pytest.mark.parametrize("text", ["The usual sign.", "A gap that grows", "Stop the training when it rises."])
def test_what_states_nothing_is_no_claim_even_word_for_word(embedder, text: str, cited: tuple[str, ...]) -> None:
    shown = {found.id: found for found in passages(f"{TEXTS[0]}\n\n- {text}\n")}
    sentence = judge(draft(text, *cited), shown, SupportChecker(embedder))
    assert (sentence.verdict, sentence.citations) == (Verdict.UNCITED, ())
    assert sentence.reason == "not a claim: it states nothing by itself"
    assert not is_claim(sentence)


def test_a_quotation_is_supported_with_and_without_a_citation(embedder) -> None:
    checker = SupportChecker(embedder)
    for found in SHOWN.values():
        for text in (found.text[unit.body : unit.end] for unit in split_units(found.text)):
            uncited = judge(draft(text), SHOWN, checker)
            cited = judge(draft(text, found.id), SHOWN, checker)
            assert (uncited.verdict, cited.verdict) == (Verdict.SUPPORTED, Verdict.SUPPORTED), text
            assert uncited.citations == cited.citations
            assert uncited.reason == f"{OWN_CITATION}: quoted word for word"


def test_this_may_point_to_the_sentence_before_when_the_model_cites(embedder) -> None:
    shown = {found.id: found for found in passages("Averaging lowers the variance. This lowers the error.")}
    checker = SupportChecker(embedder)
    assert judge(draft("This lowers the error.", "S1"), shown, checker).verdict is Verdict.SUPPORTED
    assert not is_claim(judge(draft("This lowers the error."), shown, checker))


def test_a_table_is_checked_whatever_its_cells_look_like() -> None:
    assert is_claim(judge(draft("| L2 | small weights |", "S3", kind="table"), SHOWN, Certain(0.9)))
