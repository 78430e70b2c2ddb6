"""What the documents hold, as HTML: example questions, questions by topic, documents, the health report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from mlprep_bot.domain import Failure, HealthReport, NearDuplicate, Question
from mlprep_bot.errors import MlprepError
from mlprep_bot.ui.render import ask_button, problem_html
from mlprep_bot.wording import plural, topic_title

EXAMPLES = 4
LONGEST_EXAMPLE = 90  # characters
LIST_SHOWN = 60  # rows of a list in the health report


def by_topic(questions: Iterable[Question]) -> dict[str, list[Question]]:
    """Answered questions by topic, topics in alphabetical order."""
    topics: dict[str, list[Question]] = {}
    for question in questions:
        if question.answered:
            topics.setdefault(question.topic, []).append(question)
    return dict(sorted(topics.items()))


def examples(questions: Sequence[Question]) -> list[str]:
    """Up to `EXAMPLES` short answered questions, from different topics as far as there are any."""
    topics = list(by_topic(q for q in questions if len(q.text) <= LONGEST_EXAMPLE).values())
    longest = max((len(group) for group in topics), default=0)
    in_turn = [group[i].text for i in range(longest) for group in topics if i < len(group)]
    return list(dict.fromkeys(in_turn))[:EXAMPLES]


def welcome_html(questions: Sequence[Question], error: MlprepError | None = None) -> str:
    """The empty conversation: what this is, and questions that the documents answer."""
    if error is not None:
        return f'<div class="ml-welcome">{problem_html(error.seen, error.fix)}</div>'
    offers = "".join(f"<li>{ask_button(text, 'ml-example')}</li>" for text in examples(questions))
    return (
        '<div class="ml-welcome"><h1>Ask your documents</h1><p>Every sentence of an answer is checked against '
        "the passage that it cites. What your documents do not cover is not answered.</p>"
        + (f'<ul class="ml-examples" aria-label="Example questions">{offers}</ul>' if offers else "")
        + "</div>"
    )


def shelf_html(documents: Sequence[str], questions: Sequence[Question]) -> str:
    """Counts, then questions by topic, then documents."""
    answered = sum(q.answered for q in questions)
    counts = [(len(documents), "documents"), (len(questions), "questions"), (answered, "answered")]
    counts.append((len(questions) - answered, "unanswered"))
    tiles = "".join(f"<li><strong>{n:,}</strong> {name}</li>" for n, name in counts)
    topics: dict[str, list[Question]] = {}
    for question in questions:
        topics.setdefault(question.topic, []).append(question)
    groups = "".join(_topic_html(name, group) for name, group in sorted(topics.items()))
    names = "".join(f"<li>{escape(name)}</li>" for name in documents)
    return (
        f'<ul class="ml-counts">{tiles}</ul><h2>Questions by topic</h2>'
        f'{groups or _NO_QUESTIONS}<details class="ml-group"><summary><h2>Documents</h2>'
        f'<span class="ml-quiet">{len(documents):,}</span></summary><ul class="ml-documents">{names}</ul></details>'
    )


_NO_QUESTIONS = '<p class="ml-quiet">No question was found in your documents. You can ask about them all the same.</p>'


def _topic_html(name: str, questions: Sequence[Question]) -> str:
    answered = sum(q.answered for q in questions)
    rest = len(questions) - answered
    told = f"{answered} answered" + (f", {rest} unanswered" if rest else "")
    rows = "".join(_row(q) for q in sorted(questions, key=lambda q: (not q.answered, q.document, q.line)))
    return (
        f'<details class="ml-group"><summary><span class="ml-topic">{escape(topic_title(name))}</span>'
        f'<span class="ml-quiet">{told}</span></summary><ul class="ml-questions">{rows}</ul></details>'
    )


def _row(question: Question) -> str:
    sign, words = ("✓", "answered") if question.answered else ("○", "unanswered")
    text = ask_button(question.text) if question.answered else escape(question.text)
    return (
        f'<li class="ml-{words}" data-row="{escape(question.id)}"><span class="ml-state">'
        f'<span aria-hidden="true">{sign}</span> {words}</span>'
        f'<span class="ml-what">{text} <span class="ml-quiet">{escape(question.document)}:{question.line}</span>'
        "</span></li>"
    )


def report_html(report: HealthReport) -> str:
    """What an index run found and did."""
    unanswered = [q for q in report.questions if not q.answered]
    facts = [
        plural(report.documents, "document"),
        f"{plural(len(report.questions), 'question')}, {len(unanswered):,} of them unanswered",
        f"passages: {report.chunks_added:,} added, {report.chunks_kept:,} kept, {report.chunks_removed:,} removed",
        f"{report.embedded:,} embedded in {report.seconds:.1f} s" if report.embedded else "nothing had to be embedded",
    ]
    parts = [
        f'<section class="ml-report"><h2>Health report</h2><p>{" · ".join(facts)}</p>',
        "".join(f'<p class="ml-note">{escape(note)}</p>' for note in report.notes),
        failures_html(report.failed, "could not be read"),
        _folded("Unanswered questions", [f"{q.document}:{q.line}  {q.text}" for q in unanswered]),
        _folded("Near-duplicate passages", [_pair(d) for d in report.near_duplicates]),
        "</section>",
    ]
    return "".join(parts)


def failures_html(failed: Sequence[Failure], what: str) -> str:
    """Each file with the reason, open to view: it is what somebody has to act on."""
    if not failed:
        return ""
    rows = "".join(f"<li><strong>{escape(f.path)}</strong>: {escape(f.reason)}</li>" for f in failed)
    return f'<div class="ml-problem" role="alert"><p>⚠ {plural(len(failed), "file")} {what}:</p><ul>{rows}</ul></div>'


def _folded(title: str, rows: Sequence[str]) -> str:
    if not rows:
        return ""
    items = "".join(f"<li>{escape(row)}</li>" for row in rows[:LIST_SHOWN])
    more = f"<li>and {len(rows) - LIST_SHOWN:,} more</li>" if len(rows) > LIST_SHOWN else ""
    return (
        f'<details class="ml-group"><summary><span class="ml-topic">{title}</span>'
        f'<span class="ml-quiet">{len(rows):,}</span></summary><ul class="ml-rows">{items}{more}</ul></details>'
    )


def _pair(pair: NearDuplicate) -> str:
    left, right = pair.left, pair.right
    return (
        f"{left.document} (from character {left.start:,}) and {right.document} (from {right.start:,}), "
        f"similarity {pair.similarity:.2f}"
    )


def progress_html(stage: str, done: int, total: int, seconds: float) -> str:
    """A progress bar with its rate and the time left; `seconds` is how long this stage has run."""
    rate = done / seconds if seconds > 0 else 0.0
    told = f"{done:,} of {total:,}" if total else f"{done:,}"
    if rate and total > done and seconds > 1:
        told += f" · {rate:,.0f} a second · {(total - done) / rate:,.0f} s left"
    bar = (
        f'<progress max="{max(total, 1)}" value="{min(done, max(total, 1))}"></progress>'
        if total
        else "<progress></progress>"
    )
    return f'<div class="ml-run" role="status"><p>{escape(stage)}: {told}</p>{bar}</div>'
