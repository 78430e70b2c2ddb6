"""Runs every measurement over one set of documents and its held-out questions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np

from mlprep_bot.answering.understanding import Understood
from mlprep_bot.errors import BadQuestions
from mlprep_bot.evaluation import answers, data, graded, grading, questions, refusal, retrieval, support
from mlprep_bot.evaluation.figures import OURS, Measurement
from mlprep_bot.evaluation.fingerprint import fingerprint
from mlprep_bot.evaluation.metering import Metered, peak_mb
from mlprep_bot.evaluation.plan import Others, Plan, Subject, thinned
from mlprep_bot.evaluation.questions import HeldOut
from mlprep_bot.evaluation.run import Cost, Run, Skipped
from mlprep_bot.ports import ChatModel

Progress = Callable[[str, int, int], None]
_OWN = {"support": "the labelled sentences", "grading": "the graded answers"}
Value = TypeVar("Value")


class Harness:
    """One evaluation of one subject."""

    def __init__(self, subject: Subject, plan: Plan, progress: Progress | None = None) -> None:
        self._subject = subject
        self._plan = plan
        self._progress = progress or (lambda stage, done, total: None)
        self._costs: list[Cost] = []
        self._skipped: list[Skipped] = []
        self._meters: list[Metered] = []
        self._understood: dict[str, Understood] = {}
        self._answerer = subject.answerer(plan.writer, meter=self._metered)

    def run(self) -> Run:
        """Measure. Raises BadQuestions, LibraryError, EmbedderError, WriterError; what items raise is in the run."""
        started = time.perf_counter()
        asked = self._questions()
        measures: dict[str, Callable[[Sequence[HeldOut]], list[Measurement]]] = {
            "retrieval": self._retrieval,
            "answers": self._answers,
            "refusal": self._refusal,
            "support": self._support,
            "grading": self._grading,
        }
        found = [m for name in self._sections() for m in measures[name](asked)]
        peak = peak_mb()
        self._costs.append(Cost("peak memory", peak, peak, "MB", 1))
        return Run(
            self._plan.name,
            self._plan.split,
            self._answerer.writer_name,
            fingerprint(self._subject, self._plan, self._answerer.writer_name),
            tuple(asked),
            tuple(found),
            tuple(self._costs),
            tuple(self._skipped),
            time.perf_counter() - started,
        )

    def _sections(self) -> list[str]:
        """Those of the plan that can be measured here; the others are skipped with a reason."""
        chosen = []
        for name in self._plan.sections:
            if self._plan.labels is None and name in _OWN:
                self._skipped.append(Skipped(name, f"{_OWN[name]} are about mlprep's own corpus: `mlprep eval`"))
            else:
                chosen.append(name)
        return chosen

    def _questions(self) -> list[HeldOut]:
        everything = questions.read_all(self._plan.questions)
        names = ", ".join(path.name for path in self._plan.questions)
        problems = questions.check(everything, lambda name: self._subject.document(name).text)
        questions.demand(problems, names)
        chosen = [question for question in everything if question.split == self._plan.split]
        if not chosen:
            seen = f"{names}: no question of the split {self._plan.split}."
            raise BadQuestions(seen, "Give questions that split, or name the other with --split.")
        return chosen

    def _retrieval(self, asked: Sequence[HeldOut]) -> list[Measurement]:
        subject = self._subject
        finders: dict[str, retrieval.Finder] = {OURS: retrieval.PassageFinder(subject.retriever)}
        if self._plan.ablated:
            finders |= retrieval.ablations(subject.generation, subject.embedder)
        finders |= self._others.finders
        answerable = [question for question in asked if question.answerable]
        found: list[Measurement] = []
        for name, finder in finders.items():
            stage = f"retrieval, {name}"
            found += retrieval.measure(self._counted(stage, answerable), self._query_of, finder, name)
        return found + retrieval.slices(found, asked, retrieval.SLICED)

    def _answers(self, asked: Sequence[HeldOut]) -> list[Measurement]:
        subject, seconds = self._subject, list[float]()
        answerable = [question for question in asked if question.answerable]
        answerable = thinned(answerable, self._plan.answers_every, lambda question: question.id)
        texts = {name: subject.document(name).text for q in answerable for name in q.documents}
        found = answers.measure(
            self._counted("answers", answerable), self._answerer, subject.checker, texts.__getitem__, seconds
        )
        self._cost("a whole answer", seconds, "s")
        for metered in self._meters:
            self._cost("tokens of a prompt", metered.prompts, "tokens")
            self._cost("tokens of an answer", metered.completions, "tokens")
        for name, other in self._others.answers.items():
            stage = f"answers, {name}"
            found += answers.measure(
                self._counted(stage, answerable), other, subject.checker, texts.__getitem__, [], name
            )
        self._skipped += [Skipped("answers", why, name) for name, why in self._others.silent.items()]
        return found + retrieval.slices(found, asked, answers.SLICED)

    def _refusal(self, asked: Sequence[HeldOut]) -> list[Measurement]:
        if all(question.answerable for question in asked):
            self._skipped.append(Skipped("refusal", "the file has no unanswerable question"))
            return []
        timings: dict[str, list[float]] = {}
        found = refusal.measure(self._counted("refusal", asked), self._understand, timings)
        for stage, seconds in timings.items():
            self._cost(f"search: {stage}", seconds, "s")
        return found

    def _support(self, _asked: Sequence[HeldOut]) -> list[Measurement]:
        rows = support.read(data.support_rows(self._plan.split, self._plan.labels))
        rows = thinned(rows, self._plan.every, lambda row: str(row["id"]))
        found = support.measure(self._counted("support check", rows), self._subject.checker)
        shown = support.read(data.support_rows("model", self._plan.labels))
        return found + support.measure_shown(shown, self._subject.checker)

    def _grading(self, _asked: Sequence[HeldOut]) -> list[Measurement]:
        subject, seconds = self._subject, list[float]()
        cards = {q.document: q for q in subject.questions() if q.rubric is not None}
        everything = graded.read(data.graded_answers(self._plan.labels), cards)
        everything = [row for row in everything if row.split == self._plan.split]
        rows = thinned(everything, self._plan.every, lambda row: row.id)
        grader = subject.grader(self._plan.writer or "")
        found = grading.measure(self._counted("grading", rows), grader, subject.embedder, seconds)
        self._cost("a grade", seconds, "s")
        return found + grading.attack(thinned(everything, self._plan.every, lambda row: row.group), grader)

    @cached_property
    def _others(self) -> Others:
        if self._plan.others is None:
            return Others()
        return self._plan.others([self._subject.document(name) for name in self._subject.generation.documents()])

    def _understand(self, question: HeldOut) -> Understood:
        """What our own system makes of a question; everybody searches for the same."""
        if question.id not in self._understood:
            earlier = answers.turns(question.history)
            self._understood[question.id] = self._answerer.understand(question.question, earlier)
        return self._understood[question.id]

    def _query_of(self, question: HeldOut) -> str:
        return self._understand(question).query

    def _metered(self, model: ChatModel) -> ChatModel:
        self._meters.append(Metered(model))
        return self._meters[-1]

    def _counted(self, stage: str, items: Sequence[Value]) -> Iterator[Value]:
        for done, item in enumerate(items):
            self._progress(stage, done, len(items))
            yield item
        self._progress(stage, len(items), len(items))

    def _cost(self, stage: str, values: Sequence[float], unit: str) -> None:
        if values:
            high = float(np.percentile(values, 95))
            self._costs.append(Cost(stage, float(np.median(values)), high, unit, len(values)))
