"""A chat model's answer: streamed, cut into sentences, each checked as soon as it is whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from mlprep_bot.answering.drafts import Draft, DraftStream
from mlprep_bot.answering.prompts import NOT_IN_PASSAGES, Prompt, fewest_tokens
from mlprep_bot.answering.verdicts import Checker, judge, says_nothing_found
from mlprep_bot.domain import Checked, Drafted, Sentence, Verdict
from mlprep_bot.errors import StreamBroken, WriterError
from mlprep_bot.ports import ChatModel, Delta

_MOST_REPEATS = 2  # a small model that says the same thing a third time will not stop by itself
_REFUSAL = re.compile(r"[\s*_`\"'\[(]*NOT[_ ]IN[_ ]PASSAGES?\b[\s*_`\"'\])]*[.:]?", re.IGNORECASE)


@dataclass
class Outcome:
    """What came of a stream. `refused`: the model found no answer in the passages."""

    sentences: list[Sentence] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    complete: bool = True
    refused: bool = False


def generate(
    model: ChatModel, prompt: Prompt, checker: Checker, *, max_tokens: int
) -> Generator[Drafted | Checked, None, Outcome]:
    """Yield drafts and checked sentences; return what came of it.

    Raises the model's WriterError when it fails before its first word; later, what came stays and the
    outcome is incomplete. Closing this generator closes the model's stream.
    """
    writing = _Writing(model, prompt, checker, max_tokens)
    try:
        deltas = model.stream(prompt.messages, max_tokens=max_tokens)
        try:
            yield from writing.follow(deltas)
        finally:
            if close := getattr(deltas, "close", None):  # now, not when the garbage collector comes by
                close()
    except WriterError as error:
        if not writing.text.strip():
            raise
        writing.outcome.complete = False
        writing.outcome.notes.append(f"The answer broke off: {error}")
    yield from writing.end()
    return writing.outcome


class _Writing:
    """The state of one answer while it is written."""

    def __init__(self, model: ChatModel, prompt: Prompt, checker: Checker, max_tokens: int) -> None:
        self.outcome = Outcome()
        self._model = model
        self._prompt = prompt
        self._checker = checker
        self._max_tokens = max_tokens
        self._passages = {passage.id: passage for passage in prompt.passages}
        self._drafts = DraftStream(self._passages.keys())
        self._said: Counter[str] = Counter()
        self._lacking = 0
        self._circling = False
        self._shown = 0  # characters of the text that were handed on as drafts

    @property
    def text(self) -> str:
        return self._drafts.text

    def follow(self, deltas: Iterator[Delta]) -> Iterator[Drafted | Checked]:
        """Until the model is done, refuses, or goes round in circles."""
        for delta in deltas:
            drafts = self._drafts.feed(delta.text)
            yield from self._show()
            if self.outcome.refused:
                return
            for draft in drafts:
                yield from self._check(draft)
            if self._said and max(self._said.values()) > _MOST_REPEATS:
                self._circling = True
                self._cut("The model repeated itself, so it was stopped.")
                return
            if delta.done:
                self._account(delta)

    def _show(self) -> Iterator[Drafted]:
        """Hold the first words back until they cannot be a refusal."""
        text = self.text
        if not self._shown:
            if _REFUSAL.match(text):
                self.outcome.refused = True
                return
            if len(text.strip()) < len(NOT_IN_PASSAGES) + 2:
                return
        if len(text) > self._shown:
            yield Drafted(text[self._shown :])
            self._shown = len(text)

    def _check(self, draft: Draft) -> Iterator[Checked]:
        if _REFUSAL.fullmatch(draft.text):
            self.outcome.notes.append("The model says that the passages do not cover all of the question.")
            return
        key = " ".join(re.findall(r"\w+", draft.text.lower()))
        self._said[key] += 1
        if self._said[key] > _MOST_REPEATS:
            return
        self._lacking += says_nothing_found(draft)
        sentence = judge(draft, self._passages, self._checker)
        self.outcome.sentences.append(sentence)
        yield Checked(sentence)

    def _account(self, delta: Delta) -> None:
        """Compare what the server counted with what was sent and asked for."""
        sent = "\n".join(message.content for message in self._prompt.messages)
        if delta.prompt_tokens is not None and delta.prompt_tokens < fewest_tokens(sent):
            self.outcome.notes.append(
                f"{self._model.name} read {delta.prompt_tokens} tokens of a prompt of at least {fewest_tokens(sent)}: "
                "the server cut it, so the model has not seen all passages. Raise its context window."
            )
        if delta.completion_tokens is not None and delta.completion_tokens >= self._max_tokens:
            self._cut(f"The answer was cut at {self._max_tokens} tokens (MLPREP_ANSWER_TOKENS).")

    def _cut(self, note: str) -> None:
        self.outcome.complete = False
        self.outcome.notes.append(note)

    def end(self) -> Iterator[Drafted | Checked]:
        """Check what is left and decide whether this was an answer at all."""
        if self.outcome.refused:
            return
        if _REFUSAL.fullmatch(self.text):
            self.outcome.refused = True
            return
        if not self.text.strip():
            raise StreamBroken(f"{self._model.name} ended without a word.", "Ask again, or choose another model.")
        if not self._shown:
            yield Drafted(self.text)
        rest = [] if self._circling else self._drafts.finish(cut=not self.outcome.complete)
        for draft in rest:
            yield from self._check(draft)
        claims = [s for s in self.outcome.sentences if s.verdict != Verdict.UNCITED]
        if self._lacking and not claims and self._lacking == len(self.outcome.sentences):
            self.outcome.refused = True
