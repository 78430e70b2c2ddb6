"""PDF to (title, text), in a child process: a page that loops in the parser, or eats the memory, costs one document.

Starting the child costs about 0.3 s, where a paper of 20 pages takes the parser one or two.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from mlprep_bot.knowledge.formats import FormatError

SECONDS = 120.0
PAGES = 5000
_MEMORY = 3 * 2**30  # bytes of address space that the child may take
_PRINT = "Print it to a new PDF, or split it."


def read_pdf(data: bytes, seconds: float = SECONDS) -> tuple[str, str]:
    """The text of every page, a blank line between pages. A page that cannot be read is left out if others can.

    Raises FormatError, also for a document that takes more than `seconds` or too much memory.
    """
    if b"%PDF-" not in data[:1024]:
        raise FormatError("not a PDF file (its first bytes are not `%PDF-`).", "Give it the suffix of its real format.")
    try:
        child = subprocess.run(
            [sys.executable, "-m", "mlprep_bot.knowledge.pdf"],
            input=data,
            capture_output=True,
            timeout=seconds,
            check=False,
            # The folder that the program is started in must not be able to replace a library.
            env=os.environ | {"PYTHONSAFEPATH": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise FormatError(f"took more than {seconds:.0f} s to read.", _PRINT) from error
    try:
        said = json.loads(child.stdout)
    except ValueError as error:
        last = child.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:160]
        raise FormatError(f"the PDF parser died of it ({last or child.returncode}).", _PRINT) from error
    if "seen" in said:
        raise FormatError(said["seen"], said["fix"])
    return said["title"], said["text"]


def _main() -> None:
    """The child: a PDF on stdin, JSON with its text or with what is wrong on stdout."""
    try:
        import resource  # not on Windows
    except ImportError:
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        title, text = _parsed(sys.stdin.buffer.read())
        said = {"title": title, "text": text}
    except FormatError as error:
        said = {"seen": error.seen, "fix": error.fix}
    except MemoryError:
        said = {"seen": f"takes more than {_MEMORY / 2**30:.0f} GB to read.", "fix": _PRINT}
    json.dump(said, sys.stdout)


def _parsed(data: bytes) -> tuple[str, str]:
    import logging

    import pypdf
    from pypdf.errors import FileNotDecryptedError, PdfReadError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    locked = FormatError("protected with a password.", "Save a copy without one (`qpdf --decrypt in.pdf out.pdf`).")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise locked
        total = len(reader.pages)
    except FileNotDecryptedError as error:
        raise locked from error
    except (PdfReadError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"damaged PDF ({' '.join(str(error).split())[:120]}).", "Download it again, or print it to a new PDF."
        ) from error
    if total > PAGES:
        raise FormatError(f"{total:,} pages, more than {PAGES:,}.", "Split the file into smaller ones.")
    pages, errors = _pages(reader, total)
    if not any(page.strip() for page in pages):
        if errors:
            raise FormatError(f"no page of {total} could be read ({errors[0]}).", "Print it to a new PDF.")
        raise FormatError(
            f"{total} pages without text, so it is probably a scan.",
            "Run OCR over it (for example `ocrmypdf in.pdf out.pdf`) and index the result.",
        )
    title = str(reader.metadata.title or "") if reader.metadata else ""
    return title.strip(), "\n\n".join(page.strip("\n") for page in without_running_heads(pages) if page.strip())


def _pages(reader: Any, count: int) -> tuple[list[str], list[str]]:
    pages: list[str] = []
    errors: list[str] = []
    for number in range(count):
        try:
            pages.append(reader.pages[number].extract_text() or "")
        except MemoryError:
            raise
        except Exception as error:  # boundary: one broken page must not cost the others
            errors.append(f"page {number + 1}: {' '.join(str(error).split())[:80] or type(error).__name__}")
    return pages, errors


def without_running_heads(pages: Sequence[str]) -> list[str]:
    """The pages without the lines at their very top and bottom that most of them share but for a page number."""

    def key(line: str) -> str:
        return re.sub(r"\d+", "#", " ".join(line.split()))

    split = [[line for line in page.split("\n") if line.strip()] for page in pages]
    heads = Counter(key(lines[0]) for lines in split if lines)
    feet = Counter(key(lines[-1]) for lines in split if len(lines) > 1)
    least = max(3, len([lines for lines in split if lines]) // 2)
    if len(pages) < 3:
        least = 1 << 30
    kept: list[str] = []
    for page in pages:
        lines = page.strip("\n").split("\n")
        if lines and heads[key(lines[0])] >= least:
            del lines[0]
        while lines and not lines[-1].strip():
            lines.pop()
        if lines and feet[key(lines[-1])] >= least:
            lines.pop()
        kept.append("\n".join(lines).strip("\n"))
    return kept


if __name__ == "__main__":
    _main()
