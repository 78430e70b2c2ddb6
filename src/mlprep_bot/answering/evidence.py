"""Do the passages answer the question at all? Decided before any model is asked.

A logistic score over a few of the signals that retrieval observed (`knowledge/retrieval.py`, `knowledge/asked.py`),
with a floor for each share of answerable questions that is to be let through. Weights and floors are fitted by
`eval/refusal.py` into `refusal.json`; `docs/refusal.md` says how well it does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from mlprep_bot.answering.commands import is_command
from mlprep_bot.domain import AskedWord, Passage, Retrieved
from mlprep_bot.knowledge import asked

# Above 0: more of it speaks for an answer; below: against one. The fit never turns a sign round.
SIGNS: Mapping[str, int] = {
    "best_cosine": 1,
    "best_sentence": 1,
    "best_unit": 1,
    "said": 1,
    "said_together": 1,
    "said_close": 1,
    "indexed": 1,
    "gap": -1,
    "size": -1,
}
_TELLING = 0.10  # a missing word with less of the question's meaning is not worth telling the reader
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """`probability` that the passages answer the question; `reason` in words for the reader, never empty."""

    sufficient: bool
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """What was fitted: a weight for each signal of SIGNS, the bias, and (coverage, floor of the score) ascending."""

    weights: Mapping[str, float]
    bias: float
    floors: tuple[tuple[float, float], ...]

    def score(self, signals: Mapping[str, float]) -> float:
        """Log-odds that the passages answer, when as many questions are answerable as are not."""
        return self.bias + sum(weight * signals.get(name, 0.0) for name, weight in self.weights.items())

    def floor(self, coverage: float) -> float:
        """The score from which a question is let through, between the fitted coverages on a straight line."""
        below, above = self.floors[0], self.floors[-1]
        for place in self.floors:
            if place[0] <= coverage:
                below = place
            if place[0] >= coverage:
                above = place
                break
        if above[0] <= below[0] or coverage <= below[0]:
            return below[1]
        return below[1] + (above[1] - below[1]) * (min(coverage, above[0]) - below[0]) / (above[0] - below[0])


@cache
def shipped() -> Table:
    """The table in the package."""
    raw = json.loads(resources.files("mlprep_bot.answering").joinpath("refusal.json").read_text("utf-8"))
    floors = tuple(sorted((float(share), float(floor)) for share, floor in raw["floors"].items()))
    return Table(raw["weights"], raw["bias"], floors)


class Gate:
    """Lets a question through when the nearest passages are likely to answer it."""

    def __init__(self, *, coverage: float = 0.93, table: Table | None = None) -> None:
        """`coverage` is the share of answerable questions to let through; more of them lowers the floor."""
        self._table = table or shipped()
        self._floor = self._table.floor(coverage)

    def assess(self, query: str, retrieved: Retrieved) -> Evidence:
        """Evidence for `query` in what was retrieved for it."""
        if is_command(query):
            return Evidence(False, 0.0, "This gives orders to the assistant; it asks nothing of your documents.")
        if not retrieved.passages:
            return Evidence(False, 0.0, "Nothing in your documents is near this question.")
        values, words = observed(query, retrieved)
        if not words:
            return Evidence(False, 0.0, "There is no word in this question that documents could be searched for.")
        score = self._table.score(values)
        probability = 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, score))))
        sufficient = score >= self._floor
        nearest = _about(retrieved.passages[0])
        reason = f"The nearest passages are about {nearest}." if sufficient else _refusal(words, nearest)
        return Evidence(sufficient, probability, reason)


def observed(query: str, retrieved: Retrieved) -> tuple[Mapping[str, float], tuple[AskedWord, ...]]:
    """Retrieval's signals and words; what it did not observe is taken from the passages, all words alike."""
    if retrieved.signals.words or "said" in retrieved.signals.values:
        return retrieved.signals.values, retrieved.signals.words
    alike = asked.words(query)
    present = {stem: 1 for word in alike for stem in word.stems}  # nobody looked into the index
    values, words = asked.measure(alike, present, retrieved.passages)
    cosine = max(p.ranking.cosine or 0.0 for p in retrieved.passages)
    derived = {
        "best_cosine": cosine,
        "best_sentence": cosine,
        "best_unit": cosine,
        "indexed": values["said"],
        "size": 3.0,  # a thousand chunks: nobody said how many there are
    }
    return values | derived | dict(retrieved.signals.values), words


def _refusal(words: tuple[AskedWord, ...], nearest: str) -> str:
    heaviest = sorted((word for word in words if word.weight >= _TELLING), key=lambda word: -word.weight)
    unknown = [word.text for word in heaviest if not word.indexed][:_NAMED]
    unsaid = [word.text for word in heaviest if word.indexed and not word.said][:_NAMED]
    if unknown:
        return f"{_listed(unknown)} nowhere in your documents; the nearest passages are about {nearest}."
    if unsaid:
        return f"{_listed(unsaid)} not in the nearest passages, which are about {nearest}."
    return f"The nearest passages are about {nearest}, but none of them seems to say what you ask."


def _listed(words: list[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return f"{quoted[0]} is" if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]} are"


def _about(passage: Passage) -> str:
    subject = " ".join((passage.question or passage.heading or passage.document).split())
    return f"“{subject if len(subject) <= 120 else subject[:117].rstrip() + '…'}”"
