"""Grading with a language model that is never taken at its word.

The model says met, partial, missed or contradicted for each key point and quotes the answer for it. Code looks the
quotation up, refuses one that is no evidence, and lays the verdict beside the model-free grader's (`second_opinion`).
The score is arithmetic as ever. A model that fails costs its verdicts, never the grade.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

from mlprep_bot.answering.facts import Token, tokens
from mlprep_bot.answering.prompts import fewest_tokens, tokens_of
from mlprep_bot.domain import KeyPoint, Span
from mlprep_bot.errors import (
    CloudModelRefused,
    MlprepError,
    ModelNotPulled,
    PromptTooLong,
    SettingsError,
    StreamBroken,
    WriterError,
    WriterTimeout,
    WriterUnavailable,
)
from mlprep_bot.grading import rubric
from mlprep_bot.grading.fluency import is_word_list
from mlprep_bot.grading.prompts import Exam, exam, messages, schema
from mlprep_bot.grading.reading import evidence_in, stems_of
from mlprep_bot.grading.replies import Claim, Quotable, claims
from mlprep_bot.grading.rubric import Outcome, PointGrade, PointVerdict
from mlprep_bot.grading.second_opinion import NO_SUCH_WORDS, Found, Near, nearness, opposes, settle
from mlprep_bot.ports import ChatModel

if TYPE_CHECKING:
    from mlprep_bot.grading.grader import Grader

# Key points of one request. Models of a few billion parameters lose track of longer lists; a second request costs
# little, since the server has read the beginning of the prompt already.
MOST_TOGETHER = 4
_REPLY_TOKENS, _POINT_TOKENS = 48, 96  # room for a reply: the frame, and each verdict with its quotation
_LONG_QUOTE = 40  # words; of a longer quotation the nearest sentences are shown

_FAILED = {
    WriterUnavailable: "did not answer",
    WriterTimeout: "took too long",
    ModelNotPulled: "is not installed",
    CloudModelRefused: "runs on somebody else's machine",
    PromptTooLong: "has no room for this answer",
    StreamBroken: "broke off",
}
_UNUSABLE = "gave no usable verdicts"


class ModelGrader:
    """Marks with a model, beside a grader without one; see `grader.Grader`.

    `model_for` is asked anew for each answer, since servers come and go; None means that there is no model. `plain`
    is the model-free grader, whose outcome stands whenever the model's cannot; the outcome's `grader` then says why.
    """

    def __init__(self, model_for: Callable[[], ChatModel | None], plain: Grader, name: str) -> None:
        self._model_for = model_for
        self._plain = plain
        self._name = name

    @property
    def name(self) -> str:
        """E.g. `ollama:llama3.2:3b`."""
        return self._name

    def grade(self, question: str, points: Sequence[KeyPoint], answer: str) -> Outcome:
        """One verdict a point, in their order. What offers no evidence is not shown to the model at all."""
        plain = self._plain.grade(question, points, answer)
        evidence = evidence_in(question, answer)
        shown = "\n".join(text for _, _, text in evidence)
        if not points or not stems_of(tokens(shown)) - stems_of(tokens(question)):
            return plain
        try:
            model = self._model_for()
            if model is None:
                return plain
            said = _ask(model, exam(question, shown, points))
        except (WriterError, SettingsError) as error:
            return replace(plain, grader=f"{plain.grader} ({self._name} {_why(error)})")
        if not said:
            return replace(plain, grader=f"{plain.grader} ({self._name} {_UNUSABLE})")
        checker = _Checker(question, answer, evidence)
        judged = [checker.judge(said.get(number), point) for number, point in enumerate(plain.points, 1)]
        return rubric.grade(judged, answer, model.name)


def _why(error: MlprepError) -> str:
    return next((why for kind, why in _FAILED.items() if isinstance(error, kind)), "failed")


# --- asking --------------------------------------------------------------------------------------


def _ask(model: ChatModel, asked: Exam) -> dict[int, Claim]:
    """What the model claims by the point's 1-based number; {} when it said nothing usable twice. Raises WriterError."""
    found: dict[int, Claim] = {}
    retried = False
    for numbers in _batches(model, asked):
        said = claims(_reply(model, asked, numbers, again=False), numbers)
        if not said and not retried:
            retried = True
            said = claims(_reply(model, asked, numbers, again=True), numbers)
        if not said:
            break
        found |= said
    return found


