"""Numbers with their units, as prose and LaTeX write them (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlprep_bot.answering.words import pairs

_UNITS = {word: unit for unit, written in pairs("units") for word in written}
_SMALL = {word: float(value[0]) for word, value in pairs("number words")}
_FRACTIONS = {word: float(value[0]) for word, value in pairs("fractions and multiples")}
_SCALES = {word: float(value[0]) for word, value in pairs("scales")}
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, slots=True)
class Number:
    """A value with what it counts: `unit` is canonical ("ms", "%", "usd", …) or "". `loose` is said in a word."""

    value: float
    unit: str = ""
    loose: bool = False
    text: str = ""


def is_number_word(match: re.Match[str]) -> bool:
    """Whether a token is a number said in a word; "one" is mostly a pronoun."""
    word = (match["word"] or "").lower()
    return (word in _SMALL and word not in ("one", "zero")) or word in _FRACTIONS


def read_number(matches: list[re.Match[str]], i: int) -> tuple[Number, int]:
    """The number whose first match is `i`, and how many matches it takes."""
    text = matches[i].group()
    loose = matches[i]["word"] is not None
    value = _value(text)
    used = 1
    while i + used < len(matches):
        word = matches[i + used].group().lower()
        if loose and used == 1 and text.lower() in _TENS and 0 < _SMALL.get(word, 0) < 10:
            value += _SMALL[word]
        elif word in _SCALES and (len(word) > 2 or matches[i + used].start() == matches[i + used - 1].end()):
            value *= _SCALES[word]
        else:
            break
        text += f" {matches[i + used].group()}"
        used += 1
    unit = ""
    if i + used < len(matches):
        word = matches[i + used].group().lower()
        if matches[i + used]["percent"] or word in ("percent", "per cent", "pct"):
            unit, used, value = "%", used + 1, value / 100
        else:
            unit = _UNITS.get(word, "")
            used += bool(unit)
    if not unit and i and matches[i - 1]["money"]:
        unit = _UNITS.get(matches[i - 1].group(), "")
    if (
        not unit
        and i + used < len(matches)
        and matches[i + used]["number"]
        and matches[i + used].start() - matches[i].end() <= 1
    ):
        unit = read_number(matches, i + used)[0].unit  # 60-70%: the unit belongs to both ends
        value = value / 100 if unit == "%" else value
    return Number(value, unit, loose, text + ("%" if unit == "%" else "")), used


def _value(text: str) -> float:
    lower = text.lower()
    if lower in _SMALL:
        return _SMALL[lower]
    if lower in _FRACTIONS:
        return _FRACTIONS[lower]
    return float(lower.replace("−", "-").replace(",", "").replace("_", ""))


def same_number(claimed: Number, stated: Number) -> bool:
    """Equal, or equal after rounding to the digits that the claim gives; units must not clash."""
    if claimed.unit and stated.unit and claimed.unit != stated.unit and "%" not in (claimed.unit, stated.unit):
        return False
    a, b = abs(claimed.value), abs(stated.value)
    if (claimed.value < 0) != (stated.value < 0) and claimed.value < 0 and stated.value > 0 and not stated.loose:
        return False
    bare = not stated.unit and not stated.loose  # a table may say 15.4 under a heading with the sign
    for x, y in ((a, b), (a * 100, b) if bare and claimed.unit == "%" else (a, b)):
        if abs(x - y) <= 1e-9 * max(1.0, x, y) or (y and abs(x - y) / y < 0.004):
            return True
    digits = _digits(claimed)
    return digits is not None and b != 0 and abs(a - b) <= 0.5 * digits * 1.001 and abs(a - b) / b < 0.05


def _digits(number: Number) -> float | None:
    """The weight of the last digit that the number is given with, None for words."""
    match = re.fullmatch(r"[-−+]?([\d,]+)(?:\.(\d+))?%?", number.text)
    if not match:
        return None
    scale = 0.01 if number.unit == "%" else 1.0
    if match[2]:
        return scale * 10.0 ** -len(match[2])
    zeros = len(match[1]) - len(match[1].rstrip("0,"))
    return scale * 10.0**zeros
