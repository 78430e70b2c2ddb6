"""The real `ollama` client and our chat against a server on loopback that speaks Ollama's protocol."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlprep_bot.adapters.ollama import OllamaChat, OllamaServer, ollama_url
from mlprep_bot.answering.prompts import answer_messages
from mlprep_bot.errors import (
    CloudModelRefused,
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
from support.passages import passages

HELLO = (Message("system", "Be brief."), Message("user", "Why do models overfit?"))


def chat(fake: FakeOllama, model: str = "llama3.2:3b", *, timeout: float = 5.0, **options) -> OllamaChat:
    return OllamaChat(OllamaServer(fake.host, timeout=timeout), model, Settings(**options))


def said(model: OllamaChat, messages=HELLO, max_tokens: int = 200) -> str:
    return "".join(delta.text for delta in model.stream(messages, max_tokens=max_tokens))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def fake():
    with FakeOllama([Model("llama3.2:3b", "They learn the noise [S1].")]) as server:
        yield server


def test_an_answer_streams_and_ends_with_counts(fake):
    deltas = list(chat(fake).stream(HELLO, max_tokens=200))
    assert "".join(delta.text for delta in deltas) == "They learn the noise [S1]."
    assert len(deltas) > 3
    assert [delta.done for delta in deltas] == [False] * (len(deltas) - 1) + [True]
    assert deltas[-1].prompt_tokens > 5
    assert deltas[-1].completion_tokens == 5


def test_the_request_forbids_every_silent_cut(fake):
    said(chat(fake, context_window=4096), max_tokens=77)
    [body] = fake.chats()
    assert body["truncate"] is False
    assert body["shift"] is False
    assert body["stream"] is True
    assert body["options"] == {"temperature": 0, "num_ctx": 4096, "num_predict": 77}
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in HELLO]
    assert "think" not in body


@pytest.mark.parametrize(
    ("setting", "trained", "expected"), [(8192, 2048, 2048), (8192, 131072, 8192), (4096, 0, 4096)]
)
def test_the_window_is_bounded_by_what_the_model_was_trained_for(setting, trained, expected):
    with FakeOllama([Model("llama3.2:3b", "Yes.", trained_window=trained)]) as fake:
        assert chat(fake, context_window=setting).context_window == expected


def test_a_prompt_that_the_server_finds_too_long_is_an_error(fake):
    with pytest.raises(PromptTooLong, match="MLPREP_CONTEXT_WINDOW"):
        said(chat(fake, context_window=1024), [Message("user", "word " * 3000)])


def test_a_thinking_model_is_told_not_to():
    with FakeOllama([Model("qwen3:4b", "Noise.", capabilities=("completion", "thinking"), thinking="Hm.")]) as fake:
        assert said(chat(fake, "qwen3:4b")) == "Noise."
        assert fake.chats()[0]["think"] is False


def test_thoughts_in_the_text_are_taken_out():
    with FakeOllama([Model("r1:7b", "Noise.", thinking="Is it noise? Yes.")]) as fake:
        assert said(chat(fake, "r1:7b")) == "Noise."
        assert "".join(d.text for d in chat(fake, "r1:7b").stream(HELLO, max_tokens=4)) == ""


def test_a_server_that_is_not_there_says_how_to_start_it():
    dead = OllamaServer(f"http://127.0.0.1:{free_port()}", timeout=2)
    for call in (dead.version, dead.installed, lambda: dead.pull("x"), lambda: said(OllamaChat(dead, "x", Settings()))):
        with pytest.raises(WriterUnavailable, match="ollama serve"):
            call()


def test_a_server_that_dies_between_questions_is_noticed():
    with FakeOllama([Model("m:1b", "Yes.")]) as fake:
        model = chat(fake, "m:1b")
        assert said(model) == "Yes."
    with pytest.raises(WriterUnavailable, match="ollama serve"):
        said(model)


def test_a_model_that_is_not_there_says_how_to_get_it(fake):
    with pytest.raises(ModelNotPulled, match="Run: ollama pull mistral:7b"):
        said(chat(fake, "mistral:7b"))


def test_a_model_removed_after_the_first_answer_says_how_to_get_it(fake):
    model = chat(fake)
    said(model)
    fake.models.clear()
    with pytest.raises(ModelNotPulled, match=r"ollama pull llama3\.2:3b"):
        said(model)


@pytest.mark.parametrize(
    ("fault", "error", "match"),
    [
        ("error", StreamBroken, "CUDA error"),
        ("no done", StreamBroken, "before it was done"),
        ("hang up", StreamBroken, "lost"),
        ("garbage", StreamBroken, "not JSON"),
        ("stall", WriterTimeout, "MLPREP_TIMEOUT"),
    ],
)
def test_what_came_before_a_fault_is_not_lost(fault, error, match):
    with FakeOllama([Model("m:1b", "One two three four five.", fault=fault)]) as fake:
        stream = chat(fake, "m:1b", timeout=0.5).stream(HELLO, max_tokens=200)
        assert [next(stream).text for _ in range(3)] == ["One", " two", " three"]
        with pytest.raises(error, match=match):
            next(stream)


def test_a_server_that_says_nothing_times_out():
    with FakeOllama([Model("m:1b", fault="silent")]) as fake, pytest.raises(WriterTimeout, match=r"0\.3 seconds"):
        said(chat(fake, "m:1b", timeout=0.3))


def test_a_server_error_is_told_in_its_words():
    with FakeOllama([Model("m:1b", fault="500")]) as fake, pytest.raises(WriterError, match="exit status 2"):
        said(chat(fake, "m:1b"))


def test_a_server_that_is_not_ollama_is_recognised():
    other = subprocess.Popen(
        [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        port = other.stdout.readline().split("port ")[1].split()[0]
        with pytest.raises(WriterError, match="404"):
            OllamaServer(f"http://127.0.0.1:{port}").version()
    finally:
        other.terminate()
        other.wait()
        other.stdout.close()


def test_closing_the_stream_hangs_up_at_once():
    with FakeOllama([Model("m:1b", "word " * 400, pause=0.02)]) as fake:
        stream = chat(fake, "m:1b").stream(HELLO, max_tokens=400)
        next(stream)
        stream.close()
        deadline = time.monotonic() + 5
        while not fake.hung_up and time.monotonic() < deadline:
            time.sleep(0.02)
        assert fake.hung_up == 1


def test_proxies_of_the_environment_are_not_asked(fake, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    server = OllamaServer(fake.host)
    assert said(chat(fake)) == "They learn the noise [S1]."
    assert server.version() == "0.18.2"
    assert [model.name for model in server.installed()] == ["llama3.2:3b"]


def test_a_cloud_model_is_refused_unless_it_is_allowed():
    remote = Model("gpt-oss:120b-cloud", "Far away.", remote_host="https://ollama.com:443", family="gptoss")
    with FakeOllama([remote, Model("hidden:7b", "x", remote_host="https://ollama.com:443")]) as fake:
        for name in ("gpt-oss:120b-cloud", "hidden:7b"):
            with pytest.raises(CloudModelRefused, match=r"runs on https://ollama\.com:443"):
                said(chat(fake, name))
        assert fake.chats() == []
        assert said(chat(fake, "gpt-oss:120b-cloud", allow_cloud_models=True)) == "Far away."


def test_what_is_installed_is_listed_by_the_real_client(fake):
    fake.models.append(Model("nomic-embed-text:latest", family="nomic-bert", parameters="137M", size=270_000_000))
    first, second = OllamaServer(fake.host).installed()
    assert (first.name, first.size, first.parameters, first.chats) == ("llama3.2:3b", 2_000_000_000, 3.2, True)
    assert (second.parameters, second.chats) == (0.137, False)


def test_pulling_reports_bytes_and_the_model_is_there(fake):
    seen = []
    server = OllamaServer(fake.host)
    server.pull("qwen2.5:0.5b", lambda stage, done, total: seen.append((stage, done, total)))
    assert seen[0] == ("pulling qwen2.5:0.5b", 0, 1_000_000)
    assert seen[-1][1:] == (1_000_000, 1_000_000)
    assert "qwen2.5:0.5b" in [model.name for model in server.installed()]


def test_pulling_what_does_not_exist_says_where_names_are(fake):
    with pytest.raises(ModelNotPulled, match=r"ollama\.com/library"):
        OllamaServer(fake.host).pull("no-such-model")


@pytest.mark.parametrize(
    ("version", "warned"),
    [("0.17.0", True), ("0.9.6", True), ("0.17.1", False), ("1.0.0-rc2", False), ("0.0.0", False)],
)
def test_an_old_server_is_warned_about(fake, version, warned):
    fake.version = version
    assert bool(OllamaServer(fake.host).version_warning()) == warned


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("http://0.0.0.0:1234/", "http://127.0.0.1:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("localhost", "http://localhost:11434"),
        ("gpu-box:8080", "http://gpu-box:8080"),
        ("http://gpu-box", "http://gpu-box:80"),
        ("https://gpu-box/ollama/", "https://gpu-box:443/ollama"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("[::]", "http://[::1]:11434"),
        (' "127.0.0.1:1" ', "http://127.0.0.1:1"),
    ],
)
def test_addresses(host, url, monkeypatch):
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert ollama_url(host) == url
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert ollama_url() == url


@pytest.mark.parametrize("host", ["ftp://x", "http://", "host:notaport", "127.0.0.1:99999"])
def test_what_is_no_address_is_a_setting_to_mend(host):
    with pytest.raises(SettingsError, match="OLLAMA_HOST"):
        ollama_url(host)


def test_the_fake_quotes_the_passages_that_it_is_shown():
    with FakeOllama() as fake:
        text = said(chat(fake), answer_messages("Why?", passages()))
    assert text.startswith("Overfitting happens when a model learns the noise of the training set. [S1] Dropout")


def test_the_fake_runs_as_a_process_for_journeys():
    script = Path(__file__).parent / "ollama_server.py"
    process = subprocess.Popen(
        [sys.executable, str(script), "--say", "Said so [S1].", "--model", "tiny:1b"], stdout=subprocess.PIPE, text=True
    )
    try:
        server = OllamaServer(process.stdout.readline().strip())
        assert said(OllamaChat(server, "tiny:1b", Settings())) == "Said so [S1]."
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
