"""Commands for people who write cards or bring notes: corpus check, corpus map, corpus new."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlprep_bot.cli.common import JsonFlag, make_app, make_ready_app, print_json
from mlprep_bot.errors import UnreadableDocument

corpus = typer.Typer(
    no_args_is_help=True, help="Write cards: find their problems, see what they cover, begin a new one."
)

CorpusOption = Annotated[Path | None, typer.Option("--corpus", help="Folder of the cards; default: the bundled ones.")]


@corpus.command()
def check(
    cards: Annotated[list[Path] | None, typer.Argument(help="Cards to report on; none: all of them.")] = None,
    folder: CorpusOption = None,
    run: Annotated[bool, typer.Option(help="Run the cards' code and expressions: only those that you trust.")] = True,
    meaning: Annotated[
        bool, typer.Option(help="Compare questions and key points by meaning (loads the embedding model).")
    ] = True,
    as_json: JsonFlag = False,
) -> None:
    """List every problem of every card with file and line; exit code 1 when there is one."""
    from mlprep_bot import reports, terminal
    from mlprep_bot.authoring.check import check as check_cards
    from mlprep_bot.authoring.corpus import load

    app = make_app()
    root = _root(folder)
    only = [path.resolve() for path in cards or []]
    loaded = load(root)
    if not loaded.cards and not loaded.broken:
        raise UnreadableDocument(
            f"{root} holds no card.", "Begin one with `mlprep corpus new`, or name another folder."
        )
    for path in only:
        if not path.is_relative_to(root) or not path.is_file():
            raise UnreadableDocument(f"{path} is no card of {root}.", "Name files of one corpus, and it by --corpus.")
    with terminal.progress_bars() as progress:
        checked = check_cards(loaded, app.embedder if meaning else None, progress, only=only, run=run)
    if as_json:
        print_json(checked.as_json())
    else:
        reports.show_problems(checked)
    if checked.problems:
        raise typer.Exit(1)


@corpus.command("map")
def coverage(
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", allow_dash=True, help='Questions to look for, a line each or {"question"}; - reads stdin.'
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Show what all indexed documents cover, and which of a list of questions they cannot answer."""
    from mlprep_bot import reports, terminal
    from mlprep_bot.authoring import coverage as covering
    from mlprep_bot.batches import read_questions

    wanted = read_questions(questions) if questions is not None else []
    app = make_ready_app()
    with terminal.progress_bars() as progress:
        app.index(progress=progress)  # cards that were edited since
        surveyed = covering.survey(app.questions())
        found: list[covering.Wanted] = []
        for item in covering.support(wanted, app.search, app.gate.assess):
            found.append(item)
            progress("questions", len(found), len(wanted))
    if as_json:
        print_json(covering.as_json(surveyed, found))
    else:
        reports.show_map(surveyed)
        if questions is not None:
            reports.show_wanted(found)


@corpus.command()
def new(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Lower-case words joined by -; also the file's name.")],
    topic: Annotated[str, typer.Option(help="The card's folder.")],
    question: Annotated[str, typer.Option(help="As an interviewer asks it.")] = "TODO: the question?",
    level: Annotated[str, typer.Option(help="junior, mid, senior or staff.")] = "mid",
    folder: CorpusOption = None,
) -> None:
    """Begin a card from the template; what is left to write is marked TODO."""
    from mlprep_bot.authoring.corpus import load
    from mlprep_bot.authoring.template import new_card

    root = _root(folder)
    if "site-packages" in root.parts:
        raise UnreadableDocument(
            "The corpus is part of the installed package.", "Name a folder of your own: --corpus FOLDER."
        )
    path = new_card(load(root), topic, identity, question, level)
    option = f" --corpus {folder}" if folder else ""
    typer.echo(f"{path}\nFill it in (corpus/README.md says how), then run: mlprep corpus check{option} {path}")


def _root(folder: Path | None) -> Path:
    from mlprep_bot.app import bundled_corpus

    return (folder or bundled_corpus()).resolve()
