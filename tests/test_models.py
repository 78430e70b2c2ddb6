"""Which model is used, which one is recommended, and how the list reads."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.adapters.chat import WithoutThinking, estimate_tokens
from mlprep_bot.adapters.ollama import OllamaServer
from mlprep_bot.errors import ModelNotPulled, WriterUnavailable
from mlprep_bot.models import (
    GB,
    SUGGESTIONS,
    Installed,
    best_installed,
    billions,
    catalogue,
    choose,
    memory_bytes,
    recommend,
)
from ollama_server import FakeOllama, Model


def installed(name: str, gigabytes: float, family: str = "llama") -> Installed:
    return Installed(name, int(gigabytes * GB), family=family)


SMALL, MIDDLE, LARGE = installed("llama3.2:1b", 1.3), installed("llama3.1:8b", 4.9), installed("llama3.3:70b", 43)


@pytest.mark.parametrize(
    ("models", "gigabytes", "name"),
    [
        ([SMALL, MIDDLE, LARGE], 16, "llama3.1:8b"),
        ([SMALL, MIDDLE, LARGE], 128, "llama3.3:70b"),
        ([SMALL, MIDDLE, LARGE], 4, "llama3.2:1b"),
        ([MIDDLE, LARGE], 2, "llama3.1:8b"),
        ([SMALL, MIDDLE], 0, "llama3.1:8b"),
        ([SMALL, installed("qwen2.5-coder:7b", 4.7)], 16, "llama3.2:1b"),
        ([installed("qwen2.5-coder:7b", 4.7)], 16, "qwen2.5-coder:7b"),
        ([SMALL, installed("llama3.1:8b-text-q4_0", 4.9)], 16, "llama3.2:1b"),
        ([SMALL, installed("nomic-embed-text:latest", 2, "nomic-bert")], 16, "llama3.2:1b"),
        ([SMALL, installed("gpt-oss:120b-cloud", 0)], 16, "llama3.2:1b"),
    ],
)
def test_the_best_installed_model(models, gigabytes, name):
    for order in (models, models[::-1]):
        assert best_installed(order, gigabytes * GB).name == name


def test_some_lists_hold_no_writer():
    assert best_installed([], 16 * GB) is None
    assert best_installed([installed("mxbai-embed-large:latest", 0.7, "bert")], 16 * GB) is None
    assert best_installed([installed("gpt-oss:120b-cloud", 0)], 16 * GB) is None
    assert best_installed([installed("gpt-oss:120b-cloud", 0)], 16 * GB, allow_cloud=True) is not None


@given(st.integers(0, 10**13))
def test_the_recommended_model_fits_and_more_memory_never_means_a_smaller_one(memory):
    suggestion = recommend(memory)
    assert suggestion.needs * GB <= memory or suggestion == SUGGESTIONS[0]
    assert recommend(memory + GB).parameters >= suggestion.parameters


def test_suggestions_grow():
    assert [s.download for s in SUGGESTIONS] == sorted(s.download for s in SUGGESTIONS)
    assert all(s.needs > s.download for s in SUGGESTIONS)


def test_this_machine_has_memory():
    assert memory_bytes() > 100_000_000


@pytest.mark.parametrize(
    ("text", "value"),
    [("3.2B", 3.2), ("135M", 0.135), ("8", 8.0), ("", 0.0), ("large", 0.0), ("1.2.3B", 0.0), ("1T", 1000.0)],
)
def test_parameter_sizes(text, value):
    assert billions(text) == pytest.approx(value)


def test_the_catalogue_of_a_server():
    with FakeOllama(
        [Model("llama3.2:3b"), Model("nomic-embed-text:latest", family="nomic-bert")], version="0.9.0"
    ) as fake:
        found = catalogue(OllamaServer(fake.host))
    shape = found.as_json()
    assert (shape["version"], shape["chosen"], shape["problem"]) == ("0.9.0", "llama3.2:3b", "")
    assert [entry["chats"] for entry in shape["installed"]] == [True, False]
    text = "\n".join(found.lines())
    assert "* llama3.2:3b" in text
    assert "makes vectors only" in text
    assert "update it to 0.17.1" in text
    assert "Recommended for" in text


def test_the_catalogue_without_a_server_says_what_to_do():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = OllamaServer(f"http://127.0.0.1:{probe.getsockname()[1]}")
    found = catalogue(server)
    assert "ollama serve" in found.lines()[0]
    assert found.as_json()["installed"] == []
    with pytest.raises(WriterUnavailable):
        choose(server)


def test_choosing():
    with FakeOllama([Model("llama3.2:3b"), Model("mistral:latest", size=1)]) as fake:
        server = OllamaServer(fake.host)
        assert choose(server) == "llama3.2:3b"
        assert choose(server, model="mistral") == "mistral"
        with pytest.raises(ModelNotPulled, match="ollama pull phi3"):
            choose(server, model="phi3")
        fake.models.clear()
        with pytest.raises(ModelNotPulled, match="mlprep models --pull"):
            choose(server)


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<th", "ink>", "</", "a ", "\n", " <"]), max_size=12),
    st.integers(1, 5),
)
def test_thinking_is_taken_out_however_it_is_cut(parts, size):
    text = "".join(parts)
    stream = WithoutThinking()
    shown = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size)) + stream.flush()
    if not text.lstrip().startswith("<think>"):
        assert shown == text
    else:
        assert shown == text.partition("</think>")[2].lstrip()


@given(st.text(max_size=200), st.text(max_size=200))
def test_estimates_of_tokens_add_up(left, right):
    assert estimate_tokens(left + "\n" + right) <= estimate_tokens(left) + estimate_tokens(right) + 2
