"""A line's label, number and form: `### **Q 7:** What is dropout?` asks, under number 7, as a heading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mlprep_bot.knowledge.markdown import Block

Label = Literal["", "question", "answer"]

_TAG = r"<(?:details|summary|b|strong|i|em|u|p|dt|dd|li|span|div|h[1-6])\b[^<>\n]{0,300}>"
_LEAD = re.compile(rf"(?:[ \t>]|{_TAG})*", re.I)
_HASHES = re.compile(r"#{1,6}[ \t]*|\\(?:sub){0,2}section\*?\{[ \t]*")
_BULLET = re.compile(
    r"(?:[-*+•‣◦▪●–][ \t]+(?:\[[ xX]\][ \t]+)?|\\item(?![a-zA-Z])[ \t]*"
    r"|[\u2190-\u2753\u2756-\u2bff\U0001f000-\U0001faff]\ufe0f?\u20e3?[ \t]*)+"
)
_STARS = re.compile(r"(?:\*\*\*|\*\*|__|\*(?=\S)|_(?=\S)|\\(?:textbf|textit|emph)\{)[ \t]*")
_NUMBER = re.compile(r"\(?(\d{1,3})(?:[ \t]*[.)\]:]|[ \t]+[-–—](?=[ \t]))\)?(?!\d)[ \t]*[-–—]?[ \t]*")
# `a)`, `(b)`, `c.`; `I.`, `ii)`. Their place in the count is not needed.
_LETTER = re.compile(r"(?:(?P<roman>\(?(?:[IVX]{1,5}|[ivx]{2,5})[.)])|(?P<letter>\(?[a-z]\)|[a-z]\.))[ \t]+(?=\S)")
_SEP = r"[ \t]*(?:[.)\]:：]+[ \t]*[-–—]?|[-–—]+(?=[ \t\"'A-Z*_`$]|$))"
_MARK = r"[*_}]{0,3}"
_QUESTION = re.compile(
    rf"\[?(?P<word>Q(?:n|ns|u|ue|ues|uest|uestion|stn)?|Interview[ \t]+question|Interviewer|Problem|Prompt)\b{_MARK}"
    rf"(?:[ \t]*(?:No\.?|[.:#(-]){{0,2}}[ \t]*(?P<number>\d{{1,3}})\)?(?!\d|\.\d))?{_MARK}(?P<sep>{_SEP})?"
    rf"{_MARK}[ \t]*",
    re.I,
)
_QUESTION_TIGHT = re.compile(
    rf"\[?(?P<word>Q(?:ue|ues|uestion)?)(?P<number>\d{{1,3}})\b{_MARK}(?P<sep>{_SEP})?{_MARK}[ \t]*", re.I
)
_ANSWER = re.compile(
    rf"(?P<word>A|Ans|Answer|Sol|Soln|Solution|Candidate|Interviewee|Response|Reply"
    rf"|(?:My|Model|Sample|Short|Suggested|Expected|Ideal|Show|See|View|Reveal)"
    rf"(?:[ \t]+the)?[ \t]+(?:answer|solution)"
    rf"|Click[ \t](?:[a-z]+[ \t]){{1,5}}(?:answer|solution))\b{_MARK}"
    rf"(?:[ \t]*[.:#(-]{{0,2}}[ \t]*(?P<number>\d{{1,3}})\)?(?!\d|\.\d))?{_MARK}(?P<sep>{_SEP})?{_MARK}[ \t]*",
    re.I,
)
_ANSWER_TIGHT = re.compile(
    rf"\[?(?P<word>A|Ans|Answer)(?P<number>\d{{1,3}})\b{_MARK}(?P<sep>{_SEP})?{_MARK}[ \t]*", re.I
)
_INLINE_ANSWER = re.compile(
    r"(?<=[?.!*\s])[*_]{0,2}(?:A|Ans|Answer|Sol|Solution)[ \t]*\d{0,3}[ \t]*"
    r"(?:[*_]{2}:|:-?|-(?=\s)|\.(?=\s))[*_]{0,2}[ \t]*(?=\S)"
)
_ASKING_EMOJI = re.compile(r"[ \t]*(?P<word>[❓❔])(?P<number>\Z\A)?(?P<sep>\ufe0f?)[ \t]*")
_TAIL = re.compile(r"(?:[ \t]|</[a-zA-Z0-9]+>|(?<=[ \t])#+)+$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of prose, taken apart. Offsets are the document's; `text_start:text_end` is the wording."""

    start: int
    end: int
    block: int  # which block it belongs to
    first: bool  # whether it opens its block
    kind: str  # that block's kind
    level: int
    label: Label
    word: str  # the label as written, lower case
    number: int | None
    separated: bool  # whether a mark divides the label from the wording
    bold: bool  # emphasis covers the wording
    opened: bool  # emphasis opens before the wording, wherever it closes
    bullet: bool
    indent: int
    style: str  # "letter" or "roman" when it is counted so, else ""
    tag: str  # "summary" or "dt" when HTML says so
    text_start: int
    text_end: int

    @property
    def form(self) -> str:
        """What it looks like; lines of one form in a document tend to play the same role."""
        if self.level:
            return f"h{self.level}"
        if self.tag:
            return self.tag
        if self.number is not None:
            return ("bold-number" if self.bold else "number") + ("-in" if self.indent > 3 else "")
        if self.bold:
            return "bold"
        if self.style:
            return self.style
        return "bullet" if self.bullet else "plain"


