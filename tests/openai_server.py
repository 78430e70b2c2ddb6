"""A loopback server that speaks the streaming part of OpenAI's chat API and says what it is told."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeOpenAI:
    """A context manager. `fault` is a status, "context", "silent", "stall", "no finish", "hang up", "error" or ""."""

    reply: str = "They learn the noise [S1]."
    model: str = "tiny-chat"
    window: int = 4096
    fault: str = ""
    after: int = 3
    pause: float = 0.0
    usage: bool = True
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hung_up: int = 0

    def __enter__(self) -> FakeOpenAI:
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.stopping = threading.Event()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    fake: FakeOpenAI
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._json(404, {"error": {"message": "not found"}})
            return
        entry = {"id": self.fake.model, "object": "model", "max_model_len": self.fake.window}
        self._json(200, {"object": "list", "data": [entry] if self.fake.model else []})

    def do_POST(self) -> None:
        fake = self.fake
        fake.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        fake.keys.append(self.headers.get("Authorization", ""))
        if fake.fault == "silent":
            fake.stopping.wait(30)
        elif fake.fault == "context":
            message = "This model's maximum context length is 4096 tokens, your request has 9000"
            self._json(400, {"error": {"message": message, "type": "invalid_request_error"}})
        elif fake.fault.isdigit():
            self._json(int(fake.fault), {"error": {"message": f"fault {fake.fault}", "type": "x"}})
        else:
            self._stream()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for number, word in enumerate(self.fake.reply.split(" ")):
                if number == self.fake.after and self.fake.fault:
                    self._break()
                    return
                self._event(self._chunk({"content": word if number == 0 else f" {word}"}, None))
                self.fake.stopping.wait(self.fake.pause)
            self._event(self._chunk({}, "stop"))
            if self.fake.usage:
                self._event(
                    {
                        **self._chunk({}, None),
                        "choices": [],
                        "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
                    }
                )
            self._write(b"data: [DONE]\n\n")
            self.wfile.write(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self.fake.hung_up += 1
            self.close_connection = True

    def _break(self) -> None:
        self.close_connection = True
        if self.fake.fault == "error":
            self._event({"error": {"message": "out of memory", "code": 500}})
        elif self.fake.fault == "stall":
            self.fake.stopping.wait(30)
        if self.fake.fault != "hang up":
            self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, delta: dict[str, str], finish: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.fake.model,
            "choices": [choice],
        }

    def _event(self, body: dict[str, Any]) -> None:
        self._write(f"data: {json.dumps(body)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
