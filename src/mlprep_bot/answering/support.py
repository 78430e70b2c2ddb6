"""Does a passage support a sentence? Decided without a language model, with a reason in plain words.

A sentence is compared with windows of one to three consecutive sentences of each cited passage: similarity
of embeddings, coverage of content words, and agreement of numbers, names, negation and direction. A dozen
weights (`support.json`, made by `eval/support.py` on the development split) turn that into a probability.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from mlprep_bot.answering.compare import Comparison, compare
from mlprep_bot.answering.facts import Token, tokens
from mlprep_bot.answering.quotes import find_quote, repeats_heading
from mlprep_bot.answering.sentences import Unit, split_units
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.domain import Passage, Span
from mlprep_bot.ports import Embedder

_WINDOW = 3  # sentences
_CANDIDATES = 4  # windows of a passage that are compared in full


@dataclass(frozen=True, slots=True)
class Support:
    """The verdict about one sentence.

    `passage` and `span` (offsets in the passage's document) are the nearest evidence, given also when it does
    not support the sentence, None when nothing is near. `score` is a probability; `reason` is for a reader.
    """

    supported: bool
    reason: str
    passage: Passage | None
    span: Span | None
    score: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic regression: `weights` by feature name, `bias`, and the probability from which on we say yes."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        z = self.bias + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, z))))


@lru_cache(maxsize=1)
def calibrated() -> Weights:
    """The weights that are shipped."""
    table = json.loads(files("mlprep_bot.answering").joinpath("support.json").read_text(encoding="utf-8"))
    return Weights(table["weights"], table["bias"], table["threshold"])


class SupportChecker:
    """Checks sentences against passages; remembers the vectors of sentences that it has seen. Thread-safe."""

    def __init__(self, embedder: Embedder, weights: Weights | None = None) -> None:
        self._vectors = VectorMemory(embedder)
        self._weights = weights or calibrated()

    def check(self, sentence: str, passages: Sequence[Passage]) -> Support:
        """Whether some window of `passages` (those that the sentence cites) supports `sentence`."""
        titled = [p for p in passages if repeats_heading(sentence, p.text, _titles(p))]
        for passage in passages:
            quote = None if passage in titled else find_quote(sentence, passage.text)
            if quote:
                span = Span(passage.start + quote.start, passage.start + quote.end)
                return Support(True, "quoted word for word", passage, span, 1.0, {"quoted": 1.0})
        if titled:
            return Support(False, "it only repeats a heading, which states nothing", titled[0], None, 0.0, {})
        claim = tokens(sentence)
        if not any(t.content or t.number for t in claim):
            return Support(False, "it makes no statement that could be checked", None, None, 0.0, {})
        everything = [t for passage in passages for t in _all_tokens(passage)]
        best: tuple[float, Passage, Span, Comparison] | None = None
        for passage in passages:
            above = {t.stem for t in (*tokens(passage.question), *tokens(passage.heading))}
            for span, similarity, evidence in self._windows(sentence, claim, passage):
                compared = compare(claim, evidence, everything, above, similarity, self._vectors.similarities)
                score = self._weights.probability(compared.features)
                if best is None or score > best[0]:
                    best = (score, passage, Span(passage.start + span.start, passage.start + span.end), compared)
        if best is None:
            return Support(False, "no cited passage is about this", None, None, 0.0, {})
        score, passage, span, compared = best
        supported = score >= self._weights.threshold
        reason = "the passage says this" if supported else compared.objection(self._weights.weights)
        return Support(supported, reason, passage, span, score, compared.features)

    def _windows(
        self, sentence: str, claim: Sequence[Token], passage: Passage
    ) -> list[tuple[Span, float, list[list[Token]]]]:
        """The most promising windows: span in the passage's text, cosine to the sentence, tokens by sentence."""
        units = split_units(passage.text)
        if not units:
            return []
        texts = [passage.text[u.body : u.end] for u in units]
        vectors = self._vectors.embed([*texts, sentence])
        parsed = [tokens(text) for text in texts]
        wanted = {t.stem for t in claim if t.content or t.number}
        ranked = []
        for first in range(len(units)):
            for last in range(first, min(first + _WINDOW, len(units))):
                if not _is_window(units, first, last):
                    continue
                mean = vectors[first : last + 1].mean(axis=0)
                similarity = float(mean @ vectors[-1] / max(1e-6, float(np.linalg.norm(mean))))
                stems = {t.stem for sentence_tokens in parsed[first : last + 1] for t in sentence_tokens}
                promise = similarity + len(wanted & stems) / max(1, len(wanted)) - 0.03 * (last - first)
                ranked.append((promise, similarity, first, last))
        ranked.sort(reverse=True)
        return [
            (Span(units[first].body, units[last].end), similarity, parsed[first : last + 1])
            for _, similarity, first, last in ranked[:_CANDIDATES]
        ]


def _titles(passage: Passage) -> list[str]:
    """What stands over a passage: its question, its headings together and each for itself."""
    return [passage.question, passage.heading, *passage.heading.split(" > ")]


def _is_window(units: Sequence[Unit], first: int, last: int) -> bool:
    """Windows do not reach over comments and rules, nor end with a heading, which introduces what follows."""
    kinds = [unit.kind for unit in units[first : last + 1]]
    if "comment" in kinds or "rule" in kinds:
        return False
    return kinds[-1] not in ("heading", "label") or len(units) == 1


def _all_tokens(passage: Passage) -> list[Token]:
    """The tokens of everything in a passage that a reader sees, and of the question and heading above it."""
    visible = [u for u in split_units(passage.text) if u.kind not in ("comment", "rule")]
    texts = [passage.question, passage.heading, *(passage.text[unit.body : unit.end] for unit in visible)]
    return [token for text in texts for token in tokens(text)]
