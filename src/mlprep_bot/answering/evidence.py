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
    """A logistic score over the best passage's cosine and the share of the question's terms that passages hold."""

    cosine: float = 14.0
    coverage: float = 5.0
    bias: float = -9.2


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
        cosine = max((p.ranking.cosine or 0.0 for p in retrieved.passages), default=0.0)
        asked = _asked(query)
        held = {
            term for p in retrieved.passages for term in terms(f"{p.text}\n{p.heading}\n{p.question}\n{p.document}")
        }
        missing = [word for word, stems in asked.items() if not stems & held]
        coverage = 1.0 - len(missing) / len(asked) if asked else 0.0
        score = self._weights.bias + self._weights.cosine * cosine + self._weights.coverage * coverage
        probability = 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, score))))
        sufficient = probability >= self._floor
        return Evidence(sufficient, probability, "" if sufficient else _reason(missing))


def _asked(query: str) -> dict[str, set[str]]:
    """The question's content words as written, each with its stems."""
    subject = set(content_words(query))  # "example", "regarding", "explain" ask, and need not be in a passage
    words = {word.strip("'./-"): set(terms(word)) for word in _WORD.findall(query) if word.lower() in subject}
    return {word: stems for word, stems in words.items() if stems}


def _reason(missing: list[str]) -> str:
    if not missing:
        return "Your documents use these words, but no passage answers this question."
    quoted = ", ".join(f"“{word}”" for word in missing[:4])
    return f"{quoted} {'is' if len(missing) == 1 else 'are'} in none of the nearest passages."
