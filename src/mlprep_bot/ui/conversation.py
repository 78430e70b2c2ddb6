"""One visitor's conversation: exchanges as frozen values, moved on by an answerer's typed events."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from enum import StrEnum

from mlprep_bot.answering.citations import MARKER
from mlprep_bot.domain import Answer, Checked, Drafted, Event, Finished, Passage, Searched, Sentence, Status, Turn
from mlprep_bot.errors import MlprepError


class Stage(StrEnum):
    SEARCHING = "searching"
    WRITING = "writing"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


MOST_KEPT = 30  # exchanges of one conversation
RUNNING = frozenset({Stage.SEARCHING, Stage.WRITING})


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as the page shows it: what was seen, and what mends it."""

    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and as much of its answer as there is yet. `number` counts from 1 within a conversation."""

    number: int
    question: str
    writer: str
    stage: Stage = Stage.SEARCHING
    searched: str = ""
    passages: tuple[Passage, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    draft: str = ""
    answer: Answer | None = None
    problem: Problem | None = None

    @property
    def running(self) -> bool:
        return self.stage in RUNNING

    @property
    def refused(self) -> bool:
        return self.answer is not None and self.answer.status is Status.NOT_IN_CORPUS

    @property
    def complete(self) -> bool:
        """False when the writer was stopped or broke off, so that what stands there is a part."""
        return self.stage is Stage.FINISHED and (self.answer is None or self.answer.complete)


def advance(exchange: Exchange, event: Event) -> Exchange:
    """The exchange after one event of the answerer."""
    match event:
        case Searched(query=query, passages=passages):
            return replace(exchange, stage=Stage.WRITING, searched=query, passages=passages)
        case Drafted(delta=delta):
            return replace(exchange, draft=exchange.draft + delta)
        case Checked(sentence=sentence):
            rest = remaining_draft(exchange.draft, sentence.text)
            return replace(exchange, sentences=(*exchange.sentences, sentence), draft=rest)
        case Finished(answer=answer):
            return replace(
                exchange,
                stage=Stage.FINISHED,
                searched=answer.searched,
                passages=answer.passages,
                sentences=answer.sentences,
                draft="",
                answer=answer,
            )


def stop(exchange: Exchange) -> Exchange:
    """What stood there when the visitor pressed Stop; an unchecked draft is not an answer and goes."""
    return replace(exchange, stage=Stage.STOPPED, draft="") if exchange.running else exchange


def fail(exchange: Exchange, error: MlprepError) -> Exchange:
    """Checked sentences stay and are marked incomplete; the error stands beside them, not as an answer."""
    return replace(exchange, stage=Stage.FAILED, draft="", problem=Problem(error.seen, error.fix))


def remaining_draft(draft: str, sentence: str) -> str:
    """The part of a raw draft that comes after `sentence`.

    The sentence has lost its markers and perhaps its list sign, so letters and digits are counted
    off; markers such as `[S3]` in the draft are passed over, and so is what trails the sentence.
    """
    wanted = sum(c.isalnum() for c in sentence)
    at = 0
    while at < len(draft) and wanted > 0:
        if marker := MARKER.match(draft, at):
            at = marker.end()
            continue
        wanted -= draft[at].isalnum()
        at += 1
    while at < len(draft):
        if marker := MARKER.match(draft, at):
            at = marker.end()
        elif draft[at].isalnum() or draft[at] in "#-$\\[(" or (draft[at] in "*_`" and draft[at - 1].isspace()):
            break
        else:
            at += 1
    return draft[at:]


def history(exchanges: tuple[Exchange, ...]) -> tuple[Turn, ...]:
    """The exchanges that a follow-up question may refer to."""
    return tuple(
        Turn(e.question, e.searched or e.question, " ".join(s.text for s in e.sentences))
        for e in exchanges
        if not e.problem
    )


class Session:
    """What the server holds for one open page. Gradio copies the initial value for every visitor."""

    def __init__(self) -> None:
        self.exchanges: tuple[Exchange, ...] = ()
        self._busy = threading.Lock()
        self._stop = threading.Event()

    def __deepcopy__(self, _: object) -> Session:
        return Session()

    def begin(self) -> threading.Event | None:
        """The event that ends the new run when set, or None while another one is running."""
        if not self._busy.acquire(blocking=False):
            return None
        self._stop = threading.Event()
        return self._stop

    def end(self) -> None:
        self._busy.release()

    def stop(self) -> None:
        """End the run that is going on, if any. Called by Stop, by Clear and when the visitor leaves."""
        self._stop.set()

    def next(self, question: str, writer: str) -> Exchange:
        """A new exchange at the end of the conversation."""
        number = self.exchanges[-1].number + 1 if self.exchanges else 1
        exchange = Exchange(number, question, writer)
        self.put(exchange)
        return exchange

    def take_last(self) -> Exchange | None:
        """Remove and return the last exchange; None when there is none or it is still being written."""
        if not self._busy.acquire(blocking=False):
            return None
        last = self.exchanges[-1] if self.exchanges else None
        self.exchanges = self.exchanges[:-1]
        self._busy.release()
        return last

    def put(self, exchange: Exchange) -> None:
        """Keep the newest state of an exchange, and of the earlier ones the last `MOST_KEPT`."""
        kept = tuple(e for e in self.exchanges if e.number != exchange.number)
        self.exchanges = (*kept, exchange)[-MOST_KEPT:]

    def clear(self) -> bool:
        """Forget everything; False, and nothing is forgotten, while an answer is being written."""
        if not self._busy.acquire(blocking=False):
            return False
        self.exchanges = ()
        self._busy.release()
        return True
