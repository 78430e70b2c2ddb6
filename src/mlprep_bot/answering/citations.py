"""Read the citation markers that a writer puts into its text, and take them out (pure).

The grammar is generous about how small models write a marker (`[S3]`, `[ s3 ]`, `[S1, S4]`, `[S1][S4]`, `[S1-S3]`,
`[Source S3]`, `【S3】`, `[[S3]]`, `(S3)`, `[S3](#s3)`) and strict about what one is: an `S` followed by digits, in
brackets, outside code and LaTeX. `[0,1]`, `x[1]`, `[12]`, `[S]` and a bare "S3" are text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mlprep_bot.answering.markup import masked

_ID = r"[Ss][ \t]?\d{1,4}"
_JOIN = r"[ \t]*(?:,|;|&|/|\||\band\b|\bto\b|[-–—])[ \t]*"
_LABEL = (
    r"(?:(?:see|cf\.?|source|sources|passage|passages|citation|citations|cite|ref|refs|references?)[ \t]*[:.]?[ \t]*)*"
)
_LIST = rf"{_LABEL}{_ID}(?:(?:{_JOIN})+{_LABEL}(?:{_ID}|\d{{1,4}}(?![\w.])))*"
# `[S3: its heading]` is what a model writes that copies the passage's label with the id.
_NOTE = r"(?:[ \t]*[:,†][ \t]*(?![Ss]\d)[^\[\]\n]{1,120})?"
_SQUARE = rf"\^?\[[ \t]*\^?{_LIST}{_NOTE}[ \t]*[.,;]?[ \t]*\](?:\((?:\#|/|https?:)[^()\s]*\))?"
_BRACKETED = rf"(?:{_SQUARE}|[【［][ \t]*{_LIST}[^【】［］\n]{{0,40}}[】］])"
_ONE = rf"(?:\[[ \t]*(?:{_BRACKETED}[ \t]*[,;]?[ \t]*)+\]|{_BRACKETED}|\([ \t]*{_LIST}[ \t]*\))"
MARKER = re.compile(rf"(?P<em>\*\*|\*|__|_){_ONE}(?P=em)|{_ONE}", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?P<range>[-–—]|\bto\b)?[ \t]*(?:\b[a-z]+[ \t]*[:.]?[ \t]*)?(?:\b[Ss][ \t]?)?(?P<n>\d{1,4})\b", re.IGNORECASE
)
_STORE = re.compile(r"(?:storage|service|services|store|stores|bucket|buckets|amazon|aws|minio)[ \t]*$", re.IGNORECASE)
_LONGEST_RANGE = 30


@dataclass(frozen=True, slots=True)
class Parsed:
    """`text` without markers; the ids in order of first mention, split by whether they were offered."""

    text: str
    cited: tuple[str, ...]
    unknown: tuple[str, ...]


def parse(text: str, known: Collection[str]) -> Parsed:
    """Separate `text` from its citation markers; `known` are the ids that were offered, such as `S3`.

    A marker is one only if it stands in the text as written: what removal would bring together
    (`[[S9]S1]`) is removed too, but cites nothing.
    """
    found: dict[str, None] = {}
    remaining, ids = _take_out(text, known)
    found.update(dict.fromkeys(ids))
    while True:  # ends: every round removes characters
        shorter, accidental = _take_out(remaining, known)
        if not accidental:
            break
        remaining = shorter
    cited = tuple(name for name in found if name in known)
    return Parsed(remaining, cited, tuple(name for name in found if name not in known))


def _take_out(text: str, known: Collection[str]) -> tuple[str, list[str]]:
    """`text` without the markers that stand in it, and their ids."""
    visible = masked(text, "\0")
    pieces: list[str] = []
    ids: list[str] = []
    at = 0
    for match in MARKER.finditer(visible):
        names = _ids(match.group())
        if match.group().lstrip("*_").startswith("(") and not _is_parenthesised_marker(visible, match, names, known):
            continue
        ids += names
        pieces.append(text[at : match.start()])
        at = match.end()
    if not ids:
        return text, []
    pieces.append(text[at:])
    return _join(pieces), ids


def _is_parenthesised_marker(visible: str, match: re.Match[str], names: list[str], known: Collection[str]) -> bool:
    """`(S3)` cites only a passage that exists, and not where it abbreviates the object store's name."""
    if _STORE.search(visible[max(0, match.start() - 20) : match.start()]):
        return False
    return all(name in known for name in names)


def _ids(marker: str) -> list[str]:
    """The ids that a marker lists, ranges written out."""
    names: list[str] = []
    for listed in re.finditer(_LIST, marker, re.IGNORECASE):
        previous = 0
        for match in _NUMBER.finditer(listed.group()):
            n = int(match["n"])
            if match["range"] and previous and previous < n <= previous + _LONGEST_RANGE:
                names += [f"S{i}" for i in range(previous + 1, n)]
            names.append(f"S{n}")
            previous = n
    return names


def _join(pieces: list[str]) -> str:
    """Join what stood around markers: no blank before punctuation or a line's end, one between words."""
    text = pieces[0]
    for following in pieces[1:]:
        piece = following
        if not piece or piece[0] in ".,;:!?)\n" or not piece.strip():
            text = text.rstrip(" \t")
        elif piece[0] in " \t" and (not text or text[-1] in " \t\n"):
            piece = piece.lstrip(" \t")
        text += piece
    return text
