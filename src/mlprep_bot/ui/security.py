"""What stands between the page and everybody who is not its reader.

A page on 127.0.0.1 is reachable from any web site that the reader has open: by a name that resolves
to 127.0.0.1 (DNS rebinding) or by a form or an image that points there. So the Host must be ours, the
Origin must be the Host, only the addresses that the page itself uses exist, and, off loopback, nothing
is served without the token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlprep_bot.errors import SettingsError
from mlprep_bot.settings import Settings
from mlprep_bot.ui.uploads import MEGABYTE

COOKIE = "mlprep_token"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})
SMALL_BODY = 1_000_000  # bytes of any request that is not an upload: a question is at most 10,000 characters
TOKEN_PATH = "/token"

# What the page uses of Gradio. The rest (API docs, monitoring, proxying, run history, files) does not exist here.
ALLOWED = re.compile(
    r"/|/(assets|static|mlprep)/.*|/theme\.css|/favicon\.ico|/manifest\.json|/pwa_icon(/\d+)?|/config/?|/token|"
    r"/gradio_api/(queue/(join|data)|cancel|reset/?|upload|upload_progress|heartbeat/\w+|startup-events|theme\.css)"
)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to `host`."""
    if host.lower() in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings) -> None:
    """Raise SettingsError when the page would be open to a network without a token."""
    if not is_loopback(settings.host) and not settings.token:
        raise SettingsError(
            f"The page would be open to everyone who can reach {settings.host}.",
            "Set MLPREP_TOKEN to a long random secret, or leave MLPREP_HOST at 127.0.0.1.",
        )


@dataclass(frozen=True, slots=True)
class Hosts:
    """The Host headers that are ours. An IP address cannot be rebound, so on a wildcard address any is."""

    names: frozenset[str]
    any_address: bool

    @classmethod
    def of(cls, host: str) -> Hosts:
        host = host.lower().strip("[]")
        if host in WILDCARDS:
            own = socket.gethostname().lower()
            return cls(LOOPBACK_NAMES | {own, f"{own}.local"}, any_address=True)
        return cls(LOOPBACK_NAMES | {host}, any_address=False)

    def allow(self, header: str) -> bool:
        name = _host_name(header)
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.any_address


