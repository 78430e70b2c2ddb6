"""What a model that marks replied: verdicts read generously, quotations looked up in the answer (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlprep_bot.domain import Span
from mlprep_bot.grading.rubric import PointVerdict

_LONGEST_REPLY = 20_000  # characters that are read
_NUMBER_KEYS = ("n", "number", "no", "id", "index", "point", "keypoint")
_VERDICT_KEYS = ("verdict", "status", "label", "judgement", "judgment")
_QUOTE_KEYS = ("quote", "quotation", "evidence", "words")
_SAYS = {
    PointVerdict.MET: "met fullymet full fully covered satisfied stated",
    PointVerdict.PARTIAL: "partial partially partly partiallymet partlymet partialmet incomplete",
    PointVerdict.MISSED: "missed missing miss notmet unmet absent notmentioned notcovered notstated none",
    PointVerdict.CONTRADICTED: "contradicted contradicts contradiction contradictory contradict",
}
_MENU = {word: verdict for verdict, words in _SAYS.items() for word in words.split()}
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_STRAY_BACKSLASH = re.compile(r'\\(?!["\\/bfnrtu])')  # LaTeX that was copied as it stands


@dataclass(frozen=True, slots=True)
class Claim:
    """What the model says about one key point; nothing of it is checked yet."""

    verdict: PointVerdict
    quote: str


def claims(reply: str, numbers: Sequence[int]) -> dict[int, Claim]:
    """The claims about the key points with these numbers; {} when the reply is unusable.

    Fences, text around the JSON, a reply cut at its end, other capitals and other names are understood. A number
    that was not asked for, a verdict that is not on the menu and two verdicts on one point count as left out.
    """
    text = reply[:_LONGEST_REPLY]
    entries = _entries(text) or _entries(_TRAILING_COMMA.sub("", _STRAY_BACKSLASH.sub(r"\\\\", text)))
    if len(entries) == len(numbers) and not any(entry.keys() & set(_NUMBER_KEYS) for entry in entries):
        entries = [{**entry, "n": number} for entry, number in zip(entries, numbers, strict=True)]
    found: dict[int, Claim] = {}
    doubtful: set[int] = set()
    for entry in entries:
        number, claim = _number(entry), _claim(entry)
        if number not in numbers or number is None or claim is None:
            continue
        if number in found and found[number].verdict is not claim.verdict:
            doubtful.add(number)
        found.setdefault(number, claim)
    return {number: claim for number, claim in found.items() if number not in doubtful}


def _entries(text: str) -> list[dict[str, Any]]:
    """Every JSON object in the text that has a verdict, in order."""
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    while at >= 0:
        end = at + 1
        try:
            value, end = decoder.raw_decode(text, at)
            found += _with_verdicts(value)
        except (ValueError, RecursionError):
            pass  # the objects inside what is broken may be whole
        at = text.find("{", end)
    return found


def _with_verdicts(value: Any, key: str = "", depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(value, Mapping):
        entry = {re.sub(r"[^a-z]", "", str(k).lower()): v for k, v in value.items()}
        if any(isinstance(entry.get(name), str) for name in _VERDICT_KEYS):
            yield entry if _number(entry) is not None or not key.isdigit() else {**entry, "n": key}
            return
        parts = [(str(k), v) for k, v in value.items()]
    else:
        parts = [("", v) for v in value] if isinstance(value, list) else []
    if depth < 4:
        for name, part in parts:
            yield from _with_verdicts(part, name, depth + 1)


def _number(entry: Mapping[str, Any]) -> int | None:
    for name in _NUMBER_KEYS:
        value = entry.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1000:
            return int(value)
        if isinstance(value, str) and (digits := re.fullmatch(r"\D{0,12}(\d{1,3})\D?", value.strip())):
            return int(digits[1])
    return None


def _claim(entry: Mapping[str, Any]) -> Claim | None:
    said = next((entry[name] for name in _VERDICT_KEYS if isinstance(entry.get(name), str)), "")
    verdict = _MENU.get(re.sub(r"[^a-z]", "", said.lower()))
    quote = next((entry[name] for name in _QUOTE_KEYS if isinstance(entry.get(name), str)), "")
    return Claim(verdict, quote.strip()) if verdict else None


# --- looking quotations up -----------------------------------------------------------------------

_SAME = dict(zip("“”„«»‘’‚–—−‑‹›[]{}\N{NO-BREAK SPACE}", '"""""\'\'\'----<>()() ', strict=True))
_DROPPED = frozenset("*_`#\\\N{ZERO WIDTH SPACE}")
_ENDS = " .,;:!?\"'"
_ELISION = re.compile(r"\s*(?:\[?\(?\.{3,}\)?\]?|…)\s*")
_FEWEST_WORDS = 3  # of a piece of a quotation that leaves something out
_ESCAPED = str.maketrans({"\b": r"\b", "\f": r"\f", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Quotable:
    """An answer in which quotations are found, whatever happened to their marks, capitals and white space."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def find(self, quote: str) -> list[Span]:
        """Every place where the answer says `quote`; of a quotation with an omission the longest piece that it says."""
        for wanted in (quote, quote.translate(_ESCAPED)):  # "\beta" in JSON is a backspace and "eta"
            if found := self._places(wanted):
                return found
        pieces = sorted(_ELISION.split(quote), key=len, reverse=True)
        whole = (self._places(piece) for piece in pieces if len(piece.split()) >= _FEWEST_WORDS)
        return next((found for found in whole if found), []) if len(pieces) > 1 else []

    def _places(self, quote: str) -> list[Span]:
        wanted = _normal(quote)[0].strip(_ENDS)
        if not any(character.isalnum() for character in wanted):
            return []
        normal, offsets = self._normal
        found: list[Span] = []
        at = normal.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            if _whole_words(normal, at, end):
                found.append(Span(offsets[at], offsets[end - 1] + 1))
            at = normal.find(wanted, at + 1)
        return found

    @cached_property
    def _normal(self) -> tuple[str, list[int]]:
        return _normal(self._answer)


def _normal(text: str) -> tuple[str, list[int]]:
    """Lower case with single blanks and plain marks, and the offset of every character kept."""
    kept: list[str] = []
    offsets: list[int] = []
    for at, raw in enumerate(text):
        character = _SAME.get(raw, raw)
        if character.isspace():
            if not kept or kept[-1] == " ":
                continue
            character = " "
        elif character in _DROPPED:
            continue
        lowered = character.lower()
        kept.append(lowered if len(lowered) == 1 else character)
        offsets.append(at)
    return "".join(kept), offsets


def _whole_words(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() and text[start].isalnum()) and not (after.isalnum() and text[end - 1].isalnum())
