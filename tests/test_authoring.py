"""What an author is told: every problem of every card at once, with file and line; coverage; a new card."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlprep_bot.answering.evidence import Gate
from mlprep_bot.authoring import coverage, running
from mlprep_bot.authoring.check import check
from mlprep_bot.authoring.corpus import Problem, load
from mlprep_bot.authoring.template import new_card
from mlprep_bot.domain import Retrieved, Signals
from mlprep_bot.errors import CardError, UnreadableDocument


def filler(name: str) -> str:
    """Enough words for `## In depth` that no other card has."""
    return " ".join(f"Word{n} of {name} has a number of its own." for n in range(35))


CARD = """---
id: {id}
question: "{question}"
topic: {topic}
level: {level}
tags: [loss]
aliases:
  - "{question} short"
  - "{question} other"
key_points:
  - "(3) The hinge loss is zero beyond a margin of 1. ~ The hinge loss is never zero."
  - "(2) Squared error punishes an error of 2 four times as much as one of 1. ~ Squared error is linear."
  - "(1) Absolute error is minimised by the median. ~ Absolute error is minimised by the mean."
pitfalls:
  - "Naming a loss without its minimiser."
follow_ups:
  - {{question: "Which loss is robust?", probes: {probes}}}
references:
  - {{title: "Elements", authors: "Hastie", year: 2009, where: "Springer"}}
---
## Short answer

A loss says what an error costs, and the model pays for each. {short}

## In depth

The hinge loss is zero beyond a margin of 1.
So says {id}. Squared error punishes an error of 2 four times as much as one of 1.
<!-- check: {check} -->

Absolute error is minimised by the median.
{deep}

```python
{code}
```

## What interviewers listen for

- The minimiser named together with {id}.

## In production

