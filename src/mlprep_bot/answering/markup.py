"""Where Markdown text is code or mathematics, so that nobody looks for sentences or citations inside it (pure)."""

from __future__ import annotations

import re

from mlprep_bot.domain import Span

# Order matters: the first alternative that matches at a position wins. A `$` opens mathematics only as
# pandoc has it (no space after it, none before the closing one, no digit behind), so "$5 and $6" is money.
_PROTECTED = re.compile(
    r"""
    (?P<fence>^[ \t]*(?P<f>```+|~~~+)[^\n]*\n(?:.*?\n)??[ \t]*(?P=f)[`~]*[ \t]*$)
  | (?P<code>(?<!`)(?P<t>`+)(?!`)(?:(?!\n[ \t]*\n).){1,2000}?(?<!`)(?P=t)(?!`))
  | (?P<display>\$\$(?:(?!\n[ \t]*\n).){1,2000}?\$\$)
  | (?P<bracket>\\\[(?:(?!\n[ \t]*\n).){1,2000}?\\\])
  | (?P<paren>\\\((?:(?!\n[ \t]*\n).){1,2000}?\\\))
  | (?P<inline>(?<![\\$\w])\$(?![\s$])(?:(?!\n[ \t]*\n)[^$\\]|\\.){1,2000}?(?<!\s)\$(?![\d$]))
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def protected_spans(text: str) -> list[Span]:
    """The spans of fenced and inline code and of LaTeX in `text`, in order, not overlapping."""
    if not any(mark in text for mark in ("`", "$", "~~~", "\\(", "\\[")):
        return []
    return [Span(m.start(), m.end()) for m in _PROTECTED.finditer(text)]


def masked(text: str, fill: str = "x") -> str:
    """`text` with code and LaTeX overwritten by `fill`, a single character: same length, same offsets."""
    parts: list[str] = []
    at = 0
    for span in protected_spans(text):
        parts.append(text[at : span.start])
        parts.append(fill * (span.end - span.start))
        at = span.end
    parts.append(text[at:])
    return "".join(parts)
