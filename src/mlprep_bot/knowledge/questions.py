"""Questions and their answers, found in any document.

People number, label, embolden and nest questions in their own ways, but mostly in one way within a
document. So every line is first read by itself (`labels`, `asking`); then the lines of one form are
judged together (`candidates`, `selection`); then, here, what lies between two questions becomes an answer, without
the labels, section titles, images and notebook debris at its ends.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.domain import Document, Question, Span
from mlprep_bot.knowledge.candidates import Candidate, candidates
from mlprep_bot.knowledge.cards import is_card, parse_card
from mlprep_bot.knowledge.identity import normalised, question_id
from mlprep_bot.knowledge.keyed import AnswerKeys
from mlprep_bot.knowledge.labels import Line, inline_answer, is_no_answer, is_placeholder, is_title, lines_of
from mlprep_bot.knowledge.markdown import NOISE, Block, blocks, heading_text
from mlprep_bot.knowledge.pairs import Pair, pairs
from mlprep_bot.knowledge.roles import with_roles
from mlprep_bot.knowledge.selection import CLOSING_SECTION, select


def find_questions(document: Document) -> list[Question]:
    """The document's questions in order. Raises CardError for a corpus card that breaks its format."""
    if document.kind == "card" or (document.kind == "markdown" and is_card(document.text)):
        return [parse_card(document)]
    return [] if document.kind == "text" and _is_code(document.text) else _Finder(document).run()


_CODE = re.compile(
    r"\s*(?:import \w|from [\w.]+ import\b|#include|using \w|(?:def|class|func|fn|public|private|static)\b.*[:{(]$"
    r"|(?:if|for|while|elif|else|try|except|with|switch)\b.*[:{]$|return\b|[\w.\[\]\"']+\s*[-+*/]?=\s*\S|[\w.]+\(.*\)[;,]?$"
    r"|[{}()\[\];,]+$|//|.*[;{}]$)"
)


def _is_code(text: str) -> bool:
    """Whether a text file is a program: its comments ask nobody."""
    lines = [line for line in text[:200_000].split("\n") if line.strip() and not line.startswith("#")]
    return len(lines) > 2 and sum(1 for line in lines if _CODE.match(line)) > 0.7 * len(lines)


@dataclass(frozen=True, slots=True)
class _Found:
    start: int  # of the wording
    end: int
    topic: str
    answer: Span | None


class _Titles:
    """Headings that are neither questions nor answers, and bold or `Topic:` lines right before a question."""

    def __init__(self, text: str, lines: Sequence[Line], chosen: Sequence[Candidate]) -> None:
        self.text = text
        asked = {at for c in chosen for at in range(c.at, c.last + 1)}
        first = {c.at for c in chosen}
        self.lines: list[Line] = []
        self.bare: set[int] = set()  # where titles without `#` begin
        self.topical: set[int] = set()  # levels of headings that stand right before a question
        for at, line in enumerate(lines):
            before = at + 1 in first
            if at in asked or line.label or not (line.level or (before and self.is_bare(lines, at))):
                continue
            self.lines.append(line)
            if not line.level:
                self.bare.add(line.start)
            elif before:
                self.topical.add(line.level)
        self.starts = [line.start for line in self.lines]

    def is_bare(self, lines: Sequence[Line], at: int) -> bool:
        """A short line alone in its block, bold or with a colon after which nothing comes."""
        line = lines[at]
        alone = line.first and (at + 1 == len(lines) or lines[at + 1].block != line.block)
        return alone and line.kind == "para" and is_title(self.text[line.start : line.end])

    def topic(self, start: int) -> str:
        """The nearest title above."""
        above = bisect_left(self.starts, start)
        return self.words(self.lines[above - 1]) if above else ""

    def words(self, line: Line) -> str:
        return heading_text(self.text[line.start : line.end])

    def section_end(self, candidate: Candidate, stop: int) -> int:
        """Where the section that holds the question ends, at most `stop`."""
        level = candidate.line.level
        above = bisect_left(self.starts, candidate.start)
        if not level:
            level = next((line.level for line in reversed(self.lines[max(0, above - 50) : above]) if line.level), 0)
        for at in range(bisect_left(self.starts, candidate.end), len(self.lines)):
            line = self.lines[at]
            if line.start >= stop:
                break
            closes = line.level <= level if level else line.level in self.topical
            closing = line.level <= max(level, 2) and CLOSING_SECTION.match(self.words(line))
            if line.level and (closes or closing):
                return line.start
        return stop


