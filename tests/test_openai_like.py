"""OpenAI-compatible servers through LlamaIndex, and any other LlamaIndex LLM as a chat model."""

from __future__ import annotations

import socket
import time

import pytest

from mlprep_bot.adapters.llama_index_llm import LlamaIndexChat
from mlprep_bot.adapters.openai_like import OpenAILikeChat, openai_url
from mlprep_bot.errors import (
    ModelNotPulled,
    PromptTooLong,
    SettingsError,
    StreamBroken,
    WriterError,
    WriterTimeout,
    WriterUnavailable,
)
from mlprep_bot.ports import Message
from mlprep_bot.settings import Settings
from ollama_server import FakeOllama, Model
from openai_server import FakeOpenAI

HELLO = (Message("system", "Be brief."), Message("user", "Why do models overfit?"))


def chat(fake: FakeOpenAI, **options) -> OpenAILikeChat:
    return OpenAILikeChat(Settings(openai_url=fake.url, **{"timeout": 5.0, **options}))


def said(model, max_tokens: int = 200) -> str:
    return "".join(delta.text for delta in model.stream(HELLO, max_tokens=max_tokens))


def test_an_answer_streams_and_ends_with_counts():
    with FakeOpenAI() as fake:
        deltas = list(chat(fake).stream(HELLO, max_tokens=99))
    assert "".join(delta.text for delta in deltas) == "They learn the noise [S1]."
    assert len(deltas) > 3
    assert deltas[-1].done
    assert (deltas[-1].prompt_tokens, deltas[-1].completion_tokens) == (12, 5)
    [body] = fake.requests
    assert (body["model"], body["temperature"], body["max_tokens"], body["stream"]) == ("tiny-chat", 0.0, 99, True)
    assert [m["content"] for m in body["messages"]] == [m.content for m in HELLO]
    assert fake.keys == ["Bearer local"]


def test_counts_are_optional():
    with FakeOpenAI(usage=False) as fake:
        *_, last = chat(fake).stream(HELLO, max_tokens=99)
    assert last.done
    assert last.prompt_tokens is None


def test_name_and_window_come_from_the_server():
    with FakeOpenAI(window=2048) as fake:
        model = chat(fake)
        assert (model.name, model.context_window) == ("openai:tiny-chat", 2048)
        assert chat(fake, model="other").name == "openai:other"
        assert chat(fake, context_window=1024).context_window == 1024
    with FakeOpenAI(model="/srv/models/SmolLM2.gguf") as fake:
        assert chat(fake).name == "openai:SmolLM2.gguf"


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        ("404", ModelNotPulled, "MLPREP_MODEL"),
        ("401", WriterError, "MLPREP_OPENAI_API_KEY"),
        ("500", WriterError, "fault 500"),
        ("context", PromptTooLong, "maximum context length"),
        ("silent", WriterTimeout, "MLPREP_TIMEOUT"),
    ],
)
def test_a_refusal_says_what_to_do(fault, error, match):
    with FakeOpenAI(fault=fault) as fake, pytest.raises(error, match=match):
        said(chat(fake, timeout=0.5))


@pytest.mark.parametrize(
    ("fault", "error"),
    [("no finish", StreamBroken), ("hang up", StreamBroken), ("error", StreamBroken), ("stall", WriterTimeout)],
)
def test_what_came_before_a_fault_is_not_lost(fault, error):
    with FakeOpenAI(fault=fault) as fake:
        stream = chat(fake, timeout=0.5).stream(HELLO, max_tokens=200)
        assert [next(stream).text for _ in range(3)] == ["They", " learn", " the"]
        with pytest.raises(error):
            next(stream)


def test_a_server_that_is_not_there_says_so():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    model = OpenAILikeChat(Settings(openai_url=url))
    assert model.name == "openai"
    with pytest.raises(WriterUnavailable):
        model.probe()
    with pytest.raises(WriterUnavailable, match=f"Nothing answers at {url}"):
        said(model)
    with pytest.raises(WriterUnavailable, match=f"Nothing answers at {url}"):
        said(OpenAILikeChat(Settings(openai_url=url, model="named")))


def test_a_server_without_a_model_says_so():
    with FakeOpenAI(model="") as fake, pytest.raises(ModelNotPulled, match="lists no model"):
        said(chat(fake))


def test_closing_the_stream_hangs_up_at_once():
    with FakeOpenAI(reply="word " * 400, pause=0.02) as fake:
        stream = chat(fake).stream(HELLO, max_tokens=400)
        next(stream)
        stream.close()
        deadline = time.monotonic() + 5
        while not fake.hung_up and time.monotonic() < deadline:
            time.sleep(0.02)
        assert fake.hung_up == 1


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FakeOpenAI() as fake:
        assert said(chat(fake)) == fake.reply


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("127.0.0.1:8080/", "http://127.0.0.1:8080/v1"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1"),
        ("https://box/api/openai", "https://box/api/openai"),
    ],
)
def test_addresses(given, url):
    assert openai_url(given) == url


@pytest.mark.parametrize("given", ["ftp://x", "http://", ""])
def test_what_is_no_address_is_a_setting_to_mend(given):
    with pytest.raises(SettingsError, match="MLPREP_OPENAI_URL"):
        openai_url(given)


def test_llama_indexs_own_mock_is_a_chat_model():
    from llama_index.core.llms import MockLLM

    model = LlamaIndexChat(MockLLM(max_tokens=4), name="mock", context_window=2048)
    deltas = list(model.stream(HELLO, max_tokens=50))
    assert "".join(delta.text for delta in deltas)
    assert [delta.done for delta in deltas][-1]
    assert (model.name, model.context_window) == ("mock", 2048)


def test_llama_indexs_ollama_is_a_chat_model():
    from llama_index.llms.ollama import Ollama

    with FakeOllama([Model("m:1b", "They learn the noise.")]) as fake:
        llm = Ollama(model="m:1b", base_url=fake.host, context_window=4096, request_timeout=5.0)
        model = LlamaIndexChat(llm)
        assert said(model) == "They learn the noise."
        assert (model.name, model.context_window) == ("llama-index:m:1b", 4096)


def test_what_any_llm_raises_is_a_writer_error():
    from llama_index.llms.ollama import Ollama

    with FakeOllama([]) as fake, pytest.raises(WriterError, match="not found"):
        said(LlamaIndexChat(Ollama(model="m:1b", base_url=fake.host, context_window=4096, request_timeout=5.0)))
