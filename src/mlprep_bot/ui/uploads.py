"""Files from the browser: checked, given a safe name, and kept in the data folder."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlprep_bot.domain import Failure

MOST_FILES = 20
MEGABYTE = 1024 * 1024  # as Gradio counts when it names the limit
_UNSAFE = re.compile(r"[^\w.\- ]+")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an upload: the files that are now in the folder, and those that were refused."""

    kept: tuple[Path, ...]
    refused: tuple[Failure, ...]


def safe_name(name: str) -> str:
    """A file name without folders, control characters and leading dots; never empty, at most 120 characters."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, suffix = _UNSAFE.sub("_", last).strip(" .").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem = stem.strip(" ._")[:100].strip() or "document"
    whole = f"{stem}.{suffix[:19].lower()}" if suffix else stem
    return f"_{whole}" if _RESERVED.match(whole) else whole


def store(paths: Sequence[str], folder: Path, *, suffixes: Sequence[str], limit_mb: int) -> Stored:
    """Move uploaded files into `folder`, replacing one of the same name; each refusal says why.

    The temporary copies are removed in either case.
    """
    kept: list[Path] = []
    refused: list[Failure] = []
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for position, raw in enumerate(paths):
        source = Path(raw)
        name = safe_name(source.name)
        reason = _objection(source, suffixes, limit_mb, position)
        if reason:
            refused.append(Failure(name, reason))
            source.unlink(missing_ok=True)
            continue
        target = folder / name
        shutil.move(source, target)
        target.chmod(0o600)
        kept.append(target)
    return Stored(tuple(kept), tuple(refused))


def _objection(source: Path, suffixes: Sequence[str], limit_mb: int, position: int) -> str:
    if position >= MOST_FILES:
        return f"more than {MOST_FILES} files at once; upload the rest after these"
    suffix = source.suffix.lower()
    if suffix not in suffixes:
        return f"{suffix or 'a file without ending'} is not a kind that can be read ({', '.join(sorted(suffixes))})"
    size = source.stat().st_size
    if size == 0:
        return "the file is empty"
    if size > limit_mb * MEGABYTE:
        return f"{size / MEGABYTE:.1f} MB; the limit is {limit_mb} MB (MLPREP_UPLOAD_MB)"
    return ""
