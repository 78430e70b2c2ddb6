"""Plain LlamaIndex over our documents and embedder, and its numbered citations in our terms."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mlprep_bot.adapters.llama_index_plain import LlamaIndexCitations, PlainLlamaIndex
from mlprep_bot.adapters.llama_index_splitter import splitter, tokens
from mlprep_bot.adapters.scripted import ScriptedChat
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.domain import Document, Passage, Ranking, Source, Status, Turn, Verdict
from mlprep_bot.errors import EvaluationError, StreamBroken
from mlprep_bot.evaluation import answers
from mlprep_bot.evaluation.figures import Figure
from mlprep_bot.evaluation.numbered import NumberedAnswers, read
from mlprep_bot.evaluation.questions import Gold, HeldOut

LASSO = "# Lasso\n\nThe lasso gives exact zeros because its constraint has corners on the axes. " + " ".join(
    f"Path {n} of the lasso was traced with a penalty of {n}." for n in range(150)
)
DROPOUT = (
    "# Dropout\n\nDropout switches off random units during training, which keeps units from relying on each other."
)
CACHE = "The key-value cache of a transformer grows linearly with the length of the context.\n\nIt is kept per layer."
DOCUMENTS = [
    Document("models/lasso.md", LASSO, "markdown"),
    Document("dropout.md", DROPOUT, "markdown"),
    Document("cache.txt", CACHE, "text"),
]
TEXTS = {document.name: document.text for document in DOCUMENTS}


@pytest.fixture(scope="module")
def offline():
    """No connection is made, and folders that the environment names for data are empty."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setenv("NLTK_DATA", "/nonexistent/nltk")
        patch.setenv("TIKTOKEN_CACHE_DIR", "/nonexistent/tiktoken")
        tokens.cache_clear()
        yield


@pytest.fixture(scope="module")
def plain(offline, embedder):
    return PlainLlamaIndex(DOCUMENTS, embedder)


@pytest.fixture(scope="module")
def checker(embedder):
    return SupportChecker(embedder)


def test_finds_and_stays_within_each_budget(plain):
    budgets = (10, 1000, 50_000)
    for system in (plain, LlamaIndexCitations(plain)):
        found = system.find("Why does the lasso set coefficients to zero?", budgets)
        assert found[0][0][0] == "models/lasso.md"
        for budget, texts in zip(budgets, found, strict=True):
            assert sum(len(text) for _, text in texts) <= budget
            assert all(text and text in TEXTS[name] for name, text in texts)
        assert sum(len(text) for _, text in found[0]) == 10
        assert {name for name, _ in found[-1]} == set(TEXTS)


def test_the_largest_budget_is_filled(plain):
    (texts,) = plain.find("units", (4000,))
    assert sum(len(text) for _, text in texts) == 4000


def test_chunks_are_llama_index_s_own(offline):
    """Same chunks as its default splitter, made the way it makes it."""
    from llama_index.core.node_parser import SentenceSplitter

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NLTK_DATA")
        patch.delenv("TIKTOKEN_CACHE_DIR")
        import llama_index.core

        patch.setattr(llama_index.core, "global_tokenizer", None)
        theirs = SentenceSplitter().split_text(LASSO)
    assert len(theirs) > 1
    assert splitter().split_text(LASSO) == theirs


@given(st.text(alphabet="aB .,;!?\n\té。é🙂", max_size=400))
@hypothesis_settings(max_examples=60, deadline=None)
def test_chunks_stand_in_the_text_in_order(text):
    at = 0
    for chunk in splitter(32, 8).split_text(text):
        at = text.index(chunk, at)


def test_nothing_global_changes(offline, embedder):
    import llama_index.core

    before = dict(vars(llama_index.core.Settings)), llama_index.core.global_tokenizer, dict(os.environ)
    tokens.cache_clear()
    index = PlainLlamaIndex(DOCUMENTS[1:], embedder)
    LlamaIndexCitations(index, ScriptedChat(["Yes [1]."])).reply("dropout")
    assert (dict(vars(llama_index.core.Settings)), llama_index.core.global_tokenizer, dict(os.environ)) == before


def test_no_documents_find_nothing(offline, embedder):
    assert PlainLlamaIndex([], embedder).find("anything", (100, 200)) == [[], []]


def test_reply_numbers_its_sources_where_they_stand(plain):
    model = ScriptedChat(["The lasso has corners [1]."], context_window=8192)
    text, sources = LlamaIndexCitations(plain, model).reply("Why does the lasso give zeros?")
    assert text == "The lasso has corners [1]."
    assert [source.n for source in sources] == list(range(1, len(sources) + 1))
    for source in sources:
        assert TEXTS[source.document][source.start : source.end] == source.text
    (prompt,) = model.calls[0]
    for source in sources:
        assert f"Source {source.n}:\n{source.text}" in prompt.content


