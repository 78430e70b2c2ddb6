"""Answers by quotation: exact, readable, without repeats."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY
from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.answering.extract import Extractor
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.domain import Passage, Ranking, Verdict

NOTES = """# Overfitting

Overfitting means that a model learns the noise of its training data and fails on new data.
This happens when the model is too flexible.

Ways to reduce overfitting:

* **Regularisation:** Penalise large weights with $\\lambda \\lVert w \\rVert^2$.
* **Early stopping.** Stop training when the validation error rises.
* **More data:** Collect more rows.

Is that all? The weather in Paris is mild in spring.
"""


def passage(text: str, n: int = 1, start: int = 0, question: str = "", document: str = "notes.md") -> Passage:
    return Passage(n, text, document, start, start + len(text), "", question, 1.0, (), Ranking(1, 1, None, None, 1.0))


@pytest.fixture(scope="module")
def extractor(embedder) -> Extractor:
    return Extractor(embedder)


def test_the_definition_comes_first_and_a_list_keeps_its_lead_in(extractor: Extractor) -> None:
    found = extractor.extract("How can I reduce overfitting?", [passage(NOTES, start=40, question="Overfitting")])
    texts = [s.text for s in found]
    assert texts[0].startswith("Overfitting means")
    lead = texts.index("Ways to reduce overfitting:")
    assert texts[lead + 1].startswith("**Regularisation:**")
    assert found[lead + 1].block == "bullet"
    assert all("Paris" not in t and "Is that all" not in t and not t.startswith(("#", "*  ")) for t in texts)


def test_what_leans_on_its_predecessor_is_quoted_with_it(extractor: Extractor) -> None:
    text = "Dropout silences random units in training. This makes a network rely on no single unit."
    texts = [s.text for s in extractor.extract("Why does a network rely on no single unit?", [passage(text)])]
    assert texts == ["Dropout silences random units in training.", "This makes a network rely on no single unit."]


def test_repeats_across_documents_are_folded(extractor: Extractor) -> None:
    text = "Precision is the share of flagged cases that are positive."
    found = extractor.extract("What is precision?", [passage(text), passage(text, 2, document="copy.md")])
    assert [s.citations[0].document for s in found] == ["notes.md"]


def test_a_formula_keeps_the_words_that_introduce_it(extractor: Extractor) -> None:
    formula = "$$\\lVert y - Xw \\rVert^2 + \\lambda \\lVert w \\rVert^2.$$"
    text = f"Ridge minimises the penalised loss\n\n{formula}\n\nIt has a closed form."
    texts = [s.text for s in extractor.extract("What does ridge minimise?", [passage(text)])]
    assert texts[:2] == ["Ridge minimises the penalised loss", formula]


CARD = """## Short answer

Dropout zeroes random activations in training, so that units cannot rely on single partners. At inference
dropout is off. I try more data and weight decay before dropout.

## In depth

The survivors of dropout are multiplied by 1/(1-p) in training, so inference needs no change.
Label smoothing of 0.1 over 1,000 classes gives the true class a target of 0.9001.
Dropout slows convergence, so a larger dropout rate needs more epochs.

## What interviewers listen for

- Dropout explained as noise in training and not at inference.
- An order of remedies in which data comes before dropout.

## Pitfalls

- Stacking every regulariser at once and tuning none.

## In production

