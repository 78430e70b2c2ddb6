"""The report's plots with what stands around them: a caption, a sentence, the same numbers as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlprep_bot.evaluation.figures import OURS, Figure
from mlprep_bot.evaluation.report import plots
from mlprep_bot.evaluation.report.labels import FIRST, Slices, direction, number, percent, span
from mlprep_bot.evaluation.report.markup import cell, figure_of, safe, table_of
from mlprep_bot.evaluation.run import Run
from mlprep_bot.evaluation.targets import TARGETS


def of_section(run: Run, section: str, cut: Sequence[Slices]) -> Iterator[str]:
    """Those that a person wants to see first, and the others behind a word."""
    first = [one for one in cut if one.name == FIRST.get(section) and one.system == OURS] or list(cut[:2])
    drawn = [*(_bars(one) for one in first), *(_gate(run) if section == "refusal" else ())]
    if drawn:
        yield f'<div class="plots">{"".join(drawn)}</div>'
    others = [one for one in cut if one not in first]
    if others:
        inside = "".join(_bars(one) for one in others)
        yield f'<details><summary>More figures by part</summary><div class="plots">{inside}</div></details>'


def _bars(one: Slices) -> str:
    bound = next((t.bound for t in TARGETS if (t.section, t.name, t.part) == (one.section, one.name, "*")), None)
    way = direction(one.parts[0][1])
    scale = " mean mark of 5;" if one.name == "attack" else ""
    rows = ((safe(group), cell(part, one.system)) for group, part in one.parts)
    return _drawing(
        one.title, f"{scale} {way}; worst first", plots.bars(one, bound), _ends(one),
        table_of([safe(one.label), safe(one.name)], rows),
    )  # fmt: skip


def _ends(one: Slices) -> str:
    said = f"No figure, failed: {', '.join(group for group, _ in one.failed)}. " if one.failed else ""
    if one.ends is None:
        return said
    (worst, low), (best, high) = one.ends
    measured = " of those measured" if one.failed else ""
    said += f"Worst{measured}: {worst}, {_told(low)}. Best: {best}, {_told(high)}."
    apart = low.low > high.high if one.lower_is_better else low.high < high.low
    return said if apart else f"{said} Their intervals overlap: the order may be chance."


def _told(figure: Figure) -> str:
    return f"{number(figure.value)} {span(figure)}, n {figure.n:,}"


def _drawing(name: str, way: str, svg: str, said: str, table: str) -> str:
    return (
        f"<figure><figcaption>{safe(name)}<small>{safe(way)}</small></figcaption>{svg}<p>{safe(said)}</p>"
        f"<details><summary>These numbers as a table</summary>{table}</details></figure>"
    )


def _gate(run: Run) -> Iterator[str]:
    """Risk against coverage, and reliability; where there is no figure there is no drawing."""
    curves = [m for m in run.measurements if (m.section, m.name, m.part) == ("refusal", "AURC", "")]
    drawn = [m for m in curves if isinstance(m.figure(), Figure)]
    if drawn:
        decided, ours = run.find("refusal", "recall"), run.find("refusal", "AURC")
        point = plots.shipped(decided, ours) if decided and ours else None
        rows = ((safe(m.system), cell(m, m.system)) for m in curves)
        said = "Of the questions answered, the share of wrong answers: its evidence is not found, or there is none."
        if point:
            said += f" As shipped, {percent(point.coverage)} of all questions, also unanswerable ones, is answered; "
            said += f"{percent(point.risk)} of that is wrong."
        table = table_of(["system", "area under the curve"], rows)
        yield _drawing("Risk against coverage", "lower is better", plots.risk(drawn, point), said, table)
    measured = run.find("refusal", "calibration")
    if measured and isinstance(measured.figure(), Figure):
        found = plots.bins(measured)
        said = "Above the diagonal it is too cautious, below it too sure. Whiskers are 95% Wilson intervals."
        way = "closer to the diagonal is better"
        yield _drawing("Reliability of the gate", way, plots.reliability(found), said, _bins(found))


def _bins(found: Sequence[plots.Bin | None]) -> str:
    rows = (
        (
            f"{at / plots.BINS:.1f} to {(at + 1) / plots.BINS:.1f}",
            f'<td role="cell" data-of="mean">{number(b.said)}</td>'
            f'<td role="cell" data-of="answerable">{figure_of(Figure(b.share, b.low, b.high, b.n, b.n))}</td>'
            if b
            else '<td role="cell" class="absent" data-of="mean">no question</td><td role="cell"></td>',
        )
        for at, b in enumerate(found)
    )
    return table_of(["probability", "mean", "answerable"], rows)
