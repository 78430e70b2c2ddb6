"""The report of an interview: scores with their uncertainty, what to read and what to practise tomorrow (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from mlprep_bot.debriefing.debrief import Debrief
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, mark
from mlprep_bot.interview.attempts import Attempt, attempts_of, point_key
from mlprep_bot.interview.memory import Memory, day_start, due, independent, interval, memories, practice_day
from mlprep_bot.interview.scheduling import askable
from mlprep_bot.interview.session import Prompt, Round, State

MOST_READING = 3
AGAIN = 0.5  # how much more a point is worth reading up for each earlier time that it was missed
METHOD = (
    "The range would hold the true score in about nine of ten such interviews: a 90% Wilson interval (Wilson 1927; "
    "Brown, Cai and DasGupta 2001) over the key points, which count for fewer since those of one question "
    "stand and fall together (design effect 1 + (m − 1)ρ, Kish 1965). It covers which points "
    "were asked, not errors of the grader."
)
_MISSED = (PointVerdict.MISSED, PointVerdict.CONTRADICTED, PointVerdict.PARTIAL)


@dataclass(frozen=True, slots=True)
class TopicScore:
    """The mean mark of `questions` graded questions in `low` .. `high`, all 0 to 1; `n` key points were judged.

    `topic` is "" for the whole interview and for questions of documents without topics.
    """

    topic: str
    n: int
    questions: int
    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A question whose answer is worth reading; `heading` and `start` say where in the document, when it is known."""

    question: str
    wording: str
    document: str
    heading: str
    start: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Practice:
    """What is due of one question: key points, the weakest first. `wording` is "" unless this interview asked it."""

    question: str
    wording: str
    document: str
    topic: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """`overall` is None when no question has a grade. `practise` is what is due by the end of tomorrow."""

    interview: str
    overall: TopicScore | None
    by_topic: tuple[TopicScore, ...]  # the weakest first
    reading: tuple[Reading, ...]
    practise: tuple[Practice, ...]
    rounds: tuple[Round, ...]  # that were answered or skipped
    graded: int
    ungraded: int
    skipped: int


def report(
    interview: str,
    state: State,
    attempts: Iterable[Attempt],
    now: float,
    debriefs: Mapping[str, Debrief] | None = None,
    pool: Iterable[Prompt] | None = None,
) -> Report:
    """The report at `now` (seconds since the epoch).

    `attempts` are those of all interviews; this one's may be among them, under its own id or that of a copy that went
    another way. `debriefs` by prompt id give the reading its sections. `pool`, what can be asked: points that are no
    longer in it are not to be practised.
    """
    own = attempts_of(interview, state)
    here = {(a.at, a.key) for a in own}
    history = [a for a in attempts if a.interview != interview and (a.at, a.key) not in here]
    remembered = memories([*history, *own], now)
    if pool is not None:
        remembered = askable(remembered, pool)
    done = tuple(r for r in state.rounds if r.done)
    graded = [r for r in done if r.grade is not None and not r.skipped]
    by_topic: dict[str, list[Round]] = defaultdict(list)
    for round_ in graded:
        by_topic[round_.prompt.topic].append(round_)
    scores = [_score(topic, rounds) for topic, rounds in by_topic.items()]
    skipped = sum(r.skipped for r in done)
    return Report(
        interview=interview,
        overall=_score("", graded) if graded else None,
        by_topic=tuple(sorted(scores, key=lambda s: (s.score, s.topic))),
        reading=tuple(_reading(done, history, debriefs or {})),
        practise=tuple(_practise(remembered, state, now)),
        rounds=done,
        graded=len(graded),
        ungraded=len(done) - len(graded) - skipped,
        skipped=skipped,
    )


def _score(topic: str, rounds: Sequence[Round]) -> TopicScore:
    marks = [mark(r.grade.score, len(r.hints)) for r in rounds if r.grade is not None]
    judged = [[p.point.weight for p in _judged(r)] for r in rounds]
    value = min(1.0, max(0.0, sum(marks) / len(marks)))
    low, high = interval(value, sum(independent(of) for of in judged if of))
    return TopicScore(topic, sum(map(len, judged)), len(rounds), value, low, high)