A ranking service returned different scores because dropout stayed active.
"""
ASKED = "How does dropout work, and what do you combine it with?"


def part(first: str, last: str, n: int, score: float = 1.0) -> Passage:
    """The passage of CARD from one text to the end of another."""
    start, end = CARD.index(first), CARD.index(last) + len(last)
    ranking = Ranking(1, 1, None, None, 1.0)
    return Passage(n, CARD[start:end], "card.md", start, end, f"topic > {ASKED}", ASKED, score, (), ranking)


def test_the_short_answer_comes_first_in_its_own_order(extractor: Extractor) -> None:
    other = "Dropout in a network of recommendations hides the history of a user. Dropout is common there."
    found = extractor.extract(
        "whats dropout for", [passage(CARD, question=ASKED), passage(other, 2, document="other.md")]
    )
    texts = [s.text for s in found]
    assert [t.split()[0] for t in texts[:3]] == ["Dropout", "At", "I"]
    assert texts[0].startswith("Dropout zeroes")
    assert any(t.startswith("Dropout slows convergence") for t in texts[3:])


def test_the_short_answer_comes_first_though_a_later_passage_holds_it(embedder) -> None:
    passages = [part("The survivors", "more epochs.", 1), part("## Short answer", "before dropout.", 2)]
    for text_of in (None, lambda _: CARD):
        texts = [s.text for s in Extractor(embedder, text_of).extract("whats dropout for", passages)]
        assert texts[0].startswith("Dropout zeroes")


def test_a_question_for_one_number_gets_the_sentence_with_the_number_first(extractor: Extractor) -> None:
    found = extractor.extract(
        "label smoothing 0.1 with 1000 classes, target of the true class?", [passage(CARD, question=ASKED)]
    )
    assert found[0].text.startswith("Label smoothing of 0.1")


def test_remarks_for_an_interviewer_are_no_answer(embedder) -> None:
    whole = passage(CARD, question=ASKED)
    texts = [s.text for s in Extractor(embedder).extract("dropout at inference and remedies", [whole])]
    assert not any(t.startswith(("An order", "Dropout explained", "Stacking")) for t in texts)
    # A fragment of the list names no section: the document's text tells.
    fragment, details = part("- An order", "before dropout.\n\n## Pit", 1), part("The survivors", "more epochs.", 2)
    fragment = part("- An order of remedies", "in which data comes before dropout.", 1)
    texts = [s.text for s in Extractor(embedder, lambda _: CARD).extract("order of remedies", [fragment, details])]
    assert texts
    assert not any(t.startswith("An order") for t in texts)


def test_pitfalls_are_quoted_to_who_asks_for_them_and_when_there_is_nothing_else(embedder) -> None:
    extractor = Extractor(embedder, lambda _: CARD)
    texts = [s.text for s in extractor.extract("pitfalls of stacking regularisers", [passage(CARD, question=ASKED)])]
    assert "Stacking every regulariser at once and tuning none." in texts
    only = [part("- Stacking", "tuning none.", 1)]
    assert [s.text for s in extractor.extract("regulariser", only)] == [only[0].text.removeprefix("- ")]


def test_prose_behind_a_code_block_that_was_cut_is_quoted_as_prose(extractor: Extractor) -> None:
    text = "assert total == 3\n```\n\n**Memory.** Adam keeps two states for every parameter. SGD keeps none."
    found = extractor.extract("How many states does Adam keep?", [passage(text)])
    assert found[0].text == "Adam keeps two states for every parameter."
    assert not any("assert" in s.text for s in found)


def test_no_passage_gives_no_sentence(extractor: Extractor) -> None:
    assert extractor.extract("anything", []) == []
    assert extractor.extract("anything", [passage("# Only a heading\n\n---\n")]) == []


PIECES = st.sampled_from(
    ["Bias is error. ", "This is it. ", "- item one\n", "\n\n", "Lead-in:\n\n", "```\ncode\n```\n", "# H\n", "$$x$$\n",
     "| a | b |\n|---|---|\n", "Why? ", "**L.** ", "1. first thing\n", "Ans: ", "> quote\n",
     "## Short answer\n", "## What interviewers listen for\n", "## Pitfalls\n", "## In production\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=14).map("".join), max_size=4), st.text(max_size=20), st.booleans())
def test_every_sentence_is_an_exact_quotation(texts: list[str], query: str, asked: bool) -> None:
    passages = [passage(text, n, start=7 * n, question=query if asked else "") for n, text in enumerate(texts, 1)]
    found = Extractor(HashEmbedder()).extract(query, passages)
    assert len(found) <= 8
    places = set()
    for sentence in found:
        (citation,) = sentence.citations
        source = next(p for p in passages if p.id == citation.passage)
        assert source.text[citation.start - source.start : citation.end - source.start] == citation.quote
        assert re.sub(r"\s+", " ", sentence.text).strip() == re.sub(r"\s+", " ", citation.quote).strip()
        assert sentence.verdict is Verdict.SUPPORTED
        places.add((citation.passage, citation.start))
    assert len(places) == len(found)


def test_quotations_from_the_corpus_pass_the_support_check(embedder) -> None:
    checker, extractor = SupportChecker(embedder), Extractor(embedder)
    for path in sorted((REPOSITORY / "corpus").glob("*/*.md"))[:3]:
        text = path.read_text(encoding="utf-8")
        start = text.index("\n---\n") + 5
        question = re.search(r"^question: \"?(.*?)\"?$", text, re.MULTILINE)
        assert question is not None
        source = passage(text[start : start + 3000], start=start, question=question[1])
        found = extractor.extract(question[1], [source])
        shortly = text.index("## In depth")
        assert found[0].citations[0].start < shortly, "the short answer answers the card's own question"
        assert 3 <= len(found) <= 8
        for sentence in found:
            assert checker.check(sentence.text, [source]).supported, sentence.text
