"""An interview held in the terminal: the same state machine as on the page, shown and driven by lines.

Every turn is stored before the next thing is shown, every typed line as a draft: leaving, by whatever way, loses
nothing but the line that was being typed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from mlprep_bot.cli import debriefs, endings
from mlprep_bot.cli.keyboard import Keyboard, Said
from mlprep_bot.errors import MlprepError
from mlprep_bot.interview.session import MOST_HINTS, Phase, Round, State, limit, remaining
from mlprep_bot.terminal import complain, out, plain, say
from mlprep_bot.wording import topic_title

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.interview.interviewer import Interview

HELP = (
    "Write as many lines as you like; a line with a single `.` (or Ctrl-D) hands the answer in. "
    "On a line of its own: `:hint` (lowers the mark), `:again` (start this answer afresh), `:skip`, `:pause`, `:end`."
)
LATER = "Everything is kept. `mlprep interview` goes on from here."


class Sitting:
    """One candidate at one terminal. `run` returns when the interview ended or the candidate left."""

    def __init__(self, app: App, keyboard: Keyboard) -> None:
        self._app = app
        self._keyboard = keyboard
        self._interviewer = app.interviewer()
        self._shown: tuple[int, int] | None = None  # the question and the turn of it that stand on the screen

    def run(self, interview: Interview) -> None:
        """Go on with `interview` until it ends. Raises MlprepError, and KeyboardInterrupt after pausing."""
        say(HELP)
        current: Interview | None = interview
        try:
            while current is not None and current.state.phase is not Phase.ENDED:
                current = self._step(current)
        except KeyboardInterrupt:
            self._leave(interview.id)
            raise
        if current is None:
            self._leave(interview.id)
        else:
            endings.show_end(self._app, current)

    def _step(self, interview: Interview) -> Interview | None:
        """One thing happens; None when the candidate leaves."""
        state = interview.state
        if state.paused:
            return self._interviewer.resume(interview.id)
        if state.phase is Phase.ANSWERING:
            return self._answering(interview)
        if state.phase is Phase.DEBRIEF:
            return self._debrief(interview)
        return self._interviewer.settle(interview.id)

    # --- a question ------------------------------------------------------------------------------

    def _answering(self, interview: Interview) -> Interview | None:
        state, name = interview.state, interview.id
        at = _turn(state)
        draft = self._app.progress.draft(name)
        lines = draft.split("\n") if draft else []
        if self._shown != at:
            self._show_question(state)
            if lines:
                say("You had written (`:again` starts afresh):")
                out.print(Text(plain(draft)))
        self._shown = at
        said = self._keyboard.answer(lines, lambda text: self._keep(interview, text))
        return self._act(interview, said, "\n".join(lines).strip())

    def _keep(self, interview: Interview, text: str) -> None:
        """Store a draft, unless the turn that it was written for was answered elsewhere."""
        if _turn(self._interviewer.look(interview.id).state) == _turn(interview.state):
            self._app.progress.save_draft(interview.id, text)

    def _act(self, interview: Interview, said: Said, text: str) -> Interview | None:
        name, state = interview.id, interview.state
        match said:
            case Said.ANSWER if text:
                return self._hand_in(interview, text)
            case Said.ANSWER:
                say("There is nothing written yet. `:skip` passes on.")
            case Said.HINT:
                return self._hint(interview)
            case Said.SKIP:
                return self._interviewer.skip(name, seen=state)
            case Said.PAUSE:
                return self._pause(name)
            case Said.END:
                return self._interviewer.end(name)
            case Said.AGAIN:
                self._app.progress.save_draft(name, "")
                say("Start afresh:")
            case Said.HELP:
                say(HELP)
            case Said.AWAY:
                return None
        return interview

    def _hand_in(self, interview: Interview, text: str) -> Interview:
        say("Reading your answer…")
        answered = self._interviewer.answer(interview.id, text, seen=interview.state)
        if not any(turn.answer == text for done in answered.state.rounds for turn in done.turns):
            say("The interview went on elsewhere meanwhile, so this answer was not handed in.")
        return answered

    def _hint(self, interview: Interview) -> Interview:
        had = len(interview.state.rounds[-1].hints)
        hinted = self._interviewer.hint(interview.id, seen=interview.state)
        hints = hinted.state.rounds[-1].hints
        if len(hints) > had:
            out.print(Text.assemble(("Hint: ", "bold"), plain(hints[-1].text)))
        else:
            say(f"There are {MOST_HINTS} hints at most." if had >= MOST_HINTS else "There is no further hint.")
        return hinted

    def _pause(self, name: str) -> Interview | None:
        paused = self._interviewer.pause(name)
        if not self._keyboard.is_person:
            return paused
        typed = self._keyboard.line("Paused, the clock stands still. Enter goes on, Ctrl-D leaves. ")
        return None if typed is None else paused

    def _show_question(self, state: State) -> None:
        current = state.rounds[-1]
        turn = current.turns[-1]
        if turn.point is None:
            self._show_head(state, current)
            out.print(Text(plain(turn.asked), style="bold"))
            for hint in current.hints:
                out.print(Text.assemble(("Hint: ", "bold"), plain(hint.text)))
        else:
            if self._shown is None:  # the follow-up means nothing without what was asked and said before
                self._show_head(state, current)
                for before in current.turns[:-1]:
                    out.print(Text(plain(before.asked), style="bold"))
                    out.print(Text(plain(before.answer or ""), style="dim"))
            out.print()
            out.print(Text.assemble(("Follow-up: ", "bold cyan"), (plain(turn.asked), "bold")))

    def _show_head(self, state: State, current: Round) -> None:
        of = f" of {state.setup.questions}" if state.setup.questions else ""
        facts = [f"Question {len(state.rounds)}{of}"]
        facts += [topic_title(current.prompt.topic)] if current.prompt.topic else []
        facts += [current.prompt.level] if current.prompt.level else []
        left = remaining(state, time.time())
        if left is not None and state.setup.timer:
            facts.append(f"{max(0, round(left / 60))} min left")
        out.print()
        out.print(Text(plain(" · ".join(facts)), style="cyan"))
        if current.why:
            say(plain(current.why))

    # --- its debrief -----------------------------------------------------------------------------

    def _debrief(self, interview: Interview) -> Interview | None:
        state = interview.state
        number = len(state.rounds)
        if self._shown != (number, 0):
            if self._shown is None:
                out.print(Text(plain(f"\n{state.rounds[-1].prompt.text}"), style="bold"))
            self._shown = number, 0
            try:
                debriefs.show_round(number, state.rounds[-1], self._app.debriefer.debrief(state.rounds[-1]))
            except MlprepError as error:  # the question is graded and stored; only its explanation is missing
                complain(error)
        if not self._keyboard.is_person:
            return self._interviewer.proceed(interview.id, seen=state)
        onward = "the end" if limit(state, time.time()) else "the next question"
        typed = self._keyboard.line(f"\nEnter: {onward}.  `:end` stops here, Ctrl-D leaves. ")
        if typed is None:
            return None
        said = typed.strip().lower()
        if said == Said.PAUSE:
            return self._pause(interview.id)
        if said == Said.END:
            return self._interviewer.end(interview.id)
        return self._interviewer.proceed(interview.id, seen=state)

    def _leave(self, name: str) -> None:
        """The clock stops, so that coming back tomorrow costs no time; an answer is graded then."""
        say(f"\n{LATER}")
        if self._interviewer.look(name).state.phase in (Phase.ANSWERING, Phase.DEBRIEF):
            self._interviewer.pause(name)


def _turn(state: State) -> tuple[int, int]:
    """Which turn waits: the number of the question, and how often it was asked about."""
    return len(state.rounds), len(state.rounds[-1].turns) if state.phase is Phase.ANSWERING else 0
