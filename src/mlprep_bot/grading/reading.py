"""What a candidate's answer offers as evidence: its sentences, without what is none.

Not evidence are: an echo of the question, an instruction to whoever grades, a list of bare keywords, words in
scrambled order, and what was said already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from mlprep_bot.answering.facts import Token, stem, tokens
from mlprep_bot.answering.sentences import split_units
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.grading.fluency import is_scrambled, is_word_list
from mlprep_bot.ports import Vectors

LONGEST_ANSWER = 20_000  # characters that are read; more is no answer to an interview question
_MOST_SENTENCES = 200
_WINDOW = 3  # sentences
_LONG_SENTENCE = 110  # characters; spoken answers run on, so a longer one is also read clause by clause
_CLAUSE = re.compile(
    r"(?<=[,;:])\s+(?=(?:and|but|so|because|which|while|whereas|then|or|if|also|plus|since)\b)|;\s+|\n+"
)
_BREAK = re.compile(r"\n\s*\n")
_ECHO = 0.7  # share of words in common, both ways, from which on a sentence repeats the question
# What may be said around a question that is repeated.
_ABOUT_QUESTIONS = frozenset(
    map(
        stem,
        ["question", "ask", "answer", "topic", "great", "good", "important", "interesting", "here", "well", "think"],
    )
)
# Imperatives and remarks that are about the grading itself. What a subject says with the same words is none: "the
# forget gate decides how much of the previous state is kept", "assign all points to the nearest centroid".
_IMPERATIVE = r"(?:^|[.!?:;,\n(]\s*|\b(?:please|now|just|then|and|you (?:must|should|have to|will|can))\s+)"
_ANSWER = (
    r"(?:this|my|the|every|each|all)\s+(?:of\s+)?(?:the\s+|my\s+)?(?:answers?|key points?|points?|response|candidate)"
)
_INSTRUCTION = re.compile(
    rf"{_IMPERATIVE}(?:ignore|disregard|override|bypass|forget)\s+(?:\w+\s+){{0,4}}"
    r"(?:instructions?|rubric|prompts?|key points?|criteria|grading|rules above)\b"
    rf"|{_IMPERATIVE}(?:give|award|grant|grade|mark|score|rate)\s+(?:\w+\s+){{0,4}}"
    r"(?:full|maximum|max|top|perfect|highest)\s+(?:\w+\s+)?(?:marks?|scores?|points?|credits?|grades?|rating)\b"
    r"(?!\s+to\s+(?!me|this|my))"
    r"|\bfull\s+(?:marks|credit)\b"
    rf"|{_IMPERATIVE}(?:mark|grade|score|rate|count|treat|consider)\s+(?:{_ANSWER}|it|me|them|everything)(?:\s+all)?\s+as\s+"
    r"(?:\w+ly\s+)?(?:met|correct|complete|right|perfect|full|excellent)\b"
    r"|\b(?:this|my) answer (?:is|was|deserves)\b.{0,20}\b(?:complete|correct|perfect|excellent|full)\b"
    r"|\bcandidate (?:has|have|did)\b.{0,40}\b(?:key points?|correctly)\b|\bnote to (?:the )?(?:grader|examiner)\b"
    r"|\b(?:grader|examiner|ai)\b.{0,20}\byou (?:must|should)\b|\bit is correct in every respect\b"
    r"|\byou are (?:a|an|the|now)\b.{0,30}\b(?:grader|examiner|assistant|ai)\b"
    r"|<\|?(?:im_start|system|assistant)|\[/?INST\]|^\s*(?:system|assistant)\s*:|[\"']verdict[\"']\s*:"
    r"|\b(?:met|covered|named|addressed) (?:all|every|each)\b.{0,15}\bkey points?\b"
    r"|\b(?:all|every|each) (?:of )?(?:the )?key points? (?:is|are|were|have been|has been) (?:met|covered|correct)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch of the answer: `answer[start:end] == text`, one to three sentences or a clause of a long one."""

    start: int
    end: int
    text: str
    tokens: tuple[tuple[Token, ...], ...]  # by sentence
    vector: Vectors

    @property
    def flat(self) -> list[Token]:
        return [token for sentence in self.tokens for token in sentence]


