"""Every rule over every card, all problems at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mlprep_bot.authoring import meaning, rules, running
from mlprep_bot.authoring.corpus import Corpus, Problem
from mlprep_bot.knowledge.cards import LEVELS
from mlprep_bot.ports import Embedder

Progress = Callable[[str, int, int], None]  # stage, done, total


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what is wrong with it, by file and line."""

    cards: int
    key_points: int
    topics: Mapping[str, int]  # cards of each
    levels: Mapping[str, int]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """The object of `mlprep corpus check --json`."""
        return {
            "cards": self.cards,
            "key_points": self.key_points,
            "topics": dict(self.topics),
            "levels": dict(self.levels),
            "problems": [asdict(problem) for problem in self.problems],
        }


def check(
    corpus: Corpus,
    embedder: Embedder | None,
    progress: Progress,
    *,
    only: Sequence[Path] = (),
    run: bool = True,
) -> Checked:
    """Check a corpus. `only` names the files to report on; they are still compared with all the others.

    Without an embedder the rules of meaning are left out, without `run` no code of a card is executed.
    """
    chosen = corpus if not only else replace(corpus, cards=tuple(c for c in corpus.cards if c.path in only))
    problems = [*corpus.broken, *rules.of_corpus(corpus)]
    for card in chosen.cards:
        problems += rules.of_card(card)
    if run:
        problems += running.of_corpus(chosen, lambda done, total: progress("running code", done, total))
    if embedder is not None:
        from mlprep_bot.answering.support import SupportChecker

        problems += meaning.same_questions(corpus, embedder)
        problems += meaning.unsupported_points(
            chosen, SupportChecker(embedder), lambda done, total: progress("key points", done, total)
        )
    if only:
        names = {path.relative_to(corpus.root).as_posix() for path in only}
        problems = [problem for problem in problems if problem.document in names]
    points = sum(len(card.rubric.key_points) for card in chosen.cards)
    topics = Counter(sorted(card.question.topic for card in chosen.cards))
    levels = Counter(card.rubric.level for card in chosen.cards)
    in_order = {level: levels[level] for level in LEVELS if levels[level]}
    return Checked(len(chosen.cards), points, topics, in_order, tuple(sorted(set(problems))))
