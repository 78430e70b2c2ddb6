"""Loaders of sets of graded answers: our own, SAF and SemEval-2013 task 7. One value an answer, whatever the source."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from mlprep_bot.authoring.corpus import load
from mlprep_bot.domain import KeyPoint
from mlprep_bot.grading.points import derived

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
GRADED = HERE / "graded_answers.jsonl"
EXTERNAL = ROOT.parent / "shared" / "data" / "grading"

_BLANK = {"", "no submission", "no submission.", "n/a", "none", "-"}


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer that people marked.

    `score` is 0 to 1, None where people gave a class only; `label` is the class ("correct", "contradictory",
    "incorrect") or "". `verdicts` are those on `points`, () where people judged the answer as a whole.
    `references` are whole reference answers, of which any may be matched; the first one gave `points`.
    """

    set: str
    split: str
    id: str
    question: str
    answer: str
    points: tuple[KeyPoint, ...]
    references: tuple[str, ...] = ()
    score: float | None = None
    label: str = ""
    verdicts: tuple[str, ...] = ()
    kind: str = ""

    @property
    def group(self) -> str:
        """What answers share that are not independent: their question."""
        return f"{self.set}:{self.question}"


@cache
def own(path: Path = GRADED) -> tuple[Graded, ...]:
    """Our answers to our own cards, with a verdict on every key point."""
    cards = {card.name: card for card in load(ROOT / "corpus").cards}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(_own(row, cards) for row in rows)


def _own(row: dict[str, Any], cards: dict[str, Any]) -> Graded:
    card = cards[row["card"]]
    verdicts = tuple(point["verdict"] for point in row["points"])
    points = card.rubric.key_points
    assert len(points) == len(verdicts), f"{row['id']}: the card has other key points now"
    return Graded(
        "own",
        row["split"],
        row["id"],
        card.question.text,
        row["answer"],
        points,
        score=row["overall"] / 5,
        verdicts=verdicts,
        kind=row["kind"],
    )


def available() -> bool:
    """Whether the external sets are on this machine."""
    return EXTERNAL.is_dir()


@cache
def saf() -> tuple[Graded, ...]:
    """SAF, English, without blank answers (they make any grader look good). Splits as its authors made them."""
    return tuple(_saf())


def _saf() -> Iterator[Graded]:
    for split in ("training", "unseen_answers", "unseen_questions"):
        for path in sorted((EXTERNAL / "saf" / "data" / split / "english").glob("*.xml")):
            root = ElementTree.parse(path).getroot()
            question = " ".join((root.findtext("questionText") or "").split())
            references = tuple((r.text or "").strip() for r in root.iter("referenceAnswer"))
            answers = list(root.iter("studentAnswer"))
            most = max(float(a.findtext("score") or 0) for a in answers) or 1.0
            points = derived("\n".join(references[:1]), question)
            for answer in answers:
                said = (answer.findtext("response") or "").strip()
                if said.lower() in _BLANK:
                    continue
                score = min(1.0, float(answer.findtext("score") or 0) / most)
                yield Graded("saf", split, answer.get("id", ""), question, said, points, references, score)


@cache
def semeval(name: str) -> tuple[Graded, ...]:
    """`beetle` or `sciEntsBank`, 3-way. Splits: training, unseen-answers, unseen-questions, unseen-domains."""
    return tuple(_semeval(name))


def _semeval(name: str) -> Iterator[Graded]:
    with zipfile.ZipFile(EXTERNAL / "semeval-2013-task7" / "semeval-3way.zip") as archive:
        for path in sorted(archive.namelist()):
            if f"3way/{name}/" not in path or not path.endswith(".xml"):
                continue
            split = path.split("/")[-2].removeprefix("test-") if path.startswith("test/") else "training"
            root = ElementTree.fromstring(archive.read(path))
            question = " ".join((root.findtext("questionText") or "").split())
            nodes = sorted(root.iter("referenceAnswer"), key=lambda r: r.get("category", "BEST") != "BEST")
            references = tuple((r.text or "").strip() for r in nodes)
            points = derived(references[0], question)
            for answer in root.iter("studentAnswer"):
                said, label = (answer.text or "").strip(), answer.get("accuracy", "")
                yield Graded(name.lower(), split, answer.get("id", ""), question, said, points, references, None, label)
