"""A wheel built from the repository works without it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from conftest import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(REPOSITORY)], check=True, timeout=300)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_corpus_and_licences(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    cards = [name for name in names if name.startswith("mlprep_bot/corpus/") and name.count("/") == 3]
    assert len(cards) >= 40
    assert "mlprep_bot/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/THIRD_PARTY_NOTICES.md") for name in names)


def test_every_data_file_of_the_source_is_in_the_wheel(wheel: Path):
    source = REPOSITORY / "src"
    found = [path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    files = {path.relative_to(source).as_posix() for path in found}
    assert files <= set(zipfile.ZipFile(wheel).namelist())


def test_the_corpus_is_found_inside_the_installed_package(wheel: Path, tmp_path: Path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = "from mlprep_bot.app import bundled_corpus; print(bundled_corpus())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert Path(done.stdout.strip()) == tmp_path / "mlprep_bot" / "corpus"
