"""Which word of a clause is its finite verb? Word lists and the words beside it, no parser (pure).

A noun and a verb in -s look alike, and so do a past form and a participle: what stands before and behind tells them
apart. When both readings are open, it is a verb.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mlprep_bot.answering.words import words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EQUATION, FORMULA = "\\", "`"  # tokens: a formula that relates two sides, and any other formula or code
HELPERS = _words("is are was were am can cannot could may might must shall should will would do does did has have had")
_CONTRACTED = re.compile(r"n't$|'(?:re|ll|ve|m|d)$|^(?:it|that|there|he|she|here)'s$")
_RELATIONS = frozenset([EQUATION, *"=≈≤≥<>"])
_JOINS_FORMULA = _words("so then hence thus therefore and because ,") | {""}
_PLURALS = _words(
    "i you we they it he she these those both which who that people al gpus cpus tpus apis children criteria media "
    "matrices vertices indices maxima minima men women"
)
_COUNTS = _words("two three four five few many most data")  # a noun follows, or the verb of a plural
_PLURAL_ALONE = _words("both all some many most few several others these those")
_SINGULAR = _words("a an each every one another this it he she everything nothing either neither")
_ADVERBS = _words(
    "often still also then never not rarely hardly mostly already always sometimes both even therefore thus hence no "
    "only just longer soon now merely simply usually well further alone otherwise again instead"
)
_NO_ADVERBS = _words("anomaly assembly family")
_RELATIVES = _words("who which that")
_OF_NOUNS = _words("only just even both")  # adverbs that stand before nouns too
_PARTICLES = _words("out up down off on in away over more less")
_ASIDES = _words("which who whose each such like including at in with on for by of or and")
_NO_PAST_BEHIND = _words("and or ( as when if where but though")
_ADJECTIVE = re.compile(r"(?:ed|al|ive|ous|ic|ful|less|able|-\w+)$")
_LINKING = _words("and or but nor as than per when if where while so because then yet with plus versus")
_PREFIX = re.compile(r"^(?:re|over|under|mis|un|pre|down|up|out|co)-?")


@lru_cache(maxsize=16)
def listed(section: str) -> frozenset[str]:
    """A section of `words.txt` as a set."""
    return frozenset(words(section))


@dataclass(frozen=True, slots=True)
class _Place:
    """A word in its clause. `before` passes over adverbs and brackets and is "" at the beginning."""

    part: Sequence[str]
    i: int
    word: str
    before: str
    after: str

    def earlier(self, distance: int) -> str:
        return self.part[self.i - distance].lower() if self.i >= distance else ""


def is_finite(part: Sequence[str], i: int, first: int) -> bool:
    """Whether `part[i]` is a finite verb of the clause that begins at `first`."""
    after = part[i + 1].lower() if i + 1 < len(part) else ""
    at = _Place(part, i, part[i].lower(), _before(part, i, first), after)
    if at.word in _RELATIONS:
        return _is_equation(at, first)
    if at.word in HELPERS or _CONTRACTED.search(at.word):
        return (i > first or "'" in at.word) and at.before not in HELPERS | {"to"}
    if not part[i].islower() or i == first or not at.before:
        return False
    if at.before in ("i", "we") or (at.before in ("you", "they") and is_verb_form(at.word)):
        return not is_adverb(at.word)
    if at.before in ("this", "that") and _base(at.word):
        return True  # no plural follows
    if at.before in _RELATIVES and is_verb_form(at.word):
        return at.word not in listed("noun verbs") or not (is_verb_form(after) or after in HELPERS)
    if at.before in HELPERS or "'" in at.before or _is_limited(at):
        return False
    return _is_past_verb(at) if is_past(at.word) else _is_present_verb(at)


def is_verb_form(word: str) -> bool:
    """Whether some verb has this form, whatever else it may be."""
    return _base(word) is not None or _base(f"{word}s") is not None or is_past(word)


def is_past(word: str) -> bool:
    """Whether it looks like a past form or a participle."""
    regular = word.endswith("ed") and len(word) > 4 and not word.endswith("eed")
    return regular or word in listed("participles") or word in listed("past forms")


def is_adverb(word: str) -> bool:
    """Whether it may stand between a subject and its verb."""
    return word in _ADVERBS or (word.endswith("ly") and word not in _verbs() | _NO_ADVERBS)


def opens_object(word: str) -> bool:
    """Whether `word` is likelier behind a verb than behind a noun."""
    opens = word in listed("determiners and pronouns") or word in listed("behind a verb")
    return opens or word[:1].isdigit() or word in (FORMULA, EQUATION)


def base_form(word: str) -> bool:
    """ "optimise", "optimize"."""
    return word.replace("iz", "is").replace("yz", "ys") in _verbs()


@lru_cache(maxsize=1)
def _verbs() -> frozenset[str]:
    return listed("plain verbs") | listed("noun verbs")


@lru_cache(maxsize=1)
def _no_objects() -> frozenset[str]:
    """What follows a verb or a noun and begins no object."""
    return listed("limiting words") - listed("determiners and pronouns") | listed("behind a verb") | _LINKING


def _base(word: str) -> str | None:
    """ "relies" -> "rely"; None for what is no form in -s of a known verb."""
    word = word.replace("iz", "is").replace("yz", "ys")
    for ending, base in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and (found := word.removesuffix(ending) + base) in _verbs():
            return found
    stem = _PREFIX.sub("", word)
    return _base(stem) if stem != word else None


def _before(part: Sequence[str], i: int, first: int) -> str:
    at = i - 1
    if at > first and part[at] == ")":
        at = next((j for j in range(at, first, -1) if part[j] == "("), first + 1) - 1
    while at > first and (is_adverb(part[at].lower()) or _is_floating(part, at)):
        at -= 1
    return part[at].lower() if at >= first and i > first else ""


def _is_floating(part: Sequence[str], i: int) -> bool:
    """ "110 KB each": behind what it counts."""
    return part[i] == "each" and part[i - 1].lower() not in listed("claim openers")


def _is_equation(at: _Place, first: int) -> bool:
    """Whether a formula makes the clause: "Recall = ...", "so $a = b$", not "with $k = 3$"."""
    if at.word == EQUATION:
        before = at.earlier(1) if at.i > first else ""
        return before in _JOINS_FORMULA and len(at.part) > 1
    named = at.i > first and (at.earlier(1)[0].isalpha() or at.earlier(1) in (")", FORMULA))
    return named and not (at.i > first + 1 and at.earlier(2) in listed("limiting words"))


def _is_limited(at: _Place) -> bool:
    """Whether the word before makes a noun or an adjective of this one: "the drop", "200 queries"."""
    if at.before[0].isdigit():
        between = is_adverb(at.earlier(1))
        between = between or at.word in listed("past forms") or (is_past(at.word) and _ends_in_number(at))
        return not (between or _base(at.word) or at.word in listed("plain verbs") or _ends_in_number(at))
    if at.before not in listed("limiting words"):
        return False
    if at.before == "one":  # "a wrong one survives"
        return at.i != 1 and not (at.earlier(2) in listed("limiting words") or at.earlier(3) in _SINGULAR)
    if at.before in _PLURAL_ALONE and at.i == 1:  # "Both explain ..."
        return at.word not in listed("plain verbs")
    if _base(at.word) in listed("plain verbs") and {at.earlier(2), at.earlier(3)} & HELPERS:
        return False  # "a window that is too short forgets ..."
    return not (at.before in _PARTICLES and at.i > 1 and is_verb_form(at.earlier(2)))  # "what wears out needs ..."


def _ends_in_number(at: _Place) -> bool:
    """Whether the number before ends the subject and counts nothing: "a specificity of 0.7 costs"."""
    named = at.i > 1 and at.earlier(2)[0].isalpha() and at.earlier(2) not in listed("limiting words") - {"of"}
    return "." in at.before or (named and at.after != "a")


def _is_past_verb(at: _Place) -> bool:
    """A participle behind a noun ("labels moved along") looks like a past form; an object tells them apart."""
    if at.word in listed("past forms"):
        return at.before != ","
    if at.before == "al":
        return True
    if at.before in _NO_PAST_BEHIND or (at.before == "," and not _is_after_aside(at)):
        return False
    following = at.after if at.after not in ("out", "up", "down", "off") else "".join(at.part[at.i + 2 : at.i + 3])
    if following in listed("determiners and pronouns") or following[:1].isdigit():
        return True
    base = {at.word.removesuffix("ed"), at.word.removesuffix("d"), re.sub(r"(.)\1ed$", r"\1", at.word)}
    if base & listed("verbs without object"):
        return not _is_bare_object(at.after)
    return _is_bare_object(at.after) and not _ADJECTIVE.search(at.before)


def _is_present_verb(at: _Place) -> bool:
    if at.word.endswith("s") and not at.word.endswith(("ss", "us", "is")):
        return _is_singular_verb(at)
    apart = at.before == "," and at.after != "that" and not _is_after_aside(at)
    if not base_form(at.word) or at.before in ("and", "or", "(") or apart:
        return False
    plain = at.word.replace("iz", "is").replace("yz", "ys") in listed("plain verbs")
    if at.before not in _COUNTS and _follows_plural(at):
        return True
    several = at.before in _COUNTS or any(t.lower() == "and" or _is_plural(t.lower()) for t in at.part[: at.i])
    return several and (plain or opens_object(at.after))


def _is_singular_verb(at: _Place) -> bool:
    """Whether a form in -s is the third person and no plural noun."""
    base, series = _base(at.word), at.before in (",", "and", "or", "(")
    if base is None:
        return not series and _is_unknown_verb(at)
    plain = base in listed("plain verbs")
    if series:
        return opens_object(at.after) or (plain and at.after not in ("", ",", "and", "or") and not is_past(at.after))
    between = is_adverb(at.earlier(1)) and at.earlier(1) not in _OF_NOUNS
    if not between and (at.before in _COUNTS or (at.before[0].isdigit() and not _ends_in_number(at))):
        return plain
    strong = plain or between or _follows_plural(at) or opens_object(at.after)
    return strong or _is_bare_object(at.after) or _begins_singular(at)


def _is_unknown_verb(at: _Place) -> bool:
    """A word in -s that no list has, with an object behind it."""
    no_verb = (listed("limiting words") | listed("claim openers") | _no_objects()) - listed("determiners and pronouns")
    return opens_object(at.after) and len(at.word) > 3 and not {at.before, at.after, at.word} & no_verb


def _is_bare_object(word: str) -> bool:
    """Whether `word` may begin an object that has no article: no preposition, adverb or verb."""
    verb = word in HELPERS or is_past(word) or (_base(word) or word) in listed("plain verbs")
    return word[:1].isalpha() and word not in _no_objects() and not is_adverb(word) and not verb


def _is_after_aside(at: _Place) -> bool:
    """Whether the words between the comma before and the one before that only add to the subject."""
    commas = [j for j in range(at.i - 1) if at.part[j] == ","]
    word = at.part[commas[-1] + 1].lower() if commas else ""
    return word in _ASIDES or word.endswith(("ing", "ed"))


def _is_plural(word: str) -> bool:
    return word in _PLURALS or (len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")))


def _follows_plural(at: _Place) -> bool:
    """Whether the noun before is a plural, and not the verb of "that reduces"."""
    return _is_plural(at.before) and at.earlier(2) not in _RELATIVES


def _begins_singular(at: _Place) -> bool:
    """Whether the noun phrase before began with "a" or "each", behind which no plural can stand."""
    for token in reversed(at.part[max(0, at.i - 6) : at.i]):
        if token.lower() in _SINGULAR:
            return True
        if token.lower() in listed("limiting words") | _RELATIVES or token in (",", "and", "or"):
            return False
    return False
