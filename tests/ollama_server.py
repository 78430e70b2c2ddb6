"""A loopback server that speaks Ollama's protocol and says what it is told.

In a test: `with FakeOllama() as server:` and `server.host`. For a journey in a browser or a terminal:
`python tests/ollama_server.py --port 11434 --say "An answer [S1]."`; it prints its address when it listens.
Every request is kept in `requests`. Faults are set per model with `Model(fault=...)`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
Reply = str | Callable[[list[Json]], str]

_PROMPT_PASSAGE = re.compile(r'<passage id="\[(S\d+)\]" from="[^"]*">\n(.*?)(?:(?<=[.!?])\s|\n|$)', re.DOTALL)


def quote_first_sentences(messages: list[Json]) -> str:
    """The default reply: the first sentence of each of the first three passages, cited."""
    found = _PROMPT_PASSAGE.findall(messages[-1]["content"])[:3]
    return " ".join(f"{text.strip()} [{name}]" for name, text in found) or "Hello."


@dataclass
class Model:
    """An installed model, and how it fails: `fault` is one of the names in `_Handler._chat`."""

    name: str
    reply: Reply = quote_first_sentences
    size: int = 2_000_000_000
    family: str = "llama"
    parameters: str = "3.2B"
    capabilities: tuple[str, ...] = ("completion",)
    trained_window: int = 131_072
    remote_host: str = ""
    fault: str = ""
    after: int = 3  # pieces before the fault
    pause: float = 0.0  # seconds between pieces
    thinking: str = ""
    prompt_eval_count: int | None = None  # what is claimed; None: an honest count

    def listed(self) -> Json:
        """As `/api/tags` lists it."""
        details = {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": self.parameters,
            "quantization_level": "Q4_K_M",
        }
        entry = {
            "name": self.name,
            "model": self.name,
            "modified_at": "2026-01-02T03:04:05.678901234Z",
            "size": self.size,
            "digest": f"{abs(hash(self.name)):064x}"[-64:],
            "details": details,
        }
        if self.remote_host:
            entry |= {"remote_model": self.name.removesuffix("-cloud"), "remote_host": self.remote_host}
        return entry

    def shown(self) -> Json:
        """As `/api/show` shows it."""
        entry = {
            "modelfile": f"FROM {self.name}",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": self.listed()["details"],
            "model_info": {
                "general.architecture": self.family,
                f"{self.family}.context_length": self.trained_window,
                f"{self.family}.embedding_length": 3072,
            },
            "capabilities": list(self.capabilities),
            "modified_at": "2026-01-02T03:04:05.678901234Z",
        }
        if self.remote_host:
            entry |= {"remote_model": self.name.removesuffix("-cloud"), "remote_host": self.remote_host}
        return entry


@dataclass
class FakeOllama:
    """The server; a context manager. `port` 0 takes a free one."""

    models: list[Model] = field(default_factory=lambda: [Model("llama3.2:3b")])
    version: str = "0.18.2"
    port: int = 0
    requests: list[tuple[str, Json]] = field(default_factory=list)
    hung_up: int = 0  # clients that left before the end of a stream

    def __enter__(self) -> FakeOllama:
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._stopping = threading.Event()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def chats(self) -> list[Json]:
        """Bodies of the `/api/chat` requests, in order."""
        return [body for path, body in self.requests if path == "/api/chat"]

    def find(self, name: str) -> Model | None:
        """An installed model, `:latest` understood."""
        wanted = name if ":" in name else f"{name}:latest"
        return next((model for model in self.models if model.name in (name, wanted)), None)

    def rest(self, seconds: float) -> None:
        """Sleep, unless the server is being stopped."""
        self._stopping.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeOllama
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._send(200, b"", "text/plain")

    def do_GET(self) -> None:
        self.fake.requests.append((self.path, {}))
        if self.path == "/":
            self._send(200, b"Ollama is running", "text/plain")
        elif self.path == "/api/version":
            self._json(200, {"version": self.fake.version})
        elif self.path == "/api/tags":
            self._json(200, {"models": [model.listed() for model in self.fake.models]})
        else:
            self._send(404, b"404 page not found", "text/plain")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body: Json = json.loads(raw or b"{}")
        self.fake.requests.append((self.path, body))
        name = str(body.get("model") or body.get("name") or "")
        if self.path == "/api/pull":
            self._stream(self._pull(name))
            return
        model = self.fake.find(name)
        if model is None:
            self._json(404, {"error": f"model '{name}' not found"})
        elif self.path == "/api/show":
            self._json(200, model.shown())
        elif self.path == "/api/chat":
            self._chat(model, body)
        else:
            self._send(404, b"404 page not found", "text/plain")

    def _chat(self, model: Model, body: Json) -> None:
        if model.fault == "500":
            self._json(500, {"error": "llama runner process has terminated: exit status 2"})
        elif model.fault == "silent":
            self.fake.rest(30)
        elif body.get("think") and "thinking" not in model.capabilities:
            self._json(400, {"error": f'"{model.name}" does not support thinking'})
        elif body.get("truncate") is False and self._prompt_tokens(body) > self._window(model, body):
            self._json(400, {"error": "the input length exceeds the context length"})
        else:
            self._stream(self._lines(model, body), broken=model.fault == "hang up")

    @staticmethod
    def _window(model: Model, body: Json) -> int:
        return min(body.get("options", {}).get("num_ctx", 4096), model.trained_window)

    @staticmethod
    def _prompt_tokens(body: Json) -> int:
        """About what a tokenizer counts: a word is one token, and so is each sign."""
        return sum(len(re.findall(r"\w+|[^\w\s]", m["content"])) + 4 for m in body["messages"])

    def _lines(self, model: Model, body: Json) -> Iterator[bytes]:
        text = model.reply if isinstance(model.reply, str) else model.reply(body["messages"])
        head = {"model": body["model"], "created_at": "2026-01-02T03:04:05.678901234Z"}
        if model.thinking and body.get("think") is not False:
            text = f"<think>\n{model.thinking}\n</think>\n\n{text}"
        pieces = re.findall(r"\s*\S+", text)
        limit = body.get("options", {}).get("num_predict", -1)
        kept = pieces if limit < 0 else pieces[:limit]
        for number, piece in enumerate(kept):
            if number == model.after and (fault := self._fault(model)) is not None:
                if fault:
                    yield fault
                return
            yield _line({**head, "message": {"role": "assistant", "content": piece}, "done": False})
            self.fake.rest(model.pause)
        count = self._prompt_tokens(body) if model.prompt_eval_count is None else model.prompt_eval_count
        yield _line(
            {
                **head,
                "message": {"role": "assistant", "content": ""},
                "done": True,
                "done_reason": "length" if len(kept) < len(pieces) else "stop",
                "total_duration": 1_000_000,
                "load_duration": 1_000,
                "prompt_eval_count": min(count, self._window(model, body)),
                "prompt_eval_duration": 1_000,
                "eval_count": len(kept),
                "eval_duration": 1_000,
            }
        )

    def _fault(self, model: Model) -> bytes | None:
        """The line of a fault; b"" ends the stream; None when there is no fault."""
        if model.fault in ("no done", "hang up"):
            return b""
        if model.fault == "error":
            return _line({"error": "an error was encountered while running the model: CUDA error"})
        if model.fault == "garbage":
            return b'{"message": {"content": "half a li\n'
        if model.fault == "stall":
            self.fake.rest(30)
            return b""
        return None

    def _pull(self, name: str) -> Iterator[bytes]:
        yield _line({"status": "pulling manifest"})
        if name.startswith("no-such"):
            yield _line({"error": "pull model manifest: file does not exist"})
            return
        digest = "sha256:dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff"
        total = 1_000_000
        for done in range(0, total + 1, 250_000):
            yield _line({"status": f"pulling {digest[7:19]}", "digest": digest, "total": total, "completed": done})
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            yield _line({"status": status})
        if self.fake.find(name) is None:
            self.fake.models.append(Model(name if ":" in name else f"{name}:latest"))

    def _stream(self, lines: Iterator[bytes], *, broken: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for line in lines:
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
            if not broken:
                self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.fake.hung_up += 1
            self.close_connection = True
        if broken:
            self.close_connection = True

    def _json(self, status: int, body: Json) -> None:
        self._send(status, json.dumps(body).encode(), "application/json; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _line(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--model", action="append", help="a model that is installed; may be repeated")
    parser.add_argument("--say", help="what every model says (default: quotes the passages that it is shown)")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between words")
    parser.add_argument("--fault", default="", help="500, silent, error, garbage, stall, 'no done' or 'hang up'")
    parser.add_argument("--after", type=int, default=3, help="words before the fault")
    options = parser.parse_args()
    models = [
        Model(name, options.say or quote_first_sentences, pause=options.pause, fault=options.fault, after=options.after)
        for name in options.model or ["llama3.2:3b"]
    ]
    with FakeOllama(models, port=options.port) as server:
        sys.stdout.write(f"{server.host}\n")
        sys.stdout.flush()
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
