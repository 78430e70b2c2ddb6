"""A follow-up ("and why is that bad?") becomes a question that can be searched for by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlprep_bot.answering.dependence import Lean, Reference, content_words, reference, without_lead
from mlprep_bot.answering.facts import stem
from mlprep_bot.answering.prompts import rewrite_messages
from mlprep_bot.domain import Turn
from mlprep_bot.errors import WriterError
from mlprep_bot.ports import ChatModel

_LONGEST_SUBJECT = 9  # words; a longer one is named after "Regarding" instead of put in
_LONGEST_CONTEXT = 30  # words
_REWRITE_TOKENS = 64

_SUBJECTS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"regarding (?P<s>.+?): .*",
        r"(?:what(?:'s| is| are)|explain|describe|discuss|tell me) (?:the )?(?:main |"
        r"key )?differences? between (?P<s>.+)",
        r"(?:(?:can|could|would) you |please )*(?:give|show)(?: me)? (?:an? |some )?(?:\w+ )?examples? of (?P<s>.+)",
        r"(?:(?:can|could|would) you |please )*(?:explain|describe|define|discuss|compare|tell me about|"
        r"talk about|introduce|"
        r"summari[sz]e|walk me through)(?: to me)?(?: what| how)?(?: the (?:concept|idea|"
        r"notion) of)? (?P<s>.+?)(?: is| are| works?)?",
        r"what (?:does|do) (?P<s>.+?) (?:mean|do|stand for|measure)",
        r"what (?:do you mean|is meant) by (?P<s>.+)",
        r"how (?:does|do|did|can|could) (?!you\b|we\b|i\b|one\b)(?P<s>.+?) "
        r"(?:work|help|compare|differ|happen|affect|reduce|prevent|improve|behave|learn|scale)\b.*",
        r"(?:when|where|why) (?:would|should|do|can|could) (?:you|we|i|one) (?:use|need|choose|prefer|apply|"
        r"pick) (?P<s>.+)",
        r"(?:what|which) (?:is|are) (?:the )?(?:\w+ )?(?:advantages?|disadvantages?|drawbacks?|benefits?|"
        r"limitations?|assumptions?|"
        r"purpose|role|goal|intuition|idea|pros and cons|point|use|types?|kinds?|components?|steps?|examples?)"
        r"(?: and \w+)? (?:of|behind|in|for) (?P<s>.+)",
        r"(?:what|who)(?:'s| is| are| was| were) (?P<s>.+)",
        r"why (?:is|are) (?P<s>[\w-]+(?: (?!an?\b|the\b)[\w-]+)?) (?:an? |the )?(?:\w+ly )?"
        r"(?:bad|good|important|useful|needed|used|necessary|a problem|an issue|preferred|popular|hard|better|"
        r"worse)\b.*",
        r"(?:how|why) (?:is|are) (?P<s>.+?) (?:used|useful|important|calculated|computed|defined|trained|"
        r"measured|different|done)\b.*",
        r"why (?:does|do|did) (?P<s>.+?) (?:work|help|happen|matter|overfit|underfit|fail|converge|"
        r"generali[sz]e)\b.*",
        r"(?!(?:how|why|when|where|what|which|who|is|are|do|does|can|could|should|would|will|if|give|show|name|"
        r"list)\b)"
        r"(?P<s>[\w+#'-]+(?: [\w+#'-]+){0,4})",
    )
]
_TRAILER = re.compile(
    r"(?:,? (?:and|or|but) (?:why|when|how|what|where|which|is|are|does|do|can|could|should|would)\b.*"
    r"|, (?:when|if|why|how|with|in|explain|please)\b.*|,? (?:in (?:simple|short|plain|general|detail|"
    r"practice)\b.*|please|exactly|briefly))$",
    re.IGNORECASE,
)
_CLAUSE_LIKE = re.compile(
    r"^(?:is|are|was|do|does|did|can|could|would|should|will|if|when|how|why|what|which|to|it|that|this)\b", re.I
)
_HOW_TO = re.compile(r"how (?:do|would|can|could|should) (?:you|we|i|one) (?P<s>.+)", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:an?) ", re.IGNORECASE)
_OF = re.compile(
    r"\b(?:examples?|drawbacks?|disadvantages?|advantages?|benefits?|downsides?|pros|cons|limitations?|"
    r"weaknesses|strengths|"
    r"formula|equation|intuition|definition|purpose|meaning|risks|pitfalls|assumptions|complexity|summary|"
    r"implementation|"
    r"derivation|proof|types?|kinds?|steps)(?: and cons)?\s*[?.!]*$",
    re.IGNORECASE,
)
_WHAT_ABOUT = re.compile(r"(?:(?:what|how) about )?(?P<new>.+)", re.IGNORECASE)


def resolve(question: str, history: Sequence[Turn], model: ChatModel | None = None) -> str:
    """The stand-alone form of `question`; the question itself when it needs nothing from `history`.

    A model's rewriting is taken only if it keeps the words of both questions and brings none of its own.
    """
    question = " ".join(question.split())
    if not history:
        return question
    found = reference(question)
    if found.lean == Lean.NOT:
        return question
    if model is not None and (rewritten := _rewritten(question, history, model)):
        return rewritten
    return by_rules(question, found, history[-1].searched or history[-1].question)


def by_rules(question: str, found: Reference, earlier: str) -> str:
    """`question` with the subject of `earlier` put in, or named before it."""
    bare = _capital(without_lead(question))
    subject = subject_of(earlier)
    short = 0 < len(subject.split()) <= _LONGEST_SUBJECT and not _CLAUSE_LIKE.match(subject)
    if found.lean == Lean.ELLIPSIS and (swapped := _swapped(bare, earlier)):
        return swapped
    if short and found.lean == Lean.PRONOUN:
        word = question[found.start : found.end].lower()
        put = _possessive(subject) if word in ("its", "their", "theirs") else subject
        return _capital(without_lead(question[: found.start] + put + question[found.end :]))
    if short and found.lean == Lean.BARE and _OF.search(bare):
        end = re.search(r"[?.!\s]*$", bare)
        at = end.start() if end else len(bare)
        return f"{bare[:at]} of {subject}{bare[at:].strip() or '?'}"
    return _regarding(bare, earlier, subject if short else "")


def stands_alone(question: str) -> bool:
    """Whether no word of the question points to what was said before; it may be a follow-up all the same."""
    return reference(question).lean == Lean.NOT


def regarding(question: str, before: Turn) -> str:
    """The question with the subject of the turn before it named first."""
    earlier = before.searched or before.question
    return _regarding(_capital(without_lead(" ".join(question.split()))), earlier, subject_of(earlier))


def _regarding(bare: str, earlier: str, subject: str) -> str:
    asked = bare[:1].lower() + bare[1:] if _plain(bare) else bare
    whole = set(content_words(earlier)) <= set(content_words(subject))
    return f"Regarding {_context(earlier, subject if whole else '')}: {asked}"


def subject_of(question: str) -> str:
    """The noun phrase that a question is about, as far as patterns can tell; "" when they cannot."""
    text = without_lead(question).strip().rstrip("?.! ")
    for pattern in _SUBJECTS:
        if match := pattern.fullmatch(text):
            subject = _TRAILER.sub("", match["s"]).strip(" ,;")
            return _ARTICLE.sub("", subject) if content_words(subject) else ""
    return ""


def _context(earlier: str, subject: str) -> str:
    if subject:
        return subject
    text = without_lead(earlier).strip().rstrip("?.! ")
    if match := _HOW_TO.fullmatch(text):
        text = f"how to {match['s']}"
    words = text.split()
    text = " ".join(words[-_LONGEST_CONTEXT:])
    return text[:1].lower() + text[1:] if _plain(text) else text


def _swapped(bare: str, earlier: str) -> str:
    """ "what about L2?" after a question on L1: the same question on L2."""
    match = _WHAT_ABOUT.fullmatch(bare.rstrip("?.! "))
    if not match or not re.fullmatch(r"[A-Za-z]+-?\d+", match["new"]):
        return ""
    shape = re.escape(re.sub(r"\d+$", "", match["new"]))
    swapped, count = re.subn(rf"\b{shape}\d+\b", match["new"], earlier, flags=re.IGNORECASE)
    return swapped if count == 1 else ""


def _possessive(subject: str) -> str:
    return f"{subject}'" if subject.endswith("s") else f"{subject}'s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> bool:
    """Whether the first word is an ordinary one, whose capital means only that a sentence begins."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    return first[1:].islower() and first not in ("I",)


