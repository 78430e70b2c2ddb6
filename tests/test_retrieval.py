"""Views, fusion, passages and the retriever: rules as properties, and the real model over the real index."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.adapters.chroma import ChromaStore
from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.adapters.exact import ExactStore
from mlprep_bot.adapters.llama_index import as_llama_index
from mlprep_bot.domain import Chunk, Document, Ranking
from mlprep_bot.knowledge import asked, lexical, signals
from mlprep_bot.knowledge.fusion import DEPTH, Evidence, fuse, ranked, reciprocal_ranks
from mlprep_bot.knowledge.ingest import ingest, open_generation
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.parsing import parse_document
from mlprep_bot.knowledge.passages import build, same_words
from mlprep_bot.knowledge.retrieval import Retriever
from mlprep_bot.knowledge.views import reach, views

STOPPING = (
    "Early stopping chooses their number: it watches the loss on data that no tree was fitted to, "
    "and ends when that stops falling."
)
CARDS = {
    "overfitting.md": "# Overfitting\n\nA model overfits when it learns the noise of its training data. "
    "The validation loss then rises while the training loss still falls. Regularisation and more data help.\n",
    "boosting.md": "# Gradient boosting\n\nEach tree is fitted to the errors of the trees before it. "
    "A small learning rate needs more trees. " + STOPPING + "\n",
    "drift.md": "# Drift\n\nThe distribution of the inputs moves away from that of the training data. "
    "Population stability index compares two histograms. Retraining on recent data is the usual cure.\n",
    "copy.md": f"# Notes\n\n- I copied the next line from the page on boosting.\n- {STOPPING}\n",
}
HOSTILE = [
    "",
    "   \n\t",
    "zzzz qqqq xxxx",
    '"AND" OR * NOT : ( ) NEAR("x" y) ^-+{}',
    "overfitting " * 1000,
    "什么是过拟合",
    "Was ist Überanpassung?",
    "\udcff lone surrogate",
    "nul \0 byte",
    "the of and",
]


def searchable(folder: Path, documents: dict[str, str], embedder, store=None):
    source = folder / "documents"
    source.mkdir()
    for name, text in documents.items():
        (source / name).write_text(text, encoding="utf-8")
    with Library(folder / "data", store=store or ExactStore()) as library:
        ingest(library, [source], embedder)
        return open_generation(library, embedder)


@pytest.fixture(scope="module")
def small(embedder, tmp_path_factory):
    generation = searchable(tmp_path_factory.mktemp("small"), CARDS, embedder, ChromaStore())
    yield Retriever(generation, embedder)
    generation.close()


# --- views ---


def chunk(unit: str, ordinal: int, text: str, start: int = 0, document: str = "d.md", context: str = "Why?") -> Chunk:
    return Chunk(f"{document}/{unit}{ordinal}", document, start, start + len(text), text, "", context, unit, ordinal)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 700)), max_size=30))
def test_blocks_and_stretches_speak_for_every_chunk_once(drawn):
    chunks, seen = [], {}
    for unit, length in sorted(drawn):
        chunks.append(chunk(unit, seen.get(unit, 0), "x" * length))
        seen[unit] = seen.get(unit, 0) + 1
    spoken = {"t": [], "b": [], "u": []}
    for owner, pairs in zip(chunks, views(chunks), strict=True):
        assert pairs[0] == ("t", owner.text)
        for name, text in pairs:
            letter, count = reach(name)
            spoken[letter] += [(owner.unit, owner.ordinal + step) for step in range(count)]
            assert letter == "t" or text.startswith("Why?\n")
    for places in spoken.values():
        assert sorted(places) == sorted((c.unit, c.ordinal) for c in chunks)


def test_a_title_that_is_also_the_first_line_is_embedded_once():
    pairs = views([chunk("a", 0, "A title", context="A title"), chunk("a", 1, "The text.", context="A title")])
    assert dict(pairs[0])["u2"] == "A title\nThe text."


def test_every_wording_of_a_question_leads_to_its_whole_answer():
    front = "id: a\nquestion: Why scale?\ntopic: t\nlevel: mid\naliases: [normalise inputs, z-score]"
    text = f"---\n{front}\nkey_points: ['(3) A.']\n---\n" + "It helps descent. " * 40
    parsed = parse_document(Document("a.md", text, "markdown", "a"))
    asked = [(name, words) for name, words in parsed.views[0] if name.startswith("q")]
    assert [words for _, words in asked] == ["Why scale?", "normalise inputs", "z-score"]
    assert {reach(name) for name, _ in asked} == {("q", len(parsed.chunks))}
    assert len({name for name, _ in asked}) == 3
    assert not [name for views_of in parsed.views[1:] for name, _ in views_of if name.startswith("q")]


# --- fusion ---


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 5), max_size=12))
def test_ranks_follow_scores_and_ties_share(scores):
    ranks = ranked({key: float(value) for key, value in scores.items()})
    for a in scores:
        for b in scores:
            assert (scores[a] > scores[b]) == (ranks[a] < ranks[b])


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 600)), min_size=1, max_size=4))
def test_fusion_rewards_better_ranks_and_more_retrievers(rankings):
    weighted = [(ranks, 1.0) for ranks in rankings]
    scores = reciprocal_ranks(weighted, 20)
    assert set(scores) == {key for ranks in rankings for key, rank in ranks.items() if rank <= DEPTH}
    for key in scores:
        assert scores[key] == pytest.approx(sum(1 / (20 + r[key]) for r in rankings if r.get(key, DEPTH + 1) <= DEPTH))
        better = [({**ranks, key: max(1, ranks[key] - 1)} if key in ranks else ranks, 1.0) for ranks in rankings]
        assert reciprocal_ranks(better, 20)[key] >= scores[key]


def test_a_chunk_gains_from_its_neighbours_and_its_unit():
    pool = [chunk("a", 0, "one"), chunk("a", 1, "two"), chunk("b", 0, "three"), chunk("c", 5, "four")]
    alike = {"t": 0.5, "b": 0.5}
    cosines = {("a", 0): {"t": 0.9, "b": 0.5}, ("a", 1): alike, ("b", 0): alike, ("c", 5): alike}
    fused = fuse(pool, Evidence(cosines, {pool[0].id: 3.0, pool[3].id: 1.0}, {"c": 2.0}, 0.1))
    assert fused.dense[pool[1].id] > fused.dense[pool[2].id]
    assert fused.lexical_ranks == {pool[0].id: 1, pool[3].id: 2, pool[1].id: 2} or pool[1].id in fused.lexical_ranks
    assert pool[2].id not in fused.lexical_ranks
    assert max(fused.units, key=lambda unit: fused.units[unit]) == "a"


def test_a_wording_lifts_its_card_and_puts_no_note_behind_the_other_cards():
    card, other, note = (chunk(unit, 0, unit) for unit in ("card", "other", "note"))
    pool = [replace(card, question_id="1"), replace(other, question_id="2"), note]
    alike = {"t": 0.5, "b": 0.5, "u": 0.5}
    cosines = {("card", 0): alike | {"q": 0.9}, ("other", 0): alike | {"q": 0.2}, ("note", 0): alike}
    units = fuse(pool, Evidence(cosines, {}, {}, 0.1)).units
    assert units["card"] > units["note"] >= units["other"]


def test_nothing_found_fuses_to_nothing():
    fused = fuse([], Evidence({}, {}, {}, 0.0))
    assert not fused.chunks
    assert not fused.units


# --- passages ---


@st.composite
def corpora(draw):
    """Documents of sentences, some of them shared, cut into chunks in a drawn order of merit."""
    sentences = ["Alpha beta.", "Gamma delta epsilon, zeta.", "Eta!", "Theta iota kappa lambda mu nu xi omicron pi."]
    texts, chunks = {}, []
    for name in ("a", "b", "c"):
        text = ""
        for unit in range(draw(st.integers(0, 3))):
            for ordinal in range(draw(st.integers(1, 5))):
                body = draw(st.sampled_from(sentences))
                chunks.append(chunk(f"{name}{unit}", ordinal, body, len(text), name))
                text += body + draw(st.sampled_from([" ", "\n\n* ", "\n" + "-" * 60 + "\n"]))
        texts[name] = text
    return texts, draw(st.permutations(chunks))


@given(corpora(), st.integers(0, 400))
@settings(max_examples=200)
def test_passages_keep_the_budget_the_text_and_every_source(corpus, budget):
    texts, chunks = corpus
    order = {c.id: at for at, c in enumerate(chunks)}
    rankings = lambda c: Ranking(1, None, 0.5, None, 1 / (20 + order[c.id]))  # noqa: E731
    found = build(chunks, {c.unit: 1.0 for c in chunks}, rankings, texts.__getitem__, budget)
    assert sum(len(p.text) for p in found) <= budget
    assert [p.n for p in found] == list(range(1, len(found) + 1))
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    taken = sorted((p.document, p.start, p.end) for p in found)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(taken))
    for p in found:
        assert texts[p.document][p.start : p.end] == p.text
        assert (p.sources[0].document, p.sources[0].start, p.sources[0].end) == (p.document, p.start, p.end)
        for source in p.sources[1:]:
            assert same_words(texts[source.document][source.start : source.end]) in same_words(p.text)
    if budget >= sum(map(len, texts.values())):  # all fits: every chunk's words are said, once
        said = [same_words(c.text) for c in chunks]
        assert all(any(words in same_words(p.text) for p in found) for words in said)


def test_a_best_chunk_beyond_the_budget_is_cut():
    long = chunk("u", 0, "x" * 500)
    found = build([long], {}, lambda _: Ranking(1, None, None, None, 0.1), lambda _: long.text, 200)
    assert [p.text for p in found] == ["x" * 200]


# --- the retriever ---


@pytest.mark.parametrize("query", HOSTILE)
@pytest.mark.parametrize("budget", [1, 300, 100_000])
def test_any_query_is_answered_within_the_budget(small, query, budget):
    found = small.retrieve(query, budget_chars=budget)
    assert sum(len(p.text) for p in found.passages) <= budget
    assert set(found.signals.values) == {*signals.NAMES, *asked.NAMES}
    assert all(map(math.isfinite, found.signals.values.values()))
    if not query.strip():
        assert found.passages == ()


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("when does a model learn noise", "overfitting.md"),
        ("how many trees should I use", "boosting.md"),
        ("how to compare histograms", "drift.md"),
        ("overfittting", "overfitting.md"),
    ],
)
def test_the_right_document_comes_first(small, query, document):
    first = small.retrieve(query, budget_chars=2000).passages[0]
    assert first.document == document
    assert small.generation.document(document).text[first.start : first.end] == first.text


def test_the_same_words_are_one_passage_with_both_sources(small):
    found = small.retrieve("Early stopping chooses their number", budget_chars=3000).passages
    holding = [p for p in found if "Early stopping" in p.text]
    assert len(holding) == 1
    assert {source.document for source in holding[0].sources} == {"boosting.md", "copy.md"}


def test_neighbours_are_merged_and_everything_fits_a_large_budget(small):
    found = small.retrieve("gradient boosting trees", budget_chars=100_000).passages
    boosting = [p for p in found if p.document == "boosting.md"]
    assert len(boosting) == 1
    assert boosting[0].text.count(".") == 3
    assert boosting[0].text.endswith("stops falling.")
    assert {p.document for p in found} == set(CARDS)


def test_signals_tell_known_from_unknown(small):
    known = small.retrieve("why does validation loss rise when a model overfits", budget_chars=2000).signals.values
    unknown = small.retrieve("best pizza dough hydration in Naples", budget_chars=2000).signals.values
    for name in ("best_cosine", "best_sentence", "coverage", "best_bm25"):
        assert known[name] > unknown[name]
    assert unknown["unknown"] > known["unknown"]


def test_timings_name_every_stage(small):
    timings = small.retrieve("drift", budget_chars=500).timings
    assert list(timings) == ["embed", "dense", "lexical", "fuse", "passages", "signals"]


def test_one_chunk_is_enough(memory_path):
    generation = searchable(memory_path, {"one.txt": "Only this."}, HashEmbedder())
    found = Retriever(generation, HashEmbedder()).retrieve("only", budget_chars=100).passages
    assert [p.text for p in found] == ["Only this."]
    generation.close()


def test_llama_index_gets_exact_nodes(small):
    nodes = as_llama_index(small, budget_chars=500).retrieve("when does a model overfit?")
    text = small.generation.document(nodes[0].metadata["document"]).text
    assert nodes[0].get_content() == text[nodes[0].metadata["start"] : nodes[0].metadata["end"]]
    assert [n.score for n in nodes] == sorted((n.score for n in nodes), reverse=True)
    assert sum(len(n.get_content()) for n in nodes) <= 500


def test_hasty_typing_leaves_no_word_of_its_own():
    assert lexical.terms("whats dropout for, and why doesnt it work? you've u dont") == lexical.terms("dropout work")
    assert len(lexical.terms("an ill conditioned id")) == 3
