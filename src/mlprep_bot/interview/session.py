"""An interview as a pure state machine: old state, event, now, rng -> new state, log entries.

What happened is a list of entries; `replay` of any prefix of them is the state after that prefix, so an
interview goes on where it was, whatever was killed in between. Times are seconds since the epoch (UTC).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.grading.rubric import Outcome
from mlprep_bot.interview import probing
from mlprep_bot.interview.record import (
    MOST_HINTS,
    MOST_PROBES,
    Answered,
    Asked,
    Began,
    Continued,
    Debriefed,
    Ended,
    Entry,
    Hinted,
    Marked,
    Paused,
    Phase,
    Probed,
    Prompt,
    Resumed,
    Round,
    Setup,
    Skipped,
    State,
    Style,
    Turn,
    What,
)
from mlprep_bot.interview.replaying import apply, replay, running

# The words of an interview are spoken under this name; the other modules are how they are made.
__all__ = [
    "MOST_HINTS",
    "MOST_PROBES",
    "Answer",
    "Answered",
    "Asked",
    "Began",
    "Choose",
    "Continued",
    "Debriefed",
    "End",
    "Ended",
    "Entry",
    "Event",
    "Hinted",
    "Mark",
    "Marked",
    "Pause",
    "Paused",
    "Phase",
    "Probed",
    "Proceed",
    "Prompt",
    "Resume",
    "Resumed",
    "Round",
    "Setup",
    "Skip",
    "Skipped",
    "State",
    "Style",
    "TakeHint",
    "Turn",
    "What",
    "advance",
    "apply",
    "begin",
    "limit",
    "remaining",
    "replay",
    "running",
]

SECONDS_PER_MINUTE = 60


# --- events: what somebody wants to happen ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choose:
    """The scheduler's choice; `prompt` None: nothing is left to ask."""

    prompt: Prompt | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class TakeHint:
    pass


@dataclass(frozen=True, slots=True)
class Answer:
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The grader's outcome for everything said about the question so far."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Skip:
    pass


@dataclass(frozen=True, slots=True)
class Pause:
    pass


@dataclass(frozen=True, slots=True)
class Resume:
    pass


@dataclass(frozen=True, slots=True)
class Proceed:
    """The debrief was read: on to the next question."""


@dataclass(frozen=True, slots=True)
class End:
    pass


Event = Choose | TakeHint | Answer | Mark | Skip | Pause | Resume | Proceed | End


# --- transitions --------------------------------------------------------------------------------


def begin(setup: Setup, now: float) -> tuple[State, tuple[Entry, ...]]:
    """A new interview, before its first question."""
    entry = Entry(now, Began(setup))
    return apply(None, entry), (entry,)


def advance(state: State, event: Event, now: float, rng: random.Random) -> tuple[State, tuple[Entry, ...]]:
    """The state after `event`, and the entries to store. An event that does not fit changes and logs nothing.

    While the interview is paused only `Resume`, `End` and the machine's own `Mark` and `Choose` fit.
    """
    entries = []
    for what in _consequences(state, event, now, rng):
        entries.append(Entry(now, what))
        state = apply(state, entries[-1])
    return state, tuple(entries)


def limit(state: State, now: float) -> str:
    """Why no further question may be asked: "done" (as many as wanted), "time", or "" when one may."""
    setup = state.setup
    if setup.questions is not None and len(state.rounds) >= setup.questions:
        return "done"
    left = remaining(state, now)
    return "time" if left is not None and left <= 0 else ""


def remaining(state: State, now: float) -> float | None:
    """Seconds that are left, negative when overrun; None when the interview has no time limit."""
    if state.setup.minutes is None:
        return None
    return state.setup.minutes * SECONDS_PER_MINUTE - running(state, now)


def _consequences(state: State, event: Event, now: float, rng: random.Random) -> Sequence[What]:
    """What follows from `event`, nothing when it does not fit."""
    match event:
        case Mark(outcome) if state.phase is Phase.MARKING:
            return (Marked(outcome), _after_mark(state, outcome, now, rng))
        case Choose(prompt, why) if state.phase is Phase.CHOOSING:
            return (_next(state, prompt, why, now),)
        case Pause() if state.phase is not Phase.ENDED and not state.paused:
            return (Paused(),)
        case Resume() if state.paused:
            return (Resumed(),)
        case End() if state.phase is not Phase.ENDED:
            return (Ended(_reason(state, now)),)
    return () if state.paused else _candidate(state, event, now, rng)


def _candidate(state: State, event: Event, now: float, rng: random.Random) -> Sequence[What]:
    """What follows from an event that only a candidate who is there can give."""
    match event:
        case Answer(text) if state.phase is Phase.ANSWERING:
            return (Answered(text),)
        case Skip() if state.phase is Phase.ANSWERING:
            return (Skipped(),)
        case TakeHint() if state.phase is Phase.ANSWERING and len(state.rounds[-1].hints) < MOST_HINTS:
            hinted = probing.hint(state.rounds[-1], rng)
            return (hinted,) if hinted else ()
        case Proceed() if state.phase is Phase.DEBRIEF:
            reason = limit(state, now)
            return (Continued(), Ended(reason)) if reason else (Continued(),)
    return ()


def _next(state: State, prompt: Prompt | None, why: str, now: float) -> What:
    reason = limit(state, now)
    if reason or prompt is None:
        return Ended(reason or "nothing left")
    return Asked(prompt, why)


def _after_mark(state: State, outcome: Outcome, now: float, rng: random.Random) -> What:
    """A follow-up, or the debrief: when none is due, or the time is up."""
    left = remaining(state, now)
    if state.setup.style is Style.WARM_UP or (left is not None and left <= 0):
        return Debriefed()
    return probing.follow_up(state.rounds[-1], outcome, rng, MOST_PROBES) or Debriefed()


def _reason(state: State, now: float) -> str:
    """Ending after the last debrief is no early end."""
    read = state.phase in (Phase.DEBRIEF, Phase.CHOOSING)
    return (limit(state, now) if read else "") or "early"
