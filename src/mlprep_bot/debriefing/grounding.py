"""Where a question's answer stands in the documents: its passages, its key points and a model answer, all exact.

Every citation made here holds `document.text[start:end] == quote`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mlprep_bot.answering.extract import QUOTED
from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.quotes import find_quote
from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.domain import Citation, Document, KeyPoint, Passage, Question, Ranking, Sentence, Source, Span, Verdict

_NO_RANKING = Ranking(None, None, None, None, 0.0)
_CANDIDATES = 3  # places of an answer that are compared in full with a key point
_SHORT = 900  # characters of an answer that is its own gist
_GIST = re.compile(r"(?:the )?(?:short|brief|quick) answer|tl;?dr|in (?:short|brief|a nutshell)", re.IGNORECASE)
_SHOWN = ("text", "table", "code", "label")  # kinds of units that a model answer may quote
_LISTS = ("bullet", "number")


@dataclass(frozen=True, slots=True)
class Ground:
    """A question's answer with what the debrief cites of it.

    `passages` are all blocks of the answer in order, `units` its sentences with offsets into the document.
    `points` has one citation a key point, None where no sentence supports it.
    """

    document: Document
    passages: tuple[Passage, ...]
    units: tuple[Unit, ...]
    points: tuple[Citation | None, ...]
    model_answer: tuple[Sentence, ...]

    def cite(self, start: int, end: int) -> Citation:
        """The exact words `document.text[start:end]`, which begin in the answer."""
        return _cite(self.document, self.passages, start, end)


def ground(
    question: Question, points: Sequence[KeyPoint], document: Document, checker: SupportChecker
) -> Ground | None:
    """What `document` says about an answered question, None when it has no answer there any more."""
    answer = question.answer
    if answer is None or not document.text[answer.start : answer.end].strip():
        return None
    units = tuple(_moved(unit, answer.start) for unit in split_units(document.text[answer.start : answer.end]))
    passages = tuple(_blocks(question, document, units))
    if not passages:
        return None
    supports = (_support(point.text, question, document, units, checker) for point in points)
    cited = tuple(None if span is None else _cite(document, passages, span.start, span.end) for span in supports)
    model = tuple(_model_answer(document, units, passages, cited))
    return Ground(document, passages, units, cited, model)


def renumbered(
    passages: Sequence[Passage], citations: Iterable[Citation | None]
) -> tuple[dict[str, str], tuple[Passage, ...]]:
    """Those of `passages` that are cited, numbered from 1 in their order, and the new id of each old one."""
    used = {citation.passage for citation in citations if citation is not None}
    kept = [passage for passage in passages if passage.id in used]
    fresh = tuple(replace(passage, n=n) for n, passage in enumerate(kept, start=1))
    return {old.id: new.id for old, new in zip(kept, fresh, strict=True)}, fresh


def _moved(unit: Unit, by: int) -> Unit:
    return replace(unit, start=unit.start + by, end=unit.end + by, body=unit.body + by)


# --- passages -----------------------------------------------------------------------------------


def _blocks(question: Question, document: Document, units: Sequence[Unit]) -> Iterable[Passage]:
    """The blocks of an answer as passages: what blank lines and headings part."""
    heading, label = "", ""
    n, group = 0, list[Unit]()
    for unit in [*units, None]:
        if group and (unit is None or unit.kind == "heading" or _parted(document.text, group[-1], unit)):
            n += 1
            yield _passage(n, question, document, group[0].start, group[-1].end, label or heading)
            group, label = [], ""
        if unit is None:
            break
        if unit.kind == "heading":
            heading = document.text[unit.body : unit.end].strip("#*_: \t")
        elif unit.kind not in ("comment", "rule"):
            if unit.kind == "label" and not group:
                name = document.text[unit.body : unit.end].strip("*_.:!? ")
                label = f"{heading} > {name}" if heading else name
            group.append(unit)


def _parted(text: str, before: Unit, unit: Unit) -> bool:
    return "\n\n" in re.sub(r"\n[ \t]+(?=\n)", "\n", text[before.end : unit.start])


def _passage(n: int, question: Question, document: Document, start: int, end: int, heading: str) -> Passage:
    where = Source(document.name, start, end)
    text = document.text[start:end]
    return Passage(n, text, document.name, start, end, heading, question.text, 0.0, (where,), _NO_RANKING)


def _cite(document: Document, passages: Sequence[Passage], start: int, end: int) -> Citation:
    """The passage is the one in which the quotation begins; a quotation seldom reaches into the next."""
    home = next((p for p in reversed(passages) if p.start <= start), passages[0])
    return Citation(home.id, document.name, home.heading, start, end, document.text[start:end])


# --- key points ---------------------------------------------------------------------------------


def _support(
    claim: str, question: Question, document: Document, units: Sequence[Unit], checker: SupportChecker
) -> Span | None:
    """The words of the answer that support a key point: its own wording when it stands there."""
    assert question.answer is not None
    first, last = question.answer.start, question.answer.end
    if quote := find_quote(claim, document.text[first:last]):
        return Span(first + quote.start, first + quote.end)
    places = _places(claim, question, document, units)
    # One place at a time, the likeliest first, is soonest done; a claim of two sentences needs them together.
    for group in [*([place] for place in places), places]:
        support = checker.check(claim, group)
        if support.supported:
            return support.span
    return None


def _places(claim: str, question: Question, document: Document, units: Sequence[Unit]) -> list[Passage]:
    """The sentences of an answer that share most words with a claim, each with the one after it."""
    stated = [unit for unit in units if unit.kind in ("text", "table")]
    wanted = {token.stem for token in tokens(claim) if token.content or token.number}
    shared = [len(wanted & {token.stem for token in tokens(document.text[u.body : u.end])}) for u in stated]
    best = sorted(range(len(stated)), key=lambda at: -shared[at])[:_CANDIDATES]
    places = []
    for n, at in enumerate(best, start=1):
        follows = stated[at + 1] if at + 1 < len(stated) else stated[at]
        last = follows if follows.paragraph == stated[at].paragraph else stated[at]
        places.append(_passage(n, question, document, stated[at].start, last.end, ""))
    return places


# --- model answer -------------------------------------------------------------------------------


def _model_answer(
    document: Document, units: Sequence[Unit], passages: Sequence[Passage], points: Sequence[Citation | None]
) -> Iterable[Sentence]:
    """The answer's own short version, or all of it when it is short, else the sentences that make the key points.

    Always word for word: what is shown is what the marking expected, in the document's own words.
    """
    chosen = _under_gist(document.text, units)
    if not chosen and units[-1].end - units[0].start <= _SHORT:
        chosen = list(units)
    if not chosen:
        cited = [point for point in points if point is not None]
        chosen = _with_leads(document.text, units, [u for u in units if any(_overlap(u, c) for c in cited)])
    if not chosen:
        chosen = [unit for unit in units if unit.end - units[0].start <= _SHORT]
    for unit in chosen:
        if unit.kind in _SHOWN:
            yield _quoted(document, passages, unit)


def _under_gist(text: str, units: Sequence[Unit]) -> list[Unit]:
    """What stands under a heading such as `## Short answer`."""
    found: list[Unit] = []
    inside = False
    for unit in units:
        if unit.kind == "heading":
            inside = _GIST.fullmatch(text[unit.body : unit.end].strip("#*_:. \t")) is not None
        elif inside:
            found.append(unit)
    return found


def _overlap(unit: Unit, citation: Citation) -> bool:
    return unit.kind in _SHOWN and unit.body < citation.end and citation.start < unit.end


def _with_leads(text: str, units: Sequence[Unit], chosen: Sequence[Unit]) -> list[Unit]:
    """`chosen` in order, with the run-in titles of sentences and the lines that introduce lists."""
    wanted = set(chosen)
    lead: Unit | None = None
    for before, unit in zip([None, *units], units, strict=False):
        listed = unit.block in _LISTS
        if unit in wanted and listed and lead is not None:
            wanted.add(lead)
        if unit in wanted and before is not None and before.kind == "label" and before.paragraph == unit.paragraph:
            wanted.add(before)
        if not listed and unit.block:
            lead = None
        if unit.kind == "text" and not listed and text[unit.body : unit.end].rstrip("*_ ").endswith(":"):
            lead = unit
    return [unit for unit in units if unit in wanted]


def _quoted(document: Document, passages: Sequence[Passage], unit: Unit) -> Sentence:
    said = document.text[unit.body : unit.end]
    text = said if unit.kind in ("code", "table") else re.sub(r"\s*\n\s*", " ", said)
    return Sentence(text, Verdict.SUPPORTED, QUOTED, (_cite(document, passages, unit.body, unit.end),), unit.block)
