"""Does a question lean on the one before it? Rules over words, no model (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mlprep_bot.answering.facts import tokens

WORDS = re.compile(r"[A-Za-z][\w'’+#-]*|\d[\w.%]*|[^\w\s]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEAD = re.compile(
    r"(?:(?:and|but|so|ok(?:ay)?|well|then|also|or|now|yes|yeah|right|alright|sure|great|cool|thanks|thank you|"
    r"hmm+|i see|"
    r"got it|next|finally|sorry|please)\b[\s,.!:;–-]*)+",
    re.IGNORECASE,
)
_PRONOUNS = _words(
    """
    it its they them their theirs this that these those
    """
)
_GENERIC_NOUNS = _words(
    """
    approach approaches technique techniques method methods methodology model models problem problems issue
    issues metric metrics algorithm algorithms thing things case cases kind kinds type types term terms concept
    concepts idea ideas trick assumption assumptions process step steps layer layers effect phenomenon strategy
    strategies architecture architectures pattern patterns tool tools system question answer topic value values
    parameter parameters hyperparameter hyperparameters function functions loss test tests curve matrix score
    distribution measure measures procedure setup behaviour behavior difference differences trade-off tradeoff
    situation scenario way ways option options choice
    """
)
# Words that ask something about a subject and name none.
_GENERIC = _GENERIC_NOUNS - {
    "model",
    "models",
    "algorithm",
    "algorithms",
    "metric",
    "metrics",
    "test",
    "tests",
    "system",
} | _words(
    """
    example examples elaborate more detail details detailed depth deeper deep explain explanation simple simpler
    simply simplify easy easier terms intuition intuitive intuitively drawback drawbacks disadvantage
    disadvantages advantage advantages benefit benefits downside downsides upside upsides pro pros con cons
    limitation limitations weakness weaknesses strength strengths risk risks pitfall pitfalls mistake mistakes
    alternative alternatives formula formulas equation equations math maths mathematically code python snippet
    implement implementation implemented use used useful using usage work works working happen happens help
    helps matter matters important importance good bad better worse best worst compare comparison compared
    differ different similar instead practice practical real life world production scenario scenarios why how
    when where else further continue summary summarise summarize short shorter brief briefly sentence sentences
    again rephrase repeat mean means meaning definition calculate calculated compute computed computation
    complexity time space cost expensive cheap main key common typical reason reasons purpose point go tell show
    give say describe list like such old five year kid beginner interview interviewer proof prove derive
    derivation diagram picture analogy reference references source sources sure really wrong right possible
    always ever often avoid prevent fix solve choose pick apply applied do does done try m im expand last part bit
    previous earlier said mentioned regarding
    quick quickly clarify clarification please thanks thank walk hold
    """
)
_COMPOUND = re.compile(r"\b\w+-\w+\b")  # "p-value", "k-means": more than their parts
_GENERIC_COMPOUNDS = _words(
    """
    real-world real-life in-depth high-level follow-up one-liner step-by-step day-to-day
    """
)
_CLAUSE = re.compile(
    r"[,;:.!?()]|\b(?:and|but|when|if|because|since|while|whereas|before|after|unless|so|then|or"
    r"|that|how|what|which|where|why)\b",
    re.IGNORECASE,
)
# What only a thing can be: "why is it sensitive to outliers?" asks about the one named before.
_OF_SOMETHING = (
    "sensitive|insensitive|robust|similar|equivalent|equal|identical|invariant|immune|prone|vulnerable|resistant|"
    "susceptible|close|closer|related|linked|tied|comparable|compared|superior|inferior|preferable|limited|applied|"
    "suited|used|able|unable|likely|unlikely|supposed|guaranteed|due"
)
_EXPLETIVE = re.compile(
    r"\bit(?:'s| is| was| be| would be| will be| become| makes?|)\s+(?:ever |always |a |an |really |actually |"
    r"still |so |even |ok |too |"
    r"generally |usually |considered )*"
    r"(?:good|bad|ok|okay|fine|possible|impossible|better|best|worse|necessary|important|useful|helpful|hard|"
    r"difficult|easy|safe|"
    r"wise|common|true|enough|sense|worth|idea|practice|mistake|acceptable|advisable|dangerous|risky|useless|"
    r"problem)\b(?! than)"
    r"[^?]*?\b(?:to|that|if|when|for|\w+ing)\b"
    r"|\bit (?:called|mean(?:s|t)?|take|takes) (?:when|if|that|to|for)\b|\bwhen it comes to\b|\b(?:is|"
    r"was) it (?:that|called)\b"
    r"|\bit depends\b|\bit (?:seems?|turns out|follows)\b"
    # "worth it"; "what does it cost to train …"; "is it leakage to pick features …"
    r"|\bworth it\b|\bit (?:costs?|pays?|helps?|hurts?) to\b"
    rf"|\b(?:is|was) it (?!(?:{_OF_SOMETHING})\b)\w+ to \w+",
    re.IGNORECASE,
)
_CAUSED = re.compile(r"\b(?:make|makes|making|made|keep|keeps|render|renders) *$", re.IGNORECASE)
_IS_IT = re.compile(
    r"\b(?:is|was|would|will|does|might|could) it (?:be |make |ever |always |a |an |really |still |ok |more |so )*"
    r"(?:good|bad|ok|okay|fine|possible|impossible|better|worse|necessary|important|useful|helpful|hard|"
    r"difficult|easy|safe|wise|"
    r"common|true|enough|sense|worth|idea|practice|mistake|acceptable|advisable|dangerous|risky|called)\b(?! than)"
    r"[^?]*?\b(?:to|that|if|when|\w+ing)\b",
    re.IGNORECASE,
)
_BEFORE_DEMONSTRATIVE = _words(
    """
    is are was were be does do did can could would will should has have had may might of about for with to by
    than like from in on at into after before without despite why how what when where because avoid fix prevent
    solve handle detect measure mean reduce improve use explain choose tune mitigate address say counter
    overcome achieve and or but
    """
)
_AFTER_DEMONSTRATIVE = _words(
    """
    is are was were be can could would will should has have had may might must does do did not n't really always
    ever still happen happens work works help helps matter matters mean means imply implies hold holds cause
    causes lead leads affect affects relate relates related bad good better worse true so important necessary
    useful different possible done called in with for when if and by using on at to from more again further
    compare compares differ differs apply applies change changes occur occurs make makes scale come go look
    require requires need needs used
    """
)
_ELLIPSIS = re.compile(
    r"(?:(?:and |but |so )?(?:what|how) about|(?:and |but |so )?what if|why not|how come|what else|who else|"
    r"like what|such as|"
    r"as opposed to|compared (?:to|with)|versus|vs\.?|same (?:for|with)|for (?:example|instance)|rather than|"
    r"instead of|than)\b",
    re.IGNORECASE,
)
_PREPOSITIONAL = re.compile(
    r"(?:in|on|for|with|without|under|at|during|using|from|by|between|across|within|after|before|even (?:with|"
    r"for|if|when))\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|do|does|did|can|could|would|should|will|has|have|explain|describe|compare|define|"
    r"list|tell|give|show|"
    r"name|walk|discuss|derive|write|what's|how's|why's|who|what|which)\b",
    re.IGNORECASE,
)
_ANAPHORA = re.compile(
    r"\b(?:the (?:former|latter|first one|second one|third one|last one|other one|others|same|two|other)|"
    r"(?:which|what|any|either|"
    r"neither|each|both|all|first|second|third|last|other|another|other) one?s?|one over the other|the other|"
    r"each other|"
    r"when (?:would|should|do|to) \w+ ?\w* each|both|either|neither)\b",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"(?:what|which) (?:other )?(?:metrics?|loss(?: function)?|optimi[sz]ers?|features?|models?|algorithms?|"
    r"approach|methods?|tools?|"
    r"data|baseline|thresholds?|library|libraries|architecture|hyperparameters?|parameters?) (?:would|should|do|"
    r"can|could) "
    r"(?:you|i|we|one) (?:use|choose|pick|try|monitor|track|start with|prefer|recommend|tune|look at|"
    r"collect)\s*[?.!]*",
    re.IGNORECASE,
)
_RELATIVE_VERB = re.compile(
    r"\s+(?:is|was|are|were|has|had|have|does|did|can|could|should|will|would|must|\w+(?:s|ed))\b", re.IGNORECASE
)
_CONTRACTION = re.compile(
    r"(?:what|who|how|where|when|why|that|this|there|it|let|he|she|i|you|we|they|\w+n)['’]\w+", re.IGNORECASE
)
_COMPARISON = re.compile(
    r"which (?:one )?(?:is|are|was|would be|performs?|works?|runs?|trains?|generali[sz]es?|scales?) (?:the )?"
    r"(?:(?:more|less|most|least) \w+|\w+er|\w+est|best|worse)(?: in (?:practice|general|production))?\s*[?.!]*",
    re.IGNORECASE,
)


class Lean(StrEnum):
    """How a question leans on the one before."""

    NOT = "not"
    PRONOUN = "pronoun"  # "why is that bad?"
    BARE = "bare"  # "give an example"
    ELLIPSIS = "ellipsis"  # "what about L2?"


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands for the earlier subject: `start:end` in the question (empty unless `lean` is PRONOUN)."""

    lean: Lean
    start: int = 0
    end: int = 0


