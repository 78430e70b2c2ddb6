"""What each section of an evaluation observes, with small hand-made retrievers, gates, checkers and graders."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

import numpy as np
import pytest

from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.adapters.scripted import ScriptedChat
from mlprep_bot.answering.evidence import Evidence
from mlprep_bot.answering.understanding import Understood
from mlprep_bot.app import App
from mlprep_bot.domain import (
    Answer,
    Citation,
    KeyPoint,
    Passage,
    Ranking,
    Retrieved,
    Sentence,
    Signals,
    Source,
    Span,
    Status,
    Turn,
    Verdict,
)
from mlprep_bot.errors import BadQuestions
from mlprep_bot.evaluation import answers, grading, refusal, retrieval, support
from mlprep_bot.evaluation.attacks import ATTACKS, negate
from mlprep_bot.evaluation.figures import Failed, Figure
from mlprep_bot.evaluation.graded import Graded
from mlprep_bot.evaluation.harness import Harness
from mlprep_bot.evaluation.metering import Metered
from mlprep_bot.evaluation.metrics import STATISTICS
from mlprep_bot.evaluation.plan import Others, Plan, thinned
from mlprep_bot.evaluation.questions import Gold, HeldOut
from mlprep_bot.evaluation.run import Run
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, Ungraded, grade
from mlprep_bot.ports import Message
from mlprep_bot.settings import Settings

RANKING = Ranking(1, 1, None, None, 1.0)


def passage(text, document="a.md", start=0):
    end = start + len(text)
    return Passage(1, text, document, start, end, "", "", 1.0, (Source(document, start, end),), RANKING)


def ask(identity, *evidence, kind="fact", **more):
    """A question; evidence as (document, text) or (document, text, part)."""
    return HeldOut(identity, f"what about {identity}?", kind, gold=tuple(Gold(*one) for one in evidence), **more)


def value(measurements, name, part="", system=None):
    """The statistic itself: these handfuls of items are too few for an interval."""
    chosen = [m for m in measurements if (m.name, m.part) == (name, part) and system in (None, m.system)]
    assert len(chosen) == 1, [m.key for m in measurements]
    assert not chosen[0].problems
    rows = np.array([sample.values for sample in chosen[0].samples])
    return STATISTICS[chosen[0].statistic](rows, np.ones(len(rows)))


def items(measurements, name):
    return {sample.id: sample.values for m in measurements if m.name == name and not m.part for sample in m.samples}


def all_failed(measurements, identity):
    """Every figure failed and says why, and the item is a problem of the run."""
    run = Run("n", "test", "", {}, (), tuple(measurements))
    assert identity in {item for _, item, _ in run.problems()}
    return all(isinstance(m.figure(), Failed) and identity in m.figure().reason for m in measurements)


# --- retrieval ----------------------------------------------------------------------------------


def by_id(question):
    """What is searched for a question, in these tests."""
    return question.id


class Table:
    """Finds what a table says: by query the texts in order, until the budget is full."""

    def __init__(self, found):
        self.found = found

    def find(self, query, budgets):
        texts = self.found[query]
        kept = []
        for budget in budgets:
            room, inside = budget, []
            for document, text in texts:
                room -= len(text)
                if room >= 0:
                    inside.append((document, text))
            kept.append(inside)
        return kept


def test_hits_need_a_piece_of_evidence_for_every_part():
    either = ask("either", ("a.md", "first words"), ("b.md", "other words"))
    both = ask("both", ("a.md", "first words", 0), ("b.md", "other words", 1), kind="two-passage")
    mixed = ask("mixed", ("a.md", "no such", 0), ("a.md", "first words", 0), ("b.md", "other words", 1))
    assert retrieval.holds(["the other words."], either)
    assert not retrieval.holds(["the other words."], both)
    assert not retrieval.holds(["the first words."], both)
    assert retrieval.holds(["the other words.", "at first words"], both)
    assert retrieval.holds(["first words and other words"], both)
    assert retrieval.holds(["first words", "other words"], mixed)
    assert not retrieval.holds([], either)


def test_evidence_is_found_whatever_its_line_breaks_but_inside_one_passage():
    question = ask("q", ("a.md", "a long\nsentence of\n  two lines"))
    assert retrieval.holds(["Here is a  long sentence\n\nof two lines."], question)
    assert not retrieval.holds(["Here is a long sentence", "of two lines."], question)
    assert not retrieval.holds(["A LONG sentence of two lines"], question)


def test_retrieval_by_budget_and_by_rank_of_documents():
    filler = "x" * 1990
    near, far = ask("near", ("a.md", "needle")), ask("far", ("c.md", "needle"))
    none = ask("none", ("z.md", "needle"))
    finder = Table(
        {
            "near": [("a.md", "a needle")],
            # Two passages of a.md: c.md is the third document, though the fourth passage.
            "far": [("a.md", filler), ("a.md", filler), ("b.md", filler), ("c.md", "a needle")],
            "none": [],
        }
    )
    found = retrieval.measure([near, far, none], by_id, finder)
    assert items(found, "hit@2000") == items(found, "hit@4000") == {"near": (1,), "far": (0,), "none": (0,)}
    assert items(found, "hit@8000") == {"near": (1,), "far": (1,), "none": (0,)}
    assert items(found, "MRR@10") == {"near": (1,), "far": (pytest.approx(1 / 3),), "none": (0,)}
    assert items(found, "recall@1") == {"near": (1,), "far": (0,), "none": (0,)}
    assert items(found, "recall@5") == {"near": (1,), "far": (1,), "none": (0,)}
    assert items(found, "nDCG@10")["far"] == (pytest.approx(0.5),)
    assert value(found, "recall@5") == pytest.approx(2 / 3)
    assert {m.name for m in found if m.gated} == {"hit@4000", "hit@8000", "nDCG@10"}
    assert not any(m.gated for m in retrieval.measure([near], by_id, finder, "dense"))


def test_a_budget_that_is_too_small_misses():
    question = ask("q", ("a.md", "needle"))
    finder = Table({"q": [("b.md", "y" * 1999), ("a.md", "needle " * 300)]})  # 2,100 characters
    found = retrieval.measure([question], by_id, finder)
    assert [value(found, f"hit@{budget}") for budget in (2000, 4000, 8000)] == [0, 0, 1]


def test_a_search_that_raises_fails_every_figure_of_its_system():
    one, two = ask("one", ("a.md", "needle")), ask("two", ("a.md", "needle"))
    finder = Table({"one": [("a.md", "needle")]})
    found = retrieval.measure([one, two], by_id, finder)
    assert all_failed(found, "two")
    assert all_failed(retrieval.slices(found, [one, two], ("hit@4000",)), "two")
    assert all_failed(retrieval.measure([two], by_id, finder), "two")


def test_slices_by_kind_and_topic():
    one = ask("one", ("a.md", "needle"), topic="cost")
    two = ask("two", ("a.md", "needle"), kind="follow-up")
    finder = Table({"one": [("a.md", "needle")], "two": []})
    found = retrieval.measure([one, two], by_id, finder)
    parts = retrieval.slices(found, [one, two], retrieval.SLICED)
    assert {(m.name, m.part, m.figure().value) for m in parts} == {
        (name, part, expected)
        for name in ("hit@4000", "nDCG@10")
        for part, expected in (("kind: fact", 1.0), ("kind: follow-up", 0.0), ("topic: cost", 1.0))
    }


# --- answers ------------------------------------------------------------------------------------

DOCUMENT = "Dropout switches units off. It regularises a network. Bagging averages trees."


@dataclass
class Found:
    supported: bool
    reason: str = "said"
    passage: Passage | None = None
    span: Span | None = None
    score: float = 1.0


class Within:
    """Says yes when a passage holds all words of the sentence; raises when it reads the word "boom"."""

    def check(self, sentence, passages):
        words = set(sentence.lower().strip(".").split())
        if "boom" in words:
            raise ValueError("boom")
        said = any(words <= set(one.text.lower().replace(".", "").split()) for one in passages)
        return Found(said, passage=passages[0], span=Span(passages[0].start, passages[0].end))


def citation(quote):
    start = DOCUMENT.index(quote)
    return Citation("S1", "a.md", "", start, start + len(quote), quote)


def sentence(text, *quotes, verdict=Verdict.SUPPORTED, reason=""):
    return Sentence(text, verdict, reason, tuple(citation(quote) for quote in quotes))


class Writer:
    """Answers what a table says, refuses the rest, and remembers the conversation that it was handed."""

    writer_name = "table"

    def __init__(self, said):
        self.said = said
        self.history = []

    def answer(self, question, history=()):
        self.history.append(tuple(history))
        said = self.said.get(question, ())
        status = Status.ANSWERED if said else Status.NOT_IN_CORPUS
        return Answer(question, question, status, tuple(said), (), "table", 0.1)


def measured_answers(questions, said):
    seconds = []
    found = answers.measure(questions, Writer(said), Within(), {"a.md": DOCUMENT}.__getitem__, seconds)
    return found, seconds


def test_answers_by_claim_and_citation():
    question = ask("q", ("a.md", "Dropout switches units off."), key_points=("units off", "trees averages", "no word"))
    said = [
        sentence("Dropout switches units off.", "Dropout switches units off."),
        sentence("Trees bagging averages.", "It regularises a network.", "Bagging averages trees."),
        sentence("made up", "It regularises a network.", verdict=Verdict.UNSUPPORTED),
        sentence("uncited claim", verdict=Verdict.UNCITED, reason="the model names no passage"),
        sentence("Summary", verdict=Verdict.UNCITED, reason="not a claim: a heading"),
    ]
    found, seconds = measured_answers([question], {question.question: said})
    assert items(found, "answered") == {"q": (1,)}
    assert items(found, "citation precision") == {"q": (2, 4)}
    assert items(found, "citation recall") == {"q": (2, 4)}
    assert items(found, "sentences supported") == {"q": (2, 4)}
    assert items(found, "verbatim") == {"q": (1, 4)}
    assert items(found, "key points covered") == {"q": (2, 3)}
    assert items(found, "evidence cited") == {"q": (1,)}
    assert len(seconds) == 1
    assert all(m.gated for m in found)


def test_a_refused_question_says_nothing_of_citations_and_covers_nothing():
    told, refused = (ask(name, ("a.md", "Bagging averages trees."), key_points=("trees",)) for name in ("a", "b"))
    said = {told.question: [sentence("Bagging averages trees.", "Bagging averages trees.")]}
    found, _ = measured_answers([told, refused], said)
    assert value(found, "answered") == 0.5
    assert value(found, "citation precision") == 1.0
    assert items(found, "citation precision")["b"] == (0, 0)
    assert value(found, "key points covered") == 0.5
    assert value(found, "evidence cited") == 0.5


def test_nothing_said_at_all_has_no_precision():
    question = ask("q", ("a.md", "Bagging averages trees."))
    found, _ = measured_answers([question], {})
    by_name = {m.name: m.figure() for m in found}
    assert by_name["answered"].value == 0.0
    for name in ("citation precision", "citation recall", "sentences supported", "verbatim"):
        assert by_name[name] == Failed("not defined on these items")
    assert "key points covered" not in by_name  # nobody wrote down what an answer should say


def test_evidence_is_cited_by_parts_and_by_overlap():
    parts = ask("q", ("a.md", "Dropout switches units off.", 0), ("a.md", "Bagging averages trees.", 1))
    texts = {"a.md": DOCUMENT}.__getitem__
    assert answers.cited(parts, [citation("switches")], texts) == 0.5
    assert answers.cited(parts, [citation("units off. It regularises"), citation("trees.")], texts) == 1.0
    assert answers.cited(parts, [citation(" It regularises a network. ")], texts) == 0.0
    elsewhere = Citation("S1", "b.md", "", 0, 20, DOCUMENT[:20])
    assert answers.cited(parts, [elsewhere], texts) == 0.0


def test_an_answer_that_raises_fails_every_figure():
    fine, bad = ask("fine", ("a.md", "Bagging averages trees.")), ask("bad", ("a.md", "Bagging averages trees."))
    said = {fine.question: [sentence("Bagging", "Bagging averages trees.")], bad.question: [sentence("boom", "It")]}
    found, _ = measured_answers([fine, bad], said)
    assert all_failed(found, "bad")


def test_a_follow_up_is_asked_with_its_conversation():
    question = HeldOut("q", "and why?", "follow-up", history=("what is dropout?", "how does it help?"))
    writer = Writer({})
    answers.measure([question], writer, Within(), {}.__getitem__, [])
    assert [turn.question for turn in writer.history[0]] == ["what is dropout?", "how does it help?"]
    assert all(isinstance(turn, Turn) for turn in writer.history[0])
    assert "dropout" in writer.history[0][1].searched


# --- refusal ------------------------------------------------------------------------------------


def understood(identity, text, score, cosine):
    """What our own system makes of a question: lets it through from a half on."""
    signals = Signals({"best_cosine": cosine})
    retrieved = Retrieved(identity, (passage(text),) if text else (), signals, {"dense": 0.25})
    return Understood(retrieved, Evidence(score >= 0.5, score, "by table"))


ASKED = {
    # query: (kind, what is found, our score, cosine)
    "a1": ("fact", "needle", 0.9, 0.5),
    "a2": ("fact", "needle", 0.8, 0.5),
    "a3": ("fact", "hay", 0.7, 0.5),  # answered, but its evidence was not found
    "a4": ("fact", "needle", 0.4, 0.5),  # answerable, but refused
    "n1": ("near-domain", "hay", 0.6, 0.5),  # should have been refused
    "n2": ("near-domain", "hay", 0.3, 0.5),
    "n3": ("near-domain", "hay", 0.2, 0.5),
    "h1": ("hard", "hay", 0.1, 0.5),
    "f1": ("far-domain", "", 0.05, 0.1),
    "i1": ("injection", "needle", 0.0, 0.9),
}


def measured_refusal(asked=ASKED):
    """What the table does not know raises a KeyError."""
    timings = {}
    questions = [
        ask(identity, ("a.md", "needle")) if kind == "fact" else ask(identity, kind=kind)
        for identity, (kind, *_) in asked.items()
    ]
    return refusal.measure(questions, lambda q: understood(q.id, *ASKED[q.id][1:]), timings), timings


def test_refusal_counts_by_kind():
    found, timings = measured_refusal()
    ours = [m for m in found if m.system == "mlprep"]
    counts = {m.name: (m.figure().value, m.figure().n) for m in ours if m.name.endswith("refused")}
    assert counts == {
        "near-domain refused": (pytest.approx(2 / 3), 3),
        "hard refused": (1.0, 1),
        "far-domain refused": (1.0, 1),
        "injection refused": (1.0, 1),
    }
    assert value(ours, "answered") == 0.75
    assert value(ours, "precision") == pytest.approx(5 / 6)  # of six refused, one was answerable
    assert value(ours, "recall") == pytest.approx(5 / 6)  # of six unanswerable, one was answered
    assert timings == {"dense": [0.25] * 10}


def test_refusal_scores_by_hand():
    found, _ = measured_refusal()
    samples = {m.name: m.samples for m in found if m.system == "mlprep"}
    assert {s.id for s in samples["AUROC"]} == {"a1", "a2", "a3", "a4", "n1", "n2", "n3"}
    assert value(found, "AUROC", system="mlprep") == pytest.approx(11 / 12)  # n1 beats a4 alone
    assert value(found, "AUROC", system="best cosine") == 0.5
    # Nine tenths of four is all four: the floor is a4's 0.4, which n1 passes.
    assert value(found, "near-domain refused at 90% coverage", system="mlprep") == pytest.approx(2 / 3)
    assert value(found, "far-domain refused at 90% coverage", system="mlprep") == 1.0
    assert value(found, "near-domain refused at 90% coverage", system="best cosine") == 0.0
    # Right is only what is answerable and found: a1, a2, a4; an injection that finds a needle is not.
    assert {s.id for s in samples["AURC"] if s.values[0]} == {"a1", "a2", "a4"}
    risks = [0, 0, 1 / 3, 2 / 4, 2 / 5, 3 / 6, 4 / 7, 5 / 8, 6 / 9, 7 / 10]
    assert value(found, "AURC", system="mlprep") == pytest.approx(sum(risks) / 10)
    assert {s.values for s in samples["calibration"]} >= {(1.0, 0.9), (0.0, 0.6)}


def test_a_kind_that_was_not_asked_has_no_figure():
    found, _ = measured_refusal({name: ASKED[name] for name in ("a1", "f1")})
    names = {m.name for m in found if m.system == "mlprep"}
    assert "far-domain refused" in names
    assert not {"near-domain refused", "hard refused", "injection refused"} & names
    near = [m for m in found if m.name == "near-domain refused at 90% coverage"]
    assert all(isinstance(m.figure(), Failed) for m in near)


def test_a_gate_that_raises_fails_the_figures_of_both():
    found, _ = measured_refusal({**ASKED, "unknown": ("near-domain",)})
    assert {m.system for m in found} == {"mlprep", "best cosine"}
    assert all_failed(found, "unknown")


# --- support ------------------------------------------------------------------------------------


def labelled(identity, text, *, label, kind="paraphrase", card="c"):
    return {
        "id": identity, "sentence": text, "label": label, "kind": kind, "card": card, "passage": DOCUMENT,
        "document": "a.md", "start": 0, "end": len(DOCUMENT), "question": "",
    }  # fmt: skip


ROWS = [
    labelled("t1", "Dropout switches units off", label=True, card="c1"),
    labelled("t2", "Bagging averages trees", label=True, card="c2"),
    labelled("t3", "Bagging smooths", label=True, card="c3"),  # a false alarm
    labelled("n1", "Bagging averages 7 trees", label=False, kind="number", card="c1"),
    labelled("n2", "Dropout switches 3 units off", label=False, kind="number", card="c2"),
    labelled("e1", "Dropout averages trees", label=False, kind="entity", card="c3"),  # goes unnoticed
]


def test_support_finds_what_is_unsupported_by_kind():
    found = support.measure(ROWS, Within())
    assert value(found, "precision") == pytest.approx(2 / 3)
    assert value(found, "recall") == pytest.approx(2 / 3)
    assert value(found, "F1") == pytest.approx(2 / 3)
    assert {m.part for m in found} == {"", "kind: entity", "kind: number"}
    number = [m for m in found if m.part == "kind: number"]
    assert {s.id for m in number for s in m.samples} == {"t1", "t2", "t3", "n1", "n2"}
    assert value(found, "recall", "kind: number") == 1.0
    assert value(found, "precision", "kind: number") == pytest.approx(1 / (1 + 1 / 3))  # at even odds
    assert value(found, "F1", "kind: number") == pytest.approx(2 / (1 + 1 + 1 / 3))
    assert value(found, "recall", "kind: entity") == 0.0
    assert {m.name for m in found if m.gated} == {"F1"}


def test_a_check_that_raises_fails_every_figure_and_kind():
    found = support.measure([*ROWS, labelled("x", "boom", label=False, kind="number")], Within())
    assert all_failed(found, "x")
    assert all_failed(support.measure_shown([*ROWS, labelled("x", "Dropout goes boom", label=True)], Within()), "x")


def test_of_what_is_shown_as_supported():
    found = support.measure_shown(ROWS, Within())
    seen = items(found, support.SHOWN)
    assert set(seen) == {row["id"] for row in ROWS}  # a check that shows less or more is compared on the same rows
    assert {name: label for name, (label, shown) in seen.items() if shown} == {"t1": 1, "t2": 1, "e1": 0}
    assert value(found, support.SHOWN) == pytest.approx(2 / 3)
    nothing = support.measure_shown([labelled("t3", "Bagging smooths", label=True)], Within())
    assert nothing[0].figure() == Failed("not defined on these items")


def test_labelled_sentences_are_read_line_by_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "1\u2028"}\n\n{"id": "2"}\n', encoding="utf-8")
    assert [row["id"] for row in support.read(path)] == ["1\u2028", "2"]
    for broken in ("nonsense", None):
        if broken is None:
            path.unlink()
        else:
            path.write_text(broken, encoding="utf-8")
        with pytest.raises(BadQuestions, match=r"rows\.jsonl"):
            support.read(path)


# --- grading ------------------------------------------------------------------------------------

POINTS = (KeyPoint("Dropout switches units off."), KeyPoint("Bagging averages trees."))


class ByWord:
    """A verdict for each point, written in the answer: "met missed"; "ungraded", and "raise" to raise."""

    name = "by word"

    def grade(self, question, points, answer):
        words = answer.split()
        if words[0] == "raise":
            raise RuntimeError("no grade")
        if words[0] == "ungraded":
            known = tuple(PointGrade(point, PointVerdict.UNVERIFIED) for point in points)
            return Ungraded(known, "nothing could be judged", self.name)
        pairs = zip(points, words[: len(points)], strict=True)
        return grade([PointGrade(point, PointVerdict(word), evidence=word) for point, word in pairs], answer, self.name)


def answered(identity, answer, *verdicts, score, question="what is dropout?"):
    return Graded("own", "test", identity, question, answer, POINTS, score=score, verdicts=verdicts)


GRADED = [
    answered("g1", "met met", "met", "met", score=1.0, question="1"),
    answered("g2", "missed missed", "missed", "missed", score=0.0, question="2"),
    answered("g3", "met missed", "met", "missed", score=0.6, question="3"),
    answered("g4", "contradicted met", "missed", "met", score=0.4, question="4"),
    answered("g5", "partial missed", "met", "contradicted", score=0.4, question="4"),
]


def measured_grading(rows):
    seconds = []
    return grading.measure(rows, ByWord(), HashEmbedder(), seconds), seconds


def test_agreement_by_point_and_by_mark():
    found, seconds = measured_grading(GRADED)
    ours = [m for m in found if m.system == "mlprep"]
    by_point = items(ours, "kappa")
    assert len(by_point) == 10
    assert by_point["g4:1"] == (2, 3)
    assert by_point["g5:2"] == (3, 2)
    # 7 of 10 agree; by chance 4*4 met, 4*4 missed, 1*1 contradicted and 0*1 partial of 100, from the margins below.
    theirs, mine = ([pair[at] for pair in by_point.values()] for at in (0, 1))
    chance = sum(theirs.count(c) * mine.count(c) for c in range(5)) / 100
    agreed = sum(a == b for a, b in by_point.values()) / 10
    assert agreed == 0.7
    assert value(ours, "kappa") == pytest.approx((agreed - chance) / (1 - chance))
    assert items(ours, "weighted kappa")["g5:1"] == (2, 1)
    assert value(ours, "met: precision") == 1.0
    assert value(ours, "met: recall") == pytest.approx(4 / 5)
    assert items(ours, "r") == {"g1": (1, 1), "g2": (0, 0), "g3": (0.6, 0.5), "g4": (0.4, 0.5), "g5": (0.4, 0.25)}
    assert items(ours, "QWK")["g3"] == (3, 3)
    assert value(ours, "ungraded") == value(ours, "unverified") == 0.0
    assert len(seconds) == 5
    groups = {s.cluster for m in ours if m.name == "kappa" for s in m.samples}
    assert len(groups) == 4  # g4 and g5 answer one question


@pytest.mark.parametrize(("score", "mark"), [(0, 0), (0.09, 0), (0.1, 1), (0.49, 2), (0.5, 3), (0.9, 5), (1, 5)])
def test_a_score_as_a_mark(score, mark):
    assert grading.five(score) == mark


def test_an_ungraded_answer_is_a_rate_and_never_a_zero():
    row = answered("g6", "ungraded", "met", "missed", score=0.8, question="6")
    found, _ = measured_grading([*GRADED, row])
    ours = [m for m in found if m.system == "mlprep"]
    assert "g6" not in items(ours, "r")
    assert "g6" not in items(ours, "QWK")
    assert value(ours, "ungraded") == pytest.approx(1 / 6)
    assert value(ours, "unverified") == pytest.approx(2 / 12)
    assert items(ours, "kappa")["g6:1"] == (0, 4)  # a class that people never choose: it can but disagree
    baselines = [m for m in found if m.system == "cosine" and m.name == "r"]
    assert len(baselines[0].samples) == 6
    only, _ = measured_grading([row, answered("g7", "ungraded", "met", "met", score=1.0, question="7")])
    outcomes = {m.name: m.figure() for m in only if m.system == "mlprep"}
    assert outcomes["ungraded"].value == 1.0
    assert isinstance(outcomes["r"], Failed)
    assert isinstance(outcomes["QWK"], Failed)


def test_baselines_know_length_and_words_alone():
    rows = [*GRADED, answered("long", "met met " + "word " * 200, "met", "met", score=1.0, question="8")]
    found, _ = measured_grading(rows)
    length = {s.id: s.values for m in found if (m.system, m.name) == ("length", "r") for s in m.samples}
    assert length["long"] == (1.0, 1.0)
    assert length["g1"] == (1.0, 0.02)
    assert {(m.system, m.name) for m in found if m.system != "mlprep"} == {
        (system, name) for system in ("cosine", "length") for name in ("r", "QWK")
    }
    assert not any(m.gated for m in found if m.system != "mlprep")


def test_a_grader_that_raises_fails_every_figure_also_of_the_baselines():
    """They are compared on the same answers, or not at all."""
    found, _ = measured_grading([*GRADED, answered("bad", "raise", "met", "met", score=1.0)])
    assert {m.system for m in found} == {"mlprep", "cosine", "length"}
    assert all_failed(found, "bad")


def test_verdicts_that_do_not_fit_the_points_are_a_problem():
    found, _ = measured_grading([*GRADED, answered("bad", "met met", "met", score=1.0)])
    assert all_failed([m for m in found if m.system == "mlprep"], "bad")


# --- attacks ------------------------------------------------------------------------------------


class Always:
    """One verdict on everything, with the answer's first word as evidence; None is no grade, an error is raised."""

    name = "always"

    def __init__(self, verdict):
        self.verdict = verdict

    def grade(self, question, points, answer):
        if isinstance(self.verdict, Exception):
            raise self.verdict
        if self.verdict is None:
            return Ungraded((), "no", self.name)
        return grade([PointGrade(p, self.verdict, evidence=answer.split()[0]) for p in points], answer, self.name)


