"""Does this wording ask something? (English grammar by pattern, no model.)"""

from __future__ import annotations

import re
from enum import IntEnum


class Asks(IntEnum):
    NO = 0
    WEAKLY = 1  # asks if its neighbours ask: "How to choose k", "Implement k-means"
    CLEARLY = 2


_AUX = (
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|must|shall|am"
    r"|isn't|aren't|don't|doesn't|can't|won't|isn’t|aren’t|don’t|doesn’t|can’t)"
)
_WH = r"(?:what|which|who|whom|whose|where|when|why|how)"
_ASKS_WITHOUT_MARK = re.compile(
    rf"(?:(?:and|so|but|now|then|in your own words,?|briefly,?)\s+)?(?:(?:in|for|at|on|to|from|under|with|by)\s+)?{_WH}"
    rf"(?:['’]s|\s+{_AUX})\b",
    re.I,
)
# "What factors should be considered", "How many layers does BERT have"; but "How the model is trained" states.
_ASKS_LATER = re.compile(
    rf"(?:what|which|whose|how\s+(?:many|much|often|long|well|far|fast|large|big|deep))\s+(?!the\b|a\b|an\b|we\b|you\b|i\b|it\b|they\b|this\b|that\b|these\b|those\b|to\b|our\b|your\b|my\b|not\b)"
    rf"(?:[\w-]+\s+){{1,5}}?(?:{_AUX}|happens?|makes?|causes?|differs?)\b|what\s+(?:happens|makes|causes|distinguishes|goes)\b",
    re.I,
)
_IMPERATIVE = re.compile(
    r"(?:(?:please|briefly|now|can you|could you|first,?|then,?)\s+)*"
    r"(?:explain|describe|discuss|elaborate|differentiate|distinguish|contrast"
    r"|(?:walk|talk) (?:me|us) through"
    r"|tell (?:me|us)|give (?:me|us|an?|some|two|three|\w+ examples?)\b"
    r"|compare (?:and contrast\b|.+\b(?:and|with|to|vs\.?|versus)\b)"
    r"|derive|justify|what)\b",
    re.I,
)
# Also how a step of a tutorial begins, so only neighbours can tell.
_MAYBE_IMPERATIVE = re.compile(
    r"(?:(?:please|briefly)\s+)?(?:define|list|name|mention|state|outline|prove|show|implement|write|design"
    r"|calculate|compute|compare|estimate|sketch|illustrate|summari[sz]e|suppose|imagine|given|consider"
    r"|you (?:are|have|build|train)|how to|differences? between|types of|identify|propose|draw|pros and cons"
    r"|advantages|when to|why|how|what|which|is|are|does|do|can|should)\b",
    re.I,
)
_VERSUS = re.compile(r"^.{2,60}\s(?:vs\.?|versus)\s\S.{0,60}$", re.I)
_SENTENCE_END = re.compile(r"[?!.](?:[\"')\]’”*_`]*)(?=\s|$)")


def asks(wording: str) -> Asks:
    """How plainly a wording asks. Marks of emphasis and links around it do not matter."""
    plain = re.sub(r"\[([^\[\]\n]{0,300})\]\([^)\n]{0,300}\)", r"\1", wording[:2000]).strip().strip("*_`\"'“”‘’ \t")
    if not re.search(r"[^\W\d_]{2}|\$.+\$", plain):
        return Asks.NO
    if re.search(r"[?？][\s\"'”’)\]*_`.…!]*$", plain):
        return Asks.CLEARLY
    if plain.endswith((":", ";", ",")):
        return Asks.NO
    if re.search(r"[?？]\s", plain) and _MAYBE_IMPERATIVE.match(plain) and wording_end(plain) == len(plain):
        return Asks.CLEARLY  # "What is X? Give two examples."
    if _IMPERATIVE.match(plain) and not re.match(r"what\b", plain, re.I):
        return Asks.CLEARLY
    statement = plain.endswith(".") or len(plain) > 200
    if not statement and (_ASKS_WITHOUT_MARK.match(plain) or _ASKS_LATER.match(plain)):
        return Asks.CLEARLY
    if len(plain) <= 300 and (_MAYBE_IMPERATIVE.match(plain) or _VERSUS.search(plain)):
        return Asks.WEAKLY
    return Asks.NO


def wording_end(text: str) -> int:
    """Where the question in `text` stops and an answer on the same line begins; `len(text)` if none does.

    `What is X? It is Y.` stops after the mark; `What is X? Explain with an example.` does not.
    """
    end = 0
    pieces: list[tuple[int, int]] = []
    for match in _SENTENCE_END.finditer(text):
        pieces.append((end, match.end()))
        end = match.end()
    if text[end:].strip():
        pieces.append((end, len(text)))
    first = next((n for n, (a, b) in enumerate(pieces) if "?" in text[a:b][-4:]), None)
    if first is None:
        return len(text)
    for start, stop in pieces[first + 1 :]:
        piece = text[start:stop].strip(" \t*_")
        if not piece:
            continue
        if (
            "?" in piece[-4:]
            or _IMPERATIVE.match(piece)
            or re.match(r"(?:if so|if not|why\b|give|and\b|also\b|assume)", piece, re.I)
        ):
            continue
        if piece.startswith("(") and piece.endswith((")", ").")):
            continue  # "(asked at two companies)"
        return start
    return len(text)
