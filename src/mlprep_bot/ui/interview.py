"""The Interview tab: set-up, one question at a time, the debrief, the end.

It holds no interview. A page knows which turn it shows (`places.py`); everything else is read from the log each
time, so a reload, a second tab and the terminal all go on with the same interview.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.errors import NoSuchInterview
from mlprep_bot.grading.reading import LONGEST_ANSWER
from mlprep_bot.interview.interviewer import Interview, Interviewer
from mlprep_bot.interview.session import Phase, Setup
from mlprep_bot.ui.asking import as_told
from mlprep_bot.ui.background import Background
from mlprep_bot.ui.chat import HEARTBEAT, Updates
from mlprep_bot.ui.places import interview_of, place_of
from mlprep_bot.ui.render import problem_html
from mlprep_bot.ui.room import Room, notice_html, unsent_html
from mlprep_bot.ui.setup import quiz_of, unfinished_html

AT_ONCE = 8  # visitors whose answers are read at the same time

_GONE = NoSuchInterview(
    "This page has lost its interview: it was deleted, or mlprep was started anew.", "Continue or start one below."
)

Step = Callable[[Interviewer], Interview]


class InterviewTab:
    """What the events of the tab do; its components are in `Room`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.room = Room(app)
        self._turns: dict[str, threading.Lock] = {}  # by interview; see `_slowly`
        self._wire()

    def _wire(self) -> None:
        room = self.room
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "trigger_mode": "once"}
        slow: dict[str, Any] = {**hidden, "concurrency_limit": AT_ONCE}
        room.form.start.click(self.start, room.form.fields, room.outputs, **slow)
        room.send.click(self.answer, [room.box, room.place], room.outputs, **slow)
        room.again.click(self.reread, [room.place], room.outputs, **slow)
        gr.on([room.next.click, room.finish.click], self.proceed, [room.place], room.outputs, **slow)
        room.hint.click(self.take_hint, [room.place], room.outputs, **hidden)
        room.skip.click(self.pass_on, [room.place], room.outputs, **slow)
        room.pause.click(self.halt, [room.place, room.box], room.outputs, **hidden)
        room.resume.click(self.go_on, [room.place], room.outputs, **slow)
        room.end.click(self.ask_whether, None, [room.notice, *room.moves], **hidden)
        room.stay.click(self.show_again, [room.place], room.outputs, **hidden)
        room.sure.click(self.finish, [room.place], room.outputs, **slow)
        gr.on([room.leave.click, room.new.click], self.set_up, None, room.outputs, **hidden)

    # --- events ------------------------------------------------------------------------------

    def opened(self) -> Iterator[Updates]:
        """What a visitor who opens the page meets: the interview that is not finished, else the set-up."""
        try:
            waiting = self.app.interviewer().unfinished()
            if waiting is None:
                yield self.room.set_up("")
                return
            if waiting.state.phase in (Phase.MARKING, Phase.CHOOSING):  # a model's minute: told before it is spent
                yield self.room.show(waiting) | self.room.buttons()
        except Exception as error:  # boundary: an empty tab would say nothing
            yield self.set_up() | self._told(error)
            return
        yield from self._slowly(lambda interviewer: interviewer.open(waiting.id), waiting.id)

    def set_up(self) -> Updates:
        """The set-up, with an unfinished interview above it."""
        try:
            waiting = self.app.interviewer().unfinished()
            told = unfinished_html(waiting.id, waiting.state) if waiting is not None else ""
        except Exception as error:  # boundary: the form itself may still be of use
            return self.room.set_up("") | self._told(error)
        return self.room.set_up(told)

    def cleared(self, place: str) -> Updates:
        """After interviews were deleted: the set-up, and nothing left on the page of an interview that is gone."""
        try:
            self.app.interviewer().look(interview_of(place))
        except Exception:  # boundary: what went wrong is told by the set-up
            return self.set_up() | self.room.emptied()
        return {self.room.place: place}

    def start(self, *values: Any) -> Iterator[Updates]:
        """Begin an interview as the form says."""
        yield from self._slowly(lambda interviewer: interviewer.start(self.room.form.wanted(values)))

    def begin(self, setup: Setup) -> Iterator[Updates]:
        """Begin an interview, leaving the one that runs paused."""

        def step(interviewer: Interviewer) -> Interview:
            other = interviewer.unfinished()
            started = interviewer.start(setup)
            _leave(interviewer, other)
            return started

        yield from self._slowly(step)

    def answer(self, text: str, place: str) -> Iterator[Updates]:
        """Store the answer, then read it; what comes next is shown when it was read."""
        text = (text or "").rstrip()
        if not text or len(text) > LONGEST_ANSWER:
            limited = f"An answer may have {LONGEST_ANSWER:,} characters at the most."
            yield {self.room.notice: notice_html(limited if text else "Write an answer first, or skip the question.")}
            return
        name = interview_of(place)
        try:
            now, kept = self._kept(place, text)
            if not kept:
                yield self._moved(text, now)
                return
            yield self.room.reading(now, text)
        except Exception as error:  # boundary
            yield self._failed(error, text=text)
            return
        yield from self._slowly(lambda interviewer: interviewer.answer(name, text, now.state), name)

    def reread(self, place: str) -> Iterator[Updates]:
        """Grade an answer that is stored and could not be graded."""
        name = interview_of(place)
        yield from self._slowly(lambda interviewer: interviewer.settle(name), name)

    def proceed(self, place: str) -> Iterator[Updates]:
        """The debrief was read."""
        yield from self._if_here(place, lambda i, now: i.proceed(now.id, now.state))

    def take_hint(self, place: str) -> Iterator[Updates]:
        """One more hint; what stands in the answer box stays there."""
        for updates in self._if_here(place, lambda i, now: i.hint(now.id, now.state)):
            yield self.room.without_box(updates)

    def pass_on(self, place: str) -> Iterator[Updates]:
        """Skip the question or the follow-up."""
        yield from self._if_here(place, lambda i, now: i.skip(now.id, now.state))

    def halt(self, place: str, text: str = "") -> Iterator[Updates]:
        """Stop the clock; what stands in the answer box is there again when it goes on."""
        name = interview_of(place)
        try:
            self._kept(place, text or "")
        except Exception as error:  # boundary: pausing would take away what could not be kept
            yield self._failed(error, text=text or "")
            return
        yield from self._slowly(lambda interviewer: interviewer.pause(name), name)

    def go_on(self, place: str) -> Iterator[Updates]:
        """Start the clock again."""
        name = interview_of(place)
        yield from self._slowly(lambda interviewer: interviewer.resume(name), name)

    def finish(self, place: str) -> Iterator[Updates]:
        """End early."""
        name = interview_of(place)
        yield from self._slowly(lambda interviewer: interviewer.end(name), name)

    def reopen(self, name: str) -> Iterator[Updates]:
        """Go on with an interview, or read one that has ended."""

        def step(interviewer: Interviewer) -> Interview:
            other = interviewer.unfinished()
            interviewer.look(name)  # raises before the other one is paused
            _leave(interviewer, other if other is None or other.id != name else None)
            return interviewer.open(name)

        yield from self._slowly(step, name)

    def obey(self, raw: str) -> Iterator[Updates]:
        """A button within finished HTML: `{"do": "quiz" or "drill" or "open", "with": an id}`."""
        try:
            sent = json.loads(raw)
            what, name = str(sent["do"]), str(sent["with"])
        except (ValueError, KeyError, TypeError):  # not from our script
            return
        if what == "open":
            yield from self.reopen(name)
        elif what in {"quiz", "drill"}:
            yield from self.begin(quiz_of(name))

    def ask_whether(self) -> Updates:
        """Ending cannot be undone, so it is asked for twice."""
        told = "End the interview now? What you answered so far is marked and kept; the rest is not asked."
        return {self.room.notice: notice_html(told), **self.room.buttons(self.room.sure, self.room.stay)}

    def show_again(self, place: str) -> Updates:
        """The turn as it was, with what stands in the answer box."""
        try:
            return self.room.without_box(self.room.show(self.app.interviewer().look(interview_of(place))))
        except Exception as error:  # boundary
            return self._failed(error)

    def keep_draft(self, raw: str) -> str:
        """Keep what stands in the answer box, if the turn that it was written for still waits."""
        try:
            sent = json.loads(raw)
            place, text = str(sent["place"]), str(sent["text"])[:LONGEST_ANSWER]
            _, kept = self._kept(place, text)
        except Exception as error:  # boundary: told where the candidate looks, without taking the focus
            return f'<span class="ml-unsaved" role="alert">Not saved: {escape(as_told(error).seen)}</span>'
        return '<span class="ml-quiet">Draft saved</span>' if kept and text.strip() else ""

    # --- how an event runs -------------------------------------------------------------------

    def _slowly(self, step: Step, name: str = "") -> Iterator[Updates]:
        """Do what may take a model's minute, then show what became of it.

        The step goes on when the visitor leaves: what it stores is there at the next visit. Until then the next
        step of that interview waits, so that no answer is read twice at the same time.
        """
        done: list[Interview] = []
        turn = self._turns.setdefault(name, threading.Lock()) if name else threading.Lock()

        def work(_: Callable[[None], None]) -> None:
            with turn:
                done.append(step(self.app.interviewer()))

        last = time.monotonic()
        try:
            for _ in Background(work, threading.Event()).watch():
                if time.monotonic() - last > HEARTBEAT:
                    last = time.monotonic()
                    yield {self.room.notice: ""}
            yield self.room.show(done[0])
        except Exception as error:  # boundary: what was stored is shown beside the reason
            yield self._failed(error, name)

    def _if_here(self, place: str, step: Callable[[Interviewer, Interview], Interview]) -> Iterator[Updates]:
        """`step`, unless the interview went on elsewhere since this page showed it."""
        name = interview_of(place)
        try:
            now = self.app.interviewer().look(name)
        except Exception as error:  # boundary
            yield self._failed(error)
            return
        if place_of(name, now.state) != place:
            yield self._moved("", now)
            return
        yield from self._slowly(lambda interviewer: step(interviewer, now), name)

    def _moved(self, text: str, now: Interview) -> Updates:
        """The interview as it stands, and the text that was written for an earlier turn."""
        told = notice_html("This interview went on in another window. This is where it stands.")
        return self.room.show(now) | {self.room.notice: told + unsent_html(text)}

    def _kept(self, place: str, text: str) -> tuple[Interview, bool]:
        """The interview as it stands, and whether `text` is now its draft: only while the turn at `place` waits.

        Raises NoSuchInterview, ProgressError.
        """
        name = interview_of(place)
        while True:
            known = len(self.app.progress.entries(name))
            now = self.app.interviewer().look(name)
            waits = now.state.phase is Phase.ANSWERING and not now.state.paused
            if not waits or place_of(name, now.state) != place:
                return now, False
            if self.app.progress.save_draft(name, text, after=known):
                return now, True

    def _failed(self, error: Exception, name: str = "", text: str = "") -> Updates:
        """Why a step failed, beside what is stored; without an interview (any more) beside the set-up.

        `text`: what was written and not sent.
        """
        told, shown = as_told(error), self._stored(name)
        if isinstance(error, NoSuchInterview):
            told, shown = _GONE, self.set_up()
        return shown | {self.room.notice: problem_html(told.seen, told.fix) + unsent_html(text)}

    def _stored(self, name: str) -> Updates:
        if not name:
            return {}
        try:
            return self.room.show(self.app.interviewer().look(name))
        except Exception:  # boundary: the first error is the one that is told
            return {}

    def _told(self, error: Exception) -> Updates:
        told = as_told(error)
        return {self.room.notice: problem_html(told.seen, told.fix)}


def _leave(interviewer: Interviewer, other: Interview | None) -> None:
    """Pause the unfinished interview when another one is turned to: its time stands still."""
    if other is not None and not other.state.paused:
        interviewer.pause(other.id)
