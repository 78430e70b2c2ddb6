"""Ollama: what is installed there, pulling, and a chat that is never cut silently.

Listing and pulling go through the official client. The chat does not: `Client.chat()` cannot send
`truncate: false, shift: false`, without which Ollama drops the oldest half of a long prompt unasked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from mlprep_bot.adapters.chat import WithoutThinking, estimate_tokens
from mlprep_bot.errors import (
    CloudModelRefused,
    ModelNotPulled,
    PromptTooLong,
    SettingsError,
    StreamBroken,
    WriterError,
    WriterTimeout,
    WriterUnavailable,
)
from mlprep_bot.models import Installed, Progress, billions
from mlprep_bot.ports import Delta, Message
from mlprep_bot.settings import Settings

DEFAULT_PORT = 11434
OLDEST_VERSION = (0, 17, 1)  # the first that heeds `truncate` and `shift`
_CONNECT_SECONDS = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # addresses to listen on, not to call
_TOO_LONG = re.compile(r"(?:context|prompt|input).{0,40}(?:exceed|too long|longer)|exceed.{0,40}context", re.IGNORECASE)


def ollama_url(host: str = "") -> str:
    """The base URL for a setting or, without one, `$OLLAMA_HOST`: `host`, `host:port`, `:port`, or a URL.

    A server that listens on every address (0.0.0.0) is called on loopback. Raises SettingsError.
    """
    given = (host or os.environ.get("OLLAMA_HOST", "")).strip().strip("\"'")
    text = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _bad_host(given) from error
    if parts.scheme not in ("http", "https") or (given and "://" in given and not parts.hostname):
        raise _bad_host(given)
    name = _EVERYWHERE.get(parts.hostname or "", parts.hostname or "")
    name = f"[{name}]" if ":" in name else name
    if port is None:
        port = {"http": 80, "https": 443}[parts.scheme] if "://" in given else DEFAULT_PORT
    return f"{parts.scheme}://{name}:{port}{parts.path.rstrip('/')}"


def _bad_host(given: str) -> SettingsError:
    return SettingsError(
        f"{given!r} is no address of an Ollama server.", "Set OLLAMA_HOST or MLPREP_OLLAMA_HOST, e.g. 127.0.0.1:11434."
    )


@dataclass(frozen=True, slots=True)
class Details:
    """What `/api/show` tells of a model; `trained_window` in tokens, `remote_host` of a cloud model."""

    capabilities: tuple[str, ...]
    trained_window: int
    family: str
    remote_host: str


class OllamaServer:
    """A server by address. Nothing is asked of it before a method is called; all raise WriterError."""

    def __init__(self, url: str, *, timeout: float = 120.0) -> None:
        self.url = url
        self.timeout = timeout

    def version(self) -> str:
        """The server's version, e.g. `0.18.2`."""
        with self._mapped(), self.http(_CONNECT_SECONDS) as http:
            response = http.get("/api/version")
            response.raise_for_status()
            return str(response.json().get("version", ""))

    def version_warning(self) -> str:
        """What an old server gets wrong, "" for a new one."""
        seen = self.version()
        numbers = tuple(int(n) for n in re.findall(r"\d+", seen)[:3])
        if not numbers or numbers == (0, 0, 0) or numbers >= OLDEST_VERSION:  # a development build says 0.0.0
            return ""
        return (
            f"Ollama {seen} may cut long prompts silently: update it to {'.'.join(map(str, OLDEST_VERSION))} or later."
        )

    def installed(self) -> list[Installed]:
        """Every model that the server has."""
        with self._mapped(), self._client(self.timeout) as client:
            listed = client.list().models
        return [
            Installed(
                name=str(model.model),
                size=int(model.size or 0),
                parameters=billions((model.details and model.details.parameter_size) or ""),
                family=str((model.details and model.details.family) or ""),
            )
            for model in listed
        ]

    def details(self, name: str) -> Details:
        """About one model; over plain HTTP since the client drops `remote_host`. Raises ModelNotPulled."""
        with self._mapped(name), self.http(self.timeout) as http:
            response = http.post("/api/show", json={"model": name})
            response.raise_for_status()
            shown = response.json()
        info: dict[str, Any] = shown.get("model_info") or {}
        windows = [int(value) for key, value in info.items() if key.endswith(".context_length") and value]
        return Details(
            capabilities=tuple(shown.get("capabilities") or ()),
            trained_window=max(windows, default=0),
            family=str((shown.get("details") or {}).get("family") or ""),
            remote_host=str(shown.get("remote_host") or ""),
        )

    def pull(self, name: str, progress: Progress | None = None) -> None:
        """Fetch a model; `progress(stage, done, total)` in bytes. Raises ModelNotPulled for an unknown name."""
        with self._mapped(name), self._client(self.timeout) as client:
            last = ""
            for step in client.pull(name, stream=True):
                last = step.status or last
                if progress and step.total:
                    progress(f"pulling {name}", step.completed or 0, step.total)
        if last != "success":
            raise StreamBroken(f"Pulling {name} ended at {last!r}.", f"Run again: ollama pull {name}")

    def http(self, timeout: float) -> httpx.Client:
        """A connection that ignores the proxies of the environment: they cannot reach loopback."""
        limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        return httpx.Client(base_url=self.url, timeout=limits, trust_env=False)

    @contextmanager
    def _client(self, timeout: float) -> Iterator[Any]:
        import ollama

        limits = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        client = ollama.Client(self.url, timeout=limits, trust_env=False)
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def _mapped(self, model: str = "") -> Iterator[None]:
        """The one place where what goes wrong at the server becomes a WriterError."""
        import ollama

        try:
            yield
        except httpx.HTTPStatusError as error:
            raise self.refusal(error.response.status_code, error.response.text, model) from error
        except ollama.ResponseError as error:
            missing = "file does not exist" in str(error)  # how a pull says that the registry has no such model
            raise self.refusal(404 if missing else error.status_code, error.error, model, pulling=missing) from error
        except httpx.TimeoutException as error:
            raise self.too_slow(error) from error
        except (httpx.TransportError, ConnectionError, json.JSONDecodeError) as error:
            raise self.unreachable(error) from error

    def refusal(self, status: int, body: str, model: str, *, pulling: bool = False) -> WriterError:
        """The error for a response that is none."""
        said = _said(body)
        if pulling:
            return ModelNotPulled(
                f"There is no model {model} to pull.", "Names are listed on https://ollama.com/library."
            )
        if status == 404 and model:
            return ModelNotPulled(f"Ollama at {self.url} has no model {model}.", f"Run: ollama pull {model}")
        if _TOO_LONG.search(said):
            return PromptTooLong(
                f"{model} refused the prompt: {said}.", "Raise MLPREP_CONTEXT_WINDOW or lower MLPREP_BUDGET_CHARS."
            )
        return WriterError(
            f"Ollama at {self.url} answered {status}: {said}.", "See what `ollama ps` and the server's log say."
        )

    def too_slow(self, error: httpx.TimeoutException) -> WriterError:
        """A connection that cannot be made is a server that is not there; else it was too slow."""
        if isinstance(error, httpx.ConnectTimeout):
            return self.unreachable(error)
        return WriterTimeout(
            f"Ollama at {self.url} said nothing for {self.timeout:g} seconds.",
            "Choose a smaller model (mlprep models), or raise MLPREP_TIMEOUT.",
        )

    def unreachable(self, error: Exception) -> WriterError:
        """Nothing, or something that is not Ollama, is at the address."""
        if isinstance(error, json.JSONDecodeError):
            return WriterUnavailable(f"What answers at {self.url} is not Ollama.", "Check OLLAMA_HOST.")
        return WriterUnavailable(f"Ollama does not answer at {self.url}.", "Start it with: ollama serve")


