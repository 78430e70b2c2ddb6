"""SIGKILL at random moments of a real index run, over real Chroma."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from conftest import IN_MEMORY, REPOSITORY


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_thirty_kills_lose_nothing():
    # A kill loses nothing that was written, synced or not: a disk would only make this slower.
    in_memory = {"TMPDIR": IN_MEMORY} if IN_MEMORY else {}
    program = [sys.executable, str(REPOSITORY / "scripts" / "torture.py"), "--kills", "30"]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=600, env={**os.environ, **in_memory}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 30 lost" in done.stdout
