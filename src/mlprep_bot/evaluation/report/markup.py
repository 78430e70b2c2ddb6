"""The report's HTML in small: escaped text, figures, cells and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from mlprep_bot.evaluation.figures import OURS, Failed, Measurement, Outcome
from mlprep_bot.evaluation.report.labels import ABSENT, FAILED, clean, number, span


def safe(text: str) -> str:
    """Anybody's text, as text."""
    return escape(clean(text))


def cell(measured: Measurement | None, system: str) -> str:
    """A system's figure in a table; that it failed or was not measured is a state of its own."""
    of, ours = f'data-of="{safe(system)}"', " ours" if system == OURS else ""
    if measured is None:
        return f'<td role="cell" class="absent{ours}" {of}>{ABSENT}</td>'
    outcome = measured.figure()
    state = "failed" if isinstance(outcome, Failed) else ours.strip()
    return f'<td role="cell" class="{state}" {of}>{figure_of(outcome)}</td>'


def figure_of(outcome: Outcome) -> str:
    """Value, interval and n."""
    if isinstance(outcome, Failed):
        return f"✗ {FAILED}"
    return (
        f'<span class="cell"><span><span class="value">{number(outcome.value)}</span> '
        f'<span class="range">{span(outcome)}</span></span> <span class="n">n {outcome.n:,}</span></span>'
    )


def table_of(heads: Sequence[str], rows: Iterable[tuple[str, str]]) -> str:
    """A table that stays one for a screen reader when a phone lays it out as blocks."""
    top = "".join(f'<th role="columnheader" scope="col">{head}</th>' for head in heads)
    body = "".join(f'<tr role="row"><th role="rowheader" scope="row">{head}</th>{cells}</tr>' for head, cells in rows)
    return (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{top}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )
