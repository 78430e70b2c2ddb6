"""A section of answers that is kept apart from its questions and tells by number which answers which."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from mlprep_bot.domain import Span
from mlprep_bot.knowledge.candidates import Candidate
from mlprep_bot.knowledge.labels import Line, is_placeholder
from mlprep_bot.knowledge.markdown import NOISE, blocks, heading_text

_KEY = re.compile(
    r"(?:(?:model|sample|suggested|short|correct|the)\s+)?(?:answers?|solutions?)(?:\s+key)?"
    r"(?:\s+(?:to|for|of)\s+(?:the\s+)?[\w ]{1,40})?\W*|(?:answer|solution)[\s-]?(?:key|sheet)s?\W*",
    re.I,
)


class AnswerKeys:
    """The answers of the sections titled `Answers`, `Answer key`, `Solutions`, by the questions above them."""

    def __init__(self, text: str, lines: Sequence[Line], chosen: Sequence[Candidate]) -> None:
        self.text, self.lines = text, lines
        self.answers: dict[int, Span] = {}  # by where the question's wording starts
        self.starts: list[int] = []  # of the keys
        self.inside: list[Span] = []
        above = 0
        for at, stop in self.keys():
            first, last, end = (bisect_left(chosen, n, key=lambda c: c.at) for n in (above, at, stop))
            asked = [c for c in chosen[first:last] if c.line.number is not None]
            restated = sum(1 for c in chosen[last:end] if c.asks)
            numbered = self.numbered(at, stop, {c.line.number for c in asked})
            above = stop
            if len(asked) < 2 or 2 * restated >= len(asked) or 2 * len(numbered) < len(asked):
                continue
            for candidate in asked:
                span = numbered.get(candidate.line.number or 0)
                if span is not None:
                    self.answers[candidate.start] = span
            self.starts.append(lines[at].start)
            self.inside.append(Span(lines[at].start, lines[stop - 1].end))

    def keys(self) -> Iterator[tuple[int, int]]:
        """(index of the title's line, index after the section's last line)."""
        found = {at for at, line in enumerate(self.lines) if self.is_key(line)}
        for at in sorted(found):
            level = self.lines[at].level
            ends = (n for n in range(at + 1, len(self.lines)) if n in found or 0 < self.lines[n].level <= (level or 6))
            yield at, next(ends, len(self.lines))

    def is_key(self, line: Line) -> bool:
        if line.end - line.start > 80 or not (line.level or line.first):
            return False
        return _KEY.fullmatch(heading_text(self.text[line.start : line.end])) is not None

    def numbered(self, at: int, stop: int, asked: set[int | None]) -> dict[int, Span]:
        """The text of each number of a key, in counting order; a list inside an answer does not count on."""
        marks: list[tuple[int, Line]] = []
        for line in self.lines[at + 1 : stop]:
            if line.number in asked and line.indent <= 3 and (not marks or line.number > marks[-1][0]):  # type: ignore[operator]
                marks.append((line.number, line))  # type: ignore[arg-type]
        found: dict[int, Span] = {}
        ends = [*(line.start for _, line in marks[1:]), self.lines[stop - 1].end]
        for (number, line), end in zip(marks, ends, strict=False):
            inside = [b for b in blocks(self.text, line.text_start, end) if b.kind not in NOISE]
            while inside and inside[-1].kind == "heading":
                inside.pop()
            words = self.text[inside[0].start : inside[-1].end] if inside else ""
            if re.search(r"\w", words) and not is_placeholder(words):
                found[number] = Span(inside[0].start, inside[-1].end)
        return found

    def holds(self, candidate: Candidate) -> bool:
        """Whether a candidate is only a part of a key."""
        before = bisect_right(self.starts, candidate.start) - 1
        return before >= 0 and candidate.start < self.inside[before].end

    def stop(self, start: int, stop: int) -> int:
        """`stop`, or where the first key after `start` begins."""
        after = bisect_right(self.starts, start)
        return min(stop, self.starts[after]) if after < len(self.starts) else stop
