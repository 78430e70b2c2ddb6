"""What a key point speaks about, without what it says (pure).

"A columnar file stores the values of each column together" is about *what a columnar file stores*. The
subject and the verb are found by word lists and word order; a sentence that they do not fit names nothing,
and the interviewer then asks in general words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlprep_bot.interview.clauses import GERUND, Clause, base_of, is_instruction, parse, verb_at
from mlprep_bot.interview.english import (
    ADJECTIVES,
    BE,
    DETERMINERS,
    IRREGULAR_PARTICIPLES,
    MODALS,
    NAMES,
    NO_OBJECT,
    OPENING_CLAUSES,
    PREPOSITIONS,
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


_VAGUE_WORDS = """
answer case choice comparison data feature group mechanism method metric model number option person problem question
result row set step system table test thing user value way
"""
_VAGUE = frozenset(terms(_VAGUE_WORDS))
# "Security: The infrastructure should ...", as lists in notes have it.
_LABEL = re.compile(r"((?:[\w'’/&()-]+ ){0,5}[\w'’/&()-]+):\s")


def named(point: str, question: str) -> Named | None:
    """What `point` is about, in words that give nothing away; None when that cannot be said.

    `question` is what the candidate was asked: its words are known already.
    """
    for found in _candidates(point):
        if tells_little(found.topic, point, question) and (found.question or _means_something(found.topic)):
            return found
    return None


def _candidates(point: str) -> Iterator[Named]:
    """Ways of naming, the most pointed first."""
    words = point.split()
    label = _LABEL.match(point)
    if (
        label
        and not is_instruction(words)
        and (GERUND.match(point) or not set(words[1:2]) & DETERMINERS)
        and verb_at(words, 0, len(label[1].split())) is None
    ):
        yield Named(_small(label[1]))
        return
    clause = parse(words)
    if clause is not None:
        clause = replace(clause, subject=_low(clause.subject), setting=_low(clause.setting))
        yield from map(_worded, _shortened(clause))
    elif is_instruction(words):
        verb = words[0].lower()
        yield Named(f"what to {verb}", f"what would you {verb}")


def _small(label: str) -> str:
    """ "Domain Expert" -> "domain expert"; names and abbreviations stay."""
    return " ".join(
        w.lower() if re.fullmatch(r"[A-Z][a-z]+(?:-[A-Z]?[a-z]+)*", w) and w not in NAMES else w for w in label.split()
    )


def tells_little(wording: str, point: str, question: str) -> bool:
    """Whether `wording` leaves most of the words untold that `point` has beyond `question`."""
    telling = set(terms(point)) - set(terms(question)) - MODALS
    told = telling & set(terms(wording))
    return len(told) <= MOST_TOLD * len(telling) and len(telling) - len(told) >= FEWEST_UNTOLD


def _means_something(subject: str) -> bool:
    """Whether a bare subject says where to look: "the model" alone says nothing."""
    return bool(set(terms(subject)) - _VAGUE)


def _worded(clause: Clause) -> Named:
    """The topic, and the most pointed question that the verb allows."""
    if clause.denied and clause.helper:  # "what can it fit?" would say that it can
        topic, question = _effect(clause)
    else:
        topic, question = _passive(clause) if clause.helper in BE else _active(clause)
    if not clause.setting:
        return Named(topic, question)
    return Named(f"{topic} {clause.setting}", question and f"{clause.setting}, {question}")


def _passive(clause: Clause) -> tuple[str, str]:
    """ "Freshness is measured as ..." -> how freshness is measured."""
    subject, helper, verb = clause.subject, clause.helper, clause.verb
    if verb in ("needed", "required"):
        return f"why {subject} {helper} {verb}", f"why {helper} {subject} {verb}"
    if _is_participle(verb) and helper in ("is", "are"):
        return f"how {subject} {helper} {verb}", f"how {helper} {subject} {verb}"
    if verb[:1].isdigit() or verb in ("the", "a", "an", "how"):
        return f"what {subject} {helper}", f"what {helper} {subject}"
    return subject, ""


def _is_participle(verb: str) -> bool:
    regular = re.fullmatch(r"(?!over|under|un|mis)[a-z]+ed", verb) and verb not in ADJECTIVES
    return bool(regular) or verb in IRREGULAR_PARTICIPLES


def _active(clause: Clause) -> tuple[str, str]:
    """ "A deletion must reach ..." -> what a deletion must reach."""
    subject, verb, helper = clause.subject, clause.verb, clause.helper
    if helper in MODALS and verb == "be" and _is_participle(clause.after):
        return f"how {subject} {helper} be {clause.after}", f"how {helper} {subject} be {clause.after}"
    base = verb if helper or clause.plural else base_of(verb) or ""
    asks = helper or ("do" if clause.plural else "does")
    says = f"{helper} {base}" if helper in MODALS else base if clause.plural else _with_s(base)
    if clause.after and clause.after == WITH_PREPOSITION.get(base):
        return f"what {subject} {says} {clause.after}", f"what {asks} {subject} {base} {clause.after}"
    if base in TRANSITIVE and base not in WITH_PREPOSITION and clause.after not in NO_OBJECT:
        return f"what {subject} {says}", f"what {asks} {subject} {base}"
    return _effect(clause)


def _effect(clause: Clause) -> tuple[str, str]:
    """ "Setting weights to zero leaves ..." -> what effect that has; of what is no action, the bare subject."""
    if clause.helper not in MODALS | BE and GERUND.match(clause.subject):
        return f"what effect {clause.subject} has", f"what effect does {clause.subject} have"
    return clause.subject, ""


def _with_s(base: str) -> str:
    if base.endswith("y") and base[-2:-1] not in "aeou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "ch", "sh", "ss", "o")) else "s")


def _shortened(clause: Clause) -> Iterator[Clause]:
    """The clause, then with less and less of its setting, qualifier and verb."""
    if len(clause.subject.split()) <= _LONGEST:
        yield clause
        if clause.setting:
            yield replace(clause, setting="")
    cut = re.match(r"(\S+(?: \S+)+?) (?:with|in|over|by|for|from|that|which|who|whose|under|on)\b", clause.subject)
    if cut and not GERUND.match(clause.subject):
        clause = replace(clause, subject=cut[1], setting="")
        yield clause
    if len(clause.subject.split()) <= _LONGEST:
        yield replace(clause, setting="", helper="", verb="")


def _low(text: str) -> str:
    """`text` for the middle of a sentence: its first letter is a small one, unless it begins with a name."""
    if text.partition(" ")[0].lower() in DETERMINERS | PREPOSITIONS | OPENING_CLAUSES:
        return text[:1].lower() + text[1:]
    first = re.match(r"([A-Z][a-z]*)(?![\w'’]|-[A-Z]| [A-Z][a-z])", text)
    if not first or first[1] in NAMES or len(first[1]) == 1:
        return text
    return text[0].lower() + text[1:]
