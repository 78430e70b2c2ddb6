"""From the log of an interview to its state (pure): `replay` of any prefix is the state after that prefix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from mlprep_bot.interview.record import (
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
    Resumed,
    Round,
    Skipped,
    State,
    Turn,
)

_ANY = frozenset(Phase) - {Phase.ENDED}
# In which phases each kind of entry may stand.
_FITS: dict[type[Any], frozenset[Phase]] = {
    Asked: frozenset({Phase.CHOOSING}),
    Hinted: frozenset({Phase.ANSWERING}),
    Answered: frozenset({Phase.ANSWERING}),
    Skipped: frozenset({Phase.ANSWERING}),
    Marked: frozenset({Phase.MARKING}),
    Probed: frozenset({Phase.MARKING}),
    Debriefed: frozenset({Phase.MARKING}),
    Continued: frozenset({Phase.DEBRIEF}),
    Paused: _ANY,
    Resumed: _ANY,
    Ended: _ANY,
}
# The candidate's time: not while an answer is marked or a question chosen.
_TIMED = frozenset({Phase.ANSWERING, Phase.DEBRIEF})


def replay(entries: Sequence[Entry]) -> State:
    """The state after `entries`. Raises ValueError when there are none or one cannot follow the others."""
    state: State | None = None
    for entry in entries:
        state = apply(state, entry)
    if state is None:
        raise ValueError("An interview without a single entry has no state.")
    return state


def apply(state: State | None, entry: Entry) -> State:
    """The state after one more entry; None stands for before the first. Raises ValueError when it cannot follow."""
    what = entry.what
    if isinstance(what, Began):
        if state is not None:
            raise ValueError("An interview begins once.")
        return State(what.setup, Phase.CHOOSING, started=entry.at, since=entry.at)
    if state is None:
        raise ValueError(f"The first entry is {what.kind!r}, expected 'began'.")
    if state.phase not in _FITS[type(what)]:
        raise ValueError(f"{what.kind!r} cannot follow in the phase {state.phase.value!r}.")
    return _CHANGES[type(what)](_timed(state, entry.at), what, entry.at)


def running(state: State, now: float) -> float:
    """Seconds of the interview up to `now`: without pauses, and without what choosing and marking took."""
    return state.elapsed + _passed(state, now)


def _passed(state: State, now: float) -> float:
    """Seconds since the last entry that count; a clock that was put back counts as no time at all."""
    counts = state.phase in _TIMED and not state.paused
    return max(0.0, now - state.since) if counts else 0.0


def _timed(state: State, at: float) -> State:
    """`state` with the time up to `at` booked."""
    passed = _passed(state, at)
    if passed and state.phase is Phase.ANSWERING:
        state = _in_round(state, seconds=state.rounds[-1].seconds + passed)
    return replace(state, elapsed=state.elapsed + passed, since=at)


def _in_round(state: State, **changes: Any) -> State:
    return replace(state, rounds=(*state.rounds[:-1], replace(state.rounds[-1], **changes)))


def _asked(state: State, what: Asked, at: float) -> State:
    new = Round(what.prompt, what.why, at, (Turn(what.prompt.text),))
    return replace(state, phase=Phase.ANSWERING, rounds=(*state.rounds, new))


def _hinted(state: State, what: Hinted, _at: float) -> State:
    return _in_round(state, hints=(*state.rounds[-1].hints, what))


def _answered(state: State, what: Answered, _at: float) -> State:
    *before, last = state.rounds[-1].turns
    turns = (*before, replace(last, answer=what.text))
    return replace(_in_round(state, turns=turns), phase=Phase.MARKING)


def _skipped(state: State, _what: Skipped, _at: float) -> State:
    # Who passes on a follow-up has still answered the question, and keeps the grade for that.
    skipped = state.rounds[-1].outcome is None
    return replace(_in_round(state, skipped=skipped, done=True), phase=Phase.DEBRIEF)


def _marked(state: State, what: Marked, _at: float) -> State:
    return _in_round(state, outcome=what.outcome)


def _probed(state: State, what: Probed, _at: float) -> State:
    _needs_grade(state, what)
    turn = Turn(what.text, point=what.point)
    return replace(_in_round(state, turns=(*state.rounds[-1].turns, turn)), phase=Phase.ANSWERING)


def _debriefed(state: State, what: Debriefed, _at: float) -> State:
    _needs_grade(state, what)
    return replace(_in_round(state, done=True), phase=Phase.DEBRIEF)


def _needs_grade(state: State, what: Probed | Debriefed) -> None:
    if state.rounds[-1].outcome is None:
        raise ValueError(f"{what.kind!r} cannot follow an answer that has no grade yet.")


def _paused(state: State, what: Paused, _at: float) -> State:
    if state.paused:
        raise ValueError(f"{what.kind!r} cannot follow a pause.")
    return replace(state, paused=True)


def _resumed(state: State, what: Resumed, _at: float) -> State:
    if not state.paused:
        raise ValueError(f"{what.kind!r} cannot follow without a pause.")
    return replace(state, paused=False)


def _continued(state: State, _what: Continued, _at: float) -> State:
    return replace(state, phase=Phase.CHOOSING)


def _ended(state: State, what: Ended, _at: float) -> State:
    if state.rounds and state.rounds[-1].outcome is not None:
        state = _in_round(state, done=True)  # ended at a follow-up: the grade so far counts
    return replace(state, phase=Phase.ENDED, paused=False, reason=what.reason)


_CHANGES: dict[type[Any], Callable[[State, Any, float], State]] = {
    Asked: _asked,
    Hinted: _hinted,
    Answered: _answered,
    Skipped: _skipped,
    Marked: _marked,
    Probed: _probed,
    Debriefed: _debriefed,
    Paused: _paused,
    Resumed: _resumed,
    Continued: _continued,
    Ended: _ended,
}
