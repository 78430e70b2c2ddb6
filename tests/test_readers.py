"""Real files of every kind, whole and broken."""

# ruff: noqa: E501 - documents as data, one line each, are easier to compare

from __future__ import annotations

import io
import json
import os
import zipfile

import pytest

from mlprep_bot.errors import UnreadableDocument
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.readers import EXTENSIONS, clean, list_files, read_document


def read(path):
    document = read_document(path, path.name)
    assert not {"\r", "\0", "\ufeff"} & set(document.text)
    return document


def refused(path):
    with pytest.raises(UnreadableDocument) as caught:
        read_document(path, path.name)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert caught.value.fix
    return message


def pdf(lines, **options):
    from fpdf import FPDF

    writer = FPDF()
    if "password" in options:
        writer.set_encryption(owner_password="owner", user_password=options["password"])
    writer.add_page()
    writer.set_font("helvetica", size=11)
    for line in lines:
        writer.multi_cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    return bytes(writer.output())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("naïve – 中文".encode(), "naïve – 中文"),
        ("\ufeffmarked".encode(), "marked"),
        ("wide naïve".encode("utf-16"), "wide naïve"),
        ("big endian".encode("utf-16-be"), "big endian"),
        ("no mark, wide".encode("utf-16-le"), "no mark, wide"),
        (
            "caf\u00e9 \u201cquoted\u201d \u2013 10 \u20ac".encode("cp1252"),
            "caf\u00e9 \u201cquoted\u201d \u2013 10 \u20ac",
        ),
        (b"one\r\ntwo\rthree\0", "one\ntwo\nthree"),
    ],
)
def test_encodings(tmp_path, data, expected):
    path = tmp_path / "notes.txt"
    path.write_bytes(data)
    assert read(path).text == expected


def test_markdown_is_left_as_it_is(tmp_path):
    text = "# T\n\n$\\sum_i x_i$ and `x[1]` in [0,1]\n\n```python\nx  =  1\n```\n"
    path = tmp_path / "a.md"
    path.write_text(text, encoding="utf-8")
    document = read(path)
    assert (document.text, document.kind, document.title) == (text, "markdown", "T")


