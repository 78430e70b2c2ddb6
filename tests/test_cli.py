"""The terminal as a person and as a program use it: real processes, real model, a real library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTES = """# Regularisation

## Q1: What does dropout do?

Dropout sets each activation to zero with probability p during training. At inference all units are kept.
With inverted dropout the kept activations are scaled by 1/(1-p) during training, so inference needs no change.

## Q2: How does weight decay differ from an L2 penalty under Adam?

With AdamW the decay is applied to the weights directly, outside the adaptive step. An L2 penalty is divided by the
running gradient scale, so parameters with large gradients are decayed less.

## Q3: Who invented batch normalisation?
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "notes").mkdir()
    (folder / "notes" / "regularisation.md").write_text(NOTES, encoding="utf-8")
    (folder / "notes" / "broken.pdf").write_bytes(b"%PDF-1.4 this is not a PDF")
    return folder


def mlprep(home: Path, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "MLPREP_DATA_DIR": str(home / "data"),
        "MLPREP_CONFIG": str(home / "none.toml"),
        "MLPREP_WRITER": "extractive",
        **environment,
    }
    return subprocess.run(
        [sys.executable, "-m", "mlprep_bot", *arguments],
        env=os.environ | settings,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def indexed(home: Path) -> dict:
    done = mlprep(home, "index", str(home / "notes"), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shown(home: Path, document: str) -> str:
    return mlprep(home, "show", document).stdout


def test_index_reports_what_it_found(indexed: dict):
    assert indexed["documents"] == 1
    assert indexed["questions"] == {"found": 3, "answered": 2, "unanswered": 1}
    assert indexed["unanswered"][0]["line"] == 13
    assert indexed["chunks"]["added"] > 0
    [failed] = indexed["failed"]
    assert failed["path"].endswith("broken.pdf")
    assert "\n" not in failed["reason"]


def test_a_second_run_embeds_nothing(home: Path, indexed: dict):
    again = json.loads(mlprep(home, "index", str(home / "notes"), "--json").stdout)
    assert again["embedded"] == 0
    assert again["chunks"]["added"] == 0
    assert again["chunks"]["kept"] == indexed["chunks"]["added"]


def test_dry_run_prints_a_plan_and_changes_nothing(home: Path, indexed: dict):
    extra = home / "notes" / "extra.md"
    extra.write_text("# Extra\n\nMomentum averages gradients.\n", encoding="utf-8")
    try:
        done = mlprep(home, "index", str(home / "notes"), "--dry-run")
        assert "extra.md" in done.stdout
        assert "1 to add" in done.stdout
    finally:
        extra.unlink()
    assert "extra" not in mlprep(home, "search", "momentum averages gradients").stdout


def test_search_json_gives_true_offsets_within_the_budget(home: Path, indexed: dict):
    done = mlprep(home, "search", "what scales the kept activations", "--json", "--budget", "500")
    found = json.loads(done.stdout)
    assert found["query"] == "what scales the kept activations"
    assert found["passages"]
    assert sum(len(passage["text"]) for passage in found["passages"]) <= 500
    text = shown(home, "regularisation.md")
    for passage in found["passages"]:
        assert set(passage) >= {"n", "text", "document", "start", "end", "heading", "score", "sources"}
        assert text[passage["start"] : passage["end"]] == passage["text"]
    assert any("1/(1-p)" in passage["text"] for passage in found["passages"])


def test_explain_shows_ranks_and_timings(home: Path, indexed: dict):
    done = mlprep(home, "search", "dropout", "--explain")
    assert "dense rank" in done.stdout
    assert "lexical rank" in done.stdout
    assert "ms" in done.stdout


def test_ask_json_cites_exact_words(home: Path, indexed: dict):
    answer = json.loads(mlprep(home, "ask", "what happens in dropout at inference?", "--json").stdout)
    assert answer["status"] == "answered"
    assert answer["writer"] == "extractive"
    text = shown(home, "regularisation.md")
    numbers = {passage["n"] for passage in answer["passages"]}
    assert answer["sentences"]
    for sentence in answer["sentences"]:
        assert sentence["verdict"] == "supported"
        for citation in sentence["citations"]:
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            assert citation["passage"] in numbers


def test_ask_refuses_what_the_documents_do_not_cover(home: Path, indexed: dict):
    answer = json.loads(mlprep(home, "ask", "who won the football world cup in 1998?", "--json").stdout)
    assert answer["status"] == "not_in_corpus"
    assert answer["sentences"] == []


def test_a_batch_answers_line_by_line_and_survives_a_bad_line(home: Path, indexed: dict):
    lines = ['{"id": "a", "question": "what does dropout do?"}', "not json", '{"id": 7, "question": "AdamW decay"}']
    for command in ("search", "ask"):
        done = mlprep(home, command, "--batch", "-", stdin="\n".join(lines))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [answer["id"] for answer in answers] == ["a", None, 7]
        assert answers[1]["error"]["kind"] == "BadLine"


def test_questions_lists_the_unanswered(home: Path, indexed: dict):
    done = mlprep(home, "questions", "--unanswered")
    assert "Who invented batch normalisation?" in done.stdout
    assert "dropout" not in done.stdout
    assert "\x1b" not in done.stdout  # no colours in a pipe


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["index", "no/such/folder"], 3, "no/such/folder"),
        (["show", "no-such-document.md"], 4, "no-such-document.md"),
        (["search", "  "], 2, "Expected"),
    ],
)
def test_bad_input_gets_one_line(home: Path, indexed: dict, arguments: list[str], code: int, said: str):
    done = mlprep(home, *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_an_empty_folder_is_said_and_not_replaced_by_the_corpus(tmp_path: Path):
    (tmp_path / "nothing").mkdir()
    assert "holds no document" in mlprep(tmp_path, "index", str(tmp_path / "nothing")).stdout
    done = mlprep(tmp_path, "search", "dropout")
    assert done.returncode == 4
    assert done.stderr.strip() == "mlprep: Nothing is indexed yet. Run: mlprep index PATH ..."


def test_a_bad_setting_is_named(home: Path):
    done = mlprep(home, "search", "x", "--json", MLPREP_WRITER="parrot")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["kind"] == "SettingsError"
    assert "parrot" in error["seen"]


def test_a_dead_ollama_is_an_error_with_a_fix(home: Path, indexed: dict):
    done = mlprep(home, "ask", "what does dropout do?", MLPREP_WRITER="ollama", OLLAMA_HOST="127.0.0.1:9")
    assert done.returncode == 6
    assert "ollama serve" in done.stderr


def test_a_forgotten_folder_leaves_the_index_and_its_files_stay(home: Path, indexed: dict):
    other = home / "other"
    other.mkdir()
    (other / "boosting.md").write_text("# Boosting\n\nBoosting fits each tree to the residuals.\n", encoding="utf-8")
    mlprep(home, "index", str(other))
    assert "boosting.md" in mlprep(home, "search", "residuals").stdout
    assert mlprep(home, "index", str(other), "--forget").returncode == 0
    assert "boosting.md" not in mlprep(home, "search", "residuals").stdout
    assert (other / "boosting.md").exists()
    again = mlprep(home, "index", str(other), "--forget")
    assert again.returncode == 4
    assert "Not indexed" in again.stderr


def test_doctor_names_every_part(home: Path, indexed: dict):
    checks = json.loads(mlprep(home, "doctor", "--json").stdout)["checks"]
    parts = {check["part"] for check in checks}
    assert {"mlprep", "chromadb", "torch", "data folder", "embedding model", "index", "active writer"} <= parts
    assert not [check for check in checks if check["state"] == "failed"]
