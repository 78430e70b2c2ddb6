"""Lists and reports as a person reads them in a terminal: questions, plans, health, models, checks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from mlprep_bot.domain import HealthReport, Question
from mlprep_bot.terminal import out, plain, say

if TYPE_CHECKING:
    from mlprep_bot.authoring.check import Checked
    from mlprep_bot.authoring.coverage import Map, Wanted
    from mlprep_bot.doctor import Check
    from mlprep_bot.models import Catalogue

LISTED_AT_MOST = 20  # a health report longer than a screen is not read; --json has all


def show_questions(questions: Sequence[Question]) -> None:
    """Questions under their topics; unanswered ones are marked."""
    ordered = sorted(questions, key=lambda question: (question.topic, question.document, question.line))
    for topic, group in groupby(ordered, key=lambda question: question.topic):
        out.print(Text(plain(topic or "(no topic)"), style="bold"))
        for question in group:
            where = f"  {question.document}:{question.line}"
            mark = "" if question.answered else "  unanswered"
            out.print(Text.assemble(f"  {plain(question.text)}", (plain(where), "dim"), (mark, "yellow")))
    unanswered = sum(not question.answered for question in questions)
    say(f"{len(questions)} questions, {unanswered} unanswered.")


def show_plan(report: HealthReport) -> None:
    """What `mlprep index` would do."""
    plan = report.plan
    for label, names in (("add", plan.added), ("change", plan.changed), ("remove", plan.removed)):
        for name in names:
            out.print(Text(plain(f"{label:<7} {name}")))
    for failure in plan.failed:
        out.print(Text(plain(f"cannot read {failure.path}: {failure.reason}"), style="yellow"))
    out.print(
        f"{len(plan.added)} to add, {len(plan.changed)} to change, {len(plan.removed)} to remove, "
        f"{len(plan.unchanged)} unchanged. Nothing was changed."
    )
    if plan.rebuild:
        out.print(Text(f"The serving index would be rebuilt: {plan.rebuild}"))


def show_health(report: HealthReport) -> None:
    """The health report of an index run."""
    unanswered = [question for question in report.questions if not question.answered]
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_row("documents", str(report.documents))
    found, open_ = len(report.questions), len(unanswered)
    table.add_row("questions", f"{found} found, {found - open_} answered, {open_} unanswered")
    table.add_row("chunks", f"{report.chunks_added} added, {report.chunks_kept} kept, {report.chunks_removed} removed")
    table.add_row("embedded", f"{report.embedded} texts" if report.embedded else "nothing: all was known already")
    table.add_row("near-duplicates", f"{len(report.near_duplicates)} pairs of passages across documents")
    table.add_row("unreadable", f"{len(report.failed)} files")
    table.add_row("time", f"{report.seconds:.1f} s")
    out.print(table)
    show_some("Unanswered", [f"{q.document}:{q.line}  {q.text}" for q in unanswered])
    show_some(
        "Near-duplicates",
        [
            f"{pair.left.document} [{pair.left.start}:{pair.left.end}] ~ "
            f"{pair.right.document} [{pair.right.start}:{pair.right.end}]  {pair.similarity:.2f}"
            for pair in report.near_duplicates
        ],
    )
    show_some("Could not be read", [f"{failure.path}: {failure.reason}" for failure in report.failed])
    for note in report.notes:
        out.print(Text(plain(note)))


def show_some(title: str, lines: Sequence[str]) -> None:
    """A titled list, cut where nobody reads on, with the count of what was left out."""
    if not lines:
        return
    out.print(Text(title, style="bold"))
    for line in lines[:LISTED_AT_MOST]:
        out.print(Text(f"  {plain(line)}"))
    if len(lines) > LISTED_AT_MOST:
        out.print(Text(f"  … and {len(lines) - LISTED_AT_MOST} more (--json lists all)", style="dim"))


def show_catalogue(catalogue: Catalogue) -> None:
    """Installed models and the recommended one."""
    for line in catalogue.lines():
        out.print(Text(plain(line)))


def show_checks(checks: Sequence[Check]) -> None:
    """The doctor's findings, a line each, with the fix below what needs one."""
    styles = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red")}
    for check in checks:
        mark, style = styles[check.state]
        out.print(Text.assemble((f"{mark} ", style), (f"{check.part:<22}", "bold"), plain(check.seen)))
        if check.fix:
            out.print(Text(f"  {'':<22}→ {plain(check.fix)}"))


def show_problems(checked: Checked) -> None:
    """Every problem of a corpus, a line each as compilers print them, and the count."""
    for problem in checked.problems:
        out.print(Text(plain(str(problem))), soft_wrap=True)
    for counts in filter(None, (checked.levels, checked.topics)):
        say(", ".join(f"{name} {count}" for name, count in counts.items()))
    found = f"{len(checked.problems)} problems" if checked.problems else "no problem"
    say(f"{checked.cards} cards, {checked.key_points} key points: {found}.")


def show_map(surveyed: Map) -> None:
    """Topics by level, with their follow-ups to and from other topics."""
    from mlprep_bot.authoring.coverage import COLUMNS

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("topic")
    for title in (*COLUMNS, "all", "open", "out", "in"):
        table.add_column(title, justify="right")
    for topic in surveyed.topics:
        levels = [str(topic.levels.get(level, 0) or "·") for level in COLUMNS]
        counts = [str(topic.questions), str(topic.unanswered or "·"), str(topic.out or "·"), str(topic.into or "·")]
        table.add_row(plain(topic.name or "(no topic)"), *levels, *counts, style="yellow" if topic.orphan else None)
    sums = [str(sum(topic.levels.get(level, 0) for topic in surveyed.topics) or "·") for level in COLUMNS]
    total = sum(topic.questions for topic in surveyed.topics)
    table.add_row(
        "all", *sums, str(total), str(sum(topic.unanswered for topic in surveyed.topics) or "·"), style="bold"
    )
    out.print(table)
    say("open: without an answer; out, in: follow-ups that lead to other topics, and that come from them.")
    show_some("Topics that no follow-up leads out of or into", [t.name for t in surveyed.topics if t.orphan])
    show_some("Cards that no other card's follow-up leads to", surveyed.unreached)
    show_some("Follow-ups that lead nowhere", surveyed.dangling)


def show_wanted(wanted: Sequence[Wanted]) -> None:
    """How many questions of a list the documents support, and all that they do not."""
    supported = sum(item.supported for item in wanted)
    for item in wanted:
        if not item.supported:
            out.print(Text.assemble(("✗ ", "yellow"), plain(item.question), (f"  {plain(item.reason)}", "dim")))
    share = f" ({supported / len(wanted):.0%})" if wanted else ""
    say(f"{supported} of {len(wanted)} questions find support{share}.")
