"""A chat model's stream, cut into finished sentences with the passage ids that they cite (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mlprep_bot.answering.citations import MARKER, parse
from mlprep_bot.answering.sentences import Unit, split_units

_MAY_END = re.compile(r"[.!?…。！？:\n]")
_OPENING = re.compile(r"^\^?[\[(【［]")
_CLOSING = re.compile(r"[\])】］]")


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence as the model wrote it, markers taken out. `kind` and `block` as in `sentences.Unit`."""

    text: str
    cited: tuple[str, ...]
    unknown: tuple[str, ...]
    kind: str
    block: str
    cut: bool = False  # the stream ended inside it


class DraftStream:
    """Feed pieces of text, get each sentence as soon as what follows can no longer change it."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._text = ""
        self._done = 0

    @property
    def text(self) -> str:
        """Everything so far."""
        return self._text

    def feed(self, piece: str) -> list[Draft]:
        """The sentences that `piece` finished."""
        self._text += piece
        if not _MAY_END.search(self._text, self._done):
            return []
        units = self._pending()
        finished = []
        for unit in units[:-1]:
            if not _settled(self._text[unit.end :]):
                break
            finished.append(unit)
        return self._drafts(finished)

    def finish(self, *, cut: bool = False) -> list[Draft]:
        """What is left; with `cut` the last sentence is marked unless it has an end."""
        drafts = self._drafts(self._pending())
        if cut and drafts and not re.search(r"[.!?…。！？][\"'”’)*_]*$", drafts[-1].text):
            last = drafts[-1]
            drafts[-1] = Draft(last.text, last.cited, last.unknown, last.kind, last.block, cut=True)
        return drafts

    def _pending(self) -> list[Unit]:
        """Units not handed out yet; one that changed its mind about where it begins is cut there."""
        pending = []
        for unit in split_units(self._text):
            if unit.end <= self._done:
                continue
            start = max(unit.start, self._done)
            pending.append(Unit(start, unit.end, max(unit.body, start), unit.kind, unit.block, unit.paragraph))
        return pending

    def _drafts(self, units: list[Unit]) -> list[Draft]:
        drafts: list[Draft] = []
        for unit in units:
            self._done = unit.end
            raw = self._text[unit.body : unit.end]
            parsed = parse(raw, self._known)
            text = parsed.text.strip()
            if re.search(r"\w", text):
                drafts.append(Draft(text, parsed.cited, parsed.unknown, unit.kind, unit.block))
            elif drafts:  # markers on a line of their own belong to what stands before them
                last = drafts[-1]
                cited = tuple(dict.fromkeys((*last.cited, *parsed.cited)))
                unknown = tuple(dict.fromkeys((*last.unknown, *parsed.unknown)))
                drafts[-1] = Draft(last.text, cited, unknown, last.kind, last.block)
        return drafts


def _settled(rest: str) -> bool:
    """Whether the sentence before `rest` keeps its end and its markers whatever the stream brings next."""
    rest = rest.lstrip()
    while marker := MARKER.match(rest):
        rest = rest[marker.end() :].lstrip(" \t\n.,;")
    if _OPENING.match(rest) and not _CLOSING.search(rest):
        return False
    return re.match(r"\S+\s", rest) is not None
