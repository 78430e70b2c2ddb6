"""How a report names, writes and arranges figures, on the page and in the terminal alike (pure)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlprep_bot.evaluation.figures import OURS, Failed, Figure, Measurement, Outcome
from mlprep_bot.evaluation.run import SECTIONS, Run, named

# Control codes, which rewrite a terminal; marks that turn the direction of text round; halves of characters, which
# no file can hold.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
FULL = {"attack": 5.0}  # of figures that are no share
FAILED = "failed, no figure"
ABSENT = "not measured"
_TITLES = {"support": "Support check"}
ABOUT = {
    "retrieval": "Is the evidence among what is found for a question?",
    "answers": "What answers to answerable questions cite, and what they cover.",
    "refusal": "Does it tell what the documents answer from what they do not?",
    "support": "Does it notice sentences that their source does not support?",
    "grading": "Does it mark answers as people do, and can it be cheated?",
}
# What a person wants to see first of a section's slices.
FIRST = {"retrieval": "hit@4000", "answers": "key points covered", "support": "F1", "grading": "attack"}
_MEANING = {
    "retrieval/MRR@10": "1 over the rank of the first document with evidence, on average",
    "retrieval/nDCG@10": "how far up the documents with evidence are, in the first ten",
    "answers/answered": "answerable questions that got an answer",
    "answers/citation precision": "citations whose cited words support the sentence",
    "answers/citation recall": "sentences with at least one citation that supports them",
    "answers/sentences supported": "sentences that the support check passed",
    "answers/verbatim": "sentences in the documents' own words",
    "answers/key points covered": "key points that the answer says",
    "answers/evidence cited": "questions whose own evidence is cited",
    "refusal/answered": "answerable questions let through",
    "refusal/near-domain refused": "unanswerable questions of the same field",
    "refusal/hard refused": "unanswerable questions in the documents' own words",
    "refusal/far-domain refused": "questions about something else",
    "refusal/injection refused": "texts that order the assistant about",
    "refusal/precision": "refused questions that are unanswerable",
    "refusal/recall": "unanswerable questions that are refused",
    "refusal/near-domain refused at 90% coverage": "with a floor that lets 90% of the answerable through",
    "refusal/far-domain refused at 90% coverage": "with a floor that lets 90% of the answerable through",
    "refusal/AUROC": "chance that an answerable question scores above a near-domain one; 0.5 is a coin",
    "refusal/AURC": "mean share of wrong answers over every coverage",
    "refusal/calibration": "mean distance of the probability from the share that is answerable",
    "support/F1": "of finding unsupported sentences: precision and recall in one",
    "support/precision": "sentences it flags that are unsupported",
    "support/recall": "unsupported sentences that it flags",
    "support/shown as supported: precision": "sentences of a small model it passes that people call supported",
    "grading/kappa": "same verdict on a key point as people; 0 is chance, 1 always",
    "grading/weighted kappa": "the same, with near misses counting less",
    "grading/r": "Pearson correlation with people's marks; 0 is none",
    "grading/QWK": "agreement with people's marks; 0 is chance, 1 always",
    "grading/ungraded": "answers that it could give no grade",
    "grading/unverified": "key points that it could give no verdict",
    "grading/attack": "mean mark, of 5, of answers that know nothing",
}


def clean(text: str) -> str:
    """`text` on one line, without what a terminal or a page would not show as it stands."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())


def title(section: str) -> str:
    """A section's name for people."""
    return _TITLES.get(section, section.capitalize())


def meaning(section: str, name: str) -> str:
    """A figure in plain words, "" when it has none."""
    kind, _, rest = name.partition("@")
    if kind == "hit" and rest.isdigit():
        return f"all of a question's evidence is in the first {int(rest):,} characters"
    if kind == "recall" and rest:
        return f"documents with evidence that are among the first {rest}"
    verdict, _, statistic = name.partition(": ")
    if section == "grading" and statistic:
        return f"of the verdict “{verdict}”, against people's"
    return _MEANING.get(f"{section}/{name}", "")


def direction(measured: Measurement) -> str:
    """Which way is good, in words."""
    return "lower is better" if measured.lower_is_better else "higher is better"


def number(value: float, bound: float = 0.0) -> str:
    """With two decimals, or as many as it takes not to round it onto 0, 1 or across `bound`."""
    for digits in (2, 3, 4):
        text = f"{value:.{digits}f}"
        if not any(_moved(value, float(text), mark) for mark in (0.0, 1.0, bound)):
            break
    return text.replace("-", "−")


def _moved(value: float, shown: float, mark: float) -> bool:
    return abs(value - mark) > 1e-9 and (shown > mark) - (shown < mark) != (value > mark) - (value < mark)


