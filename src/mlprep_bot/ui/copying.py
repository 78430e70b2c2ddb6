"""An answer as Markdown for the clipboard: sentences with numbered citations, then the list of sources."""

from __future__ import annotations

from collections.abc import Sequence

from mlprep_bot.domain import Citation, Sentence, Verdict
from mlprep_bot.ui.conversation import Exchange

_BREAK = {"": " ", "bullet": "\n", "number": "\n"}
_PREFIX = {"bullet": "- ", "heading": "### "}


def as_markdown(exchange: Exchange) -> str:
    """The question, the answer with `[1]` after each cited sentence, and what stands behind each number."""
    numbers: dict[str, int] = {}
    body = ""
    for sentence in exchange.sentences:
        body += (_BREAK.get(sentence.block, "\n\n") if body else "") + _sentence(sentence, numbers)
    parts = [f"**{exchange.question}**", body]
    if not exchange.complete:
        parts.append("*(incomplete)*")
    if numbers:
        parts.append("Sources:\n\n" + "\n".join(_sources(exchange.sentences, numbers)))
    return "\n\n".join(parts) + "\n"


def _sentence(sentence: Sentence, numbers: dict[str, int]) -> str:
    text = sentence.text.strip()
    prefix = _PREFIX.get(sentence.block, "")
    if prefix and text.startswith((prefix.strip()[0], "*", "+")):
        prefix = ""
    cited = dict.fromkeys(numbers.setdefault(c.passage, len(numbers) + 1) for c in sentence.citations)
    marks = "".join(f" [{n}]" for n in cited)
    return prefix + text + marks + _warning(sentence)


def _warning(sentence: Sentence) -> str:
    if sentence.verdict is Verdict.UNSUPPORTED:
        return f" *(not supported: {sentence.reason})*" if sentence.reason else " *(not supported)*"
    if sentence.verdict is Verdict.UNCITED and sentence.block not in {"heading", "code"}:
        return " *(no source)*"
    return ""


def _sources(sentences: Sequence[Sentence], numbers: dict[str, int]) -> list[str]:
    quoted: dict[str, list[Citation]] = {}
    for sentence in sentences:
        for citation in sentence.citations:
            found = quoted.setdefault(citation.passage, [])
            if all(c.quote != citation.quote for c in found):
                found.append(citation)
    lines = []
    for passage, number in numbers.items():
        first = quoted[passage][0]
        heading = f", {first.heading}" if first.heading else ""
        lines.append(f"{number}. {first.document}{heading}")
        lines += [f"   - characters {c.start}-{c.end}: “{' '.join(c.quote.split())}”" for c in quoted[passage]]
    return lines
