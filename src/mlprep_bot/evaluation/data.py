"""The labelled sets that ship with mlprep: questions, graded answers, sentences with their evidence, the baseline."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path:
    """The sets inside the installed package, else those of the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "sets"
    return inside if inside.is_dir() else package.parents[2] / "eval"


def questions() -> tuple[Path, ...]:
    """About the bundled corpus, and those that no document about machine learning answers."""
    return folder() / "questions" / "corpus.jsonl", folder() / "questions" / "far.jsonl"


def graded_answers(labels: Path | None = None) -> Path:
    """Candidates' answers to cards, with a verdict on every key point; `labels` is a folder of somebody's own."""
    return (labels or folder()) / "graded_answers.jsonl"


def support_rows(name: str, labels: Path | None = None) -> Path:
    """`dev`, `test` (labelled by construction) or `model` (sentences of a small model, labelled by readers)."""
    return (labels or folder()) / "support" / f"{name}.jsonl"


def baseline() -> Path:
    """What `mlprep eval --check` compares with."""
    return folder() / "baseline.json"
