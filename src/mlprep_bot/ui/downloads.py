"""Files to take along: an interview as Markdown or Anki cards, and all of the user's data as JSON.

They are plain addresses behind the same guard as the page, since Gradio's own file addresses are closed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response

from mlprep_bot.app import App
from mlprep_bot.ui.asking import as_told
from mlprep_bot.ui.outcome import Outcomes
from mlprep_bot.ui.progress import DATA


def add_downloads(server: FastAPI, app: App) -> None:
    """Add the addresses that the links of the page point to."""
    outcomes = Outcomes(app)

    @server.get("/mlprep/interview/{name}.md")
    def as_markdown(name: str) -> Response:
        return _file(lambda: outcomes.markdown(name).encode(), f"interview-{name}.md", "text/markdown; charset=utf-8")

    @server.get("/mlprep/interview/{name}.apkg")
    def as_anki(name: str) -> Response:
        return _file(lambda: outcomes.anki(name), f"interview-{name}.apkg", "application/octet-stream")

    @server.get(DATA)
    def everything() -> Response:
        return _file(
            lambda: json.dumps(app.progress.export(), ensure_ascii=False, indent=1).encode(),
            "mlprep-progress.json",
            "application/json",
        )


def _file(make: Callable[[], bytes], name: str, kind: str) -> Response:
    """The file, or one line that says why there is none."""
    try:
        content = make()
    except Exception as error:  # boundary
        told = as_told(error)
        return PlainTextResponse(f"mlprep: {told.seen} {told.fix}", 404)
    safe = re.sub(r"[^\w.\-]+", "_", name, flags=re.ASCII)
    keep = {"content-disposition": f'attachment; filename="{safe}"', "cache-control": "no-store"}
    return Response(content, media_type=kind, headers=keep)
