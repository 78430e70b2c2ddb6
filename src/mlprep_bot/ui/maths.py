"""LaTeX to MathML, which browsers draw themselves: no script, no font and nothing fetched.

The LaTeX comes from strangers' documents and from models, so the converter's tree is copied
through a list of allowed elements and attributes before it becomes text.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape, unescape
from xml.etree.ElementTree import Element, tostring

LONGEST = 2_000  # characters; longer ones are shown as source

_ELEMENTS = frozenset(
    [
        *("math", "mrow", "mi", "mn", "mo", "ms", "mspace", "mtext", "menclose", "mfrac", "mpadded", "mphantom"),
        *("mroot", "msqrt", "mstyle", "msub", "msup", "msubsup", "mover", "munder", "munderover"),
        *("mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd"),
    ]
)
_ATTRIBUTES = {
    "accent": frozenset({"true", "false"}),
    "accentunder": frozenset({"true", "false"}),
    "columnalign": None,
    "columnspacing": None,
    "depth": None,
    "display": frozenset({"inline", "block"}),
    "displaystyle": frozenset({"true", "false"}),
    "fence": frozenset({"true", "false"}),
    "form": frozenset({"prefix", "infix", "postfix"}),
    "height": None,
    "linethickness": None,
    "lspace": None,
    "mathvariant": None,
    "maxsize": None,
    "minsize": None,
    "movablelimits": frozenset({"true", "false"}),
    "notation": None,
    "rowspacing": None,
    "rspace": None,
    "scriptlevel": None,
    "separator": frozenset({"true", "false"}),
    "stretchy": frozenset({"true", "false"}),
    "width": None,
}
_PLAIN_VALUE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.%+- ")


@lru_cache(maxsize=2048)
def mathml(latex: str, *, display: bool = False) -> str:
    """One formula as a `<math>` element, or its escaped source in `<code>` when it cannot be converted."""
    from latex2mathml.converter import convert_to_element

    source = f'<code class="ml-latex">{escape(latex)}</code>'
    if not latex.strip() or len(latex) > LONGEST:
        return source
    try:
        tree = convert_to_element(latex, display="block" if display else "inline")
        return tostring(_allowed(tree), encoding="unicode")
    except Exception:  # boundary: a converter of untrusted input, whose errors share no ancestor
        return source


def _allowed(element: Element) -> Element:
    """A copy that holds only listed elements and attributes; an unlisted element becomes a plain row."""
    copy = Element(element.tag if element.tag in _ELEMENTS else "mrow")
    for name, value in element.attrib.items():
        allowed = _ATTRIBUTES.get(name, frozenset())
        if value in allowed if allowed is not None else _PLAIN_VALUE.issuperset(value):
            copy.set(name, value)
    # The converter writes characters as entities ("&#x0003D;") into the tree.
    copy.text = _printable(element.text)
    copy.extend(_allowed(child) for child in element)
    return copy


def _printable(text: str | None) -> str | None:
    return text and "".join(c for c in unescape(text) if c >= " " or c in "\t\n")
