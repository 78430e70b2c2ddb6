"""What is remembered, what can be asked, and what is asked next: a candidate practises for thirty days."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mlprep_bot.domain import Document, FollowUp, KeyPoint, Question, Rubric, Span
from mlprep_bot.grading.rubric import Grade, PointGrade, PointVerdict, grade
from mlprep_bot.interview.attempts import Attempt, attempts_of, point_key
from mlprep_bot.interview.memory import (
    WEAK,
    calendar,
    credit,
    day_start,
    due,
    interval,
    mastery,
    mastery_over_time,
    memories,
    practice_day,
    rating,
    upcoming,
    weakest,
)
from mlprep_bot.interview.pool import prompts
from mlprep_bot.interview.scheduling import DAYS, askable, choose, fits, standing, topic_weight
from mlprep_bot.interview.session import Phase, Prompt, Round, Setup, State, Style, Turn
from mlprep_bot.interview.steering import are_neighbours, known_topics
from mlprep_bot.knowledge.cards import LEVELS
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.readers import read_document

DAY = 24 * 3600.0
NOON = datetime(2026, 3, 2, 12).timestamp()
MET, PARTIAL, MISSED, CONTRADICTED = (
    PointVerdict.MET,
    PointVerdict.PARTIAL,
    PointVerdict.MISSED,
    PointVerdict.CONTRADICTED,
)


def prompt(
    name: str, topic: str = "statistics", level: str = "mid", document: str = "card.md", points: int = 2
) -> Prompt:
    found = tuple(KeyPoint(f"Point {n} of {name}.", n) for n in range(1, points + 1))
    return Prompt(name, document, f"What about {name}?", topic, level, found)


def attempt(name: str = "q", at: float = NOON, verdict: PointVerdict = MET, **more: object) -> Attempt:
    given_ = {"topic": "statistics", "weight": 1, "hinted": False, "probed": False, "score": 0.5} | more
    text = str(given_.pop("text", f"Point 1 of {name}."))
    return Attempt(
        at=at, interview="i", question=name, document="card.md", level="mid",
        key=point_key(name, text), text=text, verdict=verdict, **given_,  # type: ignore[arg-type]
    )  # fmt: skip


def asked(setup: Setup, *before: Prompt) -> State:
    rounds = tuple(Round(p, "", NOON, (Turn(p.text, "answer"),), done=True) for p in before)
    return State(setup, Phase.CHOOSING, rounds)


def graded(which: Prompt, at: float, verdict: PointVerdict) -> list[Attempt]:
    points = [PointGrade(p, verdict, "" if verdict is MISSED else "said") for p in which.points]
    outcome = grade(points, "said", "test")
    assert isinstance(outcome, Grade)
    done = Round(which, "", at, (Turn(which.text, "said"),), outcome=outcome, done=True)
    return attempts_of(f"i{at}", State(Setup(), Phase.DEBRIEF, (done,)))


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "more", "expected"),
    [
        (MISSED, {}, "Again"),
        (CONTRADICTED, {"score": 0.9}, "Again"),
        (PARTIAL, {"hinted": True}, "Hard"),
        (MET, {"hinted": True, "score": 1.0}, "Good"),
        (MET, {"probed": True, "score": 1.0}, "Good"),
        (MET, {"score": 0.8}, "Good"),
        (MET, {"score": 1.0}, "Easy"),
    ],
)
def test_a_verdict_becomes_a_rating(verdict, more, expected):
    assert rating(attempt(verdict=verdict, **more)).name == expected


def test_the_better_the_answer_the_later_it_is_due():
    ladder = [
        attempt("q", verdict=MISSED),
        attempt("q", verdict=PARTIAL),
        attempt("q", verdict=MET),
        attempt("q", verdict=MET, score=1.0),
    ]
    dues = [memories([one], NOON)[one.key].due for one in ladder]
    assert dues == sorted(dues)
    assert practice_day(dues[0]) == practice_day(NOON) + timedelta(days=1)
    assert practice_day(dues[-1]) >= practice_day(NOON) + timedelta(days=5)


@pytest.mark.parametrize("hour", [5, 12, 23, 27])
def test_what_was_missed_at_any_hour_is_due_the_next_morning(hour):
    at = datetime(2026, 3, 2).timestamp() + hour * 3600
    (memory,) = memories([attempt(at=at, verdict=MISSED)], at).values()
    assert memory.due > at
    assert datetime.fromtimestamp(memory.due) == datetime(2026, 3, 3, 4)


def test_a_memory_fades_and_a_lapse_is_counted():
    log = [attempt(at=NOON, score=1.0), attempt(at=NOON + 9 * DAY, verdict=MISSED)]
    (fresh,) = memories(log[:1], NOON).values()
    (faded,) = memories(log[:1], NOON + 30 * DAY).values()
    (lost,) = memories(log, NOON + 9 * DAY).values()
    assert fresh.retrievability == 1
    assert faded.retrievability < 0.85
    assert (fresh.lapses, lost.lapses, lost.attempts, lost.credit) == (0, 1, 2, 0)
    assert lost.strength == 0 < faded.strength < fresh.strength == 1


def test_a_hint_takes_its_share_and_the_future_is_not_looked_at():
    assert credit(attempt(hinted=True)) == pytest.approx(0.9)
    assert memories([attempt(at=NOON + DAY)], NOON) == {}


attempt_lists = st.lists(
    st.builds(
        attempt,
        name=st.sampled_from("abcd"),
        at=st.floats(0, 60 * DAY).map(lambda seconds: NOON + seconds),
        verdict=st.sampled_from([MET, PARTIAL, MISSED, CONTRADICTED]),
        topic=st.sampled_from(["statistics", "cost"]),
        weight=st.integers(0, 3),
        hinted=st.booleans(),
        probed=st.booleans(),
        score=st.floats(0, 1),
    ),
    max_size=25,
)


@given(attempt_lists, st.floats(0, 400 * DAY), st.randoms())
@settings(deadline=None)
def test_memories_are_in_bounds_and_do_not_depend_on_the_order_of_reading(log, later, rng):
    now = NOON + later
    found = memories(log, now)
    shuffled = rng.sample(log, len(log))
    if len({(a.at, a.key) for a in log}) == len(log):  # two verdicts of one moment have no order to keep
        assert memories(shuffled, now) == found
    for memory in found.values():
        assert 0 <= memory.retrievability <= 1
        assert 0 <= memory.strength <= 1
        assert 1 <= memory.difficulty <= 10
        assert memory.stability > 0
        assert memory.due > memory.seen
    assert sum(memory.attempts for memory in found.values()) == sum(a.at <= now for a in log)
    assert {m.key for m in due(found, now)} == {m.key for m in found.values() if m.due <= now}
    assert all(m.strength < WEAK for m in weakest(found))
    planned = [m.key for of_day in upcoming(found, now, 36600).values() for m in of_day]
    assert sorted(planned) == sorted(found)


@given(attempt_lists)
@settings(deadline=None)
def test_mastery_is_a_share_within_its_interval(log):
    course = mastery_over_time(log)
    days = [day for day, _ in course]
    assert days == sorted(set(days)) == list(calendar(log))
    for _, topics in course:
        for one in topics.values():
            assert 0 <= one.low <= one.value <= one.high <= 1
            assert one.n >= 1
    if log:
        last = max(a.at for a in log)
        assert course[-1][1] == mastery(memories(log, last).values())


def test_mastery_is_weighted_and_its_interval_narrows():
    heavy = [attempt("a", verdict=MISSED, weight=3), attempt("b", verdict=MET, weight=1, score=1.0)]
    few = mastery(memories(heavy, NOON).values())["statistics"]
    assert few.value == pytest.approx(0.25)
    many = [replace(a, question=f"{a.question}{n}", key=f"{a.key}{n}") for a in heavy for n in range(20)]
    more = mastery(memories(many, NOON).values())["statistics"]
    assert more.value == pytest.approx(0.25)
    assert more.high - more.low < (few.high - few.low) / 2


def test_the_interval_is_the_one_of_the_textbook():
    # Newcombe (1998), table I: 15 of 148, Wilson, there at 95%; our z is that of 90%.
    low, high = interval(15 / 148, 148)
    assert (round(low, 3), round(high, 3)) == (0.067, 0.150)
    assert interval(0.0, 0) == (0.0, 1.0)
    assert interval(1.0, 3)[1] == 1.0


def test_the_calendar_counts_questions_not_points():
    log = [attempt("a", text="one"), attempt("a", text="two"), attempt("b"), attempt("a", at=NOON + DAY)]
    assert calendar(log) == {date(2026, 3, 2): 2, date(2026, 3, 3): 1}


def test_upcoming_puts_what_is_overdue_under_today():
    found = memories([attempt(verdict=MISSED), attempt("b", at=NOON + 9 * DAY, verdict=MISSED)], NOON + 9 * DAY)
    plan = upcoming(found, NOON + 9 * DAY, days=3)
    assert [len(of_day) for of_day in plan.values()] == [1, 1, 0]


# --- the next question ---------------------------------------------------------------------------

names = st.text("abcdefgh", min_size=1, max_size=3)
pools = st.lists(
    st.builds(
        prompt,
        name=names,
        topic=st.sampled_from(["statistics", "cost", "deployment", "Own Heading", ""]),
        level=st.sampled_from([*LEVELS, ""]),
        document=st.sampled_from(["card.md", "notes.md"]),
        points=st.integers(1, 4),
    ),
    unique_by=lambda p: p.id,
    max_size=14,
)
setups = st.builds(
    Setup,
    role=st.sampled_from(["", "mlops", "data-scientist", "no such role"]),
    level=st.sampled_from(["", *LEVELS]),
    topics=st.sampled_from([(), ("statistics",), ("cost", "deployment")]),
    documents=st.sampled_from([(), ("notes.md",)]),
    style=st.sampled_from(list(Style)),
    steering=st.sampled_from([(), (("cost", 3.0),)]),
    pinned=st.lists(names, max_size=2).map(tuple),
)
histories = st.lists(
    st.tuples(st.integers(0, 13), st.floats(0, 20), st.sampled_from([MET, PARTIAL, MISSED, CONTRADICTED])), max_size=10
)


def history(pool: list[Prompt], played: list[tuple[int, float, PointVerdict]], now: float) -> list[Attempt]:
    return [a for n, ago, verdict in played if pool for a in graded(pool[n % len(pool)], now - ago * DAY, verdict)]


def is_due(which: Prompt, log: list[Attempt], now: float) -> bool:
    held = memories(log, now)
    keys = [point_key(which.id, point.text) for point in which.points]
    return any(held[key].due <= now for key in keys if key in held)


@given(pools, setups, histories, st.integers(0, 99))
@settings(deadline=None, max_examples=150)
def test_an_interview_never_repeats_and_asks_only_what_fits(pool, setup, played, seed):
    now, rng = NOON + 30 * DAY, random.Random(seed)
    log = history(pool, played, now)
    last_asked = {a.question: max(b.at for b in log if b.question == a.question) for a in log}
    state = asked(setup)
    counted = standing(pool, log, setup, now)
    assert 0 <= counted.resting <= counted.fit == sum(fits(p, setup) for p in pool)
    while (chosen := choose(pool, log, state, now, rng)).prompt is not None:
        which = chosen.prompt
        assert which in pool
        assert which.id not in {r.prompt.id for r in state.rounds}
        assert chosen.why
        assert not any(point.text in chosen.why for point in which.points)
        if which.id not in setup.pinned:
            assert fits(which, setup)
            rested = (practice_day(now) - practice_day(last_asked.get(which.id, 0))).days >= DAYS
            assert rested or is_due(which, log, now)
        state = asked(setup, *(r.prompt for r in state.rounds), which)
    pinned_here = {p.id for p in pool} & set(setup.pinned)
    assert {r.prompt.id for r in state.rounds[: len(pinned_here)]} == pinned_here
    # All that is not resting was reached.
    assert len(state.rounds) >= counted.fit - counted.resting


@given(pools, histories, st.integers(0, 99))
@settings(deadline=None)
def test_a_drill_asks_what_is_due_first_then_what_is_weak(pool, played, seed):
    now, rng, setup = NOON + 30 * DAY, random.Random(seed), Setup(style=Style.DRILL)
    log = history(pool, played, now)
    state, order = asked(setup), []
    while (which := choose(pool, log, state, now, rng).prompt) is not None:
        held = [m for m in memories(log, now).values() if m.question == which.id]
        weak = any(m.strength < WEAK for m in held)
        order.append(0 if is_due(which, log, now) else 1 if weak else 2 if not held else 3)
        state = asked(setup, *(r.prompt for r in state.rounds), which)
    assert order == sorted(order)


@given(st.integers(0, 500), st.sampled_from(["statistics", "cost", "deployment"]))
@settings(deadline=None)
def test_no_topic_comes_twice_running_when_another_is_as_good(seed, first):
    pool = [prompt(f"{topic}-{n}", topic) for topic in ("statistics", "cost", "deployment") for n in range(3)]
    before = next(p for p in pool if p.topic == first)
    found = choose(pool, [], asked(Setup(), before), NOON, random.Random(seed)).prompt
    assert found is not None
    assert found.topic != first


def test_a_neighbour_of_the_last_topic_is_likelier_than_a_stranger():
    pool = [prompt("d", "deployment"), prompt("m", "monitoring"), prompt("v", "vision-speech-time-series")]
    assert are_neighbours("deployment", "monitoring")
    seen = Counter(
        choose(pool, [], asked(Setup(), pool[0]), NOON, random.Random(seed)).prompt.id for seed in range(300)
    )
    assert seen["m"] > seen["v"] > 0


def test_role_and_pasted_text_decide_what_comes_most():
    pool = [prompt(f"{topic}-{n}", topic) for topic in known_topics() for n in range(3)]

    def first(setup: Setup) -> Counter[str]:
        return Counter(choose(pool, [], asked(setup), NOON, random.Random(n)).prompt.topic for n in range(300))

    operations = {"deployment", "monitoring", "serving-infrastructure", "data-pipelines", "system-design", "cost"}
    role = first(Setup(role="mlops"))
    assert sum(role[topic] for topic in operations) > 200
    text = Setup(steering=(("recommenders", 3.0),), steered_by=(("recommenders", "“ranking”"),))
    assert first(text).most_common(1)[0][0] == "recommenders"
    assert len(first(text)) > 10
    assert topic_weight("recommenders", text) == 3
    why = {choose(pool, [], asked(text), NOON, random.Random(n)).why for n in range(40)}
    assert "New to you. The text that you pasted mentions “ranking”." in why


def test_the_level_asked_for_comes_first_and_its_neighbours_when_it_is_used_up():
    pool = [prompt("a", level="junior"), prompt("b", level="mid"), prompt("c", level="staff")]
    setup = Setup(level="junior")
    for seed in range(20):
        assert choose(pool, [], asked(setup), NOON, random.Random(seed)).prompt is pool[0]
    second = choose(pool, [], asked(setup, pool[0]), NOON, random.Random(1))
    assert second.prompt is pool[1]
    assert second.why == "New to you. No junior question is left, so this one is for mid candidates."
    assert choose(pool, [], asked(setup, *pool[:2]), NOON, random.Random(1)).prompt is None


@pytest.mark.parametrize("seed", range(20))
def test_a_warm_up_begins_easy_and_rises(seed):
    pool = [prompt(f"{level}-{n}", topic, level) for level in LEVELS for n, topic in enumerate(known_topics()[:5])]
    state, levels = asked(Setup(style=Style.WARM_UP)), []
    for _ in range(8):
        which = choose(pool, [], state, NOON, random.Random(seed)).prompt
        levels.append(LEVELS.index(which.level))
        state = asked(state.setup, *(r.prompt for r in state.rounds), which)
    assert levels[0] == 0
    assert levels == sorted(levels)


@pytest.mark.parametrize(
    ("verdict", "days", "said"),
    [
        (MISSED, 1, "Due for review: you missed one of its points yesterday."),
        (CONTRADICTED, 3, "Due for review: you had one of its points wrong 3 days ago."),
        (PARTIAL, 2, "Due for review: you had one of its points half right 2 days ago."),
        (MET, 21, "Due for review: you knew it 3 weeks ago."),
        (MET, 5, "A refresher: you knew it 5 days ago."),
    ],
)
def test_it_says_why_without_saying_what(verdict, days, said):
    pool = [prompt("q")]
    log = graded(pool[0], NOON, verdict)
    assert choose(pool, log, asked(Setup()), NOON + days * DAY, random.Random(0)).why == said


def test_a_reworded_card_is_asked_by_its_new_points():
    old, new = prompt("q"), prompt("q", points=3)
    log = graded(old, NOON, MISSED)
    assert len(askable(memories(log, NOON), [new])) == 2
    gone = replace(old, points=(KeyPoint("Another point."),))
    assert askable(memories(log, NOON), [gone]) == {}
    assert standing([gone], log, Setup(), NOON + DAY).resting == 1
    assert choose([gone], log, asked(Setup()), NOON + DAY, random.Random(0)).prompt is None
    assert choose([gone], log, asked(Setup()), NOON + 5 * DAY, random.Random(0)).prompt is gone


def test_a_question_rests_whatever_became_of_it():
    pool, then = [prompt("q")], {"q": NOON}
    for days in range(DAYS):
        now = NOON + 60 + days * DAY
        assert choose(pool, [], asked(Setup()), now, random.Random(0), then).prompt is None
        assert standing(pool, [], Setup(), now, then).resting == 1
    later = choose(pool, [], asked(Setup()), NOON + DAYS * DAY, random.Random(0), then)
    assert later.prompt is pool[0]
    assert later.why == "You were asked this before, but it has no mark yet."
    assert choose(pool, [], asked(Setup()), NOON, random.Random(0), {"other": NOON}).why == "New to you."


def test_a_due_question_that_was_skipped_comes_back_the_next_day():
    pool, log, now = [prompt("q")], graded(prompt("q"), NOON, MISSED), NOON + DAY
    assert choose(pool, log, asked(Setup()), now, random.Random(0), {"q": NOON}).prompt is pool[0]
    assert choose(pool, log, asked(Setup()), now + 60, random.Random(0), {"q": now}).prompt is None
    assert choose(pool, log, asked(Setup()), now + DAY, random.Random(0), {"q": now}).prompt is pool[0]


def test_nothing_is_asked_instead_of_the_one_question_that_was_wanted():
    pool = [prompt("a"), prompt("b")]
    quiz = Setup(questions=1, pinned=("gone",))
    assert choose(pool, [], asked(quiz), NOON, random.Random(0)).prompt is None
    assert choose(pool, [], asked(replace(quiz, questions=2)), NOON, random.Random(0)).prompt in pool


def test_the_same_wording_is_not_asked_again_under_another_id():
    first = prompt("q")
    twin = replace(first, id="other", text="what ABOUT q")
    assert choose([first, twin], [], asked(Setup(), first), NOON, random.Random(0)).prompt is None


# --- thirty days ---------------------------------------------------------------------------------


def practise(
    pool: list[Prompt], setup: Setup, days: int, skill: float, seed: int
) -> tuple[list[Attempt], list[list[Prompt]]]:
    """A candidate who answers five questions a day, knows a `skill` share at first, and learns from each debrief."""
    rng, log, sessions = random.Random(seed), list[Attempt](), list[list[Prompt]]()
    chance = {p.id: skill for p in pool}
    for day in range(days):
        now, state = NOON + day * DAY, asked(setup)
        for _ in range(5):
            which = choose(pool, log, state, now, rng).prompt
            if which is None:
                break
            verdict = MET if rng.random() < chance[which.id] else rng.choice([PARTIAL, MISSED, CONTRADICTED])
            log += graded(which, now, verdict)
            chance[which.id] += (0.95 - chance[which.id]) / 2
            state = asked(setup, *(r.prompt for r in state.rounds), which)
        sessions.append([r.prompt for r in state.rounds])
    return log, sessions


def thirty(n: int = 40) -> list[Prompt]:
    topics = known_topics()
    return [prompt(f"q{n}", topics[n % len(topics)], LEVELS[n % 4]) for n in range(n)]


# A drill goes over what was missed before it turns to anything new, so it takes longer to get round.
@pytest.mark.parametrize(("style", "days"), [(Style.REALISTIC, 30), (Style.DRILL, 45)])
@pytest.mark.parametrize("seed", range(3))
def test_weeks_of_practice_reach_every_question_and_pay(style, days, seed):
    pool = thirty()
    log, sessions = practise(pool, Setup(style=style), days, 0.4, seed)
    assert {a.question for a in log} == {p.id for p in pool}
    for session in sessions:
        assert len({p.id for p in session}) == len(session)
    course = mastery_over_time(log)
    assert len(course) == len(calendar(log)) <= days
    weighted = [sum(m.value * m.n for m in t.values()) / sum(m.n for m in t.values()) for _, t in course]
    assert weighted[-1] > weighted[0] + 0.1


@pytest.mark.parametrize("seed", range(3))
def test_what_was_missed_comes_back_sooner_than_what_was_known(seed):
    pool = thirty(60)
    log, _ = practise(pool, Setup(), 30, 0.5, seed)
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for which in pool:
        days = sorted({(a.at, a.verdict is MET) for a in log if a.question == which.id})
        for (at, known), (then, _) in pairwise(days):
            gaps[known].append((then - at) / DAY)
    assert sum(gaps[False]) / len(gaps[False]) < sum(gaps[True]) / len(gaps[True])


def test_new_questions_come_even_to_one_who_misses_everything():
    pool = thirty(30)
    rng, log = random.Random(4), list[Attempt]()
    for day in range(40):
        state = asked(Setup())
        for _ in range(3):
            which = choose(pool, log, state, NOON + day * DAY, rng).prompt
            log += graded(which, NOON + day * DAY, MISSED)
            state = asked(Setup(), *(r.prompt for r in state.rounds), which)
    assert {a.question for a in log} == {p.id for p in pool}


# --- the pool ------------------------------------------------------------------------------------


def card(name: str, text: str, topic: str = "data-pipelines", document: str = "") -> Question:
    rubric = Rubric(
        "mid",
        key_points=(KeyPoint("First.", 3), KeyPoint("Second.", 1)),
        follow_ups=(
            FollowUp("Why the second?", "kp:2"),
            FollowUp("Elsewhere?", "other-card"),
            FollowUp("Beyond?", "kp:9"),
        ),
    )
    return Question(name, document or f"{name}.md", text, 0, 0, 1, topic, Span(0, 5), rubric)


NOTES = """# Data Pipelining

