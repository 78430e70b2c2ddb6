"""A document cut into chunks: exact spans of its text, small enough for the embedder, each with its context.

A question and its answer are one unit, cut at the borders of blocks, then sentences, then words. What
lies outside such units is cut by section. No word of the author is lost or said twice; headings of
sections, labels, comments, bare images, notebook debris and unanswered questions are no chunks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mlprep_bot.domain import Chunk, Document, Question, Span
from mlprep_bot.knowledge.identity import content_id
from mlprep_bot.knowledge.labels import is_answer_label
from mlprep_bot.knowledge.markdown import NOISE, Block, blocks, heading_text

CHUNKER_VERSION = "1"  # change it when the same document would be cut in another way: every index is then rebuilt


@dataclass(frozen=True, slots=True)
class ChunkSizes:
    """In characters. `target`: where a chunk is full; `whole`: up to which code, a formula, a table or a
    sentence stays in one piece; `least`: below which a chunk joins its neighbour."""

    target: int = 300
    whole: int = 900
    least: int = 60


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is cut together: an answer with its question, or a section with its heading path."""

    name: str
    context: str
    heading: str
    spans: tuple[Span, ...]
    question_id: str | None = None


def chunk_document(document: Document, questions: Sequence[Question], sizes: ChunkSizes | None = None) -> list[Chunk]:
    """The chunks of a document in order; for each, `document.text[start:end] == text`."""
    sizes = sizes or ChunkSizes()
    seen: Counter[tuple[str, str]] = Counter()
    chunks: list[Chunk] = []
    for unit in _units(document, questions):
        for ordinal, span in enumerate(_cut_all(document.text, unit.spans, sizes)):
            text = document.text[span.start : span.end]
            occurrence = seen[unit.context, text]
            seen[unit.context, text] += 1
            chunks.append(
                Chunk(
                    id=content_id("chunk", document.name, unit.context, text, str(occurrence)),
                    document=document.name,
                    start=span.start,
                    end=span.end,
                    text=text,
                    heading=unit.heading,
                    context=unit.context,
                    unit=unit.name,
                    ordinal=ordinal,
                    question_id=unit.question_id,
                )
            )
    return chunks


def views(chunk: Chunk) -> list[tuple[str, str]]:
    """(name, text) of each text that is embedded for a chunk: by itself, and with its question or heading."""
    found = [("t", chunk.text)]
    if chunk.context:
        found.append(("c", f"{chunk.context}\n{chunk.text}"))
    return found


def _units(document: Document, questions: Sequence[Question]) -> list[_Unit]:
    text = document.text
    units: list[tuple[int, _Unit]] = []
    taken: list[Span] = []
    for question in sorted(questions, key=lambda q: q.start):
        line_start = text.rfind("\n", 0, question.start) + 1
        taken.append(Span(0 if question.rubric else line_start, _question_end(text, question)))
        if question.answer is None:
            continue
        heading = f"{question.topic} > {question.text}" if question.topic else question.text
        between = Span(question.end, question.answer.start)
        spans = tuple(s for s in (_supplement(text, between), question.answer) if s is not None and not question.rubric) or (
            question.answer,
        )
        units.append((question.start, _Unit(question.id, question.text, " ".join(heading.split()), spans, question.id)))
    units += _sections(document, _outside(len(text), taken))
    return [unit for _, unit in sorted(units, key=lambda pair: pair[0])]


def _question_end(text: str, question: Question) -> int:
    """Where the question's unit ends: with its answer, else with its own line."""
    if question.answer is not None:
        return question.answer.end
    stop = text.find("\n", question.end)
    return len(text) if stop < 0 else stop


def _supplement(text: str, between: Span) -> Span | None:
    """What stands between a question and its answer's label: code, a table, options. None when only marks do."""
    end = between.end
    line_start = max(between.start, text.rfind("\n", 0, end) + 1)
    if is_answer_label(text[line_start:end]) or not re.search(r"\w{2}", text[line_start:end]):
        end = line_start
    found = [b for b in blocks(text, between.start, end) if b.kind not in NOISE]
    while found and (is_answer_label(text[found[-1].start : found[-1].end]) or found[-1].kind == "heading"):
        found.pop()
    if not found or not re.search(r"\w{2}", text[found[0].start : found[-1].end]):
        return None
    return Span(found[0].start, found[-1].end)


def _outside(length: int, taken: Iterable[Span]) -> Iterator[Span]:
    at = 0
    for span in taken:
        if span.start > at:
            yield Span(at, span.start)
        at = max(at, span.end)
    if at < length:
        yield Span(at, length)


def _sections(document: Document, outside: Iterable[Span]) -> Iterator[tuple[int, _Unit]]:
    """Text outside questions by heading; the path of headings runs through the whole document."""
    text = document.text
    path: dict[int, str] = {}
    headings = [b for b in blocks(text) if b.kind == "heading"]
    seen: Counter[str] = Counter()
    nth = 0
    for span in outside:
        inner = blocks(text, span.start, span.end)
        group: list[Block] = []
        while nth < len(headings) and headings[nth].end <= span.start:
            _descend(path, headings[nth], text)
            nth += 1
        for block in [*inner, None]:
            if block is not None and block.kind not in NOISE and block.kind != "heading":
                group.append(block)
                continue
            if block is not None and block.kind in NOISE and block.kind != "rule":
                continue
            if group:
                yield group[0].start, _section(document, path, group, seen)
                group = []
            if block is not None and block.kind == "heading":
                _descend(path, block, text)
                while nth < len(headings) and headings[nth].start <= block.start:
                    nth += 1


