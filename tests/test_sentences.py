"""Sentences of Markdown: nothing is lost, and nothing that belongs together is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.answering.sentences import split_sentences, split_units


def sentences(text: str) -> list[str]:
    return [text[s.start : s.end] for s in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Use it, e.g. in Fig. 3, or cf. Eq. 2 of Dr. Smith et al. 2013.", None),
        ("The value 0.95 beats v1.2.3 vs. 3.14 of Python 3.11.", None),
        ("Smith et al. The end.", ["Smith et al.", "The end."]),
        ('He said "No way." Then he left.', ['He said "No way."', "Then he left."]),
        ("Wait ... for it. Done…", ["Wait ... for it.", "Done…"]),
        ("J. M. Keynes wrote it. So did A. Turing.", ["J. M. Keynes wrote it.", "So did A. Turing."]),
        ("It took place in 1985. The end.", ["It took place in 1985.", "The end."]),
        ("See `a. B` and $x. Y$ and $$a. B$$ here. Next.", ["See `a. B` and $x. Y$ and $$a. B$$ here.", "Next."]),
        ("all lower case. still a new sentence.", ["all lower case.", "still a new sentence."]),
        (
            "It is good [S1]. It is bad. [S2] It is [S3][S4].",
            ["It is good [S1].", "It is bad. [S2]", "It is [S3][S4]."],
        ),
        ("[S1] First. [S2] Second.", ["[S1] First.", "[S2] Second."]),
        ("It costs $5. That is $6 less.", ["It costs $5.", "That is $6 less."]),
        ("これはペンです。それは本です。", ["これはペンです。", "それは本です。"]),
        ("", []),
        ("   \n\n ", []),
    ],
)
def test_running_text(text: str, expected: list[str] | None) -> None:
    assert sentences(text) == (expected if expected is not None else [text])


def test_blocks_are_units() -> None:
    text = (
        "# Title. Not two\n\nIntro line:\n\n1. **Foo:** one. Two\n   wrapped\n2. Bar\n- dash item\n\n"
        "| a. B | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx. Y\n\nz = 1\n```\nAfter.\n\n"
        "---\n\n<!-- a. B -->\n> quoted. Twice."
    )
    found = [(u.kind, u.block, text[u.body : u.end]) for u in split_units(text)]
    assert found == [
        ("heading", "heading", "Title. Not two"),
        ("text", "paragraph", "Intro line:"),
        ("text", "number", "**Foo:** one."),
        ("text", "", "Two\n   wrapped"),
        ("text", "number", "Bar"),
        ("text", "bullet", "dash item"),
        ("table", "paragraph", "| a. B | b |\n|---|---|\n| 1 | 2 |"),
        ("code", "code", "```py\nx. Y\n\nz = 1\n```"),
        ("text", "paragraph", "After."),
        ("rule", "paragraph", "---"),
        ("comment", "paragraph", "<!-- a. B -->"),
        ("text", "paragraph", "quoted."),
        ("text", "", "Twice."),
    ]


def test_a_run_in_title_is_a_label() -> None:
    text = "**Two clocks.** Windows follow event time."
    assert [u.kind for u in split_units(text)] == ["label", "text"]


PIECES = st.sampled_from(
    ["Dr. ", "e.g. ", "The model ", "0.95 ", "$x. Y$ ", "`a. B` ", "end. ", "Why? ", "\n", "\n\n", "- item ", "1. ",
     "| a | b |\n",
     "```\n", "$$", "[S1] ", "# H\n", "<!-- ", "-->", "> q ", "**b.** ", "。", "…", "\t", "é", '." ', "---\n"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(max_size=120)))
def test_spans_are_ordered_and_cover_all_that_is_not_white_space(text: str) -> None:
    spans = split_sentences(text)
    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    covered = {i for s in spans for i in range(s.start, s.end)}
    assert all(text[i].isspace() for i in range(len(text)) if i not in covered)
    assert all(s.start <= u.body <= s.end for s, u in zip(spans, split_units(text), strict=True))


def test_long_hostile_text_is_split_in_linear_time() -> None:
    for text in ("$" * 9_000, "`" * 4_000, "[S1" * 3_000, "a. " * 9_000, "[[" * 4_000, "*" * 9_000, "S1," * 3_000):
        split_sentences(text)