def lines_of(text: str, found: list[Block]) -> list[Line]:
    """The lines of every heading, paragraph and list item."""
    lines: list[Line] = []
    for number, block in enumerate(found):
        if block.kind not in {"heading", "para", "item"}:
            continue
        start, first = block.start, True
        while start < block.end:
            stop = text.find("\n", start, block.end)
            stop = block.end if stop < 0 else stop
            if text[start:stop].strip() and not (block.kind == "heading" and not first):
                lines.append(_line(text, start, stop, number, first, block))
            start, first = stop + 1, False
    return lines


def _line(text: str, start: int, stop: int, number: int, first: bool, block: Block) -> Line:
    line_start = text.rfind("\n", 0, start) + 1
    raw = text[start:stop]
    indent = len(text[line_start:start].expandtabs(4)) + len(raw) - len(raw.lstrip(" "))
    lead = _LEAD.match(raw)
    at = lead.end() if lead else 0
    head = raw[:at].lower()
    tag = "summary" if "<summary" in head else "dt" if "<dt" in head else ""
    if block.kind == "heading":
        at += _end(_HASHES, raw, at)
    bullet = _BULLET.match(raw, at)
    at = bullet.end() if bullet else at
    at = _LEAD.match(raw, at).end() if bullet else at  # type: ignore[union-attr]
    letter = _LETTER.match(raw, at) if block.kind != "heading" else None
    style = (letter.lastgroup or "") if letter else ""
    at = letter.end() if letter else at
    at, label, word, count, separated, star = _labels(raw, at)
    end = len(raw)
    tail = _TAIL.search(raw, at)
    end = tail.start() if tail else end
    closing = raw.lower().find("</summary>", at) if tag == "summary" else -1
    end = closing if closing >= 0 else end
    inner = _TAIL.search(raw, at, end)
    end = inner.start() if inner else end
    opened = star or "<b>" in head or "<strong>" in head
    end, bold = _unwrap(raw, at, end, opened)
    if label and end <= at:
        end = at = len(raw[:at].rstrip()) if end < at else at
    return Line(
        start, stop, number, first, block.kind, block.level if block.kind == "heading" else 0, label, word, count,
        separated, bold, opened, bool(bullet), indent, style, tag, start + at, start + max(at, end),
    )  # fmt: skip


def _end(pattern: re.Pattern[str], raw: str, at: int) -> int:
    match = pattern.match(raw, at)
    return match.end() - at if match else 0


def _labels(raw: str, at: int) -> tuple[int, Label, str, int | None, bool, bool]:
    """Emphasis, number and label at `at`: (end, label, word, number, separated, emphasised)."""
    star = _end(_STARS, raw, at)
    here = at + star
    count: int | None = None
    number = _NUMBER.match(raw, here)
    if number:
        count, here = int(number[1]), number.end()
        inner = _end(_STARS, raw, here)
        here, star = here + inner, star + inner
    for label, patterns in _LABELS:
        match = next((found for pattern in patterns if (found := pattern.match(raw, here))), None)
        if match and _is_label(match, raw, number is not None):
            written = int(match["number"]) if match["number"] else count
            after = match.end() + _end(_STARS, raw, match.end())
            return after, label, match["word"].lower(), written, bool(match["sep"]), star > 0
    return here, "", "", count, number is not None, star > 0