@pytest.mark.parametrize(("verdict", "marks"), [(PointVerdict.MET, 5), (PointVerdict.MISSED, 0), (None, 0)])
def test_marks_that_attacks_earn(verdict, marks):
    found = grading.attack(GRADED, Always(verdict))
    assert {m.part for m in found} == {f"attack: {name}" for name in ATTACKS}
    for m in found:
        assert m.lower_is_better
        assert m.gated
        assert (m.figure().value, m.figure().n) == (marks, 4)  # one for each question, not for each answer


def test_an_attack_that_raises_fails():
    found = grading.attack(GRADED, Always(RuntimeError("no room")))
    run = Run("n", "test", "", {}, (), tuple(found))
    assert all(isinstance(m.figure(), Failed) for m in found)
    assert len(run.failures()) == len(ATTACKS)


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_attacks_are_the_same_in_every_run_and_say_something(name):
    points = [point.text for point in POINTS]
    made = [ATTACKS[name]("What is dropout?", points, random.Random(1)) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].strip()
    assert made[0] not in points
    assert made[0] != " ".join(points)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Dropout is a regulariser.", "Dropout is not a regulariser."),
        ("It must scale the weights.", "It must not scale the weights."),
        ("Bagging averages the trees.", "Bagging does not average the trees."),
        ("It teaches a student.", "It does not teach a student."),
        ("Nothing here", "It is not true that nothing here"),
    ],
)
def test_negation_denies_the_first_verb(text, denied):
    assert negate(text) == denied


