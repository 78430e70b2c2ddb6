"""The components of the Interview tab, and how each state of an interview is shown in them."""

from __future__ import annotations

import time
from dataclasses import replace
from html import escape
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.grading.reading import LONGEST_ANSWER
from mlprep_bot.interview.interviewer import Interview
from mlprep_bot.interview.session import MOST_HINTS, Phase, State, limit
from mlprep_bot.ui.asking import as_told
from mlprep_bot.ui.chat import Updates, html
from mlprep_bot.ui.outcome import Outcomes
from mlprep_bot.ui.places import place_of
from mlprep_bot.ui.render import problem_html
from mlprep_bot.ui.setup_form import SetupForm
from mlprep_bot.ui.stage import bar_html, stage_html

KEYS = (
    '<p class="ml-keys ml-quiet"><span class="ml-shortcuts"><kbd>Ctrl</kbd> <kbd>Enter</kbd> '
    "(<kbd>⌘</kbd> <kbd>Enter</kbd>) sends · "
    "<kbd>Alt</kbd> <kbd>Shift</kbd> with <kbd>H</kbd> hint, <kbd>S</kbd> skip, <kbd>P</kbd> pause · </span>"
    "Markdown, code and LaTeX are fine.</p>"
)


class Room:
    """The components, made where the tab is built. Knows how to show an interview, and no event."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.outcomes = Outcomes(app)
        self.place = gr.State("")
        with gr.Column(elem_id="ml-interview"):
            self.notice = html('<p class="ml-quiet">Opening the interview…</p>', "ml-interview-notice")
            with gr.Column(elem_id="ml-setup", visible=False) as self.hall:
                self.form = SetupForm(app)
            with gr.Column(elem_id="ml-room", visible=False) as self.room:
                self.bar = html("", "ml-bar")
                with gr.Row(elem_id="ml-room-columns"):
                    with gr.Column(elem_id="ml-main", scale=3, min_width=300):
                        self._main()
                    with gr.Column(elem_id="ml-interview-side", scale=2, min_width=300, visible=False) as self.side:
                        self.panel = html("", "ml-interview-sources", "ml-panel")

    def _main(self) -> None:
        self.stage = html("", "ml-stage")
        with gr.Column(elem_id="ml-answering", visible=False) as self.answering:
            self.box = gr.Textbox(
                label="Your answer",
                lines=9,
                max_lines=26,
                max_length=LONGEST_ANSWER,
                elem_id="ml-answer",
                placeholder="Answer as you would in the room: the point first, then why, then a case.",
            )
            with gr.Row(elem_id="ml-under"):
                html(KEYS, "ml-keys-line")
                self.saved = html("", "ml-saved")
        with gr.Row(elem_id="ml-moves"):
            self.send = _move("Answer", "ml-answer-go", variant="primary")
            self.next = _move("Next question", "ml-next", variant="primary")
            self.finish = _move("See the result", "ml-finish", variant="primary")
            self.resume = _move("Go on", "ml-resume", variant="primary")
            self.again = _move("Read my answer again", "ml-again", variant="primary")
            self.new = _move("New interview", "ml-new", variant="primary")
            self.hint = _move("Hint", "ml-hint")
            self.skip = _move("Skip", "ml-skip")
            self.pause = _move("Pause", "ml-pause")
            self.leave = _move("Set up another one", "ml-leave")
            self.end = _move("End", "ml-end")
            self.sure = _move("End it now", "ml-end-sure", variant="stop")
            self.stay = _move("Keep going", "ml-end-not")

    @property
    def moves(self) -> list[Any]:
        """Every button below the question."""
        named = [self.send, self.next, self.finish, self.resume, self.again, self.new, self.hint, self.skip]
        return [*named, self.pause, self.leave, self.end, self.sure, self.stay]

    @property
    def outputs(self) -> list[Any]:
        """What an event of the interview may change."""
        shown = [self.place, self.notice, self.hall, self.room, self.bar, self.stage, self.answering, self.box]
        return [*shown, self.saved, self.side, self.panel, self.form.waiting, *self.moves]

    # --- what is shown -----------------------------------------------------------------------

    def show(self, interview: Interview) -> Updates:
        """An interview as it stands."""
        name, state = interview.id, interview.state
        if state.phase in (Phase.DEBRIEF, Phase.ENDED) and not state.paused:
            shown = self._outcome(interview)
        else:
            shown = {self.stage: stage_html(name, state), self.side: gr.Column(visible=False), self.panel: ""}
        waits = state.phase is Phase.ANSWERING and not state.paused
        return {
            **self._frame(interview),
            **shown,
            **self.buttons(*self._moves(state)),
            self.answering: gr.Column(visible=waits),
            self.box: gr.Textbox(value=self.app.progress.draft(name) if waits else "", interactive=True),
        }

    def without_box(self, updates: Updates) -> Updates:
        """`updates` that leave alone what stands in the answer box, and what is said about it."""
        return {part: value for part, value in updates.items() if part not in (self.box, self.saved)}

    def reading(self, now: Interview, text: str) -> Updates:
        """The answer is on its way to the log and to whoever marks it."""
        *before, last = now.state.rounds[-1].turns
        current = replace(now.state.rounds[-1], turns=(*before, replace(last, answer=text)))
        state = replace(now.state, phase=Phase.MARKING, rounds=(*now.state.rounds[:-1], current))
        return {
            self.notice: "",
            self.bar: bar_html(state, time.time()),
            self.stage: stage_html(now.id, state),
            self.answering: gr.Column(visible=False),
            **self.buttons(),
        }

    def set_up(self, waiting: str) -> Updates:
        """The set-up; `waiting` is HTML about an interview that can be continued."""
        return {
            self.place: "",
            self.notice: "",
            self.hall: gr.Column(visible=True),
            self.room: gr.Column(visible=False),
            self.form.waiting: waiting,
        }

    def emptied(self) -> Updates:
        """Nothing of any interview, not even where it is not seen."""
        return {self.bar: "", self.stage: "", self.panel: "", self.box: "", self.saved: ""}

    def buttons(self, *shown: Any) -> Updates:
        """Only these buttons."""
        return {button: gr.Button(visible=any(button is one for one in shown)) for button in self.moves}

    def _frame(self, interview: Interview) -> Updates:
        return {
            self.place: place_of(interview.id, interview.state),
            self.notice: "",
            self.saved: "",
            self.hall: gr.Column(visible=False),
            self.room: gr.Column(visible=True),
            self.bar: bar_html(interview.state, time.time()),
        }

    def _moves(self, state: State) -> list[Any]:
        if state.phase is Phase.ENDED:
            return [self.new]
        if state.paused:
            return [self.resume, self.leave, self.end]
        if state.phase is Phase.MARKING:
            return [self.again, self.leave]
        if state.phase is Phase.DEBRIEF:
            last = bool(limit(state, time.time()))
            return [self.finish if last else self.next, *([] if last else [self.pause, self.end])]
        hints = [self.hint] if len(state.rounds[-1].hints) < MOST_HINTS else []
        return [self.send, *hints, self.skip, self.pause, self.end]

    def _outcome(self, interview: Interview) -> Updates:
        """The debrief or the end; when the documents cannot be read the interview can still go on."""
        ended = interview.state.phase is Phase.ENDED
        try:
            shown, panel = self.outcomes.end(interview) if ended else self.outcomes.debrief(interview)
        except Exception as error:  # boundary: what was said is stored, and is explained at the next try
            told = as_told(error)
            shown, panel = problem_html(told.seen, told.fix), ""
        return {self.stage: shown, self.side: gr.Column(visible=bool(panel)), self.panel: panel}


def _move(text: str, elem_id: str, variant: str = "secondary") -> Any:
    return gr.Button(text, elem_id=elem_id, variant=variant, visible=False, size="md", min_width=96)


def notice_html(text: str) -> str:
    """One line that asks for attention."""
    return f'<p class="ml-notice" role="alert">{escape(text)}</p>'


def unsent_html(text: str) -> str:
    """What was written and not sent, to be copied; "" for nothing."""
    if not text.strip():
        return ""
    return (
        '<details class="ml-fold" open><summary>What you wrote here was not sent</summary>'
        f'<pre class="ml-code" tabindex="0"><code>{escape(text)}</code></pre></details>'
    )
