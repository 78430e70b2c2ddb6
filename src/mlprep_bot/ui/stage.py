"""A running interview as HTML: where it stands, the question with what was said so far, and the quiet states.

Nothing here tells how good an answer is: that is the debrief's part (`debrief.py`), and comes after it.
The page's script reads `data-place` (a new value is announced and takes the focus), `data-focus` and `data-clock`.
"""

from __future__ import annotations

from html import escape

from mlprep_bot.grading.rubric import HINT_COST
from mlprep_bot.interview.replaying import running
from mlprep_bot.interview.session import MOST_HINTS, MOST_PROBES, Phase, Round, State, Turn
from mlprep_bot.ui.markdown import block_html, inline_html
from mlprep_bot.ui.places import place_of
from mlprep_bot.wording import plural, topic_title

CUT = 320  # characters of a question that are read out when it appears


def stage_html(interview: str, state: State) -> str:
    """What stands above the answer box while the interview runs; the debrief and the end are shown elsewhere."""
    if state.paused:
        return _quiet(interview, state, "Paused", "The clock stands still, and everything is saved. Take your time.")
    if state.phase is Phase.MARKING:
        return marking_html(interview, state)
    if state.phase is Phase.CHOOSING or not state.rounds:
        return _quiet(interview, state, "Choosing the next question…", "")
    return question_html(interview, state)


def question_html(interview: str, state: State) -> str:
    """The question that waits for an answer, with its hints, below what was already said about it."""
    now = state.rounds[-1]
    waiting = now.turns[-1]
    announced = f"{count_words(state)}. {_spoken(waiting.asked)}"
    return (
        f'<article class="ml-asking" data-place="{place_of(interview, state)}" data-focus="answer" '
        f'data-status="{escape(announced)}">{_about(now)}{"".join(_turn(t, now) for t in now.turns)}'
        f"{_hints(now)}</article>"
    )


def marking_html(interview: str, state: State) -> str:
    """The answer is stored and being read."""
    now = state.rounds[-1]
    return (
        f'<article class="ml-asking" data-place="{place_of(interview, state)}" data-status="Reading your answer…">'
        f"{_about(now)}{''.join(_turn(t, now) for t in now.turns)}"
        '<p class="ml-wait ml-reading">Reading your answer…</p></article>'
    )


def _quiet(interview: str, state: State, title: str, told: str) -> str:
    return (
        f'<article class="ml-asking ml-still" data-place="{place_of(interview, state)}" data-focus="heading" '
        f'data-status="{escape(title)}"><h2 tabindex="-1">{escape(title)}</h2><p>{escape(told)}</p></article>'
    )


def _about(now: Round) -> str:
    """Topic, level and why this question came."""
    facts = [topic_title(now.prompt.topic)] if now.prompt.topic else []
    facts += [now.prompt.level] if now.prompt.level else []
    line = " · ".join(escape(fact) for fact in facts)
    why = f'<span class="ml-why">{escape(now.why)}</span>' if now.why else ""
    return f'<p class="ml-quiet ml-about">{line}{" · " if line and why else ""}{why}</p>'


def _turn(turn: Turn, now: Round) -> str:
    number = now.turns.index(turn)
    current = " ml-current" if turn.answer is None else ""
    asked = inline_html(turn.asked)
    if number == 0:
        head = f'<h2 class="ml-asked{current}" tabindex="-1">{asked}</h2>'
    else:
        head = (
            f'<div class="ml-probe{current}"><h3 class="ml-subtitle">Follow-up {number} of at most {MOST_PROBES}</h3>'
            f'<p class="ml-asked">{asked}</p></div>'
        )
    return head + (said_html(turn.answer) if turn.answer is not None else "")


def said_html(answer: str) -> str:
    """The candidate's own words, laid out as they were typed."""
    body = block_html(answer) if answer.strip() else "<p>(nothing)</p>"
    return f'<div class="ml-said"><span class="ml-quiet ml-who">You</span>{body}</div>'


def _hints(now: Round) -> str:
    if not now.hints:
        return ""
    items = "".join(f"<li>{inline_html(hint.text)}</li>" for hint in now.hints)
    cost = f"each takes {HINT_COST:.0%} off the mark of this question"
    return (
        f'<aside class="ml-hints" aria-label="Hints"><p class="ml-subtitle">{plural(len(now.hints), "hint")} '
        f"of {MOST_HINTS} ({cost})</p><ul>{items}</ul></aside>"
    )


def _spoken(text: str) -> str:
    return text if len(text) <= CUT else text[:CUT].rpartition(" ")[0] + "…"


# --- where the interview stands -----------------------------------------------------------------


def count_words(state: State) -> str:
    """`Question 2 of 5`, `Question 2`, or that a follow-up is being asked."""
    number = max(1, len(state.rounds))
    limit = state.setup.questions
    told = f"Question {number} of {limit}" if limit and limit >= number else f"Question {number}"
    follow_ups = len(state.rounds[-1].turns) - 1 if state.rounds else 0
    return f"{told}, follow-up {follow_ups}" if follow_ups and state.phase is Phase.ANSWERING else told


def bar_html(state: State, now: float) -> str:
    """Number of the question, visible progress and, when it is wanted, the clock. `now` in seconds (UTC)."""
    done = sum(turn.done for turn in state.rounds)
    if state.phase is Phase.ENDED:
        took = f"{plural(done, 'question')} in {clock_words(int(state.elapsed))}"
        return f'<div class="ml-where-now"><p class="ml-count">{took}</p></div>'
    limit = state.setup.questions
    bar = ""
    if limit:
        told = f"{done} of {limit} questions done"
        bar = (
            f'<progress class="ml-way" max="{limit}" value="{min(done, limit)}" aria-label="Progress: {told}" '
            f'title="{told}"></progress>'
        )
    clock = _clock(state, now) if state.setup.timer else _length(state)
    return f'<div class="ml-where-now"><p class="ml-count">{count_words(state)}</p>{bar}{clock}</div>'


def _clock(state: State, now: float) -> str:
    spent = int(running(state, now))
    minutes = state.setup.minutes
    runs = int(running(state, now + 1) > running(state, now))
    limit = f' data-limit="{minutes * 60}"' if minutes else ""
    shown = f"{clock_words(minutes * 60 - spent)} left" if minutes else clock_words(spent)
    return (
        f'<span class="ml-clock"><span class="ml-time" role="timer" aria-label="Time" data-clock="{spent}" '
        f'data-runs="{runs}"{limit}>{shown}</span>'
        '<button type="button" class="ml-plain" data-clock-toggle aria-pressed="false">Hide the time</button></span>'
    )


def _length(state: State) -> str:
    minutes = state.setup.minutes
    return f'<span class="ml-quiet">{plural(minutes, "minute")} in all</span>' if minutes else ""


def clock_words(seconds: int) -> str:
    """`4:05`, `1:02:09`; a time that is over is `0:00`."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