class OllamaChat:
    """One model of a server as a ChatModel."""

    def __init__(self, server: OllamaServer, model: str, settings: Settings) -> None:
        self._server = server
        self._model = model
        self._settings = settings

    @property
    def name(self) -> str:
        """E.g. `ollama:llama3.2:3b`."""
        return f"ollama:{self._model}"

    @property
    def context_window(self) -> int:
        """What is requested as `num_ctx`: the setting, bounded by what the model was trained for."""
        trained = self._details.trained_window
        return min(self._settings.context_window, trained) if trained else self._settings.context_window

    @cached_property
    def _details(self) -> Details:
        found = self._server.details(self._model)
        cloud = found.remote_host or (self._model if self._model.endswith(("-cloud", ":cloud")) else "")
        if cloud and not self._settings.allow_cloud_models:
            raise CloudModelRefused(
                f"{self._model} runs on {found.remote_host or 'a remote server'}, not on this machine.",
                "Choose a local model (mlprep models), or set MLPREP_ALLOW_CLOUD_MODELS=true.",
            )
        return found

    def count_tokens(self, text: str) -> int:
        """An upper estimate: Ollama has no tokenizer that could be asked."""
        return estimate_tokens(text)

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int, schema: Mapping[str, Any] | None = None
    ) -> Iterator[Delta]:
        """Deltas as the server sends them. Closing the iterator closes the connection, which stops the model.

        A model that thinks is not held to the schema, see `_body`.
        """
        body = self._body(messages, max_tokens, schema)
        server = self._server
        try:
            with server.http(server.timeout) as http, http.stream("POST", "/api/chat", json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise server.refusal(response.status_code, response.read().decode(errors="replace"), self._model)
                yield from self._deltas(response.iter_lines())
        except httpx.TimeoutException as error:
            raise server.too_slow(error) from error
        except httpx.ConnectError as error:
            raise server.unreachable(error) from error
        except httpx.TransportError as error:
            raise StreamBroken(f"The connection to Ollama at {server.url} was lost.", "Ask again.") from error

    def _body(self, messages: Sequence[Message], max_tokens: int, schema: Mapping[str, Any] | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": True,
            "truncate": False,
            "shift": False,
            "options": {"temperature": 0, "num_ctx": self.context_window, "num_predict": max_tokens},
        }
        if "thinking" in self._details.capabilities:
            # With `think` Ollama ignores `format` (ollama#14645, #15260); without `think` the model thinks at length.
            # Such models write JSON well when they are only asked to.
            body["think"] = "low" if self._details.family.startswith("gptoss") else False
        elif schema is not None:
            body["format"] = dict(schema)
        return body

    def _deltas(self, lines: Iterator[str]) -> Iterator[Delta]:
        thinking = WithoutThinking()
        for line in filter(str.strip, lines):
            part = self._part(line)
            if shown := thinking.feed(str((part.get("message") or {}).get("content") or "")):
                yield Delta(shown)
            if part.get("done"):
                yield Delta(thinking.flush(), True, part.get("prompt_eval_count"), part.get("eval_count"))
                return
        raise StreamBroken(f"{self.name} stopped before it was done.", "Ask again; the server's log says why.")

    def _part(self, line: str) -> dict[str, Any]:
        try:
            part = json.loads(line)
        except json.JSONDecodeError as error:
            raise StreamBroken(f"{self.name} sent a line that is not JSON.", "Ask again.") from error
        if not isinstance(part, dict):
            raise StreamBroken(f"{self.name} sent a line that is no object.", "Ask again.")
        if "error" in part:
            raise StreamBroken(f"{self.name} failed: {part['error']}.", "Ask again; the server's log says why.")
        return part


def _said(body: str) -> str:
    """The message of an error response, in one line."""
    try:
        parsed = json.loads(body)
        text = str(parsed["error"]) if isinstance(parsed, dict) and "error" in parsed else body
    except json.JSONDecodeError:
        text = body
    return " ".join(text.split())[:300].rstrip(".")
