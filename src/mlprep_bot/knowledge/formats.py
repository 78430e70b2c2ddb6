"""PDF, DOCX, PPTX, HTML, EPUB and notebooks, each to (title, Markdown-like text).

Thin uses of the libraries that LlamaIndex's file readers wrap too. The wrappers were tried and lose text that we
need: DocxReader (docx2txt) drops headings and flattens tables, PptxReader wants torch and a captioning model,
HTMLTagReader and EpubReader drop pre-formatted code or heading levels, IPYNBReader needs nbconvert and a pandoc-like
tool chain and hands back one script, PDFReader needs a path and says nothing of passwords.
"""

from __future__ import annotations

import io
import json
import time
from typing import Any

Extracted = tuple[str, str]
_PDF_SECONDS = 120.0  # a page that loops in the parser must not hold up the other documents for ever
_PDF_PAGES = 5000


class FormatError(Exception):
    """What is wrong with a file's content, and what mends it."""

    def __init__(self, seen: str, fix: str) -> None:
        self.seen, self.fix = seen, fix
        super().__init__(seen)


def read_pdf(data: bytes) -> Extracted:
    """The text of every page, a blank line between pages. A page that cannot be read is left out if others can."""
    import logging

    import pypdf
    from pypdf.errors import FileNotDecryptedError, PdfReadError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if b"%PDF-" not in data[:1024]:
        raise FormatError("not a PDF file (its first bytes are not `%PDF-`).", "Give it the suffix of its real format.")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise FormatError("protected with a password.", "Save a copy without one (`qpdf --decrypt in.pdf out.pdf`).")
        total = len(reader.pages)
    except FileNotDecryptedError as error:
        raise FormatError("protected with a password.", "Save a copy without one (`qpdf --decrypt in.pdf out.pdf`).") from error
    except (PdfReadError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(
            f"damaged PDF ({' '.join(str(error).split())[:120]}).", "Download it again, or print it to a new PDF."
        ) from error
    pages, errors = _pdf_pages(reader, min(total, _PDF_PAGES))
    if not any(page.strip() for page in pages):
        if errors:
            raise FormatError(f"no page of {total} could be read ({errors[0]}).", "Print it to a new PDF.")
        raise FormatError(
            f"{total} pages without text, so it is probably a scan.",
            "Run OCR over it (for example `ocrmypdf in.pdf out.pdf`) and index the result.",
        )
    title = str((reader.metadata or {}).get("/Title") or "") if reader.metadata else ""
    return title.strip(), "\n\n".join(page.strip("\n") for page in pages if page.strip())


def _pdf_pages(reader: Any, count: int) -> tuple[list[str], list[str]]:
    pages: list[str] = []
    errors: list[str] = []
    until = time.monotonic() + _PDF_SECONDS
    for number in range(count):
        if time.monotonic() > until:
            raise FormatError(f"took more than {_PDF_SECONDS:.0f} s up to page {number}.", "Print it to a new PDF.")
        try:
            pages.append(reader.pages[number].extract_text() or "")
        except Exception as error:  # boundary: one broken page must not cost the others
            errors.append(f"page {number + 1}: {' '.join(str(error).split())[:80] or type(error).__name__}")
    return pages, errors


def read_docx(data: bytes) -> Extracted:
    """Paragraphs, lists and tables in the order of the document; heading styles become `#`."""
    import docx
    from docx.table import Table

    document = docx.Document(io.BytesIO(data))
    parts: list[str] = []
    listed = False
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts.append(table([[cell.text for cell in _row_cells(row)] for row in block.rows]))
            listed = False
            continue
        text = _docx_paragraph(block)
        if not text:
            continue
        is_item = text.lstrip().startswith("- ")
        if is_item and listed:
            parts[-1] += "\n" + text
        else:
            parts.append(text)
        listed = is_item
    title = document.core_properties.title or ""
    return title.strip(), "\n\n".join(parts)


def _row_cells(row: Any) -> list[Any]:
    """A row's cells, merged ones once."""
    cells: list[Any] = []
    for cell in row.cells:
        if not cells or cell._tc is not cells[-1]._tc:
            cells.append(cell)
    return cells


def _docx_paragraph(paragraph: Any) -> str:
    """One paragraph with its heading level, list mark and bold whole-line emphasis."""
    text = paragraph.text.strip()
    if not text:
        return ""
    style = (paragraph.style.name if paragraph.style is not None else "") or ""
    level = next((int(word) for word in style.split() if style.startswith("Heading") and word.isdigit()), 0)
    if style == "Title":
        level = 1
    if level:
        return f"{'#' * min(level, 6)} {' '.join(text.split())}"
    runs = [run for run in paragraph.runs if run.text.strip()]
    if runs and all(run.bold for run in runs) and len(text) < 300 and "\n" not in text:
        text = f"**{text}**"
    properties = paragraph._p.pPr
    numbered = properties is not None and properties.numPr is not None
    if style.startswith("List Bullet") or style.startswith("List Number") or numbered:
        return f"- {text}"
    return text


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


def read_pptx(data: bytes) -> Extracted:
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


def read_html(data: bytes | str) -> Extracted:
    """Headings, lists, code, tables and paragraphs of a page as Markdown; scripts, styles and navigation dropped."""
    from mlprep_bot.knowledge.html import html_to_markdown

    return html_to_markdown(data)


def read_epub(data: bytes) -> Extracted:
    """The book's chapters in the order of its spine."""
    import tempfile
    import warnings
    from pathlib import Path

    from ebooklib import ITEM_DOCUMENT, epub

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder, "book.epub")
        path.write_bytes(data)
        book = epub.read_epub(str(path), options={"ignore_ncx": True})
    ordered = [book.get_item_with_id(entry[0] if isinstance(entry, tuple) else entry) for entry in book.spine]
    chapters = [item for item in ordered if item is not None and item.get_type() == ITEM_DOCUMENT]
    if not chapters:
        chapters = list(book.get_items_of_type(ITEM_DOCUMENT))
    texts = [read_html(item.get_content())[1] for item in chapters if not isinstance(item, epub.EpubNav)]
    titles = book.get_metadata("DC", "title")
    return (str(titles[0][0]) if titles else "").strip(), "\n\n".join(text for text in texts if text.strip())


