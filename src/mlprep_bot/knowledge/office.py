"""DOCX and PPTX as Markdown-like text."""

from __future__ import annotations

import io
from typing import Any


def read_docx(data: bytes) -> tuple[str, str]:
    """Paragraphs, lists and tables in the order of the document; heading styles become `#`."""
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(data))
    numbering = _Numbering(document)
    parts: list[str] = []
    listed = False
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts.append(table([[cell.text for cell in _row_cells(row)] for row in block.rows]))
            listed = False
            continue
        mark = numbering.mark(block)
        text = _docx_paragraph(block, mark)
        if not text:
            continue
        if mark and listed:
            parts[-1] += "\n" + text
        else:
            parts.append(text)
        listed = bool(mark)
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
        if found is None or not paragraph.text.strip():
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
    text = str(paragraph.text).strip()
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
