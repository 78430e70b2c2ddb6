"""Long text cut at its best borders: blocks, then sentences, then lines or words, always as exact spans."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlprep_bot.domain import Span
from mlprep_bot.knowledge.markdown import NOISE, Block, blocks


@dataclass(frozen=True, slots=True)
class ChunkSizes:
    """In characters. `target`: where a chunk is full; `whole`: up to which code, a formula, a table or a
    sentence stays in one piece; `least`: below which a chunk joins its neighbour."""

    target: int = 140  # about a sentence; measured in docs/retrieval.md
    whole: int = 900
    least: int = 40


def cut(text: str, spans: Sequence[Span], sizes: ChunkSizes) -> Iterator[Span]:
    """The chunks of each span, in order; together they hold all its words but noise."""
    for span in spans:
        yield from _packed(_pieces(text, span, sizes), sizes)


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
                _Piece(
                    part.start, part.end, leads and nth == len(parts) - 1, block.kind == "heading", broken and nth == 0
                )
            )
        broken = False
    return found


def _small(piece: _Piece, sizes: ChunkSizes) -> bool:
    return piece.end - piece.start < sizes.least


def _packed(pieces: Sequence[_Piece], sizes: ChunkSizes) -> Iterator[Span]:
    """Neighbouring pieces together up to the target size."""
    start = end = -1
    joins = False
    for piece in pieces:
        fits = start >= 0 and not piece.breaks and (
            (joins and piece.end - start <= sizes.whole)
            or (not piece.opens and piece.end - start <= sizes.target)
            or (not piece.opens and end - start < sizes.least and piece.end - start <= sizes.whole)
            or (not piece.opens and piece.end - start <= sizes.target + sizes.least and _small(piece, sizes))
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
# Bounded, so that hostile text stays linear.
_ATOM = re.compile(
    r"\$\$.{0,2000}?\$\$|\\\[.{0,2000}?\\\]|\\\(.{0,500}?\\\)|(?<![\\$\w])\$[^$\n]{1,200}\$(?!\d)|`[^`\n]{1,300}`"
    r"|\[[^\]\n]{1,200}\]\([^)\n]{0,300}\)",
    re.S,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|Fig|Eq|No|Dr|Mr|Ms|Prof|approx|resp|Sec|Ch)|\b[A-Z])\.[\"')\]*_]*$"
)


def _parts(text: str, block: Block, sizes: ChunkSizes) -> list[Span]:
    whole = Span(block.start, block.end)
    length = block.end - block.start
    if length <= sizes.target or (block.kind in {"fence", "math", "heading"} and length <= sizes.whole):
        return [whole]
    if block.kind in {"fence", "math", "table", "heading"}:
        limit = sizes.target if block.kind == "table" else sizes.whole
        return _merged(_by_lines(text, whole, sizes), limit)
    return _merged(
        [part for sentence in _sentences(text, whole) for part in _by_words(text, sentence, sizes.whole)], sizes.target
    )


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
    starts = [start for start, _ in atoms]
    found: list[Span] = []
    start = span.start
    for border in _SENTENCE.finditer(text, span.start, span.end):
        before = bisect_left(starts, border.end()) - 1
        inside = before >= 0 and border.end() < atoms[before][1]
        if inside or _ABBREVIATION.search(text, max(start, border.start() - 20), border.start()):
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