class _Finder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self.blocks = blocks(self.text)
        self.lines = with_roles(self.text, lines_of(self.text, self.blocks))

    def run(self) -> list[Question]:
        asked = candidates(self.text, self.lines)
        chosen = select(self.text, self.lines, asked, f"{self.document.name} {self.document.title}")
        beside = pairs(self.text, self.blocks)
        chosen = self.without_contents(_without_cards(chosen, beside, self.blocks))
        keys = AnswerKeys(self.text, self.lines, chosen)
        chosen = [c for c in chosen if not keys.holds(c)]
        titles = _Titles(self.text, self.lines, chosen)
        found = [
            _Found(
                c.start, c.end, titles.topic(c.start), keys.answers.get(c.start) or self.answer(n, chosen, titles, keys)
            )
            for n, c in enumerate(chosen)
        ]
        held = sorted((f.answer for f in found if f.answer), key=lambda span: span.start)
        starts = [span.start for span in held]
        for pair in beside:
            before = bisect_right(starts, pair.start) - 1
            if before < 0 or pair.start >= held[before].end:
                found.append(_Found(pair.start, pair.end, titles.topic(pair.start), pair.answer))
        return self.named(self.without_repeats(sorted(found, key=lambda f: f.start)))

    def without_contents(self, chosen: list[Candidate]) -> list[Candidate]:
        """Without a table of contents: questions side by side whose wordings all come again further down."""
        last = {normalised(self.text[c.start : c.end]): n for n, c in enumerate(chosen)}

        def again(n: int) -> bool:
            return 0 <= n < len(chosen) and last[normalised(self.text[chosen[n].start : chosen[n].end])] > n

        def beside(left: int, right: int) -> bool:
            return left >= 0 and right < len(chosen) and chosen[right].at - chosen[left].last <= 2

        return [
            c
            for n, c in enumerate(chosen)
            if not (
                c.linked or (again(n) and ((again(n - 1) and beside(n - 1, n)) or (again(n + 1) and beside(n, n + 1))))
            )
        ]

    def answer(self, n: int, chosen: Sequence[Candidate], titles: _Titles, keys: AnswerKeys) -> Span | None:
        """The exact span of what answers the nth question."""
        candidate = chosen[n]
        stop = chosen[n + 1].line.start if n + 1 < len(chosen) else len(self.text)
        stop = keys.stop(candidate.start, titles.section_end(candidate, stop))
        found = [b for b in blocks(self.text, self.after_label(candidate, stop), stop) if b.kind not in NOISE]
        while found and (found[-1].kind == "heading" or found[-1].start in titles.bare or self.is_empty(found[-1])):
            found.pop()
        while found and self.is_empty(found[0]):
            del found[0]
        if not found:
            return None
        start, end = self.trimmed(candidate, found[0].start, found[-1].end)
        words = self.text[start:end]
        return None if not re.search(r"\w", words) or is_placeholder(words) else Span(start, end)

    def is_empty(self, block: Block) -> bool:
        return is_no_answer(self.text[block.start : block.end])

    def after_label(self, candidate: Candidate, stop: int) -> int:
        """Where the answer's text may begin: after its label when it has one."""
        line_end = self.lines[candidate.last].end
        inline = inline_answer(self.text, candidate.end, min(line_end, stop))
        if inline:
            return inline.end()
        for at in range(candidate.last + 1, len(self.lines)):
            line = self.lines[at]
            if line.start >= stop:
                break
            if line.label == "answer":
                return min(line.text_start, stop)
        rest = re.compile(r"(?:[ \t*_#]|</?[a-zA-Z0-9]+>)*(?:\]\([^)\n]*\))?[ \t]*(?:[-–—:]+(?=\s))?").match(
            self.text, candidate.end, stop
        )
        return rest.end() if rest else candidate.end

    def trimmed(self, candidate: Candidate, start: int, end: int) -> tuple[int, int]:
        """Without a number that only restates the question's: `1. What …?` then `1. The importance …`."""
        number = candidate.line.number
        restated = re.compile(r"\(?(\d{1,3})[.)][ \t]+").match(self.text, start, end)
        if restated and number is not None and int(restated[1]) == number:
            following = number == 1 and re.compile(rf"^[ \t>*_]*\(?{number + 1}[.)]", re.M).search(
                self.text, restated.end(), end
            )
            if not following:
                start = restated.end()
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return start, end

    def without_repeats(self, found: list[_Found]) -> list[_Found]:
        """A wording that is answered somewhere is not also unanswered; one that never is counts once."""
        wording = {id(f): normalised(self.text[f.start : f.end]) for f in found}
        answered = {wording[id(f)] for f in found if f.answer}
        kept: list[_Found] = []
        seen: set[str] = set()
        for f in found:
            words = wording[id(f)]
            if f.answer or (words not in answered and words not in seen):
                kept.append(f)
            seen.add(words)
        return kept

    def named(self, found: Sequence[_Found]) -> list[Question]:
        count: Counter[str] = Counter()
        questions: list[Question] = []
        line, counted = 1, 0
        for f in found:
            line, counted = line + self.text.count("\n", counted, f.start), f.start
            start, end = f.start, f.end
            wording = self.text[start:end]
            key = normalised(wording)
            questions.append(
                Question(
                    id=question_id(self.document.name, wording, count[key]),
                    document=self.document.name,
                    text=wording,
                    start=start,
                    end=end,
                    line=line,
                    topic=f.topic,
                    answer=f.answer,
                )
            )
            count[key] += 1
        return questions


def _without_cards(chosen: list[Candidate], beside: Sequence[Pair], found: Sequence[Block]) -> list[Candidate]:
    """Without the lines that are flash cards."""
    starts = [block.start for block in found]
    cards = {bisect_right(starts, pair.start) for pair in beside}
    return [c for c in chosen if bisect_right(starts, c.start) not in cards]
