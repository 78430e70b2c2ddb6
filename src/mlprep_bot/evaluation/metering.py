"""What a run costs: tokens, as the model's server reports them, and memory."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlprep_bot.ports import ChatModel, Delta, Message


class Metered:
    """Passes everything on to `model`; `prompts` and `completions` are the tokens of each call that told them."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.prompts: list[float] = []
        self.completions: list[float] = []

    @property
    def name(self) -> str:
        """As the model says."""
        return self._model.name

    @property
    def context_window(self) -> int:
        """As the model says."""
        return self._model.context_window

    def count_tokens(self, text: str) -> int:
        """As the model counts."""
        return self._model.count_tokens(text)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Iterator[Delta]:
        """As the model's."""
        for delta in self._model.stream(messages, max_tokens=max_tokens, schema=schema):
            if delta.prompt_tokens is not None:
                self.prompts.append(delta.prompt_tokens)
            if delta.completion_tokens is not None:
                self.completions.append(delta.completion_tokens)
            yield delta


def peak_mb() -> float:
    """The most memory this process ever held, in MB (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
