"""HTML, EPUB and notebooks, each to (title, Markdown-like text).

Thin uses of the libraries under LlamaIndex's file readers, here and in `pdf` and `office`. The readers themselves
were tried (0.7) and lose what we need, so they are no dependency: DocxReader loses headings and the shape of tables,
HTMLTagReader keeps one kind of tag and no code, PptxReader writes each title twice and marks no heading, IPYNBReader
needs nbconvert, PDFReader adds nothing to pypdf, EpubReader needs EbookLib, which is AGPL.
"""

from __future__ import annotations

import io
import json
from typing import Any

Extracted = tuple[str, str]


class FormatError(Exception):
    """What is wrong with a file's content, and what mends it."""

    def __init__(self, seen: str, fix: str) -> None:
        self.seen, self.fix = seen, fix
        super().__init__(seen)


def read_html(data: bytes | str) -> Extracted:
    """Headings, lists, code, tables and paragraphs of a page as Markdown; scripts, styles and navigation dropped."""
    from mlprep_bot.knowledge.html import html_to_markdown

    return html_to_markdown(data)


def read_epub(data: bytes) -> Extracted:
    """The book's chapters in the order of its spine.

    Read here rather than by EbookLib, which LlamaIndex uses: that is AGPL, and gives up on a missing
    cover or table of contents.
    """
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        container = _xml(archive.read("META-INF/container.xml"))
        root = container.find("rootfile")
        if root is None or not root.get("full-path"):
            raise FormatError("not an EPUB (its container names no package).", "Convert it again from its source.")
        path = str(root["full-path"])
        package = _xml(archive.read(path))
        if "META-INF/encryption.xml" in archive.namelist() and "EncryptedKey" in archive.read(
            "META-INF/encryption.xml"
        ).decode("utf-8", "replace"):
            raise FormatError("protected by DRM.", "Use a copy without it.")
        texts = [read_html(archive.read(name))[1] for name in _spine(package, path, set(archive.namelist()))]
    title = package.find("title")
    return title.get_text(" ", strip=True) if title else "", "\n\n".join(
        text.strip("\n") for text in texts if text.strip()
    )


def _xml(data: bytes) -> Any:
    from bs4 import BeautifulSoup

    return BeautifulSoup(data, "xml")


def _spine(package: Any, path: str, names: set[str]) -> list[str]:
    """The archive's names of the chapters in reading order, without the navigation page."""
    import posixpath
    from urllib.parse import unquote

    folder = posixpath.dirname(path)
    items = {item.get("id"): item for item in package.find_all("item")}
    found: list[str] = []
    for reference in package.find_all("itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "nav" in (item.get("properties") or "").split():
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))
        if name in names and "html" in (item.get("media-type") or "html"):
            found.append(name)
    return found


def read_notebook(text: str) -> Extracted:
    """Markdown cells as they are, code cells as fenced code. Outputs are left out: they hold data, not explanations."""
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
    ticks = "`" * max(
        3, 1 + max((len(run) for run in source.replace("`", " `").split() if not run.strip("`")), default=0)
    )
    return f"{ticks}{language}\n{source}\n{ticks}"


def _is_prose(source: str) -> bool:
    """Whether a code cell holds a sentence instead of code."""
    import ast

    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        first = source.strip().splitlines()[0]
        return (
            not first.startswith(("%", "!", "#", "?"))
            and len(first.split()) >= 4
            and source.rstrip().endswith(("?", "."))
        )
    return False
