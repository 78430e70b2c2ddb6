"""OpenAI-compatible servers (vLLM, llama.cpp, LM Studio) by URL, through LlamaIndex's `OpenAILike`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PureWindowsPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from mlprep_bot.adapters.chat import estimate_tokens
from mlprep_bot.adapters.llama_index_llm import LlamaIndexChat
from mlprep_bot.errors import (
    ModelNotPulled,
    PromptTooLong,
    SettingsError,
    StreamBroken,
    WriterError,
    WriterTimeout,
    WriterUnavailable,
)
from mlprep_bot.ports import Delta, Message
from mlprep_bot.settings import Settings

_CONNECT_SECONDS = 3.0
_TOO_LONG = re.compile(r"exceed|context (?:length|size|window)|too long|maximum context", re.IGNORECASE)
_WINDOWS = ("max_model_len", "max_context_length", "n_ctx", "context_length", "context_window")


def openai_url(url: str) -> str:
    """The base URL with a path: a bare address means `/v1`. Raises SettingsError."""
    text = url.strip() if "://" in url else f"http://{url.strip()}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{url!r} is no URL of a server.", "Set MLPREP_OPENAI_URL, e.g. http://127.0.0.1:8080/v1.")
    return text.rstrip("/") if parts.path.strip("/") else f"{text.rstrip('/')}/v1"


class OpenAILikeChat:
    """One model of an OpenAI-compatible server; without a name, the first that the server lists."""

    def __init__(self, settings: Settings, model: str = "") -> None:
        self.url = openai_url(settings.openai_url)
        self._wanted = model or settings.model
        self._settings = settings

    @property
    def name(self) -> str:
        """E.g. `openai:qwen2.5-7b-instruct`; a model file is named without its folder. Never raises."""
        try:
            model = self.model
        except WriterError:
            return "openai"
        return f"openai:{PureWindowsPath(model).name if model.endswith('.gguf') else model}"

    @cached_property
    def model(self) -> str:
        """As the server calls it. Raises WriterError."""
        return self._wanted or str(self._listed[0]["id"])

    @cached_property
    def context_window(self) -> int:
        """The setting, bounded by what the server says of its model."""
        entry = next((m for m in self._listed if m.get("id") == self.model), {})
        told = {**(entry.get("meta") or {}), **entry}
        windows = [int(told[key]) for key in _WINDOWS if isinstance(told.get(key), int) and told[key] > 0]
        return min([self._settings.context_window, *windows])

    @cached_property
    def _listed(self) -> list[dict[str, Any]]:
        try:
            with self._http() as http:
                response = http.get(f"{self.url}/models")
            response.raise_for_status()
            listed = [m for m in response.json().get("data", []) if isinstance(m, dict) and m.get("id")]
        except (json.JSONDecodeError, AttributeError) as error:
            raise WriterUnavailable(
                f"What answers at {self.url} is not an OpenAI-compatible server.", "Check MLPREP_OPENAI_URL."
            ) from error
        except httpx.HTTPError as error:
            raise self._translated(error) from error
        if not listed and not self._wanted:
            raise ModelNotPulled(f"The server at {self.url} lists no model.", "Load one there, or set MLPREP_MODEL.")
        return listed

    def probe(self) -> None:
        """Ask the server what it has. Raises WriterError when nothing usable answers."""
        _ = self._listed

    def count_tokens(self, text: str) -> int:
        """An upper estimate: not every server tells."""
        return estimate_tokens(text)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Iterator[Delta]:
        """Deltas as the server sends them. Closing the iterator closes the connection, which stops the model."""
        from llama_index.llms.openai_like import OpenAILike

        with self._http() as http:
            llm = OpenAILike(
                model=self.model,
                api_base=self.url,
                api_key=self._settings.openai_api_key,
                is_chat_model=True,
                context_window=self.context_window,
                temperature=0.0,
                timeout=self._settings.timeout,
                max_retries=0,
                http_client=http,
                additional_kwargs={"stream_options": {"include_usage": True}},
            )
            chat = LlamaIndexChat(
                llm,
                name=self.name,
                context_window=self.context_window,
                arguments=_arguments,
                translate=self._translated,
                finished=_finished,
            )
            yield from chat.stream(messages, max_tokens=max_tokens, schema=schema)

    def _http(self) -> httpx.Client:
        """A connection that ignores the proxies of the environment: they cannot reach loopback."""
        wait = self._settings.timeout
        return httpx.Client(timeout=httpx.Timeout(wait, connect=min(wait, _CONNECT_SECONDS)), trust_env=False)

    def _translated(self, error: Exception) -> WriterError:
        """The one place where what goes wrong at the server becomes a WriterError."""
        import openai

        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
        if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
            return WriterUnavailable(f"Nothing answers at {self.url}.", "Start the server, or check MLPREP_OPENAI_URL.")
        if isinstance(cause, httpx.TimeoutException | openai.APITimeoutError):
            return WriterTimeout(
                f"The server at {self.url} said nothing for {self._settings.timeout:g} seconds.",
                "Choose a smaller model, or raise MLPREP_TIMEOUT.",
            )
        if isinstance(cause, httpx.TransportError | json.JSONDecodeError):
            return StreamBroken(f"The stream from {self.url} broke: {type(cause).__name__}.", "Ask again.")
        return self._refusal(error)

    def _refusal(self, error: Exception) -> WriterError:
        status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
        said = " ".join(str(getattr(error, "message", "") or error).split())[:300].rstrip(".")
        if _TOO_LONG.search(said):
            return PromptTooLong(
                f"The server at {self.url} refused the prompt: {said}.",
                "Lower MLPREP_CONTEXT_WINDOW to what the server was started with.",
            )
        if status == 404:
            return ModelNotPulled(
                f"The server at {self.url} has no model {self._wanted or '(default)'}.",
                "Set MLPREP_MODEL to one it lists.",
            )
        if status in (401, 403):
            return WriterError(f"The server at {self.url} wants another key.", "Set MLPREP_OPENAI_API_KEY.")
        if status is None:
            return StreamBroken(f"The server at {self.url} failed: {said}.", "Ask again; its log says why.")
        return WriterError(f"The server at {self.url} answered {status}: {said}.", "Its log says why.")


def _arguments(max_tokens: int, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    if schema is None:
        return {"max_tokens": max_tokens}
    named = {"name": "reply", "schema": dict(schema), "strict": True}
    return {"max_tokens": max_tokens, "response_format": {"type": "json_schema", "json_schema": named}}


def _finished(chunk: Any) -> bool:
    """Whether this chunk names why the model stopped."""
    choices = getattr(chunk.raw, "choices", None) or []
    return any(getattr(choice, "finish_reason", None) for choice in choices)
