"""Which of the lines that may ask are a document's questions: the lines of one form are judged together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mlprep_bot.knowledge.asking import Asks
from mlprep_bot.knowledge.candidates import Candidate, before_answer
from mlprep_bot.knowledge.labels import Line
from mlprep_bot.knowledge.nesting import unnested

CLOSING_SECTION = re.compile(
    r"(?:references?|bibliography|further reading|resources|links|appendix|conclusions?|summary|about"
    r"|final (?:thoughts|words|notes)|wrapping up|closing|next steps)\b",
    re.I,
)
_INVITING = re.compile(r"\b(?:questions?|q\s*&\s*a|q and a|faqs?|interviews?|quiz|exercises?|viva)\b", re.I)


def select(text: str, lines: Sequence[Line], found: Sequence[Candidate], inviting: str) -> list[Candidate]:
    """The candidates that are questions, in order. `inviting` is the document's name and title."""
    several = sum(1 for c in found if c.line.label) > 1
    chosen = [c for c in found if c.line.label and _labelled(lines, c, several=several)]
    chosen += [c for c in found if not c.line.label and _answered(lines, c, chosen)]
    forms: dict[str, list[Candidate]] = defaultdict(list)
    silent: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in found:
        if not candidate.line.label:
            (forms if candidate.asks > Asks.NO else silent)[candidate.form].append(candidate)
    chosen_at = {c.at for c in chosen}
    for form, members in forms.items():
        trusted = {c.form for c in chosen if not c.line.label}
        accepted = _Group(text, lines, form, members, trusted, inviting).accepted()
        accepted = counted(text, accepted, [*members, *silent[form]])
        chosen += [c for c in accepted if c.at not in chosen_at]
    return unnested(lines, sorted(chosen, key=lambda c: c.start))


def _labelled(lines: Sequence[Line], candidate: Candidate, *, several: bool) -> bool:
    line = candidate.line
    if line.word in {"interviewer", "prompt", "problem"}:
        return candidate.asks > Asks.NO
    if candidate.asks > Asks.NO or before_answer(lines, candidate.last):
        return True
    return line.separated and several


def _answered(lines: Sequence[Line], candidate: Candidate, labelled: Sequence[Candidate]) -> bool:
    """Whether an answer's label follows an unlabelled line at once, and no question above still waits for it."""
    line = candidate.line
    if not before_answer(lines, candidate.last) or (
        line.kind == "item" and line.number is None and candidate.asks < Asks.CLEARLY
    ):
        return False
    before = bisect_left(labelled, candidate.start, key=lambda c: c.start)
    if before and not any(lines[at].label == "answer" for at in range(labelled[before - 1].last, candidate.at)):
        return False
    return candidate.asks > Asks.NO or bool(line.level) or line.number is not None or line.bold