def _host_name(header: str) -> str:
    """The name in `name:port` or `[v6]:port`, lower case; "" when it is malformed."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?", header.strip())
    return (match[1] or match[2]).lower() if match else ""


class Guard:
    """ASGI middleware: refuses foreign Hosts and Origins, unknown addresses, large bodies and absent tokens."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.hosts = Hosts.of(settings.host)
        self.token = settings.token
        self.upload_mb = settings.upload_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":  # the page uses none
            await send({"type": "websocket.close", "code": 1008})
            return
        send = _with_headers(send)
        refusal = self._refusal(scope) or await self._unknown_visitor(scope, receive)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if int(Headers(scope=scope).get("content-length") or 0) > limit:
            await self._too_large()(scope, receive, send)
            return
        await self._within(limit, scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or not self.hosts.allow(headers["host"]):
            return PlainTextResponse("mlprep: this address is not one of mine. Use the one that it printed.", 421)
        if _foreign(scope, headers):
            return PlainTextResponse("mlprep: another web site may not talk to this page.", 403)
        if not (headers.get("content-length") or "0").isdecimal():
            return PlainTextResponse("mlprep: bad Content-Length.", 400)
        if not ALLOWED.fullmatch(scope["path"]) or ".." in scope["path"]:
            return PlainTextResponse("mlprep: nothing here.", 404)
        return None

    async def _unknown_visitor(self, scope: Scope, receive: Receive) -> Response | None:
        """None for a visitor who has shown the token (or when there is none), else what to answer."""
        if not self.token or _same(_cookie(scope), seal(self.token)):
            return self._show_token(scope) if self.token else None
        if scope["path"] == TOKEN_PATH and scope["method"] == "POST":
            form = parse_qs((await _small_body(Request(scope, receive))).decode("utf-8", "replace"))
            if _same(form.get("token", [""])[0], self.token):
                return self._let_in("/")
            return HTMLResponse(TOKEN_PAGE.replace("<!--wrong-->", "<p role=alert>That is not the token.</p>"), 401)
        return self._show_token(scope) or HTMLResponse(TOKEN_PAGE, 401)

    def _show_token(self, scope: Scope) -> Response | None:
        """The answer to `?token=…`: a cookie, and the same page without the secret in its address."""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if "token" not in query or scope["method"] != "GET" or not _same(query["token"][0], self.token):
            return None
        rest = urlencode({k: v for k, v in query.items() if k != "token"}, doseq=True)
        return self._let_in(scope["path"] + (f"?{rest}" if rest else ""))

    def _let_in(self, path: str) -> Response:
        # One leading slash: "//host" would be an address on another machine.
        response = RedirectResponse("/" + path.lstrip("/"), 303)
        response.set_cookie(COOKIE, seal(self.token), httponly=True, samesite="lax", path="/")
        return response

    def _limit(self, path: str) -> int:
        # Multipart wrapping is small; the files of one upload may be several.
        return self.upload_mb * MEGABYTE * 4 if path == "/gradio_api/upload" else SMALL_BODY

    def _too_large(self) -> Response:
        text = f"Too large: a file may have {self.upload_mb} MB. Split it, or raise MLPREP_UPLOAD_MB."
        return Response(json.dumps({"detail": text}), 413, media_type="application/json")

    async def _within(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, ending a body without a declared length where it passes the limit."""
        seen = 0
        started = False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooLargeError
            return message

        async def noting(message: Message) -> None:
            nonlocal started
            if seen > limit:  # what the application makes of the broken body is not what happened
                return
            started = started or message["type"] == "http.response.start"
            await send(message)

        with suppress(_TooLargeError):
            await self.app(scope, counted, noting)
        if seen > limit and not started:
            await self._too_large()(scope, receive, send)


class _TooLargeError(ClientDisconnect):
    """The body passed its limit. To what reads the body, it is a client that went away."""


def _foreign(scope: Scope, headers: Headers) -> bool:
    """Whether another site's page sent this. Programs without a browser send neither header."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers["host"].lower():
        return True
    if headers.get("sec-fetch-site", "none") in {"same-origin", "none"}:
        return False
    # A link to the page from elsewhere is fine; its parts inside another page are not.
    link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (link and scope["method"] == "GET" and scope["path"] == "/")


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def seal(token: str) -> str:
    """What the cookie holds: proof of the token, not the token."""
    return hmac.new(token.encode(), b"mlprep page", hashlib.sha256).hexdigest()


def _cookie(scope: Scope) -> str:
    try:
        morsel = SimpleCookie(Headers(scope=scope).get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


async def _small_body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > 10_000:
            return b""
    return body


_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)


def policy(page: bytes = b"") -> str:
    """The Content-Security-Policy. The page's own inline scripts are named by hash, so no other runs.

    Gradio's HTML component compiles its template with `new Function`, hence 'unsafe-eval'; its
    components carry style attributes, hence 'unsafe-inline' for styles alone.
    """
    hashes = (base64.b64encode(hashlib.sha256(code).digest()).decode() for code in _SCRIPT.findall(page))
    scripts = " ".join(["'self'", "'unsafe-eval'", *(f"'sha256-{h}'" for h in hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'self'; object-src 'none'; frame-src 'none'; frame-ancestors 'none'"
    )


def _with_headers(send: Send) -> Send:
    """Add the security headers; a page is held back until it is whole, since its policy depends on its scripts."""
    start: Message | None = None
    held = bytearray()

    async def secured(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            _set_headers(headers, policy())
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                start = message
                return
        elif start is not None and message["type"] == "http.response.body":
            held.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            MutableHeaders(raw=start["headers"])["content-security-policy"] = policy(bytes(held))
            await send(start)
            start = None
            message = {"type": "http.response.body", "body": bytes(held)}
        await send(message)

    return secured


def _set_headers(headers: MutableHeaders, csp: str) -> None:
    headers["content-security-policy"] = csp
    headers["x-content-type-options"] = "nosniff"
    headers["x-frame-options"] = "DENY"
    headers["referrer-policy"] = "no-referrer"
    headers["cross-origin-opener-policy"] = "same-origin"
    headers["cross-origin-resource-policy"] = "same-origin"
    headers["permissions-policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    for name in [n for n in headers if n.startswith("access-control-")]:
        del headers[name]


TOKEN_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mlprep</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:18vh auto 0;padding:0 1.25rem}
input,button{font:inherit;padding:.5rem .75rem;width:100%;box-sizing:border-box;margin-top:.5rem}</style></head>
<body><h1>mlprep</h1><p>This page is private. Enter its token (the setting <code>MLPREP_TOKEN</code>).</p><!--wrong-->
<form method="post" action="/token"><label>Token<input name="token" type="password" autocomplete="current-password"
autofocus></label><button>Open</button></form></body></html>"""
