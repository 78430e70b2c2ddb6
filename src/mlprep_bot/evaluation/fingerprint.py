"""What two runs must share for their figures to be comparable."""

from __future__ import annotations

import hashlib

from mlprep_bot import __version__
from mlprep_bot.evaluation import data, questions
from mlprep_bot.evaluation.plan import Plan, Subject


def fingerprint(subject: Subject, plan: Plan, writer: str) -> dict[str, str]:
    """Names and digests of documents, questions, labels and whatever else moves a figure."""
    built = subject.generation.fingerprint
    found = {
        "mlprep": __version__,
        "documents": _documents(subject),
        "questions": questions.digest(*plan.questions),
        "split": plan.split,
        "embedder": built.embedder,
        "chunker": f"{built.chunker}, {built.schema}",
        "writer": writer,
        "coverage": str(subject.settings.coverage),
        "budget_chars": str(subject.settings.budget_chars),
    }
    if plan.labels is not None:
        sentences = (data.support_rows(name, plan.labels) for name in (plan.split, "model"))
        found["graded answers"] = questions.digest(data.graded_answers(plan.labels))
        found["labelled sentences"] = questions.digest(*sentences)
    return found


def _documents(subject: Subject) -> str:
    """Of every document's name and text."""
    names = subject.generation.documents()
    sums = [f"{name}\0{subject.document(name).digest}" for name in names]
    return f"{len(names)} documents, {hashlib.sha256(chr(10).join(sums).encode()).hexdigest()[:16]}"
