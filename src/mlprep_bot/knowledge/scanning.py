"""Which files there are, which of them changed, and what each document is called. Nothing is written here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from mlprep_bot.domain import Failure
from mlprep_bot.errors import UnreadableDocument
from mlprep_bot.knowledge.library import Entry, Failed, Library
from mlprep_bot.knowledge.manifest import file_sum
from mlprep_bot.knowledge.parsing import FAILED_BY, READER
from mlprep_bot.knowledge.readers import list_files

# A file that changed this shortly before it was read may change again without another time stamp.
RACY_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be brought up to date: all of a root, or what lies at `prefix` in it."""

    root: Path
    prefix: str = ""

    @property
    def path(self) -> Path:
        return self.root / self.prefix if self.prefix else self.root

    def holds(self, relative: str) -> bool:
        """Whether a path relative to the root lies in this part."""
        return not self.prefix or relative == self.prefix or relative.startswith(self.prefix + "/")


@dataclass(frozen=True, slots=True)
class Change:
    """A file to read. `known` is True when an older text of it is in the library."""

    root: Path
    relative: str
    path: Path
    name: str
    stamp: str
    sum: str
    known: bool


@dataclass(slots=True)
class Scan:
    """What differs between the files and the library."""

    parts: list[Part]
    absorbed: list[Path]
    changes: list[Change] = field(default_factory=list)
    touched: list[tuple[Path, str, str]] = field(default_factory=list)  # root, relative, new stamp
    removed: list[tuple[Path, str, str]] = field(default_factory=list)  # root, relative, name ("" had no document)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)  # names of documents that leave
    empty: list[Path] = field(default_factory=list)


def locate(given: Sequence[Path], library: Library) -> tuple[list[Part], list[Path]]:
    """The parts that the given paths mean, and the known roots that they absorb.

    Raises UnreadableDocument for a path that neither exists nor is known, before anything is changed.
    """
    known = library.roots()
    paths = list(dict.fromkeys(Path(os.path.realpath(path.expanduser())) for path in given))
    missing = [path for path in paths if not path.exists() and not _was_indexed(path, known, library)]
    if missing:
        raise UnreadableDocument(
            f"{', '.join(map(str, missing))} does not exist.", "Check the path; nothing was changed."
        )
    parts: list[Part] = []
    roots: list[Path] = []
    for path in sorted(paths, key=lambda path: len(path.parts)):
        outer = next((root for root in [*roots, *known] if _covers(root, path)), None)
        if outer is None:
            roots.append(path)
            parts.append(Part(path))
        else:
            parts.append(Part(outer, "" if outer == path else path.relative_to(outer).as_posix()))
    absorbed = [old for old in known if any(old != new and _covers(new, old) for new in roots)]
    return _distinct(parts), absorbed


def _distinct(parts: Sequence[Part]) -> list[Part]:
    """Without parts that lie inside other parts."""
    return [
        part
        for part in dict.fromkeys(parts)
        if not any(o is not part and o.root == part.root and o.holds(part.prefix) and o != part for o in parts)
    ]


def _covers(root: Path, path: Path) -> bool:
    """Whether listing `root` comes to `path`: hidden folders are passed over."""
    if not path.is_relative_to(root):
        return False
    return not any(step.startswith(".") for step in path.relative_to(root).parts)


def _was_indexed(path: Path, known: Sequence[Path], library: Library) -> bool:
    """A file or folder that is gone, inside a root that is still there."""
    for root in known:
        if path != root and _covers(root, path) and root.exists():
            row = library.root_id(root)
            part = Part(root, path.relative_to(root).as_posix())
            return row is not None and any(part.holds(relative) for relative in library.entries(row))
    return False


def scan(library: Library, parts: list[Part], absorbed: list[Path], tick: Callable[[int, int], None]) -> Scan:
    """Compare files with the library. Only files whose stamp is new are read, to compute their sum."""
    found = Scan(parts, absorbed)
    for part in parts:
        _scan_part(found, library, part, tick)
    found.gone = {name for _, _, name in found.removed if name}
    found.gone |= names_in(library, [Part(root) for root in absorbed])
    taken = library.names() - found.gone
    named: list[Change] = []
    for change in found.changes:
        name = change.name or free_name(change.root, change.relative, taken)
        taken.add(name)
        named.append(
            Change(change.root, change.relative, change.path, name, change.stamp, change.sum, bool(change.name))
        )
    found.changes = named
    return found


