"""`mlprep eval` as a person and as a program use it: files in, tables, reports and exit codes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from mlprep_bot.cli import main

NOTES = {
    "dropout": ("What does dropout do?",
                "Dropout sets each activation to zero with probability p during training. At inference all units are "
                "kept, and with inverted dropout the kept activations were already scaled by 1/(1-p)."),
    "boosting": ("How does gradient boosting work?",
                 "Boosting fits each new tree to the residuals of the trees before it. A small learning rate needs "
                 "more trees and usually generalises better."),
    "bagging": ("Why does bagging reduce variance?",
                "Bagging averages many trees that were each fitted to a bootstrap sample of the rows. Averaging leaves "
                "the bias alone and lowers the variance, most of all when the trees are little correlated."),
    "cache": ("What is a key-value cache?",
              "A key-value cache stores the keys and values of the tokens generated so far. It trades memory for "
              "speed, because attention over earlier tokens is not computed again."),
    "drift": ("How do you notice drift?",
              "Compare the distribution of each feature in production with the training data, for example by the "
              "population stability index. Alert when it stays above 0.2 for several days."),
    "leakage": ("What is target leakage?",
                "Target leakage means that a feature holds information which is not available when the prediction is "
                "made. It shows as offline accuracy that production never reaches."),
}  # fmt: skip
ASKED = [
    ("dropout", "what happens to activations while training with dropout", "Dropout sets each activation to zero"),
    ("dropout", "do i have to rescale units at inference with inverted dropout", "At inference all units are"),
    (
        "boosting",
        "what is each new tree fitted to in gradient boosting",
        "Boosting fits each new tree to the residuals",
    ),
    ("boosting", "does a small learning rate in boosting need more trees", "A small learning rate needs"),
    ("bagging", "how does averaging many bootstrap trees change variance", "lowers the variance"),
    ("cache", "what does the key-value cache store for generated tokens", "stores the keys and values"),
    ("drift", "which index compares feature distributions to find drift", "population stability index"),
    ("leakage", "why is offline accuracy too good with target leakage", "offline accuracy that production never"),
    # In words of their own, so that a high floor refuses them.
    ("cache", "memory or compute while generating text, which one is spent", "It trades memory for speed"),
    ("boosting", "how big are the steps that every tree takes", "A small learning rate needs"),
    ("leakage", "why is production worse than what we measured", "offline accuracy that production never"),
]
ABSENT = [
    # Near enough that a low floor answers them.
    ("near-domain", "how many trees should a random forest have"),
    ("near-domain", "which python library trains bagged trees on a GPU"),
    ("near-domain", "which index do databases use for keys"),
    ("near-domain", "how do you set a learning rate schedule for boosting a neural network"),
    ("near-domain", "how is a learning rate warmed up for transformers"),
    ("near-domain", "which trees does a random forest of survival data grow"),
    ("far-domain", "how long do I boil an egg"),
    ("far-domain", "who painted the night watch"),
    ("far-domain", "when does the last train leave for Bern"),
]


@dataclass
class Done:
    """What a call left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self):
        return self.err.strip().splitlines()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eval")
    notes = folder / "notes"
    notes.mkdir()
    for name, (question, text) in NOTES.items():
        (notes / f"{name}.md").write_text(f"# {question}\n\n{text}\n", encoding="utf-8")
    rows = [
        {"id": f"a{n}", "question": asked, "kind": "fact", "gold": [{"document": f"{name}.md", "evidence": evidence}],
         "key_points": [NOTES[name][1].split(". ")[0] + "."]}
        for n, (name, asked, evidence) in enumerate(ASKED)
    ]  # fmt: skip
    rows += [{"id": f"u{n}", "question": asked, "kind": kind} for n, (kind, asked) in enumerate(ABSENT)]
    written(folder / "questions.jsonl", *rows)
    return folder


def written(path, *rows):
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows), encoding="utf-8")
    return path


