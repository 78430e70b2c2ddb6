"""The record of an interview: what was asked for, the entries of its log, and the state that follows from them.

Values only; `replaying.py` turns entries into a state, `session.py` says which entries an event gives.
Times are seconds since the epoch (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.rubric import Grade, Outcome

MOST_PROBES = 2
MOST_HINTS = 2


class Style(StrEnum):
    WARM_UP = "warm-up"  # easier questions first, no follow-ups
    REALISTIC = "realistic"
    DRILL = "drill"  # what is due and weak first


class Phase(StrEnum):
    CHOOSING = "choosing"  # the next question has to be chosen
    ANSWERING = "answering"  # a question or a follow-up waits for the candidate
    MARKING = "marking"  # an answer waits for its grade
    DEBRIEF = "debrief"  # the last question is explained
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the candidate asked for. Empty `role`, `level`, `topics` and `documents` mean any.

    `minutes` or `questions` limits the interview (both None: until it is ended). `steering` are weights of
    topics (1 is neutral) drawn from a pasted text, `steered_by` the words that did it.
    `pinned` are ids of questions to ask first ("quiz me on this", "drill").
    """

    role: str = ""
    level: str = ""
    topics: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    style: Style = Style.REALISTIC
    questions: int | None = 5
    minutes: int | None = None
    timer: bool = True
    steering: tuple[tuple[str, float], ...] = ()
    steered_by: tuple[tuple[str, str], ...] = ()  # topic, the words of the pasted text that raised it
    pinned: tuple[str, ...] = ()
    grader: str = ""  # a writer's name, "" for none


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as it was asked: a copy, since the documents may change later.

    `derived`: the key points were taken from the answer's own sentences, no author wrote them.
    `follow_ups`: (index of the key point, wording) written by the card's author.
    """

    id: str
    document: str
    text: str
    topic: str
    level: str
    points: tuple[KeyPoint, ...]
    derived: bool = False
    follow_ups: tuple[tuple[int, str], ...] = ()


# --- log entries: what happened, in order -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Began:
    setup: Setup
    kind: Literal["began"] = "began"


@dataclass(frozen=True, slots=True)
class Asked:
    """`why` tells the candidate why this question came ("due for review", "weak: ...")."""

    prompt: Prompt
    why: str = ""
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class Hinted:
    point: int
    text: str
    kind: Literal["hinted"] = "hinted"


@dataclass(frozen=True, slots=True)
class Answered:
    text: str
    kind: Literal["answered"] = "answered"


@dataclass(frozen=True, slots=True)
class Marked:
    """The grade of everything said about the question so far."""

    outcome: Outcome
    kind: Literal["marked"] = "marked"


@dataclass(frozen=True, slots=True)
class Probed:
    """A follow-up about key point `point` (an index)."""

    point: int
    text: str
    kind: Literal["probed"] = "probed"


@dataclass(frozen=True, slots=True)
class Debriefed:
    """The question is done: its last grade counts, or it was skipped."""

    kind: Literal["debriefed"] = "debriefed"


@dataclass(frozen=True, slots=True)
class Skipped:
    kind: Literal["skipped"] = "skipped"


@dataclass(frozen=True, slots=True)
class Paused:
    kind: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True)
class Resumed:
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class Continued:
    """The debrief was read."""

    kind: Literal["continued"] = "continued"


@dataclass(frozen=True, slots=True)
class Ended:
    """`reason`: "done" (all questions), "time", "early" or "nothing left"."""

    reason: str
    kind: Literal["ended"] = "ended"


What = Began | Asked | Hinted | Answered | Marked | Probed | Debriefed | Skipped | Paused | Resumed | Continued | Ended


@dataclass(frozen=True, slots=True)
class Entry:
    at: float
    what: What


# --- state --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was asked (the question, then follow-ups) and what was answered, None while it waits."""

    asked: str
    answer: str | None = None
    point: int | None = None  # the key point that a follow-up is aimed at


@dataclass(frozen=True, slots=True)
class Round:
    """One question with all that was said about it. `seconds` of the candidate's time, pauses left out."""

    prompt: Prompt
    why: str
    asked_at: float
    turns: tuple[Turn, ...]
    hints: tuple[Hinted, ...] = ()
    outcome: Outcome | None = None
    skipped: bool = False
    done: bool = False
    seconds: float = 0.0

    @property
    def said(self) -> str:
        """All answers so far, in order, parted by an empty line."""
        return "\n\n".join(turn.answer for turn in self.turns if turn.answer)

    @property
    def grade(self) -> Grade | None:
        return self.outcome if isinstance(self.outcome, Grade) else None


@dataclass(frozen=True, slots=True)
class State:
    """An interview. `elapsed` is its running time in seconds up to `since`, the last entry's time."""

    setup: Setup
    phase: Phase
    rounds: tuple[Round, ...] = ()
    paused: bool = False
    started: float = 0.0
    since: float = 0.0
    elapsed: float = 0.0
    reason: str = ""  # why it ended
