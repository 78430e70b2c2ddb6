"""Which section of its document a sentence stands in, and whether such a section is quoted as an answer.

Writers of questions and answers name their sections alike: a short answer that says it directly, details,
then remarks for the interviewer, which are no answer at all.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from mlprep_bot.answering.facts import tokens
from mlprep_bot.domain import Passage
from mlprep_bot.knowledge.markdown import blocks, heading_text

TextOf = Callable[[str], str]  # a document's name -> the text that its offsets count


class Role(Enum):
    """What a section is for: `GIST` answers directly, `STORY` tells of a case, `ASIDE` and `FAULTS` do not answer.

    Of `FAULTS` (pitfalls) only the list items are no answer: they name what people do wrong.
    """

    BODY = "body"
    GIST = "gist"
    STORY = "story"
    FAULTS = "faults"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Section:
    """The text below a heading, from offset `start`; `title` is empty for what precedes every heading."""

    title: str
    start: int
    role: Role


_ROLES = (
    (Role.GIST, r"(?:the )?(?:short(?:est)?|quick|direct|brief|30[- ]second) answer|answer in (?:short|brief)|"
                r"in (?:short|brief|a nutshell|one sentence)|tl;? ?dr|gist"),
    (Role.ASIDE, r"what (?:the |an |your )?(?:interviewer|recruiter)s? .*|notes? (?:for|to) (?:the )?interviewers?|"
                 r"interviewer'?s?'? notes?|(?:possible |likely )?follow[- ]?ups?(?: questions?)?|references|"
                 r"bibliography|(?:further|suggested) reading|see also|related (?:questions|cards|reading)"),
    (Role.FAULTS, r"(?:(?:common|typical|frequent) )?(?:pitfalls|mistakes|traps|misconceptions)|red flags|"
                  r"(?:common|typical|frequent) errors|(?:weak|bad|wrong) answers?"),
    (Role.STORY, r"(?:in|from) (?:production|practice)|(?:war )?stor(?:y|ies)|case stud(?:y|ies)"),
)  # fmt: skip
_PATTERNS = [(role, re.compile(rf"(?:\W|\d+\.)*(?:{pattern})\W*", re.IGNORECASE)) for role, pattern in _ROLES]


def role(title: str) -> Role:
    """What a section of this title is for."""
    return next((found for found, pattern in _PATTERNS if pattern.fullmatch(title)), Role.BODY)


def asks_for(query: str, title: str) -> bool:
    """Whether a question names what a section of this title holds ("pitfalls of k-means")."""
    wanted = {token.stem for token in tokens(query) if token.content}
    return bool(wanted & {token.stem for token in tokens(title) if token.content})


@lru_cache(maxsize=64)
def outline(text: str) -> tuple[Section, ...]:
    """The sections of a text in order, whatever their level."""
    found = [Section("", 0, Role.BODY)]
    for block in blocks(text):
        if block.kind == "heading":
            title = heading_text(text[block.start : block.end])
            found.append(Section(title, block.end, role(title)))
    return tuple(found)


def sections(passage: Passage, text_of: TextOf | None) -> tuple[Section, ...]:
    """The sections that a passage may touch, by offsets of its document.

    Without the document's text, what precedes the first heading of the passage belongs to the last heading
    that the passage names.
    """
    if text_of is not None:
        return outline(text_of(passage.document))
    inside = [Section(s.title, s.start + passage.start, s.role) for s in outline(passage.text)[1:]]
    title = "" if passage.question else passage.heading.split(" > ")[-1]
    return (Section(title, passage.start, role(title)), *inside)


def section_at(found: tuple[Section, ...], offset: int) -> Section:
    """The section that holds an offset; `found` is in order."""
    return found[max(0, bisect_right(found, offset, key=lambda section: section.start) - 1)]
