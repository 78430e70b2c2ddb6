"""The vocabulary: frozen values that every other module speaks in.

Offsets are half-open character offsets into `Document.text`; wherever a value
carries `document`, `start`, `end` and a text, `document.text[start:end] == text`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Document:
    """One file's text. `name` is its path relative to the indexed root, with `/`.

    `text` has `\\n` line ends, no byte-order mark and no NUL; every offset refers to it.
    `kind` is `card`, `markdown`, `text`, `pdf`, `docx`, `pptx`, `html`, `epub` or `notebook`.
    """

    name: str
    text: str
    kind: str
    title: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the text and the kind, in hexadecimal."""
        return hashlib.sha256(f"{self.kind}\0{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, `start <= end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One checkable sentence of a card, its weight, and the wrong belief that contradicts it."""

    text: str
    weight: int = 1
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up question and what it probes: a card's id, or `kp:N` for this card's Nth key point."""

    question: str
    probes: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A published source that a card leans on."""

    title: str
    authors: str = ""
    year: int | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Rubric:
    """What only a corpus card knows about its question."""

    level: str
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    key_points: tuple[KeyPoint, ...] = ()
    pitfalls: tuple[str, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question found in a document, with the span of its answer, or None when nobody answered it.

    `text` is the wording without its label (`Q 7:` …); `start:end` is where that wording stands.
    `line` is 1-based. `rubric` is None unless the question comes from a corpus card.
    """

    id: str
    document: str
    text: str
    start: int
    end: int
    line: int
    topic: str = ""
    answer: Span | None = None
    rubric: Rubric | None = None

    @property
    def answered(self) -> bool:
        return self.answer is not None


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is embedded and matched.

    `unit` names the answer or section that it was cut from: chunks of one unit, in the order of
    `ordinal`, are neighbours and may be merged into one passage. `context` is the question (or
    heading) that the chunk answers; it is embedded with the chunk and is no part of `text`.
    `id` derives from content, not from offsets, so an edit elsewhere in the file keeps it.
    """

    id: str
    document: str
    start: int
    end: int
    text: str
    heading: str
    context: str
    unit: str
    ordinal: int
    question_id: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a passage's words stand."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Why a passage is where it is: ranks are 1-based, None when that retriever did not find it."""

    dense_rank: int | None
    lexical_rank: int | None
    cosine: float | None
    bm25: float | None
    fused: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A numbered piece of evidence. `id` (`S3`) is opaque and only means something within one answer."""

    n: int
    text: str
    document: str
    start: int
    end: int
    heading: str
    question: str
    score: float
    sources: tuple[Source, ...]
    ranking: Ranking

    @property
    def id(self) -> str:
        return f"S{self.n}"


@dataclass(frozen=True, slots=True)
class AskedWord:
    """A content word of a question: its share of the question's meaning (0 to 1), and who uses it.

    `indexed`: it occurs somewhere in the documents. `said`: the first passages say it.
    """

    text: str
    weight: float
    indexed: bool
    said: bool


@dataclass(frozen=True, slots=True)
class Signals:
    """What retrieval observed about a query, for the evidence gate. Names and units in `retrieval.py`."""

    values: Mapping[str, float]
    words: tuple[AskedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The passages within the budget, best first, with what the gate needs and where the time went."""

    query: str
    passages: tuple[Passage, ...]
    signals: Signals
    timings: Mapping[str, float]  # stage -> seconds


class Verdict(StrEnum):
    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNCITED = "uncited"


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact quotation: `document.text[start:end] == quote`."""

    passage: str  # Passage.id
    document: str
    heading: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer with what it cites and whether that supports it.

    `text` is Markdown without markers; `block` is the layout before it: "" (same paragraph),
    "paragraph", "bullet", "number", "code" or "heading".
    """

    text: str
    verdict: Verdict
    reason: str
    citations: tuple[Citation, ...] = ()
    block: str = ""


class Status(StrEnum):
    ANSWERED = "answered"
    NOT_IN_CORPUS = "not_in_corpus"


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer. `searched` is the stand-alone question that was really searched for.

    With `not_in_corpus` there are no sentences and `passages` are the nearest ones.
    `complete` is False when the writer's stream broke or was stopped; `notes` are for the reader
    ("5 of 8 passages fit"); `seconds` is wall time.
    """

    question: str
    searched: str
    status: Status
    sentences: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    writer: str
    seconds: float
    notes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # nearest topics, when refused
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation, as the follow-up resolver needs it."""

    question: str
    searched: str
    answer: str = ""


# What an answerer emits, in this order: Searched, then any of Drafted / Checked, then Finished.


@dataclass(frozen=True, slots=True)
class Searched:
    query: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Drafted:
    """Raw text as the model writes it, markers included; replaced on screen by checked sentences."""

    delta: str


@dataclass(frozen=True, slots=True)
class Checked:
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Finished:
    answer: Answer


Event = Searched | Drafted | Checked | Finished


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and why, in one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an index run would do. Documents by name."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    rebuild: str = ""  # why the serving index is rebuilt, "" when it is not


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two passages of different documents that say nearly the same; `similarity` is a cosine."""

    left: Source
    right: Source
    similarity: float


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What an index run found, for the roots that it was given."""

    plan: Plan
    documents: int
    questions: tuple[Question, ...]
    chunks_added: int
    chunks_kept: int
    chunks_removed: int
    embedded: int  # texts really sent through the model; 0 on an unchanged second run
    near_duplicates: tuple[NearDuplicate, ...]
    failed: tuple[Failure, ...]
    seconds: float
    notes: tuple[str, ...] = field(default=())
