"""The Sources panel of chat and interview: passages with the cited spans marked at their exact characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise

from mlprep_bot.domain import Citation, Passage
from mlprep_bot.ui.conversation import Exchange

NEAREST_SHOWN = 5
AROUND = 320  # characters of the document shown before and after a passage

_FRONT_MATTER = re.compile(r"---\n.*?\n---\n\s*", re.DOTALL)

TextOf = Callable[[str], str | None]
"""A document's text by name, None when it is not in the library any more."""


Marks = Sequence[tuple[str, Citation]]
"""Citations with the names by which buttons open them."""

Turn = int | str
"""Names an exchange or an interview question within its page: ids and marks begin with `t{turn}-`."""


def sources_html(exchange: Exchange, text_of: TextOf) -> str:
    """The cited passages in order of number, then, folded away, those that were found and not cited."""
    marks = named([c for s in exchange.sentences for c in s.citations], exchange.number)
    cited = {citation.passage for _, citation in marks}
    used = tuple(p for p in exchange.passages if p.id in cited)
    rest = tuple(p for p in exchange.passages if p.id not in cited)
    open_ones, folded, title = used, rest, "Found, not cited"
    if exchange.refused:
        open_ones, folded, title = rest[:NEAREST_SHOWN], rest[NEAREST_SHOWN:], "Further away"
    elif exchange.running or not used:  # what is cited is not known yet
        open_ones, folded = exchange.passages, ()
    others = _folded(folded, title, exchange.number, marks, text_of)
    return section_html(exchange.number, open_ones, marks, text_of, more=others)


def section_html(turn: Turn, passages: Sequence[Passage], marks: Marks, text_of: TextOf, more: str = "") -> str:
    """What one exchange or one interview question put into the panel. `more`: finished HTML below the passages."""
    inner = "".join(_passage(p, turn, marks, text_of) for p in passages) + more
    return f'<section class="ml-sources" data-turn="{turn}">{BACK}{inner or EMPTY}</section>'


def named(citations: Iterable[Citation], turn: Turn) -> list[tuple[str, Citation]]:
    """Each citation with its name, by its place among all of this turn."""
    return [(f"t{turn}-c{n}", c) for n, c in enumerate(citations)]


def _folded(passages: Sequence[Passage], title: str, turn: Turn, marks: Marks, text_of: TextOf) -> str:
    if not passages:
        return ""
    others = "".join(_passage(p, turn, marks, text_of) for p in passages)
    return f'<details class="ml-rest" id="t{turn}-rest"><summary>{title} ({len(passages)})</summary>{others}</details>'


BACK = '<button type="button" class="ml-back" data-back>↑ Back to the answer</button>'
EMPTY = '<p class="ml-quiet">No passage was found.</p>'
EMPTY_PANEL = (
    '<section class="ml-sources"><p class="ml-quiet">The passages behind an answer appear here. '
    "A number in the answer opens its passage at the exact words.</p></section>"
)


def _passage(passage: Passage, turn: Turn, marks: Marks, text_of: TextOf) -> str:
    own = [(name, span) for name, c in marks if c.passage == passage.id and (span := _within(c, passage))]
    text = text_of(passage.document)
    before = after = ""
    if text is not None and text[passage.start : passage.end] == passage.text:
        before = _tail(text[max(_body_start(text), passage.start - AROUND) : passage.start])
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


def _body_start(text: str) -> int:
    """Where a card's text begins: its front matter is no context for a reader."""
    front = _FRONT_MATTER.match(text)
    return front.end() if front else 0


def _tail(text: str) -> str:
    """The end of what came before, from a word's beginning."""
    return ("…" + text.partition(" ")[2]) if len(text) >= AROUND else text


def _head(text: str) -> str:
    return (text.rpartition(" ")[0] + "…") if len(text) >= AROUND else text
