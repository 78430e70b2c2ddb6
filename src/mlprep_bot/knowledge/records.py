"""Documents, questions and chunks as database rows and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from mlprep_bot.domain import Chunk, Document, FollowUp, KeyPoint, Question, Reference, Rubric, Span

CHUNK_COLUMNS = 'id, document, start, "end", text, heading, context, unit, ordinal, question_id'


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document with what was found in it. `views` holds, for each chunk, (view, text to embed) pairs."""

    document: Document
    questions: tuple[Question, ...]
    chunks: tuple[Chunk, ...]
    views: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def token(self) -> str:
        """Changes when anything that is served for this document changes."""
        seen = hashlib.sha256()
        for part in (self.document, self.questions, self.chunks, self.views):
            seen.update(repr(part).encode("utf-8", "surrogatepass"))
        return seen.hexdigest()[:32]

    def renamed(self, name: str) -> Parsed:
        """The same under another name is another document: ids derive from it."""
        return replace(self, document=replace(self.document, name=name))


def text_key(text: str) -> str:
    """Names an embedded text, and so its vector, whatever document it stands in."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def chunk_row(chunk: Chunk) -> tuple[Any, ...]:
    """In the order of `CHUNK_COLUMNS`."""
    return (
        chunk.id,
        chunk.document,
        chunk.start,
        chunk.end,
        chunk.text,
        chunk.heading,
        chunk.context,
        chunk.unit,
        chunk.ordinal,
        chunk.question_id,
    )


def chunk_of(row: Sequence[Any]) -> Chunk:
    """From a row in the order of `CHUNK_COLUMNS`."""
    return Chunk(*row)


def question_json(question: Question) -> str:
    """One JSON object; `question_of` reads it."""
    return json.dumps(asdict(question), ensure_ascii=False)


def question_of(body: str) -> Question:
    """The question that `question_json` wrote."""
    values = json.loads(body)
    answer, rubric = values.pop("answer"), values.pop("rubric")
    return Question(**values, answer=Span(**answer) if answer else None, rubric=_rubric(rubric) if rubric else None)


def _rubric(values: dict[str, Any]) -> Rubric:
    return Rubric(
        level=values["level"],
        tags=tuple(values["tags"]),
        aliases=tuple(values["aliases"]),
        key_points=tuple(KeyPoint(**point) for point in values["key_points"]),
        pitfalls=tuple(values["pitfalls"]),
        follow_ups=tuple(FollowUp(**follow) for follow in values["follow_ups"]),
        references=tuple(Reference(**reference) for reference in values["references"]),
    )
