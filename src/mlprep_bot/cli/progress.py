"""What was practised: `mlprep progress`, and all of a user's own data in and out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mlprep_bot.cli.common import JsonFlag, make_app, make_ready_app, print_json

progress = typer.Typer(rich_markup_mode=None, no_args_is_help=False)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", allow_dash=True, help="- is standard input or output.")]
OutOption = Path | None


@progress.callback(invoke_without_command=True)
def summary(context: typer.Context, as_json: JsonFlag = False) -> None:
    """Show what you know by topic, what is due, and past interviews; import and export all of it."""
    if context.invoked_subcommand is not None:
        return
    from mlprep_bot.cli import summaries

    found = summaries.gather(make_app())
    if as_json:
        print_json(summaries.as_json(found))
    else:
        summaries.show(found)


@progress.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="As mlprep progress lists it.")],
    markdown: Annotated[OutOption, typer.Option(help="Write it to this file instead; - is standard output.")] = None,
    anki: Annotated[OutOption, typer.Option(help="Write Anki cards of what was missed to this .apkg file.")] = None,
) -> None:
    """Show an interview again: the debrief of each question, and the report."""
    from mlprep_bot.cli import endings

    endings.show_again(make_ready_app(), name, markdown, anki)


@progress.command(name="export")
def export_(file: FileArgument) -> None:
    """Write everything that is held to one JSON file."""
    from mlprep_bot.cli import files
    from mlprep_bot.terminal import say
    from mlprep_bot.wording import plural

    data = make_app().progress.export()
    files.write_export(file, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    say(f"{plural(len(data['interviews']), 'interview')}.")


@progress.command(name="import")
def import_(file: FileArgument) -> None:
    """Take in an export: what is held stays, what is new is added."""
    from mlprep_bot.cli import files
    from mlprep_bot.terminal import say
    from mlprep_bot.wording import plural

    merged = make_app().progress.merge(files.read_export(file))
    say(f"{plural(merged.added, 'interview')} added, {merged.continued} continued, {merged.known} known already.")


@progress.command()
def delete(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every interview for good."""
    from mlprep_bot.errors import SettingsError
    from mlprep_bot.terminal import say
    from mlprep_bot.wording import plural

    held = make_app().progress
    count = plural(len(held.interviews()), "interview")
    if not yes:
        if not sys.stdin.isatty():
            raise SettingsError(f"This deletes {count} for good.", "Add --yes if you mean it.")
        typer.confirm(f"Delete {count} for good?", abort=True)
    say(f"{plural(held.delete_all(), 'interview')} deleted.")
