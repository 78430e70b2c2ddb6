"""Starting and ending: the address is printed when the page answers there, and Ctrl-C ends it cleanly."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from mlprep_bot.app import App
from mlprep_bot.errors import SettingsError
from mlprep_bot.settings import Settings
from mlprep_bot.ui.serve import address, serve

START = """
import sys
from pathlib import Path
from mlprep_bot.app import App
from mlprep_bot.settings import Settings
from mlprep_bot.ui.serve import serve
serve(App(Settings(data_dir=Path(sys.argv[1]), port=0, embedder="hash")))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_it_says_where_it_is_answers_there_and_ends_on_ctrl_c(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        line = process.stdout.readline()
        where = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert where, line
        assert httpx.get(where[0], trust_env=False).status_code == 200
        with httpx.stream("GET", f"{where[0]}gradio_api/heartbeat/abc", trust_env=False) as open_tab:
            next(open_tab.iter_bytes())
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(10)
            assert time.monotonic() - began < 6
        rest = process.stdout.read()
        assert process.returncode == 0, rest
        assert "Traceback" not in rest
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def test_a_taken_port_is_one_line_with_its_fix(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port}.*mlprep --port"):
            serve(App(Settings(data_dir=tmp_path, port=port)))


def test_an_open_address_without_a_token_does_not_start(tmp_path):
    with pytest.raises(SettingsError, match="MLPREP_TOKEN"):
        serve(App(Settings(data_dir=tmp_path, host="0.0.0.0", port=0)))


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]")]
)
def test_the_address_can_be_clicked(host, shown, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert address(Settings(data_dir=tmp_path, host=host), listening) == f"http://{shown}:{port}/"
