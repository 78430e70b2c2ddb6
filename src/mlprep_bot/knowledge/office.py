"""DOCX and PPTX as Markdown-like text."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


def read_docx(data: bytes) -> tuple[str, str]:
    """Paragraphs, lists, tables and text boxes in their order, then footnotes; heading styles become `#`."""
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(data))
    numbering = _Numbering(document)
    parts: list[str] = []
    listed = False
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts.append(table([[_cell_text(cell) for cell in _row_cells(row)] for row in block.rows]))
            listed = False
            continue
        mark = numbering.mark(block)
        text = _docx_paragraph(block, mark)
        if text and mark and listed:
            parts[-1] += "\n" + text
        elif text:
            parts.append(text)
        boxes = list(_boxes(block))
        parts += boxes
        listed = (bool(mark) if text else listed) and not boxes
    parts += _footnotes(document)
    title = document.core_properties.title or ""
    return title.strip(), "\n\n".join(part for part in parts if part)


class _Numbering:
    """Word keeps list numbers out of the text; this counts them again: `2. `, or `- ` for bullets."""

    def __init__(self, document: Any) -> None:
        from docx.oxml.ns import qn

        self.qn = qn
        self.counts: dict[tuple[int, int], int] = {}
        self.formats: dict[tuple[int, int], str] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {entry.get(qn("w:abstractNumId")): entry for entry in root.findall(qn("w:abstractNum"))}
        for number in root.findall(qn("w:num")):
            reference = number.find(qn("w:abstractNumId"))
            definition = abstract.get(reference.get(qn("w:val"))) if reference is not None else None
            for level in definition.findall(qn("w:lvl")) if definition is not None else ():
                form = level.find(qn("w:numFmt"))
                key = int(number.get(qn("w:numId"))), int(level.get(qn("w:ilvl")))
                self.formats[key] = form.get(qn("w:val")) if form is not None else "decimal"

    def mark(self, paragraph: Any) -> str:
        """The list mark of a paragraph with its indentation; "" for ordinary ones and headings."""
        found = self.place(paragraph)
        if found is None or not words_of(paragraph._p).strip():
            return ""
        number, level = found
        for deeper in [key for key in self.counts if key[0] == number and key[1] > level]:
            del self.counts[deeper]
        indent = "   " * level
        if self.formats.get((number, level), "bullet") in {"bullet", "none"}:
            return f"{indent}- "
        self.counts[number, level] = self.counts.get((number, level), 0) + 1
        return f"{indent}{self.counts[number, level]}. "

    def place(self, paragraph: Any) -> tuple[int, int] | None:
        """(numId, level) of the paragraph or the style it is based on."""
        style = paragraph.style
        properties = paragraph._p.pPr
        while True:
            numbered = properties.find(self.qn("w:numPr")) if properties is not None else None
            identity = numbered.find(self.qn("w:numId")) if numbered is not None else None
            if numbered is not None and identity is not None:
                level = numbered.find(self.qn("w:ilvl"))
                number = int(identity.get(self.qn("w:val")))
                return (number, int(level.get(self.qn("w:val"))) if level is not None else 0) if number else None
            if style is None:
                return None
            properties = style.element.find(self.qn("w:pPr"))
            style = style.base_style


def _row_cells(row: Any) -> list[Any]:
    """A row's cells, merged ones once."""
    cells: list[Any] = []
    for cell in row.cells:
        if not cells or cell._tc is not cells[-1]._tc:
            cells.append(cell)
    return cells


def _docx_paragraph(paragraph: Any, mark: str) -> str:
    """One paragraph with its heading level, list mark and bold whole-line emphasis."""
    text = words_of(paragraph._p).strip()
    if not text:
        return ""
    style = str((paragraph.style.name if paragraph.style is not None else "") or "")
    level = next((int(word) for word in style.split() if style.lower().startswith("heading") and word.isdigit()), 0)
    if style == "Title":
        level = 1
    if level:
        return f"{'#' * min(level, 6)} {mark.strip('- ') + ' ' if mark.strip('- ') else ''}{' '.join(text.split())}"
    runs = [run for run in paragraph.runs if run.text.strip()]
    if runs and all(run.bold for run in runs) and len(text) < 300 and "\n" not in text:
        text = f"**{text}**"
    return mark + text


