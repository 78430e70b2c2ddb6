"""The subject and the verb of a sentence, by word lists and word order, without a parser (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.interview.english import (
    ADVERBS,
    ARTICLES,
    BE,
    CONNECTIVES,
    DETERMINERS,
    DO,
    LEXICON,
    MODALS,
    NO_SUBJECT,
    NOUNS_TOO,
    OPENING_CLAUSES,
    PLURALS,
    PREPOSITIONS,
    RELATIVES,
    STARTS_OBJECT,
    TRANSITIVE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence's subject and verb; `verb` as it stands there, `after` is the word behind it."""

    setting: str
    subject: str
    helper: str  # "is", "can", "does" ..., "" when there is none
    verb: str
    after: str = ""
    plural: bool = False
    denied: bool = False


GERUND = re.compile(r"[\w-]+ing\b")
_EDGES = "\"'“”‘’(),.:;!?*`"


def parse(words: Sequence[str]) -> Clause | None:
    """The subject and verb of a sentence's first clause, None when there seem to be none."""
    start, opening = 0, ""
    if words and _bare(words[0]) in OPENING_CLAUSES:
        start = next((i + 1 for i, word in enumerate(words) if word.endswith(",")), 0)
        if not start:
            return None
        opening = _inside(" ".join(words[:start]))
    stop = start + _clause_length(words[start:])
    at = verb_at(words, start, stop)
    if at is None:
        return None
    setting, begin = _begin(words, start, at)
    subject = _inside(" ".join(words[begin:at]))
    if not subject or not _is_subject(subject) or _has_another_verb(words, begin, at):
        return None
    return _with_verb(words, at, stop, setting or opening, subject)


def _clause_length(words: Sequence[str]) -> int:
    for i, word in enumerate(words[:-1]):
        if word[-1] in ":;" or (word.endswith(",") and _bare(words[i + 1]) in CONNECTIVES):
            return i + 1
    return len(words)


def verb_at(words: Sequence[str], start: int, stop: int) -> int | None:
    """The index of the finite verb (or its helper); one inside a relative clause is passed over."""
    inside = 0
    for i in range(start + 1, min(stop, start + 22)):
        if _bare(words[i]) in RELATIVES:
            inside += 1
        elif _is_verb(words, i, stop):
            if not inside:
                return i
            inside -= 1
    return None


def _is_verb(words: Sequence[str], i: int, stop: int) -> bool:
    word = words[i]
    if word in BE or word in MODALS or word in DO or word in ("has", "have"):
        return True
    after = words[i + 1] if i + 1 < stop else ""
    adverb = words[i - 1] in ADVERBS
    before = _bare(words[i - 2] if adverb and i > 1 else words[i - 1])
    if word in LEXICON:  # a plural's verb
        return (before in PLURALS or bool(re.search(r"[^su'’]s$", before))) and before not in DETERMINERS
    if not word.islower() or before in DETERMINERS or before in PREPOSITIONS:
        return False
    if (base := base_of(word)) is None:  # "factorises a click"
        return bool(re.search(r"[^su]s$", word)) and after in ARTICLES and not re.search(r"\d", before)
    is_object = after in STARTS_OBJECT or not after.isalpha() or not after.islower()
    return base not in NOUNS_TOO or adverb or (bool(after) and is_object and not re.search(r"\d", before))


def _begin(words: Sequence[str], start: int, at: int) -> tuple[str, int]:
    """The setting before the subject, and where the subject begins."""
    if _bare(words[start]) not in PREPOSITIONS:
        return "", start
    commas = [i for i in range(start, at) if words[i].endswith(",")]
    if commas:
        return _inside(" ".join(words[start : commas[-1] + 1])), commas[-1] + 1
    for i in range(at - 1, start + 1, -1):
        if words[i] in DETERMINERS and words[i - 1] not in PREPOSITIONS and words[i - 1] not in ("and", "or"):
            return _inside(" ".join(words[start:i])), i
    return "", at  # where the setting ends cannot be seen


def _has_another_verb(words: Sequence[str], begin: int, at: int) -> bool:
    """Whether a word before the verb found may be the verb as well: "BM25 matches terms that ..."."""
    if words[at] in BE | MODALS or GERUND.match(words[begin]) or any(_bare(w) in RELATIVES for w in words[begin:at]):
        return False
    return any(
        words[i].islower() and base_of(words[i]) and words[i - 1] not in DETERMINERS | PREPOSITIONS
        for i in range(begin + 1, at)
    )


def _is_subject(text: str) -> bool:
    """Whether `text` names something: no pronoun, no result in figures, no instruction, no clause of its own."""
    words = [_bare(word) for word in text.split()]
    return (
        words[0] not in NO_SUBJECT
        and words[-1] not in ("and", "or")
        and not words[0][:1].isdigit()
        and not (words[0] in LEXICON | {"choose", "do"} and words[1:2] and words[1] in DETERMINERS)
        and not set(words) & (CONNECTIVES - {"and", "or", "not", "as", "which", "who", "where"})
        and not re.search(r"[:;=]", text)
        and text.count("(") == text.count(")")
    )


def _with_verb(words: Sequence[str], at: int, stop: int, setting: str, subject: str) -> Clause | None:
    while subject.split() and subject.rsplit(maxsplit=1)[-1] in ADVERBS:
        subject = subject.rpartition(" ")[0]
    if not subject:
        return None
    word = words[at]
    helper = word if word in BE | MODALS | DO else ""
    following = [w for w in words[at + bool(helper) : stop] if w not in ADVERBS] if helper else list(words[at:stop])
    verb = following[0].strip(_EDGES) if following else ""
    plural = word in LEXICON or word in ("are", "were", "do", "have")
    after = next((_bare(w) for w in following[1:] if w not in ADVERBS), "")
    denied = word == "cannot" or bool({"not", "never", "no"} & set(words[at + 1 : at + 2]))
    return Clause(setting, subject, helper, verb, after, plural, denied)


def base_of(word: str) -> str | None:
    """ "stores" -> "store", None for what is no known verb in -s."""
    for ending, base in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and (found := word.removesuffix(ending) + base) in LEXICON:
            return found
    return None


def is_instruction(words: Sequence[str]) -> bool:
    """ "Compare two models ...": a verb that is no noun here."""
    verb = words[0].lower().replace("yz", "ys").replace("iz", "is") if words else ""
    follows = words[1] if len(words) > 1 else ""
    return (
        verb in TRANSITIVE and follows.lower() not in PREPOSITIONS and (verb not in NOUNS_TOO or follows in DETERMINERS)
    )


def _bare(word: str) -> str:
    return word.strip(_EDGES).lower()


def _inside(text: str) -> str:
    return text.strip(" ,;:")
