"""Vectors of indexed texts come from the index, those of others from the model, and nobody can tell the difference."""

from __future__ import annotations

import numpy as np

from mlprep_bot.app import App
from mlprep_bot.knowledge.recalling import RecallingEmbedder
from mlprep_bot.settings import Settings


class Counting:
    """An embedder that remembers what it was asked for."""

    def __init__(self, embedder):
        self._embedder = embedder
        self.asked = []
        self.fingerprint, self.dimensions, self.max_tokens = embedder.fingerprint, embedder.dimensions, 256

    def count_tokens(self, text):
        return self._embedder.count_tokens(text)

    def embed_queries(self, texts):
        return self._embedder.embed_queries(texts)

    def embed_documents(self, texts):
        self.asked += texts
        return self._embedder.embed_documents(texts)


def test_only_new_texts_go_through_the_model(tmp_path, memory_path, embedder):
    (tmp_path / "notes.md").write_text(
        "# Dropout\n\nDropout zeroes random units while training.\n\nAt test time nothing is dropped.\n",
        encoding="utf-8",
    )
    app = App(Settings(data_dir=memory_path))
    app.embedder = embedder
    app.index([tmp_path])
    known = [chunk.text for chunk in app.generation.chunks_of("notes.md")]
    texts = [known[-1], "Something else entirely.", *known, "Something else entirely."]
    model = Counting(embedder)
    vectors = RecallingEmbedder(model, lambda: app.generation).embed_documents(texts)
    assert model.asked == ["Something else entirely."]
    assert np.allclose(vectors, embedder.embed_documents(texts), atol=0.01)


def test_without_an_index_everything_goes_through_the_model(embedder):
    recalling = RecallingEmbedder(embedder, lambda: None)
    assert np.array_equal(recalling.embed_documents(["one", "two"]), embedder.embed_documents(["one", "two"]))
    assert recalling.embed_documents([]).shape == (0, embedder.dimensions)
    assert (recalling.fingerprint, recalling.dimensions) == (embedder.fingerprint, embedder.dimensions)
