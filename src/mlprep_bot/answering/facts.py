"""What a text states that can be compared word by word: content words, names, numbers with units (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from mlprep_bot.answering.markup import protected_spans
from mlprep_bot.answering.numbers import Number, is_number_word, read_number
from mlprep_bot.answering.words import groups, pairs, words

_STOP = frozenset(words("function words"))
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωσΔΣΠΩ",
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
            "sigma",
            "delta",
            "sum",
            "prod",
            "omega",
        ],
        strict=False,
    )
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = re.compile(r"[ᵀᵗ⁺⁻ⁿ⊤]+$")
_LATEX_SILENT = re.compile(
    r"\\(?:text|mathrm|mathbf|mathcal|operatorname|hat|bar|tilde|left|right|big|Big|bigg|frac|tfrac|dfrac|qquad|quad|"
    r"lVert|rVert|lvert|rvert|cdot|limits|,|;|!|:)(?![a-zA-Z])"
)
TOKEN = re.compile(
    r"(?P<number>(?<![\w.])[-−+]?\d+(?:[,_]\d{3})*(?:\.\d+)?(?:[eE][-−+]?\d+)?"
    r"(?![\w]*[A-Za-z]\w*\d)(?=[^\w]|[a-zA-Zµ]{1,3}\b|$))"
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


# One word for what may be said with or without a negation.
_AT_MOST = re.compile(
    r"\bat most\b|\b(?:never|not|cannot|can't|doesn't|don't|won't) (?:\w+ )?(?:exceeds?|more than|above|over)\b"
    r"|\bno more than\b|\bup to\b",
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
    text = re.sub(r"\bno matter (?=how|what|which|where|when|who)", "whatever ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![^\W_])([A-Za-z])\s?_\s?\{?([A-Za-z]{0,2}\d*|\d+)\}?(?!\w)", r"\1\2", text)  # k_1, d_{in}
    text = re.sub(r"\bone (?=(?:out of|in every|in) (?:\d|[a-z]))", "1 ", text, flags=re.IGNORECASE)
    text = _AT_MOST.sub(" at-most ", text)
    text = re.sub(r"\bdiffers? from\b", "is not", text)
    text = _AT_LEAST.sub(" at-least ", text)
    text = text.translate(_SUPERSCRIPTS).replace("’", "'").replace("×", "x")
    return re.sub(r"[*`~\\{}]+|(?<!\w)_+|_+(?!\w)", " ", text).replace("_", " ")


_IRREGULAR = {form: base[0] for form, base in pairs("irregular forms")}
_SUFFIXES = tuple(words("suffixes"))


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in groups("synonyms"):
        for word in group:
            found.setdefault(root(word), found.get(root(group[0]), root(group[0])))
    return found


def stem(word: str) -> str:
    """What two words have in common that say the same: the root, of one word for all of its everyday synonyms."""
    bare = root(word)
    return _synonyms().get(bare, bare)


@lru_cache(maxsize=1)
def everyday() -> frozenset[str]:
    """Stems that may be new in a paraphrase without stating anything new."""
    return frozenset(stem(word) for word in words("everyday words"))


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
    matches = [match for match in TOKEN.finditer(plain(text)) if match.group() != "\n"]
    i = 0
    while i < len(matches):
        match = matches[i]
        if match["stop"]:
            clause += 1
            fresh = fresh or match.group() in ".!?:;("
        elif match["number"] or is_number_word(match):
            number, used = read_number(matches, i)
            found.append(Token(match.group(), f"#{number.value:g}", clause, content=False, number=number))
            i += used - 1
            fresh = False
        elif match["word"]:
            found.append(_word(match.group(), clause, fresh=fresh))
            fresh = False
        i += 1
    return found


def _word(text: str, clause: int, *, fresh: bool) -> Token:
    lower = text.lower()
    acronym = len(text) > 1 and sum(c.isupper() for c in text) > 1
    name = acronym or any(c.isdigit() for c in text) or (text[0].isupper() and not fresh and len(text) > 1)
    content = acronym or (lower not in _STOP and (len(lower) > 1 or not text.isascii() or text.isupper()))
    if lower in ("i", "a"):
        content = name = False
    if (acronym and lower[-1] == "s" and text[-1].islower()) or (lower[-1] == "s" and text[-2:-1].isdigit()):
        lower = lower[:-1]  # GPUs, A100s
    # An exponent is no part of a name: LaTeX writes it apart.
    return Token(text, stem(_RAISED.sub("", lower) or lower), clause, content=content, name=name and content)
