"""Cut Markdown into sentences without breaking code, tables, LaTeX, abbreviations or numbers (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlprep_bot.answering.citations import MARKER
from mlprep_bot.answering.markup import masked
from mlprep_bot.answering.words import words
from mlprep_bot.domain import Span

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}(?:[ \t]|$)")
_BOLD_LINE = re.compile(r"^[ \t]*(?:\*\*|__)(?:(?!\*\*|__).)+(?:\*\*|__)[ \t]*:?[ \t]*$")
_LABEL = re.compile(r"(?:\*\*|__)(?:(?!\*\*|__).){1,80}[.!?](?:\*\*|__)")
_RULE = re.compile(r"^[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}[ \t]*)$")
# "1.Data preparation", without a blank, is what many notes have.
_ITEM = re.compile(
    r"[ \t>]*(?:(?:(?P<bullet>[-*+•◦▪‣–·])|(?P<number>\(?(?:\d{1,3}|[a-zA-Z])[.)]))[ \t]+(?=\S)"
    r"|(?P<tight>\d{1,2}[.)])(?=[A-Z][a-z]))"
)
_QUOTE = re.compile(r"[ \t]*>[ \t]?")
_TABLE = re.compile(r"^[ \t]*\|.*\|[ \t]*$|^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)+\|?[ \t]*$")

# Where a sentence may end: terminators with the quotes and emphasis that close on them, then white space;
# or a CJK full stop, which needs none.
_STOP = re.compile(r"(?:[.!?…]+[\"'”’»)\]*_]*(?=\s)|[。！？]+[”’」』）]*)")
_WORD_BEFORE = re.compile(r"[\w.&'’-]+$")
_NEVER_LAST = frozenset(words("abbreviations"))
# Words that also end sentences: they bind only to a number.
_BINDS_NUMBER = frozenset(words("abbreviations before a number"))
_STARTERS = frozenset(words("sentence openers"))


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or a block that is not cut: `kind` is `text`, `label` (a bold run-in title such as `**Identity.**`),
    `heading`, `code`, `table`, `rule` or `comment`.

    `start:end` includes a list marker; `body` is where the words begin. `block` is how the unit is laid
    out, in the words of `domain.Sentence.block`; `paragraph` numbers the Markdown block that it stands in.
    """

    start: int
    end: int
    body: int
    kind: str
    block: str
    paragraph: int


def split_sentences(text: str) -> list[Span]:
    """Ordered spans that do not overlap and cover everything that is not white space."""
    return [Span(unit.start, unit.end) for unit in split_units(text)]


def split_units(text: str) -> list[Unit]:
    """The sentences and whole blocks of `text`, in order; see `Unit`."""
    visible = masked(text)
    units: list[Unit] = []
    for number, (start, end, kind, block) in enumerate(_blocks(text)):
        if kind != "text":
            units += _trimmed(text, start, end, kind, block, number)
            continue
        at = start
        for stop in _stops(visible, start, end):
            part = _trimmed(text, at, stop, kind, block if at == start else "", number)
            units += part
            at = stop
        units += _trimmed(text, at, end, kind, block if at == start else "", number)
    return units


def _trimmed(text: str, start: int, end: int, kind: str, block: str, paragraph: int) -> list[Unit]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        return []
    body = start
    if block in ("bullet", "number"):
        marker = _ITEM.match(text, start, end)
        body = marker.end() if marker else start
    elif block == "heading":
        body = start + len(text[start:end]) - len(text[start:end].lstrip("# \t"))
    elif quote := _QUOTE.match(text, start, end):
        body = quote.end()
    if kind == "text" and _LABEL.fullmatch(text, body, end):
        kind = "label"
    return [Unit(start, end, min(body, end), kind, block, paragraph)]


