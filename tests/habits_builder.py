"""Documents of many habits, written down as text and built into the files that people have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Habit:
    """A document with the number of questions that a careful person finds in it, and how many are answered."""

    name: str
    found: int
    answered: int
    text: str

    def build(self, folder: Path) -> Path:
        path = folder / self.name
        {".docx": _docx, ".pptx": _pptx, ".pdf": _pdf, ".ipynb": _notebook}.get(path.suffix, _plain)(path, self.text)
        return path


def habits(path: Path) -> Iterator[Habit]:
    """The documents of a collection: each begins with `%%%% name found answered`."""
    for part in re.split(r"^%%%% ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, text = part.partition("\n")
        name, found, answered = head.split()
        yield Habit(name, int(found), int(answered), text)


def _plain(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _notebook(path: Path, text: str) -> None:
    """`md: …` and `code: …` lines as cells."""
    cells = []
    for line in text.splitlines():
        kind, _, source = line.partition(": ")
        cell = {
            "cell_type": "markdown" if kind == "md" else "code",
            "metadata": {},
            "source": source.replace("\\n", "\n"),
        }
        cells.append(cell if kind == "md" else cell | {"outputs": [], "execution_count": 1})
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def _docx(path: Path, text: str) -> None:
    """`Title: `, `Heading 1: `, `N: ` (numbered by Word) and `B: ` (bold) say how a line looks."""
    import docx

    document = docx.Document()
    for line in text.splitlines():
        kind, mark, words = line.partition(": ")
        if not mark or kind not in {"Title", "Heading 1", "N", "B"}:
            document.add_paragraph(line)
        elif kind == "B":
            document.add_paragraph().add_run(words).bold = True
        else:
            document.add_paragraph(words, style="List Number" if kind == "N" else kind)
    document.save(str(path))


def _pptx(path: Path, text: str) -> None:
    """`Slide: ` begins a slide with its title; the lines below are its text."""
    import pptx

    deck = pptx.Presentation()
    for part in re.split(r"^Slide: ", text, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = "\n".join(line.removeprefix("- ") for line in body.strip().splitlines())
    deck.save(str(path))


def _pdf(path: Path, text: str) -> None:
    """A page with a running head, lines wrapped by the page's width, and a page number."""
    from fpdf import FPDF

    class Page(FPDF):
        def header(self) -> None:
            self.set_font("helvetica", size=9)
            self.cell(0, 8, "ML Handbook", new_x="LMARGIN", new_y="NEXT")

        def footer(self) -> None:
            self.set_y(-15)
            self.cell(0, 8, f"Page {self.page_no()}")

    pdf = Page(format=(148, 210))
    pdf.add_page()
    for line in text.splitlines():
        pdf.set_font("helvetica", size=14)
        pdf.multi_cell(0, 8, line, new_x="LMARGIN", new_y="NEXT")
    pdf.output(str(path))
