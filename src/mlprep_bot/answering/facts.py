"""What a text states that can be compared word by word: content words, names, numbers with units (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mlprep_bot.answering.markup import protected_spans
from mlprep_bot.answering.thesaurus import groups

_STOP = frozenset(
    """a an the this that these those it its itself they them their there here he she his her him we us our you your i me my
    one ones who whom whose which what when where why how is are was were be been being am do does did doing done has have had
    having will would shall should can could may might must ought of in on at by for from to into onto with within as than
    then so such if or and but nor yet also too very much many more most less least just only even still already both either
    neither each every any all some other another same own about above below over under between through during before after
    up down out off again further once because while until although though whereas since per via not no never cannot without
    thus hence therefore however moreover e.g i.e etc vs let lets get gets make makes made use uses used using like
    come comes goes go well rather quite often usually typically generally mostly mainly almost nearly roughly
    approximately around say says said mean means called known given take takes taken e g""".split()
)
_UNITS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "day"),
    **dict.fromkeys(("week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("year", "years"), "year"),
    **dict.fromkeys(("kb", "kib", "kilobytes"), "kb"),
    **dict.fromkeys(("mb", "mib", "megabyte", "megabytes"), "mb"),
    **dict.fromkeys(("gb", "gib", "gigabyte", "gigabytes"), "gb"),
    **dict.fromkeys(("tb", "tib", "terabyte", "terabytes"), "tb"),
    **dict.fromkeys(("bit", "bits"), "bit"),
    **dict.fromkeys(("byte", "bytes"), "byte"),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), "km"),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("mile", "miles"), "mile"),
    **dict.fromkeys(("kg", "kilogram", "kilograms"), "kg"),
    **dict.fromkeys(("$", "dollar", "dollars", "usd"), "usd"),
    **dict.fromkeys(("€", "euro", "euros"), "eur"),
    **dict.fromkeys(("cent", "cents"), "cent"),
}
_SMALL = {
    word: float(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0}
_FRACTIONS = {
    "half": 0.5, "halves": 0.5, "halving": 0.5, "halved": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25,
    "quarters": 0.25, "twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "triple": 3.0,
    "triples": 3.0, "tripled": 3.0, "thrice": 3.0, "quadruple": 4.0, "quadruples": 4.0, "quadrupled": 4.0,
    "dozen": 12.0,
}  # fmt: skip
_SCALES = {
    "hundred": 1e2, "hundreds": 1e2, "thousand": 1e3, "thousands": 1e3, "million": 1e6, "millions": 1e6,
    "billion": 1e9, "billions": 1e9, "trillion": 1e12, "k": 1e3, "b": 1e9, "bn": 1e9,
}  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωσΔΣΠΩ",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
        "omega sigma delta sum prod omega".split(),
        strict=False,
    )
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LATEX_SILENT = re.compile(
    r"\\(?:text|mathrm|mathbf|mathcal|operatorname|hat|bar|tilde|left|right|big|Big|bigg|frac|tfrac|dfrac|qquad|quad|"
    r"lVert|rVert|lvert|rvert|cdot|limits|,|;|!|:)(?![a-zA-Z])"
)
TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-−+]?\d+(?:[,_]\d{3})*(?:\.\d+)?(?:[eE][-−+]?\d+)?(?![\w]*[A-Za-z]\w*\d)(?=[^\w]|[a-zA-Zµ]{1,3}\b|$))"
    r"|(?P<word>at-most|at-least|[^\W_]+(?:['’][^\W_]+|[.+#](?=[^\W_])[^\W_]+|[+#]+(?!\w))*)"
    r"|(?P<percent>%)|(?P<money>[$€£])|(?P<stop>[.;:!?()\[\]—\n]|,(?!\d)|(?<= )[–-](?= ))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number: `stem` for comparing, `clause` counts the punctuation marks before it.

    `content` is False for function words. `name` marks what may not be paraphrased: acronyms,
    capitalised words inside a sentence, words with digits.
    """

    text: str
    stem: str
    clause: int
    content: bool
    name: bool = False
    number: Number | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A value with what it counts: `unit` is canonical ("ms", "%", "usd", …) or "". `loose` is said in a word."""

    value: float
    unit: str = ""
    loose: bool = False
    text: str = ""


# One word for what may be said with or without a negation.
_AT_MOST = re.compile(
    r"\bat most\b|\b(?:never|not|cannot|can't|doesn't|don't|won't) (?:\w+ )?(?:exceeds?|more than|above|over)\b|\bno more than\b|\bup to\b",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\bat least\b|\b(?:never|not) (?:\w+ )?(?:less|fewer) than\b|\bno (?:less|fewer) than\b", re.IGNORECASE
)


def plain(text: str) -> str:
    """`text` with Markdown marks dropped and LaTeX spelled in words and ordinary numbers."""
    for span in reversed(protected_spans(text)):
        inner = text[span.start : span.end].strip("`$~")
        text = f"{text[: span.start]} {inner} {text[span.end :]}"
    text = re.sub(r"!?\[([^\]\n]*)\]\((?:[^()\s]|\([^()]*\))*\)", r"\1", text)
    text = re.sub(r"10\s*\^\s*\{?\s*([-−]?\d+)\s*\}?", lambda m: "1e" + m[1].replace("−", "-"), text)
    text = re.sub(r"10([⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "1e" + m[1].replace("⁻", "-").translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(\d(?:\.\d+)?)\s*(?:\\times|\\cdot|×)\s*1e([-]?\d+)", r"\1e\2", text)
    text = text.replace("{,}", ",").replace("\\%", "%").replace("\\$", "$")
    text = _LATEX_SILENT.sub(" ", text)
    text = re.sub(r"\\([a-zA-Z]+)", r" \1 ", text)
    for sign, name in _GREEK.items():
        if sign in text:
            text = text.replace(sign, f" {name} ")
    text = _AT_MOST.sub(" at-most ", text)
    text = _AT_LEAST.sub(" at-least ", text)
    text = text.translate(_SUPERSCRIPTS).replace("’", "'").replace("×", "x")
    return re.sub(r"[*`~\\{}]+|(?<!\w)_+|_+(?!\w)", " ", text).replace("_", " ")


_IRREGULAR = {
    "fell": "fall", "fallen": "fall", "rose": "rise", "risen": "rise", "grew": "grow", "grown": "grow", "kept": "keep",
    "lost": "lose", "chose": "choose", "chosen": "choose", "built": "build", "found": "find", "seen": "see", "saw": "see",
    "better": "good", "best": "good", "worse": "bad", "worst": "bad", "data": "data", "bias": "bias", "indices": "index",
    "vertices": "vertex", "matrices": "matrix", "criteria": "criterion", "held": "hold", "wrote": "write",
    "written": "write", "ran": "run", "led": "lead", "learnt": "learn", "taught": "teach", "analyses": "analysis",
    "children": "child", "people": "person", "went": "go", "gave": "give", "began": "begin", "won": "win", "left": "leave",
}  # fmt: skip
_SUFFIXES = (
    "izations", "ization", "ations", "ation", "izing", "izes", "ized", "izer", "ize", "ements", "ement", "ments", "ment",
    "nesses", "ness", "ities", "ity", "ively", "ives", "ive", "ably", "ible", "able", "ally", "ingly", "edly", "ings",
    "ing", "ions", "ion", "ies", "ied", "ers", "er", "ors", "or", "ers", "ed", "es", "ly", "al", "s", "e", "y",
)  # fmt: skip


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in groups():
        for word in group:
            found.setdefault(root(word), found.get(root(group[0]), root(group[0])))
    return found


def stem(word: str) -> str:
    """What two words have in common that say the same: the root, of one word for all of its everyday synonyms."""
    bare = root(word)
    return _synonyms().get(bare, bare)


@lru_cache(maxsize=50_000)
def root(word: str) -> str:
    """A crude common root: what is lost in exactness is the same on both sides of a comparison."""
    word = word.lower().replace("’", "'").removesuffix("'s").strip("'")
    word = _IRREGULAR.get(word, word)
    if not word.isalpha() or len(word) <= 3:
        return word
    word = re.sub(r"is(e[sdr]?|ing|ations?)$", r"iz\1", word)
    word = re.sub(r"yz|ys(?=e[sd]?$|ing$)", "yz", word)
    word = word.replace("our", "or") if len(word) > 5 else word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 4 - (len(suffix) < 3):
            if suffix == "s" and word.endswith(("ss", "us", "is")):
                continue
            word = word[: -len(suffix)]
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def tokens(text: str) -> list[Token]:
    """The words and numbers of one passage of prose or formula, in order, without punctuation."""
    found: list[Token] = []
    clause = 0
    fresh = True  # a capital here says nothing: a sentence begins
    matches = list(TOKEN.finditer(plain(text)))
    i = 0
    while i < len(matches):
        match = matches[i]
        if match["stop"]:
            clause += match.group() != "\n"
            fresh = fresh or match.group() in ".!?:;("
        elif match["number"] or _is_number_word(match):
            number, used = _read_number(matches, i)
            found.append(Token(match.group(), f"#{number.value:g}", clause, content=False, number=number))
            i += used - 1
            fresh = False
        elif match["word"]:
            found.append(_word(match.group(), clause, fresh=fresh))
            fresh = False
        i += 1
    return found


def _is_number_word(match: re.Match[str]) -> bool:
    word = (match["word"] or "").lower()
    return (word in _SMALL and word not in ("one", "zero")) or word in _FRACTIONS


def _word(text: str, clause: int, *, fresh: bool) -> Token:
    lower = text.lower()
    acronym = len(text) > 1 and sum(c.isupper() for c in text) > 1
    name = acronym or any(c.isdigit() for c in text) or (text[0].isupper() and not fresh and len(text) > 1)
    content = acronym or (lower not in _STOP and (len(lower) > 1 or not text.isascii() or text.isupper()))
    if lower in ("i", "a"):
        content = name = False
    return Token(text, stem(lower), clause, content=content, name=name and content)


def _read_number(matches: list[re.Match[str]], i: int) -> tuple[Number, int]:
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
        unit = _read_number(matches, i + used)[0].unit  # 60-70%: the unit belongs to both ends
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
    for x, y in ((a, b), (a * 100, b) if stated.unit != "%" and claimed.unit == "%" else (a, b), (a, b)):
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
