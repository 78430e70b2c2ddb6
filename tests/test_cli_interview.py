"""A candidate at a terminal: real processes on a real pseudo-terminal or pipe, over a real library."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NOTES = """# Regularisation

## Q1: What does dropout do?

Dropout sets each activation to zero with probability p during training. At inference all units are kept.
With inverted dropout the kept activations are scaled by 1/(1-p) during training, so inference needs no change.

## Q2: How does weight decay differ from an L2 penalty under Adam?

With AdamW the decay is applied to the weights directly, outside the adaptive step. An L2 penalty is divided by the
running gradient scale, so parameters with large gradients are decayed less.
"""
SAID = "Dropout sets activations to zero with probability p during training.\nAt inference all units are kept."


def environment(home: Path, **more: str) -> dict[str, str]:
    settings = {
        "MLPREP_DATA_DIR": str(home / "data"),
        "MLPREP_CONFIG": str(home / "none.toml"),
        "MLPREP_WRITER": "extractive",
        "MLPREP_EMBEDDER": "hash",
        "TERM": "dumb",
        "COLUMNS": "100",
    }
    return os.environ | settings | more


def mlprep(home: Path, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlprep_bot", *arguments],
        env=environment(home, **more),
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def library(folder: Path, **more: str) -> Path:
    (folder / "notes").mkdir()
    (folder / "notes" / "regularisation.md").write_text(NOTES, encoding="utf-8")
    done = mlprep(folder, "index", str(folder / "notes"), **more)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("interview"))


@pytest.fixture
def home(indexed: Path) -> Path:
    """A library without any practice."""
    for left in (indexed / "data").glob("progress.db*"):
        left.unlink()
    return indexed


def summary(home: Path) -> dict:
    done = mlprep(home, "progress", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- through a pipe ---------------------------------------------------------------------------


def test_a_whole_interview_through_a_pipe_with_the_real_model(tmp_path):
    home = library(tmp_path, MLPREP_EMBEDDER="all-MiniLM-L6-v2")
    answers = f"{SAID}\n.\n:hint\nAdamW applies the decay to the weights directly.\n.\n"
    real = {"MLPREP_EMBEDDER": "all-MiniLM-L6-v2"}
    done = mlprep(home, "interview", "--questions", "2", "--style", "warm-up", stdin=answers, **real)
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    order = [
        "Question 1 of 2",
        "Key points:",
        "A model answer",
        "Question 2 of 2",
        "Hint: ",
        "Key points:",
        "Most worth",
    ]
    at = [shown.index(order[0])]
    for mark in order[1:]:
        at.append(shown.index(mark, at[-1] + 1))
    assert "derived" in shown, "no author wrote key points for these notes"
    places = re.findall(r"regularisation\.md \[(\d+):(\d+)\]: “(.+)”", shown)
    for start, end, quote in places:
        assert " ".join(NOTES[int(start) : int(end)].split()) == quote
    assert re.search(r"regularisation\.md \[\d+:\d+\]", shown)
    [held] = summary(home)["interviews"]
    assert held["ended"]
    assert held["questions_done"] == 2
    again = mlprep(home, "progress", "show", held["id"], "--markdown", str(home / "debrief.md"), **real)
    assert again.returncode == 0, again.stderr
    debrief = (home / "debrief.md").read_text(encoding="utf-8")
    assert "What does dropout do?" in debrief
    assert "> At inference all units are kept." in debrief


def test_the_end_of_input_hands_in_what_was_said_and_keeps_the_rest(home):
    first = mlprep(home, "interview", "--questions", "2", "--style", "warm-up", stdin="Half an answer")
    assert first.returncode == 0, first.stderr
    assert "Key points:" in first.stdout
    assert "goes on from here" in first.stderr
    [held] = summary(home)["interviews"]
    assert not held["ended"]
    assert held["questions_done"] == 1
    second = mlprep(home, "interview", stdin=":skip\n")
    assert f"Going on with interview {held['id']}" in second.stderr
    assert "You skipped this question" in second.stdout
    assert "What was expected" in second.stdout
    [held] = summary(home)["interviews"]
    assert held["ended"]


def test_bytes_that_are_no_text_cost_nothing(home):
    command = [sys.executable, "-m", "mlprep_bot", "interview", "--questions", "1", "--style", "warm-up"]
    spoilt = b"caf\xe9 \xff\x00 \xed\xa0\x80 dropout\n.\n"
    done = subprocess.run(command, env=environment(home), input=spoilt, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Key points:" in done.stdout


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        (["--role", "plumber"], 2, r"no role 'plumber'.*ml-engineer"),
        (["--style", "fast"], 2, "no style 'fast'.*warm-up"),
        (["--topic", "cooking"], 2, "no topic 'cooking'"),
        (["--level", "guru"], 2, "no level 'guru'"),
        (["--documents", "other"], 2, r"no document .*'other'.*regularisation\.md"),
        (["--job", "nowhere.txt"], 3, "nowhere.txt: there is no such file"),
        (["--questions", "0"], 2, "greater than or equal"),
        (["--resume"], 2, "No interview is unfinished"),
        (["20260101-000000-abcd"], 7, "no interview '20260101-000000-abcd'"),
        (["--writer", "ollama"], 6, "Ollama does not answer"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_line(home, flags, code, told):
    done = mlprep(home, "interview", *flags, MLPREP_OLLAMA_HOST="http://127.0.0.1:9")
    assert done.returncode == code, done.stderr
    assert re.search(told, done.stderr)
    assert "Traceback" not in done.stderr
    assert not (home / "data" / "progress.db").exists(), "nothing began"


def test_an_unfinished_interview_is_not_replaced_by_accident(home):
    mlprep(home, "interview", "--questions", "2", "--documents", "regularisation.md")
    refused = mlprep(home, "interview", "--questions", "1")
    assert refused.returncode == 2
    assert "--new" in refused.stderr
    mlprep(home, "interview", "--new", "--questions", "1")
    newest, oldest = summary(home)["interviews"]
    assert (newest["questions"], oldest["questions"]) == (1, 2)
    named = mlprep(home, "interview", oldest["id"], stdin=":end\n")
    assert "Question 1 of 2" in named.stdout
    assert [held["ended"] for held in summary(home)["interviews"]] == [False, True]


def test_a_job_description_steers_and_is_not_kept(home):
    (home / "job.txt").write_text("We need somebody who knows regularisation: dropout and weight decay.\n" * 3)
    done = mlprep(home, "interview", "--questions", "1", "--job", str(home / "job.txt"))
    assert done.returncode == 0, done.stderr
    assert "job.txt" in done.stderr or "more often" in done.stderr
    assert b"somebody who knows" not in (home / "data" / "progress.db").read_bytes()


def test_what_is_kept_of_a_pasted_text_is_what_help_and_terminal_say(home):
    (home / "job.txt").write_text("Regularisation engineer\n\nYou know dropout.\nYou know weight decay.\n" * 2)
    done = mlprep(home, "interview", "--questions", "1", "--job", str(home / "job.txt"))
    [held] = json.loads(mlprep(home, "progress", "export", "-").stdout)["interviews"]
    for _, words in held["entries"][0]["setup"]["steered_by"]:
        assert words in done.stderr
    told = " ".join(mlprep(home, "interview", "--help").stdout.split())
    assert "not stored" not in told
    assert "only the words shown are kept" in told


# --- at a terminal ----------------------------------------------------------------------------


# The process takes the terminal for its own, so that Ctrl-C reaches it.
# `setsid --ctty` would need util-linux: the child takes the terminal itself, so that Ctrl-C reaches it, also when
# somebody runs these tests in the background, where a shell has Ctrl-C ignored.
ON_ITS_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A process on a pseudo-terminal of its own."""

    def __init__(self, home: Path, *arguments: str) -> None:
        import pty

        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_ITS_TERMINAL, sys.executable, "-m", "mlprep_bot", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(home),
            start_new_session=True,
        )
        os.close(slave)
        self._seen = ""

    def expect(self, text: str) -> str:
        """Wait for `text`; returns what came up to it."""
        while text not in self._seen:
            assert self._read(), f"ended before {text!r}: {self._seen}"
        before, found, self._seen = self._seen.partition(text)
        return before + found

    def type(self, text: str) -> None:
        self.expect("> ")
        os.write(self._master, text.encode())

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    def rest(self) -> tuple[int, str]:
        while self._read():
            pass
        os.close(self._master)
        return self.process.wait(timeout=60), self._seen

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 300)
        assert ready, f"nothing came for five minutes after: {self._seen}"
        try:
            chunk = os.read(self._master, 65_536)
        except OSError:  # the other side is closed
            return False
        self._seen += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(chunk)


