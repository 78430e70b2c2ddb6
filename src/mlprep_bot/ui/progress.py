"""The Progress tab: what is known, when it was practised, what is weak and due, and the user's own data."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.errors import BadImport, EmbedderError, LibraryError
from mlprep_bot.interview import memory, scheduling
from mlprep_bot.interview.session import Prompt
from mlprep_bot.ui import mastery
from mlprep_bot.ui.asking import as_told
from mlprep_bot.ui.chat import Updates, html
from mlprep_bot.ui.render import problem_html
from mlprep_bot.wording import plural

DATA = "/mlprep/progress/mlprep-progress.json"
OWN = (
    '<section class="ml-part"><h2>Your data</h2><p class="ml-quiet">All of it is in one file on this machine. An '
    "export can be read in again, here or elsewhere; nothing that you have is lost by that.</p>"
    f'<p class="ml-on"><a class="ml-plain" href="{DATA}" download>Export everything</a></p></section>'
)


class ProgressTab:
    """Components and what their events do; everything shown is read from the log when the tab is opened."""

    def __init__(self, app: App) -> None:
        self.app = app
        with gr.Column(elem_id="ml-progress-page"):
            self.course = html('<p class="ml-quiet">Reading your progress…</p>', "ml-course-part")
            with gr.Column(elem_id="ml-own"):
                html(OWN, "ml-own-text")
                self.file = gr.File(
                    label="Import an export", file_types=[".json"], elem_id="ml-import", height=110, file_count="single"
                )
                self.told = html("", "ml-own-told")
                with gr.Row(elem_id="ml-delete-row"):
                    self.delete = gr.Button("Delete all my interviews", elem_id="ml-delete", size="md", min_width=96)
                    self.sure = gr.Button(
                        "Delete them for good", elem_id="ml-delete-sure", variant="stop", visible=False, min_width=96
                    )
                    self.keep = gr.Button("Keep them", elem_id="ml-delete-not", visible=False, min_width=96)
        self._wire()

    def _wire(self) -> None:
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 2}
        ask = [self.told, self.delete, self.sure, self.keep]
        self.file.upload(self.take_in, [self.file], [self.file, self.told, self.course], **hidden)
        self.delete.click(self.ask_whether, None, ask, **hidden)
        self.keep.click(self.keep_all, None, ask, **hidden)
        self.deleted = self.sure.click(self.delete_all, None, [*ask, self.course], **hidden)

    def opened(self) -> str:
        """Everything as of now."""
        try:
            return self._shown()
        except Exception as error:  # boundary: an empty tab would say nothing
            told = as_told(error)
            return problem_html(told.seen, told.fix)

    def take_in(self, path: str | None) -> Updates:
        """Merge an export into what is held."""
        try:
            merged = self.app.progress.merge(_json(Path(path or "")))
        except Exception as error:  # boundary
            told = as_told(error)
            return {self.file: None, self.told: problem_html(told.seen, told.fix)}
        finally:
            if path:
                Path(path).unlink(missing_ok=True)
        added = (
            f"{plural(merged.added, 'interview')} added, {merged.continued} continued, {merged.known} known already."
        )
        return {self.file: None, self.told: _note(added), self.course: self.opened()}

    def ask_whether(self) -> Updates:
        """Deleting cannot be undone, so it is asked for twice."""
        try:
            count = len(self.app.progress.interviews())
        except Exception as error:  # boundary
            told = as_told(error)
            return {self.told: problem_html(told.seen, told.fix)}
        question = f"Delete {plural(count, 'interview')} for good? Export them first if you may want them back."
        return {self.told: _note(question if count else "There is nothing to delete.")} | self._asking(count > 0)

    def keep_all(self) -> Updates:
        """Nothing is deleted."""
        return {self.told: ""} | self._asking(False)

    def delete_all(self) -> Updates:
        """Delete every interview, its file overwritten."""
        try:
            count = self.app.progress.delete_all()
        except Exception as error:  # boundary
            told = as_told(error)
            return {self.told: problem_html(told.seen, told.fix)} | self._asking(False)
        return {self.told: _note(f"{plural(count, 'interview')} deleted."), self.course: self.opened()} | self._asking(
            False
        )

    def _asking(self, asks: bool) -> Updates:
        return {
            self.delete: gr.Button(visible=not asks),
            self.sure: gr.Button(visible=asks),
            self.keep: gr.Button(visible=asks),
        }

    def _shown(self) -> str:
        progress, now = self.app.progress, time.time()
        held = progress.interviews()
        if not held:
            return mastery.EMPTY
        attempts = progress.attempts()
        found = memory.memories(attempts, now)
        today = memory.practice_day(now)
        pool, trouble = self._pool()
        if pool is not None:
            found = scheduling.askable(found, pool)
        askable = {prompt.id: prompt.text for prompt in pool or ()}
        parts: Sequence[str] = (
            trouble,
            mastery.summary_html(held, found, attempts, now),
            mastery.mastery_html(memory.mastery_over_time(attempts, now)),
            mastery.calendar_html(memory.calendar(attempts), today),
            mastery.weakest_html(memory.weakest(found), askable),
            mastery.reviews_html(memory.upcoming(found, now), today, askable),
            mastery.history_html(held),
        )
        return f'<div class="ml-progress-parts">{"".join(parts)}</div>'

    def _pool(self) -> tuple[Sequence[Prompt] | None, str]:
        """The askable questions; None and the reason as HTML when the documents cannot be read.

        What was practised is whole then, and shown.
        """
        try:
            return self.app.pool(), ""
        except (LibraryError, EmbedderError) as error:
            return None, problem_html(error.seen, error.fix)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadImport("This is no export of mlprep: it is not JSON.", "Choose the file that Export made.") from error


def _note(text: str) -> str:
    return f'<p class="ml-note" role="status">{text}</p>'
