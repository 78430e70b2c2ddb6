"""A web page or a book's chapter as Markdown, with its words in order and its code unharmed."""

from __future__ import annotations

import re
from typing import Any

_DROPPED = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "nav",
    "iframe",
    "object",
    "head",
    "button",
    "form",
    "footer",
)
_BLOCKS = {
    "p", "div", "section", "article", "main", "header", "aside", "figure", "figcaption", "dl", "dt", "dd",
    "address", "center", "body", "html", "details", "fieldset",
}  # fmt: skip


def html_to_markdown(data: bytes | str) -> tuple[str, str]:
    """(title, text). Bytes are decoded by their mark, `<meta charset>`, UTF-8 or Windows-1252, in this order."""
    from bs4 import BeautifulSoup

    soup = (
        BeautifulSoup(data, "lxml")
        if isinstance(data, str)
        else BeautifulSoup(data, "lxml", from_encoding=_encoding(data))
    )
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for tag in soup.find_all(_DROPPED):
        tag.decompose()
    writer = _Writer()
    writer.children(soup.body or soup)
    return title, writer.text()


def _encoding(data: bytes) -> str | None:
    """UTF-8 when the bytes are valid UTF-8, whatever the page claims; else what it claims."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None if re.search(rb"charset|encoding=", data[:2048], re.I) else "cp1252"
    return "utf-8"


def _words(tag: Any) -> str:
    """An element's text on one line; blocks inside it are divided by a space, inline elements by nothing."""
    from bs4.element import NavigableString, PreformattedString

    found: list[str] = []
    for inner in tag.descendants:
        if isinstance(inner, NavigableString):
            found.append("" if isinstance(inner, PreformattedString) else str(inner))
        elif inner.name in _BLOCKS or inner.name in {"br", "li", "td", "th", "tr"}:
            found.append(" ")
    return " ".join("".join(found).split())


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.line: list[str] = []
        self.prefix = ""  # of the next paragraph: a list mark
        self.indent = ""
        self.tight = False

    def text(self) -> str:
        self.flush()
        return re.sub(r"\n{3,}", "\n\n", "".join(self.parts)).strip("\n") + "\n"

    def flush(self, before: str = "\n\n") -> None:
        words = re.sub(r"[ \t\r\f\xa0]+", " ", "".join(self.line))
        words = "\n".join(part.strip() for part in words.split("\n")).strip()
        self.line = []
        if words:
            hanging = words.replace("\n", "\n" + self.indent)
            self.parts.append(("\n" if self.tight else before) + self.prefix + hanging)
            self.prefix, self.tight = self.indent, False

    def children(self, tag: Any) -> None:
        from bs4.element import CData, NavigableString, PreformattedString

        for child in tag.children:
            if isinstance(child, PreformattedString) and not isinstance(child, CData):
                continue
            if isinstance(child, NavigableString):
                self.line.append(re.sub(r"\s+", " ", str(child)))
            else:
                self.element(child)

    def element(self, tag: Any) -> None:
        name = tag.name
        if re.fullmatch(r"h[1-6]", name):
            self.block("#" * int(name[1]) + " ", _words(tag))
        elif name == "summary":
            self.block("<summary>", _words(tag), "</summary>")
        elif name == "dt":
            self.block("**", _words(tag), "**")
        elif name == "hr":
            self.block("", "---")
        elif name == "br":
            self.line.append("\n")
        elif name in {"ul", "ol"}:
            self.list(tag, ordered=name == "ol")
        elif name in {"pre", "table", "blockquote", "math"}:
            getattr(self, name)(tag)
        elif name in _BLOCKS:
            self.flush()
            self.children(tag)
            self.flush()
        else:
            self.inline(tag)

    def block(self, before: str, words: str, after: str = "") -> None:
        self.flush()
        if words:
            self.parts.append(f"\n\n{before}{words}{after}\n\n")

    def blockquote(self, tag: Any) -> None:
        self.flush()
        inner = _Writer()
        inner.children(tag)
        quoted = inner.text().strip()
        if quoted:
            self.block("", "\n".join(f"> {line}".rstrip() for line in quoted.split("\n")))

    def inline(self, tag: Any) -> None:
        mark = {"strong": "**", "b": "**", "code": "`", "kbd": "`", "tt": "`"}.get(tag.name, "")
        if tag.name == "img":
            return
        if (
            not mark
            or tag.find(["p", "div", "pre", "ul", "ol", "table", "strong", "b"]) is not None
            or tag.find_parent(["code", "b", "strong"])
        ):
            self.children(tag)
            return
        raw = tag.get_text()
        words = " ".join(raw.split())
        if words:
            lead, tail = (" " if raw[0].isspace() else ""), (" " if raw[-1].isspace() else "")
            self.line.append(f"{lead}{mark}{words}{mark}{tail}")

    def pre(self, tag: Any) -> None:
        self.flush()
        for line_break in tag.find_all("br"):
            line_break.replace_with("\n")
        code = tag.get_text().strip("\n")
        if code.strip():
            ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
            body = f"{ticks}\n{code}\n{ticks}".replace("\n", "\n" + self.indent)
            self.parts.append(f"\n\n{self.indent}{body}\n\n")

    def list(self, tag: Any, *, ordered: bool) -> None:
        self.flush()
        outer, outer_prefix = self.indent, self.prefix
        start = tag.get("start", "1")
        number = int(start) if ordered and str(start).isdigit() else 1
        nested = tag.find_parent(["ul", "ol"]) is not None
        for nth, item in enumerate(child for child in tag.children if getattr(child, "name", None)):
            if item.name != "li":
                self.element(item)
                continue
            mark = f"{number}. " if ordered else "- "
            number += 1
            self.tight = nested or nth > 0
            self.prefix, self.indent = outer + mark, outer + " " * len(mark)
            self.children(item)
            self.flush()
            self.indent = outer
        self.prefix = outer or outer_prefix
        if not nested:
            self.tight = False
            self.parts.append("\n\n")

    def table(self, tag: Any) -> None:
        from mlprep_bot.knowledge.office import table

        self.flush()
        rows = []
        for row in tag.find_all("tr"):
            if row.find_parent("table") is tag:
                rows.append([_words(cell) for cell in row.find_all(["td", "th"]) if cell.find_parent("tr") is row])
        words = table(rows)
        if words:
            self.parts.append(f"\n\n{words}\n\n")

    def math(self, tag: Any) -> None:
        """MathML by the LaTeX that it was made from, when it says so."""
        source = tag.find("annotation", attrs={"encoding": re.compile("tex", re.I)})
        latex = source.get_text().strip() if source is not None else tag.get("alttext", "")
        if latex:
            display = tag.get("display") == "block"
            self.line.append(f"$${latex}$$" if display else f"${latex}$")
        else:
            self.line.append(" ".join(tag.get_text(" ").split()))
