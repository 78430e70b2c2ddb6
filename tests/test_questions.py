"""The question recogniser on the seeds and on many other habits."""

from __future__ import annotations

import pytest

from mlprep_bot.domain import Document
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.readers import read_document

SEED_ANSWERED = (20, 9, 20, 19, 7)


def find(text: str, name: str = "notes.md", kind: str = "markdown"):
    document = Document(name, text, kind)
    questions = find_questions(document)
    for question in questions:
        assert document.text[question.start : question.end] == question.text
        if question.answer:
            answer = document.text[question.answer.start : question.answer.end]
            assert answer == answer.strip() != ""
    return questions


def test_seeds_hold_100_questions_of_which_75_are_answered(seeds):
    paths = sorted(seeds.glob("*.txt"))
    counts = []
    for path in paths:
        questions = find_questions(read_document(path, path.name))
        assert len(questions) == 20, path.name
        counts.append(sum(q.answered for q in questions))
    assert tuple(counts) == SEED_ANSWERED