@pytest.fixture
def mlprep(home, monkeypatch, capfd):
    """Calls the command line as `python -m mlprep_bot` does, in this process, which has torch loaded already."""

    def call(*arguments, **environment):
        settings = {
            "MLPREP_DATA_DIR": home / "data",
            "MLPREP_CONFIG": home / "none.toml",
            "MLPREP_WRITER": "extractive",
        }
        for name, value in (settings | environment).items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(sys, "argv", ["mlprep", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Done(int(ended.value.code or 0), out, err)

    return call


def on_notes(home, *more):
    return ("eval", "--documents", home / "notes", "--questions", home / "questions.jsonl", *more)


def alone(done, code, *said):
    """One line that says it all, and nothing that looks like a result."""
    assert done.code == code, done.err
    assert done.out == ""
    assert len(done.lines) == 1, done.err
    assert done.lines[0].startswith("mlprep: ")
    assert all(word in done.lines[0] for word in said), done.err


def test_one_command_measures_own_documents_and_leaves_two_reports(home, mlprep):
    done = mlprep(*on_notes(home, "--out", home / "report"))
    assert done.code == 0, done.err
    assert "mlprep evaluation: notes" in done.out
    assert "20 questions" in done.out
    assert "Traceback" not in done.err
    assert f"Report: {home / 'report' / 'report.html'}" in done.err
    page = (home / "report" / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    shape = json.loads((home / "report" / "report.json").read_text(encoding="utf-8"))
    systems = {figure["system"] for figure in shape["figures"] if figure["section"] == "retrieval"}
    assert systems == {"mlprep", "dense", "lexical", "fused", "llama-index", "llama-index citations"}
    hit = next(f for f in shape["figures"] if (f["name"], f["system"], f["part"]) == ("hit@4000", "mlprep", ""))
    assert (hit["state"], hit["n"], hit["value"]) == ("measured", 11, 1.0)
    assert shape["errors"] == []
    assert {skipped["section"] for skipped in shape["skipped"]} == {"support", "grading", "answers"}
    far = next(f for f in shape["figures"] if (f["name"], f["system"]) == ("far-domain refused", "mlprep"))
    assert far["value"] == 1.0


def test_json_is_one_object_on_stdout_and_the_file_is_the_same(home, mlprep):
    done = mlprep(*on_notes(home, "--json", "--section", "retrieval", "--no-against", "--out", home / "json"))
    assert done.code == 0, done.err
    shape = json.loads(done.out)
    assert len(done.out.splitlines()) == 1
    assert {figure["section"] for figure in shape["figures"]} == {"retrieval"}
    assert {figure["system"] for figure in shape["figures"]} == {"mlprep"}
    assert shape == json.loads((home / "json" / "report.json").read_text(encoding="utf-8"))


def test_the_gate_from_acceptance_to_a_loss(home, mlprep):
    baseline = home / "kept" / "baseline.json"
    gate = on_notes(home, "--baseline", baseline, "--out", home / "gate")
    alone(mlprep(*gate, "--check"), 8, "There is no baseline", str(baseline), "--accept")

    strict, lenient = {"MLPREP_COVERAGE": "0.5"}, {"MLPREP_COVERAGE": "0.99"}
    accepted = mlprep(*gate, "--accept", **strict)
    assert accepted.code == 0, accepted.err
    assert f"Accepted: {baseline}" in accepted.err
    kept = baseline.read_bytes()

    same = mlprep(*gate, "--check", "--json", **strict)
    assert same.code == 0, same.err
    found = json.loads(same.out)["check"]
    assert found["passed"]
    assert {figure["change"]["value"] for figure in found["figures"]} == {0.0}
    assert [found[name] for name in ("changed", "gone", "moved", "must_lost")] == [[], [], [], []]

    # A floor so low that what is only near is answered, and so is what was asked in other words.
    worse = mlprep(*gate, "--check", **lenient)
    assert worse.code == 1
    assert "WORSE: refusal/near-domain refused/mlprep" in worse.out
    assert "made with another coverage" in worse.out
    lost, won = worse.out.index("Questions lost: "), worse.out.index("Questions won: ")
    assert all(question in worse.out[lost:won] for kind, question in ABSENT if kind == "near-domain")
    assert any(question in worse.out[won:] for _, question, _ in ASKED)
    assert worse.out.rstrip().endswith("GATE FAILED")
    assert baseline.read_bytes() == kept

    # One section alone is held against that section alone.
    one = mlprep(*gate, "--check", "--section", "retrieval", **lenient)
    assert one.code == 0, one.out
    assert one.out.rstrip().endswith("GATE PASSED")


def test_questions_that_cannot_be_used_are_named_in_one_line(home, mlprep, tmp_path):
    bad = written(tmp_path / "bad.jsonl", "{", {"id": "x", "question": "why?", "kind": "fact"}, {"id": "y"})
    documents = ("eval", "--documents", home / "notes", "--no-against", "--questions")
    alone(mlprep(*documents, bad), 8, "bad.jsonl", "line 1: no JSON", "line 2: no gold", "line 3: no question")
    row = {"id": "z", "question": "why?", "gold": [{"document": "dropout.md", "evidence": "words of nobody"}]}
    absent = written(tmp_path / "absent.jsonl", row)
    alone(mlprep(*documents, absent), 8, "absent.jsonl", "z:", "words of nobody", "is not in dropout.md")
    alone(mlprep(*documents, tmp_path / "none.jsonl"), 8, "none.jsonl", "No such file")
    dev = written(tmp_path / "dev.jsonl", {"id": "d", "question": "why?", "split": "dev"})
    alone(mlprep(*documents, dev), 8, "no question of the split test", "--split")


def test_documents_that_are_not_there(home, mlprep, tmp_path):
    (tmp_path / "empty").mkdir()
    questions = home / "questions.jsonl"
    done = mlprep("eval", "--documents", tmp_path / "empty", "--questions", questions)
    alone(done, 3, "holds no document that can be read")
    alone(mlprep("eval", "--documents", tmp_path / "gone", "--questions", questions), 3, "There is no folder", "gone")
    alone(mlprep("eval", "make", "--documents", tmp_path / "gone"), 3, "There is no folder")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--split", "train"), "'train'"),
        (("--section", "taste"), "'taste'"),
        (("--check",), "--baseline FILE"),
        (("--accept", "--section", "retrieval", "--baseline", "kept.json"), "--section"),
        (("--check", "--writer", "ollama", "--baseline", "kept.json"), "'ollama'"),
        (("--out", __file__), "--out"),
    ],
)
def test_options_that_make_no_sense_are_told_before_anything_is_measured(home, mlprep, options, said):
    alone(mlprep(*on_notes(home, *options), MLPREP_EMBEDDER="no-such-model"), 2, said)


def test_own_documents_need_questions(home, mlprep):
    alone(mlprep("eval", "--documents", home / "notes"), 2, "mlprep eval make", "--questions FILE")


def test_drafted_questions_are_evaluated_and_never_overwritten(home, mlprep, tmp_path):
    out = tmp_path / "draft.jsonl"
    made = mlprep("eval", "make", "--documents", home / "notes", "--out", out)
    assert made.code == 0, made.err
    assert made.out.splitlines()[0] == str(out)
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert any(row.get("gold") for row in rows)
    assert any(not row.get("gold") for row in rows)
    before = out.read_bytes()
    again = mlprep("eval", "make", "--documents", home / "notes", "--out", out)
    assert again.code == 8
    assert "is there already" in again.err
    assert out.read_bytes() == before
    split = rows[0].get("split", "test")
    done = mlprep("eval", "--documents", home / "notes", "--questions", out, "--no-against", "--json",
                  "--split", split, "--out", tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    hits = [f for f in json.loads(done.out)["figures"] if (f["name"], f["part"]) == ("hit@8000", "")]
    assert hits[0]["value"] > 0.8


def test_a_beir_folder(mlprep, tmp_path):
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    written(folder / "corpus.jsonl", *({"_id": name, "title": q, "text": text} for name, (q, text) in NOTES.items()))
    written(folder / "queries.jsonl", *({"_id": f"q{n}", "text": asked} for n, (_, asked, _) in enumerate(ASKED)))
    judged = [f"q{n}\t{name}\t1" for n, (name, _, _) in enumerate(ASKED)]
    written(folder / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore", *judged)
    done = mlprep("eval", "beir", folder, "--json", "--out", tmp_path)
    assert done.code == 0, done.err
    figures = json.loads(done.out)["figures"]
    found = {f["system"]: f["value"] for f in figures if f["name"] == "recall@1" and f["state"] == "measured"}
    assert found["mlprep"] == 1.0
    assert "llama-index" in found
    assert (tmp_path / "report.html").stat().st_size > 1000
    alone(mlprep("eval", "beir", tmp_path / "gone"), 8, "is no folder")
    alone(mlprep("eval", "beir", folder, "--split", "dev"), 8, "dev.tsv is missing")


def test_a_writer_that_is_not_there_is_one_line_of_a_real_process(home):
    """Also that the module runs as a program: nothing but that line on a pipe."""
    environment = {"MLPREP_DATA_DIR": str(home / "data"), "MLPREP_CONFIG": "", "OLLAMA_HOST": "127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-m", "mlprep_bot", *map(str, on_notes(home, "--writer", "ollama"))],
        env=os.environ | environment, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
    alone(Done(done.returncode, done.stdout, done.stderr), 6, "ollama serve")