def _blocks(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Each Markdown block as (start, end, kind, block); together they cover all lines that are not blank."""
    lines = _lines(text)
    i = 0
    while i < len(lines):
        start, end = lines[i]
        line = text[start:end]
        if not line.strip():
            i += 1
            continue
        kind, block, stop = _special(text, lines, i)
        if not kind:
            item = _ITEM.match(line)
            block = _layout(item)
            kind, stop = "text", i + 1
            inside = _opens_math(line)
            while stop < len(lines) and (inside or _continues(text, lines, stop)):
                following = text[slice(*lines[stop])]
                if not following.strip() and not inside:
                    break
                inside ^= _opens_math(following)
                stop += 1
        yield start, lines[stop - 1][1], kind, block
        i = stop


def _layout(item: re.Match[str] | None) -> str:
    if not item:
        return "paragraph"
    return "bullet" if item["bullet"] else "number"


def _lines(text: str) -> list[tuple[int, int]]:
    """Start and end (before the line break) of every line."""
    found = []
    at = 0
    for line in text.split("\n"):
        found.append((at, at + len(line)))
        at += len(line) + 1
    return found


def _special(text: str, lines: list[tuple[int, int]], i: int) -> tuple[str, str, int]:
    """(kind, block, index after it) of the block that starts at line `i` and is never cut; kind "" otherwise."""
    line = text[slice(*lines[i])]
    if fence := _FENCE.match(line):
        close = re.compile(rf"^[ \t]*{re.escape(fence[1])}")
        after = (j for j in range(i + 1, len(lines)) if close.match(text[slice(*lines[j])]))
        return "code", "code", next(after, len(lines) - 1) + 1
    if line.lstrip().startswith("<!--"):
        after = (j for j in range(i, len(lines)) if "-->" in text[slice(*lines[j])])
        return "comment", "paragraph", next(after, len(lines) - 1) + 1
    if _RULE.match(line):
        return "rule", "paragraph", i + 1
    if _HEADING.match(line) or _BOLD_LINE.match(line):
        return "heading", "heading", i + 1
    if _TABLE.match(line):
        stop = i + 1
        while stop < len(lines) and _TABLE.match(text[slice(*lines[stop])]):
            stop += 1
        return "table", "paragraph", stop
    return "", "", i


def _continues(text: str, lines: list[tuple[int, int]], i: int) -> bool:
    """Whether line `i` goes on with the paragraph before it."""
    line = text[slice(*lines[i])]
    item = _ITEM.match(line)
    # A wrapped line may begin with a number and a stop, or a dash; only "1." and real bullets interrupt a paragraph.
    if item and (
        item["bullet"] not in (None, "–", "·") or item["tight"] or (item["number"] and re.match(r"[ \t>]*\(?\d", line))
    ):
        return False
    return bool(line.strip()) and not _special(text, lines, i)[0]


def _opens_math(line: str) -> bool:
    return line.count("$$") % 2 == 1


def _stops(visible: str, start: int, end: int) -> Iterator[int]:
    """The offsets in `start:end` where one sentence ends and another begins."""
    marker = _ITEM.match(visible, start, end)
    first = marker.end() if marker else start
    leading = MARKER.match(visible, first, end) is not None  # "[S1] Foo. [S2] Bar.": markers come first
    begin = first
    for match in _STOP.finditer(visible, first, end):
        stop = match.end()
        if stop <= begin or not _ends_sentence(visible, begin, match, end):
            continue
        if not leading:
            stop = _after_markers(visible, stop, end)
        begin = stop
        yield stop


def _after_markers(visible: str, stop: int, end: int) -> int:
    """A citation that follows the full stop belongs to the sentence before it."""
    while True:
        at = stop
        while at < end and visible[at] in " \t":
            at += 1
        marker = MARKER.match(visible, at, end)
        if not marker or marker.group().lstrip("*_").startswith("("):
            return stop
        stop = marker.end()
        while stop < end and visible[stop] in ".,;":
            stop += 1


def _ends_sentence(visible: str, begin: int, match: re.Match[str], end: int) -> bool:
    rest = visible[match.end() : min(end, match.end() + 200)].lstrip()  # a slice: long texts stay linear
    if not rest:
        return False
    if visible[match.start()] in "。！？":
        return True
    following = re.match(r"[\"'“‘«(\[*_`]*(\w*)", rest)
    word_after = following[1] if following else ""
    first = max(begin, match.start() - 60)
    before = _WORD_BEFORE.search(visible[first : match.start()])
    word = before.group() if before else ""
    if match.group().startswith(("…", "..")):
        return not word_after[:1].islower()
    if visible[match.start()] != "." or not word:
        return True
    return _full_stop(word, word_after, alone=before is not None and first + before.start() == begin)


def _full_stop(word: str, after: str, *, alone: bool) -> bool:
    """Whether `word` + "." ends a sentence when `after` is the word that follows."""
    bare = word.lower().rstrip(".").removeprefix("(")
    starts = after.lower() in _STARTERS and after[:1].isupper()
    if bare in _BINDS_NUMBER:
        return not after[:1].isdigit() and not after[:1].islower()
    if bare in _NEVER_LAST:
        return starts and bare in ("al", "approx", "avg", "std", "inc", "ltd")
    if bare.isdigit() and alone:
        return False  # "2. Model selection": a number of a list, in running text
    if len(bare) == 1 and bare.isalpha() and word[0].isupper():
        return starts  # an initial, unless a sentence plainly begins
    if re.fullmatch(r"(?:\w\.)+\w", word):
        return starts  # U.S., a.m.
    if after[:1].islower():
        return len(bare) > 2 and bare.isalpha() and bare != "etc"
    return True
