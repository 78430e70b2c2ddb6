"""Speed and memory as ratios within one run, because machines differ and are noisy.

    python eval/bench.py [FOLDER] [--rounds 3]

Each measurement is a process of its own (wall seconds, peak memory); rounds alternate so that a slow
minute of the machine meets all of them; the medians are compared with the first row of each table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mlprep_bot.app import bundled_corpus

QUESTIONS = (
    "why does lasso give exact zeros",
    "how do I handle late events in a stream",
    "what is a p value",
    "how much memory does the kv cache take",
    "canary or shadow release",
)

# The same documents, the same embedding model, LlamaIndex as its documentation starts.
PLAIN_LLAMA_INDEX = """
import sys
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from pathlib import Path
from mlprep_bot.adapters.embeddings import load_embedder
from mlprep_bot.settings import Settings as Own
own = load_embedder(Own())
class Same(BaseEmbedding):
    def _get_query_embedding(self, query): return own.embed_queries([query])[0].tolist()
    async def _aget_query_embedding(self, query): return self._get_query_embedding(query)
    def _get_text_embedding(self, text): return own.embed_documents([text])[0].tolist()
    def _get_text_embeddings(self, texts): return own.embed_documents(texts).tolist()
Settings.embed_model, Settings.llm = Same(), None
paths = [path for path in sorted(Path(sys.argv[1]).rglob("*.*")) if path.is_file()]
documents = [Document(text=path.read_text(encoding="utf-8", errors="replace")) for path in paths]
retriever = VectorStoreIndex.from_documents(documents).as_retriever(similarity_top_k=5)
for question in sys.argv[2:]: retriever.retrieve(question)
"""


def run(command: Sequence[str], data: Path) -> tuple[float, float]:
    """(wall seconds, peak memory in MB) of one process. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=os.environ | {"MLPREP_DATA_DIR": str(data), "MLPREP_WRITER": "extractive"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def mlprep(*arguments: str) -> list[str]:
    """The command line of an mlprep process."""
    return [sys.executable, "-m", "mlprep_bot", *arguments]


def edit_one(documents: Path) -> None:
    """Append a sentence to the first document; Markdown right beside topic folders of cards is none."""
    first = next(path for pattern in ("*/*.md", "*.md", "*.txt") for path in sorted(documents.glob(pattern)))
    with first.open("a", encoding="utf-8") as file:
        file.write(f"\nA sentence that was added at {time.time_ns()}.\n")


def measure(documents: Path, work: Path, batch: Path) -> dict[str, tuple[float, float]]:
    """One round of everything, in a fresh data folder."""
    data = work / f"data-{time.time_ns()}"
    folder = str(documents)
    steps: list[tuple[str, Callable[[], None], list[str]]] = [
        ("python that does nothing", lambda: None, [sys.executable, "-c", "pass"]),
        ("mlprep --help", lambda: None, mlprep("--help")),
        ("first index", lambda: None, mlprep("index", folder)),
        ("index after one edit", lambda: edit_one(documents), mlprep("index", folder)),
        ("index, nothing changed", lambda: None, mlprep("index", folder)),
        ("search, 1 question", lambda: None, mlprep("search", QUESTIONS[0], "--json")),
        ("search, 5 questions", lambda: None, mlprep("search", "--batch", str(batch))),
        ("ask, 5 questions, extractive", lambda: None, mlprep("ask", "--batch", str(batch))),
        (
            "plain LlamaIndex: index + 5 questions",
            lambda: None,
            [sys.executable, "-c", PLAIN_LLAMA_INDEX, folder, *QUESTIONS],
        ),
    ]
    figures = {}
    for name, before, command in steps:
        before()
        figures[name] = run(command, data)
    shutil.rmtree(data)
    return figures


def report(rounds: Sequence[dict[str, tuple[float, float]]]) -> None:
    """Medians over the rounds, and each as a ratio to the row that it is held against."""
    against = {
        "mlprep --help": "python that does nothing",
        "index after one edit": "first index",
        "index, nothing changed": "first index",
        "search, 5 questions": "search, 1 question",
        "ask, 5 questions, extractive": "search, 5 questions",
        "plain LlamaIndex: index + 5 questions": "first index",
    }
    seconds = {name: statistics.median(one[name][0] for one in rounds) for name in rounds[0]}
    memory = {name: statistics.median(one[name][1] for one in rounds) for name in rounds[0]}
    print(f"{'':<40}{'seconds':>9}{'MB':>7}{'time ratio':>12}{'memory ratio':>14}  held against")
    for name, median in seconds.items():
        base = against.get(name)
        ratios = f"{median / seconds[base]:>12.2f}{memory[name] / memory[base]:>14.2f}  {base}" if base else ""
        print(f"{name:<40}{median:>9.2f}{memory[name]:>7.0f}{ratios}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=bundled_corpus())
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        documents = work / "documents"
        shutil.copytree(given.folder, documents)
        batch = work / "questions.jsonl"
        lines = [f'{{"id": {n}, "question": "{question}"}}\n' for n, question in enumerate(QUESTIONS)]
        batch.write_text("".join(lines), encoding="utf-8")
        report([measure(documents, work, batch) for _ in range(given.rounds)])


if __name__ == "__main__":
    main()