terminal_only = pytest.mark.skipif(os.name == "nt", reason="there is no pseudo-terminal")


@terminal_only
def test_ctrl_c_and_a_kill_cost_at_most_the_line_that_is_typed(home):
    terminal = Terminal(home, "interview", "--questions", "2", "--style", "warm-up")
    terminal.expect("Question 1 of 2")
    terminal.type("The first line,\n")
    terminal.type(":hint\n")
    terminal.expect("Hint: ")
    terminal.type("the second one\n")
    terminal.expect("> ")
    terminal.press("unfinished ")
    terminal.expect("unfinished ")
    time.sleep(0.5)  # CPython's readline sleeps through a signal that comes just before it waits for the next key
    terminal.press("\x03")
    code, left = terminal.rest()
    assert code == 130
    assert "goes on from here" in left
    assert "Traceback" not in left

    terminal = Terminal(home, "interview")
    shown = terminal.expect("the second one")
    assert "Hint: " in shown
    assert "The first line," in shown
    terminal.type("a third\n")
    terminal.expect("> ")
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.rest()

    terminal = Terminal(home, "interview")
    terminal.expect("a third")
    terminal.type("\x04")  # Ctrl-D hands it in
    assert "Key points:" in terminal.expect("Enter: the next question")
    [held] = summary(home)["interviews"]
    assert held["questions_done"] == 1
    terminal.press("\n")
    terminal.expect("Question 2 of 2")
    terminal.type(".\n")
    terminal.expect("nothing written yet")
    terminal.type(":pause\n")
    terminal.expect("Paused")
    terminal.press("\n")
    terminal.type("Something else.\n")
    terminal.type(":again\n")
    terminal.expect("Start afresh")
    terminal.type("It is outside the adaptive step.\n")
    terminal.type(".\n")
    terminal.expect("Enter: the end")
    terminal.press("\n")
    code, left = terminal.rest()
    assert code == 0
    assert "That was the last question." in left
    shown = mlprep(home, "progress", "show", held["id"]).stdout
    assert "The first line,\nthe second one\na third\n" in shown
    assert "It is outside the adaptive step." in shown
    assert "Something else." not in shown
    assert "unfinished" not in shown