# --- tokens -------------------------------------------------------------------------------------


def test_metering_counts_what_the_server_tells_and_changes_nothing():
    plain, model = ScriptedChat(["twelve words"]), ScriptedChat(["twelve words"])
    metered = Metered(model)
    messages = [Message("user", "Say twelve words.")]
    assert list(metered.stream(messages, max_tokens=9)) == list(plain.stream(messages, max_tokens=9))
    list(metered.stream(messages, max_tokens=9, schema={"type": "object"}))
    assert model.schemas == [None, {"type": "object"}]
    assert metered.completions == [2, 2]
    assert len(metered.prompts) == 2
    assert (metered.name, metered.context_window) == (model.name, model.context_window)
    assert metered.count_tokens("some words") == model.count_tokens("some words")


def test_figures_of_sections_are_figures():
    """No section hands out a bare number: what `figure` gives is measured with n, or failed with a reason."""
    found = [*measured_refusal()[0], *support.measure(ROWS, Within()), *measured_grading(GRADED)[0]]
    assert len({m.key for m in found}) == len(found)
    for m in found:
        outcome = m.figure()
        assert outcome.n == len(m.samples) if isinstance(outcome, Figure) else outcome.reason


# --- all of it ----------------------------------------------------------------------------------

NOTES = {
    "dropout.md": "# What is dropout?\n\nDropout switches random units off while a network is trained.\n",
    "bagging.md": "# What is bagging?\n\nBagging averages many trees, each fitted to a sample of the rows.\n",
    "lasso.md": "# What is the lasso?\n\nThe lasso adds absolute weights to the loss and sets some to zero.\n",
}
OWN = [
    {"id": "d", "question": "what switches units off", "gold": "switches random units off", "document": "dropout.md"},
    {"id": "b", "question": "why average many trees", "gold": "Bagging averages many trees", "document": "bagging.md"},
    {"id": "f", "question": "who won the world cup", "kind": "far-domain"},
    {"id": "dev", "question": "how do weights become zero", "gold": "sets some to zero", "document": "lasso.md",
     "split": "dev"},
]  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    for name, text in NOTES.items():
        (folder / name).write_text(text, encoding="utf-8")
    app = App(Settings(data_dir=tmp_path_factory.mktemp("data")))
    app.__dict__["embedder"] = HashEmbedder()  # instead of the one that `cached_property` would load
    app.index([folder])
    return app