Q: What is a feature store?

A: A feature store keeps features for training and serving. It prevents skew between the two.

Q: What is left open?

# Cost Optimization

Q: Why watch the bill?

A: Idle accelerators cost as much as busy ones. Spot instances lower the price of training by more than half.
"""


def from_notes() -> tuple[list[Question], dict[str, str]]:
    document = Document("notes.md", NOTES, "markdown")
    return find_questions(document), {"notes.md": NOTES}


def test_the_pool_holds_every_answered_question_once_and_prefers_the_users_own():
    questions, texts = from_notes()
    same = card("feature-store", "What is a FEATURE store")
    pool = prompts([same, card("lake", "What is a lake?"), *questions], texts.__getitem__)
    assert [p.text for p in pool] == ["What is a feature store?", "What is a lake?", "Why watch the bill?"]
    own, theirs, _ = pool
    assert (own.document, own.derived, own.level, own.topic) == ("notes.md", True, "", "data-pipelines")
    assert own.points
    assert (theirs.derived, theirs.level, theirs.follow_ups) == (False, "mid", ((1, "Why the second?"),))
    assert pool[2].topic == "Cost Optimization"


def test_an_own_card_counts_as_own_where_the_programs_documents_are_known():
    mine, theirs = card("a", "What is a lake?", document="mine.md"), card("b", "What is a lake?", document="theirs.md")
    for order in ([mine, theirs], [theirs, mine]):
        assert [p.document for p in prompts(order, {}.__getitem__, corpus=["theirs.md"])] == ["mine.md"]


def test_one_id_is_in_the_pool_once():
    pool = prompts([card("a", "What is a lake?"), card("a", "What is a data lake?")], {}.__getitem__)
    assert len(pool) == 1


def test_the_seed_documents_can_be_asked(seeds):
    texts, questions = {}, []
    for path in sorted(seeds.glob("*.txt")):
        document = read_document(path, path.name)
        texts[document.name] = document.text
        questions += find_questions(document)
    pool = prompts(questions, texts.__getitem__)
    assert len(pool) >= 18
    assert len({p.id for p in pool}) == len(pool)
    assert all(p.points and p.derived and p.topic for p in pool)
    _, sessions = practise(pool, Setup(), 10, 0.5, 1)
    assert {p.id for session in sessions for p in session} == {p.id for p in pool}


@given(st.lists(st.tuples(st.sampled_from(["What is x?", "what is X", "Why y?"]), names), max_size=8))
def test_no_wording_and_no_id_is_in_the_pool_twice(listed):
    pool = prompts([card(name, text) for text, name in listed], {}.__getitem__)
    assert len({p.id for p in pool}) == len(pool)
    assert len({p.text.casefold().strip("?") for p in pool}) == len(pool)
    assume(listed)
    assert pool


def test_times_of_practice_days_fit_together():
    for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 1, 1)):
        assert practice_day(day_start(day)) == day
        assert practice_day(day_start(day) - 1) == day - timedelta(days=1)
