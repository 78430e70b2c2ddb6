"""Names that derive from content, so that an edit elsewhere in a file leaves them alone."""

from __future__ import annotations

import hashlib
import re


def content_id(*parts: str) -> str:
    """32 hexadecimal digits of SHA-256 over the parts; their borders count."""
    return hashlib.sha256("\0".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()[:32]


def normalised(wording: str) -> str:
    """A wording reduced to its words, for telling whether two are the same."""
    words = re.sub(r"\[([^\[\]\n]{0,300})\]\([^)\n]{0,300}\)", r"\1", wording)
    return " ".join(re.findall(r"\w+", words.casefold()))


def question_id(document: str, wording: str, occurrence: int) -> str:
    """The id of the `occurrence`-th (from 0) question of that wording in a document."""
    return content_id("question", document, normalised(wording) or wording, str(occurrence))