def kinds(home: Path) -> list[str]:
    """The log of the only interview, as kinds of entries."""
    [held] = json.loads(mlprep(home, "progress", "export", "-").stdout)["interviews"]
    return [entry["kind"] for entry in held["entries"]]


@terminal_only
def test_leaving_stops_the_clock(home):
    terminal = Terminal(home, "interview", "--minutes", "10", "--style", "warm-up")
    terminal.expect("10 min left")
    terminal.expect("> ")
    terminal.press("\x04")
    code, left = terminal.rest()
    assert code == 0
    assert "goes on from here" in left
    assert kinds(home)[-1] == "paused"
    terminal = Terminal(home, "interview")
    terminal.expect("10 min left")
    terminal.type(":end\n")
    code, _ = terminal.rest()
    assert code == 0
    assert kinds(home)[-3:] == ["paused", "resumed", "ended"]


@terminal_only
def test_deleting_asks_once(home):
    mlprep(home, "interview", "--questions", "1")
    terminal = Terminal(home, "progress", "delete")
    terminal.expect("Delete 1 interview for good? [y/N]")
    terminal.press("n\n")
    assert terminal.rest()[0] == 1
    assert len(summary(home)["interviews"]) == 1
    terminal = Terminal(home, "progress", "delete")
    terminal.expect("[y/N]")
    terminal.press("y\n")
    assert terminal.rest()[0] == 0
    assert summary(home)["interviews"] == []


