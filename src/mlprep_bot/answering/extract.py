"""An answer without a language model: the best sentences of the best passages, word for word.

Sentences are chosen by their likeness to the question, with a preference for the opening of an answer to
nearly the same question, and against repeats; they are shown in the order of their passage.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mlprep_bot.answering.facts import tokens
from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.domain import Citation, Passage, Sentence, Verdict
from mlprep_bot.ports import Embedder, Vectors

QUOTED = "quoted word for word"

_MOST = 8  # sentences
_MOST_CHARS = 1600
_FEWEST = 3
_FLOOR = 0.62  # of the best score: what is further from the question is not quoted
_REPEAT = 0.86  # cosine from which two sentences say the same
_DIVERSITY = 0.25
_ITEMS_OF_LEAD_IN = 6
_MOST_CODE_LINES = 25

_DANGLING = re.compile(
    r"[\"'(*_]*(?:this|that|these|those|it|its|they|their|them|he|she|such|here|then|otherwise|however|therefore|thus|"
    r"hence|so|but|and|also|both|the (?:latter|former|same|other|first|second|third|result|reason|effect|converse)|"
    r"in this|for this|in that|instead|moreover|furthermore|additionally|similarly|likewise|conversely|as a result|"
    r"for example|for instance|in contrast|by contrast|on the other hand|still|yet|again|another|one (?:reason|way)|"
    r"below|above|next|finally|overall)\b",
    re.IGNORECASE,
)
_ANSWER_LABEL = re.compile(
    r"(?:[>*_ ]*)(?:ans(?:wer)?|sol(?:ution)?)(?:[ \t]*\d+)?[ \t]*(?::[ \t]*-*|[-–]+|\.)[*_ ]*[ \t]*", re.IGNORECASE
)
_WORDLESS = re.compile(r"^(?:!?\[[^\]]*\]\([^)]*\)|https?://\S+|[\W\d_]+)$")


@dataclass(slots=True)
class _Piece:
    """One quotable unit. `lead` introduces it and `before` is the sentence that it leans on: indices, or None."""

    passage: int
    unit: Unit
    start: int
    end: int
    text: str
    position: int  # among the pieces of its passage
    lead: int | None = None
    before: int | None = None
    score: float = 0.0
    is_lead: bool = False


class Extractor:
    """Quotes the sentences that answer a question. Deterministic."""

    def __init__(self, embedder: Embedder) -> None:
        self._vectors = VectorMemory(embedder)

    def extract(self, query: str, passages: Sequence[Passage]) -> list[Sentence]:
        """Up to eight sentences of `passages` (best first), each with one exact citation; [] when there are none."""
        pieces = [piece for n, passage in enumerate(passages) for piece in _pieces(n, passage)]
        _link(pieces)
        if not pieces:
            return []
        vectors = self._vectors.embed([piece.text for piece in pieces])
        self._score(query, passages, pieces, vectors)
        chosen = _choose(pieces, vectors)
        return [_sentence(pieces, i, passages, chosen) for i in _arranged(pieces, chosen)]

    def _score(self, query: str, passages: Sequence[Passage], pieces: list[_Piece], vectors: Vectors) -> None:
        """Set every piece's score; about -0.1 to 1.5, only their order and ratio matter."""
        asked = self._vectors.embed_query(query)
        cosines = vectors @ asked
        asks = self._vectors.embed([passage.question or passage.heading or " " for passage in passages]) @ asked
        wanted = {t.stem for t in tokens(query) if t.content}
        for piece, cosine in zip(pieces, cosines, strict=True):
            passage = passages[piece.passage]
            same_question = float(np.clip((asks[piece.passage] - 0.45) / 0.35, 0.0, 1.0))
            shared = len(wanted & {t.stem for t in tokens(piece.text)}) / max(1, len(wanted))
            opening = 1.0 / (1 + 0.35 * piece.position) if _is_opening(passage, piece) else 0.0
            piece.score = (
                float(cosine)
                + 0.15 * shared
                + 0.30 * same_question * opening
                + 0.10 * same_question
                + 0.10 / (1 + piece.passage)
                - (0.15 if piece.unit.kind in ("code", "table") else 0.0)
            )


def _is_opening(passage: Passage, piece: _Piece) -> bool:
    """Whether the piece stands where an answer gives its gist: in its first lines."""
    return piece.position < 6 and piece.start - passage.start < 1200


def _pieces(n: int, passage: Passage) -> list[_Piece]:
    """What can be quoted from a passage, in order."""
    units = [u for u in split_units(passage.text) if u.kind not in ("rule", "comment", "heading")]
    found: list[_Piece] = []
    label: Unit | None = None
    for unit in units:
        if unit.kind == "label":
            # A list item's bold title belongs to its words; a paragraph's run-in title is a heading.
            label = unit if unit.block in ("bullet", "number") else None
            continue
        first = label if label and label.paragraph == unit.paragraph else unit
        named = _ANSWER_LABEL.match(passage.text, first.body, unit.end)
        body = named.end() if named else first.body
        text = passage.text[body : unit.end]
        label = None
        if text and _quotable(text, unit):
            whole = Unit(first.start, unit.end, body, unit.kind, first.block, unit.paragraph)
            found.append(
                _Piece(n, whole, passage.start + whole.body, passage.start + whole.end, text, position=len(found))
            )
    return found


