"""A set in the layout of BEIR (Thakur et al. 2021), read strictly, and its documents as files that we can index.

corpus.jsonl        {"_id": "d1", "title": "…", "text": "…"}
queries.jsonl       {"_id": "q1", "text": "…"}
qrels/test.tsv      query-id<TAB>corpus-id<TAB>score, with that header; 0 or less means not relevant
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlprep_bot.domain import Document
from mlprep_bot.errors import BadQuestions
from mlprep_bot.knowledge.parsing import parse_document
from mlprep_bot.knowledge.readers import clean

_SHOWN = 5  # problems of a file that are told at once
_FOLDER = 1000  # files in one
_LAYOUT = "A BEIR set holds corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv."
_CORPUS = 'Expected on each line: {"_id": "…", "title": "…", "text": "…"}; mend the line or download the set again.'
_QUERIES = 'Expected on each line: {"_id": "…", "text": "…"}; mend the line or download the set again.'
_QRELS = (
    "Expected: a header `query-id<TAB>corpus-id<TAB>score`, then a line of two ids and a whole number for each "
    "judgement; mend the line or download the set again."
)


@dataclass(frozen=True, slots=True)
class BeirSet:
    """Documents as (title, text), the text of queries that have a relevant document, and how relevant which are."""

    documents: Mapping[str, tuple[str, str]]
    queries: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, int]]


def files(folder: Path, split: str) -> tuple[Path, Path, Path]:
    """Corpus, queries and judgements."""
    return folder / "corpus.jsonl", folder / "queries.jsonl", folder / "qrels" / f"{split}.tsv"


def read(folder: Path, split: str = "test") -> BeirSet:
    """The set. Raises BadQuestions, which says in one line what was seen, what was expected and how to mend it."""
    corpus, asked, judged = files(folder, split)
    if not folder.is_dir():
        raise BadQuestions(f"{folder} is no folder.", _LAYOUT)
    for path in (corpus, asked, judged):
        if not path.is_file():
            raise BadQuestions(f"{path} is missing.", _splits(judged.parent) if path == judged else _LAYOUT)
    documents: dict[str, tuple[str, str]] = {}
    _lines(corpus, lambda _, line: _document(documents, line), _CORPUS)
    queries: dict[str, str] = {}
    _lines(asked, lambda _, line: _query(queries, line), _QUERIES)
    judgements: dict[str, dict[str, int]] = {}
    _lines(judged, lambda number, line: _judgement(judgements, number, line), _QRELS)
    _known(judged, "query", judgements.keys() - queries.keys(), asked)
    named = {document for grades in judgements.values() for document in grades}
    _known(judged, "document", named - documents.keys(), corpus)
    relevant = {query: grades for query, grades in judgements.items() if max(grades.values()) > 0}
    if not relevant:
        raise BadQuestions(f"{judged} calls no document relevant.", _QRELS)
    return BeirSet(documents, {query: queries[query] for query in relevant}, relevant)


def write(documents: Mapping[str, tuple[str, str]], folder: Path) -> dict[str, str]:
    """Each document as a file; gives the file's name, as it will be indexed, by the document's id.

    Ids may hold anything, so files are numbered. A document without a word is no file: nobody could find it.
    """
    names: dict[str, str] = {}
    for number, (identity, (title, text)) in enumerate(documents.items()):
        name = f"{number // _FOLDER:04}/{number:07}.txt"
        words = as_text(title, text)
        if words is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The mark keeps readers from guessing an encoding.
        path.write_text(words, encoding="utf-8-sig", newline="\n")
        names[identity] = name
    return names


def as_text(title: str, text: str) -> str | None:
    """The title as a heading over the text; None without any word.

    Headings, rules and the like carry no passage, so that a document of nothing else would be lost: it becomes
    plain text, and if even that has none, a block that is never interpreted.
    """
    title, text = " ".join(clean(title).split()), clean(text).strip()
    plain = "\n\n".join(part for part in (title, text) if part)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", plain)), default=0))
    headed = f"# {title}\n\n{text}\n" if title and text else f"{plain}\n"
    forms = (headed, f"{plain}\n", f"{fence}\n{plain}\n{fence}\n")
    found = (form for form in forms if parse_document(Document("document.txt", form, "text", title)).chunks)
    return next(found, None)


def _lines(path: Path, take: Callable[[int, str], None], expected: str) -> None:
    """Hand each line that is not blank to `take`. Raises BadQuestions that names the first that it did not take."""
    problems: list[str] = []
    taken = 0
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                taken += 1
                try:
                    take(number, line.rstrip("\r\n"))
                except (ValueError, RecursionError) as error:
                    problems.append(f"line {number}: {error}")
                if len(problems) == _SHOWN:
                    break
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise BadQuestions(f"Cannot read {path}: {why}.", expected) from error
    if not taken:
        raise BadQuestions(f"{path} is empty.", expected)
    if problems:
        raise BadQuestions(f"{path}: {'; '.join(problems)}.", expected)


def _document(documents: dict[str, tuple[str, str]], line: str) -> None:
    value = _object(line)
    title, text = value.get("title"), value.get("text")
    if not isinstance(text, str) or not isinstance(title, str | None):
        raise ValueError("title or text is no text")
    documents[_identity(value.get("_id"), documents)] = (title or "", text)


def _query(queries: dict[str, str], line: str) -> None:
    value = _object(line)
    text = value.get("text")
    if not isinstance(text, str) or not clean(text).strip():
        raise ValueError("the query has no text")
    queries[_identity(value.get("_id"), queries)] = clean(text)


def _judgement(judgements: dict[str, dict[str, int]], number: int, line: str) -> None:
    columns = line.split("\t")
    if len(columns) != 3:
        raise ValueError(f"{len(columns)} columns")
    query, document, score = columns
    whole = score.strip().removeprefix("-").isdecimal()
    if number == 1:
        if whole:
            raise ValueError("the header is missing")
        return
    if not whole:
        raise ValueError(f"the score {score.strip()!r} is no whole number")
    grades = judgements.setdefault(query, {})
    grade = max(0, int(score))
    if grades.setdefault(document, grade) != grade:
        raise ValueError(f"{document} was judged otherwise for {query} before")


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg})") from error
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def _identity(value: Any, taken: Mapping[str, object]) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("no _id, or one that is no text")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise ValueError("the _id holds a control character")
    if value in taken:
        raise ValueError(f"the _id {value} is there twice")
    return value


def _known(path: Path, what: str, unknown: set[str], where: Path) -> None:
    if unknown:
        shown = ", ".join(sorted(unknown)[:_SHOWN])
        rest = ", …" if len(unknown) > _SHOWN else ""
        raise BadQuestions(
            f"{path} judges {len(unknown)} {what} ids that {where.name} does not hold: {shown}{rest}.",
            "Files of one set belong together: download it again, or remove those lines.",
        )


def _splits(folder: Path) -> str:
    found = sorted(path.stem for path in folder.glob("*.tsv")) if folder.is_dir() else []
    return f"There is {', '.join(found)}: choose it with --split." if found else _LAYOUT
