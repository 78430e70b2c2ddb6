"""progress.db: every interview as an append-only log, and the draft in the answer box.

Several processes and threads may use it at once (two tabs, a terminal beside the page). What a method returns
was read in one piece (`attempts` and `asked`: each interview was), what it wrote is on the disk when it returns.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from mlprep_bot.errors import InterviewMoved, NoSuchInterview, ProgressError
from mlprep_bot.interview import exchange
from mlprep_bot.interview.attempts import Attempt, attempts_of
from mlprep_bot.interview.backup import drop_backup
from mlprep_bot.interview.codec import body_of, clean, entry_of
from mlprep_bot.interview.exchange import Copy, Merged
from mlprep_bot.interview.progress_file import ProgressFile
from mlprep_bot.interview.session import Answered, Began, Entry, Setup, Skipped, replay
from mlprep_bot.knowledge.database import Database


@dataclass(frozen=True, slots=True)
class Held:
    """An interview in the list of interviews. Times are seconds since the epoch; `done` counts questions."""

    id: str
    began: float
    updated: float
    ended: bool
    setup: Setup
    done: int


@dataclass(frozen=True, slots=True)
class _Practised:
    """What an interview came to after so many `entries`; `asked`: its questions and when they were asked."""

    entries: int
    attempts: Sequence[Attempt]
    asked: Mapping[str, float]


class Progress(ProgressFile):
    """The user's own data in `data_dir`. No file is made before there is something to keep.

    Every method raises ProgressError when the file cannot be used, ProgressDamaged when it is broken.
    """

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir.expanduser().absolute() / "progress.db")
        self._replaying = Lock()
        # What an interview came to, by its id.
        self._practised: dict[str, _Practised] = {}

    # --- one interview -----------------------------------------------------------------------

    def begin(self, entries: Sequence[Entry]) -> str:
        """Keep a new interview, whose first entry is `Began`; returns its id, which sorts by time."""
        if not entries or not isinstance(entries[0].what, Began):
            raise ValueError("an interview starts with Began")
        began = datetime.fromtimestamp(entries[0].at, UTC)
        db = self._writing()
        with db.transaction():
            while True:
                name = f"{began:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
                if not self._known(db, name):
                    break
            self._add(db, name, entries)
        return name

    def entries(self, name: str) -> list[Entry]:
        """The log of an interview, oldest first. Raises NoSuchInterview."""
        rows = self._reading().rows("SELECT at, body FROM entries WHERE interview = ? ORDER BY position", (name,))
        if not rows:
            raise _no_such(name)
        return [_decoded(name, at, body) for at, body in rows]

    def append(self, name: str, after: int, entries: Sequence[Entry]) -> None:
        """Add to a log of which the caller knows the first `after` entries.

        Raises InterviewMoved when it has others by now, NoSuchInterview when it was deleted.
        """
        db = self._writing()
        with db.transaction():
            if not self._known(db, name):
                raise _no_such(name)
            [(held,)] = db.rows("SELECT COUNT(*) FROM entries WHERE interview = ?", (name,))
            if held != after:
                raise InterviewMoved(
                    f"Interview {name} went on elsewhere: it has {held} entries, not {after}.",
                    "Load it again to go on from there.",
                )
            self._extend(db, name, after, entries)

    def draft(self, name: str) -> str:
        """What stands in the answer box; "" for none."""
        found = self._reading().rows("SELECT text FROM drafts WHERE interview = ?", (name,))
        return str(found[0][0]) if found else ""

    def save_draft(self, name: str, text: str, after: int | None = None) -> bool:
        """Keep what stands in the answer box; an answer or a skip that is stored clears it. True when it was kept.

        With `after`, the number of entries that the writer of the draft knew, a draft that comes late (its
        answer was stored meanwhile) is left out. Raises NoSuchInterview.
        """
        db = self._writing()
        with db.transaction():
            if not self._known(db, name):
                raise _no_such(name)
            [(held,)] = db.rows("SELECT COUNT(*) FROM entries WHERE interview = ?", (name,))
            in_time = after is None or held == after
            if in_time:
                self._put_draft(db, name, text)
        return in_time

    # --- all interviews ----------------------------------------------------------------------

    def interviews(self) -> list[Held]:
        """Every interview, newest first."""
        # A grade that neither a debrief nor a skip follows was ended at its follow-up: that question is done, too.
        rows = self._reading().rows(
            "SELECT i.id, i.began, MAX(e.at), MAX(e.kind = 'ended'), SUM(e.kind IN ('debriefed', 'skipped'))"
            " + (MAX(e.kind = 'ended') AND MAX(IIF(e.kind = 'marked', e.position, -1))"
            " > MAX(IIF(e.kind IN ('debriefed', 'skipped'), e.position, -1))),"
            " (SELECT body FROM entries f WHERE f.interview = i.id AND f.position = 0)"
            " FROM interviews i JOIN entries e ON e.interview = i.id GROUP BY i.id ORDER BY i.began DESC, i.id DESC"
        )
        held = []
        for name, began, updated, ended, done, body in rows:
            first = _decoded(name, began, body).what
            if isinstance(first, Began):
                held.append(Held(name, began, updated, bool(ended), first.setup, done))
        return held

    def unfinished(self) -> str | None:
        """The newest interview that has not ended."""
        rows = self._reading().rows(
            "SELECT id FROM interviews i WHERE NOT EXISTS"
            " (SELECT 1 FROM entries WHERE interview = i.id AND kind = 'ended') ORDER BY began DESC, id DESC LIMIT 1"
        )
        return str(rows[0][0]) if rows else None

    def attempts(self) -> list[Attempt]:
        """What all interviews showed about each key point, in the order of time.

        Two copies of an interview that went different ways share their beginning: it happened once, in the
        interview that was held first.
        """
        once: dict[tuple[float, str], Attempt] = {}
        for practised in self._all_practised():
            for attempt in practised.attempts:
                once.setdefault((attempt.at, attempt.key), attempt)
        return sorted(once.values(), key=lambda attempt: attempt.at)

    def asked(self) -> dict[str, float]:
        """When each question (by its id) was last asked, in seconds since the epoch, whatever became of it."""
        last: dict[str, float] = {}
        for practised in self._all_practised():
            for question, at in practised.asked.items():
                last[question] = max(at, last.get(question, at))
        return last

    # --- all of a user's data ----------------------------------------------------------------

    def export(self) -> dict[str, Any]:
        """Everything that is held, as JSON that `merge` takes, on this machine or on another."""
        with self._reading().transaction():
            return exchange.document([self._copy(held.id) for held in reversed(self.interviews())])

    def merge(self, data: object) -> Merged:
        """Take in an export; all of it or, when it cannot be used, nothing (BadImport).

        What is held stays: an interview that went on in the export goes on here, and one that went a
        different way is kept beside the one that is held.
        """
        copies = exchange.read(data, time.time())
        db = self._writing()
        found = Merged()
        with db.transaction():
            for copy in copies:
                found = self._merge_one(db, copy, found)
        return found

    def delete_all(self) -> int:
        """Delete every interview and the daily copy for good; returns how many interviews there were."""
        drop_backup(self.path)
        if not self.path.exists():
            return 0
        db = self._writing()
        with db.transaction():
            [(count,)] = db.rows("SELECT COUNT(*) FROM interviews")
            db.rows("INSERT INTO deleting VALUES (1)")
            for table in ("drafts", "entries", "interviews", "deleting"):
                db.rows(f"DELETE FROM {table}")
        drop_backup(self.path)  # again, since opening the file may have made a copy just now
        with self._replaying:
            self._practised.clear()
        with suppress(ProgressError):  # somebody else is reading; the content is overwritten already
            db.rows("VACUUM")
            db.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(count)

    # --- inside ------------------------------------------------------------------------------

    def _all_practised(self) -> Iterator[_Practised]:
        """By the interviews' ids. A log only grows, so an interview is read again only when it did."""
        counts = self._reading().rows("SELECT interview, COUNT(*) FROM entries GROUP BY interview ORDER BY interview")
        with self._replaying:
            for name, count in counts:
                known = self._practised.get(name)
                if known is None or known.entries != count:
                    with suppress(NoSuchInterview):  # deleted since it was counted
                        self._practised[name] = _practised(name, self.entries(name))
            return iter([self._practised[name] for name, _ in counts if name in self._practised])

    def _known(self, db: Database, name: str) -> bool:
        return bool(db.rows("SELECT 1 FROM interviews WHERE id = ?", (name,)))

    def _add(self, db: Database, name: str, entries: Sequence[Entry]) -> None:
        db.rows("INSERT INTO interviews VALUES (?, ?)", (name, entries[0].at))
        self._extend(db, name, 0, entries)

    def _extend(self, db: Database, name: str, after: int, entries: Sequence[Entry]) -> None:
        db.many(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
            [
                (name, position, entry.at, entry.what.kind, body_of(entry.what))
                for position, entry in enumerate(entries, start=after)
            ],
        )
        if any(isinstance(entry.what, Answered | Skipped) for entry in entries):
            db.rows("DELETE FROM drafts WHERE interview = ?", (name,))

    def _put_draft(self, db: Database, name: str, text: str) -> None:
        db.rows(
            "INSERT INTO drafts VALUES (?, ?) ON CONFLICT (interview) DO UPDATE SET text = excluded.text",
            (name, clean(text)),
        )

    def _copy(self, name: str) -> Copy:
        return Copy(name, tuple(self.entries(name)), self.draft(name))

    def _merge_one(self, db: Database, copy: Copy, found: Merged) -> Merged:
        if not self._known(db, copy.id):
            self._add(db, copy.id, copy.entries)
            if copy.draft:
                self._put_draft(db, copy.id, copy.draft)
            return found.plus(added=1)
        held = tuple(self.entries(copy.id))
        same = exchange.common(held, copy.entries)
        if same == len(copy.entries):
            return found.plus(known=1)
        if same < len(held):
            return self._merge_one(db, exchange.branched(copy, same), found)
        self._extend(db, copy.id, same, copy.entries[same:])
        if copy.draft and not self.draft(copy.id):
            self._put_draft(db, copy.id, copy.draft)
        return found.plus(continued=1)


def _no_such(name: str) -> NoSuchInterview:
    return NoSuchInterview(f"There is no interview {name!r}.", "mlprep progress lists the interviews that there are.")


def _decoded(name: str, at: float, body: str) -> Entry:
    try:
        return entry_of(at, body)
    except ValueError as error:
        raise ProgressError(
            f"Interview {name} cannot be read: {error}.", "A newer mlprep wrote it: update this one."
        ) from error


def _practised(name: str, entries: Sequence[Entry]) -> _Practised:
    try:
        state = replay(entries)
    except ValueError as error:
        raise ProgressError(
            f"Interview {name} cannot be read: {error}.", "A newer mlprep wrote it: update this one."
        ) from error
    return _Practised(len(entries), attempts_of(name, state), {r.prompt.id: r.asked_at for r in state.rounds})
