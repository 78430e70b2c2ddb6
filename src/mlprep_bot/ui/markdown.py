"""Markdown to HTML in which no markup of the input survives.

Raw HTML, images and links are switched off in the parser rather than cleaned up afterwards: what
remains can only produce the elements of this file, without any address to fetch or follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from mlprep_bot.ui.maths import mathml

_BLOCK_STARTS = ("$$", "\\[", "\\begin", "```", "~~~", "|", "    ")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    md = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "maxNesting": 30})
    md.enable(["table", "strikethrough"])
    # A link definition would otherwise vanish from the text without a trace.
    md.disable(["image", "link", "autolink", "html_inline", "html_block", "reference"])
    dollarmath_plugin(
        md,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,  # "$5 and $6" is money
        double_inline=True,
        renderer=lambda latex, options: mathml(latex.strip(), display=bool(options["display_mode"])),
    )
    amsmath_plugin(md, renderer=lambda latex: mathml(latex.strip(), display=True))
    md.inline.ruler.before("escape", "math_brackets", _math_brackets)
    md.add_render_rule("math_brackets", _render_brackets)
    md.add_render_rule("fence", _render_fence)
    md.add_render_rule("code_block", _render_fence)
    md.add_render_rule("heading_open", _render_heading)
    md.add_render_rule("heading_close", _render_heading)
    return md


def _math_brackets(state: StateInline, silent: bool) -> bool:
    r"""`\( … \)` and `\[ … \]`, which most local models write."""
    closing = {"\\(": "\\)", "\\[": "\\]"}.get(state.src[state.pos : state.pos + 2])
    if closing is None:
        return False
    end = state.src.find(closing, state.pos + 2, state.posMax)
    if end < 0:
        return False
    if not silent:
        token = state.push("math_brackets", "math", 0)
        token.content = state.src[state.pos + 2 : end]
        token.markup = closing
    state.pos = end + 2
    return True


def _render_brackets(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    token = tokens[index]
    return mathml(token.content.strip(), display=token.markup == "\\]")


def _render_fence(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    """The info string of a fence is the input's, so it names no class."""
    return f'<pre class="ml-code" tabindex="0"><code>{escape(tokens[index].content)}</code></pre>\n'


def _render_heading(_: RendererHTML, tokens: Sequence[Token], index: int, *__: Any) -> str:
    """Headings of an answer stand below those of the page, whatever their level was."""
    return '<p class="ml-heading">' if tokens[index].nesting > 0 else "</p>\n"


def inline_html(text: str) -> str:
    """One line of Markdown: emphasis, code and formulas. Line breaks become spaces."""
    return str(_parser().renderInline(text))


def block_html(text: str) -> str:
    """Paragraphs, lists, tables, code and formulas."""
    return str(_parser().render(text))


def needs_block(text: str) -> bool:
    """Whether a sentence is really a piece of code, a table or a formula on lines of its own."""
    if text.startswith(_BLOCK_STARTS):
        return True
    return "\n" in text and any(token.type != "paragraph_open" for token in _parser().parse(text)[:1])