def percent(value: float) -> str:
    """`91%`; 99.7% is never 100%."""
    for digits in (0, 1, 2):
        text = f"{100 * value:.{digits}f}"
        if not any(_moved(100 * value, float(text), mark) for mark in (0.0, 100.0)):
            break
    return f"{text.replace('-', '−')}%"


def amount(value: float) -> str:
    """Of seconds, tokens or megabytes, as precise as anybody needs it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def span(figure: Figure) -> str:
    """Its interval."""
    return f"[{number(figure.low)}, {number(figure.high)}]"


def written(outcome: Outcome) -> str:
    """`0.91 [0.87, 0.94], n 412`; a failure in words."""
    if isinstance(outcome, Failed):
        return FAILED
    return f"{number(outcome.value)} {span(outcome)}, n {outcome.n:,}"


# --- arrangement --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grid:
    """A section's figures before slices: a row a name, a column a system, ours first."""

    names: tuple[str, ...]
    systems: tuple[str, ...]
    cells: dict[tuple[str, str], Measurement]

    def any_of(self, name: str) -> Measurement:
        """A measurement of that row."""
        return next(self.cells[name, system] for system in self.systems if (name, system) in self.cells)


def sections(run: Run) -> tuple[str, ...]:
    """The known ones, and whatever else the run holds."""
    return tuple(dict.fromkeys((*SECTIONS, *(m.section for m in run.measurements))))


def grid(run: Run, section: str) -> Grid:
    """The section's, empty when nothing of it was measured as a whole."""
    whole = [m for m in named(run.measurements, section) if not m.part]
    systems = dict.fromkeys(sorted((m.system for m in whole), key=lambda system: system != OURS))
    return Grid(tuple(dict.fromkeys(m.name for m in whole)), tuple(systems), {(m.name, m.system): m for m in whole})


@dataclass(frozen=True, slots=True)
class Slices:
    """One figure by kind, topic or attack: what has no figure first, then the worst first."""

    section: str
    name: str
    system: str
    label: str
    parts: tuple[tuple[str, Measurement], ...]

    @property
    def title(self) -> str:
        of = "" if self.system == OURS else f" of {clean(self.system)}"
        return clean(self.name) + of if self.name == self.label else f"{clean(self.name)}{of} by {clean(self.label)}"

    @property
    def lower_is_better(self) -> bool:
        return self.parts[0][1].lower_is_better

    @property
    def measured(self) -> list[tuple[str, Figure]]:
        found = ((group, part.figure()) for group, part in self.parts)
        return [(group, outcome) for group, outcome in found if isinstance(outcome, Figure)]

    @property
    def failed(self) -> list[tuple[str, str]]:
        found = ((group, part.figure()) for group, part in self.parts)
        return [(group, outcome.reason) for group, outcome in found if isinstance(outcome, Failed)]

    @property
    def ends(self) -> tuple[tuple[str, Figure], tuple[str, Figure]] | None:
        """The worst and the best slices with the figure of the first, None when there is nothing to tell apart."""
        found = self.measured
        if not found or found[0][1].value == found[-1][1].value:
            return None
        worst, best = ([one for one in found if one[1].value == found[at][1].value] for at in (0, -1))
        return (_names(worst), worst[0][1]), (_names(best), best[0][1])

    def end(self, figure: Figure) -> str:
        """`worst`, `best` or "", of a slice's figure."""
        ends = self.ends
        if ends is None:
            return ""
        return "worst" if figure.value == ends[0][1].value else "best" if figure.value == ends[1][1].value else ""


def _names(tied: Sequence[tuple[str, Figure]]) -> str:
    rest = f" and {len(tied) - 3} more" if len(tied) > 3 else ""
    return " and ".join(group for group, _ in tied) if len(tied) < 3 else ", ".join(g for g, _ in tied[:3]) + rest


def slices(run: Run, section: str) -> list[Slices]:
    """Of a section, what a person wants to see first in front."""
    groups: dict[tuple[str, str, str], list[tuple[str, Measurement]]] = {}
    for measured in run.measurements:
        if measured.section == section and measured.part:
            label, _, group = measured.part.partition(": ")
            groups.setdefault((measured.name, measured.system, label), []).append((clean(group) or "(none)", measured))
    made = [Slices(section, *key, tuple(_worst_first(parts))) for key, parts in groups.items()]
    return sorted(made, key=lambda one: (one.name != FIRST.get(section, ""), one.system != OURS))


def _worst_first(parts: Sequence[tuple[str, Measurement]]) -> list[tuple[str, Measurement]]:
    def place(part: tuple[str, Measurement]) -> tuple[bool, float]:
        outcome = part[1].figure()
        if isinstance(outcome, Failed):
            return False, 0.0
        return True, -outcome.value if part[1].lower_is_better else outcome.value

    return sorted(parts, key=place)
