"""What a line's mark means only beside the other lines: the names of a conversation, `A.` below `Q.`."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mlprep_bot.knowledge.labels import Label, Line

_TIME = r"(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]?[ \t]*[-–]?[ \t]*)?"
_TURN = re.compile(
    rf"[ \t>*_]*{_TIME}(?P<name>[A-Z][\w.'’-]{{0,20}}(?:[ \t][A-Z(][\w.'’()-]{{0,20}}){{0,2}})"
    rf"[*_]{{0,3}}[ \t]*{_TIME}:[*_]{{0,3}}[ \t]*(?=\S)"
)
_LETTER_A = re.compile(r"[ \t>]*[*_]{0,3}A[*_]{0,3}(?:[.)]|[ \t]*[-–—])[*_]{0,3}[ \t]*")
_LETTER_B = re.compile(r"[ \t>]*[*_]{0,3}B[*_]{0,3}[.)][*_]{0,3}[ \t]+")


def with_roles(text: str, lines: Sequence[Line]) -> list[Line]:
    """The lines with labels that follow from the whole document."""
    return _letters(text, _speakers(text, list(lines)))


def _letters(text: str, lines: list[Line]) -> list[Line]:
    """`A. It is …` answers below `Q. What …`, unless there is a `B.` too: then it is the first of some options."""
    asked = sum(1 for line in lines if line.label == "question" and line.word[:1] == "q")
    if not asked:
        return lines
    found = {at: m for at, line in enumerate(lines) if not line.label and (m := _at(_LETTER_A, text, line))}
    if not found or 2 * len(found) < asked or any(_at(_LETTER_B, text, line) for line in lines):
        return lines
    for at, match in found.items():
        lines[at] = _relabelled(lines[at], "answer", "a", match.end())
    return lines


def _at(pattern: re.Pattern[str], text: str, line: Line) -> re.Match[str] | None:
    return pattern.match(text, line.start, line.end)


@dataclass(frozen=True, slots=True)
class _Turn:
    at: int
    name: str
    start: int
    asks: bool


def _speakers(text: str, lines: list[Line]) -> list[Line]:
    """`Priya: What is X?` / `Sam: It is Y.`: who mostly asks is the interviewer, who mostly tells answers."""
    if any(line.label == "question" for line in lines):
        return lines  # it has labels of its own
    turns = _turns(text, lines)
    askers = _askers(turns)
    if not askers:
        return lines
    waiting = False
    for turn in turns:
        if turn.name in askers:
            if turn.asks:
                lines[turn.at] = _relabelled(lines[turn.at], "question", "interviewer", turn.start)
                waiting = True
        elif waiting:
            lines[turn.at] = _relabelled(lines[turn.at], "answer", "candidate", turn.start)
            waiting = False
    return lines


def _turns(text: str, lines: Sequence[Line]) -> list[_Turn]:
    found = {at: m for at, line in enumerate(lines) if not line.label and (m := _at(_TURN, text, line))}
    count = Counter(match["name"] for match in found.values())
    regular = [(at, match) for at, match in found.items() if count[match["name"]] > 1]
    return [
        _Turn(at, match["name"], match.end(), re.search(r"[?？]\W*$", text[match.end() : lines[at].end]) is not None)
        for at, match in regular
    ]


def _askers(turns: Sequence[_Turn]) -> set[str]:
    """The names that ask, if the turns are a conversation of few people in which somebody else answers."""
    asked: Mapping[str, list[bool]] = defaultdict(list)
    for turn in turns:
        asked[turn.name].append(turn.asks)
    share = {name: sum(answers) / len(answers) for name, answers in asked.items()}
    askers = {name for name, part in share.items() if part >= 0.5}
    if not 2 <= len(share) <= 6 or not askers or len(askers) == len(share):
        return set()
    following = [right.name not in askers for left, right in pairwise(turns) if left.asks]
    return askers if following and sum(following) >= 0.6 * len(following) else set()


def _relabelled(line: Line, label: Label, word: str, start: int) -> Line:
    return replace(
        line, label=label, word=word, separated=True, text_start=min(start, line.end),
        text_end=max(min(start, line.end), line.text_end), bold=False, opened=False,
    )  # fmt: skip
