"""Does a text state something that could be true or false? Decided by word order and word lists, no parser (pure).

A heading, a noun phrase, a question, an order and a formula alone state nothing. When in doubt the answer is yes:
a true sentence that is not checked costs a reader more than a fragment that is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlprep_bot.answering.finite import (
    EQUATION,
    FORMULA,
    HELPERS,
    base_form,
    is_adverb,
    is_finite,
    is_past,
    is_verb_form,
    listed,
    opens_object,
)
from mlprep_bot.answering.markup import protected_spans


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RELATION = re.compile(r"[=<>≈≤≥∝∈]|\\(?:le|ge|leq|geq|lt|gt|approx|propto|in|sim|equiv|to|leftarrow|rightarrow)\b")
_TOKEN = re.compile(
    r"[^\W\d_][^\W_]*(?:[-_@][^\W_]+)*(?:['’][^\W\d_]+)?|\d[\w.,]*(?<![.,])%?|[\\`=≈≤≥<>]|[,;:.!?()]|(?<= )[–-](?= )|—"
)
_EMPHASIS = re.compile(r"[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}")
_STOPS = frozenset(";:.!?—–-")
_SHORT = _words("al e i g vs cf etc approx")
_ECHO = re.compile(r"\s*</?passage\b")  # a small model repeats its prompt
_DANGLING = re.compile(r"[\W_]*(?:this|these|those|that)\s+(?:\w+ly\s+|also\s+|then\s+)?(\w+)", re.IGNORECASE)
_ENGLISH = _words("the of and to in is are for with from on that by it as at than not a an be or")
_FOREIGN = _words(
    "der die das und ist nicht ein eine mit für von zu den el la los las de que en es un una por con le les des et est "
    "du une dans pour il di che non della um uma não para het een van niet og är och på"
)
_OPENING = _words("if when for to in before after once unless until with at on by from while since as")
_CONDITION = _words("if when because since although though while whereas once unless")
_NO_RELATIVE = _words("at of in for on by with than to from")


def states_something(text: str, *, after: bool = False) -> bool:
    """Whether `text` makes a statement; `after`: a sentence before it says what its "this" points to."""
    if _ECHO.match(text) or text.rstrip("*_\"'”’) ").endswith("?"):
        return False
    found = _tokens(text)
    if not any(token[0].isalpha() for token in found):
        return False
    if _is_foreign(found):
        return True
    if not after and _is_dangling(text):
        return False
    return any(_claims(part) for part in _parts(found))


def _tokens(text: str) -> list[str]:
    """The words and stops of `text`; a formula or code is one token."""
    parts: list[str] = []
    at = 0
    for span in protected_spans(text):
        inside = text[span.start : span.end]
        is_relation = not inside.startswith(("`", "~")) and _RELATION.search(inside)
        parts += [text[at : span.start], f" {EQUATION if is_relation else FORMULA} "]
        at = span.end
    plain = _EMPHASIS.sub("", "".join([*parts, text[at:]]))
    return [token.replace("’", "'") for token in _TOKEN.findall(plain)]


def _is_foreign(found: Sequence[str]) -> bool:
    """The word lists are English; of other languages nothing is known, so everything there may be a statement."""
    letters = "".join(token for token in found if token[0].isalpha())
    other = sum(ord(letter) > 0x24F and not 0x370 <= ord(letter) < 0x400 for letter in letters)
    lowered = [token.lower() for token in found]
    return other > len(letters) / 3 or sum(t in _FOREIGN for t in lowered) > 1 + sum(t in _ENGLISH for t in lowered)


def _is_dangling(text: str) -> bool:
    """ "This is known as ...": whether the subject is a word that points to a sentence before."""
    match = _DANGLING.match(text)
    if not match:
        return False
    verb = match[1].lower()
    return verb in HELPERS or (verb.endswith("s") and is_verb_form(verb) and verb.removesuffix("s") not in HELPERS)


def _parts(found: Sequence[str]) -> list[list[str]]:
    """The tokens cut at stops that are more than a comma."""
    parts: list[list[str]] = [[]]
    for token, following in zip(found, [*found[1:], ""], strict=True):
        abbreviates = token == "." and ((parts[-1] and parts[-1][-1] in _SHORT) or following.islower())
        if token in _STOPS and not abbreviates:
            parts.append([])
        elif token != ".":
            parts[-1].append(token)
    return [part for part in parts if part]


def _claims(part: Sequence[str]) -> bool:
    """Whether a finite verb is left once an order is skipped and every "which" and "if" has taken its own."""
    first = _order_end(part)
    if first == 0 and part[0].lower() in _CONDITION and "," in part[2:-2]:
        return True  # "If ..., the loss falls": what follows the comma is a clause, whether or not we know its verb
    verbs = [i for i in range(first, len(part)) if is_finite(part, i, first)]
    for i in range(first, len(part)):
        stop = next((j for j in range(i + 1, len(part)) if part[j] == ","), len(part))
        taken = next((verb for verb in verbs if i < verb < stop), None)
        if taken is None or not (_opens_clause(part, i, first) or _is_afterthought(part, i, first, taken)):
            continue
        if not any(_may_be_verb(part, j) for j in range(i + 1, taken)):
            verbs.remove(taken)
    return bool(verbs)


def _order_end(part: Sequence[str]) -> int:
    """Where to look for a claim: behind the first clause of an order, else at the beginning."""
    start = part.index(",") + 1 if part[0].lower() in _OPENING and "," in part else 0
    while start < len(part) and (part[start].lower() in listed("order openers") or part[start] == ","):
        start += 1
    if start >= len(part) or not _is_order(part, start):
        return 0
    stops = (i for i in range(start, len(part)) if part[i].lower() in (",", "because", "since", "so"))
    return next(stops, len(part))


def _is_order(part: Sequence[str], i: int) -> bool:
    word, following = part[i].lower(), part[i + 1].lower() if i + 1 < len(part) else ""
    if word in ("do", "don't"):
        return word != "do" or following == "not" or opens_object(following)
    return base_form(word) and (opens_object(following) or following in ("sure", "which"))


def _opens_clause(part: Sequence[str], i: int, first: int) -> bool:
    """Whether a clause begins here that has a verb of its own."""
    word = part[i].lower()
    if word != "that":
        return word in listed("claim openers")
    before = part[i - 1].lower() if i > first else ""
    amount = part[i + 1 : i + 2] == ["is"] and "".join(part[i + 2 : i + 3])[:1].isdigit()  # "that is 280,000"
    return bool(before) and not amount and not is_adverb(before) and before not in _NO_RELATIVE


def _is_afterthought(part: Sequence[str], i: int, first: int, verb: int) -> bool:
    """ "named before the interviewer asks": the last words, behind a participle."""
    if part[i] != "before" or i == first or not (part[i - 1] == "," or is_past(part[i - 1].lower())):
        return False
    rest = part[verb + 1 :]
    return not rest or (len(rest) == 1 and is_past(rest[0]))


def _may_be_verb(part: Sequence[str], i: int) -> bool:
    """Whether a verb form stands there that nothing speaks against, be it the infinitive of "how to"."""
    word, before = part[i].lower(), part[i - 1].lower()
    free = before not in HELPERS and before not in listed("limiting words") | listed("claim openers") | {"and"}
    return word == "to" or (part[i].islower() and free and is_verb_form(word))