def _descend(path: dict[int, str], heading: Block, text: str) -> None:
    for level in [level for level in path if level >= heading.level]:
        del path[level]
    path[heading.level] = heading_text(text[heading.start : heading.end])


def _section(document: Document, path: dict[int, str], group: Sequence[Block], seen: Counter[str]) -> _Unit:
    heading = " > ".join(words for _, words in sorted(path.items()) if words) or document.title
    name = content_id("section", document.name, heading, str(seen[heading]))
    seen[heading] += 1
    return _Unit(name, heading, heading, (Span(group[0].start, group[-1].end),))


def _cut_all(text: str, spans: Sequence[Span], sizes: ChunkSizes) -> Iterator[Span]:
    for span in spans:
        yield from _packed(text, _pieces(text, span, sizes), sizes)


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    joins: bool = False  # stays with what follows: a heading, a lead-in
    opens: bool = False  # begins a chunk: a heading
    breaks: bool = False  # noise lies between it and the piece before


def _pieces(text: str, span: Span, sizes: ChunkSizes) -> list[_Piece]:
    """The blocks of a span, long ones in parts."""
    found: list[_Piece] = []
    broken = False
    for block in blocks(text, span.start, span.end):
        if block.kind in NOISE:
            broken = broken or block.kind != "rule"
            continue
        parts = _parts(text, block, sizes)
        leads = block.kind == "heading" or text[block.start : block.end].rstrip(" *_").endswith(":")
        for nth, part in enumerate(parts):
            found.append(
                _Piece(part.start, part.end, leads and nth == len(parts) - 1, block.kind == "heading", broken and nth == 0)
            )
        broken = False
    return found


def _packed(text: str, pieces: Sequence[_Piece], sizes: ChunkSizes) -> Iterator[Span]:
    """Neighbouring pieces together up to the target size."""
    start = end = -1
    joins = False
    for piece in pieces:
        fits = start >= 0 and not piece.breaks and (
            (joins and piece.end - start <= sizes.whole)
            or (not piece.opens and (piece.end - start <= sizes.target or min(end - start, piece.end - piece.start) < sizes.least))
        )  # fmt: skip
        if fits:
            end, joins = piece.end, piece.joins
            continue
        if start >= 0:
            yield Span(start, end)
        start, end, joins = piece.start, piece.end, piece.joins
    if start >= 0:
        yield Span(start, end)


_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]”’*_]*\s+(?=[\"'(\[“‘*_`$]*[A-Z0-9\u00c0-\uffff])")
_ATOM = re.compile(r"\$\$.*?\$\$|\\\[.*?\\\]|\\\(.*?\\\)|(?<![\\$\w])\$[^$\n]{1,200}\$(?!\d)|`[^`\n]+`|\[[^\]\n]{1,200}\]\([^)\n]*\)", re.S)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|Fig|Eq|No|Dr|Mr|Ms|Prof|approx|resp|Sec|Ch)|\b[A-Z])\.[\"')\]*_]*$")


def _parts(text: str, block: Block, sizes: ChunkSizes) -> list[Span]:
    whole = Span(block.start, block.end)
    length = block.end - block.start
    if length <= sizes.target or (block.kind in {"fence", "math", "heading"} and length <= sizes.whole):
        return [whole]
    if block.kind in {"fence", "math", "table", "heading"}:
        limit = sizes.target if block.kind == "table" else sizes.whole
        return _merged(_by_lines(text, whole, sizes), limit)
    return _merged([part for sentence in _sentences(text, whole) for part in _by_words(text, sentence, sizes.whole)], sizes.target)


def _merged(parts: Sequence[Span], limit: int) -> list[Span]:
    merged: list[Span] = []
    for part in parts:
        if merged and part.end - merged[-1].start <= limit:
            merged[-1] = Span(merged[-1].start, part.end)
        else:
            merged.append(part)
    return merged


def _by_lines(text: str, span: Span, sizes: ChunkSizes) -> list[Span]:
    parts: list[Span] = []
    at = span.start
    while at < span.end:
        stop = text.find("\n", at, span.end)
        stop = span.end if stop < 0 else stop
        if text[at:stop].strip():
            parts += _by_words(text, _stripped(text, Span(at, stop)), sizes.whole)
        at = stop + 1
    return parts


def _sentences(text: str, span: Span) -> list[Span]:
    """Sentences by punctuation; never inside a formula, code, a link, or after an abbreviation."""
    atoms = [(m.start(), m.end()) for m in _ATOM.finditer(text, span.start, span.end)]
    found: list[Span] = []
    start = span.start
    for border in _SENTENCE.finditer(text, span.start, span.end):
        if any(a < border.end() <= b - 1 for a, b in atoms) or _ABBREVIATION.search(text, start, border.start()):
            continue
        found.append(_stripped(text, Span(start, border.end())))
        start = border.end()
    if start < span.end:
        found.append(_stripped(text, Span(start, span.end)))
    return found


def _by_words(text: str, span: Span, limit: int) -> list[Span]:
    """Something longer than `limit` without a better border, cut at white space, else anywhere."""
    parts: list[Span] = []
    start = span.start
    while span.end - start > limit:
        window = text[start : start + limit]
        cut = max(window.rfind(" "), window.rfind("\n"))
        stop = start + cut if cut > limit // 2 else start + limit
        parts.append(_stripped(text, Span(start, stop)))
        start = stop
        while start < span.end and text[start].isspace():
            start += 1
    if start < span.end:
        parts.append(Span(start, span.end))
    return [part for part in parts if part.start < part.end]


def _stripped(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
