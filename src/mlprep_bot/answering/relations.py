"""Polarity and direction: whether two texts that share their words also say the same with them (pure).

Both are read from word lists and word order, without a parser, so they look only at words that the two
texts share: a cue whose neighbours were paraphrased away decides nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlprep_bot.answering.facts import Token, stem

_NEGATIONS = frozenset(
    "not no never without cannot neither nor none nothing nobody nowhere hardly barely scarcely unlike".split()
)
# "unchanged" says "not changed": words that hold their own negation, and what they are without it.
_INSIDE = {
    stem(word): stem(rest)
    for word, rest in (
        entry.split(":")
        for entry in """independent:dependent independently:dependently incorrect:correct incorrectly:correctly invalid:valid inaccurate:accurate
        insensitive:sensitive inconsistent:consistent impossible:possible imperfect:perfect irrelevant:relevant irreversible:reversible
        nonlinear:linear nonparametric:parametric nonzero:zero inexact:exact insufficient:sufficient inefficient:efficient
        incomplete:complete infeasible:feasible disagree:agree disadvantage:advantage indirect:direct infinite:finite
        immutable:mutable inappropriate:appropriate ineffective:effective informal:formal inactive:active irregular:regular
        dissimilar:similar disconnected:connected disable:enable disabled:enabled invisible:visible inseparable:separable useless:useful
        harmless:harmful meaningless:meaningful stateless:stateful""".split()
    )
}
_NOT_UN = ("under", "unit", "uni", "until", "unless", "union", "unlike", "uncle", "unison", "undo", "unknown")
_NEGATIVE_STEMS = frozenset(stem(w) for w in "lack lacks lacking fail fails failed absent absence unable".split())
_ORDERED = 20  # words of a sentence whose order is compared; the work grows with the cube
_ENDS_SCOPE = frozenset("but because while since as if when whereas although and".split())
_PREPOSITIONS = frozenset("at in on for with by from during after before within under".split())
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
lead:follow | north:south | east:west | young:old | heavy:light | hot:cold | full:empty | few:many | at-most:at-least | lower:higher,raise,upper
"""


def _read_antonyms() -> dict[str, frozenset[str]]:
    pairs: dict[str, set[str]] = {}
    for entry in _ANTONYMS.split("|"):
        word, _, others = entry.strip().partition(":")
        for other in others.split(","):
            a, b = stem(word.strip()), stem(other.strip())
            if a != b:
                pairs.setdefault(a, set()).add(b)
                pairs.setdefault(b, set()).add(a)
    return {word: frozenset(others) for word, others in pairs.items()}


ANTONYMS = _read_antonyms()


def is_negation(token: Token) -> bool:
    """Whether the word turns what follows it into its opposite."""
    word = token.text.lower().replace("’", "'")
    return word in _NEGATIONS or word.endswith("n't") or token.stem in _NEGATIVE_STEMS


def affirmed(token: Token) -> tuple[str, bool]:
    """The stem without a negation inside the word, and whether there was one: ("chang", True) for "unchanged"."""
    if token.stem in _INSIDE:
        return _INSIDE[token.stem], True
    word = token.text.lower()
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
        opposites = ANTONYMS.get(token.stem)
        if not opposites or token.stem in said and _context(claim, i) & _contexts(evidence, token.stem):
            continue
        for j, other in enumerate(evidence):
            if other.stem not in opposites or mine[i] != theirs[j]:
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
            return [*sentence[i + 1 :], token, *sentence[:i]]
    return list(sentence)


def _passive(sentence: Sequence[Token], i: int) -> bool:
    before = [t.text.lower() for t in sentence[max(0, i - 4) : i]]
    return (
        bool(before)
        and before[-1].endswith(("ed", "en", "wn", "un"))
        and any(w in ("is", "are", "was", "were", "be", "been", "being") for w in before)
    )


def order_gains(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> tuple[float, float, tuple[str, str]]:
    """How much better the claim would agree with the evidence's word order after (an exchange, a turn).

    The exchange swaps two of its words, the turn puts the part behind some point first. A true paraphrase
    has little to gain from either. The first gain counts neighbours, the second is a share of them all; then the
    two words whose exchange gains most.
    """
    place: dict[str, list[tuple[int, int]]] = {}
    for number, sentence in enumerate(evidence):
        position = 0
        for token in canonical_order(sentence):
            if token.content or token.number:
                place.setdefault(token.stem, []).append((number, position))
                position += 1
    words = [t for t in canonical_order(claim) if (t.content or t.number) and t.stem in place][:_ORDERED]
    stems = [t.stem for t in words]
    kept = {(a, b): _kept(place[a], place[b]) for a in set(stems) for b in set(stems) if a != b}
    base, most = _agreement(stems, kept)
    if most == 0.0:
        return 0.0, 0.0, ("", "")
    best, pair = 0.0, ("", "")
    for i in range(len(stems)):
        for j in range(i + 1, len(stems)):
            if stems[i] == stems[j]:
                continue
            exchanged = [*stems]
            exchanged[i], exchanged[j] = stems[j], stems[i]
            gain = _agreement(exchanged, kept)[0] - base
            if gain > best:
                best, pair = gain, (words[i].text, words[j].text)
    turned = max((_agreement(stems[k:] + stems[:k], kept)[0] - base for k in range(1, len(stems))), default=0.0)
    return best, max(0.0, turned) / most, pair


def _kept(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> float:
    """Whether the evidence has the words in this order and how close, 1 to -0.5; 0 when in no common sentence."""
    distances = [y[1] - x[1] for x in a for y in b if x[0] == y[0]]
    if not distances:
        return 0.0
    nearest = min(distances, key=lambda d: (abs(d), -d))
    return (1 if nearest > 0 else -0.5) / max(1.0, abs(nearest) / 2)


def _agreement(stems: Sequence[str], kept: dict[tuple[str, str], float]) -> tuple[float, float]:
    """(signed agreement, its possible maximum) of the order of neighbours with the evidence."""
    total = most = 0.0
    for i, a in enumerate(stems):
        for step, b in enumerate(stems[i + 1 : i + 4], 1):
            if a != b:
                total += kept[a, b] / step
                most += 1.0 / step
    return total, most


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


def misbound(claim: Sequence[Token], evidence: Sequence[Sequence[Token]]) -> list[str]:
    """Words that stand in one clause of the claim and, in the evidence, in the clause that answers to another one.

    "A is fast, while B is slow" against "A is slow, while B is fast".
    """
    mine = _clauses(claim)
    theirs = [clause for sentence in evidence for clause in _clauses(sentence)]
    if len(mine) < 2 or len(theirs) < 2:
        return []
    matched = [max(range(len(theirs)), key=lambda k: (len(clause & theirs[k]), -k)) for clause in mine]
    found: list[str] = []
    for i, clause in enumerate(mine):
        for k, other in enumerate(mine):
            if i == k or matched[i] == matched[k] or len(clause & theirs[matched[i]]) < 2:
                continue
            if len(other & theirs[matched[k]]) < 1:
                continue
            found += sorted((clause - other) & theirs[matched[k]] - theirs[matched[i]])
    return found


def _clauses(sentence: Sequence[Token]) -> list[set[str]]:
    """The content words of each clause; "while" and "but" also begin one."""
    found: list[set[str]] = [set()]
    previous = sentence[0].clause if sentence else 0
    for token in sentence:
        if token.clause != previous or token.text.lower() in ("while", "whereas", "but", "although"):
            found.append(set())
        previous = token.clause
        if token.content or token.number:
            found[-1].add(token.stem)
    return [clause for clause in found if len(clause) > 1]