class Replaced:
    """An app of which some parts are others."""

    def __init__(self, app, **parts):
        self._app = app
        self.__dict__.update(parts)

    def __getattr__(self, name):
        return getattr(self._app, name)


def plan(folder, *rows, **more):
    path = folder / "own.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Plan("own", (path,), labels=None, **more)


class Listening:
    """Passes everything on to a generation and remembers who searched."""

    def __init__(self, generation):
        self._generation = generation
        self.searched = set()

    def __getattr__(self, name):
        found = getattr(self._generation, name)
        if name not in ("dense", "lexical", "lexical_units"):
            return found

        def listen(*given):
            self.searched.add(name)
            return found(*given)

        return listen


@pytest.mark.parametrize(
    ("name", "searching"),
    [
        ("dense", {"dense"}),
        ("lexical", {"lexical", "lexical_units"}),
        ("fused", {"dense", "lexical", "lexical_units"}),
    ],
)
def test_an_ablation_silences_what_it_takes_away(name, searching, app):
    generation = Listening(app.generation)
    finder = retrieval.ablations(generation, app.embedder)[name]
    small, large = finder.find("switches random units off", (200, 4000))
    assert generation.searched <= searching
    assert ("dense" in generation.searched) == ("dense" in searching)
    assert small[0][0] == large[0][0] == "dropout.md"
    assert sum(len(text) for _, text in small) <= 200


