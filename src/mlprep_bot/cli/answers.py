"""Commands about answers and who writes them: ask, models, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from mlprep_bot.cli.common import BatchOption, JsonFlag, ModelOption, WriterOption, make_app, make_ready_app, print_json


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
