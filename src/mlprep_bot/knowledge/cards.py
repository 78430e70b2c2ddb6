"""A corpus card: YAML front matter with the rubric, then Markdown with the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from mlprep_bot.domain import Document, FollowUp, KeyPoint, Question, Reference, Rubric, Span
from mlprep_bot.errors import CardError
from mlprep_bot.knowledge.identity import question_id

LEVELS = ("junior", "mid", "senior", "staff")
FIELDS = (
    "id", "question", "topic", "level", "tags", "aliases", "key_points", "pitfalls", "follow_ups", "references",
)  # fmt: skip
_REQUIRED = ("id", "question", "topic", "level", "key_points")
_FRONT = re.compile(r"---[ \t]*\n(.*?\n)?---[ \t]*(?:\n|$)", re.S)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY_POINT = re.compile(r"\(([1-9])\)\s*(\S.*?)\s*(?:~\s*(.*?)\s*)?$", re.S)


def is_card(text: str) -> bool:
    """Whether the text means to be a card: front matter that names both an `id` and a `question`.

    Front matter that does not parse counts when it has those two keys, so that its author hears of the mistake.
    """
    front = _FRONT.match(text)
    if not front:
        return False
    keys = set(re.findall(r"^([a-z_]+):", front[1] or "", re.M))
    return {"question", "key_points"} <= keys or {"id", "question", "topic"} <= keys


def is_slug(name: str) -> bool:
    """Whether a text can be an id or a topic: lower-case words joined by `-`."""
    return _SLUG.fullmatch(name) is not None


def parse_card(document: Document) -> Question:
    """The card's question with its rubric; the answer is its body. Raises CardError naming every problem by line."""
    front = _FRONT.match(document.text)
    if not front:
        raise CardError(
            f"{document.name}, line 1: no front matter.", "A card begins with `---`, its fields and another `---`."
        )
    card = _Card(document, front[1] or "")
    values = card.load()
    rubric = card.rubric(values)
    answer = _body(document.text, front.end())
    if answer is None:
        card.problem(document.text[: front.end()].count("\n") + 1, "the body is empty: write the answer below `---`")
    if card.problems:
        raise CardError(
            f"{document.name}: " + "; ".join(f"line {line}: {what}" for line, what in sorted(card.problems)) + ".",
            "The format is described in corpus/README.md.",
            sorted(card.problems),
        )
    start, end = card.wording(values["question"])
    return Question(
        id=question_id(document.name, values["question"], 0),
        document=document.name,
        text=values["question"],
        start=start,
        end=end,
        line=document.text.count("\n", 0, start) + 1,
        topic=values["topic"],
        answer=answer,
        rubric=rubric,
    )


def field_line(text: str, key: str, nth: int | None = None) -> int:
    """The 1-based line of a card's field, or of the nth entry (from 0) of its list; 1 when there is none."""
    front = _FRONT.match(text)
    return _field_line(front[1] or "" if front else "", key, nth)


def _field_line(front: str, key: str, nth: int | None) -> int:
    lines = front.split("\n")
    at = next((n for n, text in enumerate(lines) if text.startswith(f"{key}:")), -1)
    if at < 0:
        return 1
    if nth is not None:
        indent: int | None = None
        for n in range(at + 1, len(lines)):
            dash = re.match(r"(\s*)-\s", lines[n])
            if re.match(r"[A-Za-z_]+:", lines[n]):
                break
            if dash and (indent is None or len(dash[1]) == indent):
                indent = len(dash[1])
                nth -= 1
                if nth < 0:
                    return n + 2  # front matter starts on line 2
    return at + 2


def _body(text: str, start: int) -> Span | None:
    body = text[start:]
    stripped = body.strip()
    if not stripped:
        return None
    first = start + len(body) - len(body.lstrip())
    return Span(first, first + len(stripped))