def _quotable(text: str, unit: Unit) -> bool:
    if unit.kind == "code":
        return text.count("\n") <= _MOST_CODE_LINES
    return not text.rstrip("*_ ").endswith("?") and not _WORDLESS.match(text)


def _link(pieces: list[_Piece]) -> None:
    """Find for each piece the lead-in and the sentence before it that it cannot stand without."""
    lead: int | None = None
    for i, piece in enumerate(pieces):
        if i and pieces[i - 1].passage != piece.passage:
            lead = None
        previous = i - 1 if i and pieces[i - 1].passage == piece.passage else None
        listed = piece.unit.block in ("bullet", "number")
        if piece.unit.block == "paragraph" and not listed and lead is not None and previous != lead:
            lead = None
        if lead is not None and (listed or previous == lead):
            piece.lead = lead
        elif _DANGLING.match(piece.text) and piece.unit.kind == "text":
            piece.before = previous
        if _introduces(pieces, i) and not listed:
            piece.is_lead = True
            lead = i


def _introduces(pieces: list[_Piece], i: int) -> bool:
    """Whether the piece is nothing without the list, formula or code behind it."""
    text = pieces[i].text.rstrip("*_ ")
    following = pieces[i + 1] if i + 1 < len(pieces) and pieces[i + 1].passage == pieces[i].passage else None
    displayed = following is not None and following.text.startswith(("$$", "\\["))
    return text.endswith(":") or (displayed and not text.endswith((".", "!", "?")))


def _choose(pieces: list[_Piece], vectors: Vectors) -> list[int]:
    """Indices of the pieces to show, best first, with those that they lean on."""
    likeness = vectors @ vectors.T
    order = sorted(range(len(pieces)), key=lambda i: -pieces[i].score)
    best = pieces[order[0]].score
    chosen: list[int] = []
    left = set(order)
    while left and len(chosen) < _MOST:
        i = max(left, key=lambda j: (pieces[j].score - _DIVERSITY * _closest(likeness, j, chosen), -j))
        left.discard(i)
        if pieces[i].score < _FLOOR * best and len(chosen) >= _FEWEST:
            continue
        if pieces[i].score < 0.4 * best or _closest(likeness, i, chosen) > _REPEAT:
            continue
        wanted = [j for j in _group(pieces, i) if j not in chosen]
        length = sum(len(pieces[j].text) for j in {*chosen, *wanted})
        if len(chosen) + len(wanted) > _MOST or (chosen and length > _MOST_CHARS):
            continue
        chosen += wanted
        left -= set(wanted)
    return chosen


def _closest(likeness: Vectors, i: int, chosen: Sequence[int]) -> float:
    return max((float(likeness[i, j]) for j in chosen), default=0.0)


def _group(pieces: list[_Piece], i: int) -> list[int]:
    """The piece with what it leans on; a lead-in with the first items that it introduces."""
    group = [i]
    at: int | None = i
    while at is not None and len(group) < 4:
        at = pieces[at].lead if pieces[at].lead is not None else pieces[at].before
        if at is not None:
            group.insert(0, at)
    if pieces[i].is_lead:
        introduced = [j for j in range(i + 1, len(pieces)) if pieces[j].lead == i and pieces[j].unit.block != ""]
        group += introduced[:_ITEMS_OF_LEAD_IN] or ([i + 1] if i + 1 < len(pieces) and pieces[i + 1].lead == i else [])
    return group


def _arranged(pieces: list[_Piece], chosen: list[int]) -> list[int]:
    """By passage, the one with the best sentence first; inside it in the document's order."""
    rank: dict[int, float] = {}
    for i in chosen:
        rank[pieces[i].passage] = max(rank.get(pieces[i].passage, -9.0), pieces[i].score)
    return sorted(chosen, key=lambda i: (-rank[pieces[i].passage], pieces[i].passage, pieces[i].start))


def _sentence(pieces: list[_Piece], i: int, passages: Sequence[Passage], chosen: list[int]) -> Sentence:
    piece = pieces[i]
    passage = passages[piece.passage]
    block = piece.unit.block
    if piece.unit.kind in ("code", "table"):
        text, block = piece.text, "code" if piece.unit.kind == "code" else "paragraph"
    else:
        text = re.sub(r"\s*\n\s*", " ", piece.text)
    if block == "number":
        block = "bullet"  # a choice of steps keeps no numbering
    follows = i - 1 in chosen and pieces[i - 1].passage == piece.passage
    if not block and not follows:
        block = "paragraph"
    citation = Citation(passage.id, passage.document, passage.heading, piece.start, piece.end, piece.text)
    return Sentence(text, Verdict.SUPPORTED, QUOTED, (citation,), block)
