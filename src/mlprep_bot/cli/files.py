"""Files that a command reads and writes for the user."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from mlprep_bot.errors import BadImport, ProgressError
from mlprep_bot.interview.exchange import FORMAT

PRIVATE = 0o600
START = 200  # characters in which an export says what it is


def write(path: Path, content: bytes) -> None:
    """Put `content` at `path`, as a whole or not at all, for its owner alone; `-` is standard output.

    Raises ProgressError.
    """
    if str(path) == "-":
        sys.stdout.buffer.write(content)
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            fresh.touch(PRIVATE)
            fresh.write_bytes(content)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ProgressError(f"Cannot write {path}: {error.strerror or error}.", "Choose another file.") from error


def write_export(path: Path, text: str) -> None:
    """Like `write`; of the files that exist only an older export is replaced. Raises ProgressError."""
    if str(path) != "-" and path.exists() and not _is_export(path):
        raise ProgressError(f"{path} exists and is no export of progress.", "Choose another file.")
    write(path, text.encode())


def read_export(path: Path) -> Any:
    """Parsed JSON of a file, or of standard input for `-`. Raises BadImport in one line."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise BadImport(f"Cannot read {path}: {error.strerror or error}.", "Name an export of progress.") from error
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:  # bytes that are no text are a ValueError, too
        raise BadImport(f"{path} is no JSON.", "mlprep progress export FILE writes one.") from error


def _is_export(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as held:
            return f'"format": "{FORMAT}"' in held.read(START)
    except (OSError, UnicodeDecodeError):
        return False
