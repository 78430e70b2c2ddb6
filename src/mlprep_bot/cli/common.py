"""What the commands share: options, the application, and JSON on stdout."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.interview.session import Prompt

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
BatchOption = Annotated[
    Path | None,
    typer.Option("--batch", allow_dash=True, help='JSON Lines of {"id", "question"}; - reads standard input.'),
]
BudgetOption = Annotated[int | None, typer.Option("--budget", min=1, help="Characters of passages at the most.")]
WriterOption = Annotated[
    str | None, typer.Option("--writer", help="Who writes: auto, ollama, openai or extractive (no model).")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Model name at the writer.")]


def make_app(**overrides: object) -> App:
    """The wired application with flags on top of environment and file."""
    from mlprep_bot.app import App
    from mlprep_bot.settings import load_settings

    return App(load_settings(**overrides))


def make_ready_app(**overrides: object) -> App:
    """An application with something to search: an empty library first takes in the bundled corpus."""
    from mlprep_bot import terminal

    app = make_app(**overrides)
    if app.is_empty():
        terminal.say("Nothing is indexed yet: indexing the bundled corpus first (once).")
        with terminal.progress_bars() as progress:
            app.index(progress=progress)
    return app


def pool_of(app: App) -> list[Prompt] | None:
    """What can be asked; None when the documents cannot be read, which keeps nobody from seeing their own progress."""
    from mlprep_bot.errors import EmbedderError, LibraryError

    try:
        return app.pool()
    except (LibraryError, EmbedderError):
        return None


def print_json(value: dict[str, Any]) -> None:
    """One line on stdout, flushed, so that a batch can be read as it goes."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
