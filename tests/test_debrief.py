"""The debrief of a question: exact citations, objections that are rare and right, a verbatim model answer, delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.debriefing.debrief import Debriefer
from mlprep_bot.debriefing.delivery import delivery
from mlprep_bot.domain import Document, Verdict
from mlprep_bot.errors import NotIndexed
from mlprep_bot.grading.rubric import HINT_COST, PointGrade, PointVerdict, grade
from mlprep_bot.interview.pool import prompts
from mlprep_bot.interview.session import Hinted, Round, Turn
from mlprep_bot.knowledge.cards import parse_card
from mlprep_bot.knowledge.questions import find_questions

CARDS = ("statistics/p-values-and-peeking.md", "training-validation/transfer-learning-fine-tuning.md")
NOTES = """# My notes

## What is early stopping?

Early stopping ends training when the validation error has not improved for several epochs.

- It needs a validation set that is not used for training.
- The best weights so far are restored at the end.

Patience is the number of epochs to wait.

## How do you bake bread?

You wait.
"""
LONG = (
    "## How do you choose a learning rate?\n\n"
    + "\n\n".join(
        f"{opening} {'It is worth the time that this takes on any real project, whoever pays for the machines. ' * 3}"
        for opening in (
            "A learning rate that is too large makes the loss diverge within a few steps.",
            "A range test raises the rate exponentially and plots the loss against it.",
            "Warm-up raises the rate over the first thousand steps, which keeps Adam stable.",
            "Decay lowers the rate towards the end, so that the weights settle.",
        )
    )
    + "\n"
)


class Shelf:
    """Documents as an app serves them."""

    def __init__(self, *documents: Document) -> None:
        self.texts = {document.name: document for document in documents}

    def document(self, name):
        if name not in self.texts:
            raise NotIndexed(f"{name} is not indexed.")
        return self.texts[name]

    def questions(self):
        found = []
        for document in self.texts.values():
            found += [parse_card(document)] if document.kind == "card" else find_questions(document)
        return found

    def prompts(self):
        return prompts(self.questions(), lambda name: self.texts[name].text)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    cards = [Document(name, (REPOSITORY / "corpus" / name).read_text(encoding="utf-8"), "card") for name in CARDS]
    return Shelf(*cards, Document("notes.md", NOTES, "markdown"), Document("long.md", LONG, "markdown"))


@pytest.fixture(scope="module")
def debriefer(shelf, embedder) -> Debriefer:
    return Debriefer(shelf, SupportChecker(embedder), embedder)


def about(shelf: Shelf, words: str):
    return next(prompt for prompt in shelf.prompts() if words in prompt.text)


def answered(prompt, answer: str, *verdicts: PointVerdict, **more) -> Round:
    """A round whose points have these verdicts, the last for all others; what is not missed quotes the answer."""
    chosen = [*verdicts, *[verdicts[-1]] * len(prompt.points)][: len(prompt.points)]
    quoted = dict.fromkeys(PointVerdict, answer) | {PointVerdict.MISSED: ""}
    points = [PointGrade(p, v, quoted[v], "because") for p, v in zip(prompt.points, chosen, strict=True)]
    outcome = grade(points, answer, "test")
    return Round(prompt, "new", 0.0, (Turn(prompt.text, answer),), outcome=outcome, done=True, **more)


def every_citation(debrief):
    yield from (p.citation for p in debrief.points if p.citation)
    yield from (o.citation for o in debrief.objections)
    yield from (c for s in debrief.model_answer for c in s.citations)


def assert_exact(debrief, shelf):
    passages = {p.id: p for p in debrief.passages}
    assert [p.n for p in debrief.passages] == list(range(1, len(passages) + 1))
    for passage in debrief.passages:
        assert shelf.texts[passage.document].text[passage.start : passage.end] == passage.text
    used = set()
    for citation in every_citation(debrief):
        assert citation.quote
        assert shelf.texts[citation.document].text[citation.start : citation.end] == citation.quote
        home = passages[citation.passage]
        assert home.start <= citation.start < home.end
        used.add(home.id)
    assert used == set(passages)


@pytest.mark.parametrize("words", ["p-value", "learning rate", "early stopping", "fine-tun"])
def test_every_point_has_its_exact_source(shelf, debriefer, words):
    prompt = about(shelf, words)
    debrief = debriefer.debrief(answered(prompt, "I do not know much about that.", PointVerdict.MISSED))
    assert_exact(debrief, shelf)
    assert len(debrief.points) == len(prompt.points)
    assert all(point.citation is not None for point in debrief.points)
    assert debrief.mark == 0.0


def test_a_derived_point_is_cited_by_its_own_sentence(shelf, debriefer):
    prompt = about(shelf, "early stopping")
    assert prompt.derived
    debrief = debriefer.debrief(answered(prompt, "It stops.", PointVerdict.MISSED))
    for point in debrief.points:
        assert point.grade.point.text.rpartition(": ")[2].rstrip(".") in point.citation.quote


def test_the_model_answer_of_a_card_is_its_short_answer(shelf, debriefer):
    prompt = about(shelf, "p-value")
    debrief = debriefer.debrief(answered(prompt, "It is a tail probability.", PointVerdict.MISSED))
    text = shelf.texts[prompt.document].text
    short = text[text.index("## Short answer") + len("## Short answer") : text.index("## In depth")]
    assert " ".join(short.split()) == " ".join(" ".join(s.text for s in debrief.model_answer).split())
    assert {s.verdict for s in debrief.model_answer} == {Verdict.SUPPORTED}
    assert all(len(s.citations) == 1 for s in debrief.model_answer)


def test_the_model_answer_of_long_notes_is_what_was_expected(shelf, debriefer):
    prompt = about(shelf, "learning rate")
    debrief = debriefer.debrief(answered(prompt, "By trying.", PointVerdict.MISSED))
    told = " ".join(s.text for s in debrief.model_answer)
    assert "makes the loss diverge" in told
    assert "Warm-up raises" in told
    for sentence in debrief.model_answer:
        assert sentence.text in " ".join(LONG.split())


def test_a_known_mistake_is_objected_to_with_the_words_and_the_source(shelf, debriefer):
    prompt = about(shelf, "p-value")
    said = "I look at the data daily. A p-value of 0.03 means there is a 3% chance that the null hypothesis is true."
    debrief = debriefer.debrief(answered(prompt, said, PointVerdict.MISSED))
    assert_exact(debrief, shelf)
    (objection,) = debrief.objections
    assert objection.quote == "A p-value of 0.03 means there is a 3% chance that the null hypothesis is true."
    assert objection.citation == debrief.points[0].citation
    assert prompt.points[0].wrong in objection.reason


def test_what_a_grader_found_in_the_answer_is_not_objected_to(shelf, debriefer):
    prompt = about(shelf, "p-value")
    said = "A p-value of 0.03 means there is a 3% chance that the null hypothesis is true."
    assert not debriefer.debrief(answered(prompt, said, PointVerdict.MET)).objections


def test_a_verdict_alone_is_no_objection(shelf, debriefer):
    prompt = about(shelf, "p-value")
    for said, objections in (
        ("p is something that one looks at when the null hypothesis is in question.", 0),
        ("It is the probability that the null hypothesis is true, given the data that we saw.", 1),
    ):
        done = answered(prompt, said, PointVerdict.CONTRADICTED, PointVerdict.MISSED)
        assert len(debriefer.debrief(done).objections) == objections


def test_a_wrong_contradiction_of_a_right_statement_is_no_objection(shelf, debriefer):
    prompt = about(shelf, "p-value")
    for point in prompt.points[:3]:
        done = answered(prompt, point.text, PointVerdict.CONTRADICTED, PointVerdict.MISSED)
        wrongly = [PointGrade(p, PointVerdict.CONTRADICTED, point.text) for p in prompt.points if p == point]
        rest = [PointGrade(p, PointVerdict.MISSED) for p in prompt.points if p != point]
        order = sorted([*wrongly, *rest], key=lambda g: prompt.points.index(g.point))
        assert not debriefer.debrief(replace(done, outcome=grade(order, point.text, "test"))).objections


def test_a_near_copy_that_denies_what_the_notes_say_is_an_objection(shelf, debriefer):
    prompt = about(shelf, "early stopping")
    said = "The best weights so far are not restored at the end."
    (objection,) = debriefer.debrief(answered(prompt, said, PointVerdict.MISSED)).objections
    assert objection.quote == said
    assert "The best weights so far are restored at the end." in objection.citation.quote
    right = said.replace("not ", "")
    assert not debriefer.debrief(answered(prompt, right, PointVerdict.MISSED)).objections


@pytest.mark.parametrize("words", ["p-value", "fine-tun", "early stopping", "learning rate"])
def test_the_documents_own_words_are_never_objected_to(shelf, debriefer, words):
    prompt = about(shelf, words)
    model = debriefer.debrief(answered(prompt, "nothing to say", PointVerdict.MISSED)).model_answer
    said = " ".join([*(s.text for s in model), *(point.text for point in prompt.points)])
    assert not debriefer.debrief(answered(prompt, said, PointVerdict.MISSED)).objections


def test_a_skipped_question_is_explained_without_a_mark(shelf, debriefer):
    prompt = about(shelf, "p-value")
    done = Round(prompt, "new", 0.0, (Turn(prompt.text),), skipped=True, done=True)
    debrief = debriefer.debrief(done)
    assert_exact(debrief, shelf)
    assert (debrief.mark, debrief.delivery, debrief.objections) == (None, "", ())
    assert {p.grade.verdict for p in debrief.points} == {PointVerdict.UNVERIFIED}
    assert debrief.model_answer


def test_hints_lower_the_mark(shelf, debriefer):
    prompt = about(shelf, "early stopping")
    done = answered(prompt, "It ends training early.", PointVerdict.MET, hints=(Hinted(0, "Think of validation."),))
    debrief = debriefer.debrief(done)
    assert debrief.hints == 1
    assert debrief.mark == pytest.approx(1 - HINT_COST)


def test_a_document_that_is_gone_leaves_the_verdicts(shelf, embedder):
    prompt = about(shelf, "p-value")
    debrief = Debriefer(Shelf(), SupportChecker(embedder), embedder).debrief(
        answered(prompt, "x y z", PointVerdict.MET)
    )
    assert [p.citation for p in debrief.points] == [None] * len(prompt.points)
    assert (debrief.model_answer, debrief.passages, debrief.objections) == ((), (), ())
    assert debrief.mark == 1.0


def test_a_document_that_changed_is_read_again(shelf, embedder):
    own = Shelf(shelf.texts["notes.md"])
    debriefer = Debriefer(own, SupportChecker(embedder), embedder)
    done = answered(about(own, "early stopping"), "It stops.", PointVerdict.MISSED)
    before = debriefer.debrief(done)
    own.texts["notes.md"] = Document("notes.md", "A new first line.\n\n" + NOTES, "markdown")
    after = debriefer.debrief(done)
    assert_exact(after, own)
    assert after.points[0].citation.start == before.points[0].citation.start + len("A new first line.\n\n")
    own.texts["notes.md"] = Document("notes.md", "Nothing is asked here any more.", "markdown")
    assert debriefer.debrief(done).passages == ()


class Copies(Shelf):
    """Documents whose questions have one id, as copies in a library do."""

    def questions(self):
        return [replace(question, id="shared") for question in super().questions()]


def test_copies_of_a_document_are_each_cited_by_their_own_name(shelf, embedder):
    card = shelf.texts[CARDS[0]]
    both = Copies(card, replace(card, name="copies/p-values-and-peeking.md"))
    debriefer = Debriefer(both, SupportChecker(embedder), embedder)
    asked = about(both, "p-value")
    for name in both.texts:
        debrief = debriefer.debrief(answered(replace(asked, document=name), "It is small.", PointVerdict.MISSED))
        assert {citation.document for citation in every_citation(debrief)} == {name}


# --- delivery -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("no idea", "too little"),
        ("It shrinks the weights a bit.", "At 6 words"),
        ("lasso ridge shrinkage sparsity elastic penalty lambda coefficients norm geometry diamond " * 3, "list terms"),
        (
            "First, you split the data, because rows of one user must stay together. Second, you fit on the rest. "
            "For example, at my last company 3% of the users had half of the rows.",
            "clear order, and a case with figures",
        ),
        ("I think it may help. Maybe it is kind of a prior, I guess, or something like it. " * 2, "hedge"),
        (" and ".join(["the loss goes down for a while"] * 10), "longest sentence"),
    ],
)
def test_delivery_names_what_was_observed(answer, told):
    assert told in delivery(answer)


def test_markup_is_no_formula():
    assert "formula" not in delivery("<img src=x onerror=alert(1)> It depends on the data, so we measure it.")


def test_code_and_formulas_count_as_exact():
    answer = (
        "Because the errors add up, the update subtracts the gradient each time:\n\n$$w_{t+1} = w_t - \\eta g_t$$\n\n"
    )
    assert "formula" in delivery(
        answer + "so a step that is too large overshoots the minimum and the loss grows again."
    )


@given(st.text(max_size=400))
def test_delivery_is_one_line_for_any_text(text):
    told = delivery(text)
    assert told.endswith(".")
    assert "\n" not in told
    assert delivery(text) == told
