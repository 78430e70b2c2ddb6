"""The report of an interview and what is exported: honest ranges, real Anki files, everything in the Markdown."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.debriefing.debrief import Debrief, Objection, PointDebrief
from mlprep_bot.debriefing.exports import anki, markdown, misses
from mlprep_bot.debriefing.report import MOST_READING, report
from mlprep_bot.domain import Citation, KeyPoint, Passage, Ranking, Sentence, Verdict
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, Ungraded, grade, mark
from mlprep_bot.interview.attempts import attempts_of, point_key
from mlprep_bot.interview.memory import ALIKE, day_start, independent, practice_day
from mlprep_bot.interview.session import Hinted, Phase, Prompt, Round, Setup, State, Turn

MET, PARTIAL, MISSED = PointVerdict.MET, PointVerdict.PARTIAL, PointVerdict.MISSED
WRONG, UNSURE = PointVerdict.CONTRADICTED, PointVerdict.UNVERIFIED
NOON = day_start(practice_day(1_760_000_000.0)) + 8 * 3600
VERDICTS = st.lists(st.sampled_from(list(PointVerdict)), min_size=1, max_size=6)


def prompt_of(name: str, points: int = 3, topic: str = "statistics") -> Prompt:
    made = tuple(
        KeyPoint(f"{name} point {n} has $x_{n} < 1$.", 3 - n % 3, f"{name} mistake {n}.") for n in range(points)
    )
    return Prompt(name, f"{topic}/{name}.md", f"What is {name}?", topic, "mid", made)


def round_of(prompt: Prompt, *verdicts: PointVerdict, at: float = NOON, **more) -> Round:
    answer = f"My answer to {prompt.id} is <b>long</b>."
    quoted = [
        PointGrade(p, v, "" if v in (MISSED, UNSURE) else "is <b>long</b>", "so it is")
        for p, v in pairs(prompt, verdicts)
    ]
    outcome = grade(quoted, answer, "test")
    return Round(prompt, "new", at, (Turn(prompt.text, answer),), outcome=outcome, done=True, **more)


def pairs(prompt: Prompt, verdicts):
    return list(zip(prompt.points, verdicts, strict=True))


def state_of(*rounds: Round) -> State:
    return State(
        Setup(role="ml-engineer"), Phase.ENDED, rounds, started=NOON, since=NOON + 600, elapsed=600.0, reason="done"
    )


def debrief_of(done: Round) -> Debrief:
    """A debrief that cites one sentence a point, except for the last point."""
    document = done.prompt.document
    texts = [f"The text says: {p.text}" for p in done.prompt.points]
    starts = [100 * n for n in range(len(texts))]
    cited = [Citation("S1", document, "In depth", a, a + len(t), t) for a, t in zip(starts, texts, strict=True)]
    grades = done.outcome.points if done.outcome else [PointGrade(p, UNSURE) for p in done.prompt.points]
    points = [PointDebrief(g, None if n == len(cited) - 1 else cited[n]) for n, g in enumerate(grades)]
    quote = Sentence(texts[0], Verdict.SUPPORTED, "quoted", (cited[0],), "paragraph")
    passage = Passage(1, "…", document, 0, 1, "In depth", "", 0.0, (), Ranking(None, None, None, None, 0.0))
    objection = Objection("is <b>long</b>", "A known mistake.", cited[0])
    score = None if done.grade is None else mark(done.grade.score, len(done.hints))
    said = "" if done.skipped else "You say why."
    return Debrief(tuple(points), (objection,), (quote,), (passage,), said, score, len(done.hints))


def debriefs_of(state: State) -> dict[str, Debrief]:
    return {r.prompt.id: debrief_of(r) for r in state.rounds}


def collection(package: bytes):
    """The notes of an Anki package by guid: (front, back, tags); (ids of decks and of kinds of notes)."""
    with zipfile.ZipFile(io.BytesIO(package)) as file:
        assert json.loads(file.read("media")) == {}
        raw = file.read("collection.anki2")
    database = sqlite3.connect(":memory:")
    database.deserialize(raw)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows = database.execute("SELECT guid, flds, tags FROM notes").fetchall()
    cards = database.execute("SELECT COUNT(*) FROM cards").fetchone()[0]
    decks, models = map(json.loads, database.execute("SELECT decks, models FROM col").fetchone())
    database.close()
    assert cards == len(rows)
    return {guid: (*fields.split("\x1f"), tags.split()) for guid, fields, tags in rows}, (set(decks), set(models))


# --- scores -------------------------------------------------------------------------------------


def test_the_score_of_a_topic_is_the_mean_of_its_marks():
    first = round_of(prompt_of("a"), MET, MISSED, MET)
    second = round_of(prompt_of("b"), MET, MET, MET, hints=(Hinted(0, "x"),))
    other = round_of(prompt_of("c", topic="cost"), MISSED, MISSED, MISSED)
    told = report("i", state_of(first, second, other), [], NOON)
    assert [s.topic for s in told.by_topic] == ["cost", "statistics"]
    statistics = told.by_topic[1]
    assert statistics.score == pytest.approx((first.outcome.score + 0.9) / 2)
    assert (statistics.n, statistics.questions) == (6, 2)
    assert told.overall.score == pytest.approx((first.outcome.score + 0.9 + 0) / 3)
    assert (told.graded, told.ungraded, told.skipped) == (3, 0, 0)


def test_skipped_and_ungraded_questions_have_no_score_and_are_counted():
    prompt = prompt_of("a")
    skipped = Round(prompt, "new", NOON, (Turn(prompt.text),), skipped=True, done=True)
    ungraded = round_of(prompt_of("b"), UNSURE, UNSURE, UNSURE)
    assert isinstance(ungraded.outcome, Ungraded)
    told = report("i", state_of(skipped, ungraded), [], NOON)
    assert told.overall is None
    assert told.by_topic == ()
    assert (told.graded, told.ungraded, told.skipped) == (0, 1, 1)


@given(st.lists(VERDICTS, min_size=1, max_size=4))
def test_ranges_hold_the_score(answers):
    rounds = [round_of(prompt_of(f"q{n}", len(v)), *v) for n, v in enumerate(answers)]
    told = report("i", state_of(*rounds), [], NOON)
    for score in (*told.by_topic, *([told.overall] if told.overall else [])):
        assert 0 <= score.low <= score.score <= score.high <= 1
    assert len(told.reading) <= MOST_READING


def test_a_range_shrinks_with_questions_and_points_of_one_question_count_for_fewer():
    one = report("i", state_of(round_of(prompt_of("a"), MET, MISSED, MET)), [], NOON).overall
    many = [round_of(prompt_of(f"q{n}"), MET, MISSED, MET) for n in range(9)]
    nine = report("i", state_of(*many), [], NOON).overall
    assert nine.high - nine.low < one.high - one.low
    assert independent([3]) == 1.0
    assert independent([2] * 6) == pytest.approx(6 / (1 + 5 * ALIKE))
    assert independent([1, 1]) > independent([1, 5]) > 1


def test_about_nine_of_ten_ranges_hold_the_true_score():
    """Simulated candidates whose points stand and fall together as those of real answers do."""
    rng = random.Random(7)
    held = 0
    for n in range(300):
        rounds, truth = [], 0.6
        for q in range(4):
            shared = rng.random() < truth
            alike = [shared if rng.random() < ALIKE**0.5 else rng.random() < truth for _ in range(6)]
            rounds.append(round_of(prompt_of(f"{n}-{q}", 6), *[MET if ok else MISSED for ok in alike]))
        overall = report("i", state_of(*rounds), [], NOON).overall
        held += overall.low <= truth <= overall.high
    assert 0.84 <= held / 300 <= 0.97


# --- reading and practice -----------------------------------------------------------------------


def test_reading_is_what_lacks_most_weight_with_its_section_and_why():
    good = round_of(prompt_of("good"), MET, MET, MET)
    half = round_of(prompt_of("half"), MET, PARTIAL, MET)
    bad = round_of(prompt_of("bad"), WRONG, MISSED, MET)
    prompt = prompt_of("skipped")
    skipped = Round(prompt, "new", NOON, (Turn(prompt.text),), skipped=True, done=True)
    state = state_of(good, half, bad, skipped)
    reading = report("i", state, [], NOON, debriefs_of(state)).reading
    assert [r.question for r in reading] == ["skipped", "bad", "half"]
    assert reading[0].why == "You skipped this question."
    assert reading[0].start is None
    assert (reading[1].heading, reading[1].start, reading[1].document) == ("In depth", 0, "statistics/bad.md")
    assert reading[1].why.startswith("Of 3 key points: 1 missed, 1 wrong. The heaviest: bad point 0")


def test_what_was_missed_before_comes_first():
    one, two = prompt_of("one"), prompt_of("two")
    earlier = state_of(round_of(two, MET, MISSED, MET, at=NOON - 9e6))
    state = state_of(round_of(one, MET, MISSED, MET), round_of(two, MET, MISSED, MET))
    assert [r.question for r in report("i", state, [], NOON).reading] == ["one", "two"]
    told = report("i", state, attempts_of("earlier", earlier), NOON)
    assert [r.question for r in told.reading] == ["two", "one"]
    assert told.reading[0].why.endswith("You lacked one of them before.")


def test_what_was_missed_is_due_tomorrow_and_what_was_known_is_not():
    state = state_of(round_of(prompt_of("a"), MISSED, MET, WRONG), round_of(prompt_of("b"), MET, MET, MET))
    (practice,) = report("i", state, [], NOON + 600).practise
    assert (practice.question, practice.wording, practice.topic) == ("a", "What is a?", "statistics")
    assert set(practice.points) == {state.rounds[0].prompt.points[n].text for n in (0, 2)}


def test_attempts_of_the_interview_itself_are_not_counted_twice():
    state = state_of(round_of(prompt_of("a"), MISSED, MET, PARTIAL))
    own = attempts_of("i", state)
    assert report("i", state, own, NOON) == report("i", state, [], NOON)


def test_attempts_of_a_copy_that_went_another_way_are_not_counted_as_earlier_ones():
    state = state_of(round_of(prompt_of("a"), MISSED, MET, PARTIAL))
    copied = attempts_of("i-branch", state)
    assert report("i", state, copied, NOON) == report("i", state, [], NOON)
    before = [replace(a, at=a.at - 9e6) for a in copied]
    assert "before" in report("i", state, [*before, *copied], NOON).reading[0].why


def test_what_the_documents_no_longer_have_is_not_to_be_practised():
    gone, here = prompt_of("gone"), prompt_of("here")
    reworded = replace(here, points=(*here.points[:2], KeyPoint("Another point.", 1)))
    state = state_of(round_of(gone, MISSED, MISSED, MISSED), round_of(here, MISSED, MET, MISSED))
    (practice,) = report("i", state, [], NOON, pool=[reworded]).practise
    assert (practice.question, practice.points) == ("here", (here.points[0].text,))
    assert {p.question for p in report("i", state, [], NOON).practise} == {"gone", "here"}


# --- exports ------------------------------------------------------------------------------------


def test_markdown_holds_everything_that_was_said_and_told():
    state = state_of(
        round_of(prompt_of("a"), MET, WRONG, MISSED, hints=(Hinted(0, "Think of it."),)),
        round_of(replace(prompt_of("b", topic=""), derived=True), UNSURE, UNSURE, UNSURE),
    )
    debriefs = debriefs_of(state)
    text = markdown(report("i", state, [], NOON, debriefs), state, debriefs)
    for part in (
        "# Mock interview of", "## 1. What is a?", "> My answer to a is <b>long</b>.", "Hint: Think of it.",
        "✓ met", "✗ contradicted", "○ missed", "? could not tell", "Mark: 45%", "No mark: 3 of 3 key points",
        "statistics/a.md, In depth", "derived from the answer", "A known mistake.", "You say why.", "## Worth reading",
        "## Due by tomorrow", "> The text says: a point 0", "Wilson",
    ):  # fmt: skip
        assert part in text, part


def test_markdown_of_an_interview_without_a_single_answer():
    prompt = prompt_of("a")
    state = state_of(Round(prompt, "new", NOON, (Turn(prompt.text),), skipped=True, done=True))
    text = markdown(report("i", state, [], NOON), state, {})
    assert "No question has a grade." in text
    assert "Skipped." in text


def test_an_anki_package_has_one_card_a_miss():
    state = state_of(round_of(prompt_of("a"), MET, WRONG, MISSED), round_of(prompt_of("b"), PARTIAL, MET, UNSURE))
    missed = misses(state, debriefs_of(state))
    assert [(m.prompt.id, m.point.grade.verdict) for m in missed] == [("a", WRONG), ("a", MISSED), ("b", PARTIAL)]
    notes, (decks, models) = collection(anki(missed, NOON))
    assert len(notes) == 3
    assert "1893552107" in decks
    assert "1893552108" in models
    front, back, tags = next(note for note in notes.values() if "a point 1" in note[1])
    assert "What is a?" in front
    assert "a point 1" not in front
    assert "Key point 2 of 3" in front
    assert "The text says: a point 1" in back
    assert "statistics/a.md, In depth" in back
    assert tags == ["mlprep", "statistics"]


def test_anki_shows_maths_and_no_markup_of_others():
    state = state_of(round_of(prompt_of("a"), MET, WRONG, MET))
    notes, _ = collection(anki(misses(state, debriefs_of(state)), NOON))
    ((_, back, _),) = notes.values()
    assert "\\(x_1 &lt; 1\\)" in back
    assert "is &lt;b&gt;long&lt;/b&gt;" in back


def test_the_follow_up_is_what_the_card_asks():
    done = round_of(prompt_of("a"), MET, WRONG, MET)
    turns = (*done.turns, Turn("Why does point one hold?", "No idea.", point=1))
    state = state_of(replace(done, turns=turns))
    notes, _ = collection(anki(misses(state, debriefs_of(state)), NOON))
    ((front, _, _),) = notes.values()
    assert "Why does point one hold?" in front
    assert "Key point" not in front


def test_importing_again_updates_instead_of_doubling():
    state = state_of(round_of(prompt_of("a"), MET, WRONG, MISSED))
    missed = misses(state, debriefs_of(state))
    first, ids = collection(anki(missed, NOON))
    later, later_ids = collection(anki([*missed, *missed], NOON + 86_400))
    assert set(first) == set(later)
    assert ids == later_ids
    moved = replace(state.rounds[0].prompt, document="elsewhere.md")
    assert point_key(moved.id, moved.points[0].text) == point_key("a", state.rounds[0].prompt.points[0].text)


def test_nothing_of_the_collection_stays_in_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    state = state_of(round_of(prompt_of("a"), MISSED, MISSED, MISSED))
    anki(misses(state, debriefs_of(state)))
    assert list(tmp_path.iterdir()) == []


def test_no_misses_make_an_empty_deck():
    state = state_of(round_of(prompt_of("a"), MET, MET, MET))
    notes, _ = collection(anki(misses(state, debriefs_of(state))))
    assert notes == {}