class Reading:
    """An answer to a question, cut into windows and embedded once for all key points."""

    def __init__(self, question: str, answer: str, vectors: VectorMemory) -> None:
        self.question = question
        self.answer = answer[:LONGEST_ANSWER]
        self.vectors = vectors
        self.asked = tokens(question)
        self.asked_stems = {t.stem for t in self.asked if t.content or t.number}
        self.sentences = _sentences(self.answer, _asked(question))
        self.parsed = [tuple(tokens(text)) for _, _, text in self.sentences]
        self.everything = [token for sentence in self.parsed for token in sentence]
        self.stems = {t.stem for t in self.everything if t.content or t.number}

    @property
    def empty(self) -> bool:
        """Whether nothing in the answer could be evidence for anything."""
        return not self.stems - self.asked_stems and not any(t.content or t.number for t in self.everything)

    @property
    def why_empty(self) -> str:
        """For the candidate: why nothing counts."""
        if is_scrambled(self.answer):
            return "These are words without the order of sentences, which claim nothing."
        if not self.sentences and tokens(self.answer):
            return "A list of terms, the question again or a remark to the grader claims nothing."
        return "Nothing in your answer says this."

    @cached_property
    def question_vector(self) -> Vectors:
        return np.asarray(self.vectors.embed([self.question or " "])[0], dtype=np.float32)

    @cached_property
    def whole(self) -> Vectors:
        """The unit vector of everything that counts as evidence."""
        return _unit(self.vectors.embed([text for _, _, text in self.sentences]).sum(axis=0))

    @cached_property
    def windows(self) -> list[Said]:
        """One to three consecutive sentences each, and the clauses of long sentences."""
        single = self.vectors.embed([text for _, _, text in self.sentences])
        found: list[Said] = []
        for first in range(len(self.sentences)):
            for last in range(first, min(first + _WINDOW, len(self.sentences))):
                start, end = self.sentences[first][0], self.sentences[last][1]
                if last > first and _BREAK.search(self.answer, self.sentences[last - 1][1], self.sentences[last][0]):
                    break  # another paragraph, or the answer to a follow-up
                vector = _unit(single[first : last + 1].sum(axis=0))
                found.append(Said(start, end, self.answer[start:end], tuple(self.parsed[first : last + 1]), vector))
        return found + self._clauses()

    def _clauses(self) -> list[Said]:
        cut = [piece for sentence in self.sentences for piece in _cut(*sentence)]
        vectors = self.vectors.embed([text for _, _, text in cut])
        return [
            Said(start, end, text, (tuple(tokens(text)),), vector)
            for (start, end, text), vector in zip(cut, vectors, strict=True)
        ]


def _asked(question: str) -> list[set[str]]:
    """The content words of the question, and of each of its sentences."""
    parts = [question, *(question[unit.body : unit.end] for unit in split_units(question))]
    return [stems for part in parts if (stems := stems_of(tokens(part)))]


def _sentences(answer: str, asked: Sequence[set[str]]) -> list[tuple[int, int, str]]:
    """(start, end, text) of each sentence that may be evidence, in order."""
    found: list[tuple[int, int, str]] = []
    seen: set[str] = set()
    if is_scrambled(answer):
        return []
    for unit in split_units(answer):
        text = answer[unit.body : unit.end]
        plain = " ".join(text.lower().split())
        if unit.kind in ("rule", "comment") or plain in seen or _is_no_evidence(text, asked):
            continue
        seen.add(plain)
        found.append((unit.body, unit.end, text))
        if len(found) == _MOST_SENTENCES:
            break
    return found


def _is_no_evidence(text: str, asked: Sequence[set[str]]) -> bool:
    return bool(_INSTRUCTION.search(text)) or _echoes(text, asked) or is_word_list(text) or is_scrambled(text)


def _echoes(text: str, asked: Sequence[set[str]]) -> bool:
    """Whether a sentence says the question, or a sentence of it, again and hardly anything else."""
    said = stems_of(tokens(text)) - _ABOUT_QUESTIONS
    return any(len(said & stems) >= _ECHO * len(said | stems) for stems in asked)


def _cut(start: int, end: int, text: str) -> list[tuple[int, int, str]]:
    if end - start < _LONG_SENTENCE:
        return []
    edges = [0, *(m.end() for m in _CLAUSE.finditer(text)), len(text)]
    pieces = [(a, b) for a, b in pairwise(edges) if len(text[a:b].split()) >= 4]
    return [(start + a, start + a + len(text[a:b].rstrip()), text[a:b].rstrip()) for a, b in pieces]


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(1e-6, float(np.linalg.norm(vector))), dtype=np.float32)


def stems_of(parsed: Sequence[Token]) -> set[str]:
    """Stems of the content words and numbers."""
    return {t.stem for t in parsed if t.content or t.number}


def evidence_in(question: str, answer: str) -> list[tuple[int, int, str]]:
    """(start, end, text) of each sentence of `answer` that may be evidence, in order: what a `Reading` would read."""
    return _sentences(answer[:LONGEST_ANSWER], _asked(question))