_LABELS: tuple[tuple[Label, tuple[re.Pattern[str], ...]], ...] = (
    ("question", (_ASKING_EMOJI, _QUESTION_TIGHT, _QUESTION)),
    ("answer", (_ANSWER_TIGHT, _ANSWER)),
)


def _is_label(match: re.Match[str], raw: str, numbered: bool) -> bool:
    """`Answer the following` and `A well-designed …` begin a sentence; `Ans 3` and `A:` are labels."""
    rest = raw[match.end() :].strip(" \t*_#")
    sep, number, word = match["sep"] or "", match["number"], match["word"].lower()
    if word in "❓❔":
        return bool(rest)
    if word in {"a", "q"} and not number and not numbered and ":" not in sep and "：" not in sep:
        # "A. first choice", "Q-learning": a single letter needs a colon, or a clear dash.
        return word == "q" and bool(sep.strip()) and (not rest or raw[match.end() - 1 : match.end()] in " \t")
    if not rest:
        return bool(sep or number) or word not in {"a", "q", "problem", "prompt", "response", "reply"}
    if word in {"problem", "prompt", "response", "reply"} and not number:
        return ":" in sep and word in {"response", "reply"}
    if sep:
        return True
    return bool(number) and raw[match.end() - 1] in " \t*_" and rest[0].isalnum() and rest[0].isupper()


def _unwrap(raw: str, at: int, end: int, opened: bool) -> tuple[int, bool]:
    """The wording's end without closing emphasis, and whether emphasis covers it all."""
    close = r"\}" if "{" in raw[:at] else r"\*{1,3}|_{2,3}|(?<=[?.!])_"
    stripped = re.sub(rf"(?:{close})[ \t]*$", "", raw[at:end])
    closed = len(stripped) < end - at
    if closed and opened:
        return at + len(stripped.rstrip()), True
    if closed and stripped.count("**") % 2 == 0 and stripped.count("*") % 2 == 0:
        return at + len(stripped.rstrip()), False
    return end, opened and "**" not in raw[at:end] and "__" not in raw[at:end] and "</b" in raw


def inline_answer(text: str, start: int, end: int) -> re.Match[str] | None:
    """An answer's label in the middle of a line: `What is X? A: it is …`."""
    return _INLINE_ANSWER.search(text, start, end)


def is_answer_label(words: str) -> bool:
    """Whether the words are nothing but an answer's label: `## Ans 3`, `**A:**`, `<summary>Answer</summary>`."""
    bare = words.strip()
    if not bare or "\n" in bare:
        return False
    line = _line(bare, 0, len(bare), 0, True, Block("para", 0, len(bare)))
    return line.label == "answer" and line.text_end <= line.text_start


_PLACEHOLDER = re.compile(
    r"[\W_]*(?:todo|tbd|tba|n/?a|none|no answer(?: yet)?|not answered(?: yet)?|unanswered|pending"
    r"|to be (?:done|added|answered|written|filled(?: in)?|completed|updated)"
    r"|(?:see |refer to )?(?:the )?(?:image|figure|picture|screenshot|diagram|photo)(?: \d+)?(?: above| below)?"
    r"|(?:write |your |add |type )*(?:your )?answer (?:goes )?here|coming soon|\?+)?[\W_]*",
    re.I,
)


def is_placeholder(words: str) -> bool:
    """Whether the words only hold an answer's place: `TODO`, `N/A`, `(your answer here)`, or nothing at all."""
    return len(words) < 60 and _PLACEHOLDER.fullmatch(words) is not None


def is_no_answer(words: str) -> bool:
    """Whether a block is an answer's label with nothing but a placeholder behind it."""
    bare = words.strip()
    if "\n" in bare or len(bare) > 120 or not bare:
        return False
    line = _line(bare, 0, len(bare), 0, True, Block("para", 0, len(bare)))
    letter = re.match(r"[*_]{0,3}A[*_]{0,3}[.)][*_]{0,3}(?=[ \t]|$)", bare)
    if letter and is_placeholder(bare[letter.end() :]):
        return True
    return line.label == "answer" and is_placeholder(bare[line.text_start : line.text_end])


def is_title(words: str) -> bool:
    """Whether a line that stands alone right before a question is a title: `**Deployment**`, `Cost:`."""
    bare = words.strip()
    emphasised = re.fullmatch(r"(\*\*|__)(?!\s)[^\n]+\1:?", bare)
    return 0 < len(bare) <= 60 and "\n" not in bare and bool(emphasised or bare.endswith(":")) and bare[-1] not in ".!"
