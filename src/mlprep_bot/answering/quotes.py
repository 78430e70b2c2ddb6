"""Find a sentence that was copied word for word from a passage, whatever happened to its marks (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlprep_bot.answering.sentences import split_units
from mlprep_bot.domain import Span

_SAME = {
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "−": "-",
    "‑": "-",
    "…": ".",
}
_DROPPED = frozenset("*_`>#|\\")
# A clause that is quoted without the words before it must not lose a "not", an "if" or a "myth" with them.
_TURNS = re.compile(
    r"\b(?:not|no|never|nor|neither|without|cannot|hardly|unless|if|whether|myth|false|wrong|belie\w+|fail\w*|assum\w+|"
    r"suppos\w+|claim\w*|misconception|mistake\w*|incorrect\w*|den(?:y|ies|ied)|doubt\w*|only|seldom|rarely)\b|n't\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 4
_TITLES = frozenset(["heading", "label"])


def find_quote(sentence: str, text: str) -> Span | None:
    """The span of `text` that `sentence` repeats: whole sentences, or a clause that means the same by itself."""
    wanted = _bare(sentence)
    if not wanted or not re.search(r"\w", wanted):
        return None
    normal, offsets = _normal(text)
    at = normal.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if _whole_words(normal, at, end):
            span = Span(offsets[at], offsets[end - 1] + 1)
            if _stands_alone(text, span, wanted):
                return _grown(text, span)
        at = normal.find(wanted, at + 1)
    return None


def repeats_heading(sentence: str, text: str, above: Sequence[str] = ()) -> bool:
    """Whether `sentence` only says what a heading or run-in title of `text` says, or one of `above`: it states nothing.

    False when a sentence of `text` says the same.
    """
    wanted = _bare(sentence)
    said = [(_bare(text[unit.body : unit.end]), unit.kind) for unit in split_units(text)]
    kinds = {kind for bare, kind in said if bare == wanted}
    return bool(wanted) and kinds <= _TITLES and (bool(kinds) or wanted in {_bare(title) for title in above})


def _bare(text: str) -> str:
    return _normal(text)[0].strip(" .;:,!?\"'")


def _normal(text: str) -> tuple[str, list[int]]:
    """Lower case without Markdown marks and with single blanks, and the offset of every character kept."""
    characters: list[str] = []
    offsets: list[int] = []
    line_start = True
    i = 0
    while i < len(text):
        if line_start and (item := re.compile(r"[ \t>]*(?:[-*+•]|\d{1,3}[.)])[ \t]+").match(text, i)):
            i = item.end()
            line_start = False
            continue
        character = _SAME.get(text[i], text[i])
        line_start = character == "\n"
        if character.isspace():
            if characters and characters[-1] != " ":
                characters.append(" ")
                offsets.append(i)
        elif character not in _DROPPED:
            lowered = character.lower()
            characters.append(lowered if len(lowered) == 1 else character)
            offsets.append(i)
        i += 1
    return "".join(characters), offsets


def _whole_words(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() and text[start].isalnum()) and not (after.isalnum() and text[end - 1].isalnum())


def _stands_alone(text: str, span: Span, wanted: str) -> bool:
    units = [u for u in split_units(text) if u.start < span.end and u.end > span.start]
    first, last = units[0], units[-1]
    before = re.sub(r"\W+", "", text[first.body : span.start]) if span.start > first.body else ""
    after = re.sub(r"\W+", "", text[span.end : last.end])
    if not before and not after:
        return True
    if len(wanted.split()) < _FEWEST_WORDS:
        return False
    left = text[first.body : span.start] if before else ""
    right = text[span.end : last.end]
    return not _TURNS.search(left) and not _TURNS.search(right)


def _grown(text: str, span: Span) -> Span:
    """The span with the punctuation and marks that close it."""
    end = span.end
    while end < len(text) and text[end] in ".!?\"'”’)*_`$":
        end += 1
    start = span.start
    while start and text[start - 1] in '*_`$"“(':
        start -= 1
    return Span(start, end)
