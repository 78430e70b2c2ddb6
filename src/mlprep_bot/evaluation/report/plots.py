"""The report's plots as SVG: no script, nothing fetched, and readable without telling colours apart.

Every drawing says in words what it shows (`aria-label`), and the page puts its numbers into a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, sqrt

import numpy as np

from mlprep_bot.evaluation.figures import Failed, Figure, Measurement
from mlprep_bot.evaluation.metrics import Floats, risk_coverage
from mlprep_bot.evaluation.report.labels import FAILED, FULL, Slices, clean, number, percent, span

WIDTH = 350  # of every drawing, in its units: one unit is about a pixel on a phone
_ROW = 29
_LONGEST, _LEGEND = 24, 18  # of a slice's and a curve's name, in characters
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 10, 10, 40
_PLOT = 190  # height of what is between the axes
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
BINS = 10


def _svg(height: float, told: str, inside: str) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(clean(told))}">'
    return f"{head}{inside}</svg>"


def _text(x: float, y: float, text: str, css: str = "tick", anchor: str = "start") -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line class="{css}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


# --- bars ---------------------------------------------------------------------------------------


def bars(of: Slices, bound: float | None = None) -> str:
    """A bar a slice with its interval as a whisker, the worst on top; `bound` is the target."""
    full = FULL.get(of.name, 1.0)
    rows = "".join(_bar(group, part, at, of, full) for at, (group, part) in enumerate(of.parts))
    foot = _ROW * len(of.parts)
    marks, under = "", foot + 12
    if bound is not None:
        x = _along(bound, full)
        side = "end" if x > WIDTH / 2 else "start"
        words = f"target: at {'most' if of.lower_is_better else 'least'} {number(bound)}"
        under = foot + 27
        # Not across the numbers above the bars.
        ticks = (_line(x, y + 14.5, x, y + 27, "limit") for y in range(0, foot, _ROW))
        marks = "".join(ticks) + _text(x, foot + 13, words, anchor=side)
    ends = _text(0, under, "0") + _text(WIDTH, under, f"{full:g}", anchor="end")
    return _svg(under + 4, _bars_told(of, full), rows + marks + ends)


def _bars_told(of: Slices, full: float) -> str:
    scale = "" if full == 1 else f", of {full:g}"
    told = f"{of.title}, {'lower' if of.lower_is_better else 'higher'} is better{scale}: {len(of.parts)} bars. "
    if of.ends:
        worst, best = (f"{group}, {_words(figure)}" for group, figure in of.ends)
        told += f"Worst: {worst}. Best: {best}. "
    elif of.measured:
        told += f"All are {number(of.measured[0][1].value)}. "
    if of.failed:
        told += f"No figure, the measurement failed: {', '.join(group for group, _ in of.failed)}. "
    return told + "All numbers are in the table below."


def _words(figure: Figure) -> str:
    return f"{number(figure.value)} between {number(figure.low)} and {number(figure.high)}, {figure.n} items"


def _bar(group: str, part: Measurement, at: int, of: Slices, full: float) -> str:
    top, outcome = _ROW * at, part.figure()
    shown = group if len(group) <= _LONGEST else group[: _LONGEST - 1].rstrip() + "…"
    rail = f'y="{top + 17}" height="7" rx="2"'
    if isinstance(outcome, Failed):
        empty = f'<rect class="none" x="0.5" width="{WIDTH - 1}" {rail}/>'
        name = _text(0, top + 12, shown, "name")
        return f"<g>{name}{_text(WIDTH, top + 12, f'✗ {FAILED}', 'name', 'end')}{empty}</g>"
    low, high = _along(outcome.low, full), _along(outcome.high, full)
    whisker = _line(low, top + 20.5, high, top + 20.5, "whisker")
    caps = "".join(_line(x, top + 16.5, x, top + 24.5, "whisker") for x in (low, high))
    said, end = f"{number(outcome.value)} {span(outcome)} n {outcome.n:,}", of.end(outcome)
    label = f"{shown} ({end})" if end else shown
    css = "name end" if end else "name"
    return (
        f"<g><title>{escape(group)}: {said}</title>{_text(0, top + 12, label, css)}"
        f'{_text(WIDTH, top + 12, said, css, "end")}<rect class="rail" x="0" width="{WIDTH}" {rail}/>'
        f'<rect class="fill {end}" x="0" width="{_along(outcome.value, full):.1f}" {rail}/>{whisker}{caps}</g>'
    )


def _along(value: float, full: float) -> float:
    return WIDTH * min(1.0, max(0.0, value / full))


# --- risk against coverage ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """Where a gate works: the share of questions it answers, and the share of wrong answers among them."""

    coverage: float
    risk: float


def shipped(decided: Measurement, scored: Measurement) -> Point | None:
    """The operating point, from (unanswerable, refused) and (right, score) of the same questions."""
    right = {sample.id: sample.values[0] for sample in scored.samples}
    answered = [s for s in decided.samples if s.id in right and not s.values[1]]
    if not answered or decided.problems or scored.problems:
        return None
    wrong = sum(1 - right[sample.id] for sample in answered)
    return Point(len(answered) / len(decided.samples), wrong / len(answered))


def risk(curves: Sequence[Measurement], point: Point | None) -> str:
    """The risk-coverage curves of AURC measurements, which must have a figure; one style of line a system."""
    found = [(m, *_curve(m)) for m in curves]
    top = min(1.0, max(0.1, ceil(10 * max((float(risks.max()) for _, _, risks in found), default=0.1)) / 10))
    told = ["Risk against coverage, lower is better"]
    drawn = [_axes("share of questions answered", top)]
    for at, (measured, covered, risks) in enumerate(found):
        dash = f' stroke-dasharray="{_DASHES[at % 4]}"' if at % 4 else ""
        places = " ".join(f"{_x(c):.1f},{_y(r / top):.1f}" for c, r in zip(covered, risks, strict=True))
        drawn.append(f'<polyline class="curve"{dash} points="{places}"/>')
        y: float = _TOP + _PLOT + _BOTTOM + 16 * (at + 1)
        drawn.append(f'<polyline class="curve"{dash} points="{_LEFT},{y - 4} {_LEFT + 40},{y - 4}"/>')
        area = written_area(measured)
        drawn.append(_text(_LEFT + 48, y, f"{_short(measured.system)}: {area}", "name"))
        half = float(risks[min(int(np.searchsorted(covered, 0.5)), len(risks) - 1)])
        told.append(
            f"{measured.system}: {percent(half)} wrong when half is answered, {percent(float(risks[-1]))} when all is; "
            f"{area}"
        )
    height: float = _TOP + _PLOT + _BOTTOM + 16 * len(found) + 8
    if point is not None:
        x, y = _x(point.coverage), _y(point.risk / top)
        drawn.append(f'<path class="mark" d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>')
        drawn.append(_text(_LEFT + 16, height + 8, "◆  mlprep as shipped", "name"))
        told.append(f"as shipped, {percent(point.coverage)} is answered and {percent(point.risk)} of that is wrong")
        height += 16
    return _svg(height, ". ".join(told) + ".", "".join(drawn))


def written_area(measured: Measurement) -> str:
    """A curve's area with its interval."""
    outcome = measured.figure()
    return FAILED if isinstance(outcome, Failed) else f"area {number(outcome.value)} {span(outcome)}"


