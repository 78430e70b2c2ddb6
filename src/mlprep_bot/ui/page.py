"""The whole page as Gradio blocks: built here, served in `serve.py`."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.ui.chat import ChatTab
from mlprep_bot.ui.library import LibraryTab

ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")


@cache
def asset(name: str) -> bytes:
    """A file of `assets/`, from the installed package."""
    return files("mlprep_bot.ui").joinpath("assets", name).read_bytes()


def head() -> str:
    """Links to our own style and script, named by content so that a browser never keeps an old one."""

    def address(name: str) -> str:
        return f"/mlprep/{name}?v={hashlib.sha256(asset(name)).hexdigest()[:12]}"

    return (
        f'<link rel="stylesheet" href="{address("page.css")}"><link rel="icon" href="{address("icon.svg")}">'
        f'<script defer src="{address("page.js")}"></script><meta name="color-scheme" content="light dark">'
    )


def theme() -> Any:
    """Quiet colours and the system's fonts: a font by name would be fetched from Google."""
    base = gr.themes.Base(
        primary_hue="blue", neutral_hue="slate", font=list(_SANS), font_mono=list(_MONO), radius_size="md"
    )
    # White on the default blue has a contrast of 3.7; 4.5 is what a reader needs.
    return base.set(
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
    )


def build_page(app: App) -> Any:
    """The blocks, with nothing loaded yet: what a visitor sees is filled in when the page opens."""
    with gr.Blocks(analytics_enabled=False, title="mlprep", delete_cache=(3600, 3600), elem_id="ml-page") as blocks:
        with gr.Tabs(elem_id="ml-tabs"):
            with gr.Tab("Chat", id="chat"):
                chat = ChatTab(app)
            with gr.Tab("Library", id="library"):
                library = LibraryTab(app)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}
        blocks.load(chat.welcome, None, [chat.live], **quiet)
        blocks.load(chat.opened, None, [chat.picker, chat.banner], **quiet)
        blocks.load(library.opened, None, [library.shelf], **quiet)
        blocks.unload(lambda: None)
    return blocks
