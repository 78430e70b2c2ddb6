"""What tells an answer that makes a key point from one that does not: features of the pair (point, answer)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlprep_bot.answering.compare import compare
from mlprep_bot.answering.facts import Token, everyday, tokens
from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.fluency import fluency
from mlprep_bot.grading.reading import Reading, Said, stems_of
from mlprep_bot.ports import Vectors

_NEAR, _SAME = 0.45, 0.75  # cosines between which a word counts as said in other words
_ABOUT = 3  # sentences or clauses whose words count for a point
_ASKED = 0.3  # what a word of the question weighs beside another one
# Of the comparison with a wrong belief, what tells something about it.
_FORTH = (
    *("coverage", "soft_coverage", "pairs", "left_out", "number_missing"),
    *("negation", "negation_count", "opposite", "reversed", "reason_flip"),
)
_BACK = (
    *("coverage", "soft_coverage", "pairs", "new_terms", "number_missing"),
    *("negation", "negation_count", "opposite", "reversed"),
)


@dataclass(frozen=True, slots=True)
class Observed:
    """`values` by feature name; the stretches of the answer nearest to the point (`best`) and its wrong belief.

    `quote`: the one sentence or clause of `best` that is nearest to the point, to be shown as evidence.
    `leans`: how much nearer `against`, one sentence or clause, is to the wrong belief than to the point (cosines).
    """

    values: dict[str, float]
    best: Said | None = None
    quote: Said | None = None
    against: Said | None = None
    leans: float = 0.0


@dataclass(frozen=True, slots=True)
class _Near:
    """A statement beside the stretch of the answer that is nearest to it."""

    parsed: list[Token]
    vector: Vectors
    cosines: Vectors  # to every stretch
    at: int
    forth: Mapping[str, float]  # does the answer say the statement?
    back: Mapping[str, float]  # does the statement say what the answer says there?


def observe(point: KeyPoint, reading: Reading, rubric: Sequence[KeyPoint] = ()) -> Observed:
    """The features of one key point beside the others of its `rubric`; no features when the answer offers nothing."""
    if reading.empty or not reading.windows:
        return Observed({})
    windows = np.stack([said.vector for said in reading.windows])
    near = _nearest(point.text, windows, reading)
    wanted = [t for t in near.parsed if t.content or t.number]
    said = _said(wanted, _about(near.cosines, wanted, reading), reading)
    values = {
        **_similarity(near, windows, reading),
        **_coverage(wanted, said, reading),
        **_form(wanted, reading.windows[near.at]),
        **{f"c_{name}": value for name, value in near.forth.items()},
        **{f"b_{name}": value for name, value in near.back.items()},
        **_distinct(near, wanted, said, windows, [other for other in rubric if other is not point], reading),
    }
    best = reading.windows[near.at]
    single = [at for at, said in enumerate(reading.windows) if len(said.tokens) == 1]
    inside = [at for at in single if best.start <= reading.windows[at].start and reading.windows[at].end <= best.end]
    quote = reading.windows[max(inside, key=lambda at: float(near.cosines[at]))] if inside else best
    if not point.wrong:
        return Observed(values, best, quote)
    wrong = _nearest(point.wrong, windows, reading)
    values |= _against(near, wrong, windows, reading)
    at = max(single, key=lambda i: float(wrong.cosines[i]))
    leans = float(wrong.cosines[at] - near.cosines[at])
    return Observed(values, best, quote, reading.windows[at], leans)


def _nearest(statement: str, windows: Vectors, reading: Reading) -> _Near:
    """The stretch of the answer that is nearest by meaning and words, compared with the statement both ways."""
    parsed = tokens(statement)
    vector = reading.vectors.embed([statement])[0]
    cosines = windows @ vector
    wanted = stems_of(parsed)
    promise = [
        float(cosine) + len(wanted & stems_of(said.flat)) / max(1, len(wanted)) - 0.02 * len(said.tokens)
        for cosine, said in zip(cosines, reading.windows, strict=True)
    ]
    at = int(np.argmax(promise))
    best, cosine = reading.windows[at], float(cosines[at])
    alike, asked = reading.vectors.similarities, reading.asked_stems
    forth = compare(parsed, best.tokens, reading.everything, asked, cosine, alike)
    back = compare(best.flat, [parsed], [*parsed, *reading.asked], asked, cosine, alike)
    return _Near(parsed, vector, cosines, at, forth.features, back.features)


def _similarity(near: _Near, windows: Vectors, reading: Reading) -> dict[str, float]:
    asked, vector = reading.question_vector, near.vector
    at_question = float(vector @ asked)
    # Demoting the question: what is left of both sides when its direction is taken out.
    rest = vector - at_question * asked
    others = windows - np.outer(windows @ asked, asked)
    norms = np.linalg.norm(others, axis=1) * max(1e-6, float(np.linalg.norm(rest)))
    return {
        "cosine": float(near.cosines.max()),
        "cosine_whole": float(reading.whole @ vector),
        "cosine_question": at_question,
        "cosine_rest": float((others @ rest / np.maximum(1e-6, norms)).max()),
    }


def _about(cosines: Vectors, wanted: Sequence[Token], reading: Reading) -> list[Token]:
    """The words of the few sentences or clauses that are nearest: elsewhere they would be about something else."""
    stems = {t.stem for t in wanted}
    single = [at for at, said in enumerate(reading.windows) if len(said.tokens) == 1]
    shared = {at: len(stems & stems_of(reading.windows[at].flat)) / max(1, len(stems)) for at in single}
    nearest = sorted(single, key=lambda at: -(float(cosines[at]) + shared[at]))[:_ABOUT]
    return [token for at in nearest for token in reading.windows[at].flat]


def _said(wanted: Sequence[Token], there: Sequence[Token], reading: Reading) -> list[float]:
    """For each content word or number of the point 1 when it stands `there`, less for something like it, else 0."""
    stems = stems_of(there)
    scores = [1.0 if t.stem in stems else 0.0 for t in wanted]
    rest = [i for i, score in enumerate(scores) if score == 0.0 and wanted[i].number is None]
    words = list(dict.fromkeys(t.text.lower() for t in there if t.content))
    if rest and words:
        near = reading.vectors.similarities([wanted[i].text.lower() for i in rest], words).max(axis=1)
        for i, cosine in zip(rest, near, strict=True):
            scores[i] = 0.9 * float(np.clip((cosine - _NEAR) / (_SAME - _NEAR), 0.0, 1.0))
    return scores


def _coverage(wanted: Sequence[Token], nearness: Sequence[float], reading: Reading) -> dict[str, float]:
    """How much of the point's words the answer has; `new` leaves out those of the question, `rare` everyday words."""
    common = everyday()
    new = [t.stem not in reading.asked_stems for t in wanted]
    rare = [n and t.stem not in common for t, n in zip(wanted, new, strict=True)]
    exact = [float(score >= 1.0) for score in nearness]
    return {
        "cover": _mean(exact),
        "cover_soft": _mean(nearness),
        "cover_new": _mean([s for s, n in zip(exact, new, strict=True) if n], 0.0),
        "cover_new_soft": _mean([s for s, n in zip(nearness, new, strict=True) if n], 0.0),
        "cover_rare": _mean([s for s, n in zip(nearness, rare, strict=True) if n], _mean(nearness)),
        "share_new": _mean([float(n) for n in new]),
        "numbers": _mean([s for s, t in zip(exact, wanted, strict=True) if t.number], 0.0),
        "has_numbers": float(any(t.number for t in wanted)),
    }


