"""The whole page as Gradio blocks: built here, served in `serve.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import gradio as gr

from mlprep_bot.app import App
from mlprep_bot.ui.chat import ChatTab
from mlprep_bot.ui.interview import InterviewTab
from mlprep_bot.ui.library import LibraryTab
from mlprep_bot.ui.progress import ProgressTab

INTERVIEW = "interview"
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
        with gr.Tabs(elem_id="ml-tabs") as tabs:
            with gr.Tab("Chat", id="chat"):
                chat = ChatTab(app)
            with gr.Tab("Interview", id=INTERVIEW) as interview_tab:
                interview = InterviewTab(app)
            with gr.Tab("Progress", id="progress") as progress_tab:
                progress = ProgressTab(app)
            with gr.Tab("Library", id="library"):
                library = LibraryTab(app)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}
        _messages(interview, tabs, quiet)
        room, form = interview.room, interview.room.form
        blocks.load(chat.welcome, None, [chat.live], **quiet)
        blocks.load(chat.opened, None, [chat.picker, chat.banner], **quiet)
        blocks.load(interview.opened, None, room.outputs, **quiet)
        gr.on([blocks.load, interview_tab.select], form.opened, form.choices, form.offers, **quiet)
        blocks.load(library.opened, None, [library.shelf], **quiet)
        progress_tab.select(progress.opened, None, [progress.course], **quiet)
        progress.deleted.then(interview.cleared, [room.place], room.outputs, **quiet)
        blocks.unload(lambda: None)
    return blocks


def _messages(interview: InterviewTab, tabs: Any, quiet: dict[str, Any]) -> None:
    """What the page's script sends: drafts of an answer, and presses of buttons within finished HTML.

    Gradio's components are all that may talk to the server, so each has a box that nobody sees and a button.
    """
    hidden: dict[str, Any] = {"visible": "hidden", "show_label": False}
    draft, keep = gr.Textbox(elem_id="ml-draft", **hidden), gr.Button("", elem_id="ml-draft-go", visible="hidden")
    keep.click(interview.keep_draft, [draft], [interview.room.saved], trigger_mode="multiple", **quiet)
    order, go = gr.Textbox(elem_id="ml-command", **hidden), gr.Button("", elem_id="ml-command-go", visible="hidden")

    def obey(raw: str) -> Iterator[dict[Any, Any]]:
        yield {tabs: gr.Tabs(selected=INTERVIEW)}
        yield from interview.obey(raw)

    go.click(obey, [order], [tabs, *interview.room.outputs], **quiet)
