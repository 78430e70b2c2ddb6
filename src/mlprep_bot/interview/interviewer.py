"""The interview with its effects: every entry is stored before the state that it leads to is returned.

Nothing is kept in memory between two calls, so two tabs, a terminal beside the page and a process that was
killed all meet the same interview.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mlprep_bot.errors import InterviewMoved, ProgressDamaged, SettingsError
from mlprep_bot.grading.grader import Grader
from mlprep_bot.interview.attempts import Attempt
from mlprep_bot.interview.codec import clean
from mlprep_bot.interview.marking import graded
from mlprep_bot.interview.scheduling import choose, standing
from mlprep_bot.interview.session import (
    Answer,
    Choose,
    End,
    Entry,
    Event,
    Mark,
    Pause,
    Phase,
    Proceed,
    Prompt,
    Resume,
    Round,
    Setup,
    Skip,
    State,
    TakeHint,
    advance,
    begin,
    limit,
    replay,
    running,
)

# After so many seconds without an entry nobody was there: a closed page, a killed process, a night.
AWAY = 30 * 60


class Log(Protocol):
    """What the interviewer needs of `Progress`."""

    def begin(self, entries: Sequence[Entry]) -> str: ...

    def entries(self, name: str) -> list[Entry]: ...

    def append(self, name: str, after: int, entries: Sequence[Entry]) -> None: ...

    def unfinished(self) -> str | None: ...

    def attempts(self) -> list[Attempt]: ...

    def asked(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class Interview:
    """An interview as it is stored."""

    id: str
    state: State


class Interviewer:
    """Runs interviews. Every method returns what is stored when it returns.

    An event that does not fit (a second click, a tab that shows an older turn) changes nothing. The methods raise
    NoSuchInterview, other ProgressErrors, and whatever a grader raises: the answer is stored by then, and
    `settle` grades it later. `seen` is the state that the caller shows; when it is given, an answer, a hint, a skip
    or a step onwards counts only if that turn still waits.
    """

    def __init__(
        self,
        progress: Log,
        pool: Callable[[], Sequence[Prompt]],
        grader_for: Callable[[str], Grader],
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        self._progress = progress
        self._pool = pool
        self._grader_for = grader_for
        self._clock = clock
        self._rng = rng or random.Random()

    def start(self, setup: Setup) -> Interview:
        """Begin a new interview and ask its first question.

        Raises SettingsError when there is nothing to ask, and LibraryError; no interview is kept then.
        """
        self._check(setup)
        _, entries = begin(setup, self._clock())
        return self.settle(self._progress.begin(entries))

    def open(self, name: str) -> Interview:
        """Go on with an interview: what was interrupted is finished, and the time away does not count."""
        self._forgive_absence(name)
        return self.settle(name)

    def look(self, name: str) -> Interview:
        """An interview as it stands, without going on with it."""
        return Interview(name, self._load(name)[1])

    def unfinished(self) -> Interview | None:
        """The newest interview that has not ended, as it stands; `open` goes on with it."""
        name = self._progress.unfinished()
        return self.look(name) if name is not None else None

    def answer(self, name: str, text: str, seen: State | None = None) -> Interview:
        """Store an answer, then grade it."""
        return self._do(name, Answer(_typed(text)), seen)

    def hint(self, name: str, seen: State | None = None) -> Interview:
        """One more hint, as far as there are any; it lowers the mark."""
        return self._do(name, TakeHint(), seen)

    def skip(self, name: str, seen: State | None = None) -> Interview:
        """Pass on the question (it has no grade then) or on the follow-up (the grade so far stays)."""
        return self._do(name, Skip(), seen)

    def pause(self, name: str) -> Interview:
        """Stop the clock."""
        return self._do(name, Pause())

    def resume(self, name: str) -> Interview:
        """Start the clock again."""
        return self._do(name, Resume())

    def proceed(self, name: str, seen: State | None = None) -> Interview:
        """The debrief was read: ask the next question, or end."""
        return self._do(name, Proceed(), seen)

    def end(self, name: str) -> Interview:
        """End now. What was graded counts; an answer that waits for its grade gets it first."""
        return self._do(name, End())

    def settle(self, name: str) -> Interview:
        """Do what waits for the machine: grade an answer, choose a question. Nothing waits: nothing is done."""
        done: tuple[Round, Mark] | None = None
        while True:
            entries, state = self._load(name)
            event: Event
            if state.phase is Phase.MARKING:
                if done is None or done[0] != state.rounds[-1]:
                    # Minutes with a model on a slow machine: not again because of a pause in another tab.
                    done = state.rounds[-1], Mark(graded(state.rounds[-1], self._grader_for(state.setup.grader)))
                event = done[1]
            elif state.phase is Phase.CHOOSING:
                event = self._choice(state)
            else:
                return Interview(name, state)
            self._store(name, len(entries), state, event)

    def _do(self, name: str, event: Event, seen: State | None = None) -> Interview:
        """Apply an event from outside; when the interview moved meanwhile, to what it has become."""
        while True:
            entries, state = self._load(name)
            if isinstance(event, End) and state.phase is Phase.MARKING:
                self.settle(name)  # after the end nobody would read that answer
                continue
            stale = seen is not None and _turn(seen) != _turn(state)
            if stale or self._store(name, len(entries), state, event):
                return self.settle(name)

    def _store(self, name: str, known: int, state: State, event: Event) -> bool:
        """Append what `event` leads to; False when somebody else appended first."""
        _, new = advance(state, event, self._clock(), self._rng)
        try:
            if new:
                self._progress.append(name, known, new)
        except InterviewMoved:
            return False
        return True

    def _choice(self, state: State) -> Choose:
        now = self._clock()
        if limit(state, now):
            return Choose(None)  # the machine ends it
        progress = self._progress
        chosen = choose(self._pool(), progress.attempts(), state, now, self._rng, progress.asked())
        return Choose(chosen.prompt, chosen.why)

    def _check(self, setup: Setup) -> None:
        """Raises SettingsError when not even a first question could be asked."""
        pool = self._pool()
        if setup.pinned:
            if not {prompt.id for prompt in pool} & set(setup.pinned):
                raise SettingsError(
                    "The question that you chose is no longer in your documents.",
                    "Choose another one, or index its document again.",
                )
            return
        now = standing(pool, self._progress.attempts(), setup, self._clock(), self._progress.asked())
        if not now.fit:
            raise SettingsError("No question fits all of these settings together.", "Leave one of them out.")
        if now.resting == now.fit:
            raise SettingsError(
                f"All {now.fit} questions that fit were asked in the last days, and none is due.",
                "Widen the settings, or come back tomorrow.",
            )

    def _forgive_absence(self, name: str) -> None:
        entries, state = self._load(name)
        now = self._clock()
        if running(state, now) - state.elapsed < AWAY:
            return
        back, left = advance(state, Pause(), state.since, self._rng)
        _, returned = advance(back, Resume(), now, self._rng)
        try:
            self._progress.append(name, len(entries), (*left, *returned))
        except InterviewMoved:  # somebody is there after all
            return

    def _load(self, name: str) -> tuple[list[Entry], State]:
        entries = self._progress.entries(name)
        try:
            return entries, replay(entries)
        except ValueError as error:
            raise ProgressDamaged(f"Interview {name} cannot be read: {error}", "Start a new one.") from error


def _turn(state: State) -> tuple[int, int, bool]:
    """Which turn stands before the candidate."""
    turns = len(state.rounds[-1].turns) if state.rounds else 0
    return len(state.rounds), turns, state.phase is Phase.DEBRIEF


def _typed(text: str) -> str:
    """An answer as it is kept: plain line ends, nothing that a database cannot hold."""
    return clean(text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
