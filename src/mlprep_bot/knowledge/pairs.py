"""Questions and answers side by side: tables with such columns, and flash cards of one line each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlprep_bot.domain import Span
from mlprep_bot.knowledge.asking import Asks, asks
from mlprep_bot.knowledge.labels import is_placeholder
from mlprep_bot.knowledge.markdown import Block

_QUESTION_HEAD = re.compile(r"\W*(?:(?:interview|sample|the)\s+)?(?:questions?|prompt|front|q)\W*", re.I)
_ANSWER_HEAD = re.compile(
    r"\W*(?:(?:sample|short|model|expected|correct|the)\s+)?(?:answers?|solutions?|response|explanation|back|a)\W*",
    re.I,
)
_CELL = re.compile(r"(?:[^|\\\n]|\\.|\\$)+")
_RULE_ROW = re.compile(r"[\s|:>-]+")
# A tab, or the comma or semicolon of CSV right behind a question mark (perhaps quoted).
_DELIMITER = re.compile(r"\t+|(?<=[?？])\"?[ \t]*[;,|][ \t]*|(?<=\")[;,][ \t]*(?=\")|[ \t]{0,3}::[ \t]{0,3}")


@dataclass(frozen=True, slots=True)
class Pair:
    """The exact span of a question's wording and of its answer."""

    start: int
    end: int
    answer: Span | None


def pairs(text: str, found: Sequence[Block]) -> list[Pair]:
    """The pairs of a document in order; most documents have none."""
    pairs = [pair for block in found if block.kind == "table" for pair in _of_table(text, block)]
    return sorted([*pairs, *_of_lines(text, found)], key=lambda pair: pair.start)


def _of_table(text: str, block: Block) -> list[Pair]:
    rows = [_cells(text, line) for line in _lines(text, block) if not _RULE_ROW.fullmatch(text, line.start, line.end)]
    columns = _columns(text, rows)
    if columns is None:
        return []
    asked, answered, headed = columns
    body = [row for row in rows[headed:] if len(row) > asked and _said(text, row[asked])]
    clear = sum(1 for row in body if asks(_said(text, row[asked])) > Asks.NO)
    if not body or 2 * clear < len(body) or (not headed and clear < 2):
        return []
    return [_pair(text, row[asked], row[answered] if 0 <= answered < len(row) else None) for row in body]


def _columns(text: str, rows: Sequence[Sequence[Span]]) -> tuple[int, int, int] | None:
    """(the column that asks, the one that answers or -1, rows of heading)."""
    if not rows:
        return None
    heads = [_said(text, cell) for cell in rows[0]]
    asked = next((n for n, head in enumerate(heads) if _QUESTION_HEAD.fullmatch(head)), -1)
    answered = next((n for n, head in enumerate(heads) if _ANSWER_HEAD.fullmatch(head)), -1)
    if asked >= 0:
        return asked, answered, 1
    for column in range(min(2, max(len(row) for row in rows))):
        said = [_said(text, row[column]) for row in rows if len(row) > column + 1]
        marked = [words for words in said if re.search(r"[?？]\W*$", words)]
        if len(marked) >= 2 and 3 * len(marked) >= 2 * (len(said) - 1):
            return column, column + 1, 0 if said[0] in marked else 1
    return None


def _of_lines(text: str, found: Sequence[Block]) -> Iterator[Pair]:
    """Flash cards: every line `question <tab> answer`, or two fields of CSV."""
    lines = [line for block in found if block.kind in {"para", "item"} for line in _lines(text, block)]
    cut = [(line, _DELIMITER.search(text, line.start, line.end)) for line in lines]
    split = [(Span(line.start, at.start()), Span(at.end(), line.end)) for line, at in cut if at]
    clear = sum(1 for left, _ in split if asks(_said(text, left)) == Asks.CLEARLY)
    if clear < 3 or 2 * clear < len(split) or 3 * len(split) < 2 * len(lines):
        return
    for left, right in split:
        if asks(_said(text, left)) > Asks.NO or (text[left.start : left.end + 1].endswith("\t")):
            yield _pair(text, left, right)


def _pair(text: str, asked: Span, answer: Span | None) -> Pair:
    start, end = _within(text, asked)
    reply = _within(text, answer) if answer is not None else (0, 0)
    words = text[reply[0] : reply[1]]
    empty = not re.search(r"\w", words) or is_placeholder(words) or re.fullmatch(r"!\[[^\]]*\]\([^)]*\)", words)
    return Pair(start, end, None if empty else Span(*reply))


def _lines(text: str, block: Block) -> Iterator[Span]:
    start = block.start
    while start < block.end:
        stop = text.find("\n", start, block.end)
        stop = block.end if stop < 0 else stop
        if text[start:stop].strip():
            yield Span(start, stop)
        start = stop + 1


def _cells(text: str, line: Span) -> list[Span]:
    """The cells of a table's row; an empty one between two bars counts."""
    start, end = line.start, line.end
    while start < end and text[start] in " \t>":
        start += 1
    start += text.startswith("|", start)
    cells: list[Span] = []
    while start < end:
        cell = _CELL.match(text, start, end)
        stop = cell.end() if cell else start
        cells.append(Span(start, stop))
        start = stop + 1
    return cells


def _said(text: str, span: Span) -> str:
    start, end = _within(text, span)
    return text[start:end]


def _within(text: str, span: Span) -> tuple[int, int]:
    """Without white space, quotes, emphasis and a number or `Q:` before the wording."""
    piece = text[span.start : span.end]
    lead = re.match(r"[\s\"“*_]*(?:\(?\d{1,3}[.)][ \t]+|[QA]\d{0,3}[:.][ \t]+)?[*_]{0,2}", piece)
    start = span.start + (lead.end() if lead else 0)
    end = max(start, span.start + len(piece.rstrip(' \t\n"”')))
    for mark in ("**", "__"):
        if text.endswith(mark, start, end) and text.count(mark, start, end) % 2:
            end -= 2
    return start, end
