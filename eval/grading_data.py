"""Loaders of sets of graded answers: our own, SAF and SemEval-2013 task 7. One value an answer, whatever the source.

The external sets are not part of this repository. They are looked for beside the checkout, laid out as they come:

    ../shared/data/grading/saf/data/{training,unseen_answers,unseen_questions}/english/*.xml
    ../shared/data/grading/semeval-2013-task7/semeval-3way.zip
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from mlprep_bot.authoring.corpus import load
from mlprep_bot.evaluation.data import graded_answers
from mlprep_bot.evaluation.graded import Graded, read
from mlprep_bot.grading.points import derived

ROOT = Path(__file__).resolve().parent.parent
EXTERNAL = ROOT.parent / "shared" / "data" / "grading"

_BLANK = {"", "no submission", "no submission.", "n/a", "none", "-"}


@cache
def own() -> tuple[Graded, ...]:
    """Our answers to our own cards, with a verdict on every key point."""
    cards = {card.name: card.question for card in load(ROOT / "corpus").cards}
    return tuple(read(graded_answers(), cards))


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
