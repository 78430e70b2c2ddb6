"""Held-out questions: JSON Lines with exact evidence, read strictly, and checked against the documents.

One object a line:

    {"id": "fact-001", "split": "test", "kind": "fact", "topic": "serving", "question": "…", "history": ["…"],
     "gold": [{"document": "serving/kv-cache.md", "evidence": "…", "part": 1}], "key_points": ["…"], "must": true}

`gold` entries of one `part` are alternatives; every part must be found. Without `part`, the entries of a
`two-passage` question are its parts, and those of any other question are alternatives. A question without `gold` is
unanswerable, and its `kind` says how far away it is: `near-domain`, `hard` (in the documents' own words), `far-domain`
or `injection`. `partly` rows, which documents answer in part, are read by nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from mlprep_bot.errors import BadQuestions, MlprepError, TestSplitUsed

UNANSWERABLE = ("near-domain", "hard", "far-domain", "injection")
TWO_PASSAGE = "two-passage"
_PARTLY = "partly"
_SHOWN = 12  # problems of a file that are told at once
_EXPECTED = 'Each line: {"id", "question", "kind", "gold": [{"document", "evidence"}], "key_points"}.'


@dataclass(frozen=True, slots=True)
class Gold:
    """A place that answers (a part of) a question; `evidence` is an exact substring of the document's text."""

    document: str
    evidence: str
    part: int = 0


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A question nobody tuned on. `history` are the earlier questions of its conversation."""

    id: str
    question: str
    kind: str
    split: str = "test"
    topic: str = ""
    history: tuple[str, ...] = ()
    gold: tuple[Gold, ...] = ()
    key_points: tuple[str, ...] = ()
    must: bool = False

    @property
    def answerable(self) -> bool:
        return bool(self.gold)

    @property
    def documents(self) -> tuple[str, ...]:
        """Those that hold evidence, in order."""
        return tuple(dict.fromkeys(gold.document for gold in self.gold))

    @property
    def cluster(self) -> str:
        """What questions share that are not independent: the document that answers them."""
        return self.gold[0].document if self.gold else self.id

    @property
    def parts(self) -> list[list[Gold]]:
        """Alternatives by part; each part must be found."""
        ordered = sorted(self.gold, key=lambda gold: gold.part)
        return [list(group) for _, group in groupby(ordered, key=lambda gold: gold.part)]


def read_all(paths: Sequence[Path]) -> list[HeldOut]:
    """The questions of several files. Raises BadQuestions."""
    found = [question for path in paths for question in read(path)]
    twice = [identity for identity, count in Counter(question.id for question in found).items() if count > 1]
    if twice:
        names = ", ".join(path.name for path in paths)
        raise BadQuestions(f"{names}: ids are there twice: {_told(twice)}.", "Give each question an id of its own.")
    return found


def read(path: Path) -> list[HeldOut]:
    """The questions of a file. Raises BadQuestions that names the first problems with their lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise BadQuestions(f"Cannot read the questions {path}: {why}.", _EXPECTED) from error
    found: dict[str, HeldOut] = {}
    problems: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):  # str.splitlines would cut a question at a U+2028 in it
        if not line.strip():
            continue
        try:
            question = parse(json.loads(line))
            if question.id in found:
                raise ValueError(f"the id {question.id} is there twice")
            found[question.id] = question
        except json.JSONDecodeError as error:
            problems.append(f"line {number}: no JSON ({error.msg}, column {error.colno})")
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            problems.append(f"line {number}: {error}")
    if problems:
        raise BadQuestions(f"{path.name}: {_told(problems)}.", _EXPECTED)
    kept = [question for question in found.values() if question.kind != _PARTLY]
    if not kept:
        raise BadQuestions(f"{path} holds no question.", _EXPECTED)
    return kept


