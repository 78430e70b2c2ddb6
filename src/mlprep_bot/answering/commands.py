"""Texts that give orders to the assistant instead of asking the documents something."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"([\"“”«»]).{0,400}?[\"“”«»]|`[^`]{0,400}`|(?<!\w)'[^']{0,400}'(?!\w)", re.DOTALL)
_START = r"(?:^|[.!?;:,\n]\s*|\b(?:and|then|please|now|just|must|should)\s+)"
_RULES = r"(?:instructions?|rules?|guidelines?|safety|restrictions?|prompts?|polic(?:y|ies)|told|said)"
_SOURCES = r"(?:documents?|sources?|passages?|citations?|evidence|context)"
_HIDDEN = r"(?:system|developer|hidden|secret|initial|original|your)"

# An order stands at the start of a sentence, so "why do models ignore instructions" is none.
_ORDERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_START}(?:ignore|disregard|forget|override|bypass|neglect)\b.{{0,40}}\b(?:{_RULES}|{_SOURCES}|everything|safety)\b",
        rf"{_START}(?:print|reveal|show|repeat|output|display|dump|reply with|tell me|give me|write out)\b.{{0,40}}"
        rf"\b{_HIDDEN}\b.{{0,15}}\b(?:prompt|message|instructions?|rules?)\b",
        rf"{_START}(?:print|repeat|output|dump|echo)\b.{{0,30}}"
        r"\b(?:text above|line above|words? above|verbatim|word for word)\b",
        rf"{_START}(?:output|print|dump) the contents? of\b",
        r"^\W*(?:from now on|you are now|act as|pretend\b|jailbreak|new instructions?\b|updated instructions?\b)",
        rf"{_START}(?:do not|don't|stop|never) (?:check|cit)\w*",
        rf"\banswer\b.{{0,20}}\bwithout\b.{{0,15}}\b{_SOURCES}\b",
        r"\banswer from (?:your )?(?:own )?memory\b|\byour own knowledge\b",
        r"\bmark (?:every|all|each)\w*\b.{0,30}\b(?:supported|true|correct)\b",
        r"^\W*(?:system|assistant|developer|user)\s*:|</?\s*(?:passage|system|document|context|instructions?)\s*>",
        r"\b(?:cite|citing)\s+\[?S\d+\b|\[S\d+\]",
        r"\bcan you (?:ignore|reveal|bypass) your\b|\bwhat (?:is|are) your (?:system prompt|instructions|api key)\b",
    )
)


def is_command(text: str) -> bool:
    """Whether a text orders the assistant about. What stands in quotation marks is asked about, not ordered."""
    bare = _QUOTED.sub(" ", text)
    return any(order.search(bare) for order in _ORDERS)
