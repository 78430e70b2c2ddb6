"""Held-out questions: the format to the letter, and the sets that ship, against the documents that they quote."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from conftest import REPOSITORY
from mlprep_bot.errors import BadQuestions, TestSplitUsed, UnreadableDocument
from mlprep_bot.evaluation import data, graded, questions
from mlprep_bot.evaluation.questions import UNANSWERABLE, Gold, HeldOut
from mlprep_bot.knowledge.parsing import parse_document
from mlprep_bot.knowledge.readers import list_files, read_document

SEEDS = data.folder() / "questions" / "seeds.jsonl"
GOLD = [{"document": "a.md", "evidence": "one"}, {"document": "b.md", "evidence": "two"}]


def row(**more):
    return {"id": "q1", "question": "what is it", "gold": GOLD, **more}


def write(folder, *values, name="mine.jsonl"):
    path = folder / name
    lines = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- one line -----------------------------------------------------------------------------------


def test_everything_that_a_line_may_say():
    question = questions.parse(
        row(
            id="fact-1",
            split="dev",
            kind="fact",
            topic="cost",
            history=["what is LoRA", {"question": "and QLoRA?", "answer": "…"}],
            key_points=["It is small.", "It is quick."],
            must=True,
        )
    )
    gold = (Gold("a.md", "one"), Gold("b.md", "two"))
    assert question == HeldOut(
        "fact-1", "what is it", "fact", "dev", "cost", ("what is LoRA", "and QLoRA?"), gold,
        ("It is small.", "It is quick."), True,
    )  # fmt: skip
    assert question.answerable
    assert question.documents == ("a.md", "b.md")
    assert question.cluster == "a.md"
    assert question.parts == [list(gold)]


def test_what_a_line_may_leave_out():
    answerable = questions.parse({"question": "what is it", "gold": GOLD})
    assert (answerable.kind, answerable.split, answerable.must) == ("paraphrase", "test", False)
    assert answerable.id
    assert answerable.id == questions.parse({"question": "what is it"}).id
    assert answerable.id != questions.parse({"question": "what was it"}).id
    other = questions.parse({"id": 7, "question": "who won"})
    assert (other.id, other.kind, other.answerable, other.parts) == ("7", "near-domain", False, [])
    assert other.cluster == "7"


@pytest.mark.parametrize(
    "given",
    [
        {"gold": "the words", "document": "a.md"},
        {"gold": {"document": "a.md", "evidence": "the words"}},
        {"gold": [{"document": "a.md", "evidence": "the words"}]},
    ],
)
def test_gold_is_a_string_an_object_or_a_list(given):
    question = questions.parse({"question": "what is it", **given})
    assert question.gold == (Gold("a.md", "the words"),)
    assert (question.kind, question.documents) == ("paraphrase", ("a.md",))


def test_parts_of_a_two_passage_question():
    assert questions.parse(row(kind="two-passage")).parts == [[Gold("a.md", "one", 0)], [Gold("b.md", "two", 1)]]
    given = [{**GOLD[0], "part": 2}, {**GOLD[1], "part": 1}, {"document": "c.md", "evidence": "three", "part": 2}]
    found = questions.parse(row(kind="two-passage", gold=given)).parts
    assert [[gold.evidence for gold in part] for part in found] == [["two"], ["one", "three"]]
    assert len(questions.parse(row(kind="paraphrase", gold=given)).parts) == 2
    assert len(questions.parse(row(kind="fact")).parts) == 1


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ([], "not a JSON object"),
        ("text", "not a JSON object"),
        (None, "not a JSON object"),
        ({"gold": GOLD}, "no question"),
        (row(question=" \n"), "no question"),
        (row(question=["what"]), "no question"),
        (row(gold="words"), "no document"),
        (row(gold=[{"document": "a.md"}]), "no evidence"),
        (row(gold=[{"document": "a.md", "evidence": "  "}]), "no evidence"),
        (row(gold={"evidence": "one"}), "no document"),
        (row(gold=["one"]), "gold is not a list of {document, evidence}"),
        (row(gold=7), "gold is not a list of {document, evidence}"),
        (row(gold=[{**GOLD[0], "part": "first"}]), "a part is not a whole number"),
        (row(gold=[{**GOLD[0], "part": 1.5}]), "a part is not a whole number"),
        (row(gold=[{**GOLD[0], "part": [1]}]), "a part is not a whole number"),
        (row(kind="fact", gold=[]), "no gold; an unanswerable question has one of the kinds near-domain, hard"),
        *((row(kind=kind), f"it is {kind}, yet has gold") for kind in UNANSWERABLE),
        (row(history="what is LoRA"), "history is not a list of earlier questions"),
        (row(history=[7]), "history is not a list of earlier questions"),
        (row(history=[{"answer": "yes"}]), "history is not a list of earlier questions"),
        (row(history=[""]), "history is not a list of earlier questions"),
        (row(history=7), "history is not a list of earlier questions"),
        (row(key_points="It is small."), "key_points is not a list of sentences"),
        (row(key_points=[{"text": "It is small."}]), "key_points is not a list of sentences"),
        (row(split="train"), "split is 'train'; expected dev or test"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(value, seen, tmp_path):
    with pytest.raises(ValueError, match=re.escape(seen)):
        questions.parse(value)
    good = json.dumps(row(id="good"))
    with pytest.raises(BadQuestions, match=re.escape(f"mine.jsonl: line 3: {seen}")) as caught:
        questions.read(write(tmp_path, good, "", value if value != "text" else '"text"'))
    assert "gold" in caught.value.fix


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "question", "kind", "gold", "document", "evidence", "part", "history", "key_points"]),
        inner, max_size=6,
    )
), max_leaves=12))  # fmt: skip
@hypothesis_settings(max_examples=150, deadline=None)
def test_whatever_a_line_says_it_is_read_or_refused(value):
    try:
        question = questions.parse(value)
    except ValueError:
        return
    assert question.question.strip()
    assert question.answerable != (question.kind in (*UNANSWERABLE, "partly")) or question.kind == "partly"


# --- a file -------------------------------------------------------------------------------------


def test_a_line_ends_at_a_line_feed_alone(tmp_path):
    odd = "what\u2028is\u2029a\x85cache?"
    path = write(tmp_path, row(question=odd))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert odd in path.read_text(encoding="utf-8")
    assert [question.question for question in questions.read(path)] == [odd]


def test_every_problem_is_told_with_its_line_up_to_a_dozen(tmp_path):
    path = write(tmp_path, row(), "nonsense", row(), row(id="q2", split="x"), "[" * 100_000)
    with pytest.raises(BadQuestions) as caught:
        questions.read(path)
    said = str(caught.value)
    assert "line 1" not in said
    for part in (
        "line 2: no JSON (Expecting value, column 1)",
        "line 3: the id q1 is there twice",
        "line 4: split is 'x'",
        "line 5: ",
    ):
        assert part in said
    with pytest.raises(BadQuestions, match=r"line 12: [^;]*; and 8 more\.") as caught:
        questions.read(write(tmp_path, *["nonsense"] * 20))
    assert "line 13" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n \n", json.dumps({"question": "a and b", "kind": "partly"}).encode()])
def test_a_file_without_a_question_is_refused(tmp_path, content):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadQuestions, match=r"holds no question"):
        questions.read(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BadQuestions, match=r"gone\.jsonl: No such file"):
        questions.read(tmp_path / "gone.jsonl")
    (tmp_path / "bad.jsonl").write_bytes(b"\xff\xfe{}\n")
    with pytest.raises(BadQuestions, match=r"bad\.jsonl: not UTF-8"):
        questions.read(tmp_path / "bad.jsonl")


def test_what_documents_answer_in_part_is_read_by_nobody(tmp_path):
    path = write(tmp_path, row(), {"id": "p1", "question": "a and b", "kind": "partly"}, row(id="p2", kind="partly"))
    assert [question.id for question in questions.read(path)] == ["q1"]


def test_ids_are_unique_over_files(tmp_path):
    one, two = write(tmp_path, row(), row(id="q2")), write(tmp_path, row(id="q3"), row(), name="two.jsonl")
    with pytest.raises(BadQuestions, match=r"mine\.jsonl, two\.jsonl: ids are there twice: q1\."):
        questions.read_all([one, two])
    assert [question.id for question in questions.read_all([one])] == ["q1", "q2"]
    assert questions.digest(one, two) != questions.digest(two, one)


# --- evidence and splits ------------------------------------------------------------------------


def test_evidence_is_in_its_document_once_and_word_for_word():
    texts = {"a.md": "One two. One\nthree. anana.", "b.md": "One two."}

    def problems(document, evidence):
        return questions.check([HeldOut("q", "what", "fact", gold=(Gold(document, evidence),))], texts.__getitem__)

    assert problems("a.md", "One\nthree.") == []
    assert problems("a.md", "One three.") == ["q: “One three.” is not in a.md"]
    assert problems("b.md", "one two") == ["q: “one two” is not in b.md"]
    assert problems("a.md", "One") == ["q: “One” is more than once in a.md"]
    assert problems("a.md", "ana") == ["q: “ana” is more than once in a.md"]  # overlapping itself
    assert problems("c.md", "One") == ["q: there is no document c.md"]
    assert len(problems("a.md", "long " * 100)[0]) < 110

    def unreadable(name):
        raise UnreadableDocument(f"{name}: damaged.", "Save it again.")

    gold = (Gold("d.pdf", "x"),)
    assert questions.check([HeldOut("q", "what", "fact", gold=gold)], unreadable) == ["q: there is no document d.pdf"]


@given(st.text("ab\n", max_size=12), st.text("ab\n", min_size=1, max_size=4))
def test_check_counts_places(text, evidence):
    places = sum(text.startswith(evidence, at) for at in range(len(text)))
    found = questions.check([HeldOut("q", "what", "fact", gold=(Gold("d", evidence),))], lambda _: text)
    assert (found == []) == (places == 1)


def test_evidence_that_cannot_be_used_ends_the_run():
    questions.demand([], "mine.jsonl")
    with pytest.raises(BadQuestions, match=r"mine\.jsonl: 14 pieces of evidence cannot be used: 0; .*; and 2 more\."):
        questions.demand([str(n) for n in range(14)], "mine.jsonl")


def test_nothing_is_fitted_on_the_test_split():
    questions.dev_only([])
    questions.dev_only(["dev", "dev"])
    for splits in (["test"], ["dev", "test"], ["dev", ""], ["own"]):
        with pytest.raises(TestSplitUsed):
            questions.dev_only(splits)


# --- the sets that ship -------------------------------------------------------------------------


def plain(text):
    """Words alone, so that case and punctuation hide no copy."""
    return " ".join(re.findall(r"\w+", text.lower()))


def read_folder(folder):
    named = ((path, path.relative_to(folder).as_posix()) for path in list_files(folder))
    return {name: read_document(path, name) for path, name in named}


@pytest.fixture(scope="module")
def corpus():
    return read_folder(REPOSITORY / "corpus")


@pytest.fixture(scope="module")
def cards(corpus):
    found = chain.from_iterable(parse_document(document).questions for document in corpus.values())
    return {question.document: question for question in found if question.rubric}


@pytest.fixture(scope="module")
def ours():
    return questions.read_all(data.questions())


@pytest.fixture(scope="module")
def of_seeds():
    return questions.read(SEEDS)


def test_all_evidence_of_our_corpus_is_exact_and_unique(corpus, ours):
    assert questions.check(ours, lambda name: corpus[name].text) == []


def test_all_evidence_of_the_seeds_is_exact_and_unique(seeds, of_seeds):
    documents = read_folder(seeds)
    assert questions.check(of_seeds, lambda name: documents[name].text) == []
    answered = {question.documents[0] for question in of_seeds if question.answerable}
    assert answered == set(documents)
    own = {plain(q.text) for document in documents.values() for q in parse_document(document).questions}
    assert [question.id for question in of_seeds if plain(question.question) in own] == []


def test_there_are_enough_questions_of_each_topic(ours):
    topics = tomllib.loads((REPOSITORY / "corpus" / "topics.toml").read_text(encoding="utf-8"))["topics"]
    by_topic = Counter(question.topic for question in ours if question.answerable)
    assert set(by_topic) == set(topics)
    assert min(by_topic.values()) >= 20
    assert sum(by_topic.values()) >= 400
    assert sum(not question.answerable for question in ours) >= 200


@pytest.mark.parametrize(
    "kind", ["paraphrase", "fact", "two-passage", "follow-up", "near-domain", "hard", "far-domain", "injection"]
)
def test_each_kind_is_in_both_splits(kind, ours):
    mine = [question for question in ours if question.kind == kind]
    assert min(Counter(question.split for question in mine)[split] for split in ("dev", "test")) >= 10
    assert all(question.answerable != (kind in UNANSWERABLE) for question in mine)
    assert all(bool(question.history) == (kind == "follow-up") for question in mine)
    assert all((len(question.parts) == 2) == (kind == "two-passage") for question in mine)
    assert all(question.key_points for question in mine if question.answerable)


def test_each_topic_is_in_both_splits(ours):
    splits = defaultdict(set)
    for question in ours:
        if question.answerable:
            splits[question.topic].add(question.split)
    assert all(found == {"dev", "test"} for found in splits.values())


def test_no_question_is_in_both_splits(ours, of_seeds):
    """Nor in those of two sets, since thresholds are fitted on all of dev."""
    splits = defaultdict(set)
    for question in (*ours, *of_seeds):
        splits[plain(question.question)].add(question.split)
    assert [text for text, found in splits.items() if len(found) > 1] == []


def test_no_question_is_a_wording_of_a_card(cards, ours, of_seeds):
    told = {plain(text) for card in cards.values() for text in (card.text, *card.rubric.aliases)}
    assert len(told) > len(cards) > 200
    assert [question.id for question in (*ours, *of_seeds) if plain(question.question) in told] == []


def test_no_question_is_there_twice(ours, of_seeds):
    for found in (ours, of_seeds):
        asked = Counter(plain(" | ".join((*question.history, question.question))) for question in found)
        assert [text for text, count in asked.items() if count > 1] == []


def test_graded_answers_fit_their_cards(cards):
    rows = graded.read(data.graded_answers(), cards)
    assert len(rows) >= 300
    assert len({row.id for row in rows}) == len(rows)
    assert {row.split for row in rows} == {"dev", "test"}
    assert {verdict for row in rows for verdict in row.verdicts} == {"met", "partial", "missed", "contradicted"}
    assert all(len(row.verdicts) == len(row.points) and 0 <= row.score <= 1 for row in rows)
    assert len({row.kind for row in rows}) >= 7
    for split in ("dev", "test"):
        groups = {row.group for row in rows if row.split == split}
        assert not groups & {row.group for row in rows if row.split != split}


def test_graded_answers_quote_themselves_and_say_why():
    rows = [json.loads(line) for line in data.graded_answers().read_text(encoding="utf-8").split("\n") if line]
    for row in rows:
        for point in row["points"]:
            assert point["why"], row["id"]
            assert point["evidence"] in row["answer"], row["id"]
            assert bool(point["evidence"]) == (point["verdict"] != "missed"), row["id"]


@pytest.mark.parametrize("change", ["card gone", "other key points", "no JSON", "no answer", "no file"])
def test_graded_answers_that_fit_no_card_are_refused(change, cards, tmp_path):
    row = json.loads(data.graded_answers().read_text(encoding="utf-8").split("\n")[0])
    row["answer"] += "\u2028odd"
    path = write(tmp_path, row, name="graded.jsonl")
    assert graded.read(path, cards)[0].answer.endswith("\u2028odd")
    if change == "card gone":
        row["card"] = "nowhere.md"
    elif change == "other key points":
        row["points"].pop()
    elif change == "no answer":
        del row["answer"]
    write(tmp_path, "nonsense" if change == "no JSON" else row, name="graded.jsonl")
    if change == "no file":
        path.unlink()
    with pytest.raises(BadQuestions, match=r"graded\.jsonl"):
        graded.read(path, cards)
