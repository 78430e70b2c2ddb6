"""The daily copy beside progress.db: what a person practised can be made from nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mlprep_bot.knowledge.database import Database

EVERY_SECONDS = 24 * 3600


def backup_path(path: Path) -> Path:
    """Where the copy of the database at `path` lies."""
    return path.with_name(f"{path.name}.backup")


def back_up(database: Database, path: Path, *, always: bool = False) -> bool:
    """Copy an open, sound database when its copy is a day old (or `always`); True when it did.

    The old copy stays until the new one is whole. An empty database is not copied: it could only replace a
    copy of something. Raises the database's errors and OSError.
    """
    copy = backup_path(path)
    old = not copy.exists() or abs(time.time() - copy.stat().st_mtime) >= EVERY_SECONDS
    if not (old or always) or not database.rows("SELECT 1 FROM interviews LIMIT 1"):
        return False
    fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    database.rows("VACUUM INTO ?", (str(fresh),))
    fresh.chmod(0o600)
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    fresh.replace(copy)
    return True


def drop_backup(path: Path) -> None:
    """Delete the copy, and what a killed process left of one."""
    copy = backup_path(path)
    for left in [copy, *copy.parent.glob(f"{copy.name}.*")]:
        left.unlink(missing_ok=True)
