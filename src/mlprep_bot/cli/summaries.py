"""The course of practice as a terminal and a program read it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mlprep_bot.cli.common import pool_of
from mlprep_bot.cli.debriefs import heading
from mlprep_bot.debriefing.wording import WORDS
from mlprep_bot.interview.memory import (
    Mastery,
    Memory,
    calendar,
    mastery,
    memories,
    practice_day,
    upcoming,
    weakest,
)
from mlprep_bot.interview.progress import Held
from mlprep_bot.interview.scheduling import askable
from mlprep_bot.terminal import out, plain, say
from mlprep_bot.wording import plural, topic_title

if TYPE_CHECKING:
    from mlprep_bot.app import App

INTERVIEWS_SHOWN = 10
WEAKEST_SHOWN = 5
WEEKS_SHOWN = 8
BAR = 20  # characters of a full bar
BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Summary:
    """All that `mlprep progress` tells. `now` is seconds since the epoch; the other parts as `memory` makes them."""

    now: float
    topics: Mapping[str, Mastery]
    days: Mapping[date, int]
    weak: Sequence[Memory]
    plan: Mapping[date, Sequence[Memory]]
    interviews: Sequence[Held]


def gather(app: App) -> Summary:
    """Read everything once. Raises ProgressError.

    What was practised stays known, but only what the documents still have is weak or due.
    """
    progress = app.progress
    now, attempts = time.time(), progress.attempts()
    found = memories(attempts, now)
    pool = pool_of(app) if found else None
    left = found if pool is None else askable(found, pool)
    return Summary(
        now, mastery(found.values()), calendar(attempts), weakest(left), upcoming(left, now), progress.interviews()
    )


def as_json(found: Summary) -> dict[str, Any]:
    """The object of `mlprep progress --json`. Times are ISO 8601 in UTC, days are local, shares are 0 to 1."""
    return {
        "topics": [
            {
                "topic": one.topic,
                "mastery": round(one.value, 4),
                "low": round(one.low, 4),
                "high": round(one.high, 4),
                "key_points": one.n,
            }
            for one in found.topics.values()
        ],
        "calendar": {day.isoformat(): count for day, count in found.days.items()},
        "weakest": [_memory_json(memory) for memory in found.weak],
        "reviews": {day.isoformat(): len(due) for day, due in found.plan.items()},
        "interviews": [
            {
                "id": held.id,
                "began": _moment(held.began),
                "updated": _moment(held.updated),
                "ended": held.ended,
                "questions_done": held.done,
                "questions": held.setup.questions,
                "minutes": held.setup.minutes,
            }
            for held in found.interviews
        ],
    }


def _memory_json(memory: Memory) -> dict[str, Any]:
    return {
        "key_point": memory.text,
        "question": memory.question,
        "document": memory.document,
        "topic": memory.topic,
        "last": str(memory.last),
        "strength": round(memory.strength, 4),
        "due": _moment(memory.due),
        "lapses": memory.lapses,
    }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def show(found: Summary) -> None:
    """For a person, what matters most first."""
    if not found.interviews:
        say("Nothing was practised yet. `mlprep interview` begins.")
        return
    _show_topics(found.topics)
    _show_weak(found.weak)
    _show_plan(found.plan)
    _show_days(found.days, practice_day(found.now))
    _show_interviews(found.interviews)


def _show_topics(topics: Mapping[str, Mastery]) -> None:
    if not topics:
        return
    heading("What you know, by topic")
    width = max(len(topic_title(topic)) for topic in topics)
    for one in topics.values():
        full = round(one.value * BAR)
        bar = "█" * full + "·" * (BAR - full)
        told = f"{one.value:>4.0%}  {one.low:.0%} to {one.high:.0%} ({plural(one.n, 'key point')})"
        out.print(Text.assemble(f"{plain(topic_title(one.topic)):<{width}}  ", (bar, "cyan"), f"  {told}"))
    say("The chance that you still remember the key points, times how right you were, with its 90% interval.")


def _show_weak(weak: Sequence[Memory]) -> None:
    if not weak:
        return
    heading("Weakest points (mlprep interview --style drill)")
    for memory in weak[:WEAKEST_SHOWN]:
        told = f"  {WORDS[memory.last]}, {topic_title(memory.topic)}"
        out.print(Text.assemble("• ", plain(memory.text), (plain(told), "dim")))


def _show_plan(plan: Mapping[date, Sequence[Memory]]) -> None:
    due = [(day, len(found)) for day, found in plan.items() if found]
    if not due:
        return
    heading("Reviews to come")
    first = next(iter(plan))
    for day, count in due:
        out.print(f"{_day_name(day, first):<12} {plural(count, 'key point')}")


def _day_name(day: date, today: date) -> str:
    return {0: "today", 1: "tomorrow"}.get((day - today).days, f"{day:%a %d %b}")


def _show_days(days: Mapping[date, int], today: date) -> None:
    """One row of blocks a weekday, as a calendar of the last weeks."""
    if not days:
        return
    monday = today - timedelta(days=today.weekday() + 7 * (WEEKS_SHOWN - 1))
    most = max(days.values())
    heading(f"Practice in the last {WEEKS_SHOWN} weeks (questions a day, at most {most})")
    for weekday in range(7):
        row = [monday + timedelta(days=weekday + 7 * week) for week in range(WEEKS_SHOWN)]
        cells = "".join(f" {_block(days.get(day, 0), most)}" if day <= today else "  " for day in row)
        out.print(f"{row[0]:%a}{cells}")


def _block(count: int, most: int) -> str:
    return BLOCKS[-(-count * (len(BLOCKS) - 1) // most)] if count else "·"


def _show_interviews(interviews: Sequence[Held]) -> None:
    heading("Interviews (mlprep progress show ID)")
    for held in interviews[:INTERVIEWS_SHOWN]:
        began = f"{datetime.fromtimestamp(held.began):%a %d %b %Y %H:%M}"
        state = "" if held.ended else "  not finished: mlprep interview " + held.id
        out.print(Text.assemble(f"{held.id}  {began}  {plural(held.done, 'question')}", (state, "yellow")))
    if len(interviews) > INTERVIEWS_SHOWN:
        out.print(Text(f"… and {len(interviews) - INTERVIEWS_SHOWN} more (--json lists all)", style="dim"))
