"""Files of any kind to Documents.

Every format becomes Markdown-like text with `#` headings, so that questions and sections are found in
the same way everywhere. Nothing here raises anything but UnreadableDocument, in one line.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from mlprep_bot.domain import Document
from mlprep_bot.errors import UnreadableDocument
from mlprep_bot.knowledge.cards import is_card

if TYPE_CHECKING:
    from mlprep_bot.knowledge.formats import Extracted

READER_VERSION = "2"  # change it when a file would give another text: every file is then read again
EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        ".md": "markdown",
        ".markdown": "markdown",
        ".txt": "text",
        ".text": "text",
        ".rst": "text",
        ".pdf": "pdf",
        ".docx": "docx",
        ".pptx": "pptx",
        ".html": "html",
        ".htm": "html",
        ".xhtml": "html",
        ".epub": "epub",
        ".ipynb": "notebook",
    }
)
LARGEST_FILE = 200 * 2**20  # bytes; above it a file is no reading matter
LARGEST_TEXT = 20_000_000  # characters; a larger text is a data dump
_LARGEST_UNZIPPED = 500 * 2**20  # bytes that a DOCX, PPTX or EPUB may unfold to


def list_files(root: Path) -> Iterator[Path]:
    """Files of known kinds under `root` (or `root` itself), sorted by path; hidden ones and symlink loops are skipped.

    A `README.md` beside or above corpus cards teaches how to write them and is no reading matter.
    """
    if root.is_file():
        yield root
        return
    seen: set[tuple[int, int]] = set()
    found: list[Path] = []
    for folder, folders, names in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        key = (status.st_dev, status.st_ino)
        if key in seen:
            folders.clear()
            continue
        seen.add(key)
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in names:
            path = Path(folder, name)
            if not name.startswith((".", "~$")) and path.suffix.lower() in EXTENSIONS and path.is_file():
                found.append(path)
    yield from sorted(path for path in found if not _about_cards(path, found))


def _about_cards(path: Path, found: list[Path]) -> bool:
    if path.name.upper() not in {"README.MD", "REVIEW.MD"}:
        return False
    beside = [other for other in found if other != path and path.parent in other.parents and other.suffix == ".md"]
    return any(_is_card_file(other) for other in beside[:20])


def _is_card_file(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_card(file.read(65536).decode("utf-8", "replace").replace("\r\n", "\n"))
    except OSError:
        return False


def read_document(path: Path, name: str) -> Document:
    """The file's text as a Document named `name`. Raises UnreadableDocument."""
    kind = EXTENSIONS.get(path.suffix.lower())
    if kind is None:
        known = " ".join(sorted(EXTENSIONS))
        raise UnreadableDocument(f"{name}: unknown kind of file `{path.suffix}`.", f"Known are {known}.")
    data = _bytes(path, name)
    title, raw = _extracted(kind, data, name)
    text = clean(raw)
    if not text.strip():
        raise UnreadableDocument(f"{name}: no text in it.", _no_text(kind))
    if len(text) > LARGEST_TEXT:
        raise UnreadableDocument(
            f"{name}: {len(text):,} characters of text, more than {LARGEST_TEXT:,}.",
            "Split the file into smaller ones.",
        )
    if kind == "markdown" and is_card(text):
        kind = "card"
    return Document(name=name, text=text, kind=kind, title=title or _title(text, name))


