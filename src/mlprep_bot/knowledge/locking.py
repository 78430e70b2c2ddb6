"""One writer at a time. Readers never need the lock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from mlprep_bot.errors import LibraryBusy


@contextmanager
def writer_lock(folder: Path, wait: float, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold `folder/lock`, waiting up to `wait` seconds for another process (or thread) that has it.

    The operating system releases the lock when its owner dies. Raises LibraryBusy naming the owner.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(str(folder / "lock"), thread_local=False, is_singleton=False)
    owner = folder / "lock.owner"  # beside it: on Windows a locked file cannot be read
    deadline = time.monotonic() + wait
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout:
            if time.monotonic() >= deadline:
                raise LibraryBusy(
                    f"Another process is writing to {folder}{_described(owner)}; waited {wait:.0f} s.",
                    "Let it finish, or stop it; searching works meanwhile.",
                ) from None
            if on_wait:
                on_wait()
            time.sleep(0.05)
    try:
        owner.write_text(f"{os.getpid()} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            owner.unlink()
        lock.release()


def _described(owner: Path) -> str:
    try:
        pid, _, since = owner.read_text(encoding="utf-8").strip().partition(" ")
    except (OSError, UnicodeDecodeError):
        return ""
    return f" (process {pid}, since {since})" if pid else ""
