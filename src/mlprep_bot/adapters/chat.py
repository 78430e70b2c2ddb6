"""What the chat adapters share: token estimates, and a stream without a model's private thinking."""

from __future__ import annotations

import math
import re

_PIECE = re.compile(r"[A-Za-z]+|\d|[^\sA-Za-z\d]|\n+|[ \t]{2,}|[ \t](?=\d)")
_OPEN, _CLOSE = "<think>", "</think>"


def estimate_tokens(text: str) -> int:
    """An upper estimate of the tokens of `text` for any common tokenizer.

    Calibrated against SmolLM2's (49,152 entries, smaller than the others'): every digit and sign is a token,
    a word one for each four letters; outside ASCII, seven for ten bytes.
    """
    tokens = 0.0
    for piece in _PIECE.findall(text):
        if piece[0].isascii():
            tokens += math.ceil(len(piece) / 4) if piece[0].isalpha() else 1
        else:
            tokens += max(1.0, 0.7 * len(piece.encode()))
    return math.ceil(tokens)


class WithoutThinking:
    """Takes `<think>…</think>` at the beginning of a stream out of it, however the pieces are cut."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def feed(self, piece: str) -> str:
        """What of the stream so far may be shown."""
        if self._state == "text":
            return piece
        self._held += piece
        if self._state == "start":
            seen = self._held.lstrip()
            if _OPEN.startswith(seen[: len(_OPEN)]) and len(seen) < len(_OPEN):
                return ""
            self._state = "thinking" if seen.startswith(_OPEN) else "text"
        if self._state == "thinking":
            _, closed, self._held = self._held.partition(_CLOSE) if _CLOSE in self._held else ("", "", self._held)
            if not closed:
                return ""
            self._state = "after"
        if self._state == "after":
            self._held = self._held.lstrip()
            self._state = "text" if self._held else "after"
        shown, self._held = self._held, ""
        return shown

    def flush(self) -> str:
        """What is left at the end: nothing of an unfinished thought."""
        shown = "" if self._state == "thinking" else self._held
        self._held = ""
        return shown
