"""What a candidate said that the documents contradict.

An objection to something right does more harm than a mistake that passes, so there are few: a statement must
be nearer to a stated mistake than to the point itself by meaning, by the support check and by the words
that only the mistake has; or be a near copy of a sentence with its negation turned round. On 328 graded answers to
cards, with 225 contradicted key points, these rules without any grader object 42 times and are wrong 3 times;
none of the 3 is left when points that were found in the answer are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mlprep_bot.answering.compare import Comparison, compare
from mlprep_bot.answering.facts import Token, tokens
from mlprep_bot.answering.support import calibrated
from mlprep_bot.answering.vectors import VectorMemory
from mlprep_bot.debriefing.grounding import Ground
from mlprep_bot.domain import KeyPoint, Span
from mlprep_bot.grading.reading import Reading, Said
from mlprep_bot.grading.rubric import PointGrade, PointVerdict

MOST = 3
_MISTAKE = 0.65  # cosine of a statement and a mistake from which on they are compared word by word
_SUPPORTS = 0.1  # probability that the statement says the mistake, by the weights for supported sentences
_SAYS = 0.5  # share of the mistake's words that the statement has, or has something like
_TELLING = 0.3  # how much more it has of the words that only the mistake has than of those that only the point has
_COPY, _COPIED = 0.8, 0.7  # cosine, and share of words, from which on a statement repeats a sentence of the document
_SHARED = 0.5  # share of words that a copy has in common with its sentence at least, both ways
_NEAR, _SAME = 0.35, 0.75  # cosines between which a word counts as said in other words
_LIKELIEST = 2  # statements that may say the point itself
_FOUND = (PointVerdict.MET, PointVerdict.PARTIAL)


@dataclass(frozen=True, slots=True)
class Finding:
    """`quote` is what was said, `answer[start:end]`; `against` is the span of the document that contradicts it."""

    start: int
    end: int
    quote: str
    reason: str
    against: Span


def findings(
    question: str, answer: str, grades: Sequence[PointGrade], ground: Ground, vectors: VectorMemory
) -> list[Finding]:
    """At most `MOST` objections to `answer`, in its order. `grades` stand in the order of `ground.points`."""
    reading = Reading(question, answer, vectors)
    if reading.empty or not reading.windows:
        return []
    critic = _Critic(reading, vectors)
    confirmed = [g.evidence for g in grades if g.verdict in _FOUND]
    found = [*_believed(grades, ground, critic), *critic.turned_round(ground, confirmed)]
    kept: list[Finding] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in kept) and len(kept) < MOST:
            kept.append(one)
    return sorted(kept, key=lambda finding: finding.start)


def _believed(grades: Sequence[PointGrade], ground: Ground, critic: _Critic) -> Iterator[Finding]:
    """Stated mistakes that the answer surely makes, of points that the grader did not find in it.

    That a grader found a point contradicted is not enough: without a model three in five of these verdicts are right,
    which is good enough for a verdict that shows its reason, and not for saying that the documents contradict you.
    """
    for grade, citation in zip(grades, ground.points, strict=True):
        if not grade.point.wrong or citation is None or grade.verdict in _FOUND:
            continue
        if said := critic.mistake(grade.point):
            against = Span(citation.start, citation.end)
            yield Finding(said.start, said.end, said.text, _reason(grade.point), against)


def _reason(point: KeyPoint) -> str:
    return f"This comes close to a known mistake: “{point.wrong}” The document says otherwise: {point.text}"


class _Critic:
    """Compares the statements of one answer with mistakes, points and sentences of the document."""

    def __init__(self, reading: Reading, vectors: VectorMemory) -> None:
        self._reading = reading
        self._vectors = vectors
        # Whole sentences only: a clause cut out of one may say the opposite of what was meant.
        whole = {(start, end) for start, end, _ in reading.sentences}
        self._said = [window for window in reading.windows if (window.start, window.end) in whole]
        self._matrix = np.stack([window.vector for window in self._said])
        self._weights = calibrated()

    def mistake(self, point: KeyPoint) -> Said | None:
        """The statement that makes the mistake of `point`, None when none surely does."""
        right, wrong = self._vectors.embed([point.text, point.wrong])
        to_right, to_wrong = self._matrix @ right, self._matrix @ wrong
        claim, mistake = _telling(tokens(point.text)), _telling(tokens(point.wrong))
        for at in np.argsort(-to_wrong).tolist():
            if to_wrong[at] < max(_MISTAKE, float(to_right.max())):
                return None
            said: Said = self._said[at]
            if not self._words_tell(claim, mistake, _telling(said.flat)):
                continue
            makes = self._says(point.wrong, said, float(to_wrong[at]))
            likeliest = np.argsort(-to_right)[:_LIKELIEST].tolist()
            if makes >= _SUPPORTS and all(
                makes > self._says(point.text, self._said[i], float(to_right[i])) for i in {at, *likeliest}
            ):
                return said
        return None

    def turned_round(self, ground: Ground, confirmed: Sequence[str]) -> Iterator[Finding]:
        """Near copies of a sentence of the document that deny what it affirms, or the other way round."""
        text = ground.document.text
        stated = [(unit, tokens(text[unit.body : unit.end])) for unit in ground.units if unit.kind == "text"]
        for said in self._said:
            if any(quote and (quote in said.text or said.text in quote) for quote in confirmed):
                continue
            words = {t.stem for t in _telling(said.flat)}
            # Copies share most of their words, which is known sooner than how much alike they mean.
            alike = [(u, of) for u, of in stated if _share(words, {t.stem for t in _telling(of)}) >= _SHARED]
            for unit, of in alike:
                sentence = text[unit.body : unit.end]
                cosine = float(self._vectors.embed([sentence])[0] @ said.vector)
                compared = self._compare(said.flat, of, cosine)
                if cosine >= _COPY and len(compared.negations) == 1 and compared.features["soft_coverage"] >= _COPIED:
                    reason = f"The document says the opposite: “{' '.join(sentence.split())}”"
                    yield Finding(said.start, said.end, said.text, reason, Span(unit.body, unit.end))
                    break

    def _words_tell(self, claim: Sequence[Token], mistake: Sequence[Token], said: Sequence[Token]) -> bool:
        right, wrong = {t.stem for t in claim}, {t.stem for t in mistake}
        only_right = self._said_of([t for t in claim if t.stem not in wrong], said)
        only_wrong = self._said_of([t for t in mistake if t.stem not in right], said)
        return self._said_of(mistake, said) >= _SAYS and only_wrong - only_right >= _TELLING

    def _said_of(self, wanted: Sequence[Token], said: Sequence[Token]) -> float:
        """The share of the words `wanted` that were said, or something like them; `_NEAR` when there are none."""
        if not wanted:
            return _NEAR
        stems = {t.stem for t in said}
        scores = [float(t.stem in stems) for t in wanted]
        rest = [i for i, score in enumerate(scores) if not score and wanted[i].number is None]
        words = [t.text.lower() for t in said if t.content]
        if rest and words:
            near = self._vectors.similarities([wanted[i].text.lower() for i in rest], words).max(axis=1)
            for i, cosine in zip(rest, near.tolist(), strict=True):
                scores[i] = 0.9 * min(1.0, max(0.0, (cosine - _NEAR) / (_SAME - _NEAR)))
        return sum(scores) / len(scores)

    def _says(self, claim: str, said: Said, cosine: float) -> float:
        """The probability that a statement supports `claim`."""
        return self._weights.probability(self._compare(tokens(claim), said.flat, cosine).features)

    def _compare(self, claim: Sequence[Token], evidence: Sequence[Token], cosine: float) -> Comparison:
        return compare(claim, [evidence], evidence, self._reading.asked_stems, cosine, self._vectors.similarities)


def _telling(found: Sequence[Token]) -> list[Token]:
    return [token for token in found if token.content or token.number]


def _share(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one), len(other))
