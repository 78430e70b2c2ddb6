"""Which of the chosen questions stand inside the answer of another, or only introduce others."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

from mlprep_bot.knowledge.candidates import Candidate, before_answer
from mlprep_bot.knowledge.labels import Line


def unnested(lines: Sequence[Line], chosen: list[Candidate]) -> list[Candidate]:
    """Without questions inside the answer of a surer one, and without titles that only introduce questions."""
    peers = Counter((c.form, bool(c.line.label)) for c in chosen)
    ranks = Counter(c.rank for c in chosen)
    untitled: list[Candidate] = []
    for candidate in reversed(chosen):  # from below, so that a title above a title goes too
        if not (untitled and _introduces(candidate, untitled[-1], peers, ranks)):
            untitled.append(candidate)
    chosen = untitled[::-1]
    kept: list[Candidate] = []
    latest: dict[
        int, Candidate
    ] = {}  # by rank: an earlier question of the same rank cannot hold what a later one does not
    above = _levels_above(lines)
    closing = {
        level: [at for at, line in enumerate(lines) if 0 < line.level <= level and line.label != "answer"]
        for level in range(7)
    }
    for candidate in chosen:
        if not any(_inside(lines, above, closing, owner, candidate) for owner in latest.values()):
            kept.append(candidate)
            latest[candidate.rank] = candidate
    return kept


def _introduces(
    title: Candidate, below: Candidate, peers: Mapping[tuple[str, bool], int], ranks: Mapping[int, int]
) -> bool:
    """Whether a heading that asks is only the title of the questions below it."""
    if not title.line.level or title.line.label or (below.line.level and below.line.level <= title.line.level):
        return False
    alone = peers[title.form, False] == 1 and ranks[below.rank] >= 2 and title.line.level == 1
    return alone or below.at == title.last + 1


def _inside(
    lines: Sequence[Line],
    above: Sequence[int],
    closing: Mapping[int, Sequence[int]],
    owner: Candidate,
    candidate: Candidate,
) -> bool:
    """Whether no heading of the owner's level or above comes between the two."""
    if owner.rank >= candidate.rank or _is_answered_next(lines, candidate):
        return False
    level = owner.line.level or above[owner.at]
    after = bisect_right(closing[level], owner.last)
    return not (after < len(closing[level]) and closing[level][after] <= candidate.at)


def _is_answered_next(lines: Sequence[Line], candidate: Candidate) -> bool:
    return not (candidate.line.label or candidate.line.style) and before_answer(lines, candidate.last)


def _levels_above(lines: Sequence[Line]) -> list[int]:
    """For each line, the level of the nearest heading above it that is no question and no answer; 0 without one."""
    levels: list[int] = []
    level = 0
    for line in lines:
        levels.append(level)
        if line.level and not line.label:
            level = line.level
    return levels
