"""Corpus cards: the format, and every mistake at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlprep_bot.domain import Document, FollowUp, KeyPoint, Reference
from mlprep_bot.errors import CardError
from mlprep_bot.knowledge.cards import is_card, parse_card
from mlprep_bot.knowledge.chunking import chunk_document
from mlprep_bot.knowledge.questions import find_questions

CORPUS = Path(__file__).resolve().parent.parent / "corpus"

CARD = """---
id: l1-vs-l2
question: When is L1 better than L2?
topic: classical-ml
level: mid
tags: [lasso, ridge]
aliases:
  - "lasso or ridge"
key_points:
  - "(3) L1 gives sparse weights. ~ L2 gives sparse weights."
  - "(1) L2 has a closed form: $(X^TX + \\\\lambda I)^{-1}X^Ty$."
pitfalls:
  - "Forgetting to scale."
follow_ups:
  - question: "Why are there zeros?"
    probes: "kp:1"
  - question: "And elastic net?"
    probes: elastic-net
references:
  - {title: "Regression Shrinkage", authors: "Tibshirani, R.", year: 1996, where: "JRSS B"}
---
## Short answer

L1 gives sparse weights.

## In depth

More text, with a question? Yes.
"""


def card(text, name="classical-ml/l1-vs-l2.md"):
    return Document(name, text, "card")


def test_a_card_is_one_question_with_its_rubric():
    document = card(CARD)
    assert is_card(CARD)
    question = parse_card(document)
    assert find_questions(document) == [question]
    assert document.text[question.start : question.end] == question.text == "When is L1 better than L2?"
    assert question.line == 3
    assert question.topic == "classical-ml"
    body = document.text[question.answer.start : question.answer.end]
    assert body.startswith("## Short answer")
    assert body.endswith("Yes.")
    rubric = question.rubric
    assert rubric.level == "mid"
    assert rubric.tags == ("lasso", "ridge")
    assert rubric.aliases == ("lasso or ridge",)
    assert rubric.key_points == (
        KeyPoint("L1 gives sparse weights.", 3, "L2 gives sparse weights."),
        KeyPoint("L2 has a closed form: $(X^TX + \\lambda I)^{-1}X^Ty$.", 1, ""),
    )
    assert rubric.follow_ups == (FollowUp("Why are there zeros?", "kp:1"), FollowUp("And elastic net?", "elastic-net"))
    assert rubric.references == (Reference("Regression Shrinkage", "Tibshirani, R.", 1996, "JRSS B"),)


def test_a_card_becomes_chunks_of_one_unit_and_its_front_matter_none():
    document = card(CARD)
    (question,) = find_questions(document)
    chunks = chunk_document(document, [question])
    assert chunks
    assert {c.unit for c in chunks} == {question.id}
    assert all(c.start >= question.answer.start for c in chunks)
    assert all(c.heading == "classical-ml > When is L1 better than L2?" for c in chunks)


def test_every_problem_is_named_with_its_line():
    broken = (
        CARD.replace("level: mid", "level: expert")
        .replace("(3) L1 gives sparse weights. ~", "L1 gives sparse weights. ~")
        .replace('"kp:1"', '"kp:7"')
        .replace("year: 1996", "year: soon")
        .replace("pitfalls:", "pitfals:")
        .replace("topic: classical-ml\n", "")
    )
    with pytest.raises(CardError) as caught:
        parse_card(card(broken, "classical-ml/other.md"))
    message = str(caught.value)
    assert "\n" not in message
    for line, what in [
        (2, "`id`"),
        (4, "`level`"),
        (9, "key point 1"),
        (11, "`pitfals`"),
        (14, "`kp:7`"),
        (19, "`year`"),
        (1, "`topic`"),
    ]:
        assert re.search(rf"line {line}: [^;]*{re.escape(what)}", message), (line, what, message)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no front matter", "no front matter"),
        ("---\nid: [\nquestion: x\n---\nbody", "not YAML"),
        ("---\njust words\n---\nbody", "field: value"),
        (CARD[: CARD.index("## Short")], "body is empty"),
        (CARD.replace("tags: [lasso, ridge]", "tags: lasso"), "must be a list"),
        (CARD.replace("id: l1-vs-l2", "id: 7"), "must be a text"),
        (CARD.replace('"Forgetting to scale."', "Forgetting: to scale"), "entry 1 of `pitfalls`"),
        (CARD.replace("question: When is L1 better than L2?\n", "question:\n"), "`question` is missing"),
    ],
)
def test_mistakes(text, what):
    with pytest.raises(CardError) as caught:
        parse_card(card(text))
    assert what in str(caught.value)


def test_folded_and_quoted_wordings_have_spans():
    quoted = card(CARD.replace("question: When is L1 better than L2?", 'question: "L1: when is it better?"'))
    question = parse_card(quoted)
    assert quoted.text[question.start : question.end] == question.text == "L1: when is it better?"


def test_other_front_matter_is_no_card():
    assert not is_card("---\ntitle: A post\ndate: 2024-01-01\n---\ntext")
    assert not is_card("text\n---\nid: x\nquestion: y\n---\n")


def test_the_bundled_corpus_parses():
    paths = [path for path in sorted(CORPUS.glob("*/*.md")) if path.name not in {"README.md", "REVIEW.md"}]
    assert paths
    for path in paths:
        document = card(path.read_text(encoding="utf-8"), path.relative_to(CORPUS).as_posix())
        question = parse_card(document)
        assert document.text[question.start : question.end] == question.text
        assert question.topic == path.parent.name
