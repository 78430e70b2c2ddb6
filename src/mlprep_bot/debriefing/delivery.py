"""One sentence on how an answer was said: its structure and how concrete it is (pure).

It judges form alone and says what was observed, so that a candidate can check it: what was said is the
matter of the verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.markup import masked, protected_spans
from mlprep_bot.answering.sentences import Unit, split_units

_FEWEST = 4  # words, below which there is nothing to judge
_SHORT = 25  # words of an answer that leaves all reasons to be asked for
_RUN_ON = 45  # words of a sentence that a listener loses track of
_LONG = 260  # words, about two minutes aloud: from here on a listener needs an order
_TERMS = 0.25  # share of small words below which words are listed instead of sentences spoken; prose has about half
_MOST_HEDGES = 3

_HEDGE = re.compile(
    r"\b(?:maybe|perhaps|probably|i (?:guess|suppose|believe|think)|i'm not (?:really )?sure|not (?:really )?sure|"
    r"kind of|sort of|somehow|or something|and (?:stuff|things)|more or less|if i remember(?: right| correctly)?)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|so(?! (?:far|on|called|many|much))|"
    r"as (?:it|they|you|we|the|that|there)|therefore|hence|thus|which is why|"
    r"that's why|due to|leads? to|results? in|as a result|otherwise|the reason|"
    r"in order to|this means|which means|that means)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"(?:^|[.;:!?]\s+|\n\s*)(?:and |but |then )?(?:first|firstly|second|secondly|third|thirdly|next|then|finally|last|"
    r"lastly|"
    r"to (?:sum|wrap) up|in (?:short|summary))\b(?=[\s,:])"
    r"|\b(?:two|three|four|five) (?:main |big |different |key )?(?:things|points|parts|steps|reasons|cases|kinds|ways|"
    r"options|stages|layers)\b|\bon the one hand\b|\b(?:step|point|part) (?:\d|one|two|three)\b",
    re.IGNORECASE,
)
_CASE = re.compile(
    r"\b(?:for (?:example|instance)|e\.g\.|such as|imagine|suppose|let's say|take (?:a|an|the)|"
    r"say(?=[, ] ?(?:a|an|you|we|\d))|(?:in|at) my (?:last|previous|current|old|team|project|company|job|experience)|"
    r"we (?:had|used|saw|ran|built|shipped|found|did)|i (?:once|had|built|ran|shipped|saw|found)|"
    r"one (?:time|case) (?:we|i|was)|like when)\b|\bthink (?:of )?\w+ \w+",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?<![\w.])\d[\d,.]*(?:\s?%|\b)")
_FORMULA = re.compile(r"[\w)\]]\s?(?:=|≤|≥|≈|∝|→|\^|·|×|√)\s?[\w(\[−-]|[√Σ∑∫]")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>")  # HTML is no formula
_LIST_NUMBER = re.compile(r"^\s*\(?\d{1,2}[.)]\s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Remark:
    """A clause about one side of the delivery; `good` decides between "and" and "but"."""

    text: str
    good: bool


def delivery(text: str) -> str:
    """One sentence on the structure and concreteness of an answer, never empty."""
    units = [unit for unit in split_units(text) if unit.kind not in ("rule", "comment")]
    words = len(text.split())
    if words < _FEWEST:
        return "There was too little to judge how you say it: even a guess with a reason gives us something to discuss."
    structure, concrete = _structure(text, units, words), _concreteness(text)
    joined = "and" if structure.good == concrete.good else "but"
    return f"{structure.text}, {joined} {concrete.text}."


def _structure(text: str, units: Sequence[Unit], words: int) -> _Remark:
    """The most telling thing about the structure: what hinders a listener comes first."""
    spoken = [unit for unit in units if unit.kind in ("text", "label", "heading")]
    longest = max((len(masked(text[u.body : u.end]).split()) for u in spoken), default=0)
    items = sum(unit.block in ("bullet", "number") for unit in units)
    signs = len(_ORDER.findall(text))
    reasons = len(_REASON.findall(text))
    if words < _SHORT:
        return _Remark(f"At {words} words you leave an interviewer to ask for the reasons", good=False)
    if _lists_terms(text) and not items:
        return _Remark("You list terms more than you explain them, so say what each one does", good=False)
    if longest >= _RUN_ON:
        return _Remark(f"Your longest sentence has {longest} words, more than a listener can hold", False)
    if words >= _LONG and not items and signs < 2:
        return _Remark(f"{words} words without a visible order are hard to follow: say first what the parts are", False)
    if items >= 2 or signs >= 2:
        return _Remark("Your parts are in a clear order", good=True)
    if reasons:
        return _Remark(f"You say why and not only what, in {_count(len(spoken))}", good=True)
    return _Remark(f"You state facts in {_count(len(spoken))} and do not say why they hold", good=False)


def _lists_terms(text: str) -> bool:
    said = [token for token in tokens(text) if token.number is None]
    return bool(said) and sum(not token.content for token in said) < _TERMS * len(said)


def _concreteness(text: str) -> _Remark:
    hedges = [match.group().lower() for match in _HEDGE.finditer(text)]
    case = _CASE.search(masked(text)) is not None
    text = _TAG.sub(" ", text)
    formal = bool(_FORMULA.search(text)) or any(span.end - span.start > 4 for span in protected_spans(text))
    figures = _FIGURE.search(_LIST_NUMBER.sub("", text)) is not None
    if len(hedges) >= _MOST_HEDGES:
        named = " and ".join(f"“{hedge}”" for hedge in list(dict.fromkeys(hedges))[:2])
        return _Remark(f"you hedge {len(hedges)} times ({named}), which makes what you know sound like guessing", False)
    if case and (figures or formal):
        return _Remark("a case with figures makes it concrete", good=True)
    if case:
        return _Remark("an example makes it concrete, which a figure would do even more", good=True)
    if formal:
        return _Remark("a formula or code makes it exact; say also where you would use it", good=True)
    if figures:
        return _Remark("figures make it concrete; a case of your own would show when they matter", good=True)
    return _Remark("nothing in it is concrete: a number or a case of your own would show that you have done it", False)


def _count(sentences: int) -> str:
    return "one sentence" if sentences == 1 else f"{sentences} sentences"
