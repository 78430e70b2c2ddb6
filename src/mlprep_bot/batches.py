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


class BadLine(MlprepError):
    """A line of a batch is not `{"id", "question"}`."""

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
        stream = sys.stdin if str(path) == "-" else path.open(encoding="utf-8-sig")
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
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadLine(
            f"Not JSON: {line.strip()[:80]!r} ({error.msg}).", 'Expected {"id": …, "question": "…"}.'
        ) from error
    if not isinstance(value, dict) or not isinstance(value.get("question"), str):
        raise BadLine(f"No question in {line.strip()[:80]!r}.", 'Expected {"id": …, "question": "…"}.')
    earlier = value.get("history") or []
    history = tuple(Turn(question=str(asked), searched=str(asked)) for asked in earlier)
    return Item(value.get("id"), value["question"], history)


def respond(line: str, handle: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
    """One output line; a failure concerns its own line and never stops the batch."""
    identity: Any = None
    try:
        item = parse(line)
        identity = item.id
        return {"id": identity, **handle(item)}
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