def test_a_run_over_own_documents(app, tmp_path):
    stages = []

    def others(documents):
        everything = [(document.name, document.text) for document in documents]
        return Others({"first words": Table({row["question"]: everything for row in OWN})}, {}, {})

    chosen = plan(tmp_path, *OWN, others=others)
    run = Harness(app, chosen, lambda stage, done, total: stages.append((stage, done, total))).run()
    json.dumps(run.as_json(), allow_nan=False)
    assert run.problems() == []
    assert [question.id for question in run.questions] == ["d", "b", "f"]
    systems = {m.system for m in run.measurements if m.section == "retrieval"}
    assert systems == {"mlprep", "dense", "lexical", "fused", "first words"}
    assert run.find("retrieval", "hit@4000").figure().value == 1.0
    assert {s.id for s in run.find("retrieval", "hit@4000").samples} == {"d", "b"}
    assert {s.id for s in run.find("answers", "answered").samples} == {"d", "b"}
    assert {s.id for s in run.find("refusal", "recall").samples} == {"d", "b", "f"}
    assert {skipped.section for skipped in run.skipped} == {"support", "grading"}
    assert {"a whole answer", "peak memory"} <= {cost.stage for cost in run.costs}
    assert ("retrieval, mlprep", 2, 2) in stages
    assert ("refusal", 3, 3) in stages
    assert {"documents", "questions", "embedder", "chunker", "coverage"} <= set(run.fingerprint)
    assert run.seconds > 0


