"""What the Interview and Progress tabs show: every state in words, no mark while answering, no markup from outside."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from mlprep_bot.debriefing.debrief import Debrief, Objection, PointDebrief
from mlprep_bot.debriefing.report import report
from mlprep_bot.debriefing.wording import arithmetic
from mlprep_bot.domain import Citation, KeyPoint, Passage, Question, Sentence, Span, Status, Verdict
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, grade
from mlprep_bot.interview.interviewer import Interview
from mlprep_bot.interview.memory import Mastery, Memory
from mlprep_bot.interview.progress import Held
from mlprep_bot.interview.session import Hinted, Phase, Prompt, Round, Setup, State, Turn
from mlprep_bot.interview.steering import Steering
from mlprep_bot.ui import charts, mastery, setup, stage
from mlprep_bot.ui.debrief import debrief_html, debrief_sources_html
from mlprep_bot.ui.places import interview_of, place_of
from mlprep_bot.ui.quiz import quiz_for
from mlprep_bot.ui.report import debrief_page_html, end_html
from test_render import HOSTILE, HTML_TAGS, MATHS_ATTRIBUTES, MATHS_TAGS, Inspector, cite, finished, passage, words

SVG_TAGS = words("svg polygon polyline circle line rect text title")
TAGS = HTML_TAGS | SVG_TAGS | words("progress h3 figure figcaption aside q a b")
ATTRIBUTES = words(
    "class id role title value max tabindex type open start aria-label aria-hidden aria-pressed scope href download "
    "data-turn data-status data-open data-back data-marks data-place data-focus data-clock data-clock-toggle data-runs "
    "data-limit data-fill data-do data-with data-shelf"
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
    assert 'data-clock="42" data-runs="0"' in stage.bar_html(state, 10_000.0)


def test_a_place_changes_with_the_turn_and_not_with_a_hint():
    first, hinted = asking(), asking(hints=(Hinted(0, "x"),))
    follow_up = asking(Turn("a", "b"), Turn("c"))
    assert place_of("i1", first) == place_of("i1", hinted) != place_of("i1", follow_up)
    assert interview_of(place_of("20260101-000000-ab", first)) == "20260101-000000-ab"


TEXT = "L1 sets weights to zero. L2 shrinks them. Scale the features first."
SOURCE = passage(1, TEXT, document="a/card.md")


def debriefed(done: Round, *, objection: bool = False, quote: str = "L1 sets weights to zero.") -> Debrief:
    """A debrief of `done` in which the first point, the objection and the model answer are cited."""
    here = cite(SOURCE, quote)
    given = done.outcome.points if done.outcome else [PointGrade(p, PointVerdict.UNVERIFIED) for p in POINTS]
    points = tuple(PointDebrief(g, here if n == 0 else None) for n, g in enumerate(given))
    objections = (Objection("zero", "The document says otherwise.", cite(SOURCE, "L2 shrinks them.")),) * objection
    model = (Sentence("L2 shrinks them.", Verdict.SUPPORTED, "", (cite(SOURCE, "L2 shrinks them."),)),)
    value = None if done.grade is None else done.grade.score * (1 - 0.1 * len(done.hints))
    return Debrief(points, objections, model, (SOURCE,), "Short, with a case.", value, len(done.hints))


MET, PARTIAL, MISSED = PointVerdict.MET, PointVerdict.PARTIAL, PointVerdict.MISSED
WRONG, UNKNOWN = PointVerdict.CONTRADICTED, PointVerdict.UNVERIFIED


def test_every_verdict_has_a_sign_a_word_a_reason_and_the_words_that_were_said():
    done = graded(MET, PARTIAL, WRONG)
    text = read(debrief_html(1, done, debriefed(done, objection=True)))
    assert "1 met, 1 partly met, 1 contradicted" in text
    for told in (
        "✓ met",
        "◐ partly met",
        "✗ contradicted",
        "You said: weights to zero",
        "because of that",
        "weight 2, 50% of it made",
    ):
        assert told in text
    assert "What the documents contradict" in text
    assert "You said: zero" in text
    assert "Short, with a case." in text
    assert "A model answer" in text
    assert "Ask the corpus about this" in text
    assert "derived" not in text
    assert "(no passage found)" in text


def test_numbers_open_the_exact_words_in_the_panel():
    done = graded(MET, MISSED, MISSED)
    debrief = debriefed(done, objection=True)
    html = debrief_html(2, done, debrief)
    panel = debrief_sources_html(2, debrief, lambda _: TEXT)
    assert 'class="ml-sources" data-turn="q2"' in panel
    names = [part.split('"')[0] for part in html.split('data-open="')[1:]]
    assert names == ["tq2-c0", "tq2-c1", "tq2-c2"]
    for name in names:
        assert name in panel
    assert '<mark data-marks="tq2-c0" tabindex="-1">L1 sets weights to zero.</mark>' in panel
    assert '<mark data-marks="tq2-c1 tq2-c2" tabindex="-1">L2 shrinks them.</mark>' in panel


def test_the_mark_comes_with_its_arithmetic():
    done = graded(MET, PARTIAL, MISSED, hints=(Hinted(0, "x"),))
    assert arithmetic(done) == "3 × 1 + 2 × ½ + 1 × 0 = 4 of 6, so 67%; 1 hint at 10% of it each: 60%."
    text = read(debrief_html(1, done, debriefed(done)))
    assert "Mark: 60%, which follows from the verdicts above: 3 × 1" in text
    assert "Marked by: model-free." in text
    unsure = graded(MET, MISSED, UNKNOWN)
    assert arithmetic(unsure) == "3 × 1 + 2 × 0 = 3 of 5, so 60% (1 point that could not be judged left out)."


def test_no_mark_is_said_and_never_zero():
    ungraded = graded(UNKNOWN, UNKNOWN, UNKNOWN)
    text = read(debrief_html(1, ungraded, debriefed(ungraded)))
    assert "No mark." in text
    assert "%" not in text
    assert "? could not tell" in text
    skipped = Round(PROMPT, "new", 0.0, (Turn(PROMPT.text),), skipped=True, done=True)
    text = read(debrief_html(1, skipped, debriefed(skipped)))
    assert "What was expected" in text
    assert "You skipped this question, so it has no mark." in text
    assert "could not tell" not in text


def test_derived_points_are_marked_as_such():
    prompt = Prompt("q1", "mine.md", "Why?", "", "", POINTS, derived=True)
    done = Round(prompt, "", 0.0, (Turn("Why?", "weights to zero"),), outcome=graded(MET, MET, MET).outcome, done=True)
    text = read(debrief_html(1, done, debriefed(done)))
    assert text.count("derived") == 1 + len(POINTS)
    assert "No author wrote key points for this question" in text


def ended(*rounds: Round, reason: str = "done") -> Interview:
    return Interview("20260302-090000-ab", State(Setup(), Phase.ENDED, rounds, started=1.0, since=9.0, reason=reason))


def test_the_end_shows_scores_with_their_range_and_what_they_are_made_of():
    done = graded(MET, MISSED, WRONG)
    interview = ended(done)
    debriefs = {"q1": debriefed(done)}
    html = end_html(interview, report(interview.id, interview.state, [], 1.8e9, debriefs), debriefs, {})
    text = read(html)
    assert "That was the last question. 1 question marked." in text
    assert "Classical ML" in text
    assert "50%" in text
    assert "1 question: ✓ 1 met ○ 1 missed ✗ 1 contradicted" in text
    assert "How sure is this?" in text
    assert "Worth reading" in text
    assert 'data-shelf="q1"' in html
    assert "To practise tomorrow" in text
    assert 'href="/mlprep/interview/20260302-090000-ab.md" download' in html
    assert 'href="/mlprep/interview/20260302-090000-ab.apkg" download' in html
    assert "tq1-c0" in html


def test_questions_without_a_topic_are_not_counted_as_all():
    own = Prompt("q2", "mine.md", "Why?", "", "", POINTS, derived=True)
    judged = graded(MISSED, MISSED, MISSED)
    other = Round(own, "", 0.0, (Turn("Why?", "no"),), outcome=judged.outcome, done=True)
    interview = ended(graded(MET, MET, MET), other)
    text = read(end_html(interview, report(interview.id, interview.state, [], 1.8e9, {}), {}, {}))
    assert "No topic 1 question: ○ 3 missed" in text
    assert "All 2 questions: ✓ 3 met ○ 3 missed" in text


def test_an_interview_without_a_question_says_why():
    interview = ended(reason="nothing left")
    text = read(end_html(interview, report(interview.id, interview.state, [], 1.8e9), {}, {}))
    assert "There was no question to ask" in text


def test_the_form_asks_for_no_more_than_there_is():
    mine = Prompt("q2", "mine.md", "Why?", "", "", POINTS, derived=True)
    offered = setup.offer([PROMPT, mine], lambda name: name.startswith("a/"))
    assert offered.document_choices() == [
        ("All documents (2)", "all"),
        ("mlprep's corpus (1)", "corpus"),
        ("My own documents (1)", "own"),
    ]
    assert offered.topic_choices() == [("Classical ML (1)", "classical-ml")]
    assert len(setup.offer([PROMPT], lambda _: True).document_choices()) == 1
    steering = Steering((("classical-ml", 2.0),), (("classical-ml", "“lasso”"),))
    wish = setup.Wish("x", "king", ("classical-ml", "cooking"), "own", "odd", "minutes", 5, 1e9, True, "m")
    made = setup.setup_of(wish, offered, steering)
    assert made == Setup(
        topics=("classical-ml",),
        documents=("mine.md",),
        questions=None,
        minutes=setup.MOST_MINUTES,
        steering=steering.weights,
        steered_by=steering.because,
        grader="m",
    )
    assert setup.setup_of(setup.Wish(questions=None), offered, Steering()).questions == 5
    assert setup.setup_of(setup.Wish(questions=float("nan")), offered, Steering()).questions == 5


def test_what_a_pasted_text_changed_is_shown():
    text = read(setup.steering_html(Steering((("rag-search", 2.0),), (("rag-search", "“RAG”"),))))
    assert "RAG search comes 2 times as often: “RAG”" in text
    assert "The text is not stored; the words shown here are kept" in text
    assert "changes nothing" in read(setup.steering_html(Steering()))


def test_an_unfinished_interview_can_be_continued():
    html = setup.unfinished_html("i1", asking())
    assert 'data-do="open" data-with="i1"' in html
    assert "0 of 5 questions done" in read(html)


def test_a_quiz_is_about_the_first_cited_answer():
    other = Question("q0", "a/card.md", "Before?", 0, 5, 1, answer=Span(5, 20))
    mine = Question("q1", "a/card.md", "What?", 30, 40, 3, answer=Span(41, 41 + len(TEXT)))
    source = passage(1, TEXT, 41, document="a/card.md")
    said = finished([Sentence("L2.", Verdict.SUPPORTED, "", (cite(source, "L2 shrinks them."),))], [source])
    assert quiz_for(said, [other, mine], {"q0", "q1"}) == "q1"
    assert quiz_for(said, [other, mine], {"q0"}) == ""
    assert quiz_for(finished([], [source], status=Status.NOT_IN_CORPUS), [mine], {"q1"}) == ""


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
    assert "cannot be asked now" in read(html)


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
    source = Passage(**{f: getattr(SOURCE, f) for f in SOURCE.__slots__} | {"text": text, "document": text})
    here = Citation(source.id, text, text, 0, len(text), text)
    judged = grade([PointGrade(KeyPoint(text), MET, text, text, uncertain=True)], text, text)
    done = Round(prompt, text, 0.0, (Turn(text, text), Turn(text, text)), (Hinted(0, text),), judged, done=True)
    told = Debrief(
        (PointDebrief(judged.points[0], here),),
        (Objection(text, text, here),),
        (Sentence(text, Verdict.SUPPORTED, text, (here,)),),
        (source,),
        text,
        0.9,
        1,
    )
    interview = Interview("i1", State(Setup(), Phase.ENDED, (done,), reason="done"))
    read(debrief_page_html(interview, told))
    read(debrief_sources_html(1, told, lambda _: text))
    read(end_html(interview, report("i1", interview.state, [], 1.8e9, {text: told}), {text: told}, {}))
    read(setup.steering_html(Steering(((text, 2.0),), ((text, text),))))
    read(setup.unfinished_html(text, interview.state))
    read(mastery.weakest_html([memory], {text: text}))
    read(mastery.reviews_html({DAY: [memory]}, DAY, {text: text}))
    read(mastery.mastery_html([(DAY, {text: Mastery(text, 0.5, 1, 0.1, 0.9)})]))
    read(mastery.history_html([Held(text, 0.0, 0.0, False, Setup(topics=(text,)), 1)]))


def test_a_drawing_of_one_day_has_its_interval():
    html = charts.course_svg("X", [charts.Spot(DAY, 0.5, 0.2, 0.8)], DAY, DAY)
    assert "ml-whisker" in html
    read(html)
