"""The banner about who writes the answers, and the choices of the model picker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from mlprep_bot.writers import EXTRACTIVE, WriterInfo

_CODE = re.compile(r"`([^`]+)`")


def label(name: str) -> str:
    """A writer's name as the picker shows it."""
    return "Quotations only (no model)" if name == EXTRACTIVE else name


def choices(writers: Sequence[WriterInfo]) -> list[tuple[str, str]]:
    """(label, name) of each writer that can be used now."""
    return [(label(w.name), w.name) for w in writers if w.available]


def banner_html(chosen: WriterInfo, writers: Sequence[WriterInfo]) -> str:
    """Who writes, and, as long as no model does, what to do to get one."""
    fluent = chosen.name != EXTRACTIVE
    better = "" if fluent else _advice(chosen, writers)
    kind = "fluent" if fluent else "quoting"
    return (
        f'<div class="ml-banner ml-{kind}" role="note"><p><span aria-hidden="true">{"✎" if fluent else "❝"}</span> '
        f"<strong>{escape(label(chosen.name))}</strong> <span>{code_html(chosen.detail)}</span></p>{better}</div>"
    )


def _advice(chosen: WriterInfo, writers: Sequence[WriterInfo]) -> str:
    others = [w for w in writers if w.name != EXTRACTIVE]
    ready = [w.name for w in others if w.available]
    if ready:
        return f"<p>For written answers choose {escape(ready[0])} under “Who writes”.</p>"
    fixes = dict.fromkeys(w.fix for w in (chosen, *others) if w.fix)
    return "".join(f"<p>{code_html(fix)}</p>" for fix in fixes)


def code_html(text: str) -> str:
    """Plain text with `commands` in backticks set as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