def test_a_small_window_takes_several_calls_and_none_is_too_long(plain):
    model = ScriptedChat(["The lasso has corners [1]."], context_window=2000)
    LlamaIndexCitations(plain, model, answer_tokens=200).reply("Why does the lasso give zeros?")
    assert len(model.calls) > 1
    assert all(len(tokens()(message.content)) <= 1800 for call in model.calls for message in call)


def test_answer_is_measured_like_any_other(plain, checker):
    said = (
        "The lasso gives exact zeros because its constraint has corners on the axes [1]. "
        "It was invented on the moon [1]. Nobody is cited here."
    )
    systems = NumberedAnswers(LlamaIndexCitations(plain, ScriptedChat([said])), checker)
    question = "Why does the lasso give zeros?"
    answer = systems.answer(question)
    assert [s.verdict for s in answer.sentences] == [Verdict.SUPPORTED, Verdict.UNSUPPORTED, Verdict.UNCITED]
    assert answer.status is Status.ANSWERED
    for sentence in answer.sentences[:2]:
        (citation,) = sentence.citations
        assert TEXTS[citation.document][citation.start : citation.end] == citation.quote
    evidence = "The lasso gives exact zeros because its constraint has corners on the axes."
    held = HeldOut("q", question, "fact", gold=(Gold("models/lasso.md", evidence),), key_points=(evidence,))
    seconds: list[float] = []
    measured = answers.measure([held], systems, checker, TEXTS.__getitem__, seconds)
    values = {m.name: m.samples[0].values for m in measured}
    assert values["citation precision"] == (1.0, 2.0)
    assert values["citation recall"] == (1.0, 3.0)
    assert values["sentences supported"] == (1.0, 3.0)
    assert values["verbatim"] == (1.0, 3.0)
    assert values["evidence cited"] == (1.0,)
    assert all(isinstance(m.figure(), Figure) for m in measured)
    assert len(seconds) == 1


def test_a_reply_that_finds_nothing_is_no_answer(plain, checker):
    model = ScriptedChat(["The provided sources do not mention this."])
    answer = NumberedAnswers(LlamaIndexCitations(plain, model), checker).answer("Who won the cup?")
    assert answer.status is Status.NOT_IN_CORPUS
    assert answer.sentences == ()


def test_a_follow_up_is_searched_with_what_it_is_about(plain, checker):
    model = ScriptedChat(["Dropout switches off random units [1]."])
    systems = NumberedAnswers(LlamaIndexCitations(plain, model), checker)
    earlier = "What is dropout?"
    answer = systems.answer("Why does it help?", [Turn(earlier, earlier)])
    assert "dropout" in answer.searched.lower()
    assert answer.searched in model.calls[0][0].content


def test_a_broken_stream_is_an_error(plain, checker):
    model = ScriptedChat(["Half of a"], fail=StreamBroken("It stopped.", "Ask again."), fail_after=1)
    with pytest.raises(StreamBroken):
        NumberedAnswers(LlamaIndexCitations(plain, model), checker).answer("Why does the lasso give zeros?")


def test_without_a_model_it_only_finds(plain):
    with pytest.raises(EvaluationError):
        LlamaIndexCitations(plain).reply("anything")


def sources(count: int) -> list[Passage]:
    none = Ranking(None, None, None, None, 0.0)
    return [Passage(n, "text", "d", 0, 4, "", "", 0.0, (Source("d", 0, 4),), none) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("reply", "text", "cited"),
    [
        ("Water is wet [2], which occurs at night [1].", "Water is wet, which occurs at night.", ("S2", "S1")),
        ("Water is wet.[1]", "Water is wet.", ("S1",)),
        ("Water is wet [1, 3].", "Water is wet.", ("S1", "S3")),
        ("Water is wet [1-3].", "Water is wet.", ("S1", "S2", "S3")),
        ("Water is wet [Source 2].", "Water is wet.", ("S2",)),
        ("Water is wet (Sources 1 and 2).", "Water is wet.", ("S1", "S2")),
        ("Water is wet [9].", "Water is wet.", ()),
        ("It lies in [0, 1] always.", "It lies in [0, 1] always.", ()),
        ("It lies in [1, 100] always.", "It lies in [1, 100] always.", ()),
        ("Take x[1] first.", "Take x[1] first.", ()),
        ("Write `list[1]` and $a_{[1]}$ then [3].", "Write `list[1]` and $a_{[1]}$ then.", ("S3",)),
        ("It happened in (1999).", "It happened in (1999).", ()),
    ],
)
def test_markers(reply, text, cited):
    (draft,) = read(reply, sources(3))
    assert (draft.text, draft.cited) == (text, cited)


@given(st.text(alphabet="aZ .,[]()0129-\nSource`$", max_size=120), st.integers(0, 4))
@hypothesis_settings(deadline=None)
def test_any_reply_is_read_and_cites_only_what_there_is(reply, count):
    known = {source.id for source in sources(count)}
    for draft in read(reply, sources(count)):
        assert set(draft.cited) <= known
