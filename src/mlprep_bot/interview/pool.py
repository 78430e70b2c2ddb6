"""What can be asked: every answered question of the documents, with the key points that an answer is marked by."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

from mlprep_bot.domain import Question
from mlprep_bot.grading.points import points_of
from mlprep_bot.interview.session import Prompt
from mlprep_bot.interview.steering import known_topics
from mlprep_bot.knowledge.identity import normalised
from mlprep_bot.knowledge.lexical import terms

_KEY_POINT = re.compile(r"kp:(\d+)", re.IGNORECASE)


def prompts(questions: Iterable[Question], text_of: Callable[[str], str], corpus: Collection[str] = ()) -> list[Prompt]:
    """Each question that has an answer to mark by, once, in the order of `questions`.

    `text_of` gives a document's text by name; `corpus` names the documents that came with the program, so that of
    questions worded alike the one of the user's own documents is kept. Without it every card counts as the program's.
    """
    listed = list(questions)
    topics = _spellings(q.topic for q in listed if q.rubric is not None)
    kept: dict[str, tuple[tuple[bool, ...], Prompt]] = {}
    ids: dict[str, str] = {}
    for question in listed:
        prompt = _prompt(question, text_of, topics)
        wording = normalised(question.text) or question.id
        # One id is asked once, even when two copies of a card are worded differently.
        wording = ids.setdefault(question.id, wording)
        if prompt is None:
            continue
        own = question.document not in corpus if corpus else question.rubric is None
        rank = (own, not prompt.derived, bool(prompt.topic), len(prompt.points) > 1)
        if wording not in kept or rank > kept[wording][0]:
            kept[wording] = rank, prompt
    return [prompt for _, prompt in kept.values()]


def _prompt(question: Question, text_of: Callable[[str], str], topics: dict[frozenset[str], str]) -> Prompt | None:
    """None when the answer says nothing that could be marked."""
    if not question.answered and question.rubric is None:
        return None
    points, derived = points_of(question, text_of)
    if not points:
        return None
    rubric = question.rubric
    return Prompt(
        id=question.id,
        document=question.document,
        text=question.text,
        topic=question.topic if rubric else topics.get(frozenset(terms(question.topic)), question.topic),
        level=rubric.level if rubric else "",
        points=points,
        derived=derived,
        follow_ups=() if derived else _follow_ups(question, len(points)),
    )


def _follow_ups(question: Question, points: int) -> tuple[tuple[int, str], ...]:
    """The author's follow-ups to this question's own key points; those that lead to another card are left out."""
    found = []
    for follow_up in question.rubric.follow_ups if question.rubric else ():
        match = _KEY_POINT.fullmatch(follow_up.probes.strip())
        if match and 1 <= int(match[1]) <= points:
            found.append((int(match[1]) - 1, follow_up.question))
    return tuple(found)


def _spellings(cards: Iterable[str]) -> dict[frozenset[str], str]:
    """Topics by their words, so that a heading "Data Pipelining" joins the topic `data-pipelines`."""
    named = [*cards, *known_topics()]
    return {words: topic for topic in reversed(named) if (words := frozenset(terms(topic.replace("-", " "))))}
