"""What is embedded of a document: every chunk by itself, and the surroundings that tell what it is about.

| view | text | hung on |
|---|---|---|
| `t` | the chunk alone: finds the sentence | every chunk |
| `b3` | question or heading, and the 3 chunks of this block (about 300 characters) | the first of them |
| `u9` | question or heading, and the 9 chunks of this stretch of the unit, as long as the embedder sees | its first |
| `q30.1` | one wording of the question that this unit of 30 chunks answers: its own, or a card's alias | its first |

The number says how many chunks, this one included, the view speaks for; behind a point, which of several
like it this is. Texts that are the same (a unit of one chunk without a heading) are one vector in the index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from mlprep_bot.domain import Chunk, Question

VIEWS_VERSION = "2"  # part of the chunker's version: change it when other texts would be embedded

BLOCK_CHARS = 300
UNIT_CHARS = 1200  # with the heading about 256 tokens, the most that all-MiniLM-L6-v2 sees


def views(chunks: Sequence[Chunk], questions: Iterable[Question] = ()) -> list[list[tuple[str, str]]]:
    """For each chunk of one document, in the order given, its (view, text to embed) pairs."""
    found = [[("t", chunk.text)] for chunk in chunks]
    wordings = {q.id: (q.text, *(q.rubric.aliases if q.rubric else ())) for q in questions}
    for _, members in groupby(range(len(chunks)), key=lambda at: chunks[at].unit):
        unit = list(members)
        for letter, limit in (("b", BLOCK_CHARS), ("u", UNIT_CHARS)):
            for part in _parts(unit, limit, lambda at: len(chunks[at].text)):
                words = "\n".join(chunks[at].text for at in part)
                context = chunks[part[0]].context
                said = not context or words.startswith(context)  # a title line that became the heading
                found[part[0]].append((f"{letter}{len(part)}", words if said else f"{context}\n{words}"))
        asked = wordings.get(chunks[unit[0]].question_id or "", ())
        found[unit[0]] += [(f"q{len(unit)}.{n}", wording) for n, wording in enumerate(asked, start=1)]
    return found


def reach(view: str) -> tuple[str, int]:
    """The letter of a view and how many chunks it speaks for."""
    return view[:1], int(view[1:].partition(".")[0] or 1)


def _parts(unit: Sequence[int], limit: int, size: Callable[[int], int]) -> Iterator[list[int]]:
    """Neighbours together up to the limit; a short rest joins the part before it."""
    parts: list[list[int]] = []
    used = 0
    for at in unit:
        if parts and used + size(at) <= limit:
            parts[-1].append(at)
            used += size(at)
        else:
            parts.append([at])
            used = size(at)
    if len(parts) > 1 and used < limit // 4:
        rest = parts.pop()
        parts[-1].extend(rest)
    yield from parts