def _mean(values: Sequence[float], default: float = 0.0) -> float:
    return sum(values) / len(values) if values else default


def _form(wanted: Sequence[Token], best: Said) -> dict[str, float]:
    """How the nearest stretch is worded. Nothing here looks at the rest of the answer, since padding must not pay."""
    words = best.flat
    said = sum(1 for t in words if t.content or t.number)
    return {
        "length_ratio": min(1.0, said / max(1, len(wanted))),
        "point_length": math.log1p(len(wanted)),
        "function_words": 1.0 - said / max(1, len(words)),
        "fluency": min(1.0, max(-2.0, fluency(best.text))),
    }


def _distinct(
    near: _Near,
    wanted: Sequence[Token],
    said: Sequence[float],
    windows: Vectors,
    others: Sequence[KeyPoint],
    reading: Reading,
) -> dict[str, float]:
    """Whether what was said is about this point rather than about another one of the rubric."""
    if not others:
        return {"cover_own": _mean(said)}
    theirs = windows @ reading.vectors.embed([other.text for other in others]).T
    known = [stems_of(tokens(other.text)) for other in others]
    # A word that other points have too, or the question, tells less about this one.
    rarity = [
        (_ASKED if t.stem in reading.asked_stems else 1.0) / (1.0 + 2.0 * sum(t.stem in stems for stems in known))
        for t in wanted
    ]
    total = max(1e-6, sum(rarity))
    return {
        "lead": float((near.cosines - theirs.max(axis=1)).max()),
        "lead_best": float(near.cosines[near.at] - theirs[near.at].max()),
        "rank": float((theirs.max(axis=0) > near.cosines.max()).mean()),
        "cover_own": sum(r * s for r, s in zip(rarity, said, strict=True)) / total,
        "cover_own_exact": sum(r * (s >= 1.0) for r, s in zip(rarity, said, strict=True)) / total,
    }


def _against(near: _Near, wrong: _Near, windows: Vectors, reading: Reading) -> dict[str, float]:
    """Nearness to the stated wrong belief, and whether the answer leans to it or to the point."""
    at = int(wrong.cosines.argmax())
    apart = wrong.vector - near.vector
    turned = windows @ (apart / max(1e-6, float(np.linalg.norm(apart))))
    own, other = stems_of(near.parsed), stems_of(wrong.parsed)
    said = stems_of(reading.windows[at].flat)
    only_wrong, only_right = other - own, own - other
    return {
        "has_wrong": 1.0,
        "wrong": float(wrong.cosines.max()),
        "wrong_margin": float(wrong.cosines[at] - near.cosines[at]),
        "wrong_margin_best": float(wrong.cosines[near.at] - near.cosines[near.at]),
        "wrong_words": len(said & only_wrong) / max(1, len(only_wrong))
        - len(said & only_right) / max(1, len(only_right)),
        "turned_max": float(turned.max()),
        "turned_near": float(turned[at]),
        "turned_heavy": float(turned[int((wrong.cosines + near.cosines).argmax())]),
        "turned_best": float(turned[near.at]),
        **{f"w_{name}": wrong.forth[name] for name in _FORTH},
        **{f"wb_{name}": wrong.back[name] for name in _BACK},
    }
