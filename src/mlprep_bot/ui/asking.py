"""From a question to a stream of exchange states: the part of the Chat tab that knows no Gradio."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from mlprep_bot.app import App
from mlprep_bot.domain import Event, Turn
from mlprep_bot.errors import MlprepError
from mlprep_bot.ui.background import Background
from mlprep_bot.ui.conversation import Exchange, advance, fail, stop

log = logging.getLogger(__name__)


def follow(app: App, exchange: Exchange, earlier: Sequence[Turn], halt: threading.Event) -> Iterator[Exchange]:
    """Yield the exchange again and again until it is finished, stopped (by `halt`) or failed.

    The same object twice in a row means that nothing is new. Closing this iterator ends the writer's stream.
    """

    def work(emit: Callable[[Event], None]) -> None:
        stream = app.answerer(exchange.writer).stream(exchange.question, earlier)
        with closing(stream) as events:  # type: ignore[type-var]  # a generator, annotated as an iterator
            for event in events:
                emit(event)  # raises when nobody watches any more

    try:
        for batch in Background(work, halt).watch():
            for event in batch:
                exchange = advance(exchange, event)
            yield exchange
        exchange = stop(exchange)
    except Exception as error:  # boundary: a defect must not look like an answer, nor take the page down
        exchange = fail(exchange, as_told(error))
    yield exchange


def as_told(error: Exception) -> MlprepError:
    """An error as a visitor is told of it in one line; the traceback of a defect goes to the terminal."""
    if isinstance(error, MlprepError):
        return error
    log.error("Unexpected error behind the page", exc_info=error)
    return MlprepError(
        f"Something went wrong inside mlprep ({type(error).__name__}).", "The terminal that runs it shows the details."
    )
