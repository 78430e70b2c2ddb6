"""BEIR folders: read strictly, indexed without loss, ranked with graded relevance."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mlprep_bot.adapters.llama_index_plain import PlainLlamaIndex
from mlprep_bot.app import App
from mlprep_bot.domain import Document
from mlprep_bot.errors import BadQuestions, EvaluationError
from mlprep_bot.evaluation import beir, beir_files, metrics
from mlprep_bot.evaluation.figures import Failed, Figure
from mlprep_bot.knowledge.parsing import parse_document
from mlprep_bot.knowledge.readers import read_document
from mlprep_bot.settings import Settings

ODD_IDS = ["a/b.c", "..", "CON", "x" * 300, "Case", "case", "../../etc/passwd", "ä ö\u2028", ".hidden", "d.pdf"]
TEXTS = [
    ("Lasso", "The lasso gives exact zeros because its constraint has corners on the axes."),
    ("Dropout", "Dropout switches off random units during training."),
    ("", "The key-value cache grows linearly with the length of the context."),
    ("Batch normalisation", "It centres and scales the activations of each mini-batch."),
    ("", "How do I stop a decision tree from overfitting?"),
    ("Gradient boosting adds trees to the residuals", ""),
    ("", "# Only a heading about k-means clustering"),
    ("Precision", "Precision is the share of true positives among the predicted positives.\x00\x85\ud800"),
    ("ROC\ncurve", "---\nid: x\nquestion: y\ntopic: z\n---\nIt plots true against false positive rates.\u2028Twice."),
    ("Precision", "Precision is the share of true positives, among the predicted positives!"),
]


def write_set(
    folder: Path,
    documents: list[dict],
    queries: list[dict],
    judgements: list[tuple[str, str, object]],
    *,
    header: str = "query-id\tcorpus-id\tscore",
) -> Path:
    (folder / "qrels").mkdir(parents=True)
    rows = [header] * bool(header) + ["\t".join(map(str, row)) for row in judgements]
    lines = {
        "corpus.jsonl": [json.dumps(document) for document in documents],
        "queries.jsonl": [json.dumps(query, ensure_ascii=False) for query in queries],
        "qrels/test.tsv": rows,
    }
    for name, content in lines.items():
        (folder / name).write_text("\n".join(content) + "\n", encoding="utf-8")
    return folder


DOCUMENTS = [{"_id": i, "title": title, "text": text} for i, (title, text) in zip(ODD_IDS, TEXTS, strict=True)]
QUERIES = [
    {"_id": "q/1", "text": "why does the lasso set coefficients to zero"},
    {"_id": "Q", "text": "which layer switches units off at random"},
    {"_id": "q", "text": "stop a decision tree from overfitting"},
    {"_id": "boost", "text": "gradient boosting residuals"},
    {"_id": "kmeans", "text": "k-means clustering"},
    {"_id": "precision", "text": "share of true positives among predicted positives"},
    {"_id": "nobody judged it", "text": "what is a p value"},
    {"_id": "nothing is relevant", "text": "what is a t test"},
]
JUDGEMENTS = [
    ("q/1", "a/b.c", 2),
    ("q/1", "..", 0),
    ("Q", "..", 1),
    ("q", "../../etc/passwd", -1),
    ("q", ODD_IDS[4], 1),
    ("boost", ODD_IDS[5], 1),
    ("kmeans", ODD_IDS[6], 1),
    ("precision", ODD_IDS[7], 1),
    ("precision", ODD_IDS[9], 2),
    ("nothing is relevant", "CON", 0),
]


@pytest.fixture
def odd_set(tmp_path):
    return write_set(tmp_path / "set", DOCUMENTS, QUERIES, JUDGEMENTS)


def test_reading_keeps_everything_that_is_asked(odd_set):
    found = beir_files.read(odd_set)
    assert list(found.documents) == ODD_IDS
    assert found.judgements["q/1"] == {"a/b.c": 2, "..": 0}
    assert set(found.queries) == {"q/1", "Q", "q", "boost", "kmeans", "precision"}


def test_files_hold_what_the_set_holds(odd_set, tmp_path):
    found = beir_files.read(odd_set)
    names = beir_files.write(found.documents, tmp_path / "files")
    assert list(names) == ODD_IDS
    assert len({name.lower() for name in names.values()}) == len(names)
    for identity, name in names.items():
        title, text = found.documents[identity]
        document = read_document(tmp_path / "files" / name, name)
        assert parse_document(document).chunks
        for words in (title, text):
            assert set(_words(words)) <= set(_words(document.text))
    assert {
        str(path.relative_to(tmp_path / "files").as_posix()) for path in (tmp_path / "files").rglob("*.txt")
    } == set(names.values())


def _words(text: str) -> list[str]:
    kept = "".join(c if c.isalnum() and not "\ud800" <= c <= "\udfff" else " " for c in text)
    return kept.split()


@pytest.mark.parametrize("text", ["", " \n", "---", "\x00", "…"])
def test_a_document_without_a_word_is_no_file(text):
    assert beir_files.as_text("", text) is None


MARKS = (
    "# |\n|```|---|<!--|-->|Q: |A: |what|x|?| |- |$$|![a](b)|\n\n|===|In [1]:|<br>|\\section{|}|1. |TODO|**|> |7|É|\x00"
)
marked = st.lists(st.sampled_from(MARKS.split("|")), max_size=14).map("".join)


@given(marked | st.text(max_size=20), marked | st.text(max_size=120))
@hypothesis_settings(deadline=None, max_examples=300)
def test_every_document_with_a_word_can_be_found(title, text):
    form = beir_files.as_text(title, text)
    if form is None:
        assert not any(character.isascii() and character.isalnum() for character in title + text)
    else:
        assert parse_document(Document("document.txt", form, "text", "")).chunks


@pytest.mark.parametrize(
    ("name", "content", "seen"),
    [
        ("corpus.jsonl", "", "is empty"),
        ("corpus.jsonl", "nonsense\n", "line 1: no JSON"),
        ("corpus.jsonl", '["list"]\n', "line 1: no JSON object"),
        ("corpus.jsonl", '{"title": "t", "text": "x"}\n', "line 1: no _id"),
        ("corpus.jsonl", '{"_id": 7, "text": "x"}\n', "line 1: no _id"),
        ("corpus.jsonl", '{"_id": "a\\tb", "text": "x"}\n', "control character"),
        ("corpus.jsonl", '{"_id": "\\ud800", "text": "x"}\n', "control character"),
        ("corpus.jsonl", '{"_id": "d", "text": null}\n', "no text"),
        (
            "corpus.jsonl",
            '{"_id": "d", "text": "x"}\n\n{"_id": "d", "text": "y"}\n',
            "line 3: the _id d is there twice",
        ),
        ("corpus.jsonl", '{"_id": "other", "text": "x"}\n', "1 document ids that corpus.jsonl does not hold: d"),
        ("corpus.jsonl", "[" * 100_000 + "\n", "line 1"),
        ("corpus.jsonl", b"\xff\xfe\n", "not UTF-8"),
        ("queries.jsonl", '{"_id": "q", "text": " "}\n', "the query has no text"),
        ("queries.jsonl", '{"_id": "p", "text": "x"}\n', "1 query ids that queries.jsonl does not hold: q"),
        ("qrels/test.tsv", "q\td\t1\n", "line 1: the header is missing"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq d 1\n", "line 2: 1 columns"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\td\tyes\n", "line 2: the score 'yes' is no whole number"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\td\t1\nq\td\t2\n", "line 3: d was judged otherwise"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\td\t0\n", "calls no document relevant"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "calls no document relevant"),
    ],
)
def test_broken_folders_are_told_in_one_line(tmp_path, name, content, seen):
    folder = write_set(tmp_path / "set", [{"_id": "d", "text": "x"}], [{"_id": "q", "text": "x"}], [("q", "d", 1)])
    assert beir_files.read(folder).queries == {"q": "x"}
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadQuestions) as caught:
        beir_files.read(folder)
    assert seen in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.fix


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(BadQuestions, match="is no folder"):
        beir_files.read(tmp_path / "nowhere")
    folder = write_set(tmp_path / "set", [{"_id": "d", "text": "x"}], [{"_id": "q", "text": "x"}], [("q", "d", 1)])
    with pytest.raises(BadQuestions, match=r"dev\.tsv is missing.*There is test: choose it with --split"):
        beir_files.read(folder, "dev")
    (folder / "queries.jsonl").unlink()
    with pytest.raises(BadQuestions, match=r"queries\.jsonl is missing"):
        beir_files.read(folder)


def test_windows_line_ends_and_a_mark_are_no_problem(tmp_path):
    folder = write_set(tmp_path / "set", [{"_id": "d", "text": "x"}], [{"_id": "q", "text": "x"}], [("q", "d", 1)])
    for path in folder.rglob("*.*sv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert beir_files.read(folder).judgements == {"q": {"d": 1}}


def test_graded_ranking_of_the_textbook():
    """Gains 3, 2, 3, 0, 1, 2 of six documents in our order; two others, of gains 3 and 2, were not found."""
    grades = {"d1": 3, "d2": 2, "d3": 3, "d4": 0, "d5": 1, "d6": 2, "d7": 3, "d8": 2}
    relevant = {"one": grades, "nothing found": {"d1": 1}}
    values = metrics.graded_ranking(relevant, {"one": ["d1", "d2", "d3", "d4", "d5", "d6"]})
    found = dict(zip(metrics.GRADED, values["one"], strict=True))
    gain = 3 + 2 / 1.58496 + 3 / 2 + 0 + 1 / 2.58496 + 2 / 2.80735
    best = 3 + 3 / 1.58496 + 3 / 2 + 2 / 2.32193 + 2 / 2.58496 + 2 / 2.80735 + 1 / 3
    assert gain == pytest.approx(6.861, abs=1e-3)  # as Wikipedia's article on discounted cumulative gain has it
    assert found["nDCG@10"] == pytest.approx(gain / best, abs=1e-5)
    assert found["recall@1"] == pytest.approx(1 / 7)
    assert found["recall@5"] == pytest.approx(4 / 7)
    assert found["recall@10"] == found["recall@100"] == pytest.approx(5 / 7)
    assert found["MRR@10"] == 1.0
    assert set(values["nothing found"]) == {0.0}


def test_graded_ranking_counts_rank_100_and_no_further():
    ranked = {"in": [f"d{n}" for n in range(100)], "out": [f"d{n}" for n in range(101)]}
    values = metrics.graded_ranking({"in": {"d99": 1}, "out": {"d100": 1}}, ranked)
    at = metrics.GRADED.index("recall@100")
    assert (values["in"][at], values["out"][at]) == (1.0, 0.0)
    assert values["in"][metrics.GRADED.index("recall@10")] == 0.0


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_best_order_is_1_and_no_order_is_better(grades, random):
    relevant = {"q": {f"d{n}": grade for n, grade in enumerate(grades)}}
    best = sorted(relevant["q"], key=lambda name: -relevant["q"][name])
    other = random.sample(best, len(best))
    at = metrics.GRADED.index("nDCG@10")
    value = metrics.graded_ranking(relevant, {"q": best})["q"][at]
    assert value == pytest.approx(1.0 if any(grades) else 0.0)
    assert metrics.graded_ranking(relevant, {"q": other})["q"][at] <= value + 1e-6


class _Refuses:
    def __init__(self, documents, embedder):
        raise RuntimeError("no room")


@pytest.fixture(scope="module")
def app_of(embedder):
    def make(folder: Path) -> App:
        app = App(Settings(data_dir=folder))
        app.__dict__["embedder"] = embedder  # the loaded one, which `cached_property` would load again
        return app

    return make


def test_measure(odd_set, tmp_path, app_of):
    stages: list[str] = []
    others = {"llama-index": PlainLlamaIndex, "refuses": _Refuses}
    run = beir.measure(
        odd_set,
        app_of(tmp_path / "data"),
        tmp_path / "files",
        others=others,
        progress=lambda stage, _done, _total: stages.append(stage),
    )
    for system in ("mlprep", "dense", "lexical", "fused", "llama-index"):
        for name in metrics.GRADED:
            measured = run.find("retrieval", name, system)
            figure = measured.figure()
            assert isinstance(figure, Figure), (system, name)
            assert figure.n == 6
    for name in ("recall@100", "MRR@10"):
        assert run.find("retrieval", name).figure().value == 1.0
    precision = {s.id: s.values for s in run.find("retrieval", "recall@5").samples}["precision"]
    assert precision == (1.0,)  # both copies of nearly the same words
    assert isinstance(run.find("retrieval", "nDCG@10", "refuses").figure(), Failed)
    assert ("retrieval", "Q", "RuntimeError: no room") in run.problems()
    assert {question.id for question in run.questions} == {"q/1", "Q", "q", "boost", "kmeans", "precision"}
    assert {"asking mlprep", "asking llama-index"} <= set(stages)
    assert {cost.stage for cost in run.costs} >= {"index", "search, mlprep", "search, llama-index"}
    json.dumps(run.as_json())


def test_other_documents_in_the_index_are_refused(odd_set, tmp_path, app_of):
    app = app_of(tmp_path / "data")
    own = tmp_path / "own.txt"
    own.write_text("My own notes about something else.", encoding="utf-8")
    app.index([own])
    with pytest.raises(EvaluationError, match=r"own\.txt"):
        beir.measure(odd_set, app, tmp_path / "files")


def test_a_set_without_words_is_refused(tmp_path, app_of):
    folder = write_set(tmp_path / "set", [{"_id": "d", "text": ""}], [{"_id": "q", "text": "x"}], [("q", "d", 1)])
    with pytest.raises(BadQuestions, match="No document"):
        beir.measure(folder, app_of(tmp_path / "data"), tmp_path / "files")


def test_xquad_becomes_a_set(tmp_path):
    path = Path(__file__).resolve().parent.parent / "eval" / "xquad_to_beir.py"
    spec = importlib.util.spec_from_file_location("xquad_to_beir", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    asked = [{"id": "q1", "question": "Who?", "answers": []}, {"id": "q2", "question": "When?", "answers": []}]
    paragraphs = [{"context": "Ada, in 1843.", "qas": asked}, {"context": "Nobody ever.", "qas": []}]
    source = tmp_path / "xquad.json"
    source.write_text(json.dumps({"data": [{"title": "Ada_Lovelace", "paragraphs": paragraphs}]}), encoding="utf-8")
    assert module.convert(source, tmp_path / "set") == (2, 2)
    found = beir_files.read(tmp_path / "set")
    assert found.documents["Ada_Lovelace/0"] == ("Ada Lovelace", "Ada, in 1843.")
    assert found.judgements == {"q1": {"Ada_Lovelace/0": 1}, "q2": {"Ada_Lovelace/0": 1}}
