"""The word lists in `words.txt` and `verbs.txt`, read once."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _sections() -> dict[str, str]:
    folder = files("mlprep_bot.answering")
    text = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ("words.txt", "verbs.txt"))
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("["):
            name = line[1:].partition(":")[0]
        elif line and not line.startswith("#"):
            found.setdefault(name, []).append(line)
    return {name: " ".join(lines) for name, lines in found.items()}


def words(section: str) -> list[str]:
    """The words of a section, as they stand there."""
    return _sections()[section].split()


def groups(section: str) -> list[list[str]]:
    """The groups of a section, which bars separate."""
    return [group.split() for group in _sections()[section].split("|")]


def pairs(section: str) -> list[tuple[str, list[str]]]:
    """Entries `word:other,other`, separated by bars or blanks."""
    entries = _sections()[section].replace("|", " ").split()
    return [(word, others.split(",")) for word, _, others in (entry.partition(":") for entry in entries)]
