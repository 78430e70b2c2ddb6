"""What a key point speaks about, without what it says (pure).

"A columnar file stores the values of each column together" is about *what a columnar file stores*. The
subject and the verb are found by word lists and word order; a sentence that they do not fit names nothing,
and the interviewer then asks in general words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mlprep_bot.interview.english import (
    ADJECTIVES,
    ADVERBS,
    ARTICLES,
    BE,
    CONNECTIVES,
    DETERMINERS,
    DO,
    IRREGULAR_PARTICIPLES,
    LEXICON,
    MODALS,
    NAMES,
    NO_OBJECT,
    NO_SUBJECT,
    NOUNS_TOO,
    OPENING_CLAUSES,
    PLURALS,
    PREPOSITIONS,
    RELATIVES,
    STARTS_OBJECT,
    TRANSITIVE,
    WITH_PREPOSITION,
)
from mlprep_bot.knowledge.lexical import terms

# Naming the subject may use up this share of a point's telling words (those that the question does not have),
# and has to leave this many untold.
MOST_TOLD = 0.45
FEWEST_UNTOLD = 2
_LONGEST = 12  # words of a subject; a longer one is cut before its qualifier


@dataclass(frozen=True, slots=True)
class Named:
    """`topic` is what one may think about ("what a columnar file stores"), `question` asks for it ("what does a
    columnar file store"), "" when only the subject could be named ("inverted dropout").

    Both begin in lower case and have no mark at the end.
    """

    topic: str
    question: str = ""


@dataclass(frozen=True, slots=True)
class _Clause:
    """A sentence's subject and verb; `verb` as it stands there, `after` is the word behind it."""

    setting: str
    subject: str
    helper: str  # "is", "can", "does" ..., "" when there is none
    verb: str
    after: str = ""
    plural: bool = False


_VAGUE = frozenset(terms("a case, data, a feature, a mechanism, a method, metric, a model, a system, a test, a value"))
_EDGES = "\"'“”‘’(),.:;!?*`"
_GERUND = re.compile(r"\w+ing\b")


def named(point: str, question: str) -> Named | None:
    """What `point` is about, in words that give nothing away; None when that cannot be said.

    `question` is what the candidate was asked: its words are known already.
    """
    clause = _parse(point.split())
    if clause is None:
        return None
    clause = replace(clause, subject=_low(clause.subject), setting=_low(clause.setting))
    for shorter in _shortened(clause):
        found = _worded(shorter)
        if tells_little(found.topic, point, question) and (found.question or _means_something(found.topic, question)):
            return found
    return None


def tells_little(wording: str, point: str, question: str) -> bool:
    """Whether `wording` leaves most of the words untold that `point` has beyond `question`."""
    telling = set(terms(point)) - set(terms(question))
    told = telling & set(terms(wording))
    return len(told) <= MOST_TOLD * len(telling) and len(telling) - len(told) >= FEWEST_UNTOLD


def _means_something(subject: str, question: str) -> bool:
    """Whether a bare subject says where to look: "the model" alone says nothing."""
    found = set(terms(subject))
    return len(found) > 1 or bool(found - set(terms(question)) - _VAGUE)


# --- finding subject and verb -------------------------------------------------------------------


def _parse(words: Sequence[str]) -> _Clause | None:
    """The subject and verb of a sentence's first clause, None when there seem to be none."""
    start, opening = 0, ""
    if words and _bare(words[0]) in OPENING_CLAUSES:
        start = next((i + 1 for i, word in enumerate(words) if word.endswith(",")), 0)
        if not start:
            return None
        opening = _inside(" ".join(words[:start]))
    stop = start + _clause_length(words[start:])
    at = _verb_at(words, start, stop)
    if at is None:
        return None
    setting, begin = _begin(words, start, at)
    subject = _inside(" ".join(words[begin:at]))
    if begin >= at or not _is_subject(subject):
        return None
    return _with_verb(words, at, stop, setting or opening, subject)


def _clause_length(words: Sequence[str]) -> int:
    for i, word in enumerate(words[:-1]):
        if word[-1] in ":;" or (word.endswith(",") and _bare(words[i + 1]) in CONNECTIVES):
            return i + 1
    return len(words)


def _verb_at(words: Sequence[str], start: int, stop: int) -> int | None:
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
    word, before = words[i], _bare(words[i - 1])
    if word in BE or word in MODALS or word in DO or word in ("has", "have"):
        return True
    after = _bare(words[i + 1]) if i + 1 < stop else ""
    if word in LEXICON:  # a plural's verb
        return (before in PLURALS or bool(re.search(r"[^su]s$", before))) and before not in DETERMINERS
    if not word.islower() or before in DETERMINERS or before in PREPOSITIONS:
        return False
    if (base := _base(word)) is None:  # "factorises a click"
        return bool(re.search(r"[^su]s$", word)) and after in ARTICLES
    return base not in NOUNS_TOO or after in STARTS_OBJECT or after[:1].isdigit() or before in ADVERBS


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


def _is_subject(text: str) -> bool:
    """Whether `text` names something: no pronoun, no result in figures, no instruction, no clause of its own."""
    words = [_bare(word) for word in text.split()]
    return (
        words[0] not in NO_SUBJECT
        and not words[0][:1].isdigit()
        and not (words[0] in LEXICON | {"choose", "do"} and words[1:2] and words[1] in DETERMINERS)
        and not set(words) & (CONNECTIVES - {"and", "or", "not", "as", "which", "who", "where"})
        and not re.search(r"[:;]", text)
    )


def _with_verb(words: Sequence[str], at: int, stop: int, setting: str, subject: str) -> _Clause | None:
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
    return _Clause(setting, subject, helper, verb, after, plural)


def _base(word: str) -> str | None:
    """ "stores" -> "store", None for what is no known verb in -s."""
    for ending, base in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(ending) and (found := word.removesuffix(ending) + base) in LEXICON:
            return found
    return None


# --- saying it ----------------------------------------------------------------------------------


def _worded(clause: _Clause) -> Named:
    """The topic, and the most pointed question that the verb allows."""
    topic, question = _passive(clause) if clause.helper in BE else _active(clause)
    if not clause.setting:
        return Named(topic, question)
    return Named(f"{topic} {clause.setting}", question and f"{clause.setting}, {question}")


def _passive(clause: _Clause) -> tuple[str, str]:
    """ "Freshness is measured as ..." -> how freshness is measured."""
    subject, helper, verb = clause.subject, clause.helper, clause.verb
    if verb in ("needed", "required"):
        return f"why {subject} {helper} {verb}", f"why {helper} {subject} {verb}"
    if (re.fullmatch(r"[a-z]+ed", verb) and verb not in ADJECTIVES) or verb in IRREGULAR_PARTICIPLES:
        return f"how {subject} {helper} {verb}", f"how {helper} {subject} {verb}"
    if verb[:1].isdigit() or verb in ("the", "a", "an"):
        return f"what {subject} {helper}", f"what {helper} {subject}"
    return subject, ""


def _active(clause: _Clause) -> tuple[str, str]:
    """ "A deletion must reach ..." -> what a deletion must reach."""
    subject, verb = clause.subject, clause.verb
    helper = "can" if clause.helper == "cannot" else clause.helper
    base = verb if helper or clause.plural else _base(verb) or ""
    asks = helper or ("do" if clause.plural else "does")
    says = f"{helper} {base}" if helper in MODALS else base if clause.plural else _with_s(base)
    if clause.after and clause.after == WITH_PREPOSITION.get(base):
        return f"what {subject} {says} {clause.after}", f"what {asks} {subject} {base} {clause.after}"
    if base in TRANSITIVE and base not in WITH_PREPOSITION and clause.after not in NO_OBJECT:
        return f"what {subject} {says}", f"what {asks} {subject} {base}"
    if helper not in MODALS and _GERUND.match(subject):
        return f"the effect of {subject}", f"what effect does {subject} have"
    return subject, ""


def _with_s(base: str) -> str:
    if base.endswith("y") and base[-2:-1] not in "aeou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "ch", "sh", "ss", "o")) else "s")


def _shortened(clause: _Clause) -> Iterator[_Clause]:
    """The clause, then with less and less of its setting, qualifier and verb."""
    if len(clause.subject.split()) <= _LONGEST:
        yield clause
        if clause.setting:
            yield replace(clause, setting="")
    cut = re.match(r"(\S+(?: \S+)+?) (?:with|in|over|by|for|from|that|which|who|whose|under|on)\b", clause.subject)
    if cut and not _GERUND.match(clause.subject):
        clause = replace(clause, subject=cut[1], setting="")
        yield clause
    if len(clause.subject.split()) <= _LONGEST:
        yield replace(clause, setting="", helper="", verb="")


def _low(text: str) -> str:
    """`text` for the middle of a sentence: its first letter is a small one, unless it begins with a name."""
    first = re.match(r"([A-Z][a-z]*)(?:['’]s)?(?![\w'’]|-[A-Z]| [A-Z][a-z])", text)
    if not first or first[1] in NAMES or (len(first[1]) == 1 and first[1] != "A"):
        return text
    return text[0].lower() + text[1:]


def _bare(word: str) -> str:
    return word.strip(_EDGES).lower()


def _inside(text: str) -> str:
    return text.strip(" ,;:")
