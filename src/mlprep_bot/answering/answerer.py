"""Question in, checked answer out: resolve, retrieve, weigh the evidence, write or quote, check."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from mlprep_bot.answering.generate import Outcome, generate
from mlprep_bot.answering.prompts import answer_room, fit
from mlprep_bot.answering.understanding import Assessor, Searcher, Understanding, Understood
from mlprep_bot.answering.verdicts import Checker
from mlprep_bot.domain import (
    Answer,
    Checked,
    Drafted,
    Event,
    Finished,
    Passage,
    Retrieved,
    Searched,
    Sentence,
    Status,
    Turn,
)
from mlprep_bot.errors import MlprepError, PromptTooLong
from mlprep_bot.ports import ChatModel
from mlprep_bot.settings import Settings

EXTRACTIVE = "extractive"
_MOST_TOPICS = 5
_LONGEST_QUESTION = 4000  # characters; a pasted book is no question


class EmptyQuestion(MlprepError):
    """There is nothing to search for."""

    exit_code = 2


class Quoter(Protocol):
    """`extract.Extractor`."""

    def extract(self, query: str, passages: Sequence[Passage]) -> Sequence[Sentence]: ...


class Answerer:
    """The three ways to an answer share everything here but the writer; None for `writer` means quotations."""

    def __init__(
        self,
        retriever: Searcher,
        writer: ChatModel | None,
        checker: Checker,
        extractor: Quoter,
        gate: Assessor,
        settings: Settings,
    ) -> None:
        self._writer = writer
        self._checker = checker
        self._extractor = extractor
        self._understanding = Understanding(retriever, gate, settings.budget_chars, writer)
        self._settings = settings

    @property
    def writer_name(self) -> str:
        """Who writes: the model's name, or `extractive`."""
        return self._writer.name if self._writer else EXTRACTIVE

    def understand(self, question: str, history: Sequence[Turn] = ()) -> Understood:
        """What is searched for, what was found, and whether it answers. Raises LibraryError, EmbedderError."""
        return self._understanding.understand(question, history)

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The finished answer. Raises WriterError, LibraryError, EmbedderError."""
        for event in self.stream(question, history):
            if isinstance(event, Finished):
                return event.answer
        raise AssertionError("a stream of events ends with Finished")

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[Event]:
        """Searched, then Drafted and Checked as they come, then Finished.

        A writer that fails before its first word raises its WriterError: a failure is never an answer.
        Closing the iterator stops the writer.
        """
        started = time.perf_counter()
        asked = question.strip()[:_LONGEST_QUESTION]
        if not asked:
            raise EmptyQuestion("The question is empty.", "Type a question.")
        understood = self.understand(asked, history)
        retrieved, evidence, searched = understood.retrieved, understood.evidence, understood.query
        yield Searched(searched, retrieved.passages)
        if not evidence.sufficient:
            outcome = Outcome(notes=[evidence.reason], refused=True)
        elif self._writer is None:
            outcome = yield from self._quote(searched, retrieved.passages)
        else:
            outcome = yield from self._write(self._writer, searched, retrieved.passages)
        yield Finished(self._finished(asked, retrieved, outcome, time.perf_counter() - started))

    def _quote(self, searched: str, passages: Sequence[Passage]) -> Generator[Event, None, Outcome]:
        sentences = list(self._extractor.extract(searched, passages))
        for sentence in sentences:
            yield Checked(sentence)
        if not sentences:
            return Outcome(notes=["No sentence of the nearest passages answers this by itself."], refused=True)
        return Outcome(sentences)

    def _write(
        self, writer: ChatModel, searched: str, passages: Sequence[Passage]
    ) -> Generator[Drafted | Checked, None, Outcome]:
        room = answer_room(writer, self._settings.answer_tokens)
        shown = passages
        while True:
            prompt = fit(searched, shown, writer, self._settings.answer_tokens)
            try:
                outcome = yield from generate(writer, prompt, self._checker, max_tokens=room)
                break
            except PromptTooLong:  # a server may have a smaller window than it says
                if len(prompt.passages) == 1:
                    raise
                shown = prompt.passages[: len(prompt.passages) // 2]
        if len(prompt.passages) < len(passages):
            outcome.notes.insert(0, f"{len(prompt.passages)} of {len(passages)} passages fit into the model's window.")
        if outcome.refused:
            outcome.notes.append(f"{writer.name} found no answer in the passages.")
        return outcome

    def _finished(self, asked: str, retrieved: Retrieved, outcome: Outcome, seconds: float) -> Answer:
        refused = outcome.refused
        return Answer(
            question=asked,
            searched=retrieved.query,
            status=Status.NOT_IN_CORPUS if refused else Status.ANSWERED,
            sentences=() if refused else tuple(outcome.sentences),
            passages=retrieved.passages,
            writer=self.writer_name,
            seconds=seconds,
            notes=tuple(note for note in outcome.notes if note),
            topics=_topics(retrieved.passages) if refused else (),
            complete=outcome.complete,
        )


def _topics(passages: Sequence[Passage]) -> tuple[str, ...]:
    """What the nearest passages are about, nearest first."""
    named = (passage.question or passage.heading.split(" > ")[0] or passage.document for passage in passages)
    return tuple(dict.fromkeys(named))[:_MOST_TOPICS]
