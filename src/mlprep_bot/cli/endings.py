"""The end of an interview in the terminal: the report, and an old interview shown or written to a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from mlprep_bot.cli import debriefs, files
from mlprep_bot.cli.common import pool_of
from mlprep_bot.cli.debriefs import heading
from mlprep_bot.debriefing.wording import ENDS
from mlprep_bot.interview.session import Round, State
from mlprep_bot.terminal import out, plain, say
from mlprep_bot.wording import plural, topic_title

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.debriefing.debrief import Debrief
    from mlprep_bot.debriefing.report import Practice, Reading, Report, TopicScore
    from mlprep_bot.interview.interviewer import Interview

PRACTISE_SHOWN = 5


def show_end(app: App, ended: Interview) -> None:
    """The report of an interview that ended."""
    say(f"\n{ENDS.get(ended.state.reason, ended.state.reason)}")
    show_report(_report(app, ended, _debriefs(app, ended.state)))
    say(f"\nKept as {ended.id}: mlprep progress show {ended.id} [--markdown FILE] [--anki FILE.apkg]")


def show_again(app: App, name: str, markdown: Path | None, anki: Path | None) -> None:
    """An interview with all debriefs and its report, or these written to files.

    Raises NoSuchInterview, and ProgressError when a file cannot be written.
    """
    held = app.interviewer().look(name)
    explained = _debriefs(app, held.state)
    if markdown is None and anki is None:
        for number, done in _done(held.state):
            out.print()
            out.print(Text(plain(done.prompt.text), style="bold underline"))
            debriefs.show_said(done)
            debriefs.show_round(number, done, explained[done.prompt.id])
        show_report(_report(app, held, explained))
    if markdown is not None:
        _write_markdown(app, held, explained, markdown)
    if anki is not None:
        _write_anki(held, explained, anki)


def _done(state: State) -> list[tuple[int, Round]]:
    return [(number, done) for number, done in enumerate(state.rounds, start=1) if done.done]


def _debriefs(app: App, state: State) -> dict[str, Debrief]:
    """By the prompt's id; nothing is asked twice in an interview."""
    return {done.prompt.id: app.debriefer.debrief(done) for _, done in _done(state)}


def _report(app: App, held: Interview, explained: dict[str, Debrief]) -> Report:
    from mlprep_bot.debriefing.report import report

    return report(held.id, held.state, app.progress.attempts(), time.time(), explained, pool_of(app))


# --- the report ---------------------------------------------------------------------------------


def show_report(found: Report) -> None:
    """Scores with their uncertainty, what to read and what to practise tomorrow."""
    from mlprep_bot.debriefing.report import METHOD

    if found.overall is not None:
        heading("How it went")
        named = [("All questions", found.overall), *((topic_title(one.topic), one) for one in found.by_topic)]
        width = max(len(name) for name, _ in named)
        for name, one in named:
            out.print(Text(plain(f"{name:<{width}}  {_score(one)}"), style="bold" if one is found.overall else ""))
        say(METHOD)
    apart = [(found.skipped, "skipped"), (found.ungraded, "without a mark")]
    told = ", ".join(f"{count} {words}" for count, words in apart if count)
    if told:
        out.print(f"{plural(found.graded, 'question')} with a mark, {told}.")
    if found.reading:
        heading("Most worth reading")
        for number, reading in enumerate(found.reading, start=1):
            _show_reading(number, reading)
    if found.practise:
        heading("To practise by tomorrow (mlprep interview --style drill)")
        for practice in found.practise[:PRACTISE_SHOWN]:
            _show_practice(practice)


def _score(score: TopicScore) -> str:
    scope = f"{plural(score.questions, 'question')}, {plural(score.n, 'key point')}"
    return f"{score.score:>4.0%}  {score.low:.0%} to {score.high:.0%} ({scope})"


def _show_reading(number: int, reading: Reading) -> None:
    where = f"{reading.document}  {reading.heading}" if reading.heading else reading.document
    out.print(Text.assemble(f"{number}. ", plain(reading.wording)))
    out.print(Text.assemble("   ", (plain(where), "cyan")))
    out.print(Text.assemble("   ", (plain(reading.why), "dim")))


def _show_practice(practice: Practice) -> None:
    first, *others = practice.points
    more = f" (and {len(others)} more)" if others else ""
    out.print(Text.assemble("• ", plain(first), (more, "dim")))


# --- files --------------------------------------------------------------------------------------


def _write_markdown(app: App, held: Interview, explained: dict[str, Debrief], path: Path) -> None:
    from mlprep_bot.debriefing.exports import markdown

    files.write(path, markdown(_report(app, held, explained), held.state, explained).encode())
    say(f"{path}: the whole interview.")


def _write_anki(held: Interview, explained: dict[str, Debrief], path: Path) -> None:
    from mlprep_bot.debriefing.exports import anki, misses

    missed = misses(held.state, explained)
    if not missed:
        say("Nothing was missed, so there are no cards to write.")
        return
    files.write(path, anki(missed))
    say(f"{path}: {plural(len(missed), 'card')} for Anki.")