@dataclass
class _Group:
    """The asking lines of one form, judged together."""

    text: str
    lines: Sequence[Line]
    form: str
    members: list[Candidate]
    trusted: set[str]  # forms that carry answered questions in this document
    inviting: str

    def accepted(self) -> list[Candidate]:
        if self.form in self.trusted:
            return [c for c in self.members if c.asks == Asks.CLEARLY or c.line.number is not None]
        if self.form[0] == "h" or self.form.startswith("bold") or self.form in {"summary", "dt"}:
            return self.standing_out()
        if self.form == "number":
            return self.numbered()
        if self.form in {"letter", "roman"}:
            return self.lettered()
        if self.form in {"bullet", "plain"}:
            return self.bare()
        return []

    def clear(self) -> list[Candidate]:
        return [c for c in self.members if c.asks == Asks.CLEARLY]

    def invited(self) -> bool:
        """Whether the document or the section says that it lists questions."""
        if _INVITING.search(self.inviting):
            return True
        first = self.members[0].at
        level = (
            self.members[0].line.level or 7
        )  # a heading beside theirs, such as "Open questions", says nothing of them
        above = [
            line
            for line in self.lines[:first]
            if 0 < line.level < level or (not line.level and (line.bold or line.kind == "para"))
        ][-6:]
        return any(
            _INVITING.search(self.text[line.start : line.end])
            for line in above
            if len(self.text[line.start : line.end]) < 120
        )

    def standing_out(self) -> list[Candidate]:
        clear = self.clear()
        total = sum(1 for line in self.lines if line.form == self.form and line.label != "answer")
        if self.form in {"summary", "dt"} or (self.invited() and clear):
            return self.members if 2 * len(self.members) >= total else clear
        if len(clear) < 3 and 3 * len(clear) < total:
            return []  # a rhetorical one among the titles of an article
        if len(clear) >= 2 and 2 * len(self.members) > total and any(c.marked for c in clear):
            return self.members
        return clear if len(clear) >= 3 else [c for c in clear if c.marked]

    def spaced(self, members: Sequence[Candidate]) -> float:
        """The share of members with other text before the next one."""
        gaps = [right.at - left.last > 1 for left, right in pairwise(members)]
        if members:
            gaps.append(members[-1].last + 1 < len(self.lines) and not self.lines[members[-1].last + 1].level)
        return sum(gaps) / len(gaps) if gaps else 0.0

    def share(self, members: Sequence[Candidate]) -> float:
        """How much of the document's prose the members are."""
        everything = sum(line.end - line.start for line in self.lines if not line.level)
        return sum(c.end - c.start for c in members) / max(1, everything)

    def led_in(self, members: Sequence[Candidate]) -> bool:
        """`Ask yourself:` before an unbroken list makes it part of the prose."""
        before = members[0].at - 1
        return before >= 0 and not self.lines[before].level and self.text[: self.lines[before].end].endswith(":")

    def numbered(self) -> list[Candidate]:
        members = self.chain([c for c in self.members if c.asks == Asks.CLEARLY])
        if not members or not (any(c.marked for c in members) or self.invited()):
            return []
        spaced, share = self.spaced(members), self.share(members)
        unbroken = all(right.at - left.last == 1 for left, right in pairwise(members))
        if self.led_in(members) and unbroken and share < 0.4 and not self.invited():
            return []
        same = [line for line in self.lines if line.form == self.form and not line.label]
        enough = len(members) >= 5 or (len(members) >= 2 and (spaced >= 0.5 or share >= 0.4 or self.invited()))
        alone = len(members) == 1 and (len(same) == 1 or share >= 0.4) and spaced > 0
        return self.filled(members) if enough or alone else []

    def lettered(self) -> list[Candidate]:
        """`a)`, `b)` or `I.`, `II.`: mostly choices and parts, so nearly all must ask, and be answered in between."""
        members = [c for c in self.clear() if c.marked]
        same = [line for line in self.lines if line.form == self.form and not line.label]
        if len(members) < 2 or 2 * len(members) <= len(same):
            return []
        return members if self.spaced(members) >= 0.5 or (self.invited() and not self.led_in(members)) else []

    def chain(self, members: list[Candidate]) -> list[Candidate]:
        """Members without the lists that restart at 1 inside the answer of a longer count."""
        runs: list[list[Candidate]] = []
        for member in members:
            number = member.line.number or 0
            if runs and number > (runs[-1][-1].line.number or 0):
                back = next(
                    (
                        n
                        for n in range(max(0, len(runs) - 50), len(runs) - 1)
                        if (runs[n][-1].line.number or 0) + 1 == number
                    ),
                    None,
                )
                if back is None or (runs[-1][-1].line.number or 0) + 1 == number:
                    runs[-1].append(member)
                    continue
            back = next(
                (
                    n
                    for n in range(max(0, len(runs) - 50), len(runs) - 1)
                    if (runs[n][-1].line.number or 0) + 1 == number
                ),
                None,
            )
            if back is not None and number > 1:
                del runs[back + 1 :]
                runs[-1].append(member)
            else:
                runs.append([member])
        return [member for run in runs for member in run]

    def filled(self, members: list[Candidate]) -> list[Candidate]:
        """Weakly asking lines count where their number is the one that is missing."""
        weak = [c for c in self.members if c.asks == Asks.WEAKLY]
        chosen = list(members)
        for left, right in zip(members, [*members[1:], None], strict=True):
            expected = (left.line.number or 0) + 1
            for candidate in weak:
                within = candidate.at > left.at and (right is None or candidate.at < right.at)
                if (
                    within
                    and candidate.line.number == expected
                    and (right is None or expected < (right.line.number or 0))
                ):
                    chosen.append(candidate)
                    expected += 1
        return sorted(chosen, key=lambda c: c.start)

    def bare(self) -> list[Candidate]:
        """Bullets and plain lines: only when the document is made of them."""
        members = [
            c
            for c in self.clear()
            if (c.marked or (self.form == "bullet" and self.invited()))
            and (self.form == "bullet" or (self.text[c.start].isupper() and self.whole(c)))
        ]
        if len(members) < 2:
            return []
        same = [line for line in self.lines if line.form == self.form and line.first and not line.label]
        if self.form == "bullet" and self.invited() and len(self.members) == len(same):
            members = self.members  # "Prove that …" among questions
        ratio = len(members) / max(1, len(same))
        if self.form == "bullet":
            invited = (self.invited() and not self.led_in(members)) or self.share(members) >= 0.5
            return members if ratio >= 0.5 and invited else []
        return (
            members
            if self.share(members) >= 0.5 or (ratio >= 0.25 and (self.spaced(members) >= 0.5 or self.invited()))
            else []
        )

    def whole(self, candidate: Candidate) -> bool:
        """Whether the wording stands alone: nothing else on its line, one sentence."""
        return (
            candidate.end >= self.lines[candidate.last].text_end - 1
            and ". " not in self.text[candidate.start : candidate.end]
        )


def counted(text: str, accepted: list[Candidate], others: Sequence[Candidate]) -> list[Candidate]:
    """With the headings and bold lines that state (`4. Bagging`), where the count of the questions needs them."""
    if not accepted or not (accepted[0].line.level or accepted[0].form == "bold-number"):
        return accepted
    known = {c.at for c in accepted}
    numbered = sorted((c for c in {c.at: c for c in others}.values() if c.line.number is not None), key=lambda c: c.at)
    runs: list[list[Candidate]] = []
    for candidate in numbered:
        if runs and candidate.line.number == (runs[-1][-1].line.number or 0) + 1:
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    for run in runs:
        while run and run[-1].at not in known and CLOSING_SECTION.match(text[run[-1].start : run[-1].end]):
            run.pop()
        if sum(1 for c in run if c.asks == Asks.CLEARLY) >= 2 and 2 * sum(1 for c in run if c.at in known) > len(run):
            accepted = accepted + [c for c in run if c.at not in known]
    return sorted(accepted, key=lambda c: c.start)
