"""A document cut into chunks: exact spans of its text, small enough for the embedder, each with its context.

A question and its answer are one unit, cut at the borders of blocks, then sentences, then words. What
lies outside such units is cut by section. No word of the author is lost or said twice; headings of
sections, labels, comments, bare images, notebook debris and unanswered questions are no chunks.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mlprep_bot.domain import Chunk, Document, Question, Span
from mlprep_bot.knowledge.cutting import ChunkSizes, cut
from mlprep_bot.knowledge.identity import content_id
from mlprep_bot.knowledge.labels import is_answer_label, is_no_answer, is_title
from mlprep_bot.knowledge.markdown import NOISE, Block, blocks, heading_text

CHUNKER_VERSION = "2"  # change it when the same document would be cut in another way: every index is then rebuilt


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
        for ordinal, span in enumerate(cut(document.text, unit.spans, sizes)):
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


def _units(document: Document, questions: Sequence[Question]) -> list[_Unit]:
    text = document.text
    units: list[tuple[int, _Unit]] = []
    taken: list[Span] = []
    ordered = sorted(questions, key=lambda q: q.start)
    for question, following in zip(ordered, [*ordered[1:], None], strict=False):
        line_start = text.rfind("\n", 0, question.start) + 1
        apart = _apart(question, following)
        taken.append(Span(0 if question.rubric else line_start, _question_end(text, question, apart=apart)))
        if question.answer is None:
            continue
        if apart:
            answer_line = text.rfind("\n", 0, question.answer.start) + 1
            taken.append(Span(answer_line, question.answer.end))
        heading = f"{question.topic} > {question.text}" if question.topic else question.text
        between = Span(question.end, question.answer.start)
        spans = tuple(
            s for s in (_supplement(text, between), question.answer) if s is not None and not (question.rubric or apart)
        ) or (question.answer,)
        units.append((spans[0].start, _Unit(question.id, question.text, " ".join(heading.split()), spans, question.id)))
    units += _sections(document, _outside(len(text), sorted(taken, key=lambda span: span.start)))
    return [unit for _, unit in sorted(units, key=lambda pair: pair[0])]


def _apart(question: Question, following: Question | None) -> bool:
    """Whether the answer stands somewhere else, such as in a section of answers, with other questions in between."""
    return question.answer is not None and following is not None and following.start < question.answer.start


def _question_end(text: str, question: Question, *, apart: bool) -> int:
    """Where the question's unit ends: with its answer, else with its own line."""
    if question.answer is not None and not apart:
        return question.answer.end
    stop = text.find("\n", question.end)
    return len(text) if stop < 0 else stop


def _supplement(text: str, between: Span) -> Span | None:
    """What stands between a question and its answer's label: code, a table, options. None when only marks do."""
    end = between.end
    line_start = text.rfind("\n", 0, end) + 1
    if line_start > between.start or not re.search(r"\w{2}", text[between.start : end]):
        end = max(between.start, line_start)  # what precedes an answer on its own line is its label
    elif is_answer_label(text[between.start : end]):
        end = between.start
    found = [b for b in blocks(text, between.start, end) if b.kind not in NOISE]
    while found and (is_answer_label(text[found[-1].start : found[-1].end]) or found[-1].kind == "heading"):
        found.pop()
    if not found or not re.search(r"\w", text[found[0].start : found[-1].end]):
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
    headings = deque(b for b in blocks(text) if b.kind == "heading")
    known = {heading.start for heading in headings}
    seen: Counter[str] = Counter()
    for span in outside:
        while headings and headings[0].start < span.start:
            _descend(path, headings.popleft(), text)
        group: list[Block] = []
        for block in _worded(text, span, known):
            if block.kind != "heading":
                group.append(block)
                continue
            if group:
                yield group[0].start, _section(document, path, group, seen)
                group = []
            _descend(path, block, text)
        if group:
            yield group[0].start, _section(document, path, group, seen)


def _worded(text: str, span: Span, headings: set[int]) -> list[Block]:
    """The blocks of a stretch outside questions: no noise, no label of a missing answer, no title of a question.

    The rest of a paragraph may look like a heading by itself; only what is one in the whole text, by its start, is one.
    """
    found = [b for b in blocks(text, span.start, span.end) if b.kind not in NOISE]
    found = [replace(b, kind="para") if b.kind == "heading" and b.start not in headings else b for b in found]
    found = [b for b in found if re.search(r"\w", text[b.start : b.end]) and not is_no_answer(text[b.start : b.end])]
    while (
        found
        and span.end < len(text)
        and (found[-1].kind == "heading" or is_title(text[found[-1].start : found[-1].end]))
    ):
        found.pop()
    return found


def _descend(path: dict[int, str], heading: Block, text: str) -> None:
    for level in [level for level in path if level >= heading.level]:
        del path[level]
    path[heading.level] = heading_text(text[heading.start : heading.end])


def _section(document: Document, path: dict[int, str], group: Sequence[Block], seen: Counter[str]) -> _Unit:
    heading = " > ".join(words for _, words in sorted(path.items()) if words) or document.title
    name = content_id("section", document.name, heading, str(seen[heading]))
    seen[heading] += 1
    return _Unit(name, heading, heading, (Span(group[0].start, group[-1].end),))
