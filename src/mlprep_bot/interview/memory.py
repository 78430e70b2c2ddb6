"""What the candidate still remembers: every key point is a memory under FSRS, replayed from the attempts (pure).

FSRS counts in days, so time is cut into days of practice, which begin at four in the morning where the candidate
lives: what was missed at midnight or at noon comes back the next morning. Nothing here is stored; another scheduler
or other parameters only change what is read from the same attempts.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from mlprep_bot.grading.rubric import HINT_COST, PointVerdict
from mlprep_bot.interview.attempts import Attempt

if TYPE_CHECKING:
    from fsrs import Card, Rating, Scheduler

DAY_BEGINS = timedelta(hours=4)
RETENTION = 0.9  # a memory is due when this is the chance that it is still there
WEAK = 0.7  # a memory of less strength, 0 to 1, is weak
COMPLETE = 0.999  # the score, 0 to 1, from which on an answer left nothing out
_CREDIT = {PointVerdict.MET: 1.0, PointVerdict.PARTIAL: 0.5}  # how right; anything else 0
# How much alike the credits of one answer's points are: their intraclass correlation, over 288 answers that people
# graded.
ALIKE = 0.25
Z90 = 1.645  # the normal deviate of a two-sided 90% interval


@dataclass(frozen=True, slots=True)
class Memory:
    """One key point as it is remembered at the time that was asked about.

    `due` and `seen` (the last attempt) are seconds since the epoch; `stability` is days until the chance of recall
    falls to 90%; `difficulty` is 1 to 10; `retrievability` is the chance of recall, 0 to 1, not whether
    it is right: `credit`, 0 to 1, says that of the last attempt. `lapses`: misses after a first success.
    """

    key: str
    text: str
    question: str
    document: str
    topic: str
    level: str
    weight: int
    seen: float
    due: float
    stability: float
    difficulty: float
    retrievability: float
    credit: float
    last: PointVerdict
    attempts: int
    lapses: int

    @property
    def strength(self) -> float:
        """0 to 1: the chance that it is still there, times how right it was."""
        return self.retrievability * self.credit


@dataclass(frozen=True, slots=True)
class Mastery:
    """How well `n` key points of a topic are mastered: `value` in `low` .. `high`, all 0 to 1 (see `interval`)."""

    topic: str
    value: float
    n: int
    low: float
    high: float


@dataclass(slots=True)
class _Held:
    """A memory while attempts are replayed."""

    card: Card
    last: Attempt
    attempts: int = 0
    lapses: int = 0
    known: bool = False

    def retrievability(self, scheduler: Scheduler, day: date) -> float:
        return scheduler.get_card_retrievability(self.card, _clock(day))

    def strength(self, scheduler: Scheduler, day: date) -> float:
        return self.retrievability(scheduler, day) * credit(self.last)


def practice_day(at: float) -> date:
    """The day of practice, in local time, that a moment (seconds since the epoch) belongs to."""
    return (datetime.fromtimestamp(at) - DAY_BEGINS).date()


def day_start(day: date) -> float:
    """When a day of practice begins, in seconds since the epoch."""
    return (datetime.combine(day, time()) + DAY_BEGINS).timestamp()


def rating(attempt: Attempt) -> Rating:
    """How FSRS takes an attempt: Again, Hard, Good or Easy."""
    from fsrs import Rating

    if attempt.verdict is PointVerdict.PARTIAL:
        return Rating.Hard
    if attempt.verdict is not PointVerdict.MET:
        return Rating.Again
    at_once = not attempt.hinted and not attempt.probed
    return Rating.Easy if at_once and attempt.score >= COMPLETE else Rating.Good


def credit(attempt: Attempt) -> float:
    """0 to 1: how right the attempt was; a hint takes its share off."""
    return _CREDIT.get(attempt.verdict, 0.0) * (1 - HINT_COST if attempt.hinted else 1.0)


def memories(attempts: Iterable[Attempt], now: float) -> dict[str, Memory]:
    """All key points ever attempted up to `now`, by key, as they are remembered then."""
    scheduler, held = _scheduler(), dict[str, _Held]()
    for attempt in _in_order(attempts):
        if attempt.at <= now:
            _take(scheduler, held, attempt)
    return {key: _memory(scheduler, one, now) for key, one in held.items()}


def due(found: Mapping[str, Memory], by: float) -> list[Memory]:
    """What is due at `by` (seconds since the epoch), the weakest first."""
    return sorted((m for m in found.values() if m.due <= by), key=_weakest)


def weakest(found: Mapping[str, Memory], count: int = 10) -> list[Memory]:
    """The up to `count` key points that lack most, heavy ones first; what is known well is left out."""
    return sorted((m for m in found.values() if m.strength < WEAK), key=_weakest)[:count]


def upcoming(found: Mapping[str, Memory], now: float, days: int = 14) -> dict[date, list[Memory]]:
    """What is due on each of the next `days` days of practice, from today on; what is overdue stands under today."""
    today = practice_day(now)
    plan: dict[date, list[Memory]] = {today + timedelta(days=n): [] for n in range(days)}
    for memory in sorted(found.values(), key=_weakest):
        day = max(today, practice_day(memory.due))
        if day in plan:
            plan[day].append(memory)
    return plan


def mastery(found: Iterable[Memory]) -> dict[str, Mastery]:
    """The mastery of each topic: the mean strength of its key points, by weight. Best-known topics last."""
    return _by_topic((m.topic, m.question, m.strength, m.weight) for m in found)


def mastery_over_time(attempts: Iterable[Attempt], now: float = math.inf) -> list[tuple[date, dict[str, Mastery]]]:
    """The mastery of each topic at the end of each day of practice up to `now`, oldest first."""
    scheduler, held = _scheduler(), dict[str, _Held]()
    course: list[tuple[date, dict[str, Mastery]]] = []
    for day, of_day in groupby(_in_order(a for a in attempts if a.at <= now), key=lambda a: practice_day(a.at)):
        for attempt in of_day:
            _take(scheduler, held, attempt)
        rows = ((o.last.topic, o.last.question, o.strength(scheduler, day), o.last.weight) for o in held.values())
        course.append((day, _by_topic(rows)))
    return course


def calendar(attempts: Iterable[Attempt]) -> dict[date, int]:
    """How many questions were answered on each day of practice, oldest first."""
    asked = {(practice_day(a.at), a.interview, a.question) for a in attempts}
    return dict(sorted(Counter(day for day, _, _ in asked).items()))


def interval(value: float, n: float) -> tuple[float, float]:
    """The 90% Wilson score interval of a share `value` (0 to 1) that `n` observations gave.

    It stays within 0 to 1 and is honest about small `n` (Wilson 1927; Brown, Cai and DasGupta 2001). For strengths
    between 0 and 1 it is too wide rather than too narrow, since no such mean varies more than a share does.
    """
    if n <= 0:
        return 0.0, 1.0
    square = Z90 * Z90
    centre = (value + square / (2 * n)) / (1 + square / n)
    half = Z90 / (1 + square / n) * math.sqrt(value * (1 - value) / n + square / (4 * n * n))
    return max(0.0, min(value, centre - half)), min(1.0, max(value, centre + half))


def independent(weights: Sequence[float]) -> float:
    """As how many independent observations the points of one question count, by their positive weights (Kish 1965).

    Unequal weights count like fewer equal ones, and points of one question stand and fall together.
    """
    size = sum(weights) ** 2 / sum(weight * weight for weight in weights)
    return size / (1 + (size - 1) * ALIKE)


def _in_order(attempts: Iterable[Attempt]) -> list[Attempt]:
    return sorted(attempts, key=lambda a: (a.at, a.interview, a.key))


def _by_topic(rows: Iterable[tuple[str, str, float, int]]) -> dict[str, Mastery]:
    """Mastery from (topic, question, strength, weight) of key points."""
    topics: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for topic, question, strength, weight in rows:
        topics[topic][question].append((strength, max(1, weight)))
    rated = [_mastery(topic, list(questions.values())) for topic, questions in topics.items()]
    return {one.topic: one for one in sorted(rated, key=lambda m: (m.value, m.topic))}


def _mastery(topic: str, questions: Sequence[Sequence[tuple[float, float]]]) -> Mastery:
    points = [point for of_question in questions for point in of_question]
    total = sum(weight for _, weight in points)
    value = min(1.0, sum(strength * weight for strength, weight in points) / total)
    low, high = interval(value, sum(independent([weight for _, weight in of]) for of in questions))
    return Mastery(topic, value, len(points), low, high)


def _scheduler() -> Scheduler:
    from fsrs import Scheduler

    # No steps of minutes: an interview is no deck of cards, the next chance is another day.
    return Scheduler(desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


def _clock(day: date) -> datetime:
    """A day of practice as FSRS wants it: whole days, in UTC, whatever the hour was."""
    return datetime.combine(day, time(), UTC)


def _take(scheduler: Scheduler, held: dict[str, _Held], attempt: Attempt) -> None:
    from fsrs import Card

    when = _clock(practice_day(attempt.at))
    one = held.setdefault(attempt.key, _Held(Card(card_id=0, due=when), attempt))
    one.card, _ = scheduler.review_card(one.card, rating(attempt), when)
    failed = attempt.verdict not in (PointVerdict.MET, PointVerdict.PARTIAL)
    one.lapses += failed and one.known
    one.known = one.known or attempt.verdict is PointVerdict.MET
    one.attempts += 1
    one.last = attempt


def _memory(scheduler: Scheduler, one: _Held, now: float) -> Memory:
    card, last = one.card, one.last
    return Memory(
        key=last.key,
        text=last.text,
        question=last.question,
        document=last.document,
        topic=last.topic,
        level=last.level,
        weight=last.weight,
        seen=last.at,
        due=day_start(card.due.date()),
        stability=card.stability or 0.0,
        difficulty=card.difficulty or 0.0,
        retrievability=one.retrievability(scheduler, practice_day(now)),
        credit=credit(last),
        last=last.verdict,
        attempts=one.attempts,
        lapses=one.lapses,
    )


def _weakest(memory: Memory) -> tuple[float, float, str]:
    return -(1 - memory.strength) * memory.weight, memory.due, memory.key