def _name(element: Any) -> str:
    """An element's name without its namespace; a comment has none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def words_of(element: Any) -> str:
    """The text of a paragraph or a part of it, with links, formulas and marks of footnotes; text boxes stand apart."""
    said: list[str] = []
    for child in element:
        name = _name(child)
        if name == "t":
            said.append(child.text or "")
        elif name in {"br", "cr"}:
            said.append("\n")
        elif name in {"tab", "ptab"}:
            said.append("\t")
        elif name == "noBreakHyphen":
            said.append("-")
        elif name in {"oMath", "oMathPara"}:
            said.append(f"${formula(child).strip()}$")
        elif name in {"footnoteReference", "endnoteReference"}:
            said.append(f"[^{name[0]}{_attribute(child, 'id')}]")
        elif name not in {
            "del",
            "moveFrom",
            "drawing",
            "pict",
            "object",
            "AlternateContent",
            "pPr",
            "rPr",
            "instrText",
        }:
            said.append(words_of(child))
    return "".join(said)


def _attribute(element: Any, name: str) -> str:
    return next((str(value) for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def formula(element: Any) -> str:
    """Office's formula on one line: fractions, powers, indices and roots as in LaTeX, the rest as its letters."""
    name = _name(element)
    if name == "t":
        return element.text or ""
    parts = {_name(child): formula(child) for child in element if not _name(child).endswith("Pr")}
    if name == "f":
        return f"\\frac{{{parts.get('num', '')}}}{{{parts.get('den', '')}}}"
    if name in {"sSup", "sSub", "sSubSup", "nary"}:
        base = parts.get("e", "")
        sub, sup = parts.get("sub", ""), parts.get("sup", "")
        marks = (f"_{{{sub}}}" if sub else "") + (f"^{{{sup}}}" if sup else "")
        return f"{_sign(element)}{marks} {base}" if name == "nary" else base + marks
    if name == "rad":
        return f"\\sqrt{{{parts.get('e', '')}}}"
    inner = "".join(formula(child) for child in element if not _name(child).endswith("Pr"))
    return f"({inner})" if name == "d" else inner


def _sign(nary: Any) -> str:
    sign = next((_attribute(e, "val") for e in nary.iter() if _name(e) == "chr"), "∫")
    return {"∑": "\\sum", "∏": "\\prod", "∫": "\\int"}.get(sign, sign)


def _boxes(paragraph: Any) -> Iterator[str]:
    """The paragraphs of the text boxes that hang on a paragraph; Word writes each a second time for old programs."""
    for box in paragraph._p.iter():
        if _name(box) == "txbxContent" and not any(_name(outer) == "Fallback" for outer in box.iterancestors()):
            yield from filter(None, (words_of(p).strip() for p in box.iter() if _name(p) == "p"))


def _footnotes(document: Any) -> list[str]:
    """`[^f2]: …`, as the text refers to them."""
    from docx.oxml import parse_xml

    found: list[str] = []
    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if kind not in {"footnotes", "endnotes"} or relation.is_external:
            continue
        for note in parse_xml(relation.target_part.blob):
            words = " ".join(" ".join(words_of(p) for p in note.iter() if _name(p) == "p").split())
            if words and not _attribute(note, "type"):
                found.append(f"[^{kind[0]}{_attribute(note, 'id')}]: {words}")
    return found


def _cell_text(cell: Any) -> str:
    return "\n".join(words_of(p) for p in cell._tc.iter() if _name(p) == "p")


def table(rows: list[list[str]]) -> str:
    """Rows of cells as a Markdown table; a single column becomes paragraphs."""
    rows = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    if width == 1:
        return "\n\n".join(row[0].replace("\\|", "|") for row in rows)
    padded = [row + [""] * (width - len(row)) for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in padded]
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def read_pptx(data: bytes) -> tuple[str, str]:
    """Each slide's title as a `##` heading, its text, tables and speaker notes."""
    import pptx

    deck = pptx.Presentation(io.BytesIO(data))
    parts: list[str] = []
    for slide in deck.slides:
        title = slide.shapes.title
        if title is not None and title.has_text_frame and title.text_frame.text.strip():
            parts.append("## " + " ".join(title.text_frame.text.split()))
        for shape in slide.shapes:
            if title is None or shape.shape_id != title.shape_id:
                parts += _pptx_shape(shape)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            if notes:
                parts.append(notes.replace("\v", "\n"))
    return (deck.core_properties.title or "").strip(), "\n\n".join(part for part in parts if part)


def _pptx_shape(shape: Any) -> list[str]:
    if getattr(shape, "shapes", None) is not None:
        return [part for inner in shape.shapes for part in _pptx_shape(inner)]
    if getattr(shape, "has_table", False) and shape.has_table:
        return [table([[cell.text for cell in row.cells] for row in shape.table.rows])]
    if not getattr(shape, "has_text_frame", False):
        return []
    lines = []
    paragraphs = [p for p in shape.text_frame.paragraphs if p.text.strip()]
    for paragraph in paragraphs:
        text = paragraph.text.strip().replace("\v", "\n")
        lines.append(f"{'  ' * paragraph.level}- {text}" if len(paragraphs) > 1 else text)
    return ["\n".join(lines)]
