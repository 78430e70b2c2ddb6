"""Who is measured, beside whom, and how much of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

from mlprep_bot.answering.understanding import Understood
from mlprep_bot.answering.verdicts import Checker
from mlprep_bot.domain import Document, Question, Turn
from mlprep_bot.evaluation import data
from mlprep_bot.evaluation.answers import Answers
from mlprep_bot.evaluation.retrieval import Finder
from mlprep_bot.evaluation.run import SECTIONS
from mlprep_bot.grading.grader import Grader
from mlprep_bot.knowledge.generations import Generation
from mlprep_bot.knowledge.retrieval import Retriever
from mlprep_bot.ports import ChatModel, Embedder
from mlprep_bot.settings import Settings

_GATE_EVERY = 4
_GATE_ANSWERS_EVERY = 12  # they cost several times what anything else does
_FEWEST = 40  # items; a set is not thinned out below about this many
Item = TypeVar("Item")


class Answering(Answers, Protocol):
    """`answering.answerer.Answerer`."""

    @property
    def writer_name(self) -> str: ...

    def understand(self, question: str, history: Sequence[Turn] = ()) -> Understood: ...


class Subject(Protocol):
    """What is evaluated: `app.App`, or one of its parts replaced."""

    @property
    def settings(self) -> Settings: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def generation(self) -> Generation: ...
    @property
    def retriever(self) -> Retriever: ...
    @property
    def checker(self) -> Checker: ...

    def answerer(
        self, writer: str | None = None, *, meter: Callable[[ChatModel], ChatModel] | None = None
    ) -> Answering: ...

    def grader(self, writer: str = "") -> Grader: ...

    def document(self, name: str) -> Document: ...

    def questions(self) -> list[Question]: ...


@dataclass(frozen=True, slots=True)
class Others:
    """Somebody else over the same documents: who retrieves, and who answers too; `silent` says who cannot, and why."""

    finders: Mapping[str, Finder] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. `labels`: a folder laid out as mlprep's own `eval/`, with answers (`graded_answers.jsonl`) and
    sentences (`support/SPLIT.jsonl`) about these documents that people labelled; None when there is none.

    `others` makes baselines by name of the documents; `ablated`: mlprep with parts taken away is measured too.
    `every`: the support check and grading are measured on about one item in so many (see `thinned`), answers on one in
    `answers_every`; retrieval and refusal always whole.
    """

    name: str
    questions: tuple[Path, ...]
    split: str = "test"
    sections: tuple[str, ...] = SECTIONS
    writer: str | None = None
    labels: Path | None = field(default_factory=data.folder)
    ablated: bool = True
    others: Callable[[Sequence[Document]], Others] | None = None
    every: int = 1
    answers_every: int = 1

    def for_gate(self) -> Plan:
        """The part that needs no model, so that it says the same on every machine, and takes minutes."""
        name = f"{self.name}, as the gate sees it (a sample of what is slow)"
        return replace(
            self, name=name, writer="extractive", ablated=False, others=None,
            every=_GATE_EVERY, answers_every=_GATE_ANSWERS_EVERY,
        )  # fmt: skip


def thinned(items: Sequence[Item], every: int, key: Callable[[Item], str]) -> list[Item]:
    """About one item in `every`, or more of a small set: about 40 are left, and fewer only where there are fewer.

    Which ones depends on their keys and on the size of the set, so that two runs over one set measure the same.
    """
    stride = max(1, min(every, len(items) // _FEWEST))
    return [item for item in items if hashlib.sha256(key(item).encode()).digest()[0] % stride == 0]