@dataclass
class _Card:
    document: Document
    front: str
    problems: set[tuple[int, str]] = field(default_factory=set)

    def problem(self, line: int, what: str) -> None:
        self.problems.add((line, what))

    def line(self, key: str, nth: int | None = None) -> int:
        return _field_line(self.front, key, nth)

    def load(self) -> dict[str, Any]:
        import yaml  # here, not above: only cards need it

        try:
            values = yaml.safe_load(self.front)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 2 if mark else 1
            what = getattr(error, "problem", None) or "cannot be read"
            raise CardError(
                f"{self.document.name}: line {line}: the front matter is not YAML ({what}).",
                "Quote texts that contain `: ` or begin with a special character.",
                [(line, f"the front matter is not YAML ({what})")],
            ) from error
        if not isinstance(values, dict):
            raise CardError(f"{self.document.name}: line 2: the front matter has no `field: value` lines.")
        for key in values:
            if key not in FIELDS:
                self.problem(self.line(str(key)), f"unknown field `{key}` (known: {', '.join(FIELDS)})")
        for key in _REQUIRED:
            if values.get(key) in (None, "", []):
                self.problem(self.line(key), f"`{key}` is missing or empty")
        for key in ("id", "question", "topic", "level"):
            if values.get(key) is not None and not isinstance(values[key], str):
                self.problem(self.line(key), f"`{key}` must be a text, seen {values[key]!r}; quote it")
                values[key] = str(values[key])
        self.check_names(values)
        return values

    def check_names(self, values: dict[str, Any]) -> None:
        path = PurePosixPath(self.document.name)
        name, topic, level = values.get("id"), values.get("topic"), values.get("level")
        if name and not _SLUG.fullmatch(name):
            self.problem(self.line("id"), f"`id` must be lower-case words joined by `-`, seen `{name}`")
        elif name and name != path.stem:
            self.problem(self.line("id"), f"`id` is `{name}` but the file is `{path.name}`: they must agree")
        if topic and not _SLUG.fullmatch(topic):
            self.problem(self.line("topic"), f"`topic` must be lower-case words joined by `-`, seen `{topic}`")
        if level and level not in LEVELS:
            self.problem(self.line("level"), f"`level` must be one of {', '.join(LEVELS)}, seen `{level}`")

    def rubric(self, values: dict[str, Any]) -> Rubric:
        return Rubric(
            level=values.get("level") or "",
            tags=self.texts(values, "tags"),
            aliases=self.texts(values, "aliases"),
            key_points=self.key_points(values),
            pitfalls=self.texts(values, "pitfalls"),
            follow_ups=self.follow_ups(values),
            references=self.references(values),
        )

    def entries(self, values: dict[str, Any], key: str) -> list[Any]:
        found = values.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            self.problem(self.line(key), f"`{key}` must be a list, seen {type(found).__name__}")
            return []
        return found

    def texts(self, values: dict[str, Any], key: str) -> tuple[str, ...]:
        found: list[str] = []
        for nth, entry in enumerate(self.entries(values, key)):
            if isinstance(entry, str) and entry.strip():
                found.append(entry.strip())
            elif isinstance(entry, (int, float)) and not isinstance(entry, bool):
                found.append(str(entry))  # a tag such as 2024
            else:
                self.problem(
                    self.line(key, nth), f"entry {nth + 1} of `{key}` must be a text, seen {entry!r}; quote it"
                )
        return tuple(found)

    def key_points(self, values: dict[str, Any]) -> tuple[KeyPoint, ...]:
        points: list[KeyPoint] = []
        for nth, text in enumerate(self.texts(values, "key_points")):
            match = _KEY_POINT.fullmatch(text)
            if not match:
                self.problem(
                    self.line("key_points", nth),
                    f"key point {nth + 1} must read `(weight 1-9) Sentence. ~ Wrong belief.`",
                )
            else:
                points.append(KeyPoint(match[2], int(match[1]), match[3] or ""))
        return tuple(points)

    def follow_ups(self, values: dict[str, Any]) -> tuple[FollowUp, ...]:
        found: list[FollowUp] = []
        points = len(self.entries(values, "key_points"))
        for nth, given in enumerate(self.entries(values, "follow_ups")):
            entry = {"question": given} if isinstance(given, str) else given
            line = self.line("follow_ups", nth)
            if not isinstance(entry, dict) or not isinstance(entry.get("question"), str):
                self.problem(line, f"follow-up {nth + 1} needs a `question`")
                continue
            probes = str(entry.get("probes") or "")
            number = re.fullmatch(r"kp:(\d+)", probes)
            if number and not 1 <= int(number[1]) <= points:
                self.problem(line, f"follow-up {nth + 1} probes `{probes}`, but there are {points} key points")
            elif probes and not number and not _SLUG.fullmatch(probes):
                self.problem(line, f"follow-up {nth + 1} probes `{probes}`: name a card's id or `kp:N`")
            found.append(FollowUp(entry["question"].strip(), probes))
        return tuple(found)

    def references(self, values: dict[str, Any]) -> tuple[Reference, ...]:
        found: list[Reference] = []
        for nth, entry in enumerate(self.entries(values, "references")):
            line = self.line("references", nth)
            if not isinstance(entry, dict) or not entry.get("title"):
                self.problem(line, f"reference {nth + 1} needs a `title`")
                continue
            year = entry.get("year")
            if year is not None and not isinstance(year, int):
                self.problem(line, f"reference {nth + 1}: `year` must be a number, seen {year!r}")
                year = None
            found.append(
                Reference(str(entry["title"]), str(entry.get("authors") or ""), year, str(entry.get("where") or ""))
            )
        return tuple(found)

    def wording(self, question: str) -> tuple[int, int]:
        """Where the question stands; a wording that YAML folded over lines spans its first line's value."""
        field_at = re.search(r"^question:[ \t]*", self.document.text, re.M)
        start = field_at.end() if field_at else 0
        at = self.document.text.find(question, start)
        if at == start or at == start + 1:
            return at, at + len(question)
        stop = self.document.text.find("\n", start)
        return start, stop if stop >= 0 else len(self.document.text)
