"""Which turn of an interview a page shows: an answer or a draft is only taken for the turn that its writer saw."""

from __future__ import annotations

from mlprep_bot.interview.session import State


def place_of(interview: str, state: State) -> str:
    """`id:question:turn:phase`, counted from 1; hints do not change it, since the question stays the same."""
    turns = len(state.rounds[-1].turns) if state.rounds else 0
    phase = "paused" if state.paused else state.phase.value
    return f"{interview}:{len(state.rounds)}:{turns}:{phase}"


def interview_of(place: str) -> str:
    """The interview's id in a place, "" when there is none."""
    return place.partition(":")[0]
