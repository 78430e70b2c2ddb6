"""A run as a person reads it in a terminal of 80 columns, or in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mlprep_bot.evaluation.baseline import Check
from mlprep_bot.evaluation.figures import OURS, Failed, Figure, Measurement, Outcome
from mlprep_bot.evaluation.report import summary
from mlprep_bot.evaluation.report.labels import (
    ABSENT,
    FAILED,
    Grid,
    Slices,
    amount,
    clean,
    grid,
    number,
    sections,
    slices,
    span,
    title,
    written,
)
from mlprep_bot.evaluation.run import Cost, Run
from mlprep_bot.wording import plural

LISTED_AT_MOST = 20  # the JSON file has all
_STYLES = {summary.REACHED: "green", summary.NOT_REACHED: "bold red", summary.OPEN: "yellow"}
_NAME, _COUNT, _CELL = 18, 5, 17  # columns of the terminal


def show(run: Run, console: Console | None = None) -> None:
    """The tables of the report, short; what failed and what was left out; at the end, the targets."""
    out = console or Console(highlight=False, emoji=False)
    asked = plural(len(run.questions), "question")
    _say(out, f"mlprep evaluation: {clean(run.name)}", "bold")
    _say(out, f"split {clean(run.split)}, writer {clean(run.writer)}, {asked}, {run.seconds:.0f} s")
    _say(out, f"value [95% interval]; n items; ↓ lower is better, all else higher is better; – {ABSENT}", "dim")
    for section in sections(run):
        _section(out, run, section)
    if run.costs:
        _say(out, "\nCost", "bold")
        out.print(_costs(run.costs))
    raised = [f"{title(section)}, {item}: {why}" for section, item, why in run.problems()]
    _list(out, f"\n✗ {plural(len(raised), 'item')} raised an error", raised, "bold red")
    for missed in summary.missed(run):
        _say(out, f"{missed.how}: {plural(len(missed.questions), 'question')} (in the HTML report)")
    _say(out, "\nTargets", "bold")
    for line in summary.targets(run):
        _say(out, f"{summary.SIGNS[line.state]} {line.state}: {line.what}: {line.said}", _STYLES[line.state])
    _say(out, summary.verdict(run), "bold")


def _say(out: Console, text: str, style: str = "") -> None:
    """A pipe gets each line whole, a terminal gets lines that break between words."""
    lines = "\n".join(clean(line) for line in text.split("\n"))
    out.print(Text(lines, style=style), soft_wrap=not out.is_terminal)


def _list(out: Console, heading: str, lines: Sequence[str], style: str = "") -> None:
    if not lines:
        return
    _say(out, heading, style)
    for line in lines[:LISTED_AT_MOST]:
        _say(out, f"- {line}")
    if len(lines) > LISTED_AT_MOST:
        _say(out, f"- and {len(lines) - LISTED_AT_MOST} more (in the JSON file)")


def _section(out: Console, run: Run, section: str) -> None:
    shape, cut = grid(run, section), slices(run, section)
    _say(out, f"\n{title(section)}", "bold")
    if not shape.names and not cut:
        _say(out, f"{ABSENT} in this run")
    for table in _tables(shape, out.width):
        out.print(table)
    for one in cut:
        _say(out, _ends(one))
    failed = [
        f"{m.key}: {outcome.reason}"
        for m in run.measurements
        if m.section == section and isinstance(outcome := m.figure(), Failed)
    ]
    _list(out, "✗ Failed measurements, which have no figure:", failed, "bold red")
    _list(
        out, "Left out:", [": ".join(filter(None, (s.system, s.reason))) for s in run.skipped if s.section == section]
    )


def _tables(shape: Grid, width: int) -> Iterator[Table]:
    """As many systems beside each other as fit; the others below."""
    fit = max(1, (width - _NAME - _COUNT - 1) // (_CELL + 1))
    for start in range(0, len(shape.systems), fit):
        systems = shape.systems[start : start + fit]
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("figure", max_width=_NAME, overflow="fold")
        for system in systems:
            table.add_column(Text(clean(system) + (" (ours)" if system == OURS else "")), overflow="fold")
        table.add_column("n", justify="right", no_wrap=True)
        for name in shape.names:
            row = [shape.cells.get((name, system)) for system in systems]
            if any(row):
                _add(table, shape.any_of(name), row)
        yield table


def _add(table: Table, any_of: Measurement, row: Sequence[Measurement | None]) -> None:
    outcomes = [measured.figure() if measured else None for measured in row]
    counts = [o.n for o in outcomes if o is not None and not isinstance(o, Failed)]
    same = len(set(counts)) == 1
    cells = []
    for outcome in outcomes:
        if outcome is None:
            cells.append(Text("–", style="dim"))
        elif isinstance(outcome, Failed):
            cells.append(Text(f"✗ {FAILED}", style="bold red"))
        else:
            more = "" if same else f" n {outcome.n:,}"
            cells.append(Text(f"{number(outcome.value)} {span(outcome)}{more}"))
    name = Text(("↓ " if any_of.lower_is_better else "") + clean(any_of.name))
    table.add_row(name, *cells, Text(f"{counts[0]:,}" if same else ""))


def _ends(one: Slices) -> str:
    """The worst and the best slice."""
    way = ", ↓ lower is better" if one.lower_is_better else ""
    scale = ", marks of 5" if one.name == "attack" else ""
    failed = f"; ✗ no figure for {', '.join(group for group, _ in one.failed)}" if one.failed else ""
    if one.ends is None:
        said = "; ".join(f"{group} {written(figure)}" for group, figure in one.measured[:1])
        return f"{one.title}{scale}{way}: {said or 'no figure'}{failed}"
    (worst, low), (best, high) = one.ends
    measured = " of those measured" if one.failed else ""
    return f"{one.title}{scale}{way}: worst{measured} {worst} {written(low)}; best {best} {written(high)}{failed}"


def _costs(costs: Sequence[Cost]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("stage", overflow="fold")
    for name in ("median", "95% below", "n"):
        table.add_column(name, justify="right")
    for cost in costs:
        unit = clean(cost.unit)
        high = f"{amount(cost.high)} {unit}" if cost.n > 1 else ""
        table.add_row(Text(clean(cost.stage)), Text(f"{amount(cost.median)} {unit}"), Text(high), f"{cost.n:,}")
    return table


def show_check(check: Check, console: Console | None = None) -> None:
    """What changed against the baseline: figures, single questions both ways, and the verdict."""
    out = console or Console(highlight=False, emoji=False)
    for name in check.moved:
        _say(out, f"The baseline was made with another {name}.")
    for one in check.compared:
        if one.worse or one.better:
            before = "" if one.before is None else f"{number(one.before)} -> "
            now = number(one.now.value) if isinstance(one.now, Figure) else f"FAILED: {one.now.reason}"
            _say(out, f"{'WORSE' if one.worse else 'better'}: {one.key}: {before}{now} (change {_change(one.change)})")
    for lost in (True, False):
        lines = [f"{c.key}: {c.id} {c.question}" for c in check.changed if c.lost is lost]
        _list(out, f"Questions {'lost' if lost else 'won'}: {len(lines)}", lines)
    _list(out, "Lost although marked must:", [f"{q.id} {q.question}" for q in check.must])
    _list(out, "In the baseline, but not in this run:", check.gone)
    _say(out, "GATE PASSED" if check.passed else "GATE FAILED", "green" if check.passed else "bold red")


def _change(outcome: Outcome) -> str:
    return f"{outcome.value:+.3f} [{outcome.low:+.3f}, {outcome.high:+.3f}]" if isinstance(outcome, Figure) else "none"
