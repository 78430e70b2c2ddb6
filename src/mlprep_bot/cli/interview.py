"""The mock interview: `mlprep interview`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlprep_bot.cli.common import ModelOption, WriterOption, make_ready_app

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.cli.setups import Wish
    from mlprep_bot.interview.interviewer import Interview


def interview(  # noqa: PLR0913  a flag each
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="Go on with this interview; mlprep progress lists them.")
    ] = None,
    *,
    role: Annotated[str, typer.Option(help="ml-engineer, data-scientist, mlops, research or applied-llm.")] = "",
    level: Annotated[str, typer.Option(help="junior, mid, senior or staff.")] = "",
    topic: Annotated[list[str] | None, typer.Option(help="Only topics that contain this; may be repeated.")] = None,
    documents: Annotated[
        list[str] | None, typer.Option(help="Only this document, folder or pattern; may be repeated.")
    ] = None,
    questions: Annotated[int | None, typer.Option(min=1, help="How many; 5 when no time is given either.")] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="How long.")] = None,
    style: Annotated[str, typer.Option(help="warm-up, realistic, or drill (what is due and weak first).")] = "",
    job: Annotated[
        Path | None,
        typer.Option(help="A job description or résumé: it steers the topics; only the words shown are kept."),
    ] = None,
    timer: Annotated[bool, typer.Option("--timer/--no-timer", help="Show how much time is left.")] = True,
    resume: Annotated[
        bool | None, typer.Option("--resume/--new", help="Go on with the unfinished interview, or begin another.")
    ] = None,
    writer: WriterOption = None,
    model: ModelOption = None,
) -> None:
    """Hold a mock interview in the terminal; one that is not finished goes on where it was."""
    from mlprep_bot.cli.keyboard import Keyboard
    from mlprep_bot.cli.setups import Wish
    from mlprep_bot.cli.sitting import Sitting

    wish = Wish(role, level, tuple(topic or ()), tuple(documents or ()), questions, minutes, style, job, timer)
    app = make_ready_app(writer=writer, model=model)
    current = _open(app, name, wish, resume) or _begin(app, wish)
    Sitting(app, Keyboard()).run(current)


def _open(app: App, name: str | None, wish: Wish, resume: bool | None) -> Interview | None:
    """The interview to go on with; None to begin one. Raises SettingsError when the flags contradict each other."""
    from mlprep_bot.cli.setups import Wish
    from mlprep_bot.errors import SettingsError
    from mlprep_bot.terminal import say

    if resume is False and name is None:
        return None
    found = name or app.progress.unfinished()
    if found is None:
        if resume:
            raise SettingsError("No interview is unfinished.", "Leave --resume out to begin one.")
        return None
    if wish != Wish():
        raise SettingsError(
            f"Interview {found} goes on with its own settings, others were given.",
            "Leave them out to go on with it, or add --new to begin another.",
        )
    app.progress.entries(found)  # says that there is no such interview before anything is loaded
    say(f"Going on with interview {found} (--new begins another).")
    return app.interviewer().open(found)


def _begin(app: App, wish: Wish) -> Interview:
    from mlprep_bot.cli.setups import setup_of

    return app.interviewer().start(setup_of(app, wish))
