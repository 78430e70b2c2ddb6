"""What the Interview and Progress tabs show: every state in words, no mark while answering, no markup from outside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mlprep_bot.domain import KeyPoint
from mlprep_bot.interview.memory import Mastery, Memory
from mlprep_bot.interview.progress import Held
from mlprep_bot.interview.rubric import PointGrade, PointVerdict, grade
from mlprep_bot.interview.session import Hinted, Phase, Prompt, Round, Setup, State, Turn
from mlprep_bot.ui import charts, mastery, stage
from mlprep_bot.ui.places import interview_of, place_of
from test_render import HOSTILE, HTML_TAGS, MATHS_ATTRIBUTES, MATHS_TAGS, Inspector, words

SVG_TAGS = words("svg polygon polyline circle line rect text title")
TAGS = HTML_TAGS | SVG_TAGS | words("progress h3 figure figcaption aside q a b")
ATTRIBUTES = words(
    "class id role title value max tabindex type open start aria-label aria-hidden aria-pressed scope href download "
    "data-turn data-status data-open data-back data-marks data-place data-focus data-clock data-clock-toggle data-runs "
    "data-limit data-fill data-do data-with"
)
SVG_ATTRIBUTES = words(
    "class viewbox role aria-label aria-hidden points x y x1 x2 y1 y2 cx cy r rx width height text-anchor "
    "preserveaspectratio"
)
POINTS = (
    KeyPoint("L1 sets weights to zero, $\\lambda|w|$.", 3),
    KeyPoint("L2 shrinks them.", 2),
    KeyPoint("Scale the features first.", 1, "Scale does not matter."),
)
PROMPT = Prompt("q1", "a/card.md", "What does the lasso do?", "classical-ml", "junior", POINTS)


class Strict(Inspector):
    """As for the chat, with the elements of drawings."""

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS | MATHS_TAGS, tag
        allowed = SVG_ATTRIBUTES if tag in SVG_TAGS else MATHS_ATTRIBUTES if tag in MATHS_TAGS else ATTRIBUTES
        for name, value in attrs:
            if (name, value) == ("style", "text-align:left"):
                continue
            assert name in allowed, (tag, name)
            if name in {"class", "id"}:
                assert value in {"math inline", "math block", "math amsmath"} or value.startswith(("ml-", "tq")), value
            if name == "href":
                assert value.startswith("/mlprep/interview/"), value


def read(html: str) -> str:
    inspector = Strict()
    inspector.feed(html)
    inspector.close()
    return " ".join("".join(inspector.text).split())


def asking(*turns: Turn, **more) -> State:
    now = Round(PROMPT, "new to you", 100.0, turns or (Turn(PROMPT.text),), **more)
    return State(Setup(questions=5), Phase.ANSWERING, (now,), started=100.0, since=100.0)


def graded(*verdicts: PointVerdict, answer: str = "it sets weights to zero", **more) -> Round:
    points = [
        PointGrade(point, verdict, "" if verdict in "missed unverified" else "weights to zero", "because of that")
        for point, verdict in zip(POINTS, verdicts, strict=True)
    ]
    outcome = grade(points, answer, "model-free")
    return Round(PROMPT, "new", 0.0, (Turn(PROMPT.text, answer),), outcome=outcome, done=True, **more)


def test_a_question_says_where_it_stands_and_nothing_about_marks():
    state = asking()
    html = stage.stage_html("i1", state)
    text = read(html)
    assert "What does the lasso do?" in text
    assert "Classical ML · junior · new to you" in text
    assert 'data-focus="answer"' in html
    assert 'data-status="Question 1 of 5. What does the lasso do?"' in html
    for word in ("%", "met", "zero", "mark"):
        assert word not in text


def test_earlier_turns_stay_above_the_follow_up():
    state = asking(Turn(PROMPT.text, "It **shrinks** $w$.\nTwice."), Turn("Why does it?", point=0))
    text = read(stage.stage_html("i1", state))
    assert text.index("It shrinks") < text.index("Follow-up 1 of at most 2") < text.index("Why does it?")
    assert "Question 1 of 5, follow-up 1" in read(stage.bar_html(state, 100.0))


def test_hints_name_their_price():
    text = read(stage.stage_html("i1", asking(hints=(Hinted(0, "Think of `zero`."),))))
    assert "1 hint of 2 (each takes 10% off the mark of this question)" in text
    assert "Think of zero." in text


def test_the_quiet_states_say_what_goes_on():
    state = asking()
    paused = State(state.setup, Phase.ANSWERING, state.rounds, paused=True)
    assert "Paused" in read(stage.stage_html("i1", paused))
    assert "lasso" not in read(stage.stage_html("i1", paused))
    marking = State(state.setup, Phase.MARKING, (Round(PROMPT, "", 0, (Turn("Why?", "So."),)),))
    assert "Reading your answer…" in read(stage.stage_html("i1", marking))
    assert "Choosing" in read(stage.stage_html("i1", State(state.setup, Phase.CHOOSING)))


def test_the_bar_counts_questions_and_time():
    state = asking()
    html = stage.bar_html(state, 165.0)
    assert "Question 1 of 5" in read(html)
    assert 'max="5" value="0"' in html
    assert "1:05" in html
    timed = State(Setup(questions=None, minutes=30), Phase.ANSWERING, state.rounds, since=100.0)
    assert "28:55 left" in stage.bar_html(timed, 165.0)
    quiet = State(Setup(questions=None, minutes=30, timer=False), Phase.ANSWERING, state.rounds, since=100.0)
    assert "30 minutes in all" in stage.bar_html(quiet, 165.0)
    assert "data-clock" not in stage.bar_html(quiet, 165.0)
    assert stage.clock_words(3_725) == "1:02:05"


def test_a_pause_stops_the_clock():
    state = State(Setup(), Phase.ANSWERING, asking().rounds, paused=True, since=100.0, elapsed=42.0)
    assert stage.elapsed(state, 10_000.0) == 42.0


def test_a_place_changes_with_the_turn_and_not_with_a_hint():
    first, hinted = asking(), asking(hints=(Hinted(0, "x"),))
    follow_up = asking(Turn("a", "b"), Turn("c"))
    assert place_of("i1", first) == place_of("i1", hinted) != place_of("i1", follow_up)
    assert interview_of(place_of("20260101-000000-ab", first)) == "20260101-000000-ab"


def remembered(**more) -> Memory:
    fields = {
        "key": "k",
        "text": "L1 sets weights to zero.",
        "question": "q1",
        "document": "a.md",
        "topic": "classical-ml",
        "level": "junior",
        "weight": 3,
        "seen": 1_700_000_000.0,
        "due": 1_700_100_000.0,
        "stability": 1.0,
        "difficulty": 5.0,
        "retrievability": 0.9,
        "credit": 0.0,
        "last": PointVerdict.MISSED,
        "attempts": 2,
        "lapses": 1,
    }
    return Memory(**(fields | more))


DAY = date(2026, 3, 2)
COURSE = [
    (DAY, {"classical-ml": Mastery("classical-ml", 0.4, 3, 0.2, 0.6)}),
    (
        DAY + timedelta(days=5),
        {
            "statistics": Mastery("statistics", 0.1, 2, 0.0, 0.4),
            "classical-ml": Mastery("classical-ml", 0.8, 4, 0.5, 0.9),
        },
    ),
]


def test_mastery_is_drawn_told_and_tabled():
    html = mastery.mastery_html(COURSE)
    text = read(html)
    assert 'aria-label="Classical ML: from 40% on 2 Mar 2026 to 80% on 7 Mar 2026, between 50% and 90%"' in html
    assert text.index("Statistics") < text.index("Classical ML")
    assert html.count("<svg") == 2
    assert html.count("<tr>") == 1 + 3
    assert mastery.mastery_html([]) == ""


def test_the_calendar_has_a_number_in_each_day_and_a_table():
    html = mastery.calendar_html({DAY: 7, DAY + timedelta(days=1): 1}, DAY + timedelta(days=3))
    assert "8 questions on 2 days" in html
    assert ">7</text>" in html
    assert "ml-cell-3" in html
    assert "<td>2 Mar 2026</td><td>7</td>" in html
    assert mastery.calendar_html({}, DAY) == ""
    read(html)


def test_weak_points_are_drilled_while_their_question_is_there():
    html = mastery.weakest_html([remembered(), remembered(question="gone")], {"q1": "Why?"})
    assert html.count('data-do="drill"') == 1
    assert 'aria-label="Drill: Why?"' in html
    assert "no longer in your documents" in read(html)


def test_reviews_name_the_day_and_the_questions():
    plan = {DAY: [remembered()], DAY + timedelta(days=1): [remembered(), remembered()], DAY + timedelta(days=2): []}
    text = read(mastery.reviews_html(plan, DAY, {"q1": "Why?"}))
    assert "Today 1 key point" in text
    assert "Tomorrow 2 key points" in text
    assert text.count("Why?") == 2


def test_history_shows_no_bare_mark():
    past = [
        Held("i2", 1.7e9, 1.7e9, False, Setup(), 1),
        Held("i1", 1.6e9, 1.6e9, True, Setup(topics=("rag-search",)), 5),
    ]
    html = mastery.history_html(past)
    text = read(html)
    assert "not finished" in text
    assert "5 questions · realistic · RAG search" in text
    assert html.index(">Continue<") < html.index(">Read again<")
    assert "%" not in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_wherever_it_comes_from(text):
    prompt = Prompt(text, text, text, text, text, (KeyPoint(text, 1, text),))
    now = Round(prompt, text, 0.0, (Turn(text, text), Turn(text)), (Hinted(0, text),))
    state = State(Setup(), Phase.ANSWERING, (now,))
    read(stage.stage_html("i1", state))
    read(stage.marking_html("i1", state))
    memory = remembered(text=text, question=text, topic=text)
    read(mastery.weakest_html([memory], {text: text}))
    read(mastery.reviews_html({DAY: [memory]}, DAY, {text: text}))
    read(mastery.mastery_html([(DAY, {text: Mastery(text, 0.5, 1, 0.1, 0.9)})]))
    read(mastery.history_html([Held(text, 0.0, 0.0, False, Setup(topics=(text,)), 1)]))


def test_a_drawing_of_one_day_has_its_interval():
    html = charts.course_svg("X", [charts.Spot(DAY, 0.5, 0.2, 0.8)], DAY, DAY)
    assert "ml-whisker" in html
    read(html)
