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
                info="It steers the topics. It stays on this machine and is not stored.",
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
    def offers(self) -> list[Any]:
        """The components whose choices depend on documents and models."""
        return [self.role, self.level, self.topics, self.documents, self.grader]

    def _wire(self) -> None:
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self.limit.change(_length_fields, [self.limit], [self.questions, self.minutes], **hidden)
        self.job.change(self.read_job, [self.job], [self.changed], trigger_mode="always_last", **hidden)

    def opened(self) -> Updates:
        """Choices as of now."""
        offered = self.offered()
        writers = [w for w in self.app.writers() if w.available and w.name != EXTRACTIVE]
        graders = [WITHOUT_MODEL, *((f"{w.name}, checked without it", w.name) for w in writers)]
        return {
            self.role: gr.Dropdown(offered.role_choices()),
            self.level: gr.Dropdown(offered.level_choices()),
            self.topics: gr.Dropdown(offered.topic_choices()),
            self.documents: gr.Radio(offered.document_choices()),
            self.grader: gr.Dropdown(graders),
        }

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


def _length_fields(limit: str) -> tuple[Any, Any]:
    return gr.Number(visible=limit == setup.BY_QUESTIONS), gr.Number(visible=limit == setup.BY_MINUTES)
