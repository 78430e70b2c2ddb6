"""The Library tab: what is indexed, upload, re-index and the health report."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.domain import HealthReport
from mlprep_bot.ui import shelf
from mlprep_bot.ui.asking import as_told
from mlprep_bot.ui.background import Background
from mlprep_bot.ui.chat import Updates, html
from mlprep_bot.ui.render import problem_html
from mlprep_bot.ui.uploads import MOST_FILES, store

Step = tuple[str, int, int]


class LibraryTab:
    """Components and what their events do. The library is one for all visitors, so one run at a time."""

    def __init__(self, app: App) -> None:
        from mlprep_bot.knowledge.readers import EXTENSIONS

        self.app = app
        self.suffixes = sorted(EXTENSIONS)
        self._running = threading.Lock()
        limit = f"Up to {MOST_FILES} files of {app.settings.upload_mb} MB: {', '.join(self.suffixes)}"
        with gr.Row(elem_id="ml-library"):
            with gr.Column(scale=3, min_width=300):
                self.shelf = html('<p class="ml-quiet">Opening the library…</p>', "ml-shelf")
            with gr.Column(scale=2, min_width=300):
                self.files = gr.File(
                    label="Add documents",
                    file_count="multiple",
                    file_types=self.suffixes,
                    elem_id="ml-files",
                    height=150,
                )
                html(f'<p class="ml-quiet">{escape(limit)}. They stay on this machine.</p>', "ml-limits")
                self.again = gr.Button("Re-index everything", elem_id="ml-reindex", size="sm")
                self.report = html("", "ml-report")
        self._wire()

    def _wire(self) -> None:
        outputs = [self.report, self.shelf, self.again, self.files]
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 2}
        self.files.upload(self.add, [self.files], outputs, **hidden)
        self.again.click(self.reindex, None, outputs, **hidden)

    def opened(self) -> str:
        """Documents and questions as of now."""
        try:
            return shelf.shelf_html(self.app.documents(), self.app.questions())
        except Exception as error:  # boundary: an empty tab would say nothing
            told = as_told(error)
            return problem_html(told.seen, told.fix)

    def add(self, paths: Sequence[str] | None) -> Iterator[Updates]:
        """Keep the uploaded files that can be used, and index them."""
        settings = self.app.settings
        folder = settings.data_dir / "uploads"
        stored = store(paths or [], folder, suffixes=self.suffixes, limit_mb=settings.upload_mb)
        refused = shelf.failures_html(stored.refused, "not taken")
        yield {self.files: None, self.report: refused}
        if stored.kept:
            for updates in self._index([folder]):
                if self.report in updates:
                    updates[self.report] = refused + updates[self.report]
                yield updates

    def reindex(self) -> Iterator[Updates]:
        """Bring everything that was ever indexed up to date."""
        yield from self._index([])

    def _index(self, roots: Sequence[Path]) -> Iterator[Updates]:
        if not self._running.acquire(blocking=False):
            yield {self.report: problem_html("Somebody is indexing already.", "Wait until that is done.")}
            return
        try:
            yield {self.again: gr.Button(interactive=False), self.report: shelf.progress_html("Starting", 0, 0, 0)}
            yield from self._watch(roots)
        except Exception as error:  # boundary: told in one line, and the button comes back
            told = as_told(error)
            yield {self.report: problem_html(told.seen, told.fix)}
        finally:
            self._running.release()
        yield {self.again: gr.Button(interactive=True), self.shelf: self.opened()}

    def _watch(self, roots: Sequence[Path]) -> Iterator[Updates]:
        done: list[HealthReport] = []
        left = threading.Event()

        def work(emit: Callable[[Step], None]) -> None:
            # A visitor who leaves does not undo what was begun: the run goes on, unwatched.
            done.append(self.app.index(roots, progress=lambda *step: None if left.is_set() else emit(step)))

        stage, began = "", 0.0
        for batch in Background(work, left).watch(every=0.2):
            if not batch:
                continue
            name, at, total = batch[-1]
            if name != stage:
                stage, began = name, time.monotonic()
            yield {self.report: shelf.progress_html(name, at, total, time.monotonic() - began)}
        yield {self.report: shelf.report_html(done[0])}