A pricing model with {id} follows a single typing mistake.
"""


def write(root: Path, name: str, **changes: str) -> Path:
    values = {
        "id": Path(name).stem,
        "question": f"Which loss function fits {Path(name).stem}?",
        "topic": Path(name).parent.name,
        "level": "mid",
        "probes": "kp:1",
        "short": " ".join([Path(name).stem] * 35),
        "deep": filler(Path(name).stem),
        "check": "2**2 == 4 * 1**2",
        "code": "assert True",
    } | changes
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CARD.format(**values), encoding="utf-8")
    return path


def problems(root: Path, embedder=None, **options) -> list[Problem]:
    return list(check(load(root), embedder, lambda *_: None, **options).problems)


def told(root: Path, **options) -> list[str]:
    return [str(problem) for problem in problems(root, **options)]


def test_a_good_card_has_no_problem(tmp_path, embedder):
    write(tmp_path, "losses/hinge.md")
    assert problems(tmp_path, embedder) == []


def test_every_problem_of_every_card_is_told_at_once_with_its_line(tmp_path):
    write(tmp_path, "losses/hinge.md", level="wizard", topic="Loss!")
    write(tmp_path, "losses/huber.md", probes="nowhere", short="Too short.", check="2 + 2 == 5", code="x = 1")
    (tmp_path / "losses" / "notes.md").write_text("No front matter.\n")
    (tmp_path / "README.md").write_text("How to write cards.\n")
    assert [line.split(": ", 1)[0] for line in told(tmp_path)] == [
        "losses/hinge.md:4",
        "losses/hinge.md:5",
        "losses/huber.md:17",
        "losses/huber.md:21",
        "losses/huber.md:29",
        "losses/huber.md:34",
        "losses/notes.md:1",
    ]
    assert [problem.rule for problem in problems(tmp_path)] == [
        "format", "format", "link", "sections", "number", "code", "format",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        ({"check": "1 / 0 == 1"}, "number", "ZeroDivisionError"),
        ({"check": "math.sqrt(2)"}, "number", "1.414"),
        ({"code": "assert 1 == 2, 'differs'"}, "code", "AssertionError: differs"),
        ({"code": "import mlprep_bot.nothing\nassert True"}, "code", "ModuleNotFoundError"),
        ({"deep": "This is what it leans on. " + filler("this")}, "readability", "leans on the one before"),
        ({"deep": " ".join(["word"] * 60) + ". " + filler("this")}, "readability", "60 words"),
        ({"deep": "short"}, "sections", "expected 250"),
        ({"deep": filler("this") + "\n\n## More\n\nText."}, "sections", "More"),
        ({"deep": filler("this") + "\n\nTODO: the rest"}, "format", "still to be written"),
        ({"probes": '""'}, "link", "needs `probes`"),
        ({"probes": "hinge"}, "link", "its own card"),
    ],
)
def test_a_problem_has_its_rule_and_says_what_was_seen(tmp_path, change, rule, says):
    write(tmp_path, "losses/hinge.md", **change)
    (problem,) = problems(tmp_path)
    assert problem.rule == rule
    assert says in problem.message


def test_code_that_never_ends_is_stopped(tmp_path):
    write(tmp_path, "losses/hinge.md", check="[1 for _ in iter(int, 1)] == 1")
    (problem,) = running.of_card(load(tmp_path).cards[0], seconds=0.5)
    assert "takes longer than" in problem.message


def test_code_of_a_card_is_run_only_when_asked(tmp_path):
    mark = tmp_path / "ran"
    write(tmp_path, "losses/hinge.md", code=f"open({str(mark)!r}, 'w')\nassert True")
    assert problems(tmp_path, run=False) == []
    assert not mark.exists()
    assert problems(tmp_path) == []
    assert mark.exists()


def test_questions_that_ask_the_same_and_points_that_nobody_states_are_found(tmp_path, embedder):
    write(tmp_path, "losses/hinge.md", question="How does dropout regularise a network?")
    again = write(tmp_path, "losses/huber.md", question="How does dropout regularise networks?")
    again.write_text(again.read_text().replace("(1) Absolute error is minimised", "(1) Focal loss is minimised"))
    found = problems(tmp_path, embedder)
    assert {problem.rule for problem in found if problem.line < 12} == {"duplicate"}
    assert [(problem.rule, problem.line) for problem in found if problem.rule == "support"] == [("support", 13)]


def test_cards_that_copy_each_other_are_found(tmp_path):
    shared = " ".join(f"Shared{n} stands in both cards." for n in range(5))
    write(tmp_path, "losses/hinge.md", deep=shared + " " + filler("this"))
    write(tmp_path, "losses/huber.md", deep="Words of its own here. " + shared)
    assert any("words in common with losses/hinge.md" in line for line in told(tmp_path))


def test_topics_are_those_of_the_corpus_and_each_needs_its_cards(tmp_path):
    write(tmp_path, "losses/hinge.md")
    write(tmp_path, "other/huber.md")
    (tmp_path / "topics.toml").write_text('cards_per_topic = 2\n[topics]\nlosses = "Losses"\ntrees = "Trees"\n')
    lines = told(tmp_path)
    assert "losses:1: 1 cards on `losses`, expected at least 2 [coverage]" in lines
    assert "trees:1: 0 cards on `trees`, expected at least 2 [coverage]" in lines
    assert any("other/huber.md:4: unknown topic `other`" in line for line in lines)


def test_one_card_is_checked_beside_all_others(tmp_path):
    write(tmp_path, "losses/hinge.md", probes="huber")
    second = write(tmp_path, "losses/huber.md", check="1 == 2")
    (problem,) = problems(tmp_path, only=[second])
    assert problem.rule == "number"


@pytest.mark.parametrize("content", ["topics = 3", "[topics]\na = 1", "not toml ["])
def test_a_broken_list_of_topics_is_one_clear_line(tmp_path, content):
    (tmp_path / "topics.toml").write_text(content)
    with pytest.raises(UnreadableDocument, match=r"topics\.toml"):
        load(tmp_path)


def test_a_new_card_parses_and_is_reported_until_it_is_written(tmp_path):
    path = new_card(load(tmp_path), "losses", "focal-loss", 'What is "focal" loss: and why?', "senior")
    assert path == tmp_path / "losses" / "focal-loss.md"
    (card,) = load(tmp_path).cards
    assert card.question.text == 'What is "focal" loss: and why?'
    assert any("still to be written" in line for line in told(tmp_path))


@pytest.mark.parametrize(
    ("topic", "identity", "level"),
    [("losses", "Focal Loss", "mid"), ("../up", "focal", "mid"), ("losses", "hinge", "mid"), ("losses", "x", "guru"),
     ("nowhere", "x", "mid")],
)  # fmt: skip
def test_a_new_card_never_overwrites_nor_leaves_the_corpus(tmp_path, topic, identity, level):
    kept = write(tmp_path, "losses/hinge.md").read_text()
    (tmp_path / "topics.toml").write_text('[topics]\nlosses = "Losses"\n')
    with pytest.raises(CardError):
        new_card(load(tmp_path), topic, identity, "Why?", level)
    assert (tmp_path / "losses" / "hinge.md").read_text() == kept
    assert len(list(tmp_path.rglob("*.md"))) == 1


def test_the_map_counts_levels_and_follow_ups_between_topics(tmp_path):
    write(tmp_path, "losses/hinge.md", level="junior", probes="tree")
    write(tmp_path, "losses/huber.md", level="senior", probes="nowhere")
    write(tmp_path, "trees/tree.md", probes="hinge")
    write(tmp_path, "alone/alone.md")
    surveyed = coverage.survey(card.question for card in load(tmp_path).cards)
    rows = {topic.name: (topic.questions, topic.out, topic.into, topic.orphan) for topic in surveyed.topics}
    assert rows == {"alone": (1, 0, 0, True), "losses": (2, 1, 1, False), "trees": (1, 1, 1, False)}
    assert surveyed.unreached == ("alone", "huber")
    assert surveyed.dangling == ("losses/huber.md: nowhere",)


def test_a_question_that_finds_nothing_is_told_with_its_reason():
    nothing = lambda question: Retrieved(question, (), Signals({}), {})  # noqa: E731
    (wanted,) = coverage.support(["what is a loss"], nothing, Gate().assess)
    assert not wanted.supported
    assert wanted.reason


def mlprep(*arguments: str, data: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    import os

    environment = os.environ | {"MLPREP_DATA_DIR": str(data), "MLPREP_EMBEDDER": "hash", "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "mlprep_bot", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        input=stdin,
        check=False,
    )


def test_the_commands_check_and_begin_a_card(tmp_path):
    root, data = tmp_path / "cards", tmp_path / "data"
    write(root, "losses/hinge.md")
    fine = mlprep("corpus", "check", "--corpus", str(root), "--no-meaning", data=data)
    assert fine.returncode == 0, fine.stderr
    assert "no problem" in fine.stderr
    made = mlprep("corpus", "new", "focal", "--topic", "losses", "--corpus", str(root), data=data)
    assert made.returncode == 0, made.stderr
    assert f"corpus check --corpus {root}" in made.stdout
    listed = mlprep("corpus", "check", "--corpus", str(root), "--no-meaning", "--json", data=data)
    assert listed.returncode == 1
    found = json.loads(listed.stdout)
    assert (found["cards"], found["topics"], found["levels"]) == (2, {"losses": 2}, {"mid": 2})
    assert {problem["document"] for problem in found["problems"]} == {"losses/focal.md"}
    (tmp_path / "none").mkdir()
    empty = mlprep("corpus", "check", "--corpus", str(tmp_path / "none"), data=data)
    assert (empty.returncode, "holds no card" in empty.stderr) == (3, True)
    stray = mlprep("corpus", "check", "nowhere.md", "--corpus", str(root), data=data)
    assert stray.returncode == 3
    assert "Traceback" not in stray.stderr


def test_the_map_follows_what_is_indexed_and_takes_a_list_of_questions(tmp_path):
    root, data = tmp_path / "notes", tmp_path / "data"
    write(root, "losses/hinge.md")
    (root / "mine.md").write_text("Q: What is a hash join?\n\nA: It builds a table of one side.\n\nQ: What is Paxos?\n")
    assert mlprep("index", str(root), data=data).returncode == 0
    asked = '# a remark\nwhich loss function fits hinge\n{"question": "qwertz uiop"}\n'
    done = mlprep("corpus", "map", "--questions", "-", "--json", data=data, stdin=asked)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sum(topic["questions"] for topic in found["topics"]) == 2
    assert sum(topic["unanswered"] for topic in found["topics"]) == 1
    assert [item["question"] for item in found["questions"]] == ["which loss function fits hinge", "qwertz uiop"]
    assert not found["questions"][1]["supported"]
    shown = mlprep("corpus", "map", data=data)
    assert "losses" in shown.stdout