def read_notebook(text: str) -> Extracted:
    """Markdown cells as they are, code cells as fenced code. Outputs are left out: they repeat data, not explanations."""
    try:
        notebook = json.loads(text)
    except ValueError as error:
        raise FormatError(
            f"not a notebook (its JSON is broken: {error}).", "Open it in Jupyter and save it again."
        ) from error
    cells = _cells(notebook)
    if cells is None:
        raise FormatError("not a notebook (JSON without `cells`).", "Open it in Jupyter and save it again.")
    metadata = notebook.get("metadata") if isinstance(notebook.get("metadata"), dict) else {}
    language = str((metadata.get("language_info") or metadata.get("kernelspec") or {}).get("language") or
                   (metadata.get("language_info") or {}).get("name") or "python")  # fmt: skip
    parts = [_cell(cell, language) for cell in cells if isinstance(cell, dict)]
    return str(metadata.get("title") or ""), "\n\n".join(part for part in parts if part)


def _cells(notebook: Any) -> list[Any] | None:
    """The cells of format 4, or of the worksheets of format 3."""
    if not isinstance(notebook, dict):
        return None
    if isinstance(notebook.get("cells"), list):
        return list(notebook["cells"])
    sheets = notebook.get("worksheets")
    if isinstance(sheets, list):
        return [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or []]
    return None


def _cell(cell: dict[str, Any], language: str) -> str:
    source = cell.get("source", cell.get("input", ""))
    source = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
    source = source.replace("\r\n", "\n").strip("\n")
    kind = cell.get("cell_type")
    if not source.strip():
        return ""
    if kind == "heading":
        return f"{'#' * int(cell.get('level') or 1)} {source}"
    if kind != "code":
        return source
    if _is_prose(source):
        return source  # people type questions into code cells
    ticks = "`" * max(3, 1 + max((len(run) for run in source.replace("`", " `").split() if not run.strip("`")), default=0))
    return f"{ticks}{language}\n{source}\n{ticks}"


def _is_prose(source: str) -> bool:
    """Whether a code cell holds a sentence instead of code."""
    import ast

    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        first = source.strip().splitlines()[0]
        return not first.startswith(("%", "!", "#", "?")) and len(first.split()) >= 4 and source.rstrip().endswith(("?", "."))
    return False
