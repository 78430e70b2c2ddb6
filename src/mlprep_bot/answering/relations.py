"""Polarity: whether two texts that share their words also affirm and deny the same (pure).

It is read from word lists and word order, without a parser, so it looks only at words that the two
texts share: a cue whose neighbours were paraphrased away decides nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlprep_bot.answering.facts import Token, root, stem
from mlprep_bot.answering.words import groups, pairs

_NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "without",
        "cannot",
        "neither",
        "nor",
        "none",
        "nothing",
        "nobody",
        "nowhere",
        "hardly",
        "barely",
        "scarcely",
    ]
)
# "unchanged" says "not changed": words that hold their own negation, and what they are without it.
_INSIDE = {root(word): stem(plain[0]) for word, plain in pairs("inner negations")}
_NOT_UN = ("under", "unit", "uni", "until", "unless", "union", "uncle", "unison", "undo", "unknown")
_NEGATIVE_STEMS = frozenset(
    stem(w) for w in ["lack", "lacks", "lacking", "fail", "fails", "failed", "absent", "absence", "unable"]
)
_ENDS_SCOPE = frozenset(["but", "because", "while", "since", "as", "if", "when", "whereas", "although", "and"])
_PREPOSITIONS = frozenset(
    ["at", "in", "on", "for", "with", "by", "from", "during", "after", "before", "within", "under"]
)
_VERBS = frozenset(
    "would will can could may might should must is are was were has have does".split()  # noqa: SIM905
)
_SCOPE = 4  # content words that a negation reaches


def _read_antonyms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for word, opposites in pairs("antonyms"):
        for opposite in opposites:
            a, b = stem(word), stem(opposite)
            if a != b:
                found.setdefault(a, set()).add(b)
                found.setdefault(b, set()).add(a)
    for group in groups("kinds"):
        kinds = {stem(word) for word in group}
        for word in kinds:
            found.setdefault(word, set()).update(kinds - {word})
    return {word: frozenset(others) for word, others in found.items()}


ANTONYMS = _read_antonyms()
_OPPOSITE_STARTS = [(word, other) for word, others in pairs("opposite beginnings") for other in others]


def opposed(one: Token, other: Token) -> bool:
    """Whether two words are listed as opposites, or are one word with opposite beginnings: over- and undersampling."""
    if other.stem in ANTONYMS.get(one.stem, ()):
        return True
    a, b = one.text.lower(), other.text.lower()
    return any(
        (a.startswith(p) and b.startswith(q) and _same_rest(a[len(p) :], b[len(q) :]))
        or (a.startswith(q) and b.startswith(p) and _same_rest(a[len(q) :], b[len(p) :]))
        for p, q in _OPPOSITE_STARTS
    )


def _same_rest(a: str, b: str) -> bool:
    return len(a) >= 3 and root(a) == root(b)


def is_negation(token: Token) -> bool:
    """Whether the word turns what follows it into its opposite."""
    word = token.text.lower().replace("’", "'")
    return word in _NEGATIONS or word.endswith("n't") or token.stem in _NEGATIVE_STEMS


def affirmed(token: Token) -> tuple[str, bool]:
    """The stem without a negation inside the word, and whether there was one: ("chang", True) for "unchanged"."""
    word = token.text.lower()
    if (bare := root(word)) in _INSIDE:
        return _INSIDE[bare], True
    if word.startswith("non-") or word.startswith("un-"):
        return stem(word.partition("-")[2]), True
    if word.startswith("un") and len(word) >= 6 and not word.startswith(_NOT_UN):
        return stem(word[2:]), True
    return token.stem, False


def negated(tokens: Sequence[Token]) -> list[bool]:
    """For each token whether an odd number of negations reaches it, one inside the word included."""
    flags = [affirmed(token)[1] for token in tokens]
    for i, cue in enumerate(tokens):
        if is_negation(cue):
            for j in _scope(tokens, i):
                flags[j] = not flags[j]
    return flags


def _scope(tokens: Sequence[Token], i: int) -> list[int]:
    """The words that the negation at `i` reaches: a few behind it, or before it when none are ("means nothing")."""
    reached: list[int] = []
    content = 0
    for j in range(i + 1, len(tokens)):
        word = tokens[j].text.lower()
        if tokens[j].clause != tokens[i].clause or content == _SCOPE or word in _ENDS_SCOPE:
            break
        if content and word in _PREPOSITIONS:
            break
        if j > i + 1 and word in _VERBS and tokens[i].text.lower() in ("without", "no"):
            break  # what these deny is a noun, which ends where the verb begins
        reached.append(j)
        content += tokens[j].content or tokens[j].number is not None
    if content:
        return reached
    return [j for j in range(max(0, i - 2), i) if tokens[j].clause == tokens[i].clause]


def polarity_conflicts(claim: Sequence[Token], evidence: Sequence[Token]) -> list[str]:
    """The negations of one side whose nearest words stand without negation on the other."""
    mine, theirs = _dropped(claim, evidence), _dropped(evidence, claim, relevant=True)
    both = min(len(mine), len(theirs))  # negated on both sides, only at different words
    return mine[both:] + theirs[both:]


def _dropped(one: Sequence[Token], other: Sequence[Token], *, relevant: bool = False) -> list[str]:
    """Cues in `one` for which every shared word that they reach has the other sign in `other`.

    `relevant`: only cues with shared words close by, since `one` may say much that `other` leaves out.
    """
    signs: dict[str, set[bool]] = {}
    for token, flag in zip(other, negated(other), strict=True):
        if token.content or token.number:
            signs.setdefault(affirmed(token)[0], set()).add(flag)
    mine = negated(one)
    bare = [affirmed(token)[0] for token in one]
    found = []
    for i, cue in enumerate(one):
        inside = cue.content and affirmed(cue)[1]
        if not inside and not is_negation(cue):
            continue
        near = [i] if inside else [j for j in _scope(one, i) if one[j].content or one[j].number]
        shared = [j for j in near if bare[j] in signs]
        if not shared or any(mine[j] in signs[bare[j]] for j in shared):
            continue
        around = [
            j
            for j in range(max(0, i - 8), min(len(one), i + 9))
            if j not in shared and one[j].content and bare[j] in signs
        ]
        if relevant and len(shared) + len(around) < 3:
            continue
        found.append(cue.text)
    return found


def antonym_conflicts(claim: Sequence[Token], evidence: Sequence[Token]) -> list[tuple[str, str]]:
    """(claim's word, evidence's opposite) where the two stand among the same words."""
    mine, theirs = negated(claim), negated(evidence)
    said = {t.stem for t in evidence}
    claimed = {t.stem for t in claim}
    found: list[tuple[str, str]] = []
    for i, token in enumerate(claim):
        if token.stem in said and _context(claim, i) & _contexts(evidence, token.stem):
            continue
        for j, other in enumerate(evidence):
            if mine[i] != theirs[j] or not opposed(token, other):
                continue
            if other.stem in claimed and len(_context(claim, i) & _context(evidence, j)) < 2:
                continue
            if _context(claim, i) & _context(evidence, j):
                found.append((token.text, other.text))
                break
    return found


def _context(tokens: Sequence[Token], i: int, reach: int = 5) -> set[str]:
    near = [*tokens[max(0, i - reach) : i], *tokens[i + 1 : i + 1 + reach]]
    return {t.stem for t in near if t.content or t.number}


def _contexts(tokens: Sequence[Token], wanted: str) -> set[str]:
    return {word for i, t in enumerate(tokens) if t.stem == wanted for word in _context(tokens, i)}
