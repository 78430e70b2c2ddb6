"""The Sources panel: every passage of an exchange with the cited spans marked at their exact characters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise

from mlprep_bot.domain import Citation, Passage, Sentence
from mlprep_bot.ui.conversation import Exchange

AROUND = 320  # characters of the document shown before and after a passage

TextOf = Callable[[str], str | None]
"""A document's text by name, None when it is not in the library any more."""


def sources_html(exchange: Exchange, text_of: TextOf) -> str:
    """The cited passages in order of number, then, folded away, those that were found and not cited."""
    marks = _marks(exchange.sentences, exchange.number)
    cited = {citation.passage for _, citation in marks}
    used = [p for p in exchange.passages if p.id in cited]
    rest = [p for p in exchange.passages if p.id not in cited]
    if exchange.running:  # what is cited is not known yet
        used, rest = [], rest + used
    title = "Nearest passages" if exchange.refused else "Found, not cited"
    inner = "".join(_passage(p, exchange.number, marks, text_of) for p in used)
    others = "".join(_passage(p, exchange.number, marks, text_of) for p in rest)
    if others:
        inner += f'<p class="ml-subtitle">{"Found" if exchange.running else title}</p>{others}'
    return f'<section class="ml-sources" data-turn="{exchange.number}">{BACK}{inner or EMPTY}</section>'


BACK = '<button type="button" class="ml-back" data-back>↑ Back to the answer</button>'
EMPTY = '<p class="ml-quiet">No passage was found.</p>'
EMPTY_PANEL = (
    '<section class="ml-sources"><p class="ml-quiet">The passages behind an answer appear here. '
    "A number in the answer opens its passage at the exact words.</p></section>"
)


def _marks(sentences: Iterable[Sentence], turn: int) -> list[tuple[str, Citation]]:
    citations = [c for s in sentences for c in s.citations]
    return [(f"t{turn}-c{n}", c) for n, c in enumerate(citations)]


def _passage(passage: Passage, turn: int, marks: Sequence[tuple[str, Citation]], text_of: TextOf) -> str:
    own = [(name, span) for name, c in marks if c.passage == passage.id and (span := _within(c, passage))]
    text = text_of(passage.document)
    before = after = ""
    if text is not None and text[passage.start : passage.end] == passage.text:
        before = _tail(text[max(0, passage.start - AROUND) : passage.start])
        after = _head(text[passage.end : passage.end + AROUND])
    where = f"characters {passage.start:,} to {passage.end:,}"
    return (
        f'<details class="ml-passage" id="t{turn}-p{passage.n}"><summary><span class="ml-number">{passage.n}</span>'
        f'<span class="ml-where"><span class="ml-doc">{escape(passage.document)}</span>'
        f'<span class="ml-quiet">{escape(passage.heading)}</span></span></summary>'
        f'<div class="ml-body"><p class="ml-quiet ml-offsets">{where}</p>{_also(passage)}'
        f'<div class="ml-document" tabindex="0" role="group" aria-label="Text of source {passage.n}">'
        f'<span class="ml-around">{escape(before)}</span>{marked(passage.text, own)}'
        f'<span class="ml-around">{escape(after)}</span></div></div></details>'
    )


def _within(citation: Citation, passage: Passage) -> tuple[int, int] | None:
    """The quotation's place in the passage's text, or None when it stands elsewhere."""
    start = citation.start - passage.start
    here = citation.document == passage.document and start >= 0
    if here and passage.text.startswith(citation.quote, start):
        return start, start + len(citation.quote)
    found = passage.text.find(citation.quote)
    return (found, found + len(citation.quote)) if found >= 0 and citation.quote else None


def marked(text: str, spans: Sequence[tuple[str, tuple[int, int]]]) -> str:
    """`text` escaped, with each named half-open span inside `<mark>`; overlapping spans share pieces."""
    edges = sorted({0, len(text), *(edge for _, span in spans for edge in span)})
    out = []
    for start, end in pairwise(edges):
        names = [name for name, (a, b) in spans if a <= start and end <= b]
        piece = escape(text[start:end])
        out.append(f'<mark data-marks="{" ".join(names)}" tabindex="-1">{piece}</mark>' if names else piece)
    return "".join(out)


def _also(passage: Passage) -> str:
    """Other places where the same words stand."""
    here = (passage.document, passage.start)
    others = [s for s in passage.sources if (s.document, s.start) != here]
    if not others:
        return ""
    items = "".join(f"<li>{escape(s.document)}, characters {s.start:,} to {s.end:,}</li>" for s in others)
    return f'<div class="ml-also"><p>The same words stand in</p><ul>{items}</ul></div>'


def _tail(text: str) -> str:
    """The end of what came before, from a word's beginning."""
    return ("…" + text.partition(" ")[2]) if len(text) >= AROUND else text


def _head(text: str) -> str:
    return (text.rpartition(" ")[0] + "…") if len(text) >= AROUND else text
