"""The corpus keeps its own rules, by the same check that authors run, and copies nobody."""

from __future__ import annotations

import re
from pathlib import Path

from mlprep_bot.authoring import coverage
from mlprep_bot.authoring.check import check
from mlprep_bot.authoring.corpus import load

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def test_no_card_has_a_problem(embedder):
    checked = check(load(CORPUS), embedder, silent)
    assert not checked.problems, "\n".join(map(str, checked.problems))
    assert checked.cards >= 240


def test_every_topic_leads_to_others_and_is_led_to():
    surveyed = coverage.survey(card.question for card in load(CORPUS).cards)
    assert not [topic.name for topic in surveyed.topics if topic.orphan]
    assert not surveyed.dangling


def shingles(text: str, n: int = 10) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def test_no_run_of_ten_words_comes_from_the_seeds(seeds: Path):
    foreign = set().union(*(shingles(path.read_text(encoding="utf-8")) for path in seeds.glob("*.txt")))
    for card in load(CORPUS).cards:
        assert not shingles(card.text) & foreign, card.name
