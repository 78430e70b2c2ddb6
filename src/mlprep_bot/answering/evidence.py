"""Do the passages answer the question at all? Decided before any model is asked."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from mlprep_bot.answering.dependence import content_words
from mlprep_bot.domain import Retrieved
from mlprep_bot.knowledge.lexical import terms

_WORD = re.compile(r"[\w+#./'-]*\w[+#]*")


@dataclass(frozen=True, slots=True)
class Evidence:
    """`probability` that the passages answer the question; `reason` in words for the reader."""

    sufficient: bool
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic score over `Signals.values` (see `retrieval.py`), set by hand on two dozen questions."""

    best_cosine: float = 9.0
    question_cosine: float = 3.0
    coverage: float = 1.5
    unknown_weight: float = -2.0
    bias: float = -5.7


class Gate:
    """Lets a question through when the nearest passages are likely to answer it."""

    def __init__(self, *, coverage: float = 0.90, weights: Weights | None = None) -> None:
        """`coverage` is the share of answerable questions to let through; more of them lowers the floor."""
        self._weights = weights or Weights()
        self._floor = min(0.95, max(0.05, 0.5 + 2.0 * (0.90 - coverage)))

    def assess(self, query: str, retrieved: Retrieved) -> Evidence:
        """Evidence for `query` in what was retrieved for it."""
        if not retrieved.passages:
            return Evidence(False, 0.0, "Nothing in your documents is near this question.")
        missing = _missing(query, retrieved)
        seen = _signals(query, retrieved, missing)
        weights = self._weights
        score = (
            weights.bias
            + weights.best_cosine * seen["best_cosine"]
            + weights.question_cosine * seen["question_cosine"]
            + weights.coverage * seen["coverage"]
            + weights.unknown_weight * seen["unknown_weight"]
        )
        probability = 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, score))))
        sufficient = probability >= self._floor
        return Evidence(sufficient, probability, "" if sufficient else _reason(missing, seen))


def _signals(query: str, retrieved: Retrieved, missing: list[str]) -> dict[str, float]:
    """What retrieval observed; what it did not is taken from the passages."""
    asked = len(_asked(query))
    fallback = {
        "best_cosine": max(p.ranking.cosine or 0.0 for p in retrieved.passages),
        "question_cosine": 0.0,
        "coverage": 1.0 - len(missing) / asked if asked else 0.0,
        "unknown_weight": 0.0,
    }
    return fallback | dict(retrieved.signals.values)


def _missing(query: str, retrieved: Retrieved) -> list[str]:
    """The question's content words that no passage says."""
    held = {term for p in retrieved.passages for term in terms(f"{p.text}\n{p.heading}\n{p.question}\n{p.document}")}
    return [word for word, stems in _asked(query).items() if not stems & held]


def _asked(query: str) -> dict[str, set[str]]:
    """The question's content words as written, each with its stems."""
    subject = set(content_words(query))  # "example", "regarding", "explain" ask, and need not be in a passage
    words = {word.strip("'./-"): set(terms(word)) for word in _WORD.findall(query) if word.lower() in subject}
    return {word: stems for word, stems in words.items() if stems}


def _reason(missing: list[str], seen: dict[str, float]) -> str:
    if not missing:
        return "Your documents use these words, but no passage answers this question."
    quoted = ", ".join(f"“{word}”" for word in missing[:4])
    verb = "is" if len(missing) == 1 else "are"
    nowhere = seen.get("unknown", 0.0) * seen.get("terms", 0.0) >= len(missing)
    return f"{quoted} {verb} {'nowhere in your documents' if nowhere else 'in none of the nearest passages'}."
