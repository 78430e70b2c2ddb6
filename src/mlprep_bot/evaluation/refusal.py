"""Refusal: does the evidence gate tell what the documents answer from what they do not?

Refusing is the positive class: precision is the share of refused questions that are unanswerable, recall the share of
unanswerable questions that are refused. For the risk-coverage curve an answer is right when its question is answerable
and its evidence is among the passages. "At 90% coverage" moves the floor to where 90% of this very set's answerable
questions pass, so that gates can be compared; the shipped floor was set on the dev split (`coverage` in the settings).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mlprep_bot.answering.understanding import Understood
from mlprep_bot.evaluation.figures import OURS, Measurement, Observations
from mlprep_bot.evaluation.questions import UNANSWERABLE, HeldOut
from mlprep_bot.evaluation.retrieval import holds

COSINE = "best cosine"
# Kinds whose refusal at 90% coverage is reported.
_AT_90 = ("near-domain", "far-domain")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, whether the gate let it through, and two scores for how answerable it looks."""

    question: HeldOut
    answered: bool
    score: float
    cosine: float
    found: bool  # its evidence is among the passages


def measure(
    asked: Iterable[HeldOut], understand: Callable[[HeldOut], Understood], timings: dict[str, list[float]]
) -> list[Measurement]:
    """The figures of the gate and of a threshold on the best cosine; `timings` collects seconds by stage."""
    seen = Observations("refusal")
    plain = Observations("refusal", COSINE, problems=seen.problems)  # both on the same questions, or not at all
    for question in asked:
        with seen.item(question.id):
            understood = understand(question)
            retrieved, evidence = understood.retrieved, understood.evidence
            _collect(timings, retrieved.timings)
            found = question.answerable and holds([p.text for p in retrieved.passages], question)
            cosine = float(retrieved.signals.values.get("best_cosine", 0.0))
            one = _Asked(question, evidence.sufficient, evidence.probability, cosine, found)
            _decisions(seen, one)
            _scores(seen, one, one.score)
            _scores(plain, one, one.cosine)
    return [*_figures(seen), *_comparable(plain)]


def _decisions(seen: Observations, asked: _Asked) -> None:
    question, refused = asked.question, float(not asked.answered)
    unanswerable = float(not question.answerable)
    seen.add("precision", question.id, question.cluster, unanswerable, refused)
    seen.add("recall", question.id, question.cluster, unanswerable, refused)
    name = "answered" if question.answerable else f"{question.kind} refused"
    seen.add(name, question.id, question.cluster, 1.0 - refused if question.answerable else refused)
    seen.add("calibration", question.id, question.cluster, 1.0 - unanswerable, asked.score)


def _scores(seen: Observations, asked: _Asked, score: float) -> None:
    question = asked.question
    answerable = float(question.answerable)
    for kind in _AT_90:
        if question.answerable or question.kind == kind:
            seen.add(f"{kind} refused at 90% coverage", question.id, question.cluster, answerable, score)
    if question.answerable or question.kind == "near-domain":
        seen.add("AUROC", question.id, question.cluster, answerable, score)
    seen.add("AURC", question.id, question.cluster, float(asked.found), score)


def _figures(seen: Observations) -> list[Measurement]:
    kinds = [f"{kind} refused" for kind in UNANSWERABLE if seen.samples.get(f"{kind} refused")]
    return [
        seen.measurement("answered", "mean", gated=True),
        *(seen.measurement(name, "mean", gated=True) for name in kinds),
        seen.measurement("precision", "precision"),
        seen.measurement("recall", "recall", gated=True),
        *_comparable(seen),
        seen.measurement("calibration", "calibration_error"),
    ]


def _comparable(seen: Observations) -> list[Measurement]:
    """What any score can be measured by, whatever its scale."""
    ours = seen.system == OURS
    statistics = {f"{kind} refused at 90% coverage": "refused_at_90" for kind in _AT_90} | {"AUROC": "auroc"}
    return [
        *(seen.measurement(name, how, gated=ours) for name, how in statistics.items() if _asked(seen, name)),
        seen.measurement("AURC", "aurc", gated=ours),
    ]


def _asked(seen: Observations, name: str) -> bool:
    """Whether there is an unanswerable question to measure it on; what raised may have been one."""
    return bool(seen.problems) or any(not sample.values[0] for sample in seen.samples.get(name, ()))


def _collect(timings: dict[str, list[float]], more: Mapping[str, float]) -> None:
    for stage, seconds in more.items():
        timings.setdefault(stage, []).append(seconds)
