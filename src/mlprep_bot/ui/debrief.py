"""The debrief of a question as HTML: every verdict with its reason, the candidate's words and the source."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mlprep_bot.debriefing.debrief import Debrief, Objection, PointDebrief
from mlprep_bot.debriefing.wording import SIGN, WORDS, arithmetic, tally
from mlprep_bot.domain import Citation
from mlprep_bot.grading.rubric import PointVerdict, Ungraded, mark
from mlprep_bot.interview.session import Round
from mlprep_bot.ui.markdown import inline_html
from mlprep_bot.ui.sentences import cite_button, sentences_html
from mlprep_bot.ui.sources import TextOf, named, section_html
from mlprep_bot.ui.stage import said_html

Marks = Iterator[tuple[str, Citation]]
"""The names of citations that are still to be given out, in the order of `citations_of`."""


def debrief_html(number: int, done: Round, debrief: Debrief) -> str:
    """Question `number` (from 1) explained; its citations open marks `tq{number}-c…` of the source panel."""
    turn = turn_name(number)
    marks = iter(named(citations_of(debrief), turn))
    points = "".join(_point(point, done, marks) for point in debrief.points)
    objections = "".join(_objection(objection, marks) for objection in debrief.objections)
    first = len(list(citations_of(debrief))) - len(list(marks))
    return (
        f'<section class="ml-debrief" data-turn="{turn}">{_said(done)}{_points(points, done, debrief)}'
        f"{_objections(objections)}{_mark(done, debrief)}{_delivery(debrief)}"
        f"{_model_answer(debrief, turn, first)}{_ask_on(done)}</section>"
    )


def debrief_sources_html(number: int, debrief: Debrief, text_of: TextOf) -> str:
    """The passages of this debrief for the source panel, with the cited words marked."""
    marks = named(citations_of(debrief), turn_name(number))
    cited = {citation.passage for _, citation in marks}
    used = [p for p in debrief.passages if p.id in cited] or list(debrief.passages)
    return section_html(turn_name(number), used, marks, text_of)


def turn_name(number: int) -> str:
    """Names question `number` in the source panel; chat uses plain numbers."""
    return f"q{number}"


def citations_of(debrief: Debrief) -> list[Citation]:
    """Every citation in the order of the page: of the points, of the objections, of the model answer."""
    of_points = [p.citation for p in debrief.points if p.citation is not None]
    of_answer = [c for sentence in debrief.model_answer for c in sentence.citations]
    return [*of_points, *(o.citation for o in debrief.objections), *of_answer]


# --- the parts, in the order of the page --------------------------------------------------------


def _said(done: Round) -> str:
    if done.skipped and not done.said:
        return ""
    turns = "".join(
        (f'<p class="ml-quiet ml-probed">{inline_html(turn.asked)}</p>' if n else "") + said_html(turn.answer)
        for n, turn in enumerate(done.turns)
        if turn.answer is not None
    )
    return f'<details class="ml-fold"><summary>What you said</summary>{turns}</details>'


def _points(points: str, done: Round, debrief: Debrief) -> str:
    if not points:
        return ""
    derived = ""
    if done.prompt.derived:
        derived = (
            '<p class="ml-note">No author wrote key points for this question: they were derived from the answer in '
            "your document, so weigh them with care.</p>"
        )
    title = "What was expected" if done.outcome is None else f"Key points: {tally(debrief.points)}"
    return f'<h3>{escape(title)}</h3>{derived}<ul class="ml-points">{points}</ul>'


def _point(point: PointDebrief, done: Round, marks: Marks) -> str:
    grade = point.grade
    verdict = grade.verdict
    judged = done.outcome is not None
    quoted = f'<p class="ml-quoted"><span class="ml-quiet">You said:</span> <q>{inline_html(grade.evidence)}</q></p>'
    told = [
        quoted if judged and grade.evidence.strip() else "",
        f'<p class="ml-reason">{inline_html(grade.reason)}</p>' if judged and grade.reason else "",
        '<p class="ml-reason ml-unsure">Two graders disagree here: judge for yourself.</p>' if grade.uncertain else "",
    ]
    sign = (
        f'<span class="ml-verdict-word"><span aria-hidden="true">{SIGN[verdict]}</span> {WORDS[verdict]}</span>'
        if judged
        else ""
    )
    derived = ' <span class="ml-tag">derived</span>' if done.prompt.derived else ""
    part = f", {grade.credit:.0%} of it made" if judged and verdict is PointVerdict.PARTIAL else ""
    return (
        f'<li class="ml-point{f" ml-{verdict}" if judged else ""}"><p class="ml-point-head">{sign}'
        f'<span class="ml-quiet">weight {grade.point.weight}{part}</span>{derived}</p>'
        f'<p class="ml-point-text">{inline_html(grade.point.text)} {_source(point.citation, marks)}</p>'
        f"{''.join(told)}</li>"
    )


def _source(citation: Citation | None, marks: Marks) -> str:
    if citation is None:
        return '<span class="ml-quiet">(no passage found)</span>'
    return cite_button(citation, next(marks)[0])


def _objection(objection: Objection, marks: Marks) -> str:
    return (
        f'<li class="ml-point ml-contradicted"><p class="ml-quoted"><span class="ml-quiet">You said:</span> '
        f"<q>{inline_html(objection.quote)}</q></p>"
        f'<p class="ml-reason">{inline_html(objection.reason)} {_source(objection.citation, marks)}</p></li>'
    )


def _objections(items: str) -> str:
    if not items:
        return ""
    return f'<h3>What the documents contradict</h3><ul class="ml-points">{items}</ul>'


def _mark(done: Round, debrief: Debrief) -> str:
    if done.outcome is None:
        return '<p class="ml-sum">You skipped this question, so it has no mark.</p>'
    if isinstance(done.outcome, Ungraded):
        return (
            f'<p class="ml-sum"><strong>No mark.</strong> {escape(done.outcome.reason)} '
            "A question without a mark counts neither for nor against you.</p>"
        )
    score = debrief.mark if debrief.mark is not None else mark(done.outcome.score, len(done.hints))
    return (
        f'<div class="ml-sum"><p><strong>Mark: {score:.0%}</strong>, which follows from the verdicts above: '
        f"{arithmetic(done)}</p>"
        f'<p class="ml-quiet">A point that is met counts its weight, one that is partly met its part of it. '
        f"{_by(done.outcome.grader)}</p></div>"
    )


def _by(grader: str) -> str:
    return f"Marked by: {escape(grader)}." if grader else ""


def _delivery(debrief: Debrief) -> str:
    return f"<h3>How you said it</h3><p>{inline_html(debrief.delivery)}</p>" if debrief.delivery else ""


def _model_answer(debrief: Debrief, turn: str, first: int) -> str:
    if not debrief.model_answer:
        return ""
    return (
        '<h3>A model answer</h3><p class="ml-label">❝ Quotations from your documents, word for word.</p>'
        f'<div class="ml-answer ml-model">{sentences_html(debrief.model_answer, turn, first)}</div>'
    )


def _ask_on(done: Round) -> str:
    return f'<p class="ml-on">{fill_button(done.prompt.text, "Ask the corpus about this")}</p>'


def fill_button(question: str, words: str) -> str:
    """A button that opens the chat with this question filled in, and does not ask it."""
    return f'<button type="button" class="ml-plain" data-fill="{escape(question)}">{escape(words)}</button>'