def without_lead(question: str) -> str:
    """The question without the "and", "ok, so" or "thanks!" that it begins with."""
    lead = _LEAD.match(question)
    rest = question[lead.end() :] if lead else question
    return rest if re.search(r"\w", rest) else question


def reference(question: str) -> Reference:
    """Whether and by what `question` refers to something that was said before."""
    text = without_lead(question.strip())
    offset = question.find(text)
    content = content_words(text)
    most = 2 if text.lower().startswith("why not") else 6  # "why not use batch norm in transformers" says it all
    if (_ELLIPSIS.match(text) and len(content) <= most) or _is_fragment(text, led=offset > 0):
        return Reference(Lean.ELLIPSIS)
    if found := _pronoun(text):
        return Reference(Lean.PRONOUN, offset + found[0], offset + found[1])
    if not content or _CHOICE.fullmatch(text) or _COMPARISON.fullmatch(text):
        return Reference(Lean.BARE)
    if (anaphora := _ANAPHORA.search(text)) and not content_words(text[: anaphora.start()]):
        return Reference(Lean.BARE) if len(content) <= 3 else Reference(Lean.NOT)
    return Reference(Lean.NOT)


def content_words(text: str) -> list[str]:
    """The words that name a subject, lower case, in order."""
    found = [word.lower() for word in _COMPOUND.findall(text) if word.lower() not in _GENERIC_COMPOUNDS]
    for token in tokens(text):
        word = token.text.lower()
        if _CONTRACTION.fullmatch(word) or word in _GENERIC or token.stem in _GENERIC:
            continue
        if token.content or token.number:
            found.append(word)
    return found


