"""The commands. Each one parses, calls the `App`, and hands the result to `terminal` or `contract`.

Exit codes: 0 done (a refusal is an answer); 1 something failed; 2 wrong usage or setting;
3 a document cannot be used; 4 the library cannot be used; 5 the embedding model cannot be used;
6 the language model cannot be used; 130 interrupted. Nothing heavy is imported at module level.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlprep_bot import __version__
from mlprep_bot.errors import MlprepError

if TYPE_CHECKING:
    from mlprep_bot.app import App

cli = typer.Typer(
    name="mlprep",
    help="A private interview partner for machine-learning roles: answers from your documents, every sentence checked.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or setting, 3 document, 4 library, 5 embedding model, "
    "6 language model, 130 interrupted.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

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


def print_json(value: dict[str, Any]) -> None:
    """One line on stdout, flushed, so that a batch can be read as it goes."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@cli.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address of the page; not loopback needs MLPREP_TOKEN.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the page (default 7860).")] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Start the page. Other commands work in the terminal."""
    if version:
        typer.echo(f"mlprep {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    from mlprep_bot import terminal
    from mlprep_bot.ui.serve import serve

    app = make_app(host=host, port=port)
    with terminal.progress_bars() as progress:
        app.prepare(progress)
    serve(app)


@cli.command()
def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; none: everything indexed before.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Take these paths out of the library instead.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Index files and folders and report on their health."""
    from mlprep_bot import contract, reports, terminal

    app = make_app()
    with terminal.progress_bars() as progress:
        if forget:
            report = app.forget(paths or [], progress=progress)
        else:
            report = app.index(paths or [], dry_run=dry_run, progress=progress)
    if as_json:
        print_json(contract.index_json(report))
    elif dry_run:
        reports.show_plan(report)
    else:
        reports.show_health(report)


@cli.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    budget: BudgetOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show ranks, scores and timings of each passage.")] = False,
    batch: BatchOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Find the passages for a question."""
    from mlprep_bot import batches, contract, terminal

    app = make_ready_app()
    if batch is not None:
        for line in batches.read(batch):
            print_json(batches.respond(line, lambda item: batches.search(app, item, budget, explain)))
        return
    found, seconds = app.timed_search(terminal.required(query, "a question to search for"), budget_chars=budget)
    if as_json:
        print_json(contract.search_json(found.query, found, seconds, explain=explain))
    else:
        terminal.show_passages(found, seconds, explain=explain)


@cli.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question; none: a conversation in the terminal.")] = None,
    writer: WriterOption = None,
    model: ModelOption = None,
    batch: BatchOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Answer a question, with every sentence checked."""
    from mlprep_bot import batches, contract, terminal

    app = make_ready_app(writer=writer, model=model)
    if batch is not None:
        answerer = app.answerer()
        for line in batches.read(batch):
            print_json(batches.respond(line, lambda item: batches.ask(answerer, item)))
    elif as_json:
        answer = app.answerer().answer(terminal.required(question, "a question"))
        print_json(contract.answer_json(answer))
    elif question is None:
        terminal.converse(app)
    else:
        terminal.show_stream(app.answerer().stream(question))


@cli.command()
def questions(
    topic: Annotated[str | None, typer.Option("--topic", help="Only topics that contain this.")] = None,
    unanswered: Annotated[bool, typer.Option("--unanswered", help="Only those that nobody answered.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the questions found in the documents, by topic."""
    from mlprep_bot import contract, reports

    app = make_ready_app()
    chosen = [
        question
        for question in app.questions()
        if (topic is None or topic.lower() in question.topic.lower()) and not (unanswered and question.answered)
    ]
    if as_json:
        print_json({"questions": [contract.question_json(question) for question in chosen]})
    else:
        reports.show_questions(chosen)


@cli.command()
def show(document: Annotated[str, typer.Argument(help="A document's name, as citations give it.")]) -> None:
    """Print a document as offsets count it."""
    sys.stdout.write(make_ready_app().document(document).text)


@cli.command()
def models(
    pull: Annotated[str | None, typer.Option("--pull", help="Fetch this model into Ollama.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List, recommend and pull language models."""
    from mlprep_bot import reports, terminal

    app = make_app()
    if pull is not None:
        with terminal.progress_bars() as progress:
            app.pull(pull, progress)
        terminal.say(f"{pull} is ready.")
        return
    catalogue = app.catalogue()
    if as_json:
        print_json(catalogue.as_json())
    else:
        reports.show_catalogue(catalogue)


@cli.command()
def doctor(as_json: JsonFlag = False) -> None:
    """Check every part and say how to fix it."""
    from mlprep_bot import reports
    from mlprep_bot.doctor import examine

    checks = examine(make_app())
    if as_json:
        print_json({"checks": [check.as_json() for check in checks]})
    else:
        reports.show_checks(checks)
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line: an expected failure prints one line, anything else keeps its traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        cli(standalone_mode=True)
    except MlprepError as error:
        from mlprep_bot import contract, terminal

        if "--json" in sys.argv[1:]:
            print_json(contract.error_json(error))
        terminal.complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