# --- progress in files ------------------------------------------------------------------------


def test_export_import_delete(home):
    mlprep(home, "interview", "--questions", "1", "--style", "warm-up", stdin=f"{SAID}\n.\n")
    before = summary(home)
    file = home / "export.json"
    file.unlink(missing_ok=True)
    for _ in range(2):  # an older export is replaced
        assert mlprep(home, "progress", "export", str(file)).returncode == 0
    if os.name != "nt":
        assert file.stat().st_mode & 0o777 == 0o600
    notes = home / "notes" / "regularisation.md"
    refused = mlprep(home, "progress", "export", str(notes))
    assert refused.returncode == 7
    assert notes.read_text(encoding="utf-8") == NOTES

    assert mlprep(home, "progress", "delete").returncode == 2, "nobody was asked"
    assert summary(home) == before
    assert mlprep(home, "progress", "delete", "--yes").returncode == 0
    assert summary(home)["interviews"] == []
    assert mlprep(home, "progress", "import", str(file)).returncode == 0
    assert summary(home) == before
    again = mlprep(home, "progress", "import", "-", stdin=file.read_text(encoding="utf-8"))
    assert "1 known already" in again.stderr


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe\x00", b"[" * 200_000, b'{"format": "mlprep-progress"}'])
def test_a_bad_import_is_one_line(home, content):
    file = home / "bad.json"
    file.write_bytes(content)
    done = mlprep(home, "progress", "import", str(file))
    assert done.returncode == 7
    assert done.stderr.startswith("mlprep: ")
    assert done.stderr.count("\n") == 1
    assert mlprep(home, "progress", "import", str(home / "gone.json")).returncode == 7


def test_a_damaged_file_is_one_line(home):
    (home / "data" / "progress.db").write_bytes(b"\xa5" * 9_000)
    for command in (["progress"], ["interview"], ["progress", "export", "-"]):
        done = mlprep(home, *command)
        assert done.returncode == 7, done.stderr
        assert re.search(r"progress\.db is damaged .*cp ", done.stderr)
        assert "Traceback" not in done.stderr


def test_what_the_documents_no_longer_have_is_neither_weak_nor_due(tmp_path):
    home = library(tmp_path)
    mlprep(home, "interview", "--questions", "1", "--style", "warm-up", stdin="I do not know much about that.\n.\n")
    before = summary(home)
    assert before["weakest"]
    assert sum(before["reviews"].values()) == len(before["weakest"])
    (home / "notes" / "regularisation.md").write_text("# Bread\n\n## How is bread baked?\n\nIn an oven, for long.\n")
    assert mlprep(home, "index", str(home / "notes")).returncode == 0
    after = summary(home)
    assert (after["weakest"], sum(after["reviews"].values())) == ([], 0)
    assert after["topics"][0]["key_points"] == before["topics"][0]["key_points"]
    for left in (home / "data").iterdir():  # no library at all: what was practised is still told
        if not left.name.startswith("progress"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    assert summary(home)["weakest"] == before["weakest"]


def test_nothing_practised_yet(home):
    assert summary(home)["interviews"] == []
    assert "mlprep interview" in mlprep(home, "progress").stderr
    assert not (home / "data" / "progress.db").exists()
