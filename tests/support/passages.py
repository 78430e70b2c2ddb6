"""A few passages on overfitting, and a searcher that always finds them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlprep_bot.domain import Passage, Ranking, Retrieved, Signals, Source

TEXTS = (
    "Overfitting happens when a model learns the noise of the training set. The training error keeps falling while "
    "the validation error rises. A large gap between the two errors is the usual sign.",
    "Dropout sets each activation to zero with probability p during training. At test time nothing is dropped. "
    "Srivastava et al. used p = 0.5 for hidden layers.",
    "L2 regularisation adds the sum of squared weights to the loss. It shrinks weights and does not make them zero.",
    "Early stopping ends training when the validation error has not improved for 5 epochs.",
)


def passage(n: int, text: str, *, cosine: float = 0.6, start: int = 100, heading: str = "") -> Passage:
    """Passage `n` of a document of its own, which has `start` characters before it."""
    document = f"notes/{n}.md"
    return Passage(
        n=n,
        text=text,
        document=document,
        start=start,
        end=start + len(text),
        heading=heading or f"Generalisation > Part {n}",
        question=f"Question {n}?",
        score=1.0 / n,
        sources=(Source(document, start, start + len(text)),),
        ranking=Ranking(n, n, cosine, 3.0, 1.0 / n),
    )


def passages(*texts: str) -> tuple[Passage, ...]:
    """Numbered passages of the texts given, else of `TEXTS`."""
    return tuple(passage(n, text) for n, text in enumerate(texts or TEXTS, 1))


@dataclass
class FixedSearch:
    """Finds the same passages whatever is asked, and remembers what was."""

    found: tuple[Passage, ...] = field(default_factory=passages)
    asked: list[str] = field(default_factory=list)

    def retrieve(self, query: str, *, budget_chars: int) -> Retrieved:
        self.asked.append(query)
        return Retrieved(query, self.found, Signals({}), {})
