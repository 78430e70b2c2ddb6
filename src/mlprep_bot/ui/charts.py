"""Plots as small SVG drawings: no script, nothing fetched, and readable without telling colours apart.

Each topic has a plot of its own, so that no line needs a colour to be told from another; every drawing carries its
numbers in words (`aria-label`), and whoever draws it puts the same numbers into a table beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

WIDTH, HEIGHT = 260, 92  # of a course, in units of its drawing
_LEFT, _RIGHT, _TOP, _BOTTOM = 33, 8, 8, 18
CELL, GAP = 14, 3  # of a calendar, in units of its drawing
STEPS = (1, 3, 6)  # questions a day from which on a cell is darker
_LABELS = 26  # room for the names of the days


@dataclass(frozen=True, slots=True)
class Spot:
    """A share (0 to 1) on a day, with its interval."""

    day: date
    value: float
    low: float
    high: float


def course_svg(name: str, spots: Sequence[Spot], first: date, last: date) -> str:
    """How a share went from `first` to `last`: a line with its interval as a band; `spots` in order of time."""
    places = [(_x(s.day, first, last), _y(s.value)) for s in spots]
    top = " ".join(f"{_x(s.day, first, last):.1f},{_y(s.high):.1f}" for s in spots)
    under = " ".join(f"{_x(s.day, first, last):.1f},{_y(s.low):.1f}" for s in reversed(spots))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle class="ml-dot" cx="{x:.1f}" cy="{y:.1f}" r="3">'
        f"<title>{day_words(s.day)}: {s.value:.0%}</title></circle>"
        for s, (x, y) in zip(spots, places, strict=True)
    )
    whisker = "" if len(spots) > 1 else _whisker(places[0][0], spots[0]) if spots else ""
    return (
        f'<svg class="ml-course" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(_told(name, spots))}">'
        f'{_grid(first, last)}<polygon class="ml-band" points="{top} {under}"/>{whisker}'
        f'<polyline class="ml-line" points="{line}"/>{dots}</svg>'
    )


def _told(name: str, spots: Sequence[Spot]) -> str:
    if not spots:
        return f"{name}: nothing yet"
    now = spots[-1]
    start = f"from {spots[0].value:.0%} on {day_words(spots[0].day)} to " if len(spots) > 1 else ""
    return f"{name}: {start}{now.value:.0%} on {day_words(now.day)}, between {now.low:.0%} and {now.high:.0%}"


def _x(day: date, first: date, last: date) -> float:
    span = (last - first).days
    share = (day - first).days / span if span else 0.5
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(value: float) -> float:
    return _TOP + (1 - value) * (HEIGHT - _TOP - _BOTTOM)


def _whisker(x: float, spot: Spot) -> str:
    return f'<line class="ml-whisker" x1="{x:.1f}" x2="{x:.1f}" y1="{_y(spot.high):.1f}" y2="{_y(spot.low):.1f}"/>'


def _grid(first: date, last: date) -> str:
    lines = "".join(
        f'<line class="ml-grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(share):.1f}" y2="{_y(share):.1f}"/>'
        f'<text class="ml-tick" x="{_LEFT - 5}" y="{_y(share) + 3:.1f}" text-anchor="end">{share:.0%}</text>'
        for share in (0.0, 0.5, 1.0)
    )
    base = HEIGHT - 4
    if first == last:
        middle = f"{_x(first, first, last):.1f}"
        return f'{lines}<text class="ml-tick" x="{middle}" y="{base}" text-anchor="middle">{day_words(first)}</text>'
    return (
        f'{lines}<text class="ml-tick" x="{_LEFT}" y="{base}">{day_words(first)}</text>'
        f'<text class="ml-tick" x="{WIDTH - _RIGHT}" y="{base}" text-anchor="end">{day_words(last)}</text>'
    )


def interval_svg(value: float, low: float, high: float) -> str:
    """A share from 0 to 1 as a bar with its interval as a whisker; decoration beside the numbers in words."""
    width = 200
    return (
        f'<svg class="ml-share" viewBox="0 0 {width} 14" aria-hidden="true" preserveAspectRatio="none">'
        f'<rect class="ml-rail" x="0" y="3" width="{width}" height="8" rx="2"/>'
        f'<rect class="ml-fill" x="0" y="3" width="{value * width:.1f}" height="8" rx="2"/>'
        f'<line class="ml-whisker" x1="{low * width:.1f}" x2="{high * width:.1f}" y1="7" y2="7"/>'
        f'<line class="ml-whisker" x1="{low * width:.1f}" x2="{low * width:.1f}" y1="2" y2="12"/>'
        f'<line class="ml-whisker" x1="{high * width:.1f}" x2="{high * width:.1f}" y1="2" y2="12"/></svg>'
    )


def calendar_svg(counts: Mapping[date, int], today: date, weeks: int = 20) -> str:
    """Questions a day over the last `weeks` weeks: a column a week, Monday on top, the number in each cell."""
    monday = today - timedelta(days=today.weekday(), weeks=weeks - 1)
    days = [monday + timedelta(days=n) for n in range((today - monday).days + 1)]
    step = CELL + GAP
    cells = "".join(_cell(day, counts.get(day, 0), _LABELS + (day - monday).days // 7 * step) for day in days)
    names = "".join(
        f'<text class="ml-tick" x="0" y="{16 + row * step + 11}">{name}</text>'
        for row, name in ((0, "Mon"), (2, "Wed"), (4, "Fri"))
    )
    months = "".join(
        f'<text class="ml-tick" x="{_LABELS + (day - monday).days // 7 * step}" y="10">{day:%b}</text>'
        for day in days
        if day.day <= 7 and day.weekday() == 0
    )
    total = sum(counts.get(day, 0) for day in days)
    told = f"{total} questions on {sum(1 for d in days if counts.get(d))} days since {day_words(monday)}"
    return (
        f'<svg class="ml-calendar" viewBox="0 0 {_LABELS + weeks * step} {16 + 7 * step}" role="img" '
        f'aria-label="{told}">{names}{months}{cells}</svg>'
    )


def _cell(day: date, count: int, x: int) -> str:
    y = 16 + day.weekday() * (CELL + GAP)
    level = sum(count >= step for step in STEPS)
    place = f'x="{x + CELL / 2}" y="{y + 10.5}" text-anchor="middle"'
    number = f'<text class="ml-cell-number ml-on-{level}" {place}>{count}</text>' if count else ""
    return (
        f'<rect class="ml-cell ml-cell-{level}" x="{x}" y="{y}" width="{CELL}" height="{CELL}" rx="3">'
        f"<title>{day_words(day)}: {count}</title></rect>{number}"
    )


def day_words(day: date) -> str:
    """`9 Mar 2026`."""
    return f"{day.day} {day:%b %Y}"