def _batches(model: ChatModel, asked: Exam) -> list[list[int]]:
    """The numbers of the key points, as many together as are good and fit. Raises PromptTooLong."""
    numbers = list(range(1, len(asked.points) + 1))
    fewest = ceil(len(numbers) / MOST_TOGETHER)
    for size in range(ceil(len(numbers) / fewest), 0, -1):
        batches = [numbers[at : at + size] for at in range(0, len(numbers), size)]
        needed = max(tokens_of(messages(asked, batch, again=True), model) + _room(batch) for batch in batches)
        if needed <= model.context_window:
            return batches
    raise PromptTooLong(
        f"The answer and a key point need about {needed} tokens, and {model.name} has {model.context_window}.",
        "Raise MLPREP_CONTEXT_WINDOW.",
    )


def _room(numbers: Sequence[int]) -> int:
    return _REPLY_TOKENS + _POINT_TOKENS * len(numbers)


def _reply(model: ChatModel, asked: Exam, numbers: Sequence[int], *, again: bool) -> str:
    """The whole reply. Raises WriterError, PromptTooLong too when the server read less than it was sent."""
    sent = messages(asked, numbers, again=again)
    least = sum(fewest_tokens(message.content) for message in sent)
    deltas = list(model.stream(sent, max_tokens=_room(numbers), schema=schema(numbers)))
    read = deltas[-1].prompt_tokens if deltas else None
    if read is not None and read < least:
        raise PromptTooLong(f"{model.name} read {read} tokens of at least {least}.")
    return "".join(delta.text for delta in deltas)


# --- checking ------------------------------------------------------------------------------------


class _Checker:
    """Turns claims about one answer into verdicts."""

    def __init__(self, question: str, answer: str, evidence: Sequence[tuple[int, int, str]]) -> None:
        self._answer = answer
        self._quotable = Quotable(answer)
        self._asked = stems_of(tokens(question))
        self._sentences = [(Span(start, end), tokens(text)) for start, end, text in evidence]

    def judge(self, claim: Claim | None, plain: PointGrade) -> PointGrade:
        """The verdict on a point; the model-free one where the model said nothing that could count."""
        if claim is None:
            return plain
        if claim.verdict is PointVerdict.MISSED:
            return settle(Found(PointVerdict.MISSED), plain, self._asked)
        places = self._quotable.find(claim.quote)
        if not places:
            return PointGrade(plain.point, PointVerdict.UNVERIFIED, "", NO_SUCH_WORDS)
        span = next((place for place in places if self._states(place)), None)
        if span is None:
            return plain
        return settle(self._found(claim.verdict, span, plain.point), plain, self._asked)

    def _states(self, span: Span) -> bool:
        """Whether the words there could be evidence: more than the question's, no list, no order to the grader."""
        inside = [
            self._answer[max(span.start, at.start) : min(span.end, at.end)]
            for at, _ in self._sentences
            if at.start < span.end and span.start < at.end
        ]
        return any(stems_of(tokens(text)) - self._asked and not is_word_list(text) for text in inside)

    def _found(self, verdict: PointVerdict, span: Span, point: KeyPoint) -> Found:
        """The claim with how near its words are to the point, as their sentences say them."""
        around = [(at, said) for at, said in self._sentences if at.start < span.end and span.start < at.end]
        windows = [around[i : i + n] for n in (1, 2) for i in range(len(around) - n + 1)]
        best = max(windows, key=lambda window: self._closeness(window, point))
        said = _joined(best)
        if len(self._answer[span.start : span.end].split()) > _LONG_QUOTE:
            span = Span(max(span.start, best[0][0].start), min(span.end, best[-1][0].end))
        evidence = self._answer[span.start : span.end]
        near = nearness(point, said, self._asked)
        return Found(verdict, evidence, near, opposes(point, said, near))

    def _closeness(self, window: Sequence[tuple[Span, list[Token]]], point: KeyPoint) -> tuple[Near, int]:
        said = _joined(window)
        return nearness(point, said, self._asked), len(stems_of(said) & stems_of(tokens(point.text))) - len(window)


def _joined(window: Sequence[tuple[Span, list[Token]]]) -> list[Token]:
    """The tokens of consecutive sentences, their clauses numbered on."""
    joined: list[Token] = []
    for _, said in window:
        first = joined[-1].clause + 1 if joined else 0
        joined += [replace(token, clause=token.clause + first) for token in said]
    return joined
