"""The summary with which an answer begins, when it is laid out in sections (pure).

Whoever writes "Short answer" above the details has said there what the question asks for, in words that a search for
one detail may miss. What that is worth is in `docs/retrieval.md`; notes without sections have no lead and lose nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mlprep_bot.domain import Chunk

UNITS = 4  # the best units whose leads are shown
BEFORE = 6  # the best chunks, which come before any lead
LONGEST = 900  # characters of a lead; a longer first section is no summary

_HEADING = re.compile(r"#{1,6} ")


def lead(unit: Sequence[Chunk]) -> list[Chunk]:
    """The chunks of a unit's first section, [] when it has one section only or begins with a long one."""
    if not unit or not _HEADING.match(unit[0].text):
        return []
    second = next((at for at, chunk in enumerate(unit) if at and _HEADING.match(chunk.text)), None)
    if second is None or sum(len(chunk.text) for chunk in unit[:second]) > LONGEST:
        return []
    return list(unit[:second])


def with_leads(
    ordered: Sequence[Chunk], units: Mapping[str, float], chunks_of: Callable[[str], Sequence[Chunk]]
) -> list[Chunk]:
    """`ordered` chunks, best first, with the leads of the best units behind the first few of them."""
    best = sorted(units, key=lambda unit: (-units[unit], unit))[:UNITS]
    leads = [chunk for unit in best for chunk in lead(chunks_of(unit))]
    first = [*ordered[:BEFORE], *leads]
    return list({chunk.id: chunk for chunk in (*first, *ordered[BEFORE:])}.values())
