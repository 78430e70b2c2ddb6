"""What an interview came to: debriefs and report from the log and the documents, for the page and for files."""

from __future__ import annotations

import time
from dataclasses import dataclass

from mlprep_bot.app import App
from mlprep_bot.debriefing import exports
from mlprep_bot.debriefing.debrief import Debrief
from mlprep_bot.debriefing.report import Report, report
from mlprep_bot.errors import LibraryError, MlprepError
from mlprep_bot.interview.interviewer import Interview
from mlprep_bot.interview.record import Prompt
from mlprep_bot.ui.debrief import debrief_sources_html
from mlprep_bot.ui.report import debrief_page_html, end_html
from mlprep_bot.ui.sources import EMPTY_PANEL


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report with the debriefs of its questions by prompt id."""

    report: Report
    debriefs: dict[str, Debrief]


class Outcomes:
    """Reads, and never changes anything."""

    def __init__(self, app: App) -> None:
        self.app = app

    def debrief(self, interview: Interview) -> tuple[str, str]:
        """The page and the source panel for the question that was just done. Raises LibraryError, EmbedderError."""
        number = len(interview.state.rounds)
        found = self.app.debriefer.debrief(interview.state.rounds[-1])
        return debrief_page_html(interview, found), debrief_sources_html(number, found, self._text)

    def end(self, interview: Interview) -> tuple[str, str]:
        """The page and the source panel of an interview that has ended. Raises as `debrief`, and ProgressError."""
        found = self.outcome(interview)
        panels = [
            debrief_sources_html(number, found.debriefs[done.prompt.id], self._text)
            for number, done in enumerate(found.report.rounds, start=1)
        ]
        page = end_html(interview, found.report, found.debriefs, self._wordings())
        return page, "".join([*panels, EMPTY_PANEL]) if panels else ""

    def outcome(self, interview: Interview) -> Outcome:
        """Report and debriefs as of now. Raises LibraryError, EmbedderError, ProgressError."""
        state = interview.state
        debriefs = {done.prompt.id: self.app.debriefer.debrief(done) for done in state.rounds if done.done}
        told = report(interview.id, state, self.app.progress.attempts(), time.time(), debriefs, self._pool())
        return Outcome(told, debriefs)

    def markdown(self, name: str) -> str:
        """An interview as a Markdown document. Raises NoSuchInterview and as `outcome`."""
        interview = self.app.interviewer().look(name)
        found = self.outcome(interview)
        return exports.markdown(found.report, interview.state, found.debriefs)

    def anki(self, name: str) -> bytes:
        """The misses of an interview as an Anki package. Raises as `markdown`."""
        interview = self.app.interviewer().look(name)
        return exports.anki(exports.misses(interview.state, self.outcome(interview).debriefs))

    def _wordings(self) -> dict[str, str]:
        """The askable questions by id."""
        return {prompt.id: prompt.text for prompt in self._pool() or ()}

    def _pool(self) -> list[Prompt] | None:
        """The askable questions; None when the documents cannot be read, since the report can do without."""
        try:
            return self.app.pool()
        except LibraryError:
            return None

    def _text(self, document: str) -> str | None:
        try:
            return self.app.document(document).text
        except MlprepError:
            return None
