"""The interview as a state machine: whatever happens in whatever order leaves a valid interview."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, Ungraded, grade
from mlprep_bot.interview.codec import body_of, entry_of
from mlprep_bot.interview.session import (
    MOST_HINTS,
    MOST_PROBES,
    Answer,
    Answered,
    Asked,
    Began,
    Choose,
    Continued,
    Debriefed,
    End,
    Ended,
    Entry,
    Hinted,
    Mark,
    Marked,
    Pause,
    Paused,
    Phase,
    Probed,
    Proceed,
    Prompt,
    Resume,
    Resumed,
    Setup,
    Skip,
    Skipped,
    Style,
    TakeHint,
    advance,
    apply,
    begin,
    limit,
    remaining,
    replay,
    running,
)

POINTS = (
    KeyPoint("Early stopping halts training when the validation loss stops falling.", 1),
    KeyPoint("Dropout zeroes random activations during training.", 3, "Dropout removes weights for good."),
    KeyPoint("Weight decay shrinks the weights a little at every step, so large weights must earn their keep.", 3),
    KeyPoint("Label smoothing replaces the hard target by a mixture with the uniform distribution.", 2),
)
PROMPT = Prompt("q-1", "notes.md", "How do you fight overfitting?", "deep-learning", "mid", POINTS)
OTHER = replace(PROMPT, id="q-2", text="What is regularisation for?")
SAID = "You can use dropout and weight decay, I think."
VERDICTS = st.lists(st.sampled_from(list(PointVerdict)), min_size=len(POINTS), max_size=len(POINTS))
MET, PARTIAL, MISSED, CONTRADICTED, UNVERIFIED = PointVerdict


def outcome(*verdicts, said=SAID):
    judged = [
        PointGrade(point, verdict, "" if verdict in (MISSED, UNVERIFIED) else said)
        for point, verdict in zip(POINTS, verdicts, strict=True)
    ]
    return grade(judged, said, "test")


class Machine:
    """An interview that is driven event by event; time goes on by ten seconds each."""

    def __init__(self, setup=None, seed=0):
        self.now, self.rng = 1_000.0, random.Random(seed)
        self.state, self.log = begin(setup or Setup(), self.now)

    def __call__(self, event, after=10.0):
        self.now += after
        before = self.state
        self.state, new = advance(self.state, event, self.now, self.rng)
        self.log += new
        if not new:
            assert self.state == before
        return [entry.what for entry in new]

    def asked(self, prompt=PROMPT):
        self(Choose(prompt, "new to you"))
        return self

    def answered(self, *verdicts, said=SAID):
        self(Answer(said))
        return self(Mark(outcome(*verdicts, said=said)))[-1]


# --- the flow of a real interview ---------------------------------------------------------------


def test_a_question_from_choice_to_debrief():
    machine = Machine(Setup(questions=1))
    assert machine.state.phase is Phase.CHOOSING
    assert machine(Choose(PROMPT, "due for review")) == [Asked(PROMPT, "due for review")]
    assert machine.state.rounds[-1].turns[0].asked == PROMPT.text
    assert isinstance(machine(TakeHint())[0], Hinted)
    assert machine(Answer(SAID)) == [Answered(SAID)]
    assert machine.state.phase is Phase.MARKING
    probed = machine(Mark(outcome(MISSED, MET, MISSED, MISSED)))[-1]
    assert isinstance(probed, Probed)
    assert probed.point == 2  # the heaviest that was missed
    assert machine.state.phase is Phase.ANSWERING
    second = machine.answered(MISSED, MET, MISSED, MISSED)
    assert isinstance(second, Probed)
    assert second.point == 3  # each point is probed at most once
    assert machine.answered(MISSED, MET, MISSED, MISSED) == Debriefed()  # two follow-ups are enough
    assert machine.state.rounds[-1].done
    assert machine(Proceed()) == [Continued(), Ended("done")]
    assert machine.state.phase is Phase.ENDED


def test_a_contradicted_point_is_probed_before_a_missed_one_of_the_same_weight_but_not_before_a_heavier():
    assert Machine().asked().answered(CONTRADICTED, MISSED, CONTRADICTED, MET).point == 2
    assert Machine().asked().answered(CONTRADICTED, MISSED, MET, MISSED).point == 1


def test_a_complete_answer_is_not_probed():
    assert Machine().asked().answered(MET, MET, MET, PARTIAL) == Debriefed()


def test_what_could_not_be_judged_is_asked_about_when_nothing_is_missed():
    assert Machine().asked().answered(MET, UNVERIFIED, MET, MET).point == 1
    assert Machine().asked().answered(MISSED, UNVERIFIED, MET, MET).point == 0


def test_a_warm_up_has_no_follow_ups():
    machine = Machine(Setup(style=Style.WARM_UP)).asked()
    assert machine.answered(MISSED, MISSED, MISSED, MISSED) == Debriefed()


@pytest.mark.parametrize("said", ["", "   ", "I don't know.", "no idea, sorry", "Hmm, not sure", "pass", "idk", "?"])
def test_who_says_nothing_is_followed_up_once(said):
    machine = Machine().asked()
    assert isinstance(machine.answered(MISSED, MISSED, MISSED, MISSED, said=said), Probed)
    assert machine.answered(MISSED, MISSED, MISSED, MISSED, said=said) == Debriefed()


def test_the_authors_own_follow_up_is_asked_when_there_is_one():
    own = replace(PROMPT, follow_ups=((2, "Why does weight decay leave biases alone?"), (0, "When do you stop?")))
    assert Machine().asked(own).answered(MISSED, MISSED, MISSED, MET).point == 1
    probed = Machine().asked(own).answered(MISSED, MET, MISSED, MET)
    assert (probed.point, probed.text) == (2, "Why does weight decay leave biases alone?")


def test_hints_are_counted_and_end():
    machine = Machine().asked()
    texts = [machine(TakeHint())[0].text for _ in range(MOST_HINTS)]
    assert len(set(texts)) == MOST_HINTS
    assert machine(TakeHint()) == []


def test_a_skipped_question_has_no_grade_but_a_skipped_follow_up_keeps_it():
    machine = Machine(Setup(questions=3)).asked()
    assert machine(Skip()) == [Skipped()]
    assert machine.state.phase is Phase.DEBRIEF
    assert machine.state.rounds[-1].skipped
    assert machine.state.rounds[-1].grade is None
    machine(Proceed())
    machine.asked(OTHER).answered(MET, MISSED, MET, MET)
    machine(Skip())
    assert not machine.state.rounds[-1].skipped
    assert machine.state.rounds[-1].done
    assert machine.state.rounds[-1].grade.score == pytest.approx(6 / 9)


def test_an_ungraded_answer_goes_to_the_debrief_without_a_score():
    machine = Machine().asked()
    machine(Answer(SAID))
    machine(Mark(Ungraded((), "There are no key points to mark this answer by.", "test")))
    assert machine.state.phase is Phase.DEBRIEF
    assert machine.state.rounds[-1].grade is None


def test_ending_at_a_follow_up_keeps_the_grade_so_far():
    machine = Machine().asked()
    machine.answered(MET, MISSED, MET, MET)
    assert machine(End()) == [Ended("early")]
    assert machine.state.rounds[-1].done


def test_ending_after_the_last_debrief_is_not_early():
    machine = Machine(Setup(questions=1)).asked()
    machine.answered(MET, MET, MET, MET)
    assert machine(End()) == [Ended("done")]


def test_nothing_left_to_ask_ends_the_interview():
    machine = Machine()
    assert machine(Choose(None)) == [Ended("nothing left")]


def test_without_a_limit_it_goes_on_until_it_is_ended():
    machine = Machine(Setup(questions=None))
    for n in range(20):
        machine.asked(replace(PROMPT, id=f"q-{n}"))
        machine(Skip())
        assert machine(Proceed()) == [Continued()]
    assert machine(End()) == [Ended("early")]


# --- time ---------------------------------------------------------------------------------------


def test_pauses_and_marking_do_not_count():
    machine = Machine(Setup(minutes=10)).asked()
    machine(Pause(), after=30)
    machine(Resume(), after=10_000)
    machine(Answer(SAID), after=20)
    assert machine.state.rounds[-1].seconds == 50
    machine(Mark(outcome(MET, MET, MET, MET)), after=500)  # a slow grader
    assert machine.state.elapsed == 50
    machine(Proceed(), after=15)
    assert machine.state.elapsed == 65
    assert remaining(machine.state, machine.now) == 10 * 60 - 65


def test_when_the_time_is_up_the_running_answer_may_be_given_and_is_not_probed():
    machine = Machine(Setup(questions=None, minutes=1)).asked()
    machine(TakeHint(), after=70)
    assert limit(machine.state, machine.now) == "time"
    assert machine.answered(MISSED, MISSED, MISSED, MET) == Debriefed()
    assert machine.state.rounds[-1].grade is not None
    assert machine(Proceed()) == [Continued(), Ended("time")]


def test_time_that_ran_out_while_choosing_asks_nothing_more():
    machine = Machine(Setup(minutes=0))
    assert machine(Choose(PROMPT)) == [Ended("time")]


def test_a_clock_that_was_put_back_takes_no_time_away():
    machine = Machine().asked()
    machine(TakeHint(), after=30)
    machine(Pause(), after=-3600)
    machine(Resume())
    machine(Answer(SAID), after=5)
    assert machine.state.rounds[-1].seconds == 35
    assert running(machine.state, machine.now) == 35


def test_while_paused_nobody_answers():
    machine = Machine().asked()
    machine(Pause())
    for event in (Answer(SAID), Skip(), TakeHint(), Proceed(), Pause()):
        assert machine(event) == []
    assert machine(Resume()) == [Resumed()]
    assert machine(Resume()) == []


def test_an_answer_that_is_paused_meanwhile_still_gets_its_grade():
    machine = Machine().asked()
    machine(Answer(SAID))
    machine(Pause())
    assert isinstance(machine(Mark(outcome(MET, MISSED, MET, MET)))[-1], Probed)
    assert machine.state.paused
    machine(Resume())
    assert machine(Answer("Because of that.")) == [Answered("Because of that.")]


# --- a log that cannot be -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "what",
    [
        Hinted(0, "x"),
        Answered("x"),
        Skipped(),
        Marked(outcome(MET, MET, MET, MET)),
        Probed(0, "x"),
        Debriefed(),
        Continued(),
        Resumed(),
        Began(Setup()),
    ],
)
def test_an_entry_that_cannot_follow_is_refused(what):
    state, _ = begin(Setup(), 1_000.0)
    with pytest.raises(ValueError, match=r"cannot follow|begins once"):
        apply(state, Entry(1_010.0, what))


def test_the_other_impossible_logs_are_refused():
    state, _ = begin(Setup(), 1_000.0)
    with pytest.raises(ValueError, match="expected 'began'"):
        apply(None, Entry(1.0, Paused()))
    with pytest.raises(ValueError, match="single entry"):
        replay([])
    with pytest.raises(ValueError, match="cannot follow a pause"):
        apply(apply(state, Entry(1_010.0, Paused())), Entry(1_020.0, Paused()))
    asked = apply(apply(state, Entry(1_010.0, Asked(PROMPT))), Entry(1_020.0, Answered("x")))
    with pytest.raises(ValueError, match="no grade"):
        apply(asked, Entry(1_030.0, Debriefed()))
    ended = apply(state, Entry(1_010.0, Ended("early")))
    with pytest.raises(ValueError, match="'ended'"):
        apply(ended, Entry(1_020.0, Paused()))


# --- any sequence of events ---------------------------------------------------------------------

ANSWERS = st.one_of(st.text(max_size=80), st.sampled_from(["", "I don't know", SAID, "```python\nx = 1\n```", "“"]))


def _mark(verdicts):
    return Mark(outcome(*verdicts))


EVENTS = st.one_of(
    st.builds(Choose, st.sampled_from([PROMPT, PROMPT, OTHER, replace(PROMPT, points=()), None])),
    st.builds(Answer, ANSWERS),
    VERDICTS.map(_mark),
    st.just(Mark(Ungraded((), "no key points", "test"))),
    *[st.just(event()) for event in (TakeHint, Skip, Pause, Resume, Proceed)],
    st.sampled_from([TakeHint(), Proceed(), Proceed(), End()]),
)
SETUPS = st.builds(
    Setup,
    style=st.sampled_from(list(Style)),
    questions=st.sampled_from([None, 0, 1, 2, 5]),
    minutes=st.sampled_from([None, None, 0, 1, 30]),
)
STEPS = st.lists(st.tuples(EVENTS, st.floats(-100, 4000)), max_size=40)
AFTER = {
    Phase.CHOOSING: {Phase.CHOOSING, Phase.ANSWERING, Phase.ENDED},
    Phase.ANSWERING: {Phase.ANSWERING, Phase.MARKING, Phase.DEBRIEF, Phase.ENDED},
    Phase.MARKING: {Phase.MARKING, Phase.ANSWERING, Phase.DEBRIEF, Phase.ENDED},
    Phase.DEBRIEF: {Phase.DEBRIEF, Phase.CHOOSING, Phase.ENDED},
    Phase.ENDED: {Phase.ENDED},
}


def is_valid(state):
    assert state.elapsed >= 0
    open_rounds = [r for r in state.rounds if not r.done]
    assert len(open_rounds) <= 1
    assert all(r.done for r in state.rounds[:-1])
    if state.phase in (Phase.ANSWERING, Phase.MARKING):
        assert open_rounds == [state.rounds[-1]]
        assert (state.rounds[-1].turns[-1].answer is None) == (state.phase is Phase.ANSWERING)
    if state.phase in (Phase.CHOOSING, Phase.DEBRIEF):
        assert not open_rounds
    assert bool(state.reason) == (state.phase is Phase.ENDED)
    if state.setup.questions is not None:
        assert len(state.rounds) <= state.setup.questions
    for r in state.rounds:
        is_valid_round(r, state)


def is_valid_round(r, state):
    probes = [turn.point for turn in r.turns[1:]]
    assert len(probes) <= (0 if state.setup.style is Style.WARM_UP else MOST_PROBES)
    assert len(set(probes)) == len(probes)
    assert all(0 <= point < len(r.prompt.points) for point in (*probes, *(h.point for h in r.hints)))
    assert len(r.hints) <= MOST_HINTS
    assert all(turn.asked.strip() for turn in r.turns)
    assert r.seconds >= 0
    assert not (r.skipped and r.outcome)
    if r.grade is not None:
        assert 0 <= r.grade.score <= 1
        assert r.grade.score <= max(p.credit for p in r.grade.points)


@settings(max_examples=300, deadline=None)
@given(SETUPS, STEPS, st.integers(0, 5))
def test_any_sequence_of_events_leaves_a_valid_interview_that_resumes_from_any_prefix(setup, steps, seed):
    machine = Machine(setup, seed)
    for event, after in steps:
        before = machine.state
        machine(event, after)
        assert machine.state.phase in AFTER[before.phase] or machine.log[-2].what == Continued()
        assert before.phase is not Phase.ENDED or machine.state == before
        is_valid(machine.state)
    assert replay(machine.log) == machine.state
    state = None
    for n, entry in enumerate(machine.log, start=1):
        state = apply(state, entry)
        assert replay(machine.log[:n]) == state
        assert state.elapsed >= 0
    stored = [entry_of(max(entry.at, 0.0), body_of(entry.what)) for entry in machine.log]
    assert replace(replay(stored), started=0, since=0).phase is machine.state.phase


@settings(max_examples=100, deadline=None)
@given(SETUPS, STEPS, st.integers(0, 5))
def test_from_any_prefix_of_its_log_an_interview_can_be_carried_to_its_end(setup, steps, seed):
    machine = Machine(replace(setup, questions=setup.questions or 3), seed)
    for event, after in steps:
        machine(event, after)
    for n in range(1, len(machine.log) + 1):
        resumed = Machine()
        resumed.state, resumed.log = replay(machine.log[:n]), machine.log[:n]
        resumed.now = resumed.state.since
        for _ in range(60):
            if resumed.state.phase is Phase.ENDED:
                break
            resumed(Resume())
            resumed(Choose(PROMPT))
            resumed(Answer(SAID))
            resumed(Mark(outcome(MET, MET, MISSED, MET)))
            resumed(Proceed())
        assert resumed.state.phase is Phase.ENDED
