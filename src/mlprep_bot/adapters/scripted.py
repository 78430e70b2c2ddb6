"""The shipped fake of a chat model: says what it was told to say, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlprep_bot.adapters.chat import estimate_tokens
from mlprep_bot.errors import WriterError
from mlprep_bot.ports import Delta, Message

Script = Callable[[Sequence[Message]], str]


@dataclass
class ScriptedChat:
    """Streams `script(messages)`, or the scripted texts one after the other (the last one for ever).

    `fail` is raised after `fail_after` pieces of `piece` characters. `calls` holds the messages of every
    call and `schemas` the JSON schema that came with them; `closed` counts the streams that were ended before
    their last piece.
    """

    script: Script | Sequence[str]
    name: str = "scripted"
    context_window: int = 8192
    piece: int = 7
    fail: WriterError | None = None
    fail_after: int = 0
    calls: list[tuple[Message, ...]] = field(default_factory=list)
    schemas: list[Mapping[str, Any] | None] = field(default_factory=list)
    closed: int = 0

    def count_tokens(self, text: str) -> int:
        """The estimate that real adapters use."""
        return estimate_tokens(text)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Iterator[Delta]:
        """The scripted text in pieces; `max_tokens` pieces at most."""
        self.calls.append(tuple(messages))
        self.schemas.append(schema)
        text = self._text(messages)
        pieces = [text[at : at + self.piece] for at in range(0, len(text), self.piece)][:max_tokens]
        finished = False
        try:
            for number, piece in enumerate(pieces):
                if self.fail and number >= self.fail_after:
                    finished = True
                    raise self.fail
                yield Delta(piece)
            finished = True
            if self.fail:
                raise self.fail
            prompt = sum(estimate_tokens(message.content) for message in messages)
            yield Delta("", done=True, prompt_tokens=prompt, completion_tokens=len(pieces))
        finally:
            self.closed += not finished

    def _text(self, messages: Sequence[Message]) -> str:
        if callable(self.script):
            return self.script(messages)
        return self.script[min(len(self.calls), len(self.script)) - 1]
