"""Any LlamaIndex LLM as a chat model, so that each `llama-index-llms-*` package is a drop-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mlprep_bot.adapters.chat import WithoutThinking, estimate_tokens
from mlprep_bot.errors import StreamBroken, WriterError
from mlprep_bot.ports import Delta, Message

Translate = Callable[[Exception], WriterError]


def unexpected(error: Exception) -> WriterError:
    """What becomes of an exception that nobody translates."""
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return WriterError(f"The language model failed: {reason}", "Check its settings and ask again.")


class LlamaIndexChat:
    """Wraps `llama_index.core.llms.LLM`.

    `translate` maps what the LLM raises. `finished` tells from a chunk that it is the last one with text:
    given that, a stream that ends without it raises StreamBroken; without it the end of the stream counts.
    `max_tokens_argument` is what the LLM calls the limit of the answer, "" when it takes none by call.
    """

    def __init__(
        self,
        llm: Any,
        *,
        name: str = "",
        context_window: int = 0,
        max_tokens_argument: str = "",
        translate: Translate = unexpected,
        finished: Callable[[Any], bool] | None = None,
    ) -> None:
        self._llm = llm
        self._name = name
        self._window = context_window
        self._max_tokens_argument = max_tokens_argument
        self._translate = translate
        self._finished = finished

    @property
    def name(self) -> str:
        """As given, else the LLM's own."""
        return self._name or f"llama-index:{self._llm.metadata.model_name}"

    @property
    def context_window(self) -> int:
        """As given, else what the LLM says of itself."""
        return self._window or int(self._llm.metadata.context_window)

    def count_tokens(self, text: str) -> int:
        """An upper estimate."""
        return estimate_tokens(text)

    def stream(self, messages: Sequence[Message], *, max_tokens: int) -> Iterator[Delta]:
        """Deltas as the LLM sends them; closing the iterator closes the LLM's."""
        from llama_index.core.base.llms.types import ChatMessage

        chat = [ChatMessage(role=message.role, content=message.content) for message in messages]
        limit = {self._max_tokens_argument: max_tokens} if self._max_tokens_argument else {}
        chunks: Any = None
        try:
            chunks = self._llm.stream_chat(chat, **limit)
            yield from self._deltas(chunks)
        except WriterError:
            raise
        except Exception as error:  # the boundary: each LLM package raises its own library's exceptions
            raise self._translate(error) from error
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def _deltas(self, chunks: Iterator[Any]) -> Iterator[Delta]:
        thinking = WithoutThinking()
        done = self._finished is None
        prompt = completion = None
        for chunk in chunks:
            if shown := thinking.feed(chunk.delta or ""):
                yield Delta(shown)
            counts = chunk.additional_kwargs or {}
            prompt, completion = counts.get("prompt_tokens", prompt), counts.get("completion_tokens", completion)
            done = done or bool(self._finished and self._finished(chunk))
        if not done:
            raise StreamBroken(f"{self.name} stopped before it was done.", "Ask again; the server's log says why.")
        yield Delta(thinking.flush(), True, prompt, completion)
