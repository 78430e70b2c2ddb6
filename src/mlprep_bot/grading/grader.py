"""The seam between an interview and whoever marks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.rubric import Outcome


class Grader(Protocol):
    """Marks an answer by key points. Raises WriterError only when it has nothing to fall back on."""

    @property
    def name(self) -> str:
        """For the reader: "model-free", or a writer's name."""

    def grade(self, question: str, points: Sequence[KeyPoint], answer: str) -> Outcome:
        """One verdict for each of `points`, in their order. The words of `question` are no evidence."""
