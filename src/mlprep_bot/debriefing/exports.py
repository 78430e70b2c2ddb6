"""An interview to take along: as Markdown, and its misses as an Anki deck."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import count
from typing import TYPE_CHECKING, Any

from mlprep_bot.answering.markup import protected_spans
from mlprep_bot.debriefing.debrief import Debrief, PointDebrief
from mlprep_bot.debriefing.report import METHOD, Report, TopicScore
from mlprep_bot.debriefing.wording import SIGN, WORDS
from mlprep_bot.domain import Citation, Sentence
from mlprep_bot.grading.rubric import PointVerdict, Ungraded
from mlprep_bot.interview.attempts import point_key
from mlprep_bot.interview.session import Prompt, Round, State
from mlprep_bot.wording import plural

if TYPE_CHECKING:
    import genanki  # type: ignore[import-untyped]

_MISSES = (PointVerdict.MISSED, PointVerdict.CONTRADICTED, PointVerdict.PARTIAL)


# --- Markdown -----------------------------------------------------------------------------------


def markdown(told: Report, state: State, debriefs: Mapping[str, Debrief]) -> str:
    """The whole interview with its debriefs (by prompt id) as one Markdown document."""
    parts = [_head(told, state), *_scores(told), *_to_read(told), *_to_practise(told)]
    for number, round_ in enumerate(told.rounds, start=1):
        parts.append("\n\n".join(_question(number, round_, debriefs.get(round_.prompt.id))))
    return "\n\n".join(parts) + "\n"


def _head(told: Report, state: State) -> str:
    began = datetime.fromtimestamp(state.started).strftime("%d %B %Y, %H:%M")
    minutes = max(1, round(state.elapsed / 60))
    asked = ", ".join(filter(None, (state.setup.role, state.setup.level, state.setup.style.value)))
    return f"# Mock interview of {began}\n\n{asked}; {minutes} min; {len(told.rounds)} questions."


def _scores(told: Report) -> Iterator[str]:
    yield "## Scores"
    if told.overall is None:
        yield "No question has a grade."
        return
    lines = [_score(score, score.topic or "No topic") for score in told.by_topic]
    yield "\n".join([_score(told.overall, "**All**"), *lines])
    left = [f"{n} {what}" for n, what in ((told.skipped, "skipped"), (told.ungraded, "without a grade")) if n]
    if left:
        yield f"Not counted: {', '.join(left)}."
    yield METHOD


def _score(score: TopicScore, name: str) -> str:
    span = f"{score.low:.0%} to {score.high:.0%}"
    return (
        f"- {name}: {score.score:.0%} ({span}; {plural(score.n, 'key point')}, {plural(score.questions, 'question')})"
    )


def _to_read(told: Report) -> Iterator[str]:
    if told.reading:
        yield "## Worth reading"
        yield "\n".join(
            f"{n}. {r.wording} ({_where(r.document, r.heading)}) {r.why}" for n, r in enumerate(told.reading, start=1)
        )


def _to_practise(told: Report) -> Iterator[str]:
    if told.practise:
        yield "## Due by tomorrow"
        yield "\n".join(f"- {p.wording or p.document}: {plural(len(p.points), 'key point')}" for p in told.practise)


def _question(number: int, round_: Round, debrief: Debrief | None) -> Iterator[str]:
    yield f"## {number}. {_line(round_.prompt.text)}"
    for at, turn in enumerate(round_.turns):
        if at:
            yield f"**{_line(turn.asked)}**"
        if turn.answer:
            yield _quote(turn.answer)
    yield from (f"Hint: {hint.text}" for hint in round_.hints)
    if round_.skipped:
        yield "Skipped."
    if debrief is None:
        return
    yield _mark(round_, debrief)
    if debrief.points:
        note = ", derived from the answer in the document" if round_.prompt.derived else ""
        yield f"### Key points{note}"
        yield "\n".join(_point(point, judged=round_.outcome is not None) for point in debrief.points)
    if debrief.objections:
        yield "### What the documents contradict"
        yield "\n".join(f"- You said “{_line(o.quote)}”. {o.reason}{_source(o.citation)}" for o in debrief.objections)
    if debrief.delivery:
        yield f"### How you said it\n\n{debrief.delivery}"
    if debrief.model_answer:
        yield "### A model answer, word for word from the document"
        yield _answer(debrief.model_answer)


def _mark(round_: Round, debrief: Debrief) -> str:
    if debrief.mark is not None:
        hints = f", {plural(debrief.hints, 'hint')} taken off" if debrief.hints else ""
        return f"Mark: {debrief.mark:.0%}{hints}. It follows from the verdicts below."
    if isinstance(round_.outcome, Ungraded):
        return f"No mark: {round_.outcome.reason}"
    return "No mark."


def _point(point: PointDebrief, *, judged: bool) -> str:
    grade = point.grade
    verdict = f"**{SIGN[grade.verdict]} {WORDS[grade.verdict]}** " if judged else ""
    lines = [f"- {verdict}(weight {grade.point.weight}) {_line(grade.point.text)}{_source(point.citation)}"]
    if judged and grade.evidence.strip():
        lines.append(f"  You said: “{_line(grade.evidence)}”.")
    if judged and grade.reason:
        lines.append(f"  {_line(grade.reason)}")
    if point.citation is not None and _line(point.citation.quote) != _line(grade.point.text):
        lines.append(f"  The document: “{_line(point.citation.quote)}”")
    return "  \n".join(lines)


def _answer(sentences: Sequence[Sentence]) -> str:
    text = ""
    for sentence in sentences:
        between = {"": " ", "bullet": "\n- ", "number": "\n- ", "code": "\n\n"}.get(sentence.block, "\n\n")
        text += (between if text else between.lstrip()) + sentence.text
    return _quote(text)


def _source(citation: Citation | None) -> str:
    return f" [{_where(citation.document, citation.heading)}]" if citation is not None else ""


def _where(document: str, heading: str) -> str:
    return f"{document}, {heading}" if heading else document


def _line(text: str) -> str:
    return " ".join(text.split())


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


# --- Anki ---------------------------------------------------------------------------------------

# Anki knows a deck and a kind of note by numbers that must never change.
_DECK_ID, _MODEL_ID = 1_893_552_107, 1_893_552_108
_DECK = "mlprep: points that were missed"
_CSS = ".card { font-family: sans-serif; font-size: 20px; line-height: 1.5; text-align: left; } .where { opacity: .7; }"


@dataclass(frozen=True, slots=True)
class Miss:
    """A key point that was missed, contradicted or half right; `asked` are the follow-ups that aimed at it."""

    prompt: Prompt
    asked: tuple[str, ...]
    point: PointDebrief


def misses(state: State, debriefs: Mapping[str, Debrief]) -> list[Miss]:
    """The misses of an interview in the order of asking; `debriefs` by prompt id. Skipped questions give none."""
    found = []
    for round_ in state.rounds:
        debrief = debriefs.get(round_.prompt.id)
        if debrief is None or round_.skipped or round_.outcome is None:
            continue
        for at, point in enumerate(debrief.points):
            if point.grade.verdict in _MISSES:
                asked = tuple(turn.asked for turn in round_.turns if turn.point == at)
                found.append(Miss(round_.prompt, asked, point))
    return found


def anki(missed: Iterable[Miss], now: float | None = None) -> bytes:
    """An `.apkg` file with one card for each miss, made at `now` (seconds since the epoch).

    A card keeps its identity as long as its question and its key point do: a later file updates it, with its
    history, instead of adding it again.
    """
    import genanki

    made = time.time() if now is None else now
    deck = genanki.Deck(_DECK_ID, _DECK)
    notes = {point_key(m.prompt.id, m.point.grade.point.text): m for m in missed}
    for key, miss in notes.items():
        deck.add_note(_note(key, miss))
    # The library's own way to write a file leaves a copy of the collection in the folder for temporary files.
    database = sqlite3.connect(":memory:")
    try:
        genanki.Package(deck).write_to_db(database.cursor(), made, count(int(made * 1000)))
        database.commit()
        collection = database.serialize()
    finally:
        database.close()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("collection.anki2", collection)
        package.writestr("media", json.dumps({}))
    return file.getvalue()


def _note(key: str, miss: Miss) -> genanki.Note:
    import genanki

    tags = ["mlprep", *([re.sub(r"\s+", "-", miss.prompt.topic)] if miss.prompt.topic else [])]
    return genanki.Note(
        model=_model(), fields=[_front(miss), _back(miss.point)], guid=genanki.guid_for("mlprep", key), tags=tags
    )


def _model() -> Any:
    import genanki

    template = {"name": "Card", "qfmt": "{{Front}}", "afmt": "{{FrontSide}}<hr id=answer>{{Back}}"}
    fields = [{"name": "Front"}, {"name": "Back"}]
    return genanki.Model(_MODEL_ID, "mlprep key point", fields=fields, templates=[template], css=_CSS)


def _front(miss: Miss) -> str:
    asked = "".join(f"<p>{_html(text)}</p>" for text in miss.asked)
    return f"<p><b>{_html(miss.prompt.text)}</b></p>{asked or _about(miss)}"


def _about(miss: Miss) -> str:
    """Which of a question's points is asked for, when no follow-up aimed at it."""
    texts = [point.text for point in miss.prompt.points]
    at = texts.index(miss.point.grade.point.text) + 1 if miss.point.grade.point.text in texts else 0
    return f"<p>Key point {at} of {len(texts)}</p>" if at and len(texts) > 1 else ""


