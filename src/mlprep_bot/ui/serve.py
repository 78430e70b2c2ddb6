"""Serve the page: Gradio inside FastAPI, behind the guard of `security.py`."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response

from mlprep_bot.app import App
from mlprep_bot.errors import MlprepError, SettingsError
from mlprep_bot.settings import Settings
from mlprep_bot.ui.security import Guard, check_exposure
from mlprep_bot.ui.uploads import MEGABYTE

log = logging.getLogger(__name__)


def make_server(app: App) -> FastAPI:
    """The page as an ASGI application. Raises SettingsError when it would be open to a network without a token."""
    settings = app.settings
    check_exposure(settings)
    _keep_gradio_at_home(settings)
    import gradio as gr

    from mlprep_bot.ui import page
    from mlprep_bot.ui.downloads import add_downloads

    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @server.get("/mlprep/{name}")
    def own_asset(name: str) -> Response:
        if name not in page.ASSETS:
            return Response("mlprep: nothing here.", 404)
        keep = {"cache-control": "public, max-age=31536000, immutable"}
        return Response(page.asset(name), media_type=page.ASSETS[name], headers=keep)

    add_downloads(server, app)
    gr.mount_gradio_app(
        server,
        page.build_page(app),
        path="/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        show_error=False,
        max_file_size=settings.upload_mb * MEGABYTE,
        theme=page.theme(),
        head=page.head(),
    )
    server.add_middleware(Guard, settings=settings)
    return server


def _keep_gradio_at_home(settings: Settings) -> None:
    """Gradio reads these when it is imported: nothing is reported, and uploads stay in the data folder."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = settings.data_dir / "uploads" / ".incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_RUN_HISTORY"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")


def serve(app: App) -> None:
    """Serve until Ctrl-C. Prints the address when the page answers there.

    Raises SettingsError for a port or an address that cannot be had.
    """
    settings = app.settings
    check_exposure(settings)
    listening = _bind(settings.host, settings.port)
    try:
        config = uvicorn.Config(
            make_server(app), log_level="warning", timeout_graceful_shutdown=2, ws="none", server_header=False
        )
        threading.Thread(target=_warm, args=(app,), daemon=True, name="mlprep-warm").start()
        _Server(config, address(settings, listening)).run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn has shut down by then and passes the signal on
        pass
    finally:
        listening.close()


def address(settings: Settings, listening: socket.socket) -> str:
    """Where to point a browser, with the port that was really bound."""
    port = listening.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{port}/"


def _bind(host: str, port: int) -> socket.socket:
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two servers share the port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"The page cannot listen on {host} port {port}: {error.strerror or error}.",
            f"Stop what uses it, or choose another port: mlprep --port {port + 1} (0 takes a free one).",
        ) from error
    return listening


class _Server(uvicorn.Server):
    """Says where the page is once it is there."""

    def __init__(self, config: uvicorn.Config, where: str) -> None:
        super().__init__(config)
        self._where = where

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            sys.stdout.write(f"mlprep is at {self._where} (Ctrl-C ends it)\n")
            sys.stdout.flush()


def _warm(app: App) -> None:
    """Load the embedding model while the visitor reads, so that the first question does not wait for it."""
    try:
        app.search("warm up")
        app.pool()
    except MlprepError as error:  # it is shown where it matters: on the page
        log.info("Not warmed up: %s", error)
