"""Checked sentences as HTML: laid out, each with its verdict in words and a button for each of its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from mlprep_bot.domain import Citation, Sentence, Verdict
from mlprep_bot.ui.markdown import block_html, inline_html, needs_block

SIGN = {Verdict.SUPPORTED: "✓", Verdict.UNSUPPORTED: "✗", Verdict.UNCITED: "○"}
WORDS = {Verdict.SUPPORTED: "supported", Verdict.UNSUPPORTED: "not supported", Verdict.UNCITED: "no source"}
LIST_SIGN = re.compile(r"\s*(?:[-*+•]|(\d{1,4})[.)])\s+")
_HEADING_SIGN = re.compile(r"\s*#{1,6}\s+")
HEADING_WORDS = 10  # a short heading claims nothing; a longer one is judged like any other sentence
_LISTS = {"bullet": "ul", "number": "ol"}


def sentences_html(sentences: Sequence[Sentence], turn: int | str, first: int = 0) -> str:
    """The answer's sentences by their `block`; its Nth citation (from `first` on) opens mark `t{turn}-c{N}`."""
    out: list[str] = []
    open_list = ""
    for kind, group in _blocks(sentences, first):
        wanted = _LISTS.get(kind, "")
        if wanted != open_list:
            out.append(f"</{open_list}>" * bool(open_list) + f"<{wanted}>" * bool(wanted))
            open_list = wanted
        out.append(_block_html(kind, group, turn))
    out.append(f"</{open_list}>" * bool(open_list))
    return "".join(out)


def _blocks(sentences: Sequence[Sentence], first: int) -> Iterator[tuple[str, list[tuple[int, Sentence]]]]:
    """Sentences of one paragraph, list item, … together, each with the number of its first citation."""
    kind = "paragraph"
    group: list[tuple[int, Sentence]] = []
    number = first
    for sentence in sentences:
        if sentence.block and group:
            yield kind, group
            group = []
        kind = sentence.block or kind
        group.append((number, sentence))
        number += len(sentence.citations)
    if group:
        yield kind, group


def _block_html(kind: str, group: Sequence[tuple[int, Sentence]], turn: int | str) -> str:
    inner = " ".join(_sentence_html(s, kind, turn, number, leads=i == 0) for i, (number, s) in enumerate(group))
    if kind == "number":
        sign = LIST_SIGN.match(group[0][1].text)
        value = f' value="{int(sign[1])}"' if sign and sign[1] else ""
        return f"<li{value}>{inner}</li>"
    if kind == "bullet":
        return f"<li>{inner}</li>"
    return f'<div class="{"ml-heading" if kind == "heading" else "ml-para"}">{inner}</div>'


def _sentence_html(sentence: Sentence, kind: str, turn: int | str, number: int, *, leads: bool) -> str:
    verdict = sentence.verdict
    text = _text_html(sentence.text, kind if leads else "")
    if kind == "heading" and verdict is Verdict.UNCITED and len(sentence.text.split()) <= HEADING_WORDS:
        return text
    buttons = "".join(cite_button(c, f"t{turn}-c{number + i}") for i, c in enumerate(sentence.citations))
    reason = f": {escape(sentence.reason)}" if sentence.reason and verdict is not Verdict.SUPPORTED else ""
    tag = "div" if text.startswith(("<pre", "<div", "<table", "<p", "<ul", "<ol", "<blockquote")) else "span"
    words = f'<span aria-hidden="true">{SIGN[verdict]}</span> {WORDS[verdict]}{reason}'
    return (
        f'<{tag} class="ml-sentence ml-{verdict}"><{tag} class="ml-text">{text}</{tag}> <span class="ml-tail">'
        f'<span class="ml-verdict" title="{_hint(sentence)}">{words}</span>{buttons}</span></{tag}>'
    )


def _text_html(text: str, kind: str) -> str:
    if kind in _LISTS:
        text = LIST_SIGN.sub("", text, count=1)
    elif kind == "heading":
        text = _HEADING_SIGN.sub("", text, count=1)
    elif kind == "code" and not text.lstrip().startswith(("```", "~~~")):
        return f'<pre class="ml-code" tabindex="0"><code>{escape(text)}</code></pre>'
    return block_html(text).strip() if needs_block(text) else inline_html(text)


def _hint(sentence: Sentence) -> str:
    if sentence.verdict is Verdict.SUPPORTED:
        return "The cited passage says this."
    if sentence.verdict is Verdict.UNCITED:
        return "The writer named no source for this sentence. Do not rely on it."
    return escape(sentence.reason) or "The cited passage does not say this."


def cite_button(citation: Citation, mark: str) -> str:
    """A number that opens its passage at the mark of that name."""
    number = escape(citation.passage.removeprefix("S"))
    return (
        f'<button type="button" class="ml-cite" data-open="{mark}" '
        f'aria-label="Open source {number}: {escape(citation.document)}" '
        f'title="{escape(citation.document)}">{number}</button>'
    )
