"""What documents cover: questions by topic and level, where follow-ups lead, and which questions find support."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from mlprep_bot.answering.evidence import Evidence
from mlprep_bot.domain import Question, Retrieved
from mlprep_bot.knowledge.cards import LEVELS

NO_LEVEL = "-"  # a question that was found in a document that is no card
COLUMNS = (*LEVELS, NO_LEVEL)


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the map. `levels` counts answered questions by COLUMNS; `unanswered` ones are apart.

    `out` counts follow-ups that lead to cards of other topics, `into` those that come from there.
    """

    name: str
    levels: Mapping[str, int]
    unanswered: int
    out: int
    into: int

    @property
    def questions(self) -> int:
        """Answered questions."""
        return sum(self.levels.values())

    @property
    def orphan(self) -> bool:
        """Whether its cards neither lead to another topic nor are led to."""
        return self.questions > self.levels.get(NO_LEVEL, 0) and not (self.out and self.into)


@dataclass(frozen=True, slots=True)
class Map:
    """Every topic by name, cards that no follow-up of another card leads to, follow-ups that lead nowhere."""

    topics: tuple[Topic, ...]
    unreached: tuple[str, ...]
    dangling: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question from a list: whether the documents support an answer, why (not), and what is nearest."""

    question: str
    supported: bool
    reason: str
    nearest: str
    topic: str


def survey(questions: Iterable[Question]) -> Map:
    """The map of everything that was found in documents."""
    found = list(questions)
    home = {PurePosixPath(q.document).stem: q for q in found if q.rubric}
    levels: dict[str, Counter[str]] = {}
    out: Counter[str] = Counter()
    into: Counter[str] = Counter()
    reached: set[str] = set()
    dangling: list[str] = []
    for question in found:
        counts = levels.setdefault(question.topic, Counter())
        if question.answered:
            counts[question.rubric.level if question.rubric else NO_LEVEL] += 1
        for follow_up in question.rubric.follow_ups if question.rubric else ():
            probed = follow_up.probes
            if not probed or re.fullmatch(r"kp:\d+", probed):
                continue
            if probed not in home:
                dangling.append(f"{question.document}: {probed}")
                continue
            if home[probed] is not question:
                reached.add(probed)
            if home[probed].topic != question.topic:
                out[question.topic] += 1
                into[home[probed].topic] += 1
    unanswered = Counter(q.topic for q in found if not q.answered)
    topics = [Topic(name, levels[name], unanswered[name], out[name], into[name]) for name in sorted(levels)]
    return Map(tuple(topics), tuple(sorted(set(home) - reached)), tuple(dangling))


def support(
    asked: Sequence[str], search: Callable[[str], Retrieved], assess: Callable[[str, Retrieved], Evidence]
) -> Iterable[Wanted]:
    """For each question in turn, what the evidence gate says of what is retrieved for it."""
    for question in asked:
        found = search(question)
        evidence = assess(question, found)
        best = found.passages[0] if found.passages else None
        nearest = (best.question or best.heading or best.document) if best else ""
        topic = best.heading.partition(" > ")[0] if best and best.question else ""
        yield Wanted(question, evidence.sufficient, evidence.reason, nearest, topic)


def as_json(surveyed: Map, wanted: Sequence[Wanted]) -> dict[str, Any]:
    """The object of `mlprep corpus map --json`; the names of its fields are those of the classes above."""
    return {
        "topics": [
            {
                "topic": topic.name,
                "questions": topic.questions,
                "levels": dict(topic.levels),
                "unanswered": topic.unanswered,
                "follow_ups": {"out": topic.out, "in": topic.into},
                "orphan": topic.orphan,
            }
            for topic in surveyed.topics
        ],
        "unreached": list(surveyed.unreached),
        "dangling": list(surveyed.dangling),
        "questions": [asdict(item) for item in wanted],
        "supported": sum(item.supported for item in wanted),
    }