def _back(point: PointDebrief) -> str:
    parts = [f"<p>{_html(point.grade.point.text)}</p>"]
    if point.grade.verdict is PointVerdict.CONTRADICTED and point.grade.evidence.strip():
        parts.append(f"<p>You once said: “{_html(point.grade.evidence)}”</p>")
    if point.citation is not None:
        if _line(point.citation.quote) != _line(point.grade.point.text):
            parts.append(f"<blockquote>{_html(point.citation.quote)}</blockquote>")
        where = _where(point.citation.document, point.citation.heading)
        parts.append(f'<p class="where">{_html(where)}</p>')
    return "".join(parts)


def _html(text: str) -> str:
    """Text as Anki shows it: markup escaped, LaTeX between the marks that its MathJax looks for, code as code."""
    out, at = [], 0
    for span in protected_spans(text):
        out += [_plain(text[at : span.start]), _formal(text[span.start : span.end])]
        at = span.end
    return "".join([*out, _plain(text[at:])])


def _plain(text: str) -> str:
    bold = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text, quote=False))
    return re.sub(r"\n\s*\n", "<br><br>", bold)


def _formal(text: str) -> str:
    if text.startswith("$$"):
        return f"\\[{escape(text.strip('$'), quote=False)}\\]"
    if text.startswith("$"):
        return f"\\({escape(text.strip('$'), quote=False)}\\)"
    if text.startswith("\\"):
        return escape(text, quote=False)
    inner = re.sub(r"^[`~]+[^\n]*\n|\n[ \t]*[`~]+[ \t]*$", "", text)
    fenced = inner != text
    return (
        f"<pre>{escape(inner, quote=False)}</pre>" if fenced else f"<code>{escape(text.strip('`'), quote=False)}</code>"
    )
