"""The rows of a draft that take two: joined questions, and follow-ups with the question before them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from mlprep_bot.evaluation.drafting import wording
from mlprep_bot.evaluation.drafting.evidence import Section, Statement
from mlprep_bot.evaluation.drafting.rows import Asked, Row, Singles, source_of
from mlprep_bot.evaluation.questions import TWO_PASSAGE
from mlprep_bot.interview.pool import prompts

PAIR = "two questions joined: would anybody ask them together?"
FOLLOW = "guessed from how the text goes on: does it follow from the question before, and fit the evidence?"
AUTHORED = "the author's own follow-up: say it as a candidate would, leaning on the question before"
WHY = "and why does that matter?"
_CUES = (
    (re.compile(r"(?:for example|for instance|e\.g\.)\W", re.IGNORECASE), "can you give an example?"),
    (re.compile(r"(?:this|it|these) (?:\w+ )?(?:helps?|ensures?|prevents?|reduces?|allows?|enables?|matters?|"
                r"is (?:important|crucial|essential)|will help)\b", re.IGNORECASE), WHY),
    (re.compile(r"(?:this|it|these) (?:\w+ )?(?:involves?|(?:is|are|be|can be) (?:done|achieved)|requires?)\b",
                re.IGNORECASE), "and how is that done?"),
    (re.compile(r"(?:the |one )?(?:main )?(?:drawback|disadvantage|downside|limitation|trade-?off)s?\b", re.IGNORECASE),
     "and what is the drawback?"),
)  # fmt: skip


class Joined:
    """Makes them of what `Singles` found."""

    def __init__(self, single: Singles, seed: int) -> None:
        self._single = single
        self._seed = seed

    def rows(self, asked: Sequence[Asked], facts: Sequence[tuple[Statement, Row]]) -> list[Row]:
        """Few, drawn by the seed: a pair for every fourth question, a follow-up for every second."""
        many = max(3, len(asked) // 4)
        following = [*self._authored(asked), *self._follow_ups(asked, facts)]
        return [*self._some(self._pairs(asked), many), *self._some(following, 2 * many)]

    def _some(self, rows: Sequence[Row], most: int) -> list[Row]:
        drawn = random.Random(f"rows {self._seed}").sample(range(len(rows)), min(most, len(rows)))
        return [rows[at] for at in sorted(drawn)]

    def _pairs(self, asked: Sequence[Asked]) -> list[Row]:
        """Neighbouring questions of one topic, joined."""
        found = []
        for left, right in pairwise(asked):
            first, second = left.row, right.row
            beside = {self._single.library.sections[at].document for at in left.sections} & {
                self._single.library.sections[at].document for at in right.sections
            }
            question = wording.together(first.question, second.question)
            if question and beside and first.topic == second.topic:
                gold = (*first.gold, *(replace(g, part=1) for g in second.gold))
                points = (*first.key_points[:3], *second.key_points[:3])
                found.append(Row("two", TWO_PASSAGE, question, gold, points, PAIR, (*first.source, *second.source),
                                 first.topic))  # fmt: skip
        return found

    def _authored(self, asked: Sequence[Asked]) -> Iterator[Row]:
        """The follow-ups that a card's author wrote to its own key points."""
        for one in asked:
            question, statements = (
                self._single.library.sections[one.sections[0]].question,
                self._single.library.by_section[one.sections[0]],
            )
            for prompt in prompts([question], self._single.texts.__getitem__) if question and question.rubric else ():
                for index, text in prompt.follow_ups:
                    said = prompt.points[index].text
                    if source := source_of(said, statements):
                        yield self._follow(text, source, one.row, (said,), AUTHORED)

    def _follow_ups(self, asked: Sequence[Asked], facts: Sequence[tuple[Statement, Row]]) -> Iterator[Row]:
        """Where a text goes on with an example, a reason or a way after what is asked for; one a section."""
        # After an amount "that" would mean the amount.
        before = {s.gold: row for s, row in facts if not row.question.startswith(("what percentage", "how many"))}
        for one in asked:
            # "This" after the opening of an answer means one of its points; under a heading it means the heading.
            if self._single.library.sections[one.sections[0]].question is None:
                for at in one.sections:
                    before[self._single.leading(at)[0].gold] = one.row
        for section, statements in zip(self._single.library.sections, self._single.library.by_section, strict=True):
            for statement in statements:
                text = next((text for cue, text in _CUES if cue.match(statement.said)), "")
                if not text or statement.follows < 0:
                    continue
                previous = statements[statement.follows]
                earlier = before.get(previous.gold) or self._labelled(previous, section)
                if earlier and not (text == WHY and earlier.question.startswith("why")):
                    yield self._follow(text, statement, earlier, (statement.said,), FOLLOW)
                    break

    def _labelled(self, statement: Statement, section: Section) -> Row | None:
        """What could have been asked before a follow-up to this statement, which is no row itself."""
        question = wording.about(statement.label) if self._single.library.is_telling(statement.label) else ""
        if not question:
            return None
        return Row("", "", question, (), (), "", (statement.said,), section.topic)

    def _follow(self, text: str, statement: Statement, earlier: Row, points: tuple[str, ...], how: str) -> Row:
        return Row("follow", "follow-up", text, self._single.library.alike(statement), points, how,
                   (*earlier.source, statement.said), earlier.topic, (earlier.question,))  # fmt: skip
