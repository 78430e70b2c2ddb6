"""Which lines of a document may be questions, and where their wording stands: every line read by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.knowledge.asking import Asks, asks, wording_end
from mlprep_bot.knowledge.labels import Line, inline_answer

# How sure a form is to be a question, best first (0 is a label, 2 to 7 are headings); a form lower down
# inside the answer of a higher one belongs to that answer.
_RANKS = {
    "summary": 1, "dt": 1, "bold-number": 10, "bold": 11, "number": 12,
    "roman": 12, "letter": 13, "bullet": 14, "plain": 15,
}  # fmt: skip
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\n]*)\)$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may ask, with the exact span of its wording and the index of the last line that it takes."""

    line: Line
    at: int  # index of `line` among the lines
    last: int
    start: int
    end: int
    asks: Asks
    marked: bool  # by a question mark or an inverted question word, not only by an imperative
    form: str
    rank: int
    linked: bool = False  # the wording is a link into the same page, as in a table of contents


def candidates(text: str, lines: Sequence[Line]) -> list[Candidate]:
    """Every line that is labelled as a question or asks at least weakly."""
    found: list[Candidate] = []
    taken = -1
    for at, line in enumerate(lines):
        if at <= taken or line.label == "answer":
            continue
        candidate = _candidate(text, lines, at)
        if candidate is not None:
            found.append(candidate)
            taken = candidate.last
    return found


def _candidate(text: str, lines: Sequence[Line], at: int) -> Candidate | None:
    line = lines[at]
    first = at
    if line.label == "question" and line.text_end <= line.text_start:
        # `Question 3` alone; the wording follows.
        first = at + 1
        if first >= len(lines) or lines[first].label:
            return None
    elif not line.label and not line.first and not (line.opened or line.bold) and not before_answer(lines, at):
        return None
    start, end, last = _wording(text, lines, first)
    form = line.form
    bold_end = _bold_end(text, lines[first], end)
    if bold_end is not None:
        end, last = bold_end, first
        form = "bold-number" if line.number is not None else "bold" if form in {"plain", "bullet"} else form
    link = _LINK.fullmatch(text[start:end])
    if link:
        start, end = start + 1, start + 1 + len(link[1])
    wording = text[start:end]
    degree = asks(wording)
    counted = line.number is not None and (line.level > 0 or line.bold)  # may be one of a count of questions
    if not line.label and degree == Asks.NO and not counted and not before_answer(lines, last):
        return None
    if not re.search(r"\w", wording):
        return None
    rank = 0 if line.label else (1 + line.level if line.level else _RANKS.get(form, 16))
    marked = (
        "?" in wording[-6:]
        or "？" in wording[-3:]
        or bool(re.match(r"\W*(?:what|which|who|where|when|why|how)\b", wording, re.I))
    )
    return Candidate(line, at, last, start, end, degree, marked, form, rank, bool(link and link[2].startswith("#")))


def before_answer(lines: Sequence[Line], at: int) -> bool:
    """Whether the line after `at` is labelled as an answer."""
    return at + 1 < len(lines) and lines[at + 1].label == "answer"


def _bold_end(text: str, line: Line, end: int) -> int | None:
    """`**What is X?** It is …`: the wording is what the emphasis covers."""
    if not line.opened or line.bold:
        return None
    close = re.compile(r"\*\*|__|</b>|</strong>").search(text, line.text_start, line.end)
    if close and close.start() <= end and asks(text[line.text_start : close.start()]) != Asks.NO:
        return line.text_start + len(text[line.text_start : close.start()].rstrip())
    return None


def _wording(text: str, lines: Sequence[Line], at: int) -> tuple[int, int, int]:
    """(start, end, last line) of the wording that begins on line `at` and may be wrapped."""
    line = lines[at]
    start, last = line.text_start, _last_line(text, lines, at)
    end = lines[last].text_end if last > at else line.text_end
    answer = inline_answer(text, start, end)
    if answer:
        end = answer.start()
    end = start + wording_end(text[start:end])
    piece = text[start:end]
    piece = piece.rstrip()
    if piece.count("**") % 2 or piece.count("__") % 2:
        piece = re.sub(r"(?:\*\*|__)\s*$", "", piece).rstrip()
    end = start + len(piece)
    while last > at and lines[last].start >= end:
        last -= 1
    return start, end, last


def _last_line(text: str, lines: Sequence[Line], at: int) -> int:
    """The last line of a wrapped wording: up to a question mark, or while lines run on in lower case."""
    line = lines[at]
    if line.level or line.tag or line.bold:
        return at
    so_far = text[line.text_start : line.text_end]
    if re.search(r"[?？](?:\W*$|\s)", so_far):
        return at
    whole = asks(so_far) == Asks.CLEARLY
    scenario = line.label == "question" and not whole  # "Your model is slow. What do you check?"
    if re.search(r"[.:!;]\W*$", so_far) and not scenario:
        return at
    last = at
    for ahead in range(at + 1, min(at + 6, len(lines))):
        below = lines[ahead]
        if below.block != line.block or below.label or below.opened or below.first:
            break
        words = text[below.text_start : below.text_end]
        runs_on = words[:1].islower() or words[:1] in "($`"
        if whole and not runs_on:
            break
        stop = re.search(r"[?？](?:\W*$|\s)|[.!](?:\s|$)", words)
        if stop and stop[0][0] in "?？":
            return ahead
        if runs_on and last == ahead - 1 and len(text[lines[last].start : lines[last].end]) >= 45:
            last = ahead
        if stop and not scenario:
            break
    return last
