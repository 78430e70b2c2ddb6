"""`--batch`: JSON Lines in, one JSON line out per question, in order, models loaded once."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlprep_bot import contract
from mlprep_bot.domain import Turn
from mlprep_bot.errors import MlprepError

if TYPE_CHECKING:
    from mlprep_bot.answering.answerer import Answerer
    from mlprep_bot.app import App


_QUESTION = '{"id": …, "question": "…"}'


class BadLine(MlprepError):
    """A line of a batch is not what the command reads."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a batch; `history` holds the earlier questions of its conversation."""

    id: Any
    question: str
    history: tuple[Turn, ...] = ()


def read(path: Path) -> Iterator[str]:
    """Non-empty lines of a file, or of standard input for `-`."""
    try:
        stream = sys.stdin if str(path) == "-" else path.open(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise BadLine(f"Cannot read the batch {path}: {error.strerror}.", "Name a JSON Lines file, or -.") from error
    with stream:
        for line in stream:
            if line.strip():
                yield line


def read_questions(path: Path) -> list[str]:
    """A list of questions: plain text, one a line (`#` begins a remark), or JSON Lines as for `--batch`."""
    lines = [line.strip() for line in read(path)]
    return [parse(line).question if line.startswith("{") else line for line in lines if not line.startswith("#")]


def parse(line: str) -> Item:
    """An item of a batch. Raises BadLine."""
    return _item(parse_object(line, _QUESTION))


def parse_object(line: str, expected: str) -> dict[str, Any]:
    """The JSON object of a line. Raises BadLine, which says what was `expected`."""
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise BadLine(f"Not JSON: {line.strip()[:80]!r} ({why}).", f"Expected {expected}.") from error
    if not isinstance(value, dict):
        raise BadLine(f"Not a JSON object: {line.strip()[:80]!r}.", f"Expected {expected}.")
    return value


def _item(value: dict[str, Any]) -> Item:
    if not isinstance(value.get("question"), str):
        raise BadLine(f"No question in {json.dumps(value, ensure_ascii=False)[:80]!r}.", f"Expected {_QUESTION}.")
    earlier = value.get("history") or []
    history = tuple(Turn(question=str(asked), searched=str(asked)) for asked in earlier)
    return Item(value.get("id"), value["question"], history)


def respond(line: str, handle: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
    """One output line for a question; a failure concerns its own line and never stops the batch."""
    return respond_object(line, _QUESTION, lambda value: handle(_item(value)))


def respond_object(line: str, expected: str, handle: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """As `respond`, for lines that hold any JSON object."""
    identity: Any = None
    try:
        value = parse_object(line, expected)
        identity = value.get("id")
        return {"id": identity, **handle(value)}
    except MlprepError as error:
        return {"id": identity, **contract.error_json(error)}


def search(app: App, item: Item, budget: int | None, explain: bool) -> dict[str, Any]:
    """The object of `mlprep search --json` for one item."""
    found, seconds = app.timed_search(item.question, budget_chars=budget)
    return contract.search_json(item.question, found, seconds, explain=explain)


def ask(answerer: Answerer, item: Item) -> dict[str, Any]:
    """The object of `mlprep ask --json` for one item."""
    started = time.perf_counter()
    shape = contract.answer_json(answerer.answer(item.question, item.history))
    shape["seconds"] = round(time.perf_counter() - started, 4)
    return shape
