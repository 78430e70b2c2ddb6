"""The command that marks answers: grade."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlprep_bot.cli.common import make_app, print_json

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.domain import Question


def grade(
    card: Annotated[str | None, typer.Argument(help="A card's id, e.g. k-means-clustering.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="The answer; - reads standard input.")] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch",
            allow_dash=True,
            help='JSON Lines of {"id", "question", "answer", "reference" or "key_points" or "card"}; - reads stdin.',
        ),
    ] = None,
    writer: Annotated[str, typer.Option("--writer", help="A writer whose model marks too; none: no model.")] = "",
) -> None:
    """Mark answers point by point; prints one JSON object an answer."""
    from mlprep_bot import batches, grading_batch, terminal
    from mlprep_bot.app import bundled_corpus

    app = make_app()
    graders = {whole: app.grader(writer, of_reference=whole) for whole in (False, True)}
    find = grading_batch.card_finder(bundled_corpus(), lambda: _indexed(app))
    if batch is not None:
        for line in batches.read(batch):
            done = batches.respond_object(
                line, grading_batch.EXPECTED, lambda v: grading_batch.grade(v, graders.__getitem__, find)
            )
            print_json(done if "error" not in done else {**grading_batch.nothing(graders[False].name), **done})
        return
    said = typer.get_text_stream("stdin").read() if answer == "-" else answer
    value = {"card": terminal.required(card, "a card's id"), "answer": terminal.required(said, "an answer (--answer)")}
    print_json(grading_batch.grade(value, graders.__getitem__, find))


def _indexed(app: App) -> list[Question]:
    return [] if app.is_empty() else app.questions()