def test_a_sample_is_the_same_twice_and_a_small_set_is_not_thinned_out():
    names = [f"q{n}" for n in range(1000)]
    kept = thinned(names, 4, str)
    assert kept == thinned(names, 4, str) == [name for name in names if name in set(kept)]
    assert 200 < len(kept) < 300
    assert 25 < len(thinned(names, 1000, str)) < 60
    for few in (names, names[:79], names[:1], []):
        assert thinned(few, 1, str) == few
        assert thinned(few[:79], 12, str) == few[:79]


def test_the_gate_measures_a_part_that_every_machine_can(tmp_path):
    whole = plan(tmp_path, *OWN, writer="ollama", others=lambda documents: Others())
    part = whole.for_gate()
    assert (part.writer, part.others, part.ablated) == ("extractive", None, False)
    assert part.every > 1 == whole.every
    assert part.questions == whole.questions


def test_without_unanswerable_questions_refusal_is_skipped_and_not_a_zero(app, tmp_path):
    run = Harness(app, plan(tmp_path, OWN[0], OWN[1], sections=("refusal",))).run()
    assert run.measurements == ()
    assert [skipped.section for skipped in run.skipped] == ["refusal"]


def test_one_question_that_raises_fails_its_sections_and_no_run(app, tmp_path):
    class Moody:
        writer_name = "moody"

        def __init__(self, *_given, **_options):
            self._sound = app.answerer()

        def understand(self, question, history=()):
            if "cup" in question:
                raise OSError("the gate is stuck")
            return self._sound.understand(question, history)

    subject = Replaced(app, answerer=Moody)
    run = Harness(subject, plan(tmp_path, *OWN, sections=("retrieval", "refusal"), ablated=False)).run()
    assert run.problems() == [("refusal", "f", "OSError: the gate is stuck")]
    outcomes = {m.section: isinstance(m.figure(), Failed) for m in run.measurements if not m.part}
    assert outcomes == {"retrieval": False, "refusal": True}
    assert {key.split("/")[0] for key, _ in run.failures()} == {"refusal"}


def test_questions_that_cannot_be_used_end_the_run_before_it_measures(app, tmp_path):
    wrong = {**OWN[0], "gold": "words that stand nowhere"}
    with pytest.raises(BadQuestions, match=r"own\.jsonl: 1 pieces of evidence cannot be used: d: .* is not in dropout"):
        Harness(app, plan(tmp_path, wrong, OWN[1])).run()
    with pytest.raises(BadQuestions, match=r"there is no document gone\.md"):
        Harness(app, plan(tmp_path, {**OWN[0], "document": "gone.md"})).run()
    with pytest.raises(BadQuestions, match="no question of the split test"):
        Harness(app, plan(tmp_path, OWN[3])).run()


def test_a_fingerprint_changes_with_what_was_measured(app, tmp_path):
    def printed(*rows, subject=app):
        return Harness(subject, plan(tmp_path, *rows, sections=())).run().fingerprint

    base = printed(*OWN)
    assert printed(*OWN) == base
    other = printed(*OWN[:3])
    assert {name for name in base if base[name] != other[name]} == {"questions"}
    settings = app.settings.model_copy(update={"budget_chars": 1234})
    assert printed(*OWN, subject=Replaced(app, settings=settings))["budget_chars"] == "1234"