def names_in(library: Library, parts: Sequence[Part]) -> set[str]:
    """The documents that the library has of these parts."""
    names = set()
    for part in parts:
        row = library.root_id(part.root)
        if row is not None:
            names |= {entry.name for relative, entry in library.entries(row).items() if part.holds(relative)}
    return names


def _scan_part(found: Scan, library: Library, part: Part, tick: Callable[[int, int], None]) -> None:
    row = library.root_id(part.root)
    entries = library.entries(row) if row else {}
    failures = library.failures(row) if row else {}
    # Our own files are no documents, wherever the data folder lies; the uploads inside it are.
    uploads = part.root != library.data_dir and part.root.is_relative_to(library.data_dir)
    files = [path for path in _files(part.path) if uploads or not path.is_relative_to(library.data_dir)]
    if not files and part.path.is_dir():
        found.empty.append(part.path)
    seen = set()
    for done, path in enumerate(files, start=1):
        relative = relative_name(path, part.root)
        seen.add(relative)
        entry, failure = entries.get(relative), failures.get(relative)
        before, name = failure or entry, entry.name if entry else ""
        tick(done, len(files))
        try:
            stamp = stamp_of(path)
            same = before is not None and bool(stamp) and before.stamp == stamp
            digest = before.sum if before and same else file_sum(path)
        except OSError as error:
            found.failed.append(Failure(str(path), f"cannot be read: {error.strerror}"))
            continue
        if before is None or before.reader != (FAILED_BY if failure else READER) or before.sum != digest:
            found.changes.append(Change(part.root, relative, path, name, stamp, digest, bool(entry)))
        else:
            _unchanged(found, Change(part.root, relative, path, name, stamp, digest, True), before)
    for relative in sorted((entries.keys() | failures.keys()) - seen):
        if part.holds(relative):
            _missing(found, part, relative, entries[relative].name if relative in entries else "")


def _unchanged(found: Scan, file: Change, before: Entry | Failed) -> None:
    if file.stamp and file.stamp != before.stamp:
        found.touched.append((file.root, file.relative, file.stamp))
    if isinstance(before, Failed):
        found.failed.append(Failure(str(file.path), before.reason))
    if file.name:
        found.unchanged.append(file.name)


def _missing(found: Scan, part: Part, relative: str, name: str) -> None:
    """A file that is not listed any more is gone, unless we are kept from looking."""
    path = part.root / relative if relative != part.root.name or part.root.is_dir() else part.root
    try:
        path.lstat()
    except PermissionError as error:
        found.failed.append(Failure(str(path), f"cannot be read: {error.strerror}"))
        return
    except OSError:
        pass
    found.removed.append((part.root, relative, name))


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from list_files(path)
    elif path.exists():
        yield path


def relative_name(path: Path, root: Path) -> str:
    """The path under its root, with `/`; a root that is a file is called by its own name."""
    relative = path.name if path == root else path.relative_to(root).as_posix()
    # A name that is not UTF-8 must still be storable, and the same each time.
    return relative.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def free_name(root: Path, relative: str, taken: AbstractSet[str]) -> str:
    """The document's name: its relative path, else with the root's name before it, else numbered."""
    if relative not in taken:
        return relative
    folder = root.parent if root.is_file() else root
    name, number = f"{folder.name}/{relative}", 2
    while name in taken:
        name, number = f"{folder.name}/{relative}~{number}", number + 1
    return name


def stamp_of(path: Path) -> str:
    """Changes whenever the file does; "" (never equal to a stored one) when it is too fresh to be sure."""
    stat = path.stat()
    newest = max(stat.st_mtime_ns, stat.st_ctime_ns)
    if time.time_ns() - newest < RACY_NS:
        return ""
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"
