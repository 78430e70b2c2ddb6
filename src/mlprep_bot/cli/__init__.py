"""The commands. Each one parses, calls the `App`, and hands the result to `terminal` or `contract`.

Exit codes: 0 done (a refusal is an answer); 1 something failed; 2 wrong usage or setting;
3 a document cannot be used; 4 the library cannot be used; 5 the embedding model cannot be used;
6 the language model cannot be used; 7 what was practised cannot be read or kept; 8 nothing can be measured;
130 interrupted.
Nothing heavy is imported at module level.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mlprep_bot import __version__
from mlprep_bot.cli import answers, corpus, documents, evaluate, grade, interview, progress
from mlprep_bot.cli.common import make_app, print_json
from mlprep_bot.errors import MlprepError

cli = typer.Typer(
    name="mlprep",
    help="A private interview partner for machine-learning roles: answers from your documents, every sentence checked.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or setting, 3 document, 4 library, 5 embedding model, "
    "6 language model, 7 progress, 8 evaluation, 130 interrupted.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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


for command in (
    documents.index,
    documents.search,
    answers.ask,
    documents.questions,
    documents.show,
    interview.interview,
    grade.grade,
    answers.models,
    answers.doctor,
):
    cli.command()(command)
cli.add_typer(progress.progress, name="progress")
cli.add_typer(corpus.corpus, name="corpus")
cli.add_typer(evaluate.evaluate, name="eval")


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
