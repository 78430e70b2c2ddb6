"""Chunks are exact, complete and stable."""

# ruff: noqa: E501 - documents as data, one line each, are easier to compare

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlprep_bot.domain import Document
from mlprep_bot.knowledge.chunking import ChunkSizes, chunk_document
from mlprep_bot.knowledge.labels import is_answer_label, is_no_answer, is_title
from mlprep_bot.knowledge.markdown import NOISE, blocks
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.readers import clean

FRAGMENTS = st.sampled_from(
    [
        "## Deployment:", "# Title", "Q1: What is x[1] in [0,1]?", "Ans:", "**Q2.** Why $a_i$?", "3. How does it work?", "A: Because.",
        "- item one", "  - nested [S3]", "1. First: the start.", "2. Second.", "```python\nx = [0,1]\n\n# Q: no?\ny\n```", "```", "$$",
        "$$\n\\sum_i x_i\n\n= 1\n$$", "\\[ a = b \\]", "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", "<!-- check: 1 -->", "<!-- open",
        "![image.png](attachment:1)", "In [3]:", "Object `x` not found.", "---", "===", "", "", "Here are the steps:", "> quoted text",
        "É la vie 中文。日本語 🙂 text.", "A sentence. Another one! A third? " * 12, "word " * 300, "x" * 1000, "<details><summary>What is it?</summary>",
        "</details>", "e.g. this, i.e. that. Fig. 3 shows 0.5.", "Text <!-- hidden --> more.", "\\begin{align}\na\n\\end{align}", "    indented code",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(max_size=60)), max_size=25).map(lambda parts: clean("\n".join(parts)))
SIZES = st.sampled_from([ChunkSizes(), ChunkSizes(target=80, whole=200, least=20), ChunkSizes(target=1200, whole=2000)])


def chunked(text, sizes=None, name="notes.md"):
    document = Document(name, text, "markdown")
    questions = find_questions(document)
    return document, questions, chunk_document(document, questions, sizes)


@settings(deadline=None, max_examples=300)
@given(TEXTS, SIZES)
def test_chunks_are_exact_disjoint_and_ordered(text, sizes):
    document, questions, chunks = chunked(text, sizes)
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text == chunk.text.strip() != ""
    for left, right in pairwise(chunks):
        assert left.end <= right.start
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    by_unit = {}
    for chunk in chunks:
        assert chunk.ordinal == by_unit.get(chunk.unit, -1) + 1
        by_unit[chunk.unit] = chunk.ordinal
    for question in questions:
        assert document.text[question.start : question.end] == question.text
        inside = [c for c in chunks if c.question_id == question.id]
        assert bool(inside) == question.answered
        assert all(c.context == question.text and c.unit == question.id for c in inside)


def exempted(text, questions):
    """Marks what is no passage: noise, headings, tags, labels without an answer, and each question's own marks."""
    exempt = bytearray(len(text))

    def leave_out(start, end):
        exempt[start:end] = b"\1" * (end - start)

    found = blocks(text)
    for block in found:
        words = text[block.start : block.end]
        if block.kind in NOISE or block.kind == "heading" or is_no_answer(words):
            leave_out(block.start, block.end)
    for tag in re.finditer(r"</?[a-zA-Z][^<>\n]*>|<!--.*?-->", text, re.S):
        leave_out(tag.start(), tag.end())
    below = 0  # the question above, with its answer
    for question in questions:
        leave_out(text.rfind("\n", 0, question.start) + 1, question.end)
        for block in titles_before(text, below, question.start):
            leave_out(block.start, block.end)
        if question.answered:
            exempt_labels(text, question, leave_out)
        else:  # `What is X? (easy)`, and below it perhaps `Ans:`
            stop = (text + "\n").index("\n", question.end)
            for line in re.finditer(r"\n[^\n]*", text[stop:]):
                if line[0].strip() and not is_no_answer(line[0]):
                    break
                leave_out(stop + line.start(), stop + line.end())
            leave_out(question.end, stop)
        below = question.answer.end if question.answer else stop
    return exempt


def titles_before(text, begin, start):
    """The titles right above a question: `**Deployment**`, `Cost:`."""
    for block in reversed(blocks(text, begin, max(begin, text.rfind("\n", 0, start) + 1))):
        words = text[block.start : block.end]
        if block.kind in NOISE or block.kind == "heading" or is_no_answer(words) or not re.search(r"\w", words):
            continue
        if not is_title(words):
            return
        yield block