def _is_fragment(text: str, *, led: bool) -> bool:
    """ "in production?", "and with small data?": no verb, and a preposition or an "and" to hang on."""
    words = re.findall(r"[\w'’-]+", text)
    if not words or len(words) > 7 or _VERB.search(text):
        return False
    return bool(_PREPOSITIONAL.match(text)) or (led and len(words) <= 3)


def _pronoun(text: str) -> tuple[int, int] | None:
    """Span of the first pronoun, or "this method", whose antecedent is not in the question itself."""
    for match in re.finditer(r"[A-Za-z]+", text):
        word = match.group().lower()
        if word not in _PRONOUNS or not _refers(text, match.start(), match.end(), word):
            continue
        if _has_antecedent(text[: match.start()], word, text[match.end() :]):
            return None
        end = match.end()
        if word in ("this", "that", "these", "those"):
            noun = re.match(r"\s+(?:(?:kind|type|sort)s? of\s+)?([A-Za-z-]+)\b", text[end:])
            if noun and noun[1].lower() in _GENERIC_NOUNS:
                end += noun.end()
        return match.start(), end
    return None


def _refers(text: str, start: int, end: int, word: str) -> bool:
    before = re.findall(r"[\w'’]+", text[:start].lower())
    after = re.findall(r"[\w'’]+", text[end:].lower())
    if word == "it":
        return not any(m.start() <= start < m.end() for p in (_EXPLETIVE, _IS_IT) for m in p.finditer(text))
    if word in ("its", "they", "them", "their", "theirs"):
        return True
    follows = after[0] if after else ""
    if follows in _GENERIC_NOUNS:
        return word != "that" or not before or before[-1] in _BEFORE_DEMONSTRATIVE
    free = not follows or follows in _AFTER_DEMONSTRATIVE
    if word == "that":
        return (not before or before[-1] in _BEFORE_DEMONSTRATIVE or not follows) and free
    return free or not before


def _has_antecedent(before: str, word: str, after: str) -> bool:
    """Whether what the pronoun stands for is named in the question itself.

    In an earlier clause; as the subject of "its" or of "make it faster"; or before a relative clause ("the data
    it was trained on").
    """
    content = content_words(before)
    if _CAUSED.search(before) and content:
        return True
    clauses = [match.end() for match in _CLAUSE.finditer(before)]
    if clauses and content_words(before[: clauses[-1]]):
        return True
    if word in ("its", "their", "theirs"):
        return bool(content)
    if not _RELATIVE_VERB.match(after):
        return False
    last = re.search(r"[\w-]+$", before.rstrip())
    return word in ("it", "they") and len(content) > 1 and last is not None and last.group().lower() == content[-1]
