"""Where the blocks of a Markdown-like text lie, by exact offsets.

This is no Markdown parser: people's notes are seldom valid Markdown, and a parser that builds a
tree loses offsets. It only finds the borders at which a text may be cut, and the parts (code,
formulas, tables) inside which it may not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heading", "fence", "math", "table", "item", "para", "rule", "comment", "image", "markup", "debris"]

# Kinds that carry no words of the author: never an answer, never a passage.
NOISE: frozenset[Kind] = frozenset({"rule", "comment", "image", "markup", "debris"})

_HEADING = re.compile(r"[ \t]{0,3}(#{1,6})(?:[ \t]+|(?=\*\*|[Q\d]|$))")
_SECTION = re.compile(r"[ \t]*\\((?:sub){0,2}section)\*?\{")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})([^`\n]*)$")
_ITEM = re.compile(
    r"[ \t>]*(?:[-*+•‣◦▪●–▸▹►][ \t]+|\\item(?![a-zA-Z])[ \t]*|[\u2700-\u27bf\U0001f300-\U0001faff]\ufe0f?[ \t]+"
    r"|(?:[IVX]{1,5}|[ivx]{2,5})[.)][ \t]+|\(?\d{1,3}[.)](?:[ \t]+|(?=[A-Z*]))|\(?[a-zA-Z]\)[ \t]+|[a-z]\.[ \t]+)(?=\S)"
)
_RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:=[ \t]*){3,})$")
_SETEXT = re.compile(r"[ \t]{0,3}(=+|-{2,})[ \t]*$")
_IMAGE = re.compile(
    r"[ \t>]*(?:(?:\[?!\[[^\]\n]*\](?:\([^)\n]*\)|\[[^\]\n]*\])(?:\]\([^)\n]*\))?|<img\b[^>\n]*>)[ \t]*)+$", re.I
)
# Tags, the skeleton of LaTeX, and links back to the top of the page.
_MARKUP = re.compile(
    r"[ \t]*(?:(?:(?:</?[a-zA-Z][^<>\n]*>|&nbsp;)[ \t]*)+"
    r"|\\(?:documentclass|usepackage|begin|end|maketitle|newpage|clearpage|tableofcontents|label|bigskip|medskip|noindent)\b"
    r"(?:\[[^\]\n]*\]|\{[^}\n]*\})*[ \t]*"
    r"|[*_]{0,3}\[[^\n]{0,20}?\b(?:back|top|up|contents)\b[^\n]{0,40}\]\(#[^)\n]*\)[*_]{0,3}[ \t]*)$",
    re.I,
)
_TABLE_RULE = re.compile(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_MATH = re.compile(
    r"[ \t>]*(\$\$|\\\[|\\begin\{("
    r"(?!(?:enumerate|itemize|description|document|center|figure|frame|exercise|question)s?\b)[a-zA-Z]+\*?)\})"
)
# What Jupyter leaves in an export: prompts, complaints about a question typed into a code cell, figure placeholders.
_DEBRIS = re.compile(
    r"[ \t]*(?:(?:In|Out)[ \t]?\[[ \t\d*]*\][ \t]*:?|Object `[^`\n]*` not found\.|<Figure size [^>\n]*>"
    r"|<(?:matplotlib|seaborn|AxesSubplot|pandas|IPython)[^>\n]*>|File \"<(?:ipython|stdin)[^\n]*"
    r"|Cell In ?\[\d*\], line \d+[^\n]*"
    r"|(?:Syntax|Name|Indentation)Error: [^\n]*|\^+|File \"/tmp/ipykernel[^\n]*|\[NbConvertApp\][^\n]*)[ \t]*$"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of whole lines without the white space around it; `level` is a heading's 1-6, else 0."""

    kind: Kind
    start: int
    end: int
    level: int = 0


