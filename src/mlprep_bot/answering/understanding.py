"""What a question of a conversation asks, with its evidence: alone, or together with what was asked before.

A question that names nothing from before ("which runs first", "how many items go through each") looks complete and may
still be a follow-up. So it is searched for in both ways, and the earlier subject is put before it only when the
evidence becomes clearly better: after a change of subject it becomes worse. See `docs/retrieval.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mlprep_bot.answering import followup
from mlprep_bot.answering.evidence import Evidence
from mlprep_bot.domain import Retrieved, Turn
from mlprep_bot.ports import ChatModel

# By how much the probability of an answer must rise. Chosen on dev: 6 of 10 lost follow-ups are found, 1 of 99 changes
# of subject is mistaken for a follow-up, and nothing that the documents do not answer alone is answered.
CLEARLY = 0.15


class Searcher(Protocol):
    """`retrieval.Retriever`."""

    def retrieve(self, query: str, *, budget_chars: int) -> Retrieved: ...


class Assessor(Protocol):
    """`evidence.Gate`."""

    def assess(self, query: str, retrieved: Retrieved) -> Evidence: ...


@dataclass(frozen=True, slots=True)
class Understood:
    """The stand-alone question that is searched for (`retrieved.query`), what was found, and whether it answers."""

    retrieved: Retrieved
    evidence: Evidence

    @property
    def query(self) -> str:
        return self.retrieved.query


class Understanding:
    """Resolves, retrieves and weighs the evidence; `model` may rewrite a follow-up, None leaves it to rules."""

    def __init__(self, searcher: Searcher, assessor: Assessor, budget_chars: int, model: ChatModel | None) -> None:
        self._searcher = searcher
        self._assessor = assessor
        self._budget = budget_chars
        self._model = model

    def understand(self, question: str, history: Sequence[Turn]) -> Understood:
        """Raises EmbedderError, LibraryError."""
        alone = self._weighed(followup.resolve(question, history, self._model))
        if not history or not alone.evidence.sufficient or not followup.stands_alone(question):
            return alone
        joined = self._weighed(followup.regarding(question, history[-1]))
        gain = joined.evidence.probability - alone.evidence.probability
        return joined if joined.evidence.sufficient and gain > CLEARLY else alone

    def _weighed(self, query: str) -> Understood:
        retrieved = self._searcher.retrieve(query, budget_chars=self._budget)
        return Understood(retrieved, self._assessor.assess(query, retrieved))
