"""`mlprep doctor`: each part of the system, what was seen of it, and how to mend it."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mlprep_bot import __version__
from mlprep_bot.errors import MlprepError

if TYPE_CHECKING:
    from mlprep_bot.app import App

LIBRARIES = ("llama-index-core", "chromadb", "sentence-transformers", "torch", "gradio", "ollama")


@dataclass(frozen=True, slots=True)
class Check:
    """One part: its state, what was seen, and the fix when there is something to mend."""

    part: str
    state: Literal["ok", "warning", "failed"]
    seen: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        """The object that `mlprep doctor --json` lists."""
        return {"part": self.part, "state": self.state, "seen": self.seen, "fix": self.fix}


def examine(app: App) -> list[Check]:
    """All checks, each by itself: a broken part never hides the next one."""
    parts: list[tuple[str, Callable[[App], Iterable[Check]]]] = [
        ("mlprep", check_python),
        ("libraries", check_libraries),
        ("data folder", check_data_folder),
        ("embedding model", check_embedder),
        ("index", check_index),
        ("writers", check_writers),
    ]
    checks: list[Check] = []
    for part, check in parts:
        try:
            checks.extend(check(app))
        except MlprepError as error:
            checks.append(Check(part, "failed", error.seen, error.fix))
    return checks


def check_python(_app: App) -> Iterable[Check]:
    """The interpreter and ourselves."""
    yield Check("mlprep", "ok", f"{__version__} on Python {platform.python_version()}, {platform.system()}")


def check_libraries(_app: App) -> Iterable[Check]:
    """Versions of what we stand on, without importing it."""
    for name in LIBRARIES:
        try:
            yield Check(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Check(name, "failed", "not installed", f"pip install {name}")
    yield Check("SQLite", "ok", sqlite3.sqlite_version)


def check_data_folder(app: App) -> Iterable[Check]:
    """Where everything is written."""
    folder = app.settings.data_dir
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(existing, os.W_OK):
        yield Check("data folder", "failed", f"{folder} cannot be written", "Set MLPREP_DATA_DIR to a folder of yours.")
    elif not folder.exists():
        yield Check("data folder", "ok", f"{folder} (made at the first index run)")
    elif sys.platform != "win32" and folder.stat().st_mode & 0o077:
        yield Check("data folder", "warning", f"{folder} can be read by others", f"chmod 700 {folder}")
    else:
        yield Check("data folder", "ok", f"{folder}, {megabytes(folder):.0f} MB")


def megabytes(folder: Path) -> float:
    """Size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def check_embedder(app: App) -> Iterable[Check]:
    """The embedding model is there, whole, and turns a sentence into a unit vector."""
    [vector] = app.embedder.embed_queries(["Does the model work?"])
    yield Check("embedding model", "ok", f"{app.settings.embedder}, {len(vector)} dimensions")


def check_index(app: App) -> Iterable[Check]:
    """The serving index opens and holds what its manifest says."""
    if app.is_empty():
        yield Check("index", "warning", "nothing is indexed yet", "mlprep index [PATH ...]")
        return
    questions = app.questions()
    unanswered = sum(not question.answered for question in questions)
    yield Check(
        "index",
        "ok",
        f"generation {app.generation.number}: {len(app.documents())} documents, {app.generation.chunk_count} chunks, "
        f"{len(questions)} questions ({unanswered} unanswered)",
    )


def check_writers(app: App) -> Iterable[Check]:
    """Who could write answers, and who will."""
    for writer in app.writers():
        yield Check(writer.name, "ok" if writer.available else "warning", writer.detail, writer.fix)
    yield Check("active writer", "ok", app.active_writer().name)
