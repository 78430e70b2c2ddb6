"""Answers as a reader gets them: what is cited, whether that supports it, and what of the key points is said.

A claim is a sentence that states something (`verdicts.is_claim`). A citation counts when its span by itself
supports the claim: by being its words, or by the support check (whose own errors are in the same report).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from mlprep_bot.answering import followup
from mlprep_bot.answering.verdicts import Checker, is_claim
from mlprep_bot.domain import Answer, Citation, Passage, Ranking, Sentence, Status, Turn, Verdict
from mlprep_bot.evaluation.figures import OURS, Measurement, Observations
from mlprep_bot.evaluation.questions import Gold, HeldOut

_POINTS = "key points covered"
SLICED = (_POINTS, "evidence cited")
_RATIOS = (
    "citation precision",
    "citation recall",
    "sentences supported",
    "verbatim",
    _POINTS,
)
_NO_RANK = Ranking(None, None, None, None, 0.0)


class Answers(Protocol):
    """`answering.answerer.Answerer`, or somebody else's."""

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer: ...


def turns(history: Sequence[str]) -> tuple[Turn, ...]:
    """The conversation before a follow-up, each question resolved by those before it."""
    earlier: list[Turn] = []
    for question in history:
        earlier.append(Turn(question, followup.resolve(question, earlier)))
    return tuple(earlier)


def measure(
    questions: Iterable[HeldOut],
    answerer: Answers,
    checker: Checker,
    text_of: Callable[[str], str],
    seconds: list[float],
    system: str = OURS,
) -> list[Measurement]:
    """The figures of the answers to answerable questions; `seconds` collects the time of each."""
    seen = Observations("answers", system)
    for question in questions:
        with seen.item(question.id):
            started = time.perf_counter()
            answer = answerer.answer(question.question, turns(question.history))
            seconds.append(time.perf_counter() - started)
            _observe(seen, question, answer, checker, text_of)
    ours = system == OURS
    pointless = not seen.problems and not any(s.values[1] for s in seen.samples.get(_POINTS, ()))
    names = [name for name in _RATIOS if not (pointless and name == _POINTS)]  # nobody wrote down what to say
    shares = [seen.measurement(name, "ratio", gated=ours) for name in names]
    means = [seen.measurement(name, "mean", gated=ours) for name in ("answered", "evidence cited")]
    return [means[0], *shares, means[1]]


def _observe(
    seen: Observations, question: HeldOut, answer: Answer, checker: Checker, text_of: Callable[[str], str]
) -> None:
    claims = [s for s in answer.sentences if is_claim(s)]
    support = [[supports(citation, sentence, checker) for citation in sentence.citations] for sentence in claims]

    def add(name: str, *values: float) -> None:
        seen.add(name, question.id, question.cluster, *values)

    add("answered", float(answer.status is Status.ANSWERED))
    add("citation precision", sum(map(sum, support)), sum(map(len, support)))
    add("citation recall", sum(any(one) for one in support), len(claims))
    add("sentences supported", sum(s.verdict is Verdict.SUPPORTED for s in claims), len(claims))
    add("verbatim", sum(any(_quoted(s, c) for c in s.citations) for s in claims), len(claims))
    add(_POINTS, covered(question, claims, checker), len(question.key_points))
    add("evidence cited", cited(question, [c for s in claims for c in s.citations], text_of))


def supports(citation: Citation, sentence: Sentence, checker: Checker) -> bool:
    """Whether the cited span alone carries the sentence."""
    return _quoted(sentence, citation) or checker.check(sentence.text, [_passage(citation)]).supported


def covered(question: HeldOut, claims: Sequence[Sentence], checker: Checker) -> int:
    """How many of the question's key points the answer's own sentences support, by the support check."""
    if not claims:
        return 0
    text = " ".join(sentence.text for sentence in claims)
    said = Passage(1, text, "answer", 0, len(text), "", question.question, 1.0, (), _NO_RANK)
    return sum(checker.check(point, [said]).supported for point in question.key_points)


def cited(question: HeldOut, citations: Sequence[Citation], text_of: Callable[[str], str]) -> float:
    """The share of a question's parts of which some evidence is cited, if only a sentence of it."""
    found = [
        any(_overlaps(gold, citation, text_of) for gold in part for citation in citations) for part in question.parts
    ]
    return sum(found) / len(found)


def _overlaps(gold: Gold, citation: Citation, text_of: Callable[[str], str]) -> bool:
    if gold.document != citation.document:
        return False
    start = text_of(gold.document).find(gold.evidence)
    return citation.start < start + len(gold.evidence) and start < citation.end


def _quoted(sentence: Sentence, citation: Citation) -> bool:
    return " ".join(sentence.text.split()) in " ".join(citation.quote.split())


def _passage(citation: Citation) -> Passage:
    return Passage(
        1, citation.quote, citation.document, citation.start, citation.end, citation.heading, "", 1.0, (), _NO_RANK
    )
