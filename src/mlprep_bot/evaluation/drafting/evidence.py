"""Statements of a user's documents that can be evidence: exact, once in their document, never a heading or code."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.domain import Document, Question
from mlprep_bot.evaluation.questions import Gold
from mlprep_bot.knowledge.identity import normalised
from mlprep_bot.knowledge.lexical import terms
from mlprep_bot.knowledge.markdown import blocks, heading_text

LONGEST = 700  # characters of evidence
_FEWEST = 4  # content terms; fewer state nothing that could be looked for
_ALIKE = 0.75  # shared terms from which on two sentences say the same
_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_LABEL = re.compile(r"((?:[\w'’/&()+.-]+ ){0,6}[\w'’/&()+.-]+) ?:\s+(?=\S)")
_REMARK = re.compile(
    r"(?:(?:see|cf\.?|source|reference|figure|image|todo|tbd|link|https?)\b[\s:]"
    r"|(?:the following|here (?:are|is)|below (?:are|is)|in this (?:section|chapter|article|note))\b)",
    re.IGNORECASE,
)
# A title that lost its marks stands in a line of its own before the sentence.
_TITLE_LINE = re.compile(r"[^\n.!?:;,]{3,60}(?<!\b(?:of|to|in|on|by|or|is|as))(?<!\b(?:the|and|for|are))\n(?=[A-Z\"“])")
_TITLE_WORDS = 8
_TOGETHER = 3  # sentences that one piece of evidence may span


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document and what it is about: the question that it answers, or its heading ("" for none)."""

    document: str
    title: str
    topic: str
    start: int
    end: int
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that can be evidence, cut out so that it is once in its document.

    `said` are its words without Markdown; `label` is what stands before its colon; `opens` says that it begins a
    paragraph or list item; `follows` is the index of the statement before it in the same paragraph, -1 for none.
    """

    gold: Gold
    said: str
    label: str
    terms: frozenset[str]
    opens: bool
    follows: int = -1


class Library:
    """The statements of some documents by section, and which of them say the same."""

    def __init__(self, documents: Iterable[Document], sections: Sequence[Section]) -> None:
        self._documents = {document.name: document for document in documents}
        self.sections = list(sections)
        self.by_section = [list(self._statements(section)) for section in self.sections]

    @cached_property
    def everything(self) -> list[Statement]:
        return [statement for found in self.by_section for statement in found]

    @cached_property
    def _holding(self) -> dict[str, list[int]]:
        held: dict[str, list[int]] = defaultdict(list)
        for at, statement in enumerate(self.everything):
            for term in statement.terms:
                held[term].append(at)
        return held

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every content term of the documents, headings and code included."""
        return frozenset(term for document in self._documents.values() for term in terms(document.text))

    @cached_property
    def windows(self) -> list[frozenset[str]]:
        """The content terms of every two neighbouring sentences of the documents, questions and headings included."""
        found = []
        for document in self._documents.values():
            said = [frozenset(terms(document.text[u.start : u.end])) for u in split_units(document.text)]
            found += [left | right for left, right in zip(said, [*said[1:], frozenset()], strict=True)]
        return found

    def alike(self, statement: Statement) -> tuple[Gold, ...]:
        """Where the documents say it, in these or nearly these words; its own place first."""
        rarest = sorted(statement.terms, key=lambda term: (len(self._holding[term]), term))
        # Who shares three terms in four shares one of the rarest third.
        near = {at for term in rarest[: len(rarest) // 3 + 1] for at in self._holding[term]}
        found = [self.everything[at] for at in sorted(near)]
        same = [s.gold for s in found if len(s.terms & statement.terms) >= _ALIKE * len(s.terms | statement.terms)]
        return tuple(dict.fromkeys([statement.gold, *same]))

    def naming(self, name: str) -> list[Statement]:
        """The statements that have `name` as a whole word, in that spelling."""
        pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        first = terms(name)[:1]
        held = self._holding[first[0]] if first and first[0] in self._holding else range(len(self.everything))
        return [self.everything[at] for at in held if pattern.search(self.everything[at].said)]

    def is_telling(self, phrase: str) -> bool:
        """Whether a word of it is seldom enough for the phrase to lead to one place."""
        seldom = max(3, len(self.everything) // 50)
        return any(len(self._holding[term]) <= seldom for term in set(terms(phrase)) & self._holding.keys())

    def labelled(self, label: str) -> list[Statement]:
        """The statements under that label, however it is spelt."""
        return self._labels.get(frozenset(terms(label)), [])

    @cached_property
    def _labels(self) -> dict[frozenset[str], list[Statement]]:
        held: dict[frozenset[str], list[Statement]] = defaultdict(list)
        for statement in self.everything:
            if statement.label:
                held[frozenset(terms(statement.label))].append(statement)
        return held

    def _statements(self, section: Section) -> Iterator[Statement]:
        text = self._documents[section.document].text
        units = [_untitled(text, section.start, unit) for unit in split_units(text[section.start : section.end])]
        kept, last = 0, (-1, -1)  # the paragraph and the index of the statement before
        for at, unit in enumerate(units):
            said = words(text[section.start + unit.body : section.start + unit.end])
            evidence = self._evidence(text, section.start, units, at) if _states(unit, said) else ""
            if not evidence:
                continue
            label = _LABEL.match(said)
            opens = unit.block != "" and (at == 0 or units[at - 1].paragraph != unit.paragraph)
            yield Statement(
                Gold(section.document, evidence), said, label[1] if label else "", frozenset(terms(said)), opens,
                last[1] if last[0] == unit.paragraph else -1,
            )  # fmt: skip
            last = unit.paragraph, kept
            kept += 1

    def _evidence(self, text: str, base: int, units: Sequence[Unit], at: int) -> str:
        """The sentence with as few neighbours as make it unique, "" when they cannot."""
        for length in range(1, _TOGETHER + 1):
            for first in range(at - length + 1, at + 1):
                run = units[max(0, first) : first + length]
                if first < 0 or len(run) < length or any(not _is_prose(text, base, unit) for unit in run):
                    continue
                found = text[base + run[0].body : base + run[-1].end]
                if len(found) <= LONGEST and text.count(found) == 1 and not _recurs(text, found):
                    return found
        return ""


def _untitled(text: str, base: int, unit: Unit) -> Unit:
    """The unit without lines at its beginning that are titles."""
    body = unit.body
    while unit.kind == "text" and (title := _TITLE_LINE.match(text, base + body, base + unit.end)):
        if len(title[0].split()) > _TITLE_WORDS:
            break
        body = title.end() - base
    return replace(unit, body=body)


def words(raw: str) -> str:
    """A sentence in one line, without Markdown marks."""
    return " ".join(_MARKS.sub("", raw).split())


def _recurs(text: str, found: str) -> bool:
    """`str.count` passes over a copy that overlaps."""
    return text.find(found, text.find(found) + 1) >= 0


def _is_prose(text: str, base: int, unit: Unit) -> bool:
    """Whether a unit may be part of evidence: a sentence, neither heading nor the line that leads to a list."""
    said = words(text[base + unit.body : base + unit.end])
    return unit.kind == "text" and not said.endswith((":", "?")) and len(set(terms(said))) > 1


def _states(unit: Unit, said: str) -> bool:
    if unit.kind != "text" or said.endswith((":", "?")) or len(said) > LONGEST or _REMARK.match(said):
        return False
    # A line without a verb's ending mark that is this short is a title that lost its `#`.
    title = not said.endswith((".", "!", ")", "”", "。")) and len(said.split()) < 7
    return not title and len(set(terms(said))) >= _FEWEST and "](#" not in said


# --- what the documents are cut into -------------------------------------------------------------


def sections(documents: Iterable[Document], found: Iterable[Question]) -> list[Section]:
    """The answers of the documents' questions; of a document that answers none, what stands under its headings."""
    answered: dict[str, list[Section]] = defaultdict(list)
    for q in found:
        if q.answer is not None:
            answered[q.document].append(Section(q.document, q.text, q.topic, q.answer.start, q.answer.end, q))
    return [section for d in documents for section in answered.get(d.name) or _headed(d)]


def _headed(document: Document) -> list[Section]:
    """Under each heading what comes before the next one; a title of its own is the topic."""
    heads = [block for block in blocks(document.text) if block.kind == "heading"]
    found = []
    first = heads[0].start if heads else len(document.text)
    if document.text[:first].strip():
        found.append(Section(document.name, "", "", 0, first))
    path: list[tuple[int, str]] = []
    for at, head in enumerate(heads):
        end = heads[at + 1].start if at + 1 < len(heads) else len(document.text)
        title = heading_text(document.text[head.start : head.end])
        path = [(level, above) for level, above in path if level < head.level]
        above = path[-1][1] if path else ""
        path.append((head.level, title))
        if document.text[head.end : end].strip():
            found.append(Section(document.name, _telling(title, above), above or title, head.end, end))
    return found


_GENERIC_WORDS = """
introduction overview notes note summary background basics details misc example examples conclusion general other
definition usage references links todo
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())


def _telling(title: str, above: str) -> str:
    """A heading that says nothing by itself is named with the one above it; "" when both say nothing."""
    bare = re.sub(r"^(?:\d+(?:\.\d+)*\.?|[IVX]+\.|chapter \d+:?|part \d+:?)\s+", "", title, flags=re.IGNORECASE)
    if normalised(bare) not in _GENERIC:
        return bare
    return f"{above}: {bare.lower()}" if above and normalised(above) not in _GENERIC else ""
