"""The corpus keeps its own rules: cards parse, code runs, numbers recompute, links lead somewhere."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlprep_bot.knowledge.cards import parse_card
from mlprep_bot.knowledge.readers import read_document

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
CARDS = sorted(CORPUS.glob("*/*.md"))
SECTIONS = ["Short answer", "In depth", "What interviewers listen for", "In production"]


def card(path: Path):
    return parse_card(read_document(path, path.relative_to(CORPUS).as_posix()))


def body(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("\n---\n", 1)[1]


def test_the_corpus_has_forty_cards_over_ten_topics():
    assert len(CARDS) >= 40
    assert len({path.parent.name for path in CARDS}) >= 10


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_card(path: Path):
    question = card(path)
    rubric = question.rubric
    assert rubric is not None
    assert question.topic == path.parent.name
    assert 3 <= len(rubric.key_points) <= 7
    assert all(point.wrong for point in rubric.key_points)
    assert re.findall(r"^## (.+)$", body(path), re.M) == SECTIONS
    short = body(path).split("## In depth")[0].split("\n", 2)[2]
    assert 40 <= len(short.split()) <= 100


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_worked_numbers_recompute(path: Path):
    for expression in re.findall(r"<!-- check: (.+?) -->", body(path)):
        assert eval(expression, {"math": math, **vars(math)}) is True, expression  # our own files


@pytest.mark.parametrize("path", [p for p in CARDS if "```python" in body(p)], ids=lambda path: path.stem)
def test_code_runs(path: Path):
    for code in re.findall(r"```python\n(.+?)```", body(path), re.S):
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_ids_are_unique_and_links_lead_somewhere():
    stems = [path.stem for path in CARDS]
    assert len(stems) == len(set(stems))
    for path in CARDS:
        rubric = card(path).rubric
        for follow_up in rubric.follow_ups:
            number = re.fullmatch(r"kp:(\d+)", follow_up.probes)
            known = 1 <= int(number[1]) <= len(rubric.key_points) if number else follow_up.probes in stems
            assert known, f"{path.name}: {follow_up.probes}"


def shingles(text: str, n: int = 10) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def test_no_run_of_ten_words_comes_from_the_seeds(seeds: Path):
    foreign = set().union(*(shingles(path.read_text(encoding="utf-8")) for path in seeds.glob("*.txt")))
    for path in CARDS:
        assert not shingles(path.read_text(encoding="utf-8")) & foreign, path.name
