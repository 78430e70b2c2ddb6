"""What was changed in a sentence that is nearly a copy of one in the passage (pure).

In a free paraphrase a strange word may be a synonym; in a near copy the one word that differs is the point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mlprep_bot.answering.facts import Token, everyday
from mlprep_bot.answering.numbers import same_number
from mlprep_bot.answering.relations import ANTONYMS, affirmed, is_negation
from mlprep_bot.ports import Vectors

# Share of the claim's words that stand in the same order in one sentence of the passage: none of a copy, all of one.
_LOOSE, _CLOSE = 0.65, 0.85
_SYNONYM = 0.62  # cosine of two words


@dataclass(frozen=True, slots=True)
class Copy:
    """How close the copy is, 0 to 1, and what was done to it.

    `cost` counts words that were exchanged for others, half for everyday words; `edits` are (new, old);
    `negated` says that a negation came or went. `strict` counts a term or number that took the place of another in a
    copy that is otherwise faithful, even if the sentence has it elsewhere.
    """

    closeness: float = 0.0
    cost: float = 0.0
    negated: bool = False
    edits: tuple[tuple[str, str], ...] = ()
    strict: float = 0.0


def near_copy(
    claim: Sequence[Token],
    evidence: Sequence[Sequence[Token]],
    similarities: Callable[[Sequence[str], Sequence[str]], Vectors],
) -> Copy:
    """The edits that turn the nearest sentence into the claim, nothing when it is no near copy."""
    mine = [affirmed(t)[0] for t in claim]
    best: tuple[float, SequenceMatcher[str], Sequence[Token]] | None = None
    for sentence in evidence:
        matcher = SequenceMatcher(None, [affirmed(t)[0] for t in sentence], mine, autojunk=False)
        share = sum(block.size for block in matcher.get_matching_blocks()) / max(1, len(mine))
        if best is None or share > best[0]:
            best = (share, matcher, sentence)
    if best is None or best[0] <= _LOOSE:
        return Copy()
    closeness = min(1.0, (best[0] - _LOOSE) / (_CLOSE - _LOOSE))
    _, matcher, sentence = best
    cost, edits = 0.0, []
    negated = False
    said = {t.stem for t in sentence}
    kept = set(mine)
    at_start = at_end = 0
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        if kind == "equal":
            inside = [(sentence[a1 + k], claim[b1 + k]) for k in range(a2 - a1)]
            negated ^= any(affirmed(old)[1] != affirmed(new)[1] for old, new in inside)
            at_end = b2
            continue
        old, new = sentence[a1:a2], claim[b1:b2]
        at_start = b1
        # What was left out at either end of the sentence is a partial statement, not an edit.
        outside = (not new) and (at_start == 0 or at_end >= len(mine))
        if not outside:
            negated ^= (sum(map(is_negation, old)) + sum(map(is_negation, new))) % 2 == 1
        lost = [t for t in old if t.content and t.stem not in kept]
        for token in new:
            if not token.content or token.stem in said or not lost:
                continue
            words = [t.text.lower() for t in lost]
            cosines = similarities([token.text.lower()], words)[0]
            nearest = int(cosines.argmax())
            opposite = any(t.stem in ANTONYMS.get(token.stem, ()) for t in lost)
            if cosines[nearest] >= _SYNONYM and not opposite:
                continue
            cost += 0.5 if token.stem in everyday() and not opposite else 1.0
            edits.append((token.text, lost[nearest].text))
    exact = max(0.0, min(1.0, (best[0] - 0.84) / 0.06))
    strict, replaced = slot_exchanges(claim, [sentence], similarities) if exact else (0.0, [])
    return Copy(closeness, cost, negated, (*edits, *replaced), strict * exact)


def slot_exchanges(
    claim: Sequence[Token],
    evidence: Sequence[Sequence[Token]],
    similarities: Callable[[Sequence[str], Sequence[str]], Vectors],
) -> tuple[float, list[tuple[str, str]]]:
    """Terms and numbers that stand in another's place between shared words: how many, and (new, old).

    Words that mean nearly the same count nothing.
    """
    mine = [t for t in claim if t.content or t.number]
    most, found = 0.0, []
    for sentence in evidence:
        theirs = [t for t in sentence if t.content or t.number]
        matcher = SequenceMatcher(None, [t.stem for t in mine], [t.stem for t in theirs], autojunk=False)
        if sum(block.size for block in matcher.get_matching_blocks()) < max(2, len(mine) // 3):
            continue
        count, pairs = 0.0, []
        for kind, a1, a2, b1, b2 in matcher.get_opcodes():
            if kind == "replace" and a2 - a1 <= 2 and b2 - b1 <= 2:
                weight, pair = _exchange(mine[a1:a2], theirs[b1:b2], similarities)
                count += weight
                pairs += [pair] if weight else []
        if count > most:
            most, found = count, pairs
    return most, found


def _exchange(
    new: Sequence[Token], old: Sequence[Token], similarities: Callable[[Sequence[str], Sequence[str]], Vectors]
) -> tuple[float, tuple[str, str]]:
    numbers = [(a, b) for a in new for b in old if a.number and b.number]
    if numbers:
        return float(not any(same_number(a.number, b.number) for a, b in numbers if a.number and b.number)), (
            numbers[0][0].text,
            numbers[0][1].text,
        )
    words, others = [t for t in new if t.content], [t for t in old if t.content]
    if not words or not others:
        return 0.0, ("", "")
    cosines = similarities([t.text.lower() for t in words], [t.text.lower() for t in others])
    best = cosines.max(axis=1)
    worst = int(best.argmin())
    word, other = words[worst], others[int(cosines[worst].argmax())]
    if best[worst] >= _SYNONYM and other.stem not in ANTONYMS.get(word.stem, ()):
        return 0.0, ("", "")
    return 1.0, (word.text, other.text)