def exempt_labels(text, question, leave_out):
    """What stands on the answer's own line before it is its label or restated number; so are whole lines of labels."""
    line_start = max(question.end, text.rfind("\n", 0, question.answer.start) + 1)
    leave_out(line_start, question.answer.start)
    assert len(text[line_start : question.answer.start].strip()) < 40, "a label is short"
    for line in re.finditer(r"[^\n]+", text[question.end : line_start]):
        if is_answer_label(line[0]):
            leave_out(question.end + line.start(), question.end + line.end())


@settings(deadline=None, max_examples=300)
@example("Q1: What is x[1] in [0,1]?\n<details><summary>What is it?</summary>\n---", ChunkSizes())
@given(TEXTS, SIZES)
def test_no_word_is_lost(text, sizes):
    """Every word outside headings, labels, questions and noise stands in exactly one chunk."""
    _, questions, chunks = chunked(text, sizes)
    covered = bytearray(len(text))
    for chunk in chunks:
        for at in range(chunk.start, chunk.end):
            covered[at] += 1
    assert max(covered, default=0) <= 1
    exempt = exempted(text, questions)
    lost = "".join(c if c.isalnum() and not covered[n] and not exempt[n] else " " for n, c in enumerate(text)).split()
    assert not lost, lost


LONG = " ".join(f"Sentence number {n} says something of its own about the topic." for n in range(40))
EXAMPLE = f"""# Notes

Preface text that belongs to no question.

## Deployment

Q1: What is a canary release?

```text
traffic -> 1%
```

Ans: A small share of traffic goes to the new model first.

Here are the steps:

1. Ship the new model beside the old one.
2. Send it one request in a hundred.

```python
{chr(10).join(f"line_{n} = [0, 1]" for n in range(12))}
```

$$
\\sum_i x_i

= 1
$$

<!-- check: 1 + 1 == 2 -->

{LONG}

Q2: What is shadow traffic?

Q3: What is a rollback?

Ans: The way back to the model that served before.

## Afterword

Closing words of the author.
"""


def test_a_long_answer_is_one_unit_with_whole_code_and_formulas():
    _, questions, chunks = chunked(EXAMPLE)
    first, second, third = questions
    unit = [c for c in chunks if c.unit == first.id]
    assert not second.answered
    assert third.answered
    assert "traffic -> 1%" in unit[0].text
    assert sum(c.text.count("```python") for c in unit) == 1
    assert any(c.text.count("line_") == 12 for c in unit)
    assert any("\\sum_i x_i\n\n= 1" in c.text for c in unit)
    assert all(c.heading == "Deployment > What is a canary release?" for c in unit)
    lead = next(c for c in unit if "Here are the steps:" in c.text)
    assert "Ship the new model" in lead.text
    everything = "\n".join(c.text for c in chunks)
    assert "check:" not in everything
    assert "shadow" not in everything
    outside = [c for c in chunks if c.question_id is None]
    assert [c.heading for c in outside] == ["Notes", "Notes > Afterword"]
    assert all(len(c.text) <= 900 for c in chunks)


def test_ids_survive_edits_elsewhere():
    _, _, before = chunked(EXAMPLE)
    edited = EXAMPLE.replace("Preface text", "A new preface with many more words of text").replace(
        "## Afterword", "## Appendix"
    )
    _, _, after = chunked(edited)
    kept = {c.id for c in before} & {c.id for c in after}
    assert len(kept) == len([c for c in before if c.question_id])
    _, _, elsewhere = chunked(EXAMPLE, name="other.md")
    assert not {c.id for c in before} & {c.id for c in elsewhere}


def test_equal_texts_have_their_own_ids():
    _, _, chunks = chunked("# A\n\nSame words here.\n\n# A\n\nSame words here.\n")
    assert len({c.id for c in chunks}) == len(chunks) == 2


def test_sentences_are_not_cut_in_formulas_links_or_abbreviations():
    text = (
        "The loss, e.g. Huber, is robust. " * 6
        + "By Fig. 3 the rate $x. Y$ falls. " * 6
        + "See [a. Book](http://x.y/Z. html) for `a. B` more. " * 6
    )
    _, _, chunks = chunked(text)
    assert len(chunks) > 1
    for chunk in chunks:
        assert chunk.text.count("$") % 2 == 0
        assert chunk.text.count("`") % 2 == 0
        assert not chunk.text.endswith(("e.g.", "Fig."))


def test_table_rows_stay_whole():
    table = "| metric | meaning |\n|---|---|\n" + "\n".join(
        f"| metric {n} | what the metric number {n} means |" for n in range(30)
    )
    _, _, chunks = chunked(table)
    assert len(chunks) > 1
    assert all(line.count("|") == 3 for chunk in chunks for line in chunk.text.splitlines())
