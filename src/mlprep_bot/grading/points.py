"""The key points that an answer is marked by: the card author's, else those of a reference answer (pure).

A reference answer (the answer in a user's own notes, or one given with a batch) says its points in its own
sentences: each sentence or list item that states something becomes a key point, in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.domain import KeyPoint, Question

MOST_DERIVED = 8
# A sentence with fewer content words is an aside ("This matters.") and goes with the one before it.
_FEWEST_WORDS = 3
_FEWEST_NEW = 2  # content words that the question does not have
_ALONE = 5  # content words from which on a list item is understood without the line that leads to it
_LONGEST = 400  # characters of a key point; a longer sentence is cut at its clauses
_LONGEST_LEAD = 120  # characters
_FULL_WEIGHT = 3  # of the opening sentence, where notes give the gist; an aside weighs 1

_CLAUSE = re.compile(r"(?<=[;])\s+|\s+[–—-]\s+(?=\w)")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|^#+\s*|^>\s*", re.MULTILINE)
_REMARK = re.compile(r"(?:see|cf\.?|source|reference|figure|image|note to self|todo|tbd|link)\b[\s:]", re.IGNORECASE)
_NUMBER = re.compile(r"^\(?\d{1,2}[.)]\s*(?=[A-Za-z])")
_SPEAKER = re.compile(
    r"^(?:(?:model |sample |short )?answer|a|ans|key points?|possible (?:answers?|differences?))\s*[:.)]\s*",
    re.IGNORECASE,
)


def points_of(question: Question, text_of: Callable[[str], str]) -> tuple[tuple[KeyPoint, ...], bool]:
    """The key points of an answered question, and whether they were derived from its answer.

    `text_of` gives a document's text by name. () when the answer states nothing that could be marked.
    """
    if question.rubric is not None and question.rubric.key_points:
        return question.rubric.key_points, False
    if question.answer is None:
        return (), True
    answer = text_of(question.document)[question.answer.start : question.answer.end]
    return derived(answer, question.text), True


def derived(reference: str, question: str = "", most: int = MOST_DERIVED) -> tuple[KeyPoint, ...]:
    """Up to `most` key points of a reference answer, in its order; the sentence that opens it weighs most.

    A sentence that says hardly more than the question is none. Too many sentences: list items and the first
    sentences of paragraphs are kept before the others.
    """
    asked = _content(question)
    stated = list(_statements(reference))
    found = [(said, leads) for said, leads in stated if len(_content(said) - asked) >= _FEWEST_NEW] or stated
    if len(found) > most:
        first = sorted(range(len(found)), key=lambda i: (not found[i][1], i))[:most]
        found = [found[i] for i in sorted(first)]
    weights = [_FULL_WEIGHT if i == 0 and len(found) > 2 else 2 if leads else 1 for i, (_, leads) in enumerate(found)]
    return tuple(KeyPoint(text, weight) for (text, _), weight in zip(found, weights, strict=True))


def _statements(reference: str) -> Iterator[tuple[str, bool]]:
    """What the reference states, and whether it leads a paragraph or is a list item. Nothing is said twice."""
    seen: set[frozenset[str]] = set()
    pending = ""
    for unit, opens in _units(reference):
        said = _clean(reference[unit.body : unit.end])
        if said.endswith(":"):  # it leads to a list, whose short items need it to be understood
            pending = said if len(said) < _LONGEST_LEAD else ""
            continue
        if said.endswith("?") or _REMARK.match(said):
            continue
        listed = unit.block in ("bullet", "number")
        needs_lead = listed and len(_content(said)) < _ALONE
        whole = f"{pending} {said}" if pending and needs_lead else said
        pending = pending if listed else ""
        for piece in _pieces(whole):
            content = frozenset(_content(piece))
            if len(content) >= _FEWEST_WORDS and content not in seen:
                seen.add(content)
                yield piece, opens
    if not seen and (said := _clean(reference)):  # "Yes.", "Terminal 2": all that there is
        yield said[:_LONGEST], True


def _units(reference: str) -> Iterator[tuple[Unit, bool]]:
    paragraph = -1
    for unit in split_units(reference):
        if unit.kind in ("text", "label"):
            yield unit, unit.block in ("bullet", "number") or unit.paragraph != paragraph
            paragraph = unit.paragraph


def _content(text: str) -> set[str]:
    return {t.stem for t in tokens(text) if t.content or t.number}


def _clean(text: str) -> str:
    return _SPEAKER.sub("", _NUMBER.sub("", re.sub(r"\s+", " ", _MARKS.sub("", text)).strip()))


def _pieces(text: str) -> list[str]:
    """The sentence, cut at semicolons and dashes while it is too long to be one point."""
    if len(text) <= _LONGEST:
        return [text]
    parts = [part.strip() for part in _CLAUSE.split(text) if part.strip()]
    return [part[:_LONGEST] for part in parts]
