"""All of a user's interviews as one JSON document, and such a document read with suspicion (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mlprep_bot.errors import BadImport
from mlprep_bot.interview.codec import body_of, clean, entry_from, plain
from mlprep_bot.interview.session import Began, Entry, replay

FORMAT = "mlprep-progress"
VERSION = 1
AHEAD = 24 * 3600  # seconds that the clock of another machine may be ahead of this one's
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")


@dataclass(frozen=True, slots=True)
class Copy:
    """One interview outside the database: its log and what stood in its answer box."""

    id: str
    entries: tuple[Entry, ...]
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """What an import did, in interviews: new ones, ones that were held already, ones that go on further now."""

    added: int = 0
    known: int = 0
    continued: int = 0

    def plus(self, added: int = 0, known: int = 0, continued: int = 0) -> Merged:
        """These and so many more."""
        return Merged(self.added + added, self.known + known, self.continued + continued)


def document(copies: Sequence[Copy]) -> dict[str, Any]:
    """The export of these interviews; `read` takes it."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "interviews": [
            {
                "id": copy.id,
                "draft": copy.draft,
                "entries": [{"at": entry.at, **plain(entry.what)} for entry in copy.entries],
            }
            for copy in copies
        ],
    }


def read(data: object, now: float) -> list[Copy]:
    """The interviews of an export at `now`, seconds since the epoch.

    Raises BadImport in one line: what is wrong, and in which interview. What is yet to happen is refused, since
    the log is for ever and all that follows is reckoned from its times.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise BadImport("This is not an export of progress.", "mlprep progress export FILE writes one.")
    version, interviews = data.get("version"), data.get("interviews")
    if version != VERSION:
        raise BadImport(f"This export has version {version!r}, this mlprep reads {VERSION}.", "Update mlprep.")
    if not isinstance(interviews, list):
        raise BadImport("The export holds no list of interviews.", "Export it again.")
    return [_copy(number, raw, now) for number, raw in enumerate(interviews, start=1)]


def _copy(number: int, raw: object, now: float) -> Copy:
    name = raw.get("id") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadImport(f"Interview {number} of the export has no usable id.", "Export it again.")
    try:
        listed, draft = raw.get("entries"), raw.get("draft", "")
        if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
            raise ValueError("it has no list of entries")
        if not isinstance(draft, str):
            raise ValueError("its draft is no text")
        entries = tuple(
            entry_from(item.get("at"), {key: value for key, value in item.items() if key != "at"}) for item in listed
        )
        if not entries or not isinstance(entries[0].what, Began):
            raise ValueError("it does not start with its setup")
        if any(entry.at > now + AHEAD for entry in entries):
            raise ValueError("it has a time that is yet to come")
        replay(entries)  # the log is for ever, so nothing enters it that could not be read again
    except ValueError as error:
        raise BadImport(f"Interview {name} of the export cannot be used: {error}.", "Nothing was imported.") from error
    return Copy(name, entries, clean(draft))


def common(held: Sequence[Entry], other: Sequence[Entry]) -> int:
    """How many entries two logs have in common from the beginning."""
    pairs = zip(held, other, strict=False)
    return next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(held), len(other)))


def branched(copy: Copy, at: int) -> Copy:
    """`copy` under an id that is always the same for what it says at entry `at`, where it leaves the held one.

    So the same branch, imported again or after it grew, is found again.
    """
    entry = copy.entries[at]
    told = hashlib.sha256(f"{copy.id}\0{at}\0{entry.at}\0{body_of(entry.what)}".encode()).hexdigest()[:6]
    return replace(copy, id=f"{copy.id[:90]}-{told}")
