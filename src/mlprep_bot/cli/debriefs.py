"""A question explained, as a person reads it in a terminal. A bare score is never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from mlprep_bot.debriefing.wording import SIGN, WORDS, arithmetic, tally
from mlprep_bot.domain import Citation
from mlprep_bot.grading.rubric import PointVerdict, Ungraded
from mlprep_bot.terminal import LAYOUT, out, plain

if TYPE_CHECKING:
    from mlprep_bot.debriefing.debrief import Debrief, Objection, PointDebrief
    from mlprep_bot.interview.session import Round

STYLES: Mapping[PointVerdict, str] = {
    PointVerdict.MET: "green",
    PointVerdict.PARTIAL: "yellow",
    PointVerdict.MISSED: "red",
    PointVerdict.CONTRADICTED: "bold red",
    PointVerdict.UNVERIFIED: "dim",
}
INDENT = 4


def show_round(number: int, done: Round, debrief: Debrief) -> None:
    """Question `number` (from 1): each point with its reasons and source, then how the mark follows from them."""
    judged = done.outcome is not None
    title = f"Key points: {tally(debrief.points)}" if judged else "What was expected"
    heading(f"Question {number} · {title}")
    if done.prompt.derived:
        out.print(Text("These points were derived from the answer in your document; no author wrote them.", "dim"))
    for point in debrief.points:
        _show_point(point, judged=judged)
    if debrief.objections:
        heading("What the documents contradict")
        for objection in debrief.objections:
            _show_objection(objection)
    _show_mark(done)
    if debrief.delivery:
        out.print(Text.assemble(("How you said it: ", "bold"), plain(debrief.delivery)))
    _show_model_answer(debrief)


def show_said(done: Round) -> None:
    """What was asked after the question, and all that the candidate said."""
    for turn in done.turns:
        if turn.point is not None:
            out.print(Text.assemble(("Follow-up: ", "bold cyan"), plain(turn.asked)))
        if turn.answer is not None:
            out.print(Text(plain(turn.answer), style="dim"))


def heading(text: str) -> None:
    """A line that opens a part."""
    out.print()
    out.print(Text(plain(text), style="bold"))


def _show_point(point: PointDebrief, *, judged: bool) -> None:
    grade = point.grade
    verdict = grade.verdict if judged else PointVerdict.UNVERIFIED
    sign = f"{SIGN[verdict]} {WORDS[verdict]}" if judged else "•"
    line = Text.assemble(
        (sign, STYLES[verdict]), f"  {plain(grade.point.text)}", (f"  (weight {grade.point.weight})", "dim")
    )
    out.print(line)
    if judged and grade.evidence.strip():
        _indented("you said", f"“{grade.evidence}”")
    if judged and grade.reason:
        _indented("why", grade.reason)
    if judged and grade.uncertain:
        _indented("unsure", "two graders disagree here: judge for yourself")
    _show_source(point.citation, beside=grade.point.text)


def _show_objection(objection: Objection) -> None:
    out.print(Text.assemble(("✗ ", "bold red"), f"“{plain(objection.quote)}”"))
    _indented("why", objection.reason)
    _show_source(objection.citation)


def _show_source(citation: Citation | None, beside: str = "") -> None:
    """Where it stands; the words of the document, too, unless they are those that stand above."""
    if citation is None:
        return
    quote = " ".join(citation.quote.split())
    same = quote.replace("**", "").rstrip(".").casefold() == " ".join(beside.split()).rstrip(".").casefold()
    _indented("source", place(citation) if same else f"{place(citation)}: “{quote}”")


def place(citation: Citation) -> str:
    """Document and offsets of a quotation, as `mlprep show` counts them."""
    return f"{citation.document} [{citation.start}:{citation.end}]"


def _show_mark(done: Round) -> None:
    out.print()
    if done.outcome is None:
        out.print("You skipped this question, so it has no mark.")
    elif isinstance(done.outcome, Ungraded):
        out.print(Text(plain(f"No mark: {done.outcome.reason} It counts neither for nor against you.")))
    else:
        out.print(Text.assemble(("Mark: ", "bold"), plain(arithmetic(done)), (f"  ({done.outcome.grader})", "dim")))


def _show_model_answer(debrief: Debrief) -> None:
    if not debrief.model_answer:
        return
    heading("A model answer, word for word from your documents")
    cited: dict[str, int] = {}
    for sentence in debrief.model_answer:
        places = [place(citation) for citation in sentence.citations]
        numbers = "".join(f"[{cited.setdefault(where, len(cited) + 1)}]" for where in dict.fromkeys(places))
        out.print(Text.assemble(LAYOUT.get(sentence.block, "") + plain(sentence.text), (f" {numbers}", "cyan")))
    for where, number in cited.items():
        out.print(Text(plain(f"[{number}] {where}"), style="cyan"))


def _indented(label: str, text: str) -> None:
    """A labelled remark below a point."""
    told = Text.assemble((f"{label}: ", "dim"), plain(" ".join(text.split())))
    if out.soft_wrap:  # a pipe gets the line whole
        out.print(Text.assemble(" " * INDENT, told))
    else:
        out.print(Padding(told, (0, 0, 0, INDENT), expand=False))