def _rewritten(question: str, history: Sequence[Turn], model: ChatModel) -> str:
    """The model's rewriting if it can be trusted, else ""."""
    try:
        pieces = [delta.text for delta in model.stream(rewrite_messages(question, history), max_tokens=_REWRITE_TOKENS)]
    except WriterError:
        return ""  # the answer itself will say what is wrong
    lines = [line.strip(" \"'*`") for line in "".join(pieces).strip().splitlines() if line.strip()]
    text = (
        re.sub(r"^(?:stand-?alone )?(?:question|rewritten question)\s*:\s*", "", lines[0], flags=re.IGNORECASE)
        if lines
        else ""
    )
    return text if len(lines) == 1 and _trustworthy(text, question, history[-1]) else ""


def _trustworthy(text: str, question: str, last: Turn) -> bool:
    """It keeps what the follow-up names, takes something from before, and adds nothing."""
    if not text or len(text.split()) > 2 * _LONGEST_CONTEXT or reference(text).lean != Lean.NOT:
        return False
    words = {stem(word) for word in content_words(text)}
    own = {stem(word) for word in content_words(question)}
    before = {stem(word) for word in content_words(f"{last.searched} {last.question}")}
    said = {stem(word) for word in content_words(last.answer)}
    return own <= words and bool(words & before) and words <= own | before | said
