"""The interviewer with a real log on disk: nothing is lost, whatever is interrupted and whoever else is there."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mlprep_bot.authoring.corpus import load
from mlprep_bot.domain import KeyPoint
from mlprep_bot.errors import NoSuchInterview, NothingIndexed, SettingsError, WriterUnavailable
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, Ungraded, grade
from mlprep_bot.interview.interviewer import AWAY, Interviewer
from mlprep_bot.interview.marking import graded
from mlprep_bot.interview.progress import Progress
from mlprep_bot.interview.session import (
    Answered,
    Continued,
    Debriefed,
    Entry,
    Marked,
    Paused,
    Phase,
    Probed,
    Prompt,
    Round,
    Setup,
    Style,
    Turn,
)

POINTS = (
    KeyPoint("Dropout zeroes random activations.", 3, "dropout deletes weights"),
    KeyPoint("Decay shrinks weights.", 2, "decay grows weights"),
    KeyPoint("Stopping early keeps the best epoch.", 1),
)
PROMPTS = [
    Prompt(f"q-{n}", "notes.md", f"Question {n}: how do you fight overfitting?", f"topic-{n}", "mid", POINTS)
    for n in range(4)
]


class FirstWord:
    """Marks a point met when the answer says its first word, contradicted when it says its wrong belief."""

    name = "first-word"

    def __init__(self):
        self.graded = []

    def grade(self, question, points, answer):
        self.graded.append((question, answer))
        return grade([self._judge(point, answer) for point in points], answer, self.name)

    def _judge(self, point, answer):
        if point.wrong and point.wrong in answer:
            return PointGrade(point, PointVerdict.CONTRADICTED, point.wrong)
        word = point.text.split()[0].lower()
        if word in answer:
            return PointGrade(point, PointVerdict.MET, word)
        return PointGrade(point, PointVerdict.MISSED)


class Broken:
    name = "broken"

    def grade(self, question, points, answer):
        raise WriterUnavailable("Nothing answers.", "Start the server.")


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture
def progress(tmp_path):
    held = Progress(tmp_path)
    yield held
    held.close()


@pytest.fixture
def clock():
    return Clock()


def interviewer(progress, clock, grader=None, pool=PROMPTS):
    grader = grader or FirstWord()
    return Interviewer(progress, lambda: pool, lambda _: grader, clock, random.Random(1))


def kinds(progress, name):
    return [entry.what.kind for entry in progress.entries(name)]


# --- the flow -----------------------------------------------------------------------------------


def test_a_whole_interview_is_stored_turn_by_turn(progress, clock):
    ours = interviewer(progress, clock)
    now = ours.start(Setup(questions=2))
    assert now.state.phase is Phase.ANSWERING
    assert ours.unfinished() == now
    now = ours.hint(now.id)
    now = ours.answer(now.id, "You use dropout.")
    assert now.state.rounds[-1].turns[-1].point == 1  # what is heaviest among the missed
    now = ours.answer(now.id, "And decay, since it keeps the weights small.")
    now = ours.answer(now.id, "I don't know.")
    assert now.state.phase is Phase.DEBRIEF
    assert now.state.rounds[-1].grade.score == pytest.approx(5 / 6)
    now = ours.proceed(now.id)
    assert now.state.phase is Phase.ANSWERING
    assert now.state.rounds[0].prompt.id != now.state.rounds[1].prompt.id
    now = ours.skip(now.id)
    now = ours.proceed(now.id)
    assert (now.state.phase, now.state.reason) == (Phase.ENDED, "done")
    assert ours.unfinished() is None
    first = ["began", "asked", "hinted", "answered", "marked", "probed", "answered", "marked", "probed"]
    rest = ["answered", "marked", "debriefed", "continued", "asked", "skipped", "continued", "ended"]
    assert kinds(progress, now.id) == first + rest
    assert interviewer(progress, clock).look(now.id) == now


def test_every_answer_is_stored_before_it_is_graded(progress, clock):
    seen = []

    class Looks(FirstWord):
        def grade(self, question, points, answer):
            seen.append(kinds(progress, name)[-1])
            return super().grade(question, points, answer)

    ours = interviewer(progress, clock, Looks())
    name = ours.start(Setup()).id
    ours.answer(name, "dropout, decay, stopping")
    assert seen == ["answered"]


def test_a_grader_that_fails_loses_no_answer(progress, clock):
    broken = interviewer(progress, clock, Broken())
    name = broken.start(Setup()).id
    with pytest.raises(WriterUnavailable):
        broken.answer(name, "You use dropout and decay, and stopping early.")
    assert progress.entries(name)[-1].what == Answered("You use dropout and decay, and stopping early.")
    assert broken.look(name).state.phase is Phase.MARKING
    with pytest.raises(WriterUnavailable):
        broken.settle(name)
    assert interviewer(progress, clock).settle(name).state.phase is Phase.DEBRIEF


def test_an_answer_that_waits_for_its_grade_gets_it_before_the_end(progress, clock):
    broken, ours = interviewer(progress, clock, Broken()), interviewer(progress, clock)
    name = ours.start(Setup()).id
    with pytest.raises(WriterUnavailable):
        broken.answer(name, "dropout")
    with pytest.raises(WriterUnavailable):
        broken.end(name)
    assert kinds(progress, name)[-1] == "answered", "an end would drop the answer for good"
    ended = ours.end(name)
    assert kinds(progress, name)[-4:] == ["answered", "marked", "probed", "ended"]
    assert ended.state.phase is Phase.ENDED
    assert ended.state.rounds[-1].done
    assert verdicts(ended.state.rounds[-1].grade) == ["met", "missed", "missed"]


def test_events_that_do_not_fit_change_nothing(progress, clock):
    ours = interviewer(progress, clock)
    name = ours.start(Setup()).id
    before = progress.entries(name)
    ours.proceed(name)
    ours.resume(name)
    ours.settle(name)
    assert progress.entries(name) == before
    ours.end(name)
    ended = progress.entries(name)
    for do in (ours.hint, ours.skip, ours.pause, ours.resume, ours.proceed, ours.end, ours.settle, ours.open):
        do(name)
    ours.answer(name, "Too late.")
    assert progress.entries(name) == ended


def test_an_unknown_interview_is_said_so(progress, clock):
    ours = interviewer(progress, clock)
    for do in (ours.open, ours.hint, ours.look, ours.settle):
        with pytest.raises(NoSuchInterview):
            do("nobody")


@pytest.mark.parametrize(
    ("pool", "setup", "told"),
    [
        ([], Setup(), "No question fits"),
        (PROMPTS, Setup(topics=("cooking",)), "No question fits all of these settings together. Leave one"),
        (PROMPTS, Setup(questions=1, pinned=("q-gone",)), "no longer in your documents. Choose another"),
    ],
)
def test_an_interview_with_nothing_to_ask_is_refused_and_not_kept(progress, clock, pool, setup, told):
    with pytest.raises(SettingsError, match=told):
        interviewer(progress, clock, pool=pool).start(setup)
    assert not progress.path.exists()


def test_a_skipped_question_is_not_asked_again_at_once(progress, clock):
    ours = interviewer(progress, clock, pool=PROMPTS[:2])
    asked = [ours.skip(ours.start(Setup(questions=1)).id).state.rounds[0] for _ in PROMPTS[:2]]
    assert {round_.prompt.id for round_ in asked} == {"q-0", "q-1"}
    with pytest.raises(SettingsError, match=r"All 2 questions that fit were asked in the last days.*come back"):
        ours.start(Setup(questions=1))
    assert len(progress.interviews()) == 2
    clock.now += 4 * 24 * 3600
    assert "no mark yet" in ours.start(Setup(questions=1)).state.rounds[0].why


def test_a_question_that_was_chosen_is_asked_even_when_it_rests(progress, clock):
    ours = interviewer(progress, clock)
    quiz = Setup(questions=1, pinned=("q-2",))
    for _ in range(2):
        assert ours.skip(ours.start(quiz).id).state.rounds[0].prompt.id == "q-2"


def test_an_interview_that_cannot_be_asked_is_not_kept(progress, clock):
    def nothing():
        raise NothingIndexed("There is no document to search.", "Run `mlprep index`.")

    with pytest.raises(NothingIndexed):
        Interviewer(progress, nothing, lambda _: FirstWord(), clock).start(Setup())
    assert progress.interviews() == []


def test_half_a_character_in_an_answer_does_no_harm(progress, clock):
    ours = interviewer(progress, clock)
    name = ours.start(Setup()).id
    now = ours.answer(name, "dropout \ud83d \0 and decay,\r\nstopping")
    assert now.state.rounds[-1].turns[0].answer == "dropout \N{REPLACEMENT CHARACTER}  and decay,\nstopping"
    assert ours.look(name) == now


# --- interruptions ------------------------------------------------------------------------------


def test_from_every_prefix_of_the_log_it_goes_on(progress, clock, tmp_path):
    ours = interviewer(progress, clock)
    now = ours.start(Setup(questions=2))
    for text in ("dropout deletes weights", "No: dropout zeroes activations.", "early", "decay"):
        now = ours.answer(now.id, text)
    ours.proceed(now.id)
    entries = progress.entries(now.id)
    for n in range(1, len(entries) + 1):
        other = Progress(tmp_path / str(n))
        name = other.begin(entries[:n])
        state = interviewer(other, clock).open(name).state
        assert state.phase in (Phase.ANSWERING, Phase.DEBRIEF), n
        if n == len(entries):
            assert other.entries(name) == entries
        other.close()


def test_time_away_does_not_count(progress, clock):
    ours = interviewer(progress, clock)
    name = ours.start(Setup(minutes=20)).id
    clock.now += AWAY + 20_000
    now = ours.open(name)
    assert now.state.phase is Phase.ANSWERING
    assert not now.state.paused
    assert now.state.elapsed < 10
    assert kinds(progress, name)[-2:] == ["paused", "resumed"]
    clock.now += AWAY - 60  # a long thought is no absence
    assert ours.open(name).state == now.state
    ours.pause(name)
    clock.now += AWAY + 20_000
    assert ours.open(name).state.paused  # who paused comes back to a pause


# --- two at once --------------------------------------------------------------------------------


class Meanwhile(Progress):
    """A log to which somebody else appends just before us, once."""

    def __init__(self, folder, entries):
        super().__init__(folder)
        self.others = entries

    def append(self, name, after, entries):
        others, self.others = self.others, ()
        if others:
            super().append(name, after, others)
        super().append(name, after, entries)


def test_an_event_that_still_fits_is_applied_to_what_the_interview_has_become(tmp_path, clock):
    name = _started(tmp_path, clock)
    ours = interviewer(Meanwhile(tmp_path, [Entry(1_700_000_100.0, Paused())]), clock)
    now = ours.end(name)
    assert kinds(Progress(tmp_path), name)[-2:] == ["paused", "ended"]
    assert now.state.phase is Phase.ENDED


def test_an_event_that_fits_no_longer_gives_the_state_as_it_is(tmp_path, clock):
    name = _started(tmp_path, clock)
    ours = interviewer(Meanwhile(tmp_path, [Entry(1_700_000_100.0, Answered("dropout, decay, stopping"))]), clock)
    now = ours.answer(name, "A second answer.")
    assert now.state.rounds[-1].said == "dropout, decay, stopping"
    assert now.state.phase is Phase.DEBRIEF


def _started(folder, clock):
    progress = Progress(folder)
    name = interviewer(progress, clock).start(Setup()).id
    progress.close()
    return name


def test_an_answer_to_an_older_turn_is_not_taken_for_the_next_one(progress, clock):
    ours = interviewer(progress, clock)
    shown = ours.start(Setup())
    now = ours.answer(shown.id, "dropout", seen=shown.state)
    assert ours.answer(shown.id, "typed in the other tab", seen=shown.state) == now
    assert ours.skip(shown.id, seen=shown.state) == now
    assert ours.answer(shown.id, "decay", seen=now.state) != now


def test_two_who_grade_at_once_store_one_grade(progress, clock, tmp_path):
    both = threading.Barrier(2, timeout=20)

    class Slow(FirstWord):
        def grade(self, question, points, answer):
            both.wait()
            return super().grade(question, points, answer)

    name = interviewer(progress, clock).start(Setup()).id
    progress.append(name, 2, [Entry(clock(), Answered("dropout, decay, stopping"))])
    found = []
    logs = [Progress(tmp_path), Progress(tmp_path)]
    threads = [
        threading.Thread(target=lambda log=log: found.append(interviewer(log, clock, Slow()).settle(name)))
        for log in logs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 2
    assert found[0] == found[1]
    assert kinds(progress, name).count("marked") == 1
    for log in logs:
        log.close()


def test_many_clicks_at_once_leave_one_valid_interview(progress, clock, tmp_path):
    name = interviewer(progress, clock).start(Setup(questions=3)).id
    logs = [Progress(tmp_path) for _ in range(4)]

    def click(log, seed):
        ours, rng = interviewer(log, clock), random.Random(seed)
        for _ in range(12):
            do = rng.choice([ours.hint, ours.skip, ours.proceed, ours.pause, ours.resume, ours.settle, ours.answer])
            do(name, "dropout") if do == ours.answer else do(name)

    threads = [threading.Thread(target=click, args=(log, seed)) for seed, log in enumerate(logs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    state = interviewer(progress, clock).look(name).state
    assert len({r.prompt.id for r in state.rounds}) == len(state.rounds) <= 3
    for log in logs:
        log.close()


# --- the grade of a question with its follow-ups ------------------------------------------------


def said(*answers, before=None, hints=()):
    turns = tuple(Turn(f"asked {n}", text, point=n - 1 if n else None) for n, text in enumerate(answers))
    return Round(PROMPTS[0], "", 0.0, turns, hints=hints, outcome=before)


def verdicts(outcome):
    return [point.verdict.value for point in outcome.points]


def test_a_corrected_point_counts_as_met():
    first = graded(said("dropout deletes weights"), FirstWord())
    assert verdicts(first)[0] == "contradicted"
    second = graded(said("dropout deletes weights", "No, dropout only hides them.", before=first), FirstWord())
    assert verdicts(second) == ["met", "missed", "missed"]
    third = graded(said("dropout deletes weights", "No, dropout hides.", "decay too", before=second), FirstWord())
    assert verdicts(third) == ["met", "met", "missed"]


def test_a_point_that_is_taken_back_counts_as_contradicted():
    first = graded(said("dropout zeroes and decay shrinks"), FirstWord())
    second = graded(said("dropout zeroes and decay shrinks", "decay grows weights", before=first), FirstWord())
    assert verdicts(second) == ["met", "contradicted", "missed"]
    third = graded(said("dropout and decay", "decay grows weights", "stopping", before=second), FirstWord())
    assert verdicts(third) == ["met", "contradicted", "met"]


def test_an_empty_reply_changes_nothing_and_costs_no_second_grading():
    first = graded(said("dropout"), FirstWord())
    grader = FirstWord()
    assert verdicts(graded(said("dropout", "  ", before=first), grader)) == verdicts(first)
    assert len(grader.graded) == 1


def test_words_of_follow_ups_and_hints_are_handed_to_the_grader_as_asked_but_not_the_candidates_own():
    grader = FirstWord()
    before = graded(said("decay grows weights"), grader)
    turns = (Turn("Question", "decay grows weights"), Turn("You said: “decay grows weights”. Why?", "It does.", 1))
    graded(Round(PROMPTS[0], "", 0.0, turns, outcome=before), grader)
    asked = grader.graded[-1][0]
    assert "Why?" in asked
    assert "grows" not in asked


def test_an_ungraded_outcome_without_points_is_passed_on():
    class Nothing:
        name = "nothing"

        def grade(self, question, points, answer):
            return Ungraded((), "There is nothing to mark by.", "nothing")

    assert isinstance(graded(said("a", "b", before=Nothing().grade("", (), "")), Nothing()), Ungraded)


# --- with the real corpus -----------------------------------------------------------------------

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


def test_an_interview_over_the_corpus(progress, clock):
    cards = load(CORPUS).cards[::10]
    pool = [Prompt(c.id, c.name, c.question.text, c.question.topic, c.rubric.level, c.rubric.key_points) for c in cards]
    ours = interviewer(progress, clock, pool=pool)
    now = ours.start(Setup(questions=4, style=Style.REALISTIC))
    while now.state.phase is not Phase.ENDED:
        now = ours.hint(now.id)
        while now.state.phase is Phase.ANSWERING:
            now = ours.answer(now.id, "It depends on the data.")
        now = ours.proceed(now.id)
    assert len({r.prompt.id for r in now.state.rounds}) == 4
    kinds_seen = {type(entry.what) for entry in progress.entries(now.id)}
    assert {Marked, Probed, Debriefed, Continued} <= kinds_seen
    assert replace(now.state, rounds=()) == replace(ours.look(now.id).state, rounds=())
