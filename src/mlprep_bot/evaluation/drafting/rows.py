"""The rows of a draft that ask one thing: questions of the documents and facts, each with its evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlprep_bot.domain import KeyPoint
from mlprep_bot.evaluation.drafting import wording
from mlprep_bot.evaluation.drafting.evidence import Library, Section, Statement
from mlprep_bot.evaluation.questions import TWO_PASSAGE, Gold
from mlprep_bot.grading.points import derived, points_of
from mlprep_bot.knowledge.identity import normalised
from mlprep_bot.knowledge.lexical import terms

OWN = "own wording: say it as a candidate would, then set kind to paraphrase"
RULE = "reworded by rule, content words as in the document: say it as a candidate would, then set kind to paraphrase"
ALIAS = "the card's own alias, which is searched as well: say it as a candidate would, then set kind to paraphrase"
HEADING = "made from a heading: say it as a candidate would, then set kind to paraphrase"
MODEL = "worded by a language model: does it still ask for what the evidence says?"
FACT = "made from one sentence in its own words: does it ask for that alone, as a candidate would?"
_PLACES = 2  # pieces of evidence a document gives for one of its questions
_MOST_PLACES = 3  # a name or label that stands in more sentences is no single fact
_FACTS = 2  # from one answer
_REPEATS = 0.4  # share of a sentence's terms that are the question's: it says little more
_MATCH = 0.5  # share of a key point's terms that the sentence it came from has
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """An answerable question that is drafted; `source` is what it was made of and makes its id."""

    prefix: str
    kind: str
    question: str
    gold: tuple[Gold, ...]
    key_points: tuple[str, ...]
    draft: str
    source: tuple[str, ...]
    topic: str = ""
    history: tuple[str, ...] = ()
    own: str = ""  # the documents' wording, when it is another

    def as_json(self) -> dict[str, Any]:
        """The fields in the order in which a person reads them, without empty ones."""
        gold = [
            {"document": g.document, "evidence": g.evidence, **({"part": g.part} if self.kind == TWO_PASSAGE else {})}
            for g in self.gold
        ]
        shape = {
            "kind": self.kind,
            "topic": self.topic,
            "history": list(self.history),
            "question": self.question,
            "draft": self.draft,
            "own": self.own if self.own != self.question else "",
            "gold": gold,
            "key_points": list(self.key_points),
        }
        return {name: value for name, value in shape.items() if value}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the documents with all sections that answer it, and the row that asks it by rule."""

    sections: tuple[int, ...]
    row: Row