def clean(text: str) -> str:
    """`text` with `\\n` line ends and without byte-order marks, NULs, other control characters and lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    text = (
        re.sub("[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\u200b\u2060]", "", text)
        .replace("\x0b", "\n")
        .replace("\x0c", "\n\n")
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def _no_text(kind: str) -> str:
    if kind == "pdf":
        return "It is probably a scan: run OCR over it (for example `ocrmypdf in.pdf out.pdf`) and index the result."
    return "Remove the file, or write something in it."


def _bytes(path: Path, name: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise UnreadableDocument(
                f"{name}: {size / 2**20:.0f} MB, more than {LARGEST_FILE / 2**20:.0f} MB.",
                "Split the file into smaller ones.",
            )
        data = path.read_bytes()
    except PermissionError as error:
        raise UnreadableDocument(f"{name}: no permission to read it.", f"Allow it: chmod u+r '{path}'.") from error
    except OSError as error:
        raise UnreadableDocument(
            f"{name}: cannot be opened ({error.strerror or error}).", "Check that the file is still there."
        ) from error
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise UnreadableDocument(f"{name}: the file is empty.", "Remove it, or write something in it.")
    return data


def _extracted(kind: str, data: bytes, name: str) -> Extracted:
    from mlprep_bot.knowledge import formats, office, pdf  # here, not above: the formats' libraries are slow to import

    if kind in {"markdown", "text"}:
        return "", decode(data, name)
    read: Mapping[str, Callable[[bytes], Extracted]] = {
        "pdf": pdf.read_pdf,
        "docx": office.read_docx,
        "pptx": office.read_pptx,
        "html": formats.read_html,
        "epub": formats.read_epub,
        "notebook": lambda data: formats.read_notebook(decode(data, name)),
    }
    if kind in {"docx", "pptx", "epub"}:
        _check_zip(data, name, kind)
    try:
        return read[kind](data)
    except formats.FormatError as error:
        raise UnreadableDocument(f"{name}: {error.seen}", error.fix) from error
    except (ImportError, MemoryError):
        raise  # our own trouble, not the file's
    except RecursionError as error:
        raise UnreadableDocument(f"{name}: nested too deeply to be read.", "Save it again from its program.") from error
    except Exception as error:  # boundary: what a damaged file makes a parser raise cannot be listed
        what = " ".join(str(error).split())[:160] or type(error).__name__
        raise UnreadableDocument(
            f"{name}: damaged or no {kind.upper()} file ({what}).", "Open it in its program and save it again."
        ) from error


def _check_zip(data: bytes, name: str, kind: str) -> None:
    """A DOCX, PPTX or EPUB is a zip archive: whole, and not a bomb."""
    import io

    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise UnreadableDocument(
            f"{name}: protected with a password, or in the old binary Office format.",
            f"Open it, remove the password and save it as .{kind}.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnreadableDocument(
            f"{name}: not a whole {kind.upper()} file (its zip archive is broken: {error}).",
            "It may have been cut off while copying: copy or download it again.",
        ) from error
    size = sum(info.file_size for info in infos)
    if size > _LARGEST_UNZIPPED or len(infos) > 20_000:
        raise UnreadableDocument(
            f"{name}: unfolds to {size / 2**20:,.0f} MB in {len(infos):,} parts, which no document needs.",
            "Remove the file, or save a smaller one.",
        )


def decode(data: bytes, name: str) -> str:
    """Bytes of a text file as text: UTF-8, UTF-16 or UTF-32 with a mark, else Windows-1252.

    Raises UnreadableDocument.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding, name)
    sample = data[:65536]
    for encoding, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros, others = sample[offset::2].count(0), sample[1 - offset :: 2].count(0)
        if len(sample) > 8 and zeros > len(sample) * 0.4 and others < len(sample) * 0.1:  # letters of two bytes each
            return _decoded(data[: len(data) // 2 * 2], encoding, name)
    if sample.count(0) > 1 + len(sample) // 1000:
        raise _binary(name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _legacy(data)
    odd = sum(1 for char in text[:65536] if (char < " " and char not in "\t\n\r\f\v\x1b\0") or "\x7f" <= char < "\xa0")
    if odd > max(2, len(text[:65536]) // 200):
        raise _binary(name)
    return text


_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)


def _decoded(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableDocument(
            f"{name}: marked as {encoding.upper()} but byte {error.start} is not.", "Save it again as UTF-8."
        ) from error


def _legacy(data: bytes) -> str:
    """Text in the encoding of older Windows programs; bytes that it leaves undefined are kept as Latin-1."""
    return data.decode("latin-1").translate(_CP1252)


_CP1252 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}


def _binary(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name}: holds binary data, not text.", "Remove it, or give it the suffix of its real format."
    )


_LISTED = re.compile(r"\s*(?:[-*+>|`]|[\w.]{1,4}[.)]\s|Q\w*\s*\d*\s*[:.])")
_TITLE_CHARS = 300


def _title(text: str, name: str) -> str:
    """The first heading, else a first line that stands as one, else the file's name."""
    heading = re.search(r"^[ \t]{0,3}#[ \t]+(.+?)[ \t#]*$", text[:20000], re.M)
    if heading:
        return heading[1].strip("*_: ")
    first, _, rest = text.lstrip().partition("\n")
    # A line that goes on in the next one, in small letters, is the beginning of a wrapped paragraph.
    goes_on = rest[:1] != "\n" and rest.lstrip()[:1].islower()
    if rest.strip() and len(first) <= _TITLE_CHARS and not goes_on and not _LISTED.match(first):
        return first.strip("*_: ") or Path(name).stem
    return Path(name).stem
