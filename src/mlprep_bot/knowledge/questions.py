"""Questions and their answers, found in any document.

People number, label, embolden and nest questions in their own ways, but mostly in one way within a
document. So every line is first read by itself (`labels`, `asking`); then the lines of one form are
judged together (`candidates`, `selection`); then, here, what lies between two questions becomes an answer, without
the labels, section titles, images and notebook debris at its ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.domain import Document, Question, Span
from mlprep_bot.knowledge.candidates import Candidate, candidates
from mlprep_bot.knowledge.cards import is_card, parse_card
from mlprep_bot.knowledge.identity import normalised, question_id
from mlprep_bot.knowledge.labels import Line, inline_answer, is_no_answer, is_placeholder, is_title, lines_of
from mlprep_bot.knowledge.markdown import NOISE, Block, blocks, heading_text
from mlprep_bot.knowledge.selection import select

_CLOSING_SECTION = re.compile(
    r"(?:references?|bibliography|further reading|resources|links|appendix|conclusions?|summary|about)\b",
    re.I,
)


def find_questions(document: Document) -> list[Question]:
    """The document's questions in order. Raises CardError for a corpus card that breaks its format."""
    if document.kind == "card" or (document.kind == "markdown" and is_card(document.text)):
        return [parse_card(document)]
    return _Finder(document).run()


@dataclass(frozen=True, slots=True)
class _Found:
    candidate: Candidate
    topic: str
    answer: Span | None


class _Finder:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.text = document.text
        self.blocks = blocks(self.text)
        self.lines = lines_of(self.text, self.blocks)

    def run(self) -> list[Question]:
        asked = candidates(self.text, self.lines)
        chosen = select(self.text, self.lines, asked, f"{self.document.name} {self.document.title}")
        chosen = self.without_contents(chosen)
        titles = self.section_titles(chosen)
        found = [_Found(c, self.topic(c, titles), self.answer(n, chosen, titles)) for n, c in enumerate(chosen)]
        return self.named(self.without_repeats(found))

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

    def section_titles(self, chosen: Sequence[Candidate]) -> list[Line]:
        """Headings that are neither questions nor answers, and bold or `Topic:` lines right before a question."""
        asked = {at for c in chosen for at in range(c.at, c.last + 1)}
        starts = {c.at for c in chosen}
        titles = []
        for at, line in enumerate(self.lines):
            if at in asked or line.label:
                continue
            if line.level or (at + 1 in starts and self.is_title(at)):
                titles.append(line)
        return titles

    def is_title(self, at: int) -> bool:
        """A short line alone in its block, bold or with a colon after which nothing comes."""
        line = self.lines[at]
        alone = line.first and (at + 1 == len(self.lines) or self.lines[at + 1].block != line.block)
        return alone and line.kind == "para" and is_title(self.text[line.start : line.end])

    def topic(self, candidate: Candidate, titles: Sequence[Line]) -> str:
        above = [line for line in titles if line.start < candidate.start]
        return heading_text(self.text[above[-1].start : above[-1].end]) if above else ""

    def answer(self, n: int, chosen: Sequence[Candidate], titles: Sequence[Line]) -> Span | None:
        candidate = chosen[n]
        stop = chosen[n + 1].line.start if n + 1 < len(chosen) else len(self.text)
        stop = self.section_end(candidate, stop, chosen, titles)
        begin = self.after_label(candidate, stop)
        inner = [b for b in self.pieces(begin, stop) if b.kind not in NOISE]
        while inner and (inner[-1].kind == "heading" or any(t.start == inner[-1].start for t in titles if not t.level)):
            inner.pop()
        while inner and is_no_answer(self.text[inner[0].start : inner[0].end]):
            del inner[0]
        while inner and is_no_answer(self.text[inner[-1].start : inner[-1].end]):
            inner.pop()
        if not inner:
            return None
        start, end = self.trimmed(candidate, inner[0].start, inner[-1].end)
        words = self.text[start:end]
        if not re.search(r"\w", words) or is_placeholder(words):
            return None
        return Span(start, end)

    def pieces(self, begin: int, stop: int) -> list[Block]:
        return blocks(self.text, begin, stop)

    def section_end(self, candidate: Candidate, stop: int, chosen: Sequence[Candidate], titles: Sequence[Line]) -> int:
        """Where the section that holds the question ends, at most `stop`."""
        level = candidate.line.level
        above = [line.level for line in titles if line.level and line.start < candidate.start]
        if not level:
            level = above[-1] if above else 0
        starts = {c.at for c in chosen}
        topical = {
            line.level for at, line in enumerate(self.lines) if line.level and at + 1 in starts and line in titles
        }
        for line in titles:
            if not candidate.end <= line.start < stop or not line.level:
                continue
            closes = line.level <= level if level else line.level in topical
            if closes or (
                _CLOSING_SECTION.match(heading_text(self.text[line.start : line.end])) and line.level <= max(level, 2)
            ):
                return line.start
        return stop

    def after_label(self, candidate: Candidate, stop: int) -> int:
        """Where the answer's text may begin: after its label when it has one."""
        line_end = self.lines[candidate.last].end
        inline = inline_answer(self.text, candidate.end, min(line_end, stop))
        if inline:
            return inline.end()
        for line in self.lines[candidate.last + 1 :]:
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
        wording = {id(f): normalised(self.text[f.candidate.start : f.candidate.end]) for f in found}
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
        for f in found:
            start, end = f.candidate.start, f.candidate.end
            wording = self.text[start:end]
            key = normalised(wording)
            questions.append(
                Question(
                    id=question_id(self.document.name, wording, count[key]),
                    document=self.document.name,
                    text=wording,
                    start=start,
                    end=end,
                    line=self.text.count("\n", 0, start) + 1,
                    topic=f.topic,
                    answer=f.answer,
                )
            )
            count[key] += 1
        return questions
