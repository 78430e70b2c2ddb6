"""A run as one HTML file that a person reads in two minutes: no script, nothing fetched, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mlprep_bot.evaluation.figures import OURS, Failed, Measurement
from mlprep_bot.evaluation.questions import UNANSWERABLE, HeldOut
from mlprep_bot.evaluation.report import drawings, summary
from mlprep_bot.evaluation.report.labels import ABOUT, Grid, amount, direction, grid, meaning, sections, slices, title
from mlprep_bot.evaluation.report.markup import cell, safe, table_of
from mlprep_bot.evaluation.run import Cost, Run
from mlprep_bot.wording import plural

ERRORS_SHOWN = 50  # a person reads no more; the JSON file has all
_STATES = {summary.REACHED: "yes", summary.NOT_REACHED: "no", summary.OPEN: "open"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_HOW = (
    "Every figure stands with its 95% interval in brackets and n, the number of items that it rests on. Intervals are "
    "bootstraps that draw whole documents, because questions about one document succeed and fail together. "
    "Every item counts: where one raised an error there is no figure, and that is said; it is never a zero."
)


def page(run: Run) -> str:
    """The whole report."""
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    body = "\n".join((*_top(run), *(_section(run, section) for section in sections(run)), *_rest(run)))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>mlprep evaluation: {safe(run.name)}</title>\n<style>\n{style}</style></head>\n'
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


# --- what comes first ---------------------------------------------------------------------------


def _top(run: Run) -> Iterator[str]:
    answerable = sum(question.answerable for question in run.questions)
    asked = f"{plural(len(run.questions), 'question')} ({answerable:,} answerable)"
    said = f"Split: {safe(run.split)}. Writer: {safe(run.writer)}. {asked}. {_duration(run.seconds)}."
    yield f'<h1>mlprep evaluation: <bdi>{safe(run.name)}</bdi></h1><p class="quiet">{said}</p>'
    yield from _errors(run)
    lines = "".join(f"<li><b>{safe(name)}.</b> {safe(words)}</li>" for name, words in summary.sentences(run))
    yield (
        f'<section class="box"><h2>What this says</h2><p class="verdict">{safe(summary.verdict(run))}</p>'
        f'<ul class="summary">{lines}</ul></section>'
    )
    rows = "".join(
        f'<li><span class="state {_STATES[line.state]}">{summary.SIGNS[line.state]} {line.state}</span>'
        f"<span><b>{safe(line.what)}</b>: {safe(line.said)}</span></li>"
        for line in summary.targets(run)
    )
    yield f'<section class="box"><h2>Targets</h2><ul class="targets">{rows}</ul></section><p class="quiet">{_HOW}</p>'
    ends = (("cost", "Cost"), ("missed", "Questions that were missed"), ("evaluated", "What was evaluated"))
    places = (*((section, title(section)) for section in sections(run)), *ends)
    links = "".join(f'<a href="#{safe(place)}">{safe(name)}</a>' for place, name in places)
    yield f'<nav aria-label="Sections">{links}</nav>'


def _errors(run: Run) -> Iterator[str]:
    found = run.problems()
    if found:
        rows = "".join(
            f"<li>{safe(title(section))}, item <b>{safe(item)}</b>: {safe(why)}</li>"
            for section, item, why in found[:ERRORS_SHOWN]
        )
        rest = len(found) - ERRORS_SHOWN
        more = f"<li>and {rest:,} more, which the JSON file lists</li>" if rest > 0 else ""
        heading = f"✗ {plural(len(found), 'item')} raised an error"
        yield f'<section class="box bad"><h2>{heading}</h2><ul>{rows}{more}</ul></section>'


def _duration(seconds: float) -> str:
    return f"Took {seconds:.0f} s" if seconds < 120 else f"Took {seconds / 60:.0f} min"


# --- a section ----------------------------------------------------------------------------------


def _section(run: Run, section: str) -> str:
    shape = grid(run, section)
    cut = slices(run, section)
    inside = [f'<h2>{safe(title(section))}</h2><p class="quiet">{safe(ABOUT.get(section, ""))}</p>']
    if shape.names:
        inside.append(_table(section, shape))
    if not shape.names and not cut:
        inside.append('<p class="absent">Not measured in this run.</p>')
    inside += [*_failures(run, section), *_left_out(run, section), *drawings.of_section(run, section, cut)]
    return f'<section id="{safe(section)}">{"".join(inside)}</section>'


def _table(section: str, shape: Grid) -> str:
    rows = (
        (
            _head(section, shape.any_of(name)),
            [cell(shape.cells.get((name, system)), system) for system in shape.systems],
        )
        for name in shape.names
    )
    heads = ["figure", *(f"{safe(s)} (ours)" if s == OURS else safe(s) for s in shape.systems)]
    return table_of(heads, ((head, "".join(cells)) for head, cells in rows))


def _head(section: str, measured: Measurement) -> str:
    words = meaning(section, measured.name)
    lower = f'<span class="lower">↓ {direction(measured)}</span>'
    way = lower if measured.lower_is_better else f"↑ {direction(measured)}"
    return f"{safe(measured.name)}<small>{safe(words)}{'; ' if words else ''}{way}</small>"


def _failures(run: Run, section: str) -> Iterator[str]:
    """Why there is no figure, slices included."""
    found = ((m, m.figure()) for m in run.measurements if m.section == section)
    rows = "".join(
        f"<li><b>{safe(', '.join(filter(None, (m.name, m.system, m.part))))}</b>: {safe(outcome.reason)}</li>"
        for m, outcome in found
        if isinstance(outcome, Failed)
    )
    if rows:
        yield '<div class="box bad"><b>✗ Failed measurements</b> (there is no figure, which is not 0)'
        yield f"<ul>{rows}</ul></div>"


def _left_out(run: Run, section: str) -> Iterator[str]:
    rows = "".join(
        f"<li>{f'<b>{safe(s.system)}</b>: ' if s.system else ''}{safe(s.reason)}</li>"
        for s in run.skipped
        if s.section == section
    )
    if rows:
        yield f'<p class="quiet">Left out of this run:</p><ul class="quiet">{rows}</ul>'


# --- what comes last ----------------------------------------------------------------------------


def _rest(run: Run) -> Iterator[str]:
    yield '<section id="cost"><h2>Cost</h2>'
    yield _costs(run.costs) if run.costs else '<p class="absent">Not measured in this run.</p>'
    yield '</section><section id="missed"><h2>Questions that were missed</h2>'
    groups = summary.missed(run)
    yield from (_missed(one) for one in groups)
    if not groups:
        yield '<p class="quiet">None, of what this run measured.</p>'
    rows = "".join(f"<dt>{safe(name)}</dt><dd>{safe(value)}</dd>" for name, value in run.fingerprint.items())
    rows = rows or "<dt>fingerprint</dt><dd>none</dd>"
    yield f'</section><section id="evaluated"><h2>What was evaluated</h2><dl>{rows}</dl></section>'


def _costs(costs: Iterable[Cost]) -> str:
    rows = ((safe(cost.stage), "".join(_cost_cells(cost))) for cost in costs)
    return table_of(["stage; lower is better", "median", "95% are below", "n"], rows)


def _cost_cells(cost: Cost) -> Iterator[str]:
    unit = safe(cost.unit)
    for of, value in (("median", cost.median), ("95% are below", cost.high)):
        alone = cost.n == 1 and of != "median"
        said = '<span class="quiet">one value</span>' if alone else f"{amount(value)} {unit}"
        yield f'<td role="cell" data-of="{of}">{said}</td>'
    yield f'<td role="cell" data-of="n">{cost.n:,}</td>'


def _missed(one: summary.Missed) -> str:
    rows = ((_asked(question), _place(question)) for question in one.questions)
    table = table_of(["question", "kind", "evidence document"], rows)
    return f"<details><summary>{safe(one.how)}: {plural(len(one.questions), 'question')}</summary>{table}</details>"


def _asked(question: HeldOut) -> str:
    must = " <b>(must)</b>" if question.must else ""
    before = f" <small>after: {safe(' / '.join(question.history))}</small>" if question.history else ""
    return f"<bdi>{safe(question.question)}</bdi>{must}{before}<small>{safe(question.id)}</small>"


def _place(question: HeldOut) -> str:
    documents = safe(", ".join(question.documents)) or ("none" if question.kind in UNANSWERABLE else "not known")
    kind = safe(question.kind)
    return (
        f'<td role="cell" class="words" data-of="kind">{kind}</td>'
        f'<td role="cell" class="words" data-of="evidence document">{documents}</td>'
    )
