"""An answer without a language model: the best sentences of the best passages, word for word.

Sentences are chosen by their likeness to the question, with a preference for the opening of an answer to
nearly the same question, and against repeats. Where the document that was asked for answers in short, that
short answer comes first, in its own order, then the nearest details, then what others add; a question for one
thing that the short answer does not say gets the sentence that says it first. Otherwise sentences are shown
in the order of their passage. Remarks for an interviewer are no answer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.answering.facts import everyday, tokens
from mlprep_bot.answering.pieces import Piece, cut, group, link
from mlprep_bot.answering.sections import Role, TextOf, asks_for
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.domain import Citation, Passage, Sentence, Verdict
from mlprep_bot.ports import Embedder, Vectors

QUOTED = "quoted word for word"

_MOST = 8  # sentences
_MOST_CHARS = 1600
_FEWEST = 3
_DIVERSITY = 0.25
_STORY = 0.12  # what a sentence of a case loses: it answers another question than what something is

# Where there is a short answer:
_UNIT_FLOOR = 0.75  # of the nearest sentence: a unit that is further away, with its question, was not asked for
_GIST_FLOOR = 0.7  # of the sentence that was asked for: what of the short answer follows it
_GIST_MOST = 5
_TOLD = 0.4  # share of the question's words that a sentence says and the short answer does not
_TOLD_NEARER = 0.05
_NEARER = 0.15  # by which a sentence must at least be nearer to stand before the short answer, or before its first
_SAME = 0.75  # the question is the unit's own, and no sentence was asked for in particular


@dataclass(frozen=True, slots=True)
class _Limits:
    """What may be shown beside what is shown: `floor` is of the best score, `repeat` a cosine, `most` sentences."""

    floor: float = 0.62
    repeat: float = 0.86
    most: int = _MOST


_DETAILS = _Limits(repeat=0.8, most=3)
_OTHERS = _Limits(floor=0.85, repeat=0.72, most=2)


@dataclass(frozen=True, slots=True)
class _Weights:
    """For every piece: `near` to the question (words and meaning only), `score` (with its place as well)."""

    near: list[float]
    score: list[float]
    asks: list[float]  # cosine of the question that its passage answers, or its heading, with the question
    likeness: Vectors  # shape (pieces, pieces)
    rarity: dict[str, float]  # the question's words: their shares, which add up to 1
    stems: list[set[str]]

    def share(self, stems: set[str]) -> float:
        """How much of the question some words are, 0 to 1."""
        return sum(self.rarity.get(stem, 0.0) for stem in stems)

    def closest(self, i: int, chosen: Sequence[int]) -> float:
        """The likeness to the nearest of the chosen pieces."""
        return max((float(self.likeness[i, j]) for j in chosen), default=0.0)


class Extractor:
    """Quotes the sentences that answer a question. Deterministic.

    `text_of` gives a document's text by name; with it the section of every sentence is known, without it only
    where a passage holds the heading or names it.
    """

    def __init__(self, embedder: Embedder, text_of: TextOf | None = None) -> None:
        self._vectors = VectorMemory(embedder)
        self._text_of = text_of

    def extract(self, query: str, passages: Sequence[Passage]) -> list[Sentence]:
        """Up to eight sentences of `passages` (best first), each with one exact citation; [] when there are none."""
        pieces = cut(passages, self._text_of)
        pieces = [p for p in pieces if p.answers or asks_for(query, p.section.title)] or pieces
        link(pieces)
        if not pieces:
            return []
        weights = self._weigh(query, passages, pieces)
        gist = _gist(passages, pieces, weights)
        if gist:
            shown = _led(passages, pieces, weights, gist)
        else:
            shown = _arranged(pieces, weights, _choose(pieces, weights, [], range(len(pieces)), _Limits()))
        return [_sentence(pieces, i, passages, shown) for i in shown]

    def _weigh(self, query: str, passages: Sequence[Passage], pieces: list[Piece]) -> _Weights:
        """Scores are about -0.1 to 1.5; only their order and ratio matter."""
        vectors = self._vectors.embed([piece.text for piece in pieces])
        asked = self._vectors.embed_query(query)
        asks = self._vectors.embed([passage.question or passage.heading or " " for passage in passages]) @ asked
        wanted = {t.stem for t in tokens(query) if t.content or t.number}
        stems = [{t.stem for t in tokens(piece.text)} for piece in pieces]
        near, score = [], []
        for i, (piece, cosine) in enumerate(zip(pieces, vectors @ asked, strict=True)):
            same_question = _same_question(float(asks[piece.passage]))
            opening = 1.0 / (1 + 0.35 * piece.position) if _is_opening(passages[piece.passage], piece) else 0.0
            near.append(
                float(cosine)
                + 0.15 * len(wanted & stems[i]) / max(1, len(wanted))
                - (0.15 if piece.unit.kind in ("code", "table") else 0.0)
                - (_STORY if piece.section.role is Role.STORY else 0.0)
            )
            place = 0.30 * same_question * opening + 0.10 * same_question + 0.10 / (1 + piece.passage)
            score.append(near[i] + place)
        asking = [float(asks[piece.passage]) for piece in pieces]
        return _Weights(near, score, asking, vectors @ vectors.T, _rarity(wanted - everyday(), stems), stems)


def _same_question(cosine: float) -> float:
    """How sure it is, 0 to 1, that two questions of this likeness ask the same."""
    return min(1.0, max(0.0, (cosine - 0.45) / 0.35))


def _rarity(wanted: set[str], stems: Sequence[set[str]]) -> dict[str, float]:
    """How much of a question each of its words is: what few sentences say tells more."""
    seen = Counter(stem for found in stems for stem in found & wanted)
    weight = {stem: math.log(1 + len(stems) / seen[stem]) for stem in seen}
    total = sum(weight.values())
    return {stem: value / total for stem, value in weight.items()}


def _is_opening(passage: Passage, piece: Piece) -> bool:
    """Whether the piece stands where an answer gives its gist: in its first lines."""
    return piece.position < 6 and piece.start - passage.start < 1200


def _unit(passage: Passage, piece: Piece | None = None) -> tuple[str, str]:
    """What is written about one thing: a question's answer, or a section with its short answer."""
    if passage.question:
        return passage.document, passage.question
    path = passage.heading.split(" > ")
    own = piece is not None and piece.section.role is not Role.BODY and piece.section.title == path[-1]
    return passage.document, " > ".join(path[:-1] if own else path)


