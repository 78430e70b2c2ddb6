"""Fixtures that several test files share: the real embedding model is loaded once a session."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

# Before torch is loaded, here and in whatever the tests start: threads of processes side by side wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The same examples in every CI run, so that a failure there is of the change; a run at home looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

REPOSITORY = Path(__file__).resolve().parent.parent
# Thousands of syncs are only worth their time where a disk can lose something.
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


def script(name: str) -> ModuleType:
    """A module of `eval/`, which is no package: its modules import each other by bare names.

    It gets a name of its own here, because some are called like a folder of tests.
    """
    folder = REPOSITORY / "eval"
    full = f"eval_{name}"
    spec = importlib.util.spec_from_file_location(full, folder / f"{name}.py")
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@pytest.fixture
def memory_path() -> Iterator[Path]:
    """Like `tmp_path`, in memory where there is such a place."""
    with tempfile.TemporaryDirectory(prefix="mlprep-", dir=IN_MEMORY) as folder:
        yield Path(folder)


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
