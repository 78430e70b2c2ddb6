"""The arrows between our packages point one way, and starting costs no heavy import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "mlprep_bot"
HEAVY = ["chromadb", "gradio", "llama_index", "ollama", "sentence_transformers", "torch", "transformers", "onnxruntime"]
OURS = "mlprep_bot"

# What each room may import; `app` wires everything, `cli` and `ui` sit on top of it.
ALLOWED = {
    "knowledge": {"domain", "errors", "ports", "settings", "knowledge"},
    "authoring": {"domain", "errors", "ports", "knowledge", "answering", "authoring"},
    "answering": {"domain", "errors", "ports", "settings", "knowledge", "answering"},
    "grading": {"domain", "errors", "ports", "knowledge", "answering", "grading"},
    "interview": {"domain", "errors", "ports", "knowledge", "answering", "grading", "interview"},
    "debriefing": {
        "domain",
        "errors",
        "ports",
        "knowledge",
        "answering",
        "grading",
        "interview",
        "debriefing",
        "wording",
    },
    "evaluation": {
        "domain",
        "errors",
        "ports",
        "settings",
        "knowledge",
        "answering",
        "grading",
        "interview",
        "wording",
        "evaluation",
    },
    "adapters": {"domain", "errors", "ports", "settings", "knowledge", "models", "adapters"},
    "models": {"errors"},
    "ports": set(),
    "domain": set(),
    "errors": set(),
    "settings": {"errors"},
}


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" if node.module == OURS else node.module for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith(f"{OURS}.")}
    return rooms - {"__version__"}


def test_arrows_point_one_way():
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        imported = imported_rooms(path)
        if room in ALLOWED:
            assert imported <= ALLOWED[room], f"{path.name} imports {imported - ALLOWED[room]}"
        if room not in {"cli", "ui", "__main__"}:
            assert not imported & {"cli", "ui"}, path.name


def test_help_imports_nothing_heavy():
    program = (
        "import sys\nfrom mlprep_bot.cli import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        f"print('heavy:', sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
    assert done.stderr.strip() == "heavy: []"