class Singles:
    """Makes the rows that ask one thing. `asked` comes before `facts`, which ask nothing that was asked."""

    def __init__(
        self, library: Library, texts: Mapping[str, str], reworder: wording.Reworder, progress: Progress | None
    ) -> None:
        self.library = library
        self.texts = texts
        self._reworder = reworder
        self._progress = progress or (lambda stage, done, total: None)
        self._said: set[str] = set()  # questions that are rows already

    def reworded(self, rows: Sequence[Row]) -> Iterator[Row]:
        """The rows in a model's words where it has some that no other row has; questions in up to two wordings."""
        taken = {wording.key(text) for row in rows for text in (row.question, row.own)}
        for done, row in enumerate(rows):
            self._progress("wording", done, len(rows))
            own = row.own or row.question
            found = self._reworder.wordings(own, row.gold[0].evidence, row.key_points, taken)
            if not found:
                yield row
            for text in found if row.kind != "fact" else found[:1]:
                taken.add(wording.key(text))
                kind = row.kind if row.kind == "fact" else "paraphrase"
                yield replace(row, kind=kind, question=text, own=own, draft=MODEL)
        self._progress("wording", len(rows), len(rows))

    # --- questions of the documents --------------------------------------------------------------

    def asked(self) -> Iterator[Asked]:
        """Each question once, whatever document asks it; all that answer it are alternatives."""
        groups: dict[frozenset[str], list[int]] = defaultdict(list)
        for at, section in enumerate(self.library.sections):
            if section.title and self.library.by_section[at]:
                groups[frozenset(terms(section.title)) or frozenset([section.title])].append(at)
        for number, members in enumerate(groups.values()):
            # Each document leads in its turn, so that figures are not clustered on the first.
            turned = members[number % len(members) :] + members[: number % len(members)]
            if row := self._own(turned):
                self._said.add(wording.key(row.question))
                yield Asked(tuple(turned), row)

    def _own(self, members: Sequence[int]) -> Row | None:
        section = self.library.sections[members[0]]
        title = " ".join(section.title.split())
        asked, how = (wording.by_rules(title), RULE) if title.endswith("?") else (wording.about(title), HEADING)
        if section.question:
            rubric = section.question.rubric
            asked = rubric.aliases[0] if rubric and rubric.aliases else wording.by_rules(title)
            same = normalised(asked) == normalised(title)
            how = OWN if same else ALIAS if rubric and rubric.aliases else RULE
        if not asked or wording.key(asked) in self._said:
            return None
        gold = [g for at in members for s in self.leading(at)[:_PLACES] for g in self.library.alike(s)]
        points = tuple(point.text for point in self._points(section))
        source = " ".join(sorted(set(terms(title)))) or title
        return Row("own", "own-wording", asked, tuple(dict.fromkeys(gold)), points, how, (source,), section.topic,
                   own=title)  # fmt: skip

    def _points(self, section: Section) -> tuple[KeyPoint, ...]:
        if section.question:
            return points_of(section.question, self.texts.__getitem__)[0]
        return derived(self.texts[section.document][section.start : section.end], section.title, 4)

    def leading(self, at: int) -> list[Statement]:
        """The statements of a section that say its weightiest points, those last that mostly repeat the question."""
        statements, section = self.library.by_section[at], self.library.sections[at]
        points = sorted(self._points(section), key=lambda point: -point.weight)
        found = list(dict.fromkeys(s for point in points if (s := source_of(point.text, statements)))) or statements
        asked = set(terms(section.title))
        return sorted(found, key=lambda s: len(s.terms & asked) > _REPEATS * len(s.terms))

    # --- facts -----------------------------------------------------------------------------------

    def facts(self, asked: Sequence[Asked]) -> Iterator[tuple[Statement, Row]]:
        """(statement, row); of each section the most specific ones that can be asked for."""
        used = {s.gold for one in asked for at in one.sections for s in self.leading(at)[:1]}
        for at, statements in enumerate(self.library.by_section):
            section = self.library.sections[at]
            offered = [(rank, n, s, q, g) for n, s in enumerate(statements) for rank, q, g in self._ways(s, section)]
            taken: set[int] = set()
            for rank, n, statement, question, gold in sorted(offered, key=lambda offer: offer[:2]):
                enough = len(taken) >= (_FACTS if rank < 2 else 1)
                if enough or n in taken or wording.key(question) in self._said or (rank > 1 and statement.gold in used):
                    continue
                taken.add(n)
                self._said.add(wording.key(question))
                row = Row("fact", "fact", question, gold, (statement.said,), FACT, (statement.said, question),
                          section.topic)  # fmt: skip
                yield statement, row

    def _ways(self, statement: Statement, section: Section) -> Iterator[tuple[int, str, tuple[Gold, ...]]]:
        """(rank, question, evidence): by amount, by name, by what it states, by label."""
        library, known = self.library, section.title
        if question := wording.of_amount(statement.said, statement.label, known):
            yield 0, question, library.alike(statement)
        for name in wording.names(statement.said, statement.label, known)[:1]:
            if len(places := library.naming(name)) <= _MOST_PLACES:
                yield 1, wording.of_name(name), _golds(statement, places)
        if not statement.label and (question := wording.of_statement(statement.said, known)):
            yield 2, question, library.alike(statement)
        if statement.label and len(set(terms(statement.label))) > 1 and library.is_telling(statement.label):
            places = library.labelled(statement.label)
            if len(places) <= _MOST_PLACES and (question := wording.about(statement.label)):
                yield 3, question, _golds(statement, places)


def _golds(first: Statement, places: Sequence[Statement]) -> tuple[Gold, ...]:
    return tuple(dict.fromkeys([first.gold, *(place.gold for place in places)]))


def source_of(point: str, statements: Sequence[Statement]) -> Statement | None:
    """The statement that a key point was taken from, or that says most of it."""
    wanted = set(terms(point))
    best = max(statements, key=lambda s: len(wanted & s.terms) / max(1, len(s.terms | wanted)), default=None)
    return best if best and wanted and len(wanted & best.terms) >= _MATCH * len(wanted) else None
