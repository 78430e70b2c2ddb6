"""A generation's manifest: what it was made from, what it holds, and the sums that tell whether it still does."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
CURRENT = "CURRENT"


class DamagedGenerationError(Exception):
    """A generation is not what was published. Stays inside this package: the index is rebuilt instead."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that, when it changes, makes an index incomparable with the questions put to it."""

    embedder: str
    dimensions: int
    chunker: str
    schema: str

    def difference(self, wanted: Fingerprint) -> str:
        """What changed from this to `wanted`, for a person; "" when nothing did."""
        names = {"embedder": "embedding model", "dimensions": "dimensions", "chunker": "chunker", "schema": "schema"}
        mine, other = asdict(self), asdict(wanted)
        changed = [
            f"{title} changed ({mine[name]} -> {other[name]})"
            for name, title in names.items()
            if mine[name] != other[name]
        ]
        return "; ".join(changed)


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files` maps a path in the folder to its size and SHA-256. `churn` counts vectors deleted since the
    vector index was last built from nothing: a graph keeps their nodes."""

    number: int
    library: str
    revision: int
    fingerprint: Fingerprint
    collection: str
    counts: dict[str, int]
    churn: int
    files: dict[str, tuple[int, str]]

    def write(self, folder: Path) -> None:
        """Write `manifest.json`, with a sum of its own, and sync it."""
        body = {"format": FORMAT, **asdict(self)}
        text = json.dumps({**body, "sum": _sum_of(body)}, indent=1, sort_keys=True)
        write_synced(folder / MANIFEST, text)


def read_manifest(folder: Path) -> Manifest:
    """Raises DamagedGenerationError, FileNotFoundError."""
    try:
        body = json.loads((folder / MANIFEST).read_bytes())
        expected = body.pop("sum")
        if _sum_of(body) != expected or body.pop("format") != FORMAT:
            raise DamagedGenerationError(f"{folder.name}/{MANIFEST} is not what was written")
        body["fingerprint"] = Fingerprint(**body["fingerprint"])
        body["files"] = {name: (size, digest) for name, (size, digest) in body["files"].items()}
        return Manifest(**body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedGenerationError(f"{folder.name}/{MANIFEST} cannot be read ({error})") from error


def verify(folder: Path) -> Manifest:
    """Compare every file with its sum. Raises DamagedGenerationError; FileNotFoundError when the folder is gone."""
    manifest = read_manifest(folder)
    for name, (size, digest) in manifest.files.items():
        path = folder / name
        try:
            seen = path.stat().st_size
        except FileNotFoundError:
            if not folder.exists():
                raise  # pruned under our eyes, not damaged
            raise DamagedGenerationError(f"{folder.name}/{name} is missing") from None
        if seen != size:
            raise DamagedGenerationError(f"{folder.name}/{name} has {seen} bytes instead of {size}")
        if file_sum(path) != digest:
            raise DamagedGenerationError(f"{folder.name}/{name} has changed since it was published")
    return manifest


def sums(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file under a folder, by path with `/`."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, file_sum(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def file_sum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def current_number(index_dir: Path) -> int | None:
    """The generation that CURRENT names; None when there is no CURRENT. Raises DamagedGenerationError."""
    try:
        line = (index_dir / CURRENT).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise DamagedGenerationError("CURRENT is not text") from error
    if not (line.startswith("g-") and line[2:].isdigit()):
        raise DamagedGenerationError(f"CURRENT says {line[:40]!r}")
    return int(line[2:])


def folder_of(index_dir: Path, number: int) -> Path:
    """`index/g-000012`."""
    return index_dir / f"g-{number:06d}"


def numbers(index_dir: Path) -> list[int]:
    """All generations on disk, oldest first."""
    found = [path.name[2:] for path in index_dir.glob("g-*") if path.is_dir()]
    return sorted(int(name) for name in found if name.isdigit())


def write_synced(path: Path, text: str) -> None:
    """Write a file so that it is on disk when this returns."""
    with path.open("w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def replace_synced(path: Path, text: str) -> None:
    """Replace a file's content at once: a reader, or a crash, sees the old or the new one."""
    beside = path.with_name(path.name + ".new")
    write_synced(beside, text)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system has a way to ask for it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make everything under a folder durable."""
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
        else:
            with path.open("rb+") as opened:
                os.fsync(opened.fileno())
    sync_folder(folder)


def _sum_of(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
