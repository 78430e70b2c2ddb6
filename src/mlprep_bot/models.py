"""Local language models: which one to use of those installed, and which one to fetch for this machine."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mlprep_bot.errors import ModelNotPulled, WriterError

Progress = Callable[[str, int, int], None]
"""(stage, done, total): bytes here."""

GB = 1_000_000_000
_SHARE = 0.7  # of the memory that a model's weights may take; the window and everything else need the rest
_EMBEDDING = re.compile(r"embed|bert|bge-|/bge|minilm|rerank|\be5\b", re.IGNORECASE)
_SPECIAL = re.compile(
    r"code|coder|math|vision|llava|moondream|guard|ocr|sql|translate|function|bakllava|-vl\b|\bvl:|base\b|:text|-text",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that a server has: `size` in bytes, `parameters` in billions (0 when unknown)."""

    name: str
    size: int
    parameters: float = 0.0
    family: str = ""

    @property
    def chats(self) -> bool:
        """False for a model that only makes vectors."""
        return not _EMBEDDING.search(f"{self.name} {self.family}")

    @property
    def cloud(self) -> bool:
        """A model that runs elsewhere is listed with a stub for its weights."""
        return self.name.endswith(("-cloud", ":cloud"))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A model worth fetching: `download` and `needs` (memory in all) in gigabytes."""

    name: str
    parameters: float
    download: float
    needs: float
    about: str


SUGGESTIONS = (
    Suggestion("qwen2.5:0.5b", 0.5, 0.4, 2, "answers, but often leaves its passages"),
    Suggestion("llama3.2:1b", 1.2, 1.3, 4, "short answers, fast on any processor"),
    Suggestion("llama3.2:3b", 3.2, 2.0, 6, "good answers at a fair speed without a graphics card"),
    Suggestion("gemma3:4b", 4.3, 3.3, 8, "fluent and careful with its passages"),
    Suggestion("qwen2.5:7b", 7.6, 4.7, 12, "thorough; slow without a graphics card"),
    Suggestion("gemma3:12b", 12.2, 8.1, 24, "the most careful here; wants a graphics card"),
)
_LARGEST_ON_PROCESSOR = 8.0  # billions; beyond it an answer takes minutes


class ModelServer(Protocol):
    """`adapters.ollama.OllamaServer`."""

    url: str

    def version(self) -> str: ...
    def version_warning(self) -> str: ...
    def installed(self) -> list[Installed]: ...
    def pull(self, name: str, progress: Progress | None = None) -> None: ...


def billions(text: str) -> float:
    """`3.2B` is 3.2 and `135M` 0.135; 0 when it says nothing."""
    match = re.fullmatch(r"\s*([\d.]+)\s*([KMBT])?\s*", text, re.IGNORECASE)
    if not match:
        return 0.0
    try:
        return float(match[1]) * {"K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}[(match[2] or "B").upper()]
    except ValueError:
        return 0.0


def memory_bytes() -> int:
    """Memory of this machine, or of the container that we are in; 0 when it cannot be told."""
    total = _physical_memory()
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdigit():
            total = min(total, int(text)) if total else int(text)
    return total


def _physical_memory() -> int:
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def _windows_memory() -> int:
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009  not there for type checkers elsewhere
    return kilobytes.value * 1024 if kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes)) else 0


def recommend(memory: int) -> Suggestion:
    """The best model to fetch for that many bytes of memory; the smallest when they are few or unknown."""
    fitting = [s for s in SUGGESTIONS if s.needs * GB <= memory and s.parameters <= _LARGEST_ON_PROCESSOR]
    return fitting[-1] if fitting else SUGGESTIONS[0]


def best_installed(models: Sequence[Installed], memory: int, *, allow_cloud: bool = False) -> Installed | None:
    """Who should write: a general chat model before a special one, the largest that fits, else the smallest.

    Models that only embed are never chosen, and those that run elsewhere only when that is allowed.
    """
    candidates = [model for model in models if model.chats and (allow_cloud or not model.cloud)]
    if not candidates:
        return None
    fitting = [model for model in candidates if not memory or model.size <= memory * _SHARE]
    if not fitting:
        return min(candidates, key=lambda model: (model.size, model.name))
    return max(fitting, key=lambda m: (not m.cloud, not _SPECIAL.search(m.name), m.size, m.name))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What `mlprep models` shows. `problem` is why there is no list; `memory` in bytes."""

    url: str
    version: str
    installed: tuple[Installed, ...]
    chosen: str
    memory: int
    recommended: Suggestion
    problem: str = ""
    warning: str = ""

    def as_json(self) -> dict[str, Any]:
        """One object, sizes in bytes."""
        return {
            "server": self.url,
            "version": self.version,
            "installed": [
                {"name": m.name, "size": m.size, "parameters": m.parameters, "chats": m.chats, "cloud": m.cloud}
                for m in self.installed
            ],
            "chosen": self.chosen,
            "memory": self.memory,
            "recommended": {
                "name": self.recommended.name,
                "download": round(self.recommended.download * GB),
                "installed": self._has(self.recommended.name),
            },
            "problem": self.problem,
            "warning": self.warning,
        }

    def lines(self) -> list[str]:
        """For a terminal."""
        lines = [self.problem] if self.problem else [f"Ollama {self.version} at {self.url}"]
        if self.warning:
            lines.append(f"Warning: {self.warning}")
        lines += [self._line(model) for model in sorted(self.installed, key=lambda m: m.name)]
        if not self.installed and not self.problem:
            lines.append("  no model is installed yet")
        best = self.recommended
        memory = f"{self.memory / GB:.0f} GB of memory" if self.memory else "this machine"
        lines.append(f"Recommended for {memory}: {best.name} ({best.download:g} GB): {best.about}.")
        if not self._has(best.name):
            lines.append(f"Fetch it with: mlprep models --pull {best.name}")
        return lines

    def _line(self, model: Installed) -> str:
        mark = "*" if model.name == self.chosen else " "
        kind = "" if model.chats else "  makes vectors only"
        size = "runs elsewhere" if model.cloud else f"{model.size / GB:.1f} GB"
        return f"{mark} {model.name:<28} {size:>14}{kind}"

    def _has(self, name: str) -> bool:
        return any(model.name == name for model in self.installed)


def catalogue(server: ModelServer, *, model: str = "", allow_cloud: bool = False) -> Catalogue:
    """What is installed, what would be used (`model` when it is set) and what to fetch; never raises WriterError."""
    memory = memory_bytes()
    version = warning = problem = ""
    installed: list[Installed] = []
    try:
        version, warning = server.version(), server.version_warning()
        installed = server.installed()
    except WriterError as error:
        problem = str(error)
    best = best_installed(installed, memory, allow_cloud=allow_cloud)
    chosen = model or (best.name if best else "")
    return Catalogue(server.url, version, tuple(installed), chosen, memory, recommend(memory), problem, warning)


def choose(server: ModelServer, *, model: str = "", allow_cloud: bool = False) -> str:
    """The name of the model to use. Raises WriterUnavailable, and ModelNotPulled when there is none or not that one."""
    installed = server.installed()
    if model:
        names = {m.name for m in installed}
        wanted = model if ":" in model else f"{model}:latest"
        if model in names or wanted in names:
            return model
        raise ModelNotPulled(f"Ollama at {server.url} has no model {model}.", f"Run: ollama pull {model}")
    best = best_installed(installed, memory_bytes(), allow_cloud=allow_cloud)
    if best is None:
        name = recommend(memory_bytes()).name
        raise ModelNotPulled(f"Ollama at {server.url} has no chat model.", f"Run: mlprep models --pull {name}")
    return best.name
