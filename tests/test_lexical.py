"""BM25 over FTS5: a worked example, an oracle, and queries that try to be syntax."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.domain import Chunk
from mlprep_bot.knowledge import lexical

WORDS = ["loss", "tree", "forest", "gradient", "bias", "variance", "kernel", "layer"]


def chunk(n: int, text: str, context: str = "", unit: str = "") -> Chunk:
    return Chunk(f"c{n}", "d.md", 0, len(text), text, "", context, unit or f"u{n}", 0)


def index(*texts: str) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    lexical.create(db)
    lexical.add(db, [chunk(n, text) for n, text in enumerate(texts)])
    return db


def bm25(texts: list[list[str]], query: set[str], k1: float = 1.2, b: float = 0.75) -> dict[int, float]:
    """Robertson's formula, written down a second time as the oracle."""
    mean = sum(map(len, texts)) / len(texts)
    frequency = Counter(term for text in texts for term in set(text))
    scores = {}
    for n, text in enumerate(texts):
        counts = Counter(text)
        scores[n] = sum(
            max(1e-6, math.log((len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5)))
            * counts[term]
            * (k1 + 1)
            / (counts[term] + k1 * (1 - b + b * len(text) / mean))
            for term in query & set(text)
        )
    return {n: score for n, score in scores.items() if score > 0}


@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12), min_size=1, max_size=12),
    st.sets(st.sampled_from(WORDS), min_size=1),
)
@settings(deadline=None)
def test_scores_are_those_of_the_formula(texts, query):
    found = dict(lexical.search(index(*(" ".join(text) for text in texts)), " ".join(query), 50))
    stemmed = [lexical.terms(" ".join(text)) for text in texts]
    expected = bm25(stemmed, set(lexical.terms(" ".join(query))))
    assert found == {f"c{n}": pytest.approx(score, rel=1e-6) for n, score in expected.items()}


def test_inflections_meet():
    db = index("Regularisation penalises large weights.", "Trees split the data.", "Nothing of the kind.")
    assert [i for i, _ in lexical.search(db, "how is a weight penalised by regularisation?", 5)] == ["c0"]
    assert [i for i, _ in lexical.search(db, "splitting a tree", 5)] == ["c1"]


def test_no_known_word_finds_nothing():
    db = index("gradient descent", "random forest")
    for query in ["", "   ", "zebra", "the of and", "?!*", "\udcff"]:
        assert lexical.search(db, query, 10) == []
        assert lexical.search_units(db, query, 10) == []
    assert lexical.search(db, "gradient", 0) == []


def test_an_empty_index_answers():
    assert lexical.search(index(), "gradient", 10) == []
    assert lexical.document_frequencies(index(), ["gradient"]) == {"gradient": 0}


@pytest.mark.parametrize(
    "query",
    [
        'gradient"',
        "AND gradient",
        "gradient NOT forest OR",
        "gradient*",
        "body:gradient",
        "{context body} : gradient",
        "NEAR(gradient, 2)",
        "(gradient",
        "^gradient + -gradient",
        "'; DROP TABLE lexical_chunks; -- gradient",
        "gra\0dient gradient",
        "gradient " * 3000,
        " ".join(f"word{n}" for n in range(2000)).replace("word9 ", "gradient "),
    ],
)
def test_no_query_is_syntax(query):
    db = index("the gradient of the loss", "random forest", "kernel trick")
    assert lexical.search(db, query, 10)[0][0] == "c0"


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_can_be_indexed_and_found_by_itself(text):
    db = index(text, "something else entirely", "and a third")
    assert bool(lexical.search(db, text, 10)) == bool(lexical.terms(text))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("过拟合是指模型在训练集上表现很好", "什么是过拟合"),
        ("Überanpassung heißt, dass das Modell auswendig lernt", "überanpassung"),
        ("Переобучение модели", "переобучение"),
    ],
)
def test_other_scripts_are_searchable(text, query):
    assert [i for i, _ in lexical.search(index("overfitting", text, "bias"), query, 5)] == ["c1"]


def test_the_context_is_searched_with_the_text():
    db = sqlite3.connect(":memory:")
    lexical.create(db)
    lexical.add(
        db, [chunk(1, "Use the median.", "How do you handle outliers?"), chunk(2, "Use the mean."), chunk(3, "x")]
    )
    assert [i for i, _ in lexical.search(db, "outliers", 5)] == ["c1"]


def test_units_gather_their_chunks_and_count_the_context_once():
    db = sqlite3.connect(":memory:")
    lexical.create(db)
    parts = [chunk(1, "gradient", "loss", "a"), chunk(2, "kernel", "loss", "a"), chunk(3, "gradient", "", "b")]
    lexical.add(db, [*parts, chunk(4, "forest"), chunk(5, "tree"), chunk(6, "bias")])
    found = lexical.search_units(db, "gradient kernel", 5)
    assert [unit for unit, _ in found] == ["a", "b"]
    lexical.remove(db, ["c1"])
    assert [unit for unit, _ in lexical.search_units(db, "gradient", 5)] == ["b"]
    lexical.remove(db, ["c2", "c9"])
    assert lexical.search_units(db, "kernel loss", 5) == []


def test_an_updated_index_ranks_like_a_fresh_one():
    texts = ["loss of a tree", "forest and tree", "gradient of the loss", "layer by layer", "kernel and bias"]
    db = index(*texts[:3], "an old text that goes")
    lexical.remove(db, ["c3"])
    lexical.add(db, [chunk(n, text) for n, text in enumerate(texts)])  # c0 to c2 are replaced
    fresh = index(*texts)
    for query in ["tree loss", "layer", "old text", "kernel gradient forest"]:
        assert lexical.search(db, query, 10) == lexical.search(fresh, query, 10)
        assert lexical.search_units(db, query, 10) == lexical.search_units(fresh, query, 10)
    assert lexical.document_frequencies(db, ["tree", "old", "layer"]) == {"tree": 2, "old": 0, "layer": 1}
