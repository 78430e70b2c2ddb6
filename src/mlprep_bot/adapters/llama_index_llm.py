"""Any LlamaIndex LLM as a chat model, so that each `llama-index-llms-*` package is a drop-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mlprep_bot.adapters.chat import WithoutThinking, estimate_tokens
from mlprep_bot.errors import StreamBroken, WriterError
from mlprep_bot.ports import Delta, Message

Translate = Callable[[Exception], WriterError]
# (most tokens of the answer, JSON schema or None) -> arguments of the LLM's `stream_chat`
Arguments = Callable[[int, Mapping[str, Any] | None], dict[str, Any]]


def unexpected(error: Exception) -> WriterError:
    """What becomes of an exception that nobody translates."""
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    return WriterError(f"The language model failed: {reason}", "Check its settings and ask again.")


class LlamaIndexChat:
    """Wraps `llama_index.core.llms.LLM`.

    `translate` maps what the LLM raises. `finished` tells from a chunk that it is the last one with text:
    given that, a stream that ends without it raises StreamBroken; without it the end of the stream counts.
    `arguments` says what the LLM calls the limit of the answer and a JSON schema for it; without it the LLM is
    given neither, and a schema is only what the messages say of it.
    """

    def __init__(
        self,
        llm: Any,
        *,
        name: str = "",
        context_window: int = 0,
        arguments: Arguments | None = None,
        translate: Translate = unexpected,
        finished: Callable[[Any], bool] | None = None,
    ) -> None:
        self._llm = llm
        self._name = name
        self._window = context_window
        self._arguments = arguments
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

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Iterator[Delta]:
        """Deltas as the LLM sends them; closing the iterator closes the LLM's."""
        from llama_index.core.base.llms.types import ChatMessage

        chat = [ChatMessage(role=message.role, content=message.content) for message in messages]
        arguments = self._arguments(max_tokens, schema) if self._arguments else {}
        chunks: Any = None
        try:
            chunks = self._llm.stream_chat(chat, **arguments)
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
