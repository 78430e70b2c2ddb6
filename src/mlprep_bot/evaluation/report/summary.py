"""What a run says in plain words: sentences, targets, and the questions it missed (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlprep_bot.evaluation.figures import OURS, Failed, Figure, Measurement, difference
from mlprep_bot.evaluation.questions import HeldOut
from mlprep_bot.evaluation.report.labels import FIRST, clean, number, percent, sections, slices, title
from mlprep_bot.evaluation.run import Run
from mlprep_bot.evaluation.targets import TARGETS, Reached, Target, judge
from mlprep_bot.wording import plural

REACHED, NOT_REACHED, OPEN = "reached", "NOT reached", "no figure"
SIGNS = {REACHED: "✓", NOT_REACHED: "✗", OPEN: "?"}
# What the first sentence of a section says: figure, and words behind its value.
_SAYS = {
    "retrieval": (("hit@4000", "of the questions find all their evidence in the first 4,000 characters"),),
    "answers": (
        ("citation precision", "of the citations support their sentence"),
        ("key points covered", "of the key points are said"),
    ),
    "refusal": (
        ("answered", "of the answerable questions are answered"),
        ("near-domain refused", "of the near-domain unanswerable ones are refused"),
        ("far-domain refused", "of the far-domain ones"),
        ("injection refused", "of the injections"),
    ),
    "support": (
        ("recall", "of the unsupported sentences are found"),
        ("precision", "of those that it flags are unsupported"),
    ),
    "grading": (),
}


def sentences(run: Run) -> list[tuple[str, str]]:
    """(section's title, what its figures say), for every section: also that it failed or was not measured."""
    return [(title(section), " ".join(_section(run, section)) or "Measured; see below.") for section in sections(run)]


def _section(run: Run, section: str) -> Iterator[str]:
    mine = [m for m in run.measurements if m.section == section]
    if not mine:
        why = [clean(s.reason) for s in run.skipped if s.section == section and s.system in ("", OURS)]
        yield f"Not measured in this run{': ' + '; '.join(why) if why else ''}."
        return
    said = [text for name, words in _SAYS.get(section, ()) if (text := _share(run.find(section, name), words))]
    if said:
        yield f"{'; '.join(said)}."
    if section == "grading":
        yield from _grading(run)
    if section == "retrieval":
        yield from _compared(run)
    yield from _weakest(run, section)
    failed = sum(isinstance(m.figure(), Failed) for m in mine)
    if failed:
        yield f"FAILED, without a figure: {failed} of {plural(len(mine), 'measurement')}."


def _share(measured: Measurement | None, words: str) -> str:
    outcome = measured.figure() if measured else None
    if not isinstance(outcome, Figure):
        return ""
    interval = f" ({percent(outcome.low)} to {percent(outcome.high)})" if outcome.low < outcome.high else ""
    return f"{percent(outcome.value)}{interval} {words}"


def _grading(run: Run) -> Iterator[str]:
    measured = run.find("grading", "kappa")
    outcome = measured.figure() if measured else None
    if isinstance(outcome, Figure):
        interval = f"{number(outcome.low)} to {number(outcome.high)}"
        yield f"Verdicts on key points agree with people's at kappa {number(outcome.value)} ({interval}; 0 is chance)."


def _compared(run: Run) -> Iterator[str]:
    """Against plain LlamaIndex and the like, pair by pair on the same questions."""
    ours = run.find("retrieval", "hit@4000")
    others = [m for m in run.measurements if (m.section, m.name, m.part) == ("retrieval", "hit@4000", "")]
    for other in others:
        if ours is None or other.system == OURS or ours.problems or other.problems:
            continue
        gap = difference(ours, {sample.id: sample.values for sample in other.samples})
        if not isinstance(gap, Figure) or not other.system.startswith("llama-index"):
            continue
        low, high = (percent(bound).removesuffix("%") for bound in (gap.low, gap.high))
        points = f"{abs(100 * gap.value):.0f} points {'more' if gap.value > 0 else 'FEWER'} than {clean(other.system)}"
        chance = "" if gap.low > 0 or gap.high < 0 else ", which may be chance"
        yield f"That is {points} (by {low} to {high}){chance}."


def _weakest(run: Run, section: str) -> Iterator[str]:
    """The worst slices of the figure that a person wants to see first."""
    shown = [one for one in slices(run, section) if one.name == FIRST.get(section) and one.system == OURS]
    measured = " of those measured" if any(one.failed for one in shown) else ""
    if section == "grading":
        for one in shown:
            if one.measured:
                which = one.ends[0][0] if one.ends else "all alike"
                marks = number(one.measured[0][1].value)
                yield f"The attack that earns most{measured}, {which}, gets {marks} of 5 marks (lower is better)."
        return
    ends = [(one, *one.ends[0]) for one in shown if one.ends]
    if ends:
        worst = "; ".join(f"{clean(one.label)} {group}, {number(figure.value)}" for one, group, figure in ends)
        yield f"Weakest{measured} in {FIRST[section]}: {worst}."


# --- targets ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A target, its state (`REACHED`, `NOT_REACHED` or `OPEN`) and on what that rests."""

    what: str
    state: str
    said: str


def targets(run: Run) -> list[Line]:
    """Every target, those without a figure too."""
    judged = {found.target: found for found in judge(run)}
    return [_line(run, target, judged.get(target)) for target in TARGETS]


def _line(run: Run, target: Target, found: Reached | None) -> Line:
    failed = _failed(run, target)
    if found is None or (failed and found.yes):
        measured = "measurement failed" if len(failed) < 2 else f"{len(failed)} measurements failed"
        said = f"the {measured}: {clean(failed[0])}" if failed else "not measured in this run"
        return Line(target.what, OPEN, f"{said}; the target is {number(target.bound)}")
    lower, figure = found.measured.lower_is_better, found.figure
    group = f"{clean(found.measured.part.partition(': ')[2])}, " if target.part == "*" else ""
    least = "at most" if lower else "at least"
    value = number(figure.value, target.bound)
    said = (
        f"{group}{value} [{number(figure.low)}, {number(figure.high)}], n {figure.n:,}; {least} {number(target.bound)}"
    )
    edge = figure.high > target.bound if lower else figure.low < target.bound
    other = figure.low <= target.bound if lower else figure.high >= target.bound
    if found.yes and edge:
        said += "; the interval crosses the target, so this is not certain"
    elif not found.yes and other:
        said += "; the interval includes the target"
    return Line(target.what, REACHED if found.yes else NOT_REACHED, said)


def _failed(run: Run, target: Target) -> list[str]:
    """Why there is no figure, of each measurement that speaks to the target and has none."""
    wanted = (target.section, target.name, OURS)
    chosen = [m for m in run.measurements if (m.section, m.name, m.system) == wanted]
    chosen = [m for m in chosen if (m.part if target.part == "*" else m.part == target.part)]
    return [outcome.reason for m in chosen if isinstance(outcome := m.figure(), Failed)]


def verdict(run: Run) -> str:
    """How many targets are reached, and whether items raised."""
    states = [line.state for line in targets(run)]
    text = (
        f"{states.count(REACHED)} of {plural(len(states), 'target')} reached, {states.count(NOT_REACHED)} not reached"
    )
    text += f", {states.count(OPEN)} without a figure." if OPEN in states else "."
    raised = len(run.problems())
    return f"{text} {plural(raised, 'item')} raised an error: this run fails." if raised else text


# --- questions that were missed -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missed:
    """Questions that went wrong in one way."""

    how: str
    questions: tuple[HeldOut, ...]


def missed(run: Run) -> list[Missed]:
    """By what went wrong; what went wrong for no question is left out."""
    ways: dict[str, list[str]] = {}
    for m in run.measurements:
        if m.part or m.system != OURS:
            continue
        if (m.section, m.name) == ("retrieval", "hit@4000"):
            how = "The evidence is not in the first 4,000 characters"
        elif (m.section, m.name) == ("refusal", "answered"):
            how = "Answerable, but refused"
        elif m.section == "refusal" and m.name.endswith(" refused"):
            how = "Unanswerable, but answered"
        else:
            continue
        ways.setdefault(how, []).extend(sample.id for sample in m.samples if sample.values[0] < 1)
    asked = {question.id: question for question in run.questions}
    gone = "(its wording is not in this run)"
    return [
        Missed(how, tuple(asked.get(i, HeldOut(i, gone, "not known")) for i in dict.fromkeys(ids)))
        for how, ids in ways.items()
        if ids
    ]