def _gist(passages: Sequence[Passage], pieces: list[Piece], weights: _Weights) -> list[int]:
    """The sentences of the short answer in the best unit, in order; [] when the unit is not about the question."""
    asked = _unit(max(passages, key=lambda passage: passage.score))  # the first of equals
    unit = [i for i, piece in enumerate(pieces) if _unit(passages[piece.passage], piece) == asked]
    found = sorted((i for i in unit if pieces[i].section.role is Role.GIST), key=lambda i: pieces[i].start)
    if not found:
        return []
    about = max(weights.asks[found[0]], *(weights.near[i] for i in unit))
    return found if about >= _UNIT_FLOOR * max(weights.near) else []


def _led(passages: Sequence[Passage], pieces: list[Piece], weights: _Weights, gist: list[int]) -> list[int]:
    """What is shown where a short answer is known, in order."""
    unit = _unit(passages[pieces[gist[0]].passage], pieces[gist[0]])
    own = [i for i, p in enumerate(pieces) if i not in gist and _unit(passages[p.passage], p) == unit]
    rest = [i for i in range(len(pieces)) if i not in gist and i not in own]
    first = _specific(pieces, weights, gist, own)
    if first:
        gist = _beside(pieces, weights, gist, first)
    else:
        first = _most_direct(pieces, weights, gist)
    led = [*first, *(i for i in gist[:_GIST_MOST] if i not in first)][:_MOST]
    details = _choose(pieces, weights, led, own, _DETAILS)
    led += sorted(details, key=lambda i: pieces[i].start)
    others = _choose(pieces, weights, led, rest, _OTHERS)
    return led + _arranged(pieces, weights, others)


