"""An exchange of the conversation as HTML. Everything that comes from outside is escaped or parsed here.

The page's script (`assets/page.js`) reads the `data-` attributes: `data-open` opens a passage at a mark,
`data-ask` asks its question, `data-copy` copies the text that it holds, `data-do` is carried out by the Interview tab.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from mlprep_bot.domain import Answer, Passage, Question, Sentence, Verdict
from mlprep_bot.ui.conversation import Exchange, Stage
from mlprep_bot.ui.copying import as_markdown
from mlprep_bot.ui.sentences import WORDS, sentences_html
from mlprep_bot.ui.writers import label
from mlprep_bot.wording import plural, topic_title
from mlprep_bot.writers import EXTRACTIVE

NEAREST_SHOWN = 4
QUESTIONS_SHOWN = 8


ByTopic = Mapping[str, Sequence[Question]]


def exchange_html(exchange: Exchange, topics: ByTopic | None = None, quiz: str = "") -> str:
    """One question with its answer, refusal or error.

    `topics` are the questions that a refusal may offer; `quiz` is the id of the question to be quizzed on.
    """
    return (
        f'<article class="ml-turn" data-turn="{exchange.number}" data-status="{escape(status_line(exchange))}">'
        f'<div class="ml-question"><span class="ml-sr">You asked: </span>{escape(exchange.question)}</div>'
        f'{_searched(exchange)}<div class="ml-answer">{_body(exchange, topics or {})}'
        f"{_problem(exchange)}{_incomplete(exchange)}{_footer(exchange, quiz)}</div></article>"
    )


def status_line(exchange: Exchange) -> str:
    """The state in words: shown while an answer is on its way, and read out when it changes."""
    if exchange.problem:
        return f"No answer: {exchange.problem.seen}"
    if exchange.stage is Stage.SEARCHING:
        return "Searching your documents…"
    if exchange.stage is Stage.WRITING:
        return f"Found {plural(len(exchange.passages), 'passage')}. Writing, and checking each sentence…"
    if exchange.refused:
        return "Not in your documents."
    start = "Stopped" if exchange.stage is Stage.STOPPED else "Answer ready"
    return f"{start}: {tally(exchange.sentences)}."


def tally(sentences: Sequence[Sentence]) -> str:
    """`5 supported, 1 not supported`, leaving out what does not occur."""
    counts = [(sum(s.verdict is verdict for s in sentences), WORDS[verdict]) for verdict in Verdict]
    return ", ".join(f"{n} {words}" for n, words in counts if n) or "no checked sentence"


def _searched(exchange: Exchange) -> str:
    asked, searched = (" ".join(t.split()).casefold() for t in (exchange.question, exchange.searched))
    if not searched or asked == searched:
        return ""
    return f'<p class="ml-searched">Searched for: <strong>{escape(exchange.searched)}</strong></p>'


def _body(exchange: Exchange, topics: ByTopic) -> str:
    if exchange.refused and exchange.answer:
        return _refusal(exchange, exchange.answer, topics)
    told = ""
    if exchange.sentences and exchange.writer == EXTRACTIVE:
        told = '<p class="ml-label">❝ Quotations from your documents, word for word. No model wrote this.</p>'
    text = sentences_html(exchange.sentences, exchange.number)
    if exchange.running:
        draft = f'<span class="ml-draft">{escape(exchange.draft)}</span>' if exchange.draft.strip() else ""
        text += f'<div class="ml-progress">{draft}<span class="ml-wait">{escape(status_line(exchange))}</span></div>'
    return told + text


def _refusal(exchange: Exchange, answer: Answer, topics: ByTopic) -> str:
    nearest = "".join(
        f'<li><button type="button" class="ml-link" data-open="t{exchange.number}-p{p.n}">'
        f"{escape(p.question or p.heading or p.document)}</button> "
        f'<span class="ml-quiet">{escape(p.document)}</span></li>'
        for p in _nearest(answer)
    )
    offers = "".join(_topic(name, topics[name]) for name in _offered(answer, topics))
    return (
        '<div class="ml-refusal"><p class="ml-refusal-title"><span aria-hidden="true">⊘</span> '
        "Not in your documents</p><p>They do not say enough to answer this, so nothing was written.</p>"
        + (f'<p class="ml-subtitle">Nearest passages</p><ul class="ml-nearest">{nearest}</ul>' if nearest else "")
        + (f'<p class="ml-subtitle">Nearest topics</p><div class="ml-topics">{offers}</div>' if offers else "")
        + "</div>"
    )


def _nearest(answer: Answer) -> list[Passage]:
    """The best passage of each of the nearest answers: one answer often gives several passages."""
    first: dict[tuple[str, str], Passage] = {}
    for passage in answer.passages:
        first.setdefault((passage.document, passage.question or passage.heading), passage)
    return list(first.values())[:NEAREST_SHOWN]


def _offered(answer: Answer, topics: ByTopic) -> list[str]:
    """The topics that the answer names, or whose questions it names."""
    home = {question.text: topic for topic, questions in topics.items() for question in questions}
    named = (name if name in topics else home.get(name) for name in answer.topics)
    return [name for name in dict.fromkeys(named) if name is not None]


def _topic(name: str, questions: Sequence[Question]) -> str:
    items = "".join(f"<li>{ask_button(q.text)}</li>" for q in questions[:QUESTIONS_SHOWN])
    return f"<details><summary>{escape(topic_title(name))}</summary><ul>{items}</ul></details>"


def ask_button(question: str, css: str = "ml-link") -> str:
    """A button that asks this question."""
    return f'<button type="button" class="{css}" data-ask="{escape(question)}">{escape(question)}</button>'


def _problem(exchange: Exchange) -> str:
    if exchange.problem is None:
        return ""
    return problem_html(exchange.problem.seen, exchange.problem.fix)


def problem_html(seen: str, fix: str) -> str:
    """One clear line with the fix, and never the looks of an answer."""
    mended = f' <span class="ml-fix">{escape(fix)}</span>' if fix else ""
    return f'<p class="ml-problem" role="alert"><strong>⚠ {escape(seen)}</strong>{mended}</p>'


def _incomplete(exchange: Exchange) -> str:
    if exchange.running or exchange.complete or not (exchange.sentences or exchange.stage is Stage.STOPPED):
        return ""
    why = "you stopped it" if exchange.stage is Stage.STOPPED else "the writer broke off"
    return f'<p class="ml-incomplete"><span aria-hidden="true">◔</span> Incomplete: {why}.</p>'


def _footer(exchange: Exchange, quiz: str) -> str:
    if exchange.running:
        return ""
    told = exchange.answer.notes if exchange.answer else ()
    notes = "".join(f'<p class="ml-note">{escape(note)}</p>' for note in told)
    if not exchange.sentences:
        return notes
    facts = [tally(exchange.sentences), escape(label(exchange.writer))]
    if exchange.answer:
        facts.append(f"{exchange.answer.seconds:.1f} s")
    held = escape(as_markdown(exchange))
    copy = f'<button type="button" class="ml-copy" data-copy="{held}">Copy with citations</button>'
    ask = ""
    if quiz:
        ask = (
            f'<button type="button" class="ml-plain" data-do="quiz" data-with="{escape(quiz)}">Quiz me on this</button>'
        )
    return (
        f'{notes}<div class="ml-foot"><span class="ml-quiet">{" · ".join(facts)}</span>'
        f'<span class="ml-on">{ask}{copy}</span></div>'
    )
