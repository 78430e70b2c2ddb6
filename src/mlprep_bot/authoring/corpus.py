"""A folder of cards as an author sees it: every card that parses, and every problem with its file and line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlprep_bot.domain import Question, Rubric
from mlprep_bot.errors import CardError, DocumentError, UnreadableDocument
from mlprep_bot.knowledge.cards import field_line, is_card, parse_card
from mlprep_bot.knowledge.readers import read_document

TOPICS_FILE = "topics.toml"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend: `document` relative to the corpus, a 1-based line, the rule's short name, the message."""

    document: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Card:
    """A card that parses. `text` is the whole file; offsets of `question` count in it."""

    id: str
    path: Path
    name: str
    text: str
    question: Question
    rubric: Rubric

    @property
    def body(self) -> str:
        """The answer, from `## Short answer` on."""
        answer = self.question.answer
        return self.text[answer.start : answer.end] if answer else ""

    @property
    def body_start(self) -> int:
        """Where `body` begins in `text`."""
        return self.question.answer.start if self.question.answer else len(self.text)

    @property
    def body_end(self) -> int:
        """Where `body` ends in `text`."""
        return self.question.answer.end if self.question.answer else len(self.text)

    def line_at(self, offset: int) -> int:
        """The 1-based line of an offset into `text`."""
        return self.text.count("\n", 0, offset) + 1

    def problem(self, rule: str, message: str, *, key: str = "id", nth: int | None = None) -> Problem:
        """A problem of a field of the front matter."""
        return Problem(self.name, field_line(self.text, key, nth), rule, message)

    def problem_at(self, rule: str, message: str, offset: int) -> Problem:
        """A problem at an offset into `text`."""
        return Problem(self.name, self.line_at(offset), rule, message)


@dataclass(frozen=True, slots=True)
class Corpus:
    """All cards below `root`, by name. `topics` maps a slug to its title; empty: any topic will do."""

    root: Path
    cards: tuple[Card, ...]
    broken: tuple[Problem, ...] = ()
    topics: Mapping[str, str] = field(default_factory=dict)
    cards_per_topic: int = 0


def load(root: Path) -> Corpus:
    """Read every `*.md` below `root`; one at the top that is no card (a README) is passed over.

    Raises UnreadableDocument when `root` is no folder, or its `topics.toml` cannot be used.
    """
    if not root.is_dir():
        raise UnreadableDocument(f"{root} is not a folder.", "Name the folder that holds `<topic>/<id>.md`.")
    topics, least = _topics(root / TOPICS_FILE)
    cards: list[Card] = []
    broken: list[Problem] = []
    for path in sorted(root.rglob("*.md")):
        name = path.relative_to(root).as_posix()
        try:
            document = read_document(path, name)
            if path.parent == root and not is_card(document.text):
                continue
            question = parse_card(document)
        except CardError as error:
            broken += [Problem(name, line, "format", what) for line, what in error.problems]
        except DocumentError as error:
            broken.append(Problem(name, 1, "format", error.seen.removeprefix(f"{name}: ")))
        else:
            assert question.rubric is not None  # parse_card always gives one
            cards.append(Card(path.stem, path, name, document.text, question, question.rubric))
    return Corpus(root, tuple(cards), tuple(broken), topics, least)


def _topics(path: Path) -> tuple[dict[str, str], int]:
    if not path.exists():
        return {}, 0
    expected = 'Expected `cards_per_topic = N` and a table [topics] of `folder = "Title"`.'
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableDocument(f"{path} cannot be read: {error}.", expected) from error
    topics, least = raw.get("topics", {}), raw.get("cards_per_topic", 0)
    if not isinstance(topics, dict) or not all(isinstance(t, str) for t in topics.values()) or type(least) is not int:
        raise UnreadableDocument(f"{path} does not say which topics there are.", expected)
    return topics, least