def _curve(measured: Measurement) -> tuple[Floats, Floats]:
    values = np.array([sample.values for sample in measured.samples], dtype=float)
    return risk_coverage(values, np.ones(len(values)))


def _short(system: str) -> str:
    name = clean(system)
    return name if len(name) <= _LEGEND else name[: _LEGEND - 1].rstrip() + "…"


# --- reliability --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions whose probability is within one tenth: its mean, how many are answerable, and a 95% Wilson interval."""

    said: float
    share: float
    low: float
    high: float
    n: int


def bins(measured: Measurement) -> list[Bin | None]:
    """Ten, of equal width; None where there is no question."""
    held: list[list[tuple[float, ...]]] = [[] for _ in range(BINS)]
    for sample in measured.samples:
        held[min(BINS - 1, max(0, int(sample.values[1] * BINS)))].append(sample.values)
    return [_bin(rows) if rows else None for rows in held]


def _bin(rows: Sequence[tuple[float, ...]]) -> Bin:
    n, z = len(rows), 1.96
    share = sum(row[0] for row in rows) / n
    middle, wide = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = max(0.0, (middle - wide) / scale), min(1.0, (middle + wide) / scale)
    return Bin(sum(row[1] for row in rows) / n, share, low, high, n)


def reliability(found: Sequence[Bin | None]) -> str:
    """Against the probability that the gate gave, the share that is answerable; on the diagonal, it says what is so."""
    told = "; ".join(f"said {percent(b.said)}, were {percent(b.share)} of {b.n}" for b in found if b is not None)
    base = _TOP + _PLOT + _BOTTOM
    counts = _text(4, base + 12, "n") + "".join(
        _text(_x((at + 0.5) / BINS), base + 12, str(b.n) if b else "–", anchor="middle") for at, b in enumerate(found)
    )
    diagonal = _line(_x(0), _y(0), _x(1), _y(1), "limit")
    inside = _axes("probability that it is answerable", 1.0) + diagonal + counts + "".join(_dots(found))
    return _svg(base + 18, f"Reliability of the probability, closer to the diagonal is better: {told}.", inside)


def _dots(found: Iterable[Bin | None]) -> Iterator[str]:
    for held in found:
        if held is not None:
            x = _x(held.said)
            yield _line(x, _y(held.low), x, _y(held.high), "whisker")
            yield f'<circle class="mark" cx="{x:.1f}" cy="{_y(held.share):.1f}" r="4"/>'


def _axes(under: str, top: float) -> str:
    lines = "".join(
        f"{_line(_LEFT, _y(share), WIDTH - _RIGHT, _y(share), 'grid')}"
        f"{_text(_LEFT - 5, _y(share) + 4, percent(share * top), anchor='end')}"
        f"{_text(_x(share), _y(0) + 15, percent(share), anchor='middle')}"
        for share in (0.0, 0.5, 1.0)
    )
    return lines + _text(_x(0.5), _y(0) + 31, under, "name", "middle")


def _x(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT - 8)


def _y(share: float) -> float:
    return _TOP + (1 - share) * _PLOT
