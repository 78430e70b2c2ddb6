"""The set-up of an interview as Gradio components: what to ask about, how long, and who marks."""

from __future__ import annotations

from typing import Any

import gradio as gr

from mlprep_bot.app import App, bundled_corpus
from mlprep_bot.interview.session import Setup, Style
from mlprep_bot.interview.steering import Steering
from mlprep_bot.ui import setup
from mlprep_bot.ui.asking import as_told
from mlprep_bot.ui.chat import Updates, html
from mlprep_bot.ui.render import problem_html
from mlprep_bot.writers import EXTRACTIVE

WITHOUT_MODEL = ("Without a model", "")
SHORTEST_JOB = 20  # characters; less says nothing about a job


class SetupForm:
    """The form and what its own events do; starting the interview is the tab's part."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.waiting = html("", "ml-waiting")
        self.trouble = html("", "ml-setup-trouble")
        self.offered_last = gr.State(None)
        html(
            '<div class="ml-intro"><h1>Mock interview</h1><p>One question at a time, as in a real one. Each answer '
            "is marked point by point, with the reason and the passage behind every verdict.</p></div>",
            "ml-interview-intro",
        )
        with gr.Row(elem_classes=["ml-fields"]):
            self.role = gr.Dropdown([("Any role", "")], value="", label="Role", filterable=False, elem_id="ml-role")
            self.level = gr.Dropdown([("Any level", "")], value="", label="Level", filterable=False, elem_id="ml-level")
        self.topics = gr.Dropdown(
            [], value=[], multiselect=True, label="Topics (none chosen: all)", elem_id="ml-topics"
        )
        self.documents = gr.Radio(
            [("All documents", setup.EVERYTHING)],
            value=setup.EVERYTHING,
            label="Questions from",
            elem_id="ml-documents",
        )
        self.style = gr.Radio(setup.STYLES, value=Style.REALISTIC.value, label="Style", elem_id="ml-style")
        with gr.Row(elem_classes=["ml-fields"]):
            limits = [("A number of questions", setup.BY_QUESTIONS), ("A number of minutes", setup.BY_MINUTES)]
            self.limit = gr.Radio(limits, value=setup.BY_QUESTIONS, label="It ends after", elem_id="ml-limit")
            self.questions = gr.Number(
                5, label="Questions", precision=0, minimum=1, maximum=setup.MOST_QUESTIONS, elem_id="ml-questions"
            )
            self.minutes = gr.Number(
                30,
                label="Minutes",
                precision=0,
                minimum=1,
                maximum=setup.MOST_MINUTES,
                visible=False,
                elem_id="ml-minutes",
            )
        self.timer = gr.Checkbox(True, label="Show a clock (it can be hidden at any time)", elem_id="ml-timer")
        with gr.Accordion("Paste a job description or a résumé (optional)", open=False, elem_id="ml-job-fold"):
            self.job = gr.Textbox(
                label="Job description or résumé",
                lines=6,
                max_lines=14,
                max_length=setup.LONGEST_JOB,
                elem_id="ml-job",
                info="It steers the topics and is not stored; the words shown as the reason are, with the interview.",
            )
            self.changed = html("", "ml-changed")
        self.grader = gr.Dropdown([WITHOUT_MODEL], value="", label="Who marks", filterable=False, elem_id="ml-grader")
        self.start = gr.Button("Start the interview", variant="primary", elem_id="ml-start")
        self._wire()

    @property
    def fields(self) -> list[Any]:
        """The components of a `Wish` in its order, then the pasted text."""
        chosen = [self.role, self.level, self.topics, self.documents, self.style]
        return [*chosen, self.limit, self.questions, self.minutes, self.timer, self.grader, self.job]

    @property
    def choices(self) -> list[Any]:
        """What `opened` takes: the choices that the page has, and what is chosen of them."""
        return [self.offered_last, self.role, self.level, self.topics, self.documents, self.grader]

    @property
    def offers(self) -> list[Any]:
        """What `opened` changes: the components whose choices depend on documents and models."""
        return [self.trouble, *self.choices]

    def _wire(self) -> None:
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self.limit.change(_length_fields, [self.limit], [self.questions, self.minutes], **hidden)
        self.job.change(self.read_job, [self.job], [self.changed], trigger_mode="always_last", **hidden)

    def opened(self, last: Any, *chosen: Any) -> Updates:
        """Choices as of now. `last`: those that the page has; `chosen`: the values of role to grader."""
        try:
            now = self._choices()
        except Exception as error:  # boundary: the page keeps the choices that it has
            told = as_told(error)
            return {self.trouble: problem_html(told.seen, told.fix)}
        if now == last:  # a list that is being read is left alone
            return {self.trouble: ""}
        fields = (self.role, self.level, self.topics, self.documents, self.grader)
        rows = zip(fields, now, chosen, strict=True)
        offered = {field: _offered(field, options, value) for field, options, value in rows}
        return {self.trouble: "", self.offered_last: now, **offered}

    def _choices(self) -> list[list[tuple[str, str]]]:
        """(label, value) of role, level, topics, documents and grader, as of now. Raises LibraryError."""
        offered = self.offered()
        writers = [w for w in self.app.writers() if w.available and w.name != EXTRACTIVE]
        graders = [WITHOUT_MODEL, *((f"{w.name}, checked without it", w.name) for w in writers)]
        of_documents = [offered.role_choices(), offered.level_choices(), offered.topic_choices()]
        return [*of_documents, offered.document_choices(), graders]

    def offered(self) -> setup.Offer:
        """What can be asked now. Raises LibraryError."""
        corpus = bundled_corpus()
        return setup.offer(self.app.pool(), lambda name: (corpus / name).is_file())

    def read_job(self, text: str) -> str:
        """What a pasted text changes, or why it could not be read."""
        try:
            return setup.steering_html(self._steering(text)) if (text or "").strip() else ""
        except Exception as error:  # boundary: the interview can be had without it
            told = as_told(error)
            return problem_html(told.seen, told.fix)

    def wanted(self, values: tuple[Any, ...]) -> Setup:
        """The set-up that the form's `fields` ask for. Raises LibraryError, EmbedderError."""
        *chosen, job = values
        role, level, topics, *rest = chosen
        wish = setup.Wish(role or "", level or "", tuple(topics or ()), *rest)
        return setup.setup_of(wish, self.offered(), self._steering(job))

    def _steering(self, text: str) -> Steering:
        text = (text or "").strip()[: setup.LONGEST_JOB]
        return self.app.steer(text) if len(text) >= SHORTEST_JOB else Steering()


def _offered(field: Any, options: list[tuple[str, str]], value: Any) -> Any:
    """New choices; what was chosen stays as far as it is among them."""
    there = {name for _, name in options}
    if isinstance(value, list):
        left = [name for name in value if name in there]
        return type(field)(options) if left == value else type(field)(options, value=left)
    return type(field)(options) if value is None or value in there else type(field)(options, value=options[0][1])


def _length_fields(limit: str) -> tuple[Any, Any]:
    return gr.Number(visible=limit == setup.BY_QUESTIONS), gr.Number(visible=limit == setup.BY_MINUTES)
