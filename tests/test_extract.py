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


def test_no_passage_gives_no_sentence(extractor: Extractor) -> None:
    assert extractor.extract("anything", []) == []
    assert extractor.extract("anything", [passage("# Only a heading\n\n---\n")]) == []


PIECES = st.sampled_from(
    ["Bias is error. ", "This is it. ", "- item one\n", "\n\n", "Lead-in:\n\n", "```\ncode\n```\n", "# H\n", "$$x$$\n",
     "| a | b |\n|---|---|\n", "Why? ", "**L.** ", "1. first thing\n", "Ans: ", "> quote\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=14).map("".join), max_size=4), st.text(max_size=20))
def test_every_sentence_is_an_exact_quotation(texts: list[str], query: str) -> None:
    passages = [passage(text, n, start=7 * n) for n, text in enumerate(texts, 1)]
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
        source = passage(text[start : start + 3000], start=start)
        question = re.search(r"^question: (.*)$", text, re.MULTILINE)
        assert question is not None
        found = extractor.extract(question[1], [source])
        assert 3 <= len(found) <= 8
        for sentence in found:
            assert checker.check(sentence.text, [source]).supported, sentence.text
