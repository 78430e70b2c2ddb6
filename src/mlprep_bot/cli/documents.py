"""Commands about documents: index, search, questions, show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mlprep_bot.cli.common import BatchOption, BudgetOption, JsonFlag, make_app, make_ready_app, print_json


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


def show(document: Annotated[str, typer.Argument(help="A document's name, as citations give it.")]) -> None:
    """Print a document as offsets count it."""
    sys.stdout.write(make_ready_app().document(document).text)
