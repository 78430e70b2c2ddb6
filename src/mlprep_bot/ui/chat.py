"""The Chat tab: a conversation, its composer and the sources beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.errors import MlprepError
from mlprep_bot.ui import shelf, writers
from mlprep_bot.ui.asking import as_told, follow
from mlprep_bot.ui.conversation import Exchange, Session, history, stop
from mlprep_bot.ui.quiz import quiz_for
from mlprep_bot.ui.render import exchange_html
from mlprep_bot.ui.sources import EMPTY_PANEL, sources_html
from mlprep_bot.writers import EXTRACTIVE

LONGEST_QUESTION = 10_000  # characters
HEARTBEAT = 1.0  # seconds between empty updates; at the next update a visitor who left is noticed
AT_ONCE = 8  # visitors who are answered at the same time

Updates = dict[Any, Any]


def html(value: str, elem_id: str, kind: str = "", *, visible: bool = True) -> Any:
    """A component that shows finished HTML and runs nothing. `kind`: its CSS classes."""
    plain: dict[str, Any] = {"js_on_load": None, "apply_default_css": False, "padding": False}
    return gr.HTML(value, elem_id=elem_id, elem_classes=kind.split(), visible=visible, **plain)


class ChatTab:
    """Components and what their events do. Holds no conversation: that is in each visitor's `Session`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.session = gr.State(Session(), time_to_live=24 * 3600, delete_callback=Session.stop)
        self.banner = html("", "ml-banner")
        with gr.Row(elem_id="ml-columns"):
            with gr.Column(elem_id="ml-chat", scale=3, min_width=300):
                self.thread = html("", "ml-thread")
                self.live = html("", "ml-live")
                with gr.Column(elem_id="ml-composer"):
                    self.box = gr.Textbox(
                        label="Your question",
                        placeholder="Ask about your documents",
                        lines=1,
                        max_lines=8,
                        max_length=LONGEST_QUESTION,
                        elem_id="ml-box",
                    )
                    with gr.Row(elem_id="ml-actions"):
                        self.picker = gr.Dropdown(
                            [("Quotations only (no model)", EXTRACTIVE)],
                            value=EXTRACTIVE,
                            label="Who writes",
                            elem_id="ml-picker",
                            filterable=False,
                        )
                        self.clear = gr.Button("Clear", elem_id="ml-clear", size="sm", min_width=72)
                        self.retry = gr.Button("Retry", elem_id="ml-retry", size="sm", min_width=72)
                        self.stop = gr.Button("Stop", elem_id="ml-stop", size="sm", min_width=72, visible=False)
                        self.send = gr.Button("Ask", elem_id="ml-ask", size="sm", min_width=88, variant="primary")
                self.notice = html("", "ml-notice")
            with gr.Column(elem_id="ml-side", scale=2, min_width=300):
                self.sources = html(EMPTY_PANEL, "ml-sources-panel", "ml-panel")
        self._wire()

    def _wire(self) -> None:
        everything = [self.thread, self.live, self.sources, self.box, self.notice]
        everything += [self.send, self.stop, self.retry, self.clear]
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asked: dict[str, Any] = {**hidden, "concurrency_limit": AT_ONCE, "trigger_mode": "once"}
        gr.on([self.send.click, self.box.submit], self.ask, [self.box, self.picker, self.session], everything, **asked)
        self.retry.click(self.ask_again, [self.picker, self.session], everything, **asked)
        self.stop.click(self.halt, [self.session], [self.notice], concurrency_limit=None, **hidden)
        self.clear.click(self.forget, [self.session], everything, **hidden)
        self.picker.input(self.describe, [self.picker], [self.banner], **hidden)

    # --- events ------------------------------------------------------------------------------

    def ask(self, question: str, writer: str, session: Session) -> Iterator[Updates]:
        """Stream one exchange into the page."""
        question = (question or "").strip()
        if not question or len(question) > LONGEST_QUESTION:
            limit = f"A question may have {LONGEST_QUESTION:,} characters at the most."
            yield {self.notice: _notice(limit if question else "Type a question first.")}
            return
        halt = session.begin()
        if halt is None:  # asked twice before the page could switch the button off
            yield {self.notice: ""}
            return
        exchange = session.next(question, writer or EXTRACTIVE)
        try:
            yield self._begun(exchange, session) | {self.box: ""}
            states = follow(self.app, exchange, history(session.exchanges[:-1]), halt)
            for exchange, is_new in _paced(states, exchange):  # noqa: B020 - the newest state is the one that counts
                session.put(exchange)
                yield self._shown(exchange, session) if is_new else {self.notice: ""}
            yield self._settled()
        finally:
            session.put(stop(exchange))
            halt.set()
            session.end()

    def ask_again(self, writer: str, session: Session) -> Iterator[Updates]:
        """The last question once more, with the writer that is chosen now."""
        last = session.take_last()
        if last is None:
            yield {self.notice: _notice("There is nothing to try again yet.")}
            return
        for updates in self.ask(last.question, writer, session):
            yield {part: value for part, value in updates.items() if part is not self.box}

    def halt(self, session: Session) -> str:
        """End the answer that is being written; what is checked stays."""
        session.stop()
        return ""

    def forget(self, session: Session) -> Updates:
        """An empty page again."""
        if not session.clear():
            return {self.notice: _notice("An answer is being written. Stop it first.")}
        return {self.thread: "", self.live: self.welcome(), self.sources: EMPTY_PANEL, self.notice: ""}

    def describe(self, writer: str) -> str:
        """The banner for the writer that was picked."""
        known = self.app.writers()
        chosen = next((w for w in known if w.name == writer), None) or self.app.active_writer()
        return writers.banner_html(chosen, known)

    def opened(self) -> tuple[Any, str]:
        """Picker and banner as of now, when a visitor opens the page."""
        known, active = self.app.writers(), self.app.active_writer()
        picker = gr.Dropdown(writers.choices(known), value=active.name)
        return picker, writers.banner_html(active, known)

    def welcome(self) -> str:
        """What an empty conversation shows: what this is, and questions that the documents answer."""
        try:
            return shelf.welcome_html(self.app.questions())
        except Exception as error:  # boundary: an empty page would say nothing
            return shelf.welcome_html([], as_told(error))

    # --- what is shown -----------------------------------------------------------------------

    def _begun(self, exchange: Exchange, session: Session) -> Updates:
        topics = shelf.by_topic(self._questions())
        earlier = "".join(exchange_html(e, topics, self._quiz(e)) for e in session.exchanges[:-1])
        return {
            self.thread: earlier,
            self.live: exchange_html(exchange),
            self.notice: "",
            self.send: gr.Button(interactive=False),
            self.retry: gr.Button(interactive=False),
            self.clear: gr.Button(interactive=False),
            self.stop: gr.Button(visible=True),
        }

    def _shown(self, exchange: Exchange, session: Session) -> Updates:
        if exchange.running and exchange.sentences:  # the panel changes with the passages and at the end
            return {self.live: exchange_html(exchange)}
        topics = shelf.by_topic(self._questions()) if exchange.refused else {}
        panel = "".join(sources_html(e, self._text) for e in session.exchanges)
        shown = exchange_html(exchange, topics, self._quiz(exchange))
        return {self.live: shown, self.sources: panel or EMPTY_PANEL}

    def _settled(self) -> Updates:
        return {
            self.send: gr.Button(interactive=True),
            self.retry: gr.Button(interactive=True),
            self.clear: gr.Button(interactive=True),
            self.stop: gr.Button(visible=False),
        }

    def _questions(self) -> list[Any]:
        try:
            return list(self.app.questions())
        except MlprepError:
            return []

    def _quiz(self, exchange: Exchange) -> str:
        try:
            return quiz_for(exchange, self.app.questions(), {prompt.id for prompt in self.app.pool()})
        except MlprepError:
            return ""

    def _text(self, document: str) -> str | None:
        try:
            return self.app.document(document).text
        except MlprepError:
            return None


def _paced(states: Iterator[Exchange], shown: Exchange) -> Iterator[tuple[Exchange, bool]]:
    """Each new state, and the old one again, with False, when nothing was new for a `HEARTBEAT`."""
    last = time.monotonic()
    for state in states:
        is_new = state is not shown
        if is_new or time.monotonic() - last > HEARTBEAT:
            last = time.monotonic()
            shown = state
            yield state, is_new


def _notice(text: str) -> str:
    return f'<p class="ml-notice" role="alert">{escape(text)}</p>'