class _Scanner:
    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self.pos, self.end = text, start, end
        # Closing marks beyond which an opening mark is ordinary text: one scan each, so that hostile text stays linear.
        self.last_comment = text.rfind("-->", start, end)
        self.last_math = {mark: text.rfind(mark, start, end) for mark in ("$$", "\\]")}
        self.open_fences: dict[str, int] = {}
        self.open_environments: set[str] = set()

    def line_end(self, pos: int) -> int:
        found = self.text.find("\n", pos, self.end)
        return self.end if found < 0 else found

    def line(self, pos: int) -> str:
        return self.text[pos : self.line_end(pos)]

    def run(self) -> list[Block]:
        found: list[Block] = []
        while self.pos < self.end:
            stop = self.line_end(self.pos)
            line = self.text[self.pos : stop]
            if not line.strip():
                self.pos = stop + 1
                continue
            kind, end, level = self.block(self.pos, line)
            start = self.pos + len(line) - len(line.lstrip())
            while end > start and self.text[end - 1].isspace():
                end -= 1
            found.append(Block(kind, start, end, level))
            self.pos = max(end, self.pos + 1)
        return found

    def block(self, pos: int, line: str) -> tuple[Kind, int, int]:
        special = self.special(pos, line)
        if special is not None:
            return special
        if self.is_table(pos, line):
            return "table", self.table_end(pos), 0
        kind: Kind = "item" if _ITEM.match(line) else "para"
        return self.prose(pos, kind)

    def special(self, pos: int, line: str) -> tuple[Kind, int, int] | None:
        """The block at `pos` if its first line alone says what it is."""
        stop = pos + len(line)
        if line.lstrip().startswith("<!--") and pos < self.last_comment:
            return "comment", self.text.index("-->", pos, self.end) + 3, 0
        fence = _FENCE.match(line)
        if fence:
            end = self.fence_end(stop, fence[1])
            if end is not None:
                return "fence", end, 0
        math = _MATH.match(line)
        if math:
            end = self.math_end(pos + math.end(), math[1], math[2])
            if end is not None:
                return "math", end, 0
        heading = _HEADING.match(line)
        if heading:
            return "heading", self.until_comment(pos, stop), len(heading[1])
        section = _SECTION.match(line)
        if section:
            return "heading", stop, 2 + section[1].count("sub")
        for kind, pattern in _ONE_LINERS:
            if pattern.match(line):
                return kind, stop, 0
        return None

    def fence_end(self, pos: int, mark: str) -> int | None:
        if len(mark) >= self.open_fences.get(mark[0], 1 << 30):
            return None
        at = pos + 1
        while at < self.end:
            stop = self.line_end(at)
            line = self.text[at:stop].strip(" \t>")
            if len(line) >= len(mark) and not line.strip(mark[0]):
                return stop
            at = stop + 1
        # CommonMark would swallow the rest of the document; one forgotten fence must not hide every question below.
        self.open_fences[mark[0]] = len(mark)
        return None

    def math_end(self, pos: int, mark: str, environment: str | None) -> int | None:
        if environment:
            closing = f"\\end{{{environment}}}"
            if environment in self.open_environments:
                return None
            found = self.text.find(closing, pos, self.end)
            if found < 0:
                self.open_environments.add(environment)
        else:
            closing = "$$" if mark == "$$" else "\\]"
            found = self.text.find(closing, pos, self.end) if pos <= self.last_math[closing] else -1
        if found < 0:
            return None
        end = found + len(closing)
        # A formula that merely opens a paragraph is ordinary prose; one of many pages is a stray mark.
        return end if not self.text[end : self.line_end(end)].strip(" \t.,;:") and end - pos < 4000 else None

    def is_table(self, pos: int, line: str) -> bool:
        if "|" not in line:
            return False
        below = self.line(self.line_end(pos) + 1)
        return ("|" in below and bool(_TABLE_RULE.match(below))) or (
            line.strip().startswith("|") and line.count("|") > 1
        )

    def table_end(self, pos: int) -> int:
        stop = self.line_end(pos)
        while stop < self.end and "|" in self.line(stop + 1):
            stop = self.line_end(stop + 1)
        return stop

    def until_comment(self, pos: int, stop: int) -> int:
        comment = self.text.find("<!--", pos + 1, stop)
        return comment if 0 <= comment < self.last_comment else stop

    def prose(self, pos: int, kind: Kind) -> tuple[Kind, int, int]:
        """A paragraph or list item: up to a blank line or a line that begins another block."""
        stop = self.line_end(pos)
        lines = 1
        while True:
            cut = self.until_comment(pos, stop)
            if cut != stop:
                return kind, cut, 0
            if stop >= self.end:
                return kind, stop, 0
            below = self.line(stop + 1)
            underline = _SETEXT.match(below)
            if underline and lines == 1 and kind == "para" and self.is_title(pos, stop):
                return "heading", self.line_end(stop + 1), 1 if underline[1][0] == "=" else 2
            if not below.strip() or _ITEM.match(below) or self.interrupts(stop + 1, below):
                return kind, stop, 0
            pos, stop, lines = stop + 1, self.line_end(stop + 1), lines + 1

    def interrupts(self, pos: int, line: str) -> bool:
        return self.special(pos, line) is not None or self.is_table(pos, line)

    def is_title(self, pos: int, stop: int) -> bool:
        line = self.text[pos:stop].strip()
        return len(line) <= 120 and not line.endswith((".", ",", ";"))


_ONE_LINERS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("rule", _RULE),
    ("image", _IMAGE),
    ("debris", _DEBRIS),
    ("markup", _MARKUP),
)


def blocks(text: str, start: int = 0, end: int | None = None) -> list[Block]:
    """The blocks of `text[start:end]` in order; between two of them there is only white space."""
    return _Scanner(text, start, len(text) if end is None else end).run()


def heading_text(raw: str) -> str:
    """A heading's words without its marks: `## **Deployment:** ##` becomes `Deployment`."""
    first = raw.strip().splitlines()[0] if raw.strip() else ""
    words = re.sub(r"^#{1,6}\s*|\s+#+\s*$|^\\(?:sub){0,2}section\*?\{|(?<=\w)\}$", "", first.strip())
    return re.sub(r"[*_`]{1,3}(.+?)[*_`]{1,3}", r"\1", words).strip(" \t*_:").strip()
