"""Phrases that deny a whole claim: "it is not true that …", "… : that is a myth" (pure).

A word like *wrong* inside a claim denies nothing ("the share of predictions that are wrong").
"""

from __future__ import annotations

import re

_FALSE = (
    r"(?:(?:not|never|hardly|\w+n't)\s+(?:\w+ly\s+|a\s+)?(?:true|right|correct|the case)"
    r"|(?:\w+ly\s+|just\s+)?(?:untrue|false|wrong|incorrect|a myth|a mistake|a misconception|an error|nonsense))"
)
_DENIAL = re.compile(
    rf"(?:\b(?:it|this)\s*(?:is|'s|was)\s+)?\b{_FALSE}\s+(?:that|to\s+(?:say|think|believe|claim|assume)(?:\s+that)?)\b"
    rf"|\b(?:there is no truth in the claim|contrary to the claim|nobody should believe)\s+that\b"
    rf"|[,;:.–—-]\s*(?:but\s+)?(?:that|this|which)\s*(?:is|'s|was|\b)\s*{_FALSE}\s*[.!]?\s*$",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Whether the text calls a whole claim untrue."""
    return _DENIAL.search(text.replace("’", "'")) is not None


def without_denial(text: str) -> str:
    """The claim that is called untrue, without the words that do so."""
    return _DENIAL.sub(" ", text.replace("’", "'"))
