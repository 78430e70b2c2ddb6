"""From a sentence that a model wrote to a sentence with citations, a verdict and a reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from mlprep_bot.answering.drafts import Draft
from mlprep_bot.answering.statements import states_something
from mlprep_bot.domain import Citation, Passage, Sentence, Span, Verdict

OWN_CITATION = "cited by mlprep, not by the model"
# A sentence without a citation is compared with every passage, which is many chances to be wrong, and no model vouches
# for one of them. From 0.77 on, 95% of what passes on dev is true (`python eval/uncited.py`, docs/support.md); a
# quotation scores 1.
UNCITED_THRESHOLD = 0.8
_NO_STATEMENT = "not a claim: it states nothing by itself"

_NO_CLAIM_KINDS = {
    "heading": "not a claim: a heading",
    "label": "not a claim: a label",
    "code": "code: shown as the model wrote it, not checked",
    "rule": "not a claim: a line",
    "comment": "not a claim: a comment",
}
_NO_CLAIM_REASONS = ("not a claim", "code:", "cut off")
_LEAD_IN = re.compile(r":[*_\s]*$")
_CONNECTIVE = re.compile(
    r"(?:in (?:summary|conclusion|short|other words|general)|to (?:sum up|summari[sz]e|conclude)|overall|"
    r"therefore|thus|hence|"
    r"for (?:example|instance)|here(?: is| are|'s)(?: (?:the|a|an|my|your))?(?: short| direct)? (?:answer|"
    r"summary|list|explanation)s?|"
    r"(?:sure|certainly|of course|great question|good question|okay|ok|yes|no|absolutely)|"
    r"i hope (?:this|that) helps|let me (?:know|explain)[^.]*|(?:the )?(?:answer|"
    r"summary)(?: is)?(?: as follows)?|that(?:'s| is) (?:it|all))"
    r"[\s.,:;!*_]*",
    re.IGNORECASE,
)
_LACK = re.compile(
    r"\b(?:passages?|context|sources?|documents?|text|material|information (?:given|provided))\b[^.]{0,40}?"
    r"\b(?:do(?:es)? not|don't|doesn't|did not|never|cannot|lacks?)\b[^.]{0,20}?"
    r"\b(?:mention|say|state|cover|contain|provide|include|discuss|explain|answer|describe|specify|address|give|"
    r"define)",
    re.IGNORECASE,
)


class Judged(Protocol):
    """What a checker says of one sentence; `span` in offsets of the passage's document."""

    @property
    def supported(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def passage(self) -> Passage | None: ...
    @property
    def span(self) -> Span | None: ...
    @property
    def score(self) -> float: ...


class Checker(Protocol):
    """`support.SupportChecker`."""

    def check(self, sentence: str, passages: Sequence[Passage]) -> Judged: ...


def is_claim(sentence: Sentence) -> bool:
    """Whether the sentence states something that could be supported: no heading, code, lead-in or torn end."""
    return not (sentence.verdict is Verdict.UNCITED and sentence.reason.startswith(_NO_CLAIM_REASONS))


def says_nothing_found(draft: Draft) -> bool:
    """Whether the sentence only says that the passages do not cover something."""
    return _LACK.search(draft.text) is not None


def judge(draft: Draft, passages: Mapping[str, Passage], checker: Checker) -> Sentence:
    """The verdict about one sentence; `passages` are those that the model was shown, by id."""
    if reason := _no_claim(draft):
        return Sentence(draft.text, Verdict.UNCITED, reason, (), draft.block)
    if draft.cited:
        return _cited(draft, passages, checker)
    if draft.unknown:
        return Sentence(draft.text, Verdict.UNCITED, f"it cites {_unknown(draft)}", (), draft.block)
    found = checker.check(draft.text, list(passages.values()))
    if found.supported and found.score >= UNCITED_THRESHOLD and (citation := _citation(found)):
        return Sentence(draft.text, Verdict.SUPPORTED, f"{OWN_CITATION}: {found.reason}", (citation,), draft.block)
    objection = "no passage says it plainly enough" if found.supported else found.reason
    return Sentence(draft.text, Verdict.UNCITED, f"the model names no passage for it, and {objection}", (), draft.block)


def _no_claim(draft: Draft) -> str:
    if draft.cut:
        return "cut off before its end"
    if reason := _NO_CLAIM_KINDS.get(draft.kind):
        return reason
    if says_nothing_found(draft):
        return "not a claim: it says what the passages lack"
    if draft.cited or draft.unknown:
        return "" if _states(draft, after=True) else _NO_STATEMENT
    if _LEAD_IN.search(draft.text):
        return "not a claim: it leads to what follows"
    if draft.text.rstrip("*_ ").endswith("?"):
        return "not a claim: a question"
    if _CONNECTIVE.fullmatch(draft.text):
        return "not a claim: a connecting phrase"
    return "" if _states(draft, after=False) else _NO_STATEMENT


def _states(draft: Draft, *, after: bool) -> bool:
    """Whether there is something to check; a table is checked whatever its cells look like."""
    return draft.kind != "text" or states_something(draft.text, after=after)


def _cited(draft: Draft, passages: Mapping[str, Passage], checker: Checker) -> Sentence:
    """Each cited passage is checked by itself, then all together, since a claim may join two of them."""
    cited = [passages[name] for name in draft.cited]
    alone = [(passage, checker.check(draft.text, [passage])) for passage in cited]
    supporting = [(passage, found) for passage, found in alone if found.supported]
    reasons: list[str] = []
    if supporting:
        best = max((found for _, found in supporting), key=lambda found: found.score)
        citations = [_citation(found) for _, found in supporting]
        reasons.append(best.reason)
        reasons += [f"{passage.id} does not say it" for passage, found in alone if not found.supported]
    else:
        best = max((found for _, found in alone), key=lambda found: found.score)
        citations = [_citation(found) for _, found in alone]
        reasons.append(best.reason)
        elsewhere = checker.check(draft.text, [p for name, p in passages.items() if name not in draft.cited])
        if elsewhere.supported and elsewhere.passage:
            reasons.append(f"{elsewhere.passage.id}, which it does not cite, says it")
    if draft.unknown:
        reasons.append(f"it also cites {_unknown(draft)}")
    verdict = Verdict.SUPPORTED if supporting else Verdict.UNSUPPORTED
    resolved = tuple(citation for citation in citations if citation)
    return Sentence(draft.text, verdict, "; ".join(reasons), resolved, draft.block)


def _unknown(draft: Draft) -> str:
    verb = "which is none of the passages" if len(draft.unknown) == 1 else "which are none of the passages"
    return f"{', '.join(draft.unknown)}, {verb}"


def _citation(found: Judged) -> Citation | None:
    passage, span = found.passage, found.span
    if passage is None or span is None:
        return None
    quote = passage.text[span.start - passage.start : span.end - passage.start]
    return Citation(passage.id, passage.document, passage.heading, span.start, span.end, quote)
