"""Answers with numbered citations, as `CitationQueryEngine` and its like write them, in our own terms.

`[2]`, `[1, 3]` and `[Source 2]` outside code and formulas cite the sources that the writer was shown. Nothing is
mended: a sentence without a number stays without a citation, and each citation is the whole source. Verdicts are by
our support check, so that the same judge looks at everybody's sentences.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from mlprep_bot.answering import followup
from mlprep_bot.answering.drafts import Draft, DraftStream
from mlprep_bot.answering.markup import masked
from mlprep_bot.answering.verdicts import Checker, says_nothing_found
from mlprep_bot.domain import Answer, Citation, Passage, Sentence, Status, Turn, Verdict

_LABEL = r"(?:sources?[ \t]*:?[ \t]*)"
_NUMBERS = rf"\d{{1,3}}(?:[ \t]*(?:,|;|&|and|[-–])[ \t]*{_LABEL}?\d{{1,3}})*"
# `x[1]` is an index, `wet[1]` a citation.
_MARKER = re.compile(rf"(?<!\b\w)(?:\[[ \t]*{_LABEL}?{_NUMBERS}[ \t]*\]|\([ \t]*{_LABEL}{_NUMBERS}[ \t]*\))", re.I)


class Replier(Protocol):
    """Writes an answer and says what its numbers refer to, the first source being 1."""

    @property
    def name(self) -> str: ...

    def reply(self, question: str) -> tuple[str, Sequence[Passage]]: ...


class NumberedAnswers:
    """A `Replier` as `evaluation.answers.Answers`. Follow-ups are resolved by rules, as for everybody."""

    def __init__(self, replier: Replier, checker: Checker) -> None:
        self._replier = replier
        self._checker = checker

    def answer(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """The reply, cut into sentences. Raises what the replier raises."""
        started = time.perf_counter()
        searched = followup.resolve(question, history)
        text, sources = self._replier.reply(searched)
        drafts = read(text, sources)
        nothing = not sources or all(says_nothing_found(draft) for draft in drafts)
        known = {source.id: source for source in sources}
        sentences = () if nothing else tuple(self._sentence(draft, known) for draft in drafts)
        return Answer(
            question=question,
            searched=searched,
            status=Status.NOT_IN_CORPUS if nothing else Status.ANSWERED,
            sentences=sentences,
            passages=tuple(sources),
            writer=self._replier.name,
            seconds=time.perf_counter() - started,
        )

    def _sentence(self, draft: Draft, known: Mapping[str, Passage]) -> Sentence:
        cited = [known[name] for name in draft.cited]
        if not cited:
            return Sentence(draft.text, Verdict.UNCITED, "it cites no source", (), draft.block)
        judged = [self._checker.check(draft.text, [source]) for source in cited]
        best = max(judged, key=lambda found: (found.supported, found.score))
        verdict = Verdict.SUPPORTED if best.supported else Verdict.UNSUPPORTED
        return Sentence(draft.text, verdict, best.reason, tuple(map(_citation, cited)), draft.block)


def read(text: str, sources: Sequence[Passage]) -> list[Draft]:
    """The sentences of a reply with the ids of the sources that they cite."""
    stream = DraftStream({source.id for source in sources})
    return stream.feed(_as_ids(text, len(sources))) + stream.finish()


def _as_ids(text: str, count: int) -> str:
    """`[2]` as `[S2]`, the way our own markers are written, where there is a source of that number."""
    pieces: list[str] = []
    at = 0
    for match in _MARKER.finditer(masked(text, "\0")):
        numbers = _numbers(match.group())
        # `[0, 1]` is an interval; a number beyond the sources, alone, is a citation of nothing.
        if not numbers or 0 in numbers or (len(numbers) > 1 and max(numbers) > count):
            continue
        pieces += text[at : match.start()], "".join(f"[S{number}]" for number in numbers)
        at = match.end()
    return "".join((*pieces, text[at:]))


def _numbers(marker: str) -> list[int]:
    """Those that a marker lists, ranges written out."""
    found: list[int] = []
    for joined, digits in re.findall(r"([-–]?)[ \t]*(?:sources?[ \t]*:?[ \t]*)?(\d+)", marker, re.I):
        number = int(digits)
        found += range(found[-1] + 1, number + 1) if joined and found and number > found[-1] else [number]
    return list(dict.fromkeys(found))


def _citation(source: Passage) -> Citation:
    return Citation(source.id, source.document, source.heading, source.start, source.end, source.text)
