"""Terms that stand where the evidence has another, and names that it does not have at all (pure).

A falsehood that is hard to see changes what tells two nouns apart: "grid trials" for "random trials".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlprep_bot.answering.facts import Token, everyday
from mlprep_bot.answering.relations import opposed
from mlprep_bot.ports import Vectors

Similarities = Callable[[Sequence[str], Sequence[str]], Vectors]

_SYNONYM = 0.62  # cosine of two words


def modifier_exchanges(
    claim: Sequence[Token], evidence: Sequence[Sequence[Token]], similarities: Similarities
) -> list[tuple[str, str]]:
    """(claim's word, evidence's word) before the same noun: the claim never says the one, the evidence not the other.

    Everyday words do not count, since "a large gain" may be "a clear gain".
    """
    said = {t.stem for t in claim}
    before: dict[str, list[Token | None]] = {}
    for sentence in evidence:
        for i, token in enumerate(sentence):
            if token.content:
                before.setdefault(token.stem, []).append(_modifier(sentence, i))
    found = []
    for i, noun in enumerate(claim):
        mine, theirs = _modifier(claim, i), before.get(noun.stem, [])
        others = [t for t in theirs if t is not None and t.stem not in said]
        if mine is None or not noun.content or not others or len(others) < len(theirs):
            continue
        known = [t for t in others if t.stem not in everyday()]
        if mine.stem in everyday() or not known:
            continue
        near = float(similarities([mine.text.lower()], [t.text.lower() for t in others]).max())
        if near <= _SYNONYM or any(opposed(mine, t) for t in others):
            found.append((mine.text, known[0].text))
    return found


def _modifier(sentence: Sequence[Token], i: int) -> Token | None:
    """The content word right before a word, in its clause."""
    if i and sentence[i - 1].content and sentence[i - 1].clause == sentence[i].clause:
        return sentence[i - 1]
    return None


def missing_names(claim: Sequence[Token], everything: Sequence[Token], above: set[str]) -> list[Token]:
    """Names that nothing cited has, spelled together, apart, or out ("RRF": reciprocal rank fusion)."""
    said = {t.stem for t in everything} | above
    joined = "".join(t.text.lower() for t in everything)
    initials = "".join(t.text[0].lower() for t in everything if t.content)
    found = []
    for i, token in enumerate(claim):
        if not (token.name or _is_author(claim, i)) or token.stem in said:
            continue
        bare = token.text.lower().removesuffix("'s").rstrip("s")
        if bare not in joined and not (is_acronym(token) and len(bare) > 1 and bare in initials):
            found.append(token)
    return found


def _is_author(sentence: Sequence[Token], i: int) -> bool:
    """A capitalised word at the beginning that "et al." or an apostrophe shows to be a name."""
    word = sentence[i].text
    following = [t.text.lower() for t in sentence[i + 1 : i + 3]]
    return sentence[i].content and word[0].isupper() and (following == ["et", "al"] or word.endswith(("'s", "’s")))


def is_acronym(token: Token) -> bool:
    """Capitals or digits inside the word: such a name may be another's abbreviation."""
    return sum(c.isupper() for c in token.text) > 1 or any(c.isdigit() for c in token.text)
