"""What to ask next, from the attempts so far, the time and the randomness (pure).

A question is due, weak, new or known. A drill takes what is due, then what is weak; any other interview mixes what is
due with what is new, as a real one would not ask only for old sins. Among the questions of one kind the topic is drawn
by what it needs and how much it matters for the role and the pasted text, then the question that needs it most.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from mlprep_bot.grading.rubric import PointVerdict
from mlprep_bot.interview.attempts import Attempt, point_key
from mlprep_bot.interview.memory import WEAK, Memory, memories, practice_day
from mlprep_bot.interview.session import Choose, Prompt, Setup, State, Style
from mlprep_bot.interview.steering import are_neighbours, role_named
from mlprep_bot.knowledge.cards import LEVELS
from mlprep_bot.knowledge.identity import normalised

DAYS = 3  # a question that is not due rests for so many days of practice
ANY_LEVEL = 1  # a question of a user's own notes says no level; among the others it stands as mid
RAMP = 2  # questions of a warm-up at each level before the next one
NEW = 0.5  # how much a question needs to be asked that never was, between known well (0) and missed (1)
SHARP, DRILL_SHARP = 2, 8  # the higher, the more surely the neediest topic is drawn
NOISE = 0.2  # among questions that need it about as much, chance decides
AGAIN = 0.5  # each time a topic came in this interview
BESIDE = 1.3  # a neighbour of the last topic: telling similar things apart is what interleaving trains


class Kind(IntEnum):
    """How a question stands, in the order in which a drill takes them."""

    DUE = 0
    WEAK = 1
    NEW = 2
    KNOWN = 3


# How often each kind comes outside a drill, when all are there.
_ODDS = {Kind.DUE: 6.0, Kind.WEAK: 2.0, Kind.NEW: 3.0, Kind.KNOWN: 0.3}


@dataclass(frozen=True, slots=True)
class Standing:
    """How many questions fit a set-up, and how many of these are `resting`, since they were asked lately."""

    fit: int
    resting: int


@dataclass(frozen=True, slots=True)
class _Open:
    """A question that may be asked now; `need` is 0 to 1, `point` the memory that needs it most.

    `seen`: it was asked before, even if nothing of it is remembered.
    """

    prompt: Prompt
    kind: Kind
    need: float
    point: Memory | None
    seen: bool = True


def choose(
    pool: Sequence[Prompt],
    attempts: Iterable[Attempt],
    state: State,
    now: float,
    rng: random.Random,
    asked_at: Mapping[str, float] | None = None,
) -> Choose:
    """The question to ask next in `state`; its prompt is None when nothing of `pool` fits any more.

    Never one that was asked in this interview. Pinned ones come first, in their order, whatever else was asked for;
    where no others were wanted, nothing is asked instead of one that is gone. Any other one that was asked within
    `DAYS` days only comes when it is due, and not before the next day of practice. `asked_at`: when questions (by id)
    were last asked, with those that gave no attempts.
    """
    setup = state.setup
    asked = {r.prompt.id for r in state.rounds}
    said = {normalised(r.prompt.text) for r in state.rounds}
    left = [p for p in pool if p.id not in asked and normalised(p.text) not in said]
    by_id = {p.id: p for p in left}
    for wanted in setup.pinned:
        if wanted in by_id:
            return Choose(by_id[wanted], "You asked for this question.")
    if setup.pinned and setup.questions is not None and setup.questions <= len(setup.pinned):
        return Choose(None, "")
    fitting = [p for p in left if fits(p, setup)]
    ready = [o for o in _standing(fitting, attempts, now, asked_at or {}) if isinstance(o, _Open)]
    ready = _at_level(ready, setup, len(state.rounds))
    if not ready:
        return Choose(None, "")
    ready = _of_one_kind(ready, setup.style, rng)
    found = _pick(ready, [r.prompt for r in state.rounds], setup, rng)
    return Choose(found.prompt, _why(found, setup, now))


def fits(prompt: Prompt, setup: Setup) -> bool:
    """Whether a question is what was asked for: topics, documents, and at most one level away."""
    return (
        (not setup.topics or prompt.topic in setup.topics)
        and (not setup.documents or prompt.document in setup.documents)
        and _levels_away(prompt, setup.level) <= 1
    )


def standing(
    pool: Iterable[Prompt],
    attempts: Iterable[Attempt],
    setup: Setup,
    now: float,
    asked_at: Mapping[str, float] | None = None,
) -> Standing:
    """How many questions a set-up could ask now, to tell the candidate before the interview begins."""
    found = _standing([p for p in pool if fits(p, setup)], attempts, now, asked_at or {})
    return Standing(len(found), resting=sum(isinstance(one, Prompt) for one in found))


def askable(found: Mapping[str, Memory], pool: Iterable[Prompt]) -> dict[str, Memory]:
    """The memories of key points that `pool` still has: what was removed or reworded is no longer practised."""
    keys = {point_key(prompt.id, point.text) for prompt in pool for point in prompt.points}
    return {key: memory for key, memory in found.items() if key in keys}


def _standing(
    prompts: Sequence[Prompt], attempts: Iterable[Attempt], now: float, asked_at: Mapping[str, float]
) -> list[_Open | Prompt]:
    """Each prompt with its standing, or bare when it has to rest."""
    held = memories(attempts, now)
    seen = {question: at for question, at in asked_at.items() if at <= now}
    for memory in held.values():
        seen[memory.question] = max(memory.seen, seen.get(memory.question, memory.seen))
    return [_open(prompt, held, seen.get(prompt.id), now) for prompt in prompts]


def _open(prompt: Prompt, held: Mapping[str, Memory], seen: float | None, now: float) -> _Open | Prompt:
    points = [(p.weight, held.get(point_key(prompt.id, p.text))) for p in prompt.points]
    known = [memory for _, memory in points if memory is not None]
    if seen is None:
        return _Open(prompt, Kind.NEW, NEW, None, seen=False)
    due = [memory for memory in known if memory.due <= now]
    if (practice_day(now) - practice_day(seen)).days < (1 if due else DAYS):
        return prompt
    if not known:
        return _Open(prompt, Kind.NEW, NEW, None)
    weak = [memory for memory in known if memory.strength < WEAK]
    kind = Kind.DUE if due else Kind.WEAK if weak else Kind.KNOWN
    worst = min(due or known, key=lambda m: (m.strength, -m.weight, m.key), default=None)
    return _Open(prompt, kind, _need([(weight, _point_need(memory, now)) for weight, memory in points]), worst)


def _point_need(memory: Memory | None, now: float) -> float:
    if memory is None:
        return NEW
    lack = 1 - memory.strength
    return (1 + lack) / 2 if memory.due <= now else lack / 2


def _need(points: Sequence[tuple[int, float]]) -> float:
    """Half the neediest point, half the mean by weight: one heavy miss must not drown in what is known."""
    total = sum(weight for weight, _ in points) or 1
    return (
        max((need for _, need in points), default=NEW) / 2 + sum(weight * need for weight, need in points) / total / 2
    )


def _levels_away(prompt: Prompt, level: str) -> int:
    if level not in LEVELS or prompt.level not in LEVELS:
        return 0
    return abs(LEVELS.index(prompt.level) - LEVELS.index(level))


def _at_level(ready: list[_Open], setup: Setup, asked: int) -> list[_Open]:
    """Those of the level that was asked for, else the ones beside it; a warm-up begins with the easiest."""
    ready = [o for o in ready if not _levels_away(o.prompt, setup.level)] or ready
    if setup.style is not Style.WARM_UP or not ready:
        return ready
    aim = asked // RAMP
    nearest = min((_rank(o.prompt) for o in ready), key=lambda rank: (rank > aim, abs(rank - aim)))
    return [o for o in ready if _rank(o.prompt) == nearest]


def _rank(prompt: Prompt) -> int:
    return LEVELS.index(prompt.level) if prompt.level in LEVELS else ANY_LEVEL


def _of_one_kind(ready: list[_Open], style: Style, rng: random.Random) -> list[_Open]:
    kinds = sorted({o.kind for o in ready})
    kind = kinds[0] if style is Style.DRILL else rng.choices(kinds, [_ODDS[kind] for kind in kinds])[0]
    return [o for o in ready if o.kind is kind]


def _pick(ready: Sequence[_Open], before: Sequence[Prompt], setup: Setup, rng: random.Random) -> _Open:
    """Draw a topic by its neediest question, then take that question, give or take some noise."""
    topics: dict[str, list[_Open]] = defaultdict(list)
    for one in ready:
        topics[one.prompt.topic].append(one)
    worth = {topic: max(o.need for o in of) * topic_weight(topic, setup) for topic, of in topics.items()}
    last = before[-1] if before else None
    if last and any(topic != last.topic and worth[topic] >= worth.get(last.topic, 0.0) for topic in worth):
        worth.pop(last.topic, None)
    times = Counter(prompt.topic for prompt in before)
    for topic in worth:
        worth[topic] *= AGAIN ** times[topic] * (BESIDE if last and _beside(last, topics[topic][0].prompt) else 1.0)
    sharp = DRILL_SHARP if setup.style is Style.DRILL else SHARP
    drawn = rng.choices(list(worth), [value**sharp for value in worth.values()])[0]
    return max(topics[drawn], key=lambda o: o.need * (1 + NOISE * rng.random()))


def topic_weight(topic: str, setup: Setup) -> float:
    """How much a topic matters for the role and the pasted text; 1 is neutral, never 0."""
    role = role_named(setup.role)
    weight = (role.weight(topic) if role else 1.0) * dict(setup.steering).get(topic, 1.0)
    return max(weight, 0.05)


def _beside(last: Prompt, prompt: Prompt) -> bool:
    if last.topic == prompt.topic:
        return False
    own = not last.level and not prompt.level and last.document == prompt.document
    return own or are_neighbours(last.topic, prompt.topic)


# --- why, in words -------------------------------------------------------------------------------

# A point is never named here: the candidate has yet to say it.
_DID = {
    PointVerdict.MISSED: "you missed one of its points",
    PointVerdict.CONTRADICTED: "you had one of its points wrong",
    PointVerdict.PARTIAL: "you had one of its points half right",
    PointVerdict.MET: "you knew it",
}


def _why(found: _Open, setup: Setup, now: float) -> str:
    point = found.point
    if found.kind is Kind.NEW or point is None:
        text = "You were asked this before, but it has no mark yet." if found.seen else "New to you."
    elif found.kind is Kind.KNOWN:
        text = f"A refresher: you knew it {_ago(point.seen, now)}."
    else:
        lead = "Due for review" if found.kind is Kind.DUE else "A weak spot"
        text = f"{lead}: {_DID[point.last]} {_ago(point.seen, now)}."
    return " ".join(filter(None, (text, _wanted(found.prompt, setup))))


def _wanted(prompt: Prompt, setup: Setup) -> str:
    """What of the set-up led here: the level that ran out, the pasted text, or the role."""
    if _levels_away(prompt, setup.level):
        return f"No {setup.level} question is left, so this one is for {prompt.level} candidates."
    words = dict(setup.steered_by).get(prompt.topic, "")
    if words and dict(setup.steering).get(prompt.topic, 1.0) > 1:
        return f"The text that you pasted mentions {words}."
    role = role_named(setup.role)
    return f"Often asked in {role.title} interviews." if role and role.weight(prompt.topic) > 1 else ""


def _ago(seen: float, now: float) -> str:
    days = (practice_day(now) - practice_day(seen)).days
    if days < 1:
        return "earlier today"
    return "yesterday" if days == 1 else f"{days} days ago" if days < 14 else f"{days // 7} weeks ago"
