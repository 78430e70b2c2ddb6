"""Passages cut into what can be quoted, each piece with what it leans on. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.answering.sections import Role, Section, TextOf, section_at, sections
from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.domain import Passage

_ITEMS_OF_LEAD_IN = 6
_MOST_CODE_LINES = 25

_DANGLING = re.compile(
    r"[\"'(*_]*(?:this|that|these|those|it|its|they|their|them|he|she|such|here|then|otherwise|however|therefore|thus|"
    r"hence|so|but|and|also|both|the (?:latter|former|same|other|first|second|third|result|reason|effect|converse)|"
    r"in this|for this|in that|instead|moreover|furthermore|additionally|similarly|likewise|conversely|as a result|"
    r"for example|for instance|in contrast|by contrast|on the other hand|still|yet|again|another|one (?:reason|way)|"
    r"below|above|next|finally|overall)\b",
    re.IGNORECASE,
)
_ANSWER_LABEL = re.compile(
    r"(?:[>*_ ]*)(?:ans(?:wer)?|sol(?:ution)?)(?:[ \t]*\d+)?[ \t]*(?::[ \t]*-*|[-–]+|\.)[*_ ]*[ \t]*", re.IGNORECASE
)
_WORDLESS = re.compile(r"^(?:!?\[[^\]]*\]\([^)]*\)|https?://\S+|[\W\d_]+)$")
_FENCE_LINE = re.compile(r"^[ \t]*```(.*)$", re.MULTILINE)


@dataclass(slots=True)
class Piece:
    """One quotable unit; `start:end` are offsets of the document, `unit` has those of the passage.

    `lead` introduces it and `before` is the sentence that it leans on: indices, or None.
    """

    passage: int
    unit: Unit
    start: int
    end: int
    text: str
    position: int  # among the pieces of its passage
    section: Section
    lead: int | None = None
    before: int | None = None
    is_lead: bool = False

    @property
    def listed(self) -> bool:
        """Whether it is the beginning of a list item."""
        return self.unit.block in ("bullet", "number")

    @property
    def answers(self) -> bool:
        """Whether it stands where answers stand, and not among remarks on answers."""
        return not (self.section.role is Role.ASIDE or (self.section.role is Role.FAULTS and self.listed))


def cut(passages: Sequence[Passage], text_of: TextOf | None = None) -> list[Piece]:
    """What can be quoted from passages, in their order."""
    return [piece for n, passage in enumerate(passages) for piece in _pieces(n, passage, text_of)]


def _pieces(n: int, passage: Passage, text_of: TextOf | None) -> list[Piece]:
    known = sections(passage, text_of)
    skipped = _cut_off_code(passage.text)
    text = passage.text[skipped:]
    start = passage.start + skipped
    found: list[Piece] = []
    label: Unit | None = None
    for unit in split_units(text):
        if unit.kind in ("rule", "comment", "heading"):
            continue
        if unit.kind == "label":
            # A list item's bold title belongs to its words; a paragraph's run-in title is a heading.
            label = unit if unit.block in ("bullet", "number") else None
            continue
        first = label if label and label.paragraph == unit.paragraph else unit
        named = _ANSWER_LABEL.match(text, first.body, unit.end)
        body = named.end() if named else first.body
        words = text[body : unit.end]
        label = None
        if words and _quotable(words, unit):
            whole = Unit(first.start, unit.end, body, unit.kind, first.block, unit.paragraph)
            section = section_at(known, start + body)
            found.append(Piece(n, whole, start + body, start + unit.end, words, len(found), section))
    return found


def _cut_off_code(text: str) -> int:
    """Where prose begins in a passage that begins inside a code block: behind the fence that closes it, else 0."""
    fences = list(_FENCE_LINE.finditer(text))
    if len(fences) % 2 == 0 or fences[0][1].strip():
        return 0
    first = fences[0]
    # A fence that opens has code on the next line; one that closes mostly has a blank line below it.
    return first.end() if re.match(r"\n[ \t]*(?:\n|$)|$", text[first.end() :]) else 0


def _quotable(text: str, unit: Unit) -> bool:
    if unit.kind == "code":
        return text.count("\n") <= _MOST_CODE_LINES
    return not text.rstrip("*_ ").endswith("?") and not _WORDLESS.match(text)


def link(pieces: list[Piece]) -> None:
    """Find for each piece the lead-in and the sentence before it that it cannot stand without."""
    lead: int | None = None
    for i, piece in enumerate(pieces):
        if i and pieces[i - 1].passage != piece.passage:
            lead = None
        previous = i - 1 if i and pieces[i - 1].passage == piece.passage else None
        if piece.unit.block == "paragraph" and lead is not None and previous != lead:
            lead = None
        if lead is not None and (piece.listed or previous == lead):
            piece.lead = lead
        elif _DANGLING.match(piece.text) and piece.unit.kind == "text":
            piece.before = previous
        if _introduces(pieces, i) and not piece.listed:
            piece.is_lead = True
            lead = i


def _introduces(pieces: list[Piece], i: int) -> bool:
    """Whether the piece is nothing without the list, formula or code behind it."""
    text = pieces[i].text.rstrip("*_ ")
    following = pieces[i + 1] if i + 1 < len(pieces) and pieces[i + 1].passage == pieces[i].passage else None
    displayed = following is not None and following.text.startswith(("$$", "\\["))
    return text.endswith(":") or (displayed and not text.endswith((".", "!", "?")))


def group(pieces: list[Piece], i: int) -> list[int]:
    """The piece with what it leans on; a lead-in with the first items that it introduces."""
    found = [i]
    at: int | None = i
    while at is not None and len(found) < 4:
        at = pieces[at].lead if pieces[at].lead is not None else pieces[at].before
        if at is not None:
            found.insert(0, at)
    if pieces[i].is_lead:
        introduced = [j for j in range(i + 1, len(pieces)) if pieces[j].lead == i and pieces[j].unit.block != ""]
        found += introduced[:_ITEMS_OF_LEAD_IN] or ([i + 1] if i + 1 < len(pieces) and pieces[i + 1].lead == i else [])
    return found