def parse(value: Any) -> HeldOut:
    """One line's object. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    question = _text(value, "question")
    kind = str(value.get("kind") or ("paraphrase" if value.get("gold") else "near-domain"))
    gold = _gold(value, kind)
    if gold and kind in UNANSWERABLE:
        raise ValueError(f"it is {kind}, yet has gold")
    if not gold and kind not in (*UNANSWERABLE, _PARTLY):
        raise ValueError(f"no gold; an unanswerable question has one of the kinds {', '.join(UNANSWERABLE)}")
    earlier = _history(value.get("history") or [])
    points = value.get("key_points") or []
    if not isinstance(points, list) or not all(isinstance(point, str) for point in points):
        raise ValueError("key_points is not a list of sentences")
    split = str(value.get("split") or "test")
    if split not in ("dev", "test"):
        raise ValueError(f"split is {split!r}; expected dev or test")
    return HeldOut(
        str(value.get("id") or hashlib.sha256(question.encode()).hexdigest()[:12]),
        question, kind, split, str(value.get("topic") or ""), earlier, gold, tuple(points), bool(value.get("must")),
    )  # fmt: skip


def _history(given: Any) -> tuple[str, ...]:
    """Earlier questions, each by itself or as {"question": …}."""
    listed = given if isinstance(given, list) else [None]
    turns: list[Any] = [turn.get("question") if isinstance(turn, dict) else turn for turn in listed]
    if not all(isinstance(turn, str) and turn.strip() for turn in turns):
        raise ValueError("history is not a list of earlier questions")
    return tuple(turns)


def _gold(value: Mapping[str, Any], kind: str) -> tuple[Gold, ...]:
    given = value.get("gold") or []
    if isinstance(given, str):  # {"document": …, "gold": "the evidence"}
        given = [{"document": value.get("document"), "evidence": given}]
    entries = [given] if isinstance(given, dict) else given
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("gold is not a list of {document, evidence}")
    if not all(isinstance(entry.get("part") or 0, int) for entry in entries):
        raise ValueError("a part is not a whole number")
    apart = kind == TWO_PASSAGE and not any("part" in entry for entry in entries)
    return tuple(
        Gold(_text(entry, "document"), _text(entry, "evidence"), at if apart else entry.get("part") or 0)
        for at, entry in enumerate(entries)
    )


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found.strip():
        raise ValueError(f"no {name}")
    return found


def check(questions: Iterable[HeldOut], text_of: Callable[[str], str]) -> list[str]:
    """Every evidence that is not exactly once in its document, in words for whoever wrote it.

    `text_of` gives a document's text by name; whatever MlprepError it raises means there is no such document.
    """
    problems = []
    for question in questions:
        for gold in question.gold:
            try:
                text = text_of(gold.document)
            except (MlprepError, KeyError):
                problems.append(f"{question.id}: there is no document {gold.document}")
                continue
            start = text.find(gold.evidence)
            if start < 0 or text.find(gold.evidence, start + 1) >= 0:
                seen = "is not in" if start < 0 else "is more than once in"
                problems.append(f"{question.id}: {_short(gold.evidence)} {seen} {gold.document}")
    return problems


def demand(problems: Sequence[str], source: str) -> None:
    """Raises BadQuestions when `check` found something."""
    if problems:
        fix = "Copy each evidence word for word, long enough to be there once."
        raise BadQuestions(f"{source}: {len(problems)} pieces of evidence cannot be used: {_told(problems)}.", fix)


def dev_only(splits: Iterable[str]) -> None:
    """What fits or calibrates calls this on the splits of its rows. Raises TestSplitUsed."""
    other = sorted({split for split in splits if split != "dev"})
    if other:
        raise TestSplitUsed(
            f"Rows of the split {', '.join(other)} were handed to a fit.",
            "Fit weights and thresholds on the dev split only; the test split is for reporting.",
        )


def digest(*paths: Path) -> str:
    """Of the bytes of files, for a fingerprint."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def _told(problems: Sequence[str]) -> str:
    rest = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return "; ".join(problems[:_SHOWN]) + rest


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= 70 else line[:69].rstrip() + '…'}”"
