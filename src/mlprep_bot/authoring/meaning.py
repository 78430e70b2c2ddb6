"""What needs the embedding model: questions that ask the same, and key points that no sentence states."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.quotes import find_quote
from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.authoring.corpus import Card, Corpus, Problem
from mlprep_bot.domain import Passage, Ranking
from mlprep_bot.ports import Embedder

SAME_QUESTION = 0.84  # cosine from which two cards' questions, or a question and another card's alias, are one
_CANDIDATES = 3  # places of a body that are compared in full with a key point
_NO_RANKING = Ranking(None, None, None, None, 0.0)


def same_questions(corpus: Corpus, embedder: Embedder) -> Iterator[Problem]:
    """Questions and aliases of different cards that nearly coincide: a user's wording must lead to one card."""
    asked = [(card, text, nth) for card in corpus.cards for nth, text in _wordings(card)]
    if not asked:
        return
    vectors = embedder.embed_documents([text for _, text, _ in asked])
    near = np.argwhere(np.triu(vectors @ vectors.T, k=1) >= SAME_QUESTION)
    for left, right in near.tolist():
        (one, text, _), (other, again, later) = asked[left], asked[right]
        if one.id != other.id:
            cosine = float(vectors[left] @ vectors[right])
            message = f"“{again}” asks nearly the same as “{text}” of {one.name} (cosine {cosine:.2f})"
            yield other.problem("duplicate", message, key="question" if later is None else "aliases", nth=later)


def unsupported_points(
    corpus: Corpus, checker: SupportChecker, progress: Callable[[int, int], None]
) -> Iterator[Problem]:
    """Key points that no sentence of their card's body supports, by the check that answers go through."""
    for done, card in enumerate(corpus.cards, start=1):
        units = [unit for unit in split_units(card.body) if unit.kind in ("text", "table")]
        for nth, point in enumerate(card.rubric.key_points):
            if find_quote(point.text, card.body):
                continue
            # The likely places first: comparing a claim with a whole body takes seconds.
            support = checker.check(point.text, _places(card, units, point.text))
            if not support.supported:
                support = checker.check(point.text, [_passage(card, 1, card.body_start, card.body_end)])
            if not support.supported:
                message = f"no sentence states key point {nth + 1}: {support.reason}"
                if support.span:
                    nearest = card.text[support.span.start : support.span.end]
                    message += f"; nearest, line {card.line_at(support.span.start)}: “{_short(nearest)}”"
                yield card.problem("support", message, key="key_points", nth=nth)
        progress(done, len(corpus.cards))


def _wordings(card: Card) -> Iterator[tuple[int | None, str]]:
    yield None, card.question.text
    yield from enumerate(card.rubric.aliases)


def _places(card: Card, units: list[Unit], claim: str) -> list[Passage]:
    """The sentences of a body that share most words with a claim, each with the one after it."""
    wanted = {token.stem for token in tokens(claim) if token.content or token.number}
    shared = [len(wanted & {token.stem for token in tokens(card.body[u.body : u.end])}) for u in units]
    best = sorted(range(len(units)), key=lambda at: -shared[at])[:_CANDIDATES]
    places = []
    for n, at in enumerate(best, start=1):
        follows = units[at + 1] if at + 1 < len(units) else units[at]
        last = follows if follows.paragraph == units[at].paragraph else units[at]
        start, end = card.body_start + units[at].start, card.body_start + last.end
        places.append(_passage(card, n, start, end))
    return places


def _passage(card: Card, n: int, start: int, end: int) -> Passage:
    return Passage(n, card.text[start:end], card.name, start, end, "", card.question.text, 0.0, (), _NO_RANKING)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 100 else f"{flat[:97]}…"
