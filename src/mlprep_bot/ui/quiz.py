"""Which askable question an answered exchange of the chat is about, for "quiz me on this" (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from mlprep_bot.domain import Question, Source
from mlprep_bot.ui.conversation import Exchange


def quiz_for(exchange: Exchange, questions: Sequence[Question], askable: Collection[str]) -> str:
    """The id of the question whose answer was cited first, "" when there is none among `askable` ids."""
    if exchange.running or exchange.refused:
        return ""
    for place in _places(exchange):
        for question in questions:
            if question.id in askable and _holds(question, place):
                return question.id
    return ""


def _places(exchange: Exchange) -> Iterable[Source]:
    """Where the first cited words stand, then the other places of their passage."""
    first = next((c for sentence in exchange.sentences for c in sentence.citations), None)
    if first is None:
        return
    yield Source(first.document, first.start, first.end)
    yield from (source for p in exchange.passages if p.id == first.passage for source in p.sources)


def _holds(question: Question, place: Source) -> bool:
    """Whether `place` lies in the question or in its answer."""
    if question.document != place.document or question.answer is None:
        return False
    return question.start <= place.start < max(question.end, question.answer.end)
