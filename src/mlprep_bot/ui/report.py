"""The page of a debrief and the page at the end of an interview, as HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from mlprep_bot.debriefing.debrief import Debrief
from mlprep_bot.debriefing.report import METHOD, Practice, Reading, Report, TopicScore
from mlprep_bot.debriefing.wording import ENDS, SIGN, WORDS
from mlprep_bot.grading.rubric import PointVerdict
from mlprep_bot.interview.interviewer import Interview
from mlprep_bot.interview.session import Round
from mlprep_bot.ui.charts import interval_svg
from mlprep_bot.ui.debrief import debrief_html, fill_button
from mlprep_bot.ui.markdown import inline_html
from mlprep_bot.ui.places import place_of
from mlprep_bot.wording import plural, topic_title

PRACTISE_SHOWN = 6


def debrief_page_html(interview: Interview, debrief: Debrief) -> str:
    """The debrief of the question that was just done."""
    state = interview.state
    number, done = len(state.rounds), state.rounds[-1]
    told = "Skipped. What was expected is shown." if done.skipped else "The debrief of your answer is shown."
    return (
        f'<article class="ml-asking" data-place="{place_of(interview.id, state)}" data-focus="heading" '
        f'data-status="{told}"><p class="ml-quiet ml-about">Debrief of question {number}</p>'
        f'<h2 class="ml-asked" tabindex="-1">{inline_html(done.prompt.text)}</h2>'
        f"{debrief_html(number, done, debrief)}</article>"
    )


def end_html(interview: Interview, report: Report, debriefs: Mapping[str, Debrief], wordings: Mapping[str, str]) -> str:
    """Scores with their uncertainty, what to read, what to practise, every debrief again, and the files.

    `wordings`: questions by id, for what is due from other interviews.
    """
    reason = ENDS.get(interview.state.reason, "")
    if not report.rounds:
        inner = f"<p>{_nothing(interview)}</p>"
    else:
        inner = (
            f"<p>{reason} {_counted(report)}</p>{_scores(report)}{_reading(report.reading)}"
            f"{_practise(report.practise, wordings)}{_debriefs(report.rounds, debriefs)}{_files(interview.id)}"
        )
    return (
        f'<article class="ml-asking ml-end" data-place="{place_of(interview.id, interview.state)}" '
        f'data-focus="heading" data-status="The interview is over. {escape(reason)}">'
        f'<h2 tabindex="-1">The interview is over</h2>{inner}</article>'
    )


def _nothing(interview: Interview) -> str:
    if interview.state.reason == "nothing left":
        return (
            "There was no question to ask. Choose more topics, another level or all documents; questions that you "
            "answered well in the last days come back later."
        )
    return "No question was finished, so there is nothing to report."


def _counted(report: Report) -> str:
    parts = [f"{plural(report.graded, 'question')} marked"]
    parts += [f"{report.skipped} skipped"] if report.skipped else []
    parts += [f"{report.ungraded} without a mark"] if report.ungraded else []
    return ", ".join(parts) + "."


# --- scores -------------------------------------------------------------------------------------


def _scores(report: Report) -> str:
    if report.overall is None:
        return '<p class="ml-note">No question has a mark, so there is no score.</p>'
    rows = "".join(_score(score, report.rounds) for score in report.by_topic)
    if len(report.by_topic) > 1:
        rows += _score(report.overall, report.rounds, whole=True)
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("Topic, and what its score is made of", "Score", "Probably between")
    )
    return (
        '<section class="ml-part"><h3>Score by topic</h3><div class="ml-scroll" tabindex="0" role="group" '
        f'aria-label="Score by topic"><table class="ml-table ml-scores"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        '<details class="ml-fold"><summary>How sure is this?</summary>'
        f'<p class="ml-quiet">{escape(METHOD)}</p></details></section>'
    )


def _score(score: TopicScore, rounds: Sequence[Round], *, whole: bool = False) -> str:
    """The row of a topic, "" being questions without one, or with `whole` of all topics together."""
    name = "All" if whole else topic_title(score.topic)
    counted = [r for r in rounds if r.grade is not None and (whole or r.prompt.topic == score.topic)]
    return (
        f'<tr class="{"ml-total" if whole else "ml-topic-row"}"><th scope="row">{escape(name)} '
        f'<span class="ml-made"><span class="ml-quiet">{plural(score.questions, "question")}:</span> '
        f"{_verdicts(counted)}</span></th><td>{score.score:.0%}</td>"
        f"<td>{score.low:.0%} to {score.high:.0%}{interval_svg(score.score, score.low, score.high)}</td></tr>"
    )


def _verdicts(rounds: Sequence[Round]) -> str:
    found = Counter(point.verdict for r in rounds if r.grade is not None for point in r.grade.points)
    return " ".join(
        f'<span class="ml-{verdict} ml-verdict-word"><span aria-hidden="true">{SIGN[verdict]}</span> {found[verdict]} '
        f"{WORDS[verdict]}</span>"
        for verdict in PointVerdict
        if found[verdict]
    )


# --- what next ----------------------------------------------------------------------------------


def _reading(reading: Sequence[Reading]) -> str:
    if not reading:
        return ""
    items = "".join(
        f'<li><p class="ml-point-text">{inline_html(r.wording)}</p><p class="ml-quiet">{escape(r.document)}'
        f"{escape(f', {r.heading}' if r.heading else '')}</p><p>{inline_html(r.why)}</p>"
        f'<p class="ml-on">{shelf_button(r.question, r.wording)} '
        f"{fill_button(r.wording, 'Ask about it in the chat')}</p></li>"
        for r in reading
    )
    return f'<section class="ml-part"><h3>Worth reading</h3><ol class="ml-reading-list">{items}</ol></section>'


def shelf_button(question: str, wording: str) -> str:
    """A button that shows a question in the Library tab."""
    name = escape(f"Show in the Library: {wording}")
    return (
        f'<button type="button" class="ml-plain" data-shelf="{escape(question)}" aria-label="{name}">'
        "Show in the Library</button>"
    )


def _practise(practise: Sequence[Practice], wordings: Mapping[str, str]) -> str:
    if not practise:
        return ""
    items = "".join(
        f"<li>{inline_html(p.wording or wordings.get(p.question, p.document))} "
        f'<span class="ml-quiet">{plural(len(p.points), "key point")}</span></li>'
        for p in practise[:PRACTISE_SHOWN]
    )
    if len(practise) > PRACTISE_SHOWN:
        items += f"<li>and {len(practise) - PRACTISE_SHOWN} more</li>"
    return (
        '<section class="ml-part"><h3>To practise tomorrow</h3><p class="ml-quiet">These come first when you choose '
        f'the style “Drill”.</p><ul class="ml-reviews">{items}</ul></section>'
    )


def _debriefs(rounds: Sequence[Round], debriefs: Mapping[str, Debrief]) -> str:
    items = "".join(
        f'<details class="ml-fold ml-round"><summary>{number}. {inline_html(done.prompt.text)} '
        f'<span class="ml-quiet">{_short(done)}</span></summary>{debrief_html(number, done, debriefs[done.prompt.id])}'
        "</details>"
        for number, done in enumerate(rounds, start=1)
        if done.prompt.id in debriefs
    )
    return f'<section class="ml-part"><h3>Every question again</h3>{items}</section>'


def _short(done: Round) -> str:
    if done.skipped:
        return "skipped"
    return "" if done.grade is not None else "no mark"


def _files(interview: str) -> str:
    base = f"/mlprep/interview/{quote(interview, safe='')}"
    return (
        '<section class="ml-part"><h3>Take it along</h3><p class="ml-on">'
        f'<a class="ml-plain" href="{base}.md" download>Download as Markdown</a> '
        f'<a class="ml-plain" href="{base}.apkg" download>Anki cards of the misses</a></p></section>'
    )
