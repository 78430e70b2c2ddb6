"""Questions that a user's documents most likely do not answer, for the unanswerable part of a draft.

They are found by words and nearness, not by the evidence gate: what the gate is to be measured by must not be chosen
by it. What is near nothing is also easy to refuse, so a mentor who knows the documents writes better ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlprep_bot.answering.facts import everyday, stem
from mlprep_bot.domain import Question
from mlprep_bot.evaluation.drafting.evidence import Library
from mlprep_bot.evaluation.questions import HeldOut
from mlprep_bot.knowledge.lexical import terms

CHECK = "do your documents answer this? Then delete the line. (No sentence of them is near, so it is an easy one.)"
ASKED = "your documents ask this and seem to leave it open: do they answer it anywhere?"
# Of a question's content words, in two neighbouring sentences: with more of them, they may well answer it.
_MOST_SAID = 0.6
# Best cosine of a sentence. On the dev split of the seed documents' questions 91 in 100 answerable ones are nearer.
_MOST_NEAR = 0.45
_TOUCHING = 2  # words; one alone may mean something else here
_SHORT = 12  # words; a longer question has more ways of being answered
_POINTED = ("near-domain", "fact")  # of a vaguer one ("the endpoint falls over") nobody can say that nothing answers it
_OPEN = 20  # questions that documents leave open

Nearest = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Foreign:
    """Questions made for other documents, and the cosine of the sentence of these that is nearest to a text."""

    questions: Sequence[HeldOut] = ()
    nearest: Nearest | None = None


def near_domain(
    library: Library, candidates: Iterable[HeldOut], nearest: Nearest | None, most: int, rng: random.Random
) -> list[HeldOut]:
    """Of questions about a neighbouring subject up to `most` that the documents touch on and do not answer.

    `nearest` gives the cosine of the sentence that is nearest to a text; without it words alone decide.
    """
    listed = [q for q in candidates if not q.history and len(q.question.split()) <= _SHORT]
    rng.shuffle(listed)
    listed.sort(key=lambda question: question.kind not in _POINTED)
    found: list[HeldOut] = []
    for question in listed:
        if len(found) >= most:
            break
        if _touched(library, question.question) and unsaid(library, question.question, nearest):
            found.append(question)
    return found


def far_domain(
    library: Library, candidates: Iterable[HeldOut], nearest: Nearest | None, most: int, rng: random.Random
) -> list[HeldOut]:
    """Up to `most` questions about something else entirely; even these a cook's notes may answer."""
    listed = list(candidates)
    rng.shuffle(listed)
    return [q for q in listed[: 2 * most] if unsaid(library, q.question, nearest)][:most]


def left_open(found: Iterable[Question], answered: Sequence[frozenset[str]]) -> list[Question]:
    """Questions that the documents ask and answer nowhere, in whatever order of words."""
    seen = set(answered)
    kept = []
    for question in found:
        content = frozenset(terms(question.text))
        if question.answer is None and content and content not in seen:
            seen.add(content)
            kept.append(question)
    return kept[:_OPEN]


def _touched(library: Library, question: str) -> bool:
    """Whether the documents have words of it that are no everyday words: their subject is near its subject."""
    asked = {term for term in terms(question) if not {term, stem(term)} & everyday()}
    return len(asked & library.vocabulary) >= min(_TOUCHING, (len(asked) + 1) // 2) > 0


def unsaid(library: Library, question: str, nearest: Nearest | None) -> bool:
    """Whether a word of the question is nowhere in the documents, and no sentence is near it."""
    asked = frozenset(terms(question))
    if not asked - library.vocabulary:
        return False
    if any(len(asked & window) > _MOST_SAID * len(asked) for window in library.windows):
        return False
    return nearest is None or nearest(question) < _MOST_NEAR