def test_docx(tmp_path):
    import docx

    path = tmp_path / "a.docx"
    document = docx.Document()
    document.add_heading("What is drift?", 1)
    document.add_paragraph("A change of the data.")
    document.add_paragraph("Covariate drift", style="List Bullet")
    document.add_paragraph("Label drift", style="List Bullet")
    table = document.add_table(2, 2)
    for n, words in enumerate(["kind", "cause", "seasonal", "a | calendar"]):
        table.cell(n // 2, n % 2).text = words
    document.add_heading("What is skew?", 1)
    document.add_paragraph().add_run("Two paths differ.").bold = True
    document.save(path)
    text = read(path).text
    assert "# What is drift?\n\nA change of the data.\n\n- Covariate drift\n- Label drift\n\n| kind | cause |" in text
    assert "| seasonal | a \\| calendar |" in text
    assert [q.text for q in find_questions(read(path)) if q.answered] == ["What is drift?", "What is skew?"]


def test_docx_counts_the_numbers_that_word_keeps_out_of_the_text(tmp_path):
    import docx

    path = tmp_path / "a.docx"
    document = docx.Document()
    for question, answer in [
        ("What is bias?", "An error of the mean."),
        ("What is variance?", "An error of the sample."),
    ]:
        document.add_paragraph(question, style="List Number")
        document.add_paragraph(answer)
    document.save(path)
    assert [q.text for q in find_questions(read(path)) if q.answered] == ["What is bias?", "What is variance?"]


def test_pptx_with_notes_and_table(tmp_path):
    import pptx
    from pptx.util import Inches

    path = tmp_path / "a.pptx"
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "What is a canary?"
    slide.placeholders[1].text = "A small share\nof the traffic"
    slide.notes_slide.notes_text_frame.text = "Mention the rollback."
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(3), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "step", "share"
    deck.save(path)
    text = read(path).text
    for words in (
        "## What is a canary?",
        "- A small share",
        "- of the traffic",
        "Mention the rollback.",
        "| step | share |",
    ):
        assert words in text
    (question,) = find_questions(read(path))
    assert question.answered


HTML = """<html><head><title>FAQ page</title><style>p {}</style><script>var hidden = 1;</script></head><body>
<nav>Menu</nav><h1>FAQ</h1><h2>What is <b>dropout</b>?</h2><p>It <code>zeroes</code> units,
see <a href="x">here</a>.</p><ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul><pre><code>a = [0, 1]
  if a:</code></pre><table><tr><th>p</th><th>use</th></tr><tr><td>0.5</td><td>dense</td></tr></table>
<details><summary>Why scale?</summary><p>To keep the mean &amp; sum.</p></details><!-- secret --></body></html>"""


def check_html(document):
    text = document.text
    assert "## What is **dropout**?" in text or "## What is dropout?" in text
    for words in (
        "It `zeroes` units, see here.",
        "- one\n  - inner\n- two",
        "```\na = [0, 1]\n  if a:\n```",
        "| 0.5 | dense |",
        "mean & sum",
    ):
        assert words in text, words
    for words in ("hidden", "secret", "p {}"):
        assert words not in text
    assert [q.text for q in find_questions(document) if q.answered] == ["What is dropout?", "Why scale?"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_html(tmp_path, encoding):
    path = tmp_path / "a.html"
    path.write_bytes(HTML.replace("one", "öne").encode(encoding))
    document = read(path)
    assert document.title == "FAQ page"
    assert "öne" in document.text
    path.write_text(HTML, encoding="utf-8")
    check_html(read(path))


def test_html_table_of_questions_inside_sections(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<div><section><h3>What is x?</h3>bare text<p>more</section></div>", encoding="utf-8")
    assert read(path).text == "### What is x?\n\nbare text\n\nmore\n"


def test_epub_in_spine_order(tmp_path):
    from ebooklib import epub

    book = epub.EpubBook()
    book.set_identifier("id")
    book.set_title("Handbook")
    chapters = []
    for name, body in [("b", "<h1>First?</h1><p>one</p>"), ("a", "<h1>Second?</h1><pre>x = 1</pre>")]:
        chapter = epub.EpubHtml(title=name, file_name=f"text/{name}.xhtml")
        chapter.content = f"<html><body>{body}</body></html>"
        book.add_item(chapter)
        chapters.append(chapter)
    book.toc = chapters
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = ["nav", *chapters]
    path = tmp_path / "a.epub"
    epub.write_epub(str(path), book)
    document = read(path)
    assert document.title == "Handbook"
    assert document.text == "# First?\n\none\n\n# Second?\n\n```\nx = 1\n```"


def notebook(*cells):
    return json.dumps(
        {"cells": list(cells), "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    )


def test_notebook(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(
        notebook(
            {"cell_type": "markdown", "source": ["## Q1. What is $x$?\n", "\n", "Ans: $\\frac{a}{b}$"]},
            {"cell_type": "code", "source": "x = [0, 1]\nx", "outputs": [{"output_type": "stream", "text": "[0, 1]"}]},
            {"cell_type": "code", "source": "Q2. What is the point of typing this here?", "outputs": []},
        ),
        encoding="utf-8",
    )
    document = read(path)
    assert document.text.startswith("## Q1. What is $x$?\n\nAns: $\\frac{a}{b}$\n\n```python\nx = [0, 1]\nx\n```")
    assert document.text.count("[0, 1]") == 1
    assert [q.answered for q in find_questions(document)] == [True, False]


def test_pdf(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(
        pdf(
            [
                "1. What is the difference between batch normalisation and layer normalisation, and when would you prefer the one to the other?",
                "Batch normalisation uses the statistics of the batch. " * 6,
                "2. What is a residual connection?",
                "It adds the input of a block to its output. " * 4,
            ]
        )
    )
    document = read(path)
    questions = find_questions(document)
    assert [" ".join(q.text.split())[-10:] for q in questions] == ["the other?", "onnection?"]
    assert all(q.answered for q in questions)


def test_refusals_say_what_was_seen_and_how_to_mend_it(tmp_path):
    cases = {
        "empty.md": (b"", "empty"),
        "blank.txt": (b"\xef\xbb\xbf \r\n", "empty"),
        "binary.txt": (bytes(range(256)) * 20, "binary"),
        "zip.md": (b"PK\x03\x04" + bytes(200), "binary"),
        "not.pdf": (b"hello there", "not a PDF"),
        "cut.pdf": (pdf(["text"])[:200], "PDF"),
        "locked.pdf": (pdf(["text"], password="secret"), "password"),
        "scan.pdf": (pdf([]), "scan"),
        "cut.docx": (b"PK\x03\x04" + bytes(100), "zip"),
        "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "password"),
        "text.pptx": (b"just words", "zip"),
        "bad.ipynb": (b'{"cells": [', "JSON"),
        "list.ipynb": (b"[1, 2]", "cells"),
        "none.ipynb": (notebook().encode(), "no text"),
        "markup.html": (b"<html><script>x</script></html>", "no text"),
    }
    for name, (data, expected) in cases.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert expected in refused(path), name
    (tmp_path / "a.xyz").write_text("x")
    assert "unknown kind" in refused(tmp_path / "a.xyz")
    assert "opened" in refused(tmp_path / "gone.md")


def test_a_zip_without_the_right_parts_is_refused(tmp_path):
    for suffix in ("docx", "pptx", "epub"):
        path = tmp_path / f"odd.{suffix}"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("other.txt", "x")
        refused(path)


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as part:
        for _ in range(520):
            part.write(bytes(2**20))
    path = tmp_path / "bomb.docx"
    path.write_bytes(buffer.getvalue())
    assert "unfolds" in refused(path)


def test_what_cannot_be_opened_is_refused(tmp_path):
    folder = tmp_path / "folder.md"
    folder.mkdir()
    assert "cannot be opened" in refused(folder)
    (tmp_path / "loop.md").symlink_to(tmp_path / "loop.md")
    assert "cannot be opened" in refused(tmp_path / "loop.md")
    assert "permission" in refused_as_somebody_else(tmp_path)


def refused_as_somebody_else(folder):
    """The refusal of a file that belongs to another user; root, who may read all, becomes a nobody for that."""
    path = folder / "private.md"
    path.write_text("x")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        return refused(path)
    finally:
        os.seteuid(user)


def test_list_files(tmp_path):
    for name in ["b.md", "a/z.txt", "a/.hidden.md", ".git/c.md", "a/d.bin", "~$lock.docx", "a/E.PDF", "README.md"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.md").symlink_to(tmp_path / "nowhere")
    found = [path.relative_to(tmp_path).as_posix() for path in list_files(tmp_path)]
    assert found == ["README.md", "a/E.PDF", "a/z.txt", "b.md"]
    assert list(list_files(tmp_path / "b.md")) == [tmp_path / "b.md"]
    assert all(suffix.startswith(".") for suffix in EXTENSIONS)


def test_the_readme_of_a_corpus_is_not_read(tmp_path):
    (tmp_path / "topic").mkdir()
    (tmp_path / "README.md").write_text("how to write a card")
    (tmp_path / "topic" / "x.md").write_text("---\nid: x\nquestion: What?\ntopic: topic\nkey_points: []\n---\nbody")
    assert [path.name for path in list_files(tmp_path)] == ["x.md"]


def test_clean_is_idempotent():
    text = "a\r\nb\rc\0\u2028d\x0ce\ud800"
    assert clean(clean(text)) == clean(text)


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
BOX = f"""<w:r xmlns:w="{WORD}"
  xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent>
  <mc:Choice Requires="wps"><w:drawing><w:txbxContent><w:p><w:r><w:t>Boxed words.</w:t></w:r></w:p></w:txbxContent>
  </w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent><w:p><w:r><w:t>Boxed words.</w:t></w:r></w:p>
  </w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>"""
EQUATION = f"""<m:oMath xmlns:m="{MATH}"><m:r><m:t>y=</m:t></m:r><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den>
  <m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:den></m:f></m:oMath>"""
FOOTNOTES = f"""<w:footnotes xmlns:w="{WORD}"><w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>
  <w:footnote w:id="2"><w:p><w:r><w:t>By Gauss.</w:t></w:r></w:p></w:footnote></w:footnotes>"""


def test_docx_keeps_text_boxes_links_formulas_and_footnotes(tmp_path):
    import docx
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    document = docx.Document()
    paragraph = document.add_paragraph("The curve ")
    paragraph._p.append(parse_xml(EQUATION))
    link = f'<w:hyperlink xmlns:w="{WORD}"><w:r><w:t> is linked</w:t></w:r></w:hyperlink>'
    paragraph._p.append(parse_xml(link))
    paragraph._p.append(parse_xml(f'<w:r xmlns:w="{WORD}"><w:footnoteReference w:id="2"/></w:r>'))
    document.add_paragraph()._p.append(parse_xml(BOX))
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), kind, FOOTNOTES.encode(), document.part.package)
    document.part.relate_to(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes")
    path = tmp_path / "a.docx"
    document.save(path)
    text = read(path).text
    assert "The curve $y=\\frac{1}{x^{2}}$ is linked[^f2]\n\nBoxed words.\n\n[^f2]: By Gauss." in text
    assert text.count("Boxed words.") == 1


def test_a_pdf_that_takes_too_long_or_has_too_many_pages_is_refused():
    from mlprep_bot.knowledge.formats import FormatError
    from mlprep_bot.knowledge.pdf import read_pdf

    with pytest.raises(FormatError, match="took more than"):
        read_pdf(pdf(["text"]), seconds=0.01)
    with pytest.raises(FormatError, match=r"5,001 pages, more than 5,000"):
        read_pdf(blank_pages(5001))


def blank_pages(count):
    from pypdf import PdfWriter

    writer = PdfWriter()
    for _ in range(count):
        writer.add_blank_page(72, 72)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_running_heads_and_page_numbers_are_no_text():
    from mlprep_bot.knowledge.pdf import without_running_heads

    pages = [f"ML Handbook\nText {n}.\n\nPage {n}" for n in range(1, 6)]
    assert without_running_heads(pages) == [f"Text {n}." for n in range(1, 6)]
    assert without_running_heads(pages[:2]) == pages[:2]
