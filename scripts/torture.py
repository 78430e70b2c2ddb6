"""Kill an index run with SIGKILL at many moments; what is served must stay whole, and the next run must finish.

    python scripts/torture.py --kills 200

A child process (this file with `--child`) indexes a folder with the shipped HashEmbedder and says which stage
it is in. The parent edits the folder, lets a child reach a stage drawn by lot, kills it at a random moment of
it, and looks: the generation that was served before still opens, verified, with what it held before; then a
run that nobody kills brings it level with the folder. At the end the index is compared with a fresh one.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from mlprep_bot.adapters.chroma import ChromaStore
from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.knowledge.generations import Generation, open_verified
from mlprep_bot.knowledge.ingest import ingest
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.manifest import current_number

FILES = 24
EMBEDDER = HashEmbedder(64)


def open_library(data: Path) -> Library:
    """The real library over real Chroma."""
    return Library(data, store=ChromaStore(), lock_wait=30.0)


def child(data: Path, folder: Path) -> None:
    """One index run that says where it is, one stage a line."""
    said = ""

    def say(stage: str, _done: int, _total: int) -> None:
        nonlocal said
        if stage != said:
            said = stage
            print(stage, flush=True)

    print("ready", flush=True)
    with open_library(data) as library:
        ingest(library, [folder], EMBEDDER, progress=say)
    print("done", flush=True)


def served(generation: Generation) -> dict[str, object]:
    """All that a reader can see, without numbers that differ between equal indexes."""
    documents = generation.documents()
    chunks = {chunk.id: chunk for name in documents for chunk in generation.chunks_of(name)}
    vectors = generation.vectors(chunks)
    queries = EMBEDDER.embed_queries(["gradient descent diverges", "word7 word11 word13"])
    return {
        "documents": {name: generation.document(name).text for name in documents},
        "questions": generation.questions(),
        "chunks": chunks,
        "vectors": {name: vector.tobytes() for name, vector in vectors.items()},
        "dense": [{place: round(cosine, 4) for place, cosine in row} for row in generation.dense(queries, 10_000)],
        "lexical": {name: round(score, 6) for name, score in generation.lexical("word7 word11 word13", 10_000)},
    }


def differing(left: dict[str, object], right: dict[str, object]) -> str:
    """The parts in which two looks differ."""
    return ", ".join(part for part in left if left[part] != right[part])


def look(data: Path) -> dict[str, object]:
    """What is served now; opening verifies every sum and raises rather than repairs."""
    number = current_number(data / "index")
    assert number is not None
    generation = open_verified(data / "index", number, ChromaStore())
    try:
        return served(generation)
    finally:
        generation.close()


def finish(data: Path, folder: Path) -> None:
    """A run that nobody kills."""
    with open_library(data) as library:
        ingest(library, [folder], EMBEDDER)


def edit(folder: Path, rng: random.Random) -> None:
    """Add, change, rename and delete a few files."""
    folder.mkdir(exist_ok=True)
    for _ in range(rng.randint(1, 6)):
        path = folder / f"{rng.randrange(FILES)}.md"
        if path.exists() and rng.random() < 0.25:
            path.unlink()
        elif path.exists() and rng.random() < 0.2:
            path.rename(folder / f"renamed-{rng.randrange(FILES)}.md")
        else:
            path.write_text(text(rng), encoding="utf-8")
    (folder / "always.md").write_text(text(rng), encoding="utf-8")


def text(rng: random.Random) -> str:
    """A small document with questions and sections."""
    parts = []
    for number in range(rng.randint(1, 12)):
        words = " ".join(f"word{rng.randrange(40)}" for _ in range(rng.randint(5, 120)))
        asked = f"## Why does thing {rng.randrange(1000)} happen?\n\n" if number % 2 else ""
        parts.append(f"{asked}It is {words}.\n")
    return "# Notes\n\n" + "\n".join(parts)


def start(data: Path, folder: Path) -> subprocess.Popen[str]:
    """A child that has imported everything and begins to index."""
    command = [sys.executable, __file__, "--child", str(data), str(folder)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def durations(data: Path, folder: Path) -> dict[str, float]:
    """Let a child finish, and measure how long it is in each stage."""
    started = start(data, folder)
    assert started.stdout is not None
    marks = [("starting", time.perf_counter())]
    marks += [(line.strip(), time.perf_counter()) for line in started.stdout]
    if started.wait() != 0 or marks[-1][0] != "done":
        raise SystemExit("a run that nobody killed failed")
    return {stage: after - at for (stage, at), (_, after) in pairwise(marks)}


def kill_at(data: Path, folder: Path, stage: str, after: float) -> str:
    """Kill a child `after` seconds into a stage; the stage that it was really in, "done" when it was too quick."""
    started = start(data, folder)
    assert started.stdout is not None
    seen = "starting"
    while seen not in {stage, "done"}:
        line = started.stdout.readline().strip()
        if not line:
            break
        seen = line
    if seen == stage:
        time.sleep(after)
    started.send_signal(signal.SIGKILL)
    rest = started.stdout.read().split()
    started.wait()
    return rest[-1] if rest else seen


def torture(kills: int, seed: int, work: Path) -> Counter[str]:
    """Carry out the kills; where each one struck. Raises SystemExit at the first loss."""
    rng = random.Random(seed)
    data, folder = work / "data", work / "folder"
    edit(folder, rng)
    spent = durations(data, folder)
    struck: Counter[str] = Counter()
    for number in range(kills):
        before, old = look(data), current_number(data / "index")
        edit(folder, rng)
        stage = rng.choice([*sorted(spent), "publishing", "publishing"])  # the moments that matter most, more often
        where = kill_at(data, folder, stage, rng.uniform(0, spent[stage]))
        struck[where] += 1
        new = current_number(data / "index")
        now = look(data)
        if new == old and now != before:
            raise SystemExit(f"kill {number} in {where}: the old index serves other {differing(before, now)}")
        finish(data, folder)
        fresh = work / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        finish(fresh, folder)
        expected, now = look(fresh), look(data)
        if expected != now:
            parts = differing(expected, now)
            raise SystemExit(f"kill {number} in {where}: after the next run other {parts} than in a fresh index")
    return struck


def main() -> None:
    """Parse the arguments and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="the same edits and the same aims again")
    parser.add_argument("--child", nargs=2, type=Path, metavar=("DATA", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)
    work = Path(tempfile.mkdtemp(prefix="mlprep-torture-"))
    began = time.perf_counter()
    print(f"{arguments.kills} kills, seed {seed}, in {work}", flush=True)
    struck = torture(arguments.kills, seed, work)
    shutil.rmtree(work)
    places = ", ".join(f"{stage} {count}" for stage, count in struck.most_common())
    print(f"0 of {arguments.kills} lost in {time.perf_counter() - began:.0f} s; struck in: {places}")


if __name__ == "__main__":
    main()
