"""The JSON that programs read. One function a shape; README documents them, tests hold them still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlprep_bot.domain import Answer, HealthReport, Passage, Plan, Question, Retrieved, Sentence, Source
from mlprep_bot.errors import MlprepError
from mlprep_bot.grading.rubric import Grade, Outcome, Ungraded

Json = dict[str, Any]


def source_json(source: Source) -> Json:
    """`{"document", "start", "end"}`."""
    return {"document": source.document, "start": source.start, "end": source.end}


def passage_json(passage: Passage, *, explain: bool = False) -> Json:
    """A passage; with `explain` the ranks, scores and cosine that put it where it is."""
    shape: Json = {
        "n": passage.n,
        "text": passage.text,
        "document": passage.document,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "question": passage.question,
        "score": round(passage.score, 6),
        "sources": [source_json(source) for source in passage.sources],
    }
    if explain:
        ranking = passage.ranking
        shape["ranking"] = {
            "dense_rank": ranking.dense_rank,
            "lexical_rank": ranking.lexical_rank,
            "cosine": ranking.cosine,
            "bm25": ranking.bm25,
            "fused": ranking.fused,
        }
    return shape


def search_json(query: str, retrieved: Retrieved, seconds: float, *, explain: bool = False) -> Json:
    """The object of `mlprep search --json`."""
    shape: Json = {
        "query": query,
        "passages": [passage_json(passage, explain=explain) for passage in retrieved.passages],
        "seconds": round(seconds, 4),
    }
    if explain:
        shape["timings"] = {stage: round(value, 5) for stage, value in retrieved.timings.items()}
    return shape


def sentence_json(sentence: Sentence, numbers: Mapping[str, int]) -> Json:
    """A sentence; `numbers` gives the `n` of each passage id."""
    return {
        "text": sentence.text,
        "verdict": str(sentence.verdict),
        "reason": sentence.reason,
        "citations": [
            {
                "passage": numbers[citation.passage],
                "document": citation.document,
                "start": citation.start,
                "end": citation.end,
                "quote": citation.quote,
            }
            for citation in sentence.citations
        ],
    }


def answer_json(answer: Answer) -> Json:
    """The object of `mlprep ask --json`. A citation's `passage` is the `n` of a passage."""
    numbers = {passage.id: passage.n for passage in answer.passages}
    return {
        "question": answer.question,
        "searched": answer.searched,
        "status": str(answer.status),
        "sentences": [sentence_json(sentence, numbers) for sentence in answer.sentences],
        "passages": [passage_json(passage) for passage in answer.passages],
        "writer": answer.writer,
        "seconds": round(answer.seconds, 4),
        "notes": list(answer.notes),
        "topics": list(answer.topics),
        "complete": answer.complete,
    }


def question_json(question: Question) -> Json:
    """A question as `mlprep questions --json` lists it."""
    return {
        "id": question.id,
        "question": question.text,
        "topic": question.topic,
        "document": question.document,
        "line": question.line,
        "answered": question.answered,
        "level": question.rubric.level if question.rubric else None,
    }


def outcome_json(outcome: Outcome) -> Json:
    """A grade as `mlprep grade` prints it; without a score, `status` is `ungraded` and `reason` says why."""
    graded = isinstance(outcome, Grade)
    shape: Json = {
        "status": "graded" if graded else "ungraded",
        "score": round(outcome.score, 4) if isinstance(outcome, Grade) else None,
        "key_points": [
            {
                "text": judged.point.text,
                "weight": judged.point.weight,
                "verdict": str(judged.verdict),
                "credit": round(judged.credit, 2),
                "evidence": judged.evidence,
                "reason": judged.reason,
                "uncertain": judged.uncertain,
            }
            for judged in outcome.points
        ],
        "grader": outcome.grader,
    }
    if isinstance(outcome, Ungraded):
        shape["reason"] = outcome.reason
    return shape


def plan_json(plan: Plan) -> Json:
    """Which documents a run would add, change and remove."""
    return {
        "added": list(plan.added),
        "changed": list(plan.changed),
        "removed": list(plan.removed),
        "unchanged": len(plan.unchanged),
        "rebuild": plan.rebuild,
    }


def index_json(report: HealthReport) -> Json:
    """The object of `mlprep index --json`; for a dry run the counts are those of today's library."""
    answered = sum(question.answered for question in report.questions)
    found = len(report.questions)
    return {
        "documents": report.documents,
        "questions": {"found": found, "answered": answered, "unanswered": found - answered},
        "chunks": {"added": report.chunks_added, "kept": report.chunks_kept, "removed": report.chunks_removed},
        "failed": [{"path": failure.path, "reason": failure.reason} for failure in report.failed],
        "seconds": round(report.seconds, 3),
        "embedded": report.embedded,
        "unanswered": [
            {"question": question.text, "document": question.document, "line": question.line}
            for question in report.questions
            if not question.answered
        ],
        "near_duplicates": [
            {
                "left": source_json(pair.left),
                "right": source_json(pair.right),
                "similarity": round(pair.similarity, 3),
            }
            for pair in report.near_duplicates
        ],
        "plan": plan_json(report.plan),
        "notes": list(report.notes),
    }


def error_json(error: MlprepError) -> Json:
    """What `--json` prints instead of a result; the exit code says which kind it is, too."""
    return {"error": {"kind": type(error).__name__, "seen": error.seen, "fix": error.fix}}
