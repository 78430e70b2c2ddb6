"""Fixtures that several test files share: the real embedding model is loaded once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The five notebook exports of a real user, which lie beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "seeds"
    if not folder.is_dir():
        pytest.skip("the seed documents are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def embedder():
    """The default model, real weights."""
    from mlprep_bot.adapters.embeddings import load_embedder
    from mlprep_bot.settings import Settings

    return load_embedder(Settings())
