"""The debrief of a question: each verdict with its passage, what the documents contradict, a model answer, delivery."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Protocol

from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.debriefing.delivery import delivery
from mlprep_bot.debriefing.grounding import Ground, ground, renumbered
from mlprep_bot.debriefing.objections import Finding, findings
from mlprep_bot.domain import Citation, Document, Passage, Question, Sentence
from mlprep_bot.errors import LibraryError
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, mark
from mlprep_bot.interview.session import Prompt, Round
from mlprep_bot.ports import Embedder

_REMEMBERED = 64  # questions whose places in the documents are kept
_SKIPPED = "You skipped this question."


@dataclass(frozen=True, slots=True)
class PointDebrief:
    """The verdict on a key point, and the exact words of the document that support the point, if any do."""

    grade: PointGrade
    citation: Citation | None


@dataclass(frozen=True, slots=True)
class Objection:
    """`quote` is a substring of what the candidate said; `citation` is what contradicts it, `reason` says how."""

    quote: str
    reason: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Debrief:
    """What a candidate is told about one question.

    `points` in the rubric's order. `model_answer` is verbatim from the document; `passages` are what all citations
    refer to by id. `delivery` is one sentence, "" for a skipped question. `mark` is 0 to 1, after hints, None when
    there is no grade. A document that is gone leaves citations None and the model answer empty.
    """

    points: tuple[PointDebrief, ...]
    objections: tuple[Objection, ...]
    model_answer: tuple[Sentence, ...]
    passages: tuple[Passage, ...]
    delivery: str
    mark: float | None
    hints: int


class Documents(Protocol):
    """The documents that are served: an `App` or one of its generations."""

    def document(self, name: str) -> Document:
        """Raises NotIndexed."""

    def questions(self) -> Sequence[Question]: ...


class Debriefer:
    """Makes debriefs from the documents as they are now. Deterministic and thread-safe."""

    def __init__(self, documents: Documents, checker: SupportChecker, embedder: Embedder) -> None:
        self._documents = documents
        self._checker = checker
        self._vectors = VectorMemory(embedder)
        self._grounds: OrderedDict[tuple[str, str, str, tuple[str, ...]], Ground | None] = OrderedDict()
        self._lock = Lock()

    def debrief(self, done: Round) -> Debrief:
        """What to tell about a question that was answered or skipped. Raises LibraryError, EmbedderError."""
        found = self._ground(done.prompt)
        points = _points(done, found)
        objections = tuple(self._objections(done, points, found)) if found else ()
        model = found.model_answer if found else ()
        grade = done.grade
        debrief = Debrief(
            points=points,
            objections=objections,
            model_answer=model,
            passages=found.passages if found else (),
            delivery="" if done.skipped else delivery(done.said),
            mark=None if grade is None else mark(grade.score, len(done.hints)),
            hints=len(done.hints),
        )
        return _tidied(debrief)

    def _ground(self, prompt: Prompt) -> Ground | None:
        """Where the answer to `prompt` stands, remembered until the document changes."""
        try:
            document = self._documents.document(prompt.document)
        except LibraryError:  # the grade stands without its passages
            return None
        key = prompt.id, prompt.document, document.digest, tuple(point.text for point in prompt.points)
        with self._lock:
            if key not in self._grounds:
                question = _question(self._documents.questions(), prompt)
                self._grounds[key] = ground(question, prompt.points, document, self._checker) if question else None
            self._grounds.move_to_end(key)
            while len(self._grounds) > _REMEMBERED:
                self._grounds.popitem(last=False)
            return self._grounds[key]

    def _objections(self, done: Round, points: Sequence[PointDebrief], found: Ground) -> list[Objection]:
        if done.outcome is None:
            return []
        noticed = findings(done.prompt.text, done.said, [p.grade for p in points], found, self._vectors)
        return [_objection(finding, found) for finding in noticed]


def _question(questions: Sequence[Question], prompt: Prompt) -> Question | None:
    """The question as it stands now; copies of a document share their ids."""
    return next((q for q in questions if q.id == prompt.id and q.document == prompt.document), None)


def _objection(finding: Finding, found: Ground) -> Objection:
    return Objection(finding.quote, finding.reason, found.cite(finding.against.start, finding.against.end))


def _points(done: Round, found: Ground | None) -> tuple[PointDebrief, ...]:
    """One for each key point; without an outcome (a skipped question) the points are there without a verdict."""
    skipped = tuple(PointGrade(point, PointVerdict.UNVERIFIED, "", _SKIPPED) for point in done.prompt.points)
    grades = done.outcome.points if done.outcome is not None else skipped
    places = dict(zip((p.text for p in done.prompt.points), found.points if found else (), strict=False))
    return tuple(PointDebrief(grade, places.get(grade.point.text)) for grade in grades)


def _tidied(debrief: Debrief) -> Debrief:
    """The debrief with its passages numbered from 1 and those left out that nothing cites."""
    cited = [
        *(p.citation for p in debrief.points),
        *(o.citation for o in debrief.objections),
        *(c for s in debrief.model_answer for c in s.citations),
    ]
    names, passages = renumbered(debrief.passages, cited)

    def named(citation: Citation) -> Citation:
        return replace(citation, passage=names[citation.passage])

    return replace(
        debrief,
        points=tuple(replace(p, citation=p.citation and named(p.citation)) for p in debrief.points),
        objections=tuple(replace(o, citation=named(o.citation)) for o in debrief.objections),
        model_answer=tuple(replace(s, citations=tuple(map(named, s.citations))) for s in debrief.model_answer),
        passages=passages,
    )
