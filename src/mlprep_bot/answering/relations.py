"""Polarity and direction: whether two texts that share their words also say the same with them (pure).

Both are read from word lists and word order, without a parser, so they look only at words that the two
texts share: a cue whose neighbours were paraphrased away decides nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlprep_bot.answering.facts import Token, stem

_NEGATIONS = frozenset(
    "not no never without cannot neither nor none nothing nobody nowhere hardly barely scarcely".split()
)
_NEGATIVE_STEMS = frozenset(
    stem(w) for w in "lack lacks lacking fail fails failed absent absence impossible unable".split()
)
_SCOPE = 4  # content words that a negation reaches

_ANTONYMS = """
increase:decrease,reduce,lower,shrink,cut,fall,drop,diminish,decline | raise:lower,reduce,decrease,cut |
rise:fall,drop,decline,decrease,shrink | grow:shrink,fall,decrease,decline | gain:lose,loss | improve:worsen,degrade,hurt,harm,deteriorate |
help:hurt,harm,hinder | more:less,fewer | most:least,fewest | many:few | higher:lower,smaller | high:low | large:small,tiny |
larger:smaller | big:small | bigger:smaller | long:short | longer:shorter | fast:slow | faster:slower | quick:slow |
strong:weak | stronger:weaker | good:bad,poor | better:worse | best:worst | cheap:expensive,costly,dear | easy:hard,difficult |
simple:complex,complicated | early:late | earlier:later | before:after | above:below | over:under | maximum:minimum | max:min |
maximise:minimise | maximal:minimal | upper:lower | always:never,sometimes,seldom,rarely,occasionally | often:seldom,rarely,never |
usually:seldom,rarely,never | frequently:rarely,seldom | all:none,some,few | every:no,some | everything:nothing | same:different |
identical:different | equal:unequal,different | similar:different,dissimilar | allow:forbid,prevent,block,prohibit |
accept:reject,refuse | enable:disable,prevent | include:exclude,omit | add:remove,subtract | positive:negative | true:false |
correct:wrong,incorrect | right:wrong | safe:unsafe,dangerous | cause:prevent | overestimate:underestimate |
overfit:underfit | overstate:understate | wide:narrow | wider:narrower | deep:shallow | dense:sparse | flat:steep | open:closed,close |
start:stop,end | begin:end | first:last | pass:fail | succeed:fail | success:failure | supervised:unsupervised |
linear:nonlinear | global:local | internal:external | static:dynamic | offline:online | numerator:denominator | old:new |
present:absent | useful:useless | possible:impossible | necessary:unnecessary | required:optional | convex:concave |
expand:contract,shrink | accelerate:slow,delay | encourage:discourage | advantage:disadvantage | benefit:harm,cost |
inside:outside | within:outside | together:apart,separately | independent:dependent,correlated | public:private | constant:variable |
stable:unstable | biased:unbiased | mutable:immutable | parallel:sequential,serial | forward:backward | left:right | top:bottom |
horizontal:vertical | row:column | exact:approximate | hide:reveal,show | ignore:consider | keep:discard,drop | win:lose | buy:sell |
lead:follow | north:south | east:west | young:old | heavy:light | hot:cold | full:empty | few:many | lower:higher,raise,upper
"""
# Prefixes that turn a word into its opposite.
_PREFIXES = ("un", "in", "im", "ir", "non", "dis", "de", "mis", "ab", "a")


def _read_antonyms() -> dict[str, frozenset[str]]:
    pairs: dict[str, set[str]] = {}
    for entry in _ANTONYMS.split("|"):
        word, _, others = entry.strip().partition(":")
        for other in others.split(","):
            a, b = stem(word.strip()), stem(other.strip())
            pairs.setdefault(a, set()).add(b)
            pairs.setdefault(b, set()).add(a)
    return {word: frozenset(others) for word, others in pairs.items()}


ANTONYMS = _read_antonyms()


def is_negation(token: Token) -> bool:
    """Whether the word turns what follows it into its opposite."""
    word = token.text.lower().replace("’", "'")
    return word in _NEGATIONS or word.endswith("n't") or token.stem in _NEGATIVE_STEMS


def negated(tokens: Sequence[Token]) -> list[bool]:
    """For each token whether an odd number of negations reaches it."""
    flags = [False] * len(tokens)
    for i, cue in enumerate(tokens):
        if not is_negation(cue):
            continue
        reached = 0
        for j in range(i + 1, len(tokens)):
            if (
                tokens[j].clause != cue.clause
                or reached == _SCOPE
                or tokens[j].text.lower() in ("but", "because", "while")
            ):
                break
            flags[j] = not flags[j]
            reached += tokens[j].content or tokens[j].number is not None
    return flags


def polarity_conflicts(claim: Sequence[Token], evidence: Sequence[Token]) -> list[str]:
    """The negations of one side whose nearest words stand without negation on the other."""
    found = _dropped(claim, evidence)
    found += [word for word in _dropped(evidence, claim, relevant=True) if word not in found]
    return found


def _dropped(one: Sequence[Token], other: Sequence[Token], *, relevant: bool = False) -> list[str]:
    """Cues in `one` for which every counterpart in `other` of the word that they negate is affirmed.

    `relevant`: only cues that also have shared words before them, since `one` says more than `other` does.
    """
    flags = negated(other)
    signs: dict[str, set[bool]] = {}
    for token, flag in zip(other, flags, strict=True):
        if token.content or token.number:
            signs.setdefault(token.stem, set()).add(flag)
    mine = negated(one)
    found = []
    for i, cue in enumerate(one):
        if not is_negation(cue):
            continue
        after = [
            j
            for j in range(i + 1, min(len(one), i + 8))
            if one[j].clause == cue.clause and (one[j].content or one[j].number)
        ]
        near = [j for j in after[:3] if one[j].stem in signs]
        if not near:
            continue
        if relevant:
            before = [t for t in one[max(0, i - 8) : i] if t.clause >= cue.clause - 1 and t.stem in signs]
            if not before and len(near) < 2:
                continue
        if all(mine[j] not in signs[one[j].stem] for j in near):
            found.append(cue.text)
    return found


def antonym_conflicts(claim: Sequence[Token], evidence: Sequence[Token]) -> list[tuple[str, str]]:
    """(claim's word, evidence's opposite) where the evidence has the opposite and not the word itself."""
    mine, theirs = negated(claim), negated(evidence)
    stems = {t.stem for t in evidence}
    found: list[tuple[str, str]] = []
    claimed = {t.stem for t in claim}
    for token, flag in zip(claim, mine, strict=True):
        if token.stem in stems:
            continue
        for other, other_flag in zip(evidence, theirs, strict=True):
            if other.stem in claimed or flag != other_flag:
                continue
            if other.stem in ANTONYMS.get(token.stem, ()) or _opposite_by_prefix(token, other):
                found.append((token.text, other.text))
                break
    return found


def _opposite_by_prefix(a: Token, b: Token) -> bool:
    if not (a.content and b.content):
        return False
    longer, shorter = (a.stem, b.stem) if len(a.stem) > len(b.stem) else (b.stem, a.stem)
    return len(shorter) >= 4 and any(longer == prefix + shorter for prefix in _PREFIXES)


# What joins a cause and its effect. `_BACKWARD` names the effect first when it stands inside a sentence.
_BACKWARD = frozenset("because since due owing if when unless as whenever thanks".split())
_BACKWARD_PAIRS = frozenset({("by", ""), ("results", "from"), ("result", "from"), ("stems", "from"), ("comes", "from"),
                             ("come", "from"), ("arises", "from"), ("follows", "from"), ("depends", "on"), ("caused", "by"),
                             ("explained", "by"), ("driven", "by")})  # fmt: skip
_FORWARD = frozenset(
    stem(w)
    for w in """cause causes lead leads produce yields yield reduce increase improve lower raise prevent drive imply require need
    force allow enable trigger create induce hurt help limit cut avoid result give bring introduce detect replace precede
    exceed dominate outperform beat contain measure decrease shrink grow become turn mean affect change determine protect
    break block hide mask inflate bias penalise reward penalize favour make makes therefore thus hence so
    shrinks multiplies divides fits learns predicts corresponds maps converts before after than from into over onto
    is are was were has have""".split()
)


def canonical_order(sentence: Sequence[Token]) -> list[Token]:
    """The sentence with cause before effect: what follows a "because" or passive "by" inside it comes first."""
    for i, token in enumerate(sentence):
        word = token.text.lower()
        following = sentence[i + 1].text.lower() if i + 1 < len(sentence) else ""
        content_before = sum(t.content for t in sentence[:i])
        if content_before < 2:
            continue
        if word in _BACKWARD or (word, following) in _BACKWARD_PAIRS or (word == "by" and _passive(sentence, i)):
            return [*sentence[i + 1 :], *sentence[:i]]
    return list(sentence)


def _passive(sentence: Sequence[Token], i: int) -> bool:
    before = [t.text.lower() for t in sentence[max(0, i - 4) : i]]
    return (
        bool(before)
        and before[-1].endswith(("ed", "en", "wn", "un"))
        and any(w in ("is", "are", "was", "were", "be", "been", "being") for w in before)
    )


def reversed_share(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> float:
    """How much of the claim's order around its verb is turned round in the evidence: 0 none, 1 all of it.

    Compared are shared content words on both sides of a verb or connective of the claim, cause before effect.
    """
    ordered = canonical_order(claim)
    place: dict[str, list[int]] = {}
    for number, sentence in enumerate(evidence):
        for position, token in enumerate(canonical_order(sentence)):
            if token.content or token.number:
                place.setdefault(token.stem, []).append(number * 1000 + position)
    worst = 0.0
    for i, token in enumerate(ordered):
        if token.stem not in _FORWARD and token.text.lower() not in _BACKWARD:
            continue
        left = _near(ordered[:i][::-1], place)
        right = _near(ordered[i + 1 :], place)
        same = turned = 0
        for a in left:
            for b in right:
                kept, swapped = _compare(place[a], place[b])
                same, turned = same + kept, turned + swapped
        if turned:
            worst = max(worst, turned / (same + turned) * min(1.0, turned / 2))
    return worst


def _near(side: Sequence[Token], place: dict[str, list[int]]) -> list[str]:
    words = [t.stem for t in side if (t.content or t.number) and t.stem in place]
    return list(dict.fromkeys(words))[:4]


def _compare(a: list[int], b: list[int]) -> tuple[bool, bool]:
    """(some occurrence of a stands before b in one sentence, only after it)."""
    pairs = [(x, y) for x in a for y in b if x // 1000 == y // 1000]
    if not pairs:
        return False, False
    kept = any(x < y for x, y in pairs)
    return kept, not kept