def _judged(round_: Round) -> list[PointGrade]:
    points = round_.outcome.points if round_.outcome is not None else ()
    return [p for p in points if p.verdict is not PointVerdict.UNVERIFIED]


# --- what to read -------------------------------------------------------------------------------


def _reading(done: Sequence[Round], history: Sequence[Attempt], debriefs: Mapping[str, Debrief]) -> Iterable[Reading]:
    """The questions whose answers would bring most: by the weight of what is lacking, more when it lacked before."""
    missed_before = Counter(a.key for a in history if a.verdict in _MISSED)
    worth: list[tuple[float, Round]] = []
    for round_ in done:
        if value := _worth(round_, missed_before):
            worth.append((value, round_))
    worth.sort(key=lambda item: -item[0])
    seen: set[str] = set()
    for _, round_ in worth:
        if round_.prompt.id not in seen and len(seen) < MOST_READING:
            seen.add(round_.prompt.id)
            yield _to_read(round_, missed_before, debriefs.get(round_.prompt.id))


def _worth(round_: Round, missed_before: Mapping[str, int]) -> float:
    """The weight that the answer lacks; a skipped question lacks it all."""
    if round_.skipped or round_.outcome is None:
        return float(sum(p.weight for p in round_.prompt.points)) if round_.skipped else 0.0
    lost = 0.0
    for judged in round_.outcome.points:
        if judged.verdict in _MISSED:
            before = missed_before[point_key(round_.prompt.id, judged.point.text)]
            lost += judged.point.weight * (1 - judged.credit) * (1 + AGAIN * before)
    return lost


def _to_read(round_: Round, missed_before: Mapping[str, int], debrief: Debrief | None) -> Reading:
    prompt = round_.prompt
    lacking = sorted(
        (p for p in _judged(round_) if p.verdict in _MISSED),
        key=lambda p: (-p.point.weight * (1 - p.credit), p.verdict is not PointVerdict.CONTRADICTED),
    )
    places = {p.grade.point.text: p.citation for p in debrief.points} if debrief else {}
    cited = [place for p in lacking if (place := places.get(p.point.text))]
    place = cited[0] if cited else None
    again = sum(missed_before[point_key(prompt.id, p.point.text)] > 0 for p in lacking)
    return Reading(
        question=prompt.id,
        wording=prompt.text,
        document=prompt.document,
        heading=place.heading if place else "",
        start=place.start if place else None,
        why=_why(round_, lacking, again),
    )


def _why(round_: Round, lacking: Sequence[PointGrade], again: int) -> str:
    if round_.skipped:
        return "You skipped this question."
    wrong = sum(p.verdict is PointVerdict.CONTRADICTED for p in lacking)
    missed = sum(p.verdict is PointVerdict.MISSED for p in lacking)
    half = len(lacking) - wrong - missed
    told = [
        f"{count} {words}" for count, words in ((missed, "missed"), (half, "half right"), (wrong, "wrong")) if count
    ]
    text = f"Of {len(_judged(round_))} key points: {', '.join(told)}. The heaviest: {lacking[0].point.text}"
    if again:
        text += " You lacked " + ("one of them" if again == 1 else f"{again} of them") + " before."
    return text


# --- what to practise ---------------------------------------------------------------------------


def _practise(found: Mapping[str, Memory], state: State, now: float) -> Iterable[Practice]:
    """What is due by the end of tomorrow, by question, the one with the weakest point first."""
    wordings = {r.prompt.id: r.prompt.text for r in state.rounds}
    tomorrow = day_start(practice_day(now) + timedelta(days=1))
    by_question: dict[str, list[Memory]] = defaultdict(list)
    for memory in due(found, tomorrow):
        by_question[memory.question].append(memory)
    for question, points in by_question.items():
        first = points[0]
        texts = tuple(memory.text for memory in points)
        yield Practice(question, wordings.get(question, ""), first.document, first.topic, texts)