def _beside(pieces: list[Piece], weights: _Weights, gist: list[int], first: list[int]) -> list[int]:
    """What the short answer adds to the sentence that was asked for: its nearest sentences, or its nearest."""
    floor = min(_GIST_FLOOR * max(weights.near[i] for i in first), max(weights.near[i] for i in gist))
    kept: list[int] = []
    for i in gist:
        stands = pieces[i].before is None or pieces[i].before in kept
        if stands and weights.near[i] >= floor and weights.closest(i, first) <= _Limits().repeat:
            kept.append(i)
    return kept


def _most_direct(pieces: list[Piece], weights: _Weights, gist: list[int]) -> list[int]:
    """The sentence of the short answer to begin with: its first, unless a later one is plainly nearer and free."""
    best = max(gist, key=lambda i: weights.near[i])
    margin = _NEARER + 0.2 * _same_question(weights.asks[best])
    leans = pieces[best].before is not None or pieces[best].lead is not None
    leans = leans or any(best in (piece.before, piece.lead) for piece in pieces)
    return [gist[0] if leans or weights.near[best] < weights.near[gist[0]] + margin else best]


def _specific(pieces: list[Piece], weights: _Weights, gist: list[int], own: list[int]) -> list[int]:
    """The sentence that says what was asked for, with what it leans on, where the short answer does not say it."""
    nearest = max(weights.near[i] for i in gist)
    same = _same_question(weights.asks[gist[0]])
    known = set().union(*(weights.stems[i] for i in gist))
    found = []
    for i in own:
        gained = weights.near[i] - nearest
        told = same < _SAME and gained >= _TOLD_NEARER and weights.share(weights.stems[i] - known) >= _TOLD
        # The nearer the question is to that of the unit, the more its short answer is what was asked for.
        if pieces[i].unit.kind == "text" and not pieces[i].listed and (told or gained >= _NEARER + 0.4 * same):
            found.append((told, weights.near[i] + 0.5 * weights.share(weights.stems[i]), -i))
    return group(pieces, -max(found)[2]) if found else []


def _choose(
    pieces: list[Piece],
    weights: _Weights,
    shown: Sequence[int],
    candidates: Sequence[int],
    limits: _Limits,
) -> list[int]:
    """Indices of the pieces to show beside those that are shown, best first, with those that they lean on."""
    score = weights.score
    best = max(score)
    chosen: list[int] = []
    left = set(candidates)
    while left and len(chosen) < limits.most:
        there = [*shown, *chosen]
        i = max(left, key=lambda j: (score[j] - _DIVERSITY * weights.closest(j, there), -j))
        left.discard(i)
        if score[i] < limits.floor * best and len(there) >= _FEWEST:
            continue
        if score[i] < 0.4 * best or weights.closest(i, there) > limits.repeat:
            continue
        wanted = [j for j in group(pieces, i) if j not in there]
        length = sum(len(pieces[j].text) for j in {*there, *wanted})
        if len(there) + len(wanted) > _MOST or (there and length > _MOST_CHARS):
            continue
        chosen += wanted
        left -= set(wanted)
    return chosen


def _arranged(pieces: list[Piece], weights: _Weights, chosen: list[int]) -> list[int]:
    """By passage, the one with the best sentence first; inside it in the document's order."""
    rank: dict[int, float] = {}
    for i in chosen:
        rank[pieces[i].passage] = max(rank.get(pieces[i].passage, -9.0), weights.score[i])
    return sorted(chosen, key=lambda i: (-rank[pieces[i].passage], pieces[i].passage, pieces[i].start))


def _sentence(pieces: list[Piece], i: int, passages: Sequence[Passage], shown: list[int]) -> Sentence:
    piece = pieces[i]
    passage = passages[piece.passage]
    block = piece.unit.block
    if piece.unit.kind in ("code", "table"):
        text, block = piece.text, "code" if piece.unit.kind == "code" else "paragraph"
    else:
        text = re.sub(r"\s*\n\s*", " ", piece.text)
    if block == "number":
        block = "bullet"  # a choice of steps keeps no numbering
    at = shown.index(i)
    follows = at > 0 and shown[at - 1] == i - 1 and pieces[i - 1].passage == piece.passage
    if not block and not follows:
        block = "paragraph"
    citation = Citation(passage.id, passage.document, passage.heading, piece.start, piece.end, piece.text)
    return Sentence(text, Verdict.SUPPORTED, QUOTED, (citation,), block)
