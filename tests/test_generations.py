"""Generations: publishing, reading beside a writer, damage of every kind, and a real Chroma server."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mlprep_bot.adapters.chroma import ChromaStore
from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.adapters.exact import ExactStore
from mlprep_bot.errors import LibraryDamaged, LibraryError, NothingIndexed, SettingsError
from mlprep_bot.knowledge.generations import current_generation
from mlprep_bot.knowledge.ingest import ingest, open_generation
from mlprep_bot.knowledge.library import Library
from mlprep_bot.knowledge.manifest import MANIFEST, folder_of, numbers


class NoEmbedder(HashEmbedder):
    """Refuses to embed documents, to show that a rebuild does not need it."""

    def embed_documents(self, texts):
        raise AssertionError("something was embedded again")


EMBEDDER = HashEmbedder(32)


@pytest.fixture
def notes(memory_path):
    folder = memory_path / "notes"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.md").write_text(f"# N{number}\n\nWords number{number} about topic{number}.\n", "utf-8")
    return folder


@pytest.fixture
def data(memory_path, notes):
    index(memory_path / "data", notes)
    return memory_path / "data"


def index(data, *roots, store=None):
    with Library(data, store=store or ChromaStore()) as library:
        return ingest(library, list(roots), EMBEDDER)


def opened(data, store=None, lock_wait=5.0):
    with Library(data, store=store or ChromaStore(), lock_wait=lock_wait) as library:
        return open_generation(library, NoEmbedder(32))


def finds(generation):
    [hits] = generation.dense(EMBEDDER.embed_queries(["words number3 about topic3"]), 1)
    chunk = generation.chunks([hits[0][0].partition("#")[0]]).popitem()[1]
    generation.close()
    return chunk.document


def flip(path):
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 0x10
    path.write_bytes(bytes(body))


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


FILES = ["chroma/chroma.sqlite3", "chroma/*/data_level0.bin", "chroma/*/header.bin", "serving.db", MANIFEST]


@pytest.mark.parametrize("damage", [flip, truncate, empty, Path.unlink])
@pytest.mark.parametrize("file", FILES)
def test_a_damaged_generation_is_noticed_and_rebuilt_without_embedding(data, file, damage):
    [path] = folder_of(data / "index", 1).glob(file)
    damage(path)
    generation = opened(data)
    assert generation.number == 2
    assert finds(generation) == "3.md"
    assert finds(opened(data)) == "3.md"
    assert current_generation(data) == 2


@pytest.mark.parametrize("damage", [flip, truncate, empty, Path.unlink])
def test_a_damaged_current_is_rebuilt(data, damage):
    damage(data / "index" / "CURRENT")
    generation = opened(data)
    assert finds(generation) == "3.md"
    assert current_generation(data) == generation.number


def test_a_lost_folder_or_file_beside_is_no_obstacle(data, notes):
    shutil.rmtree(folder_of(data / "index", 1))
    assert finds(opened(data)) == "3.md"
    (data / "index" / "g-000099").mkdir()  # published by nobody
    (data / "index" / "building").mkdir()
    (notes / "3.md").write_text("# N3\n\nOther words number3 about topic3.\n", "utf-8")
    index(data, notes)
    assert numbers(data / "index")[-1] == current_generation(data)
    assert not (data / "index" / "building").exists()


def test_an_index_run_notices_damage_too(data, notes):
    flip(folder_of(data / "index", 1) / "serving.db")
    report = index(data, notes)
    assert "damaged" in report.plan.rebuild
    assert report.embedded == 0
    assert finds(opened(data)) == "3.md"


def test_a_damaged_library_says_what_to_do_and_the_index_still_serves(data, notes):
    (data / "library.db").write_bytes(b"no database at all, but long enough to be taken for one" * 100)
    assert finds(opened(data)) == "3.md"
    with pytest.raises(LibraryDamaged, match="Move it away"):
        index(data, notes)
    assert finds(opened(data)) == "3.md"
    (data / "library.db").rename(data / "library.db.damaged")
    assert index(data, notes).documents == 6
    assert finds(opened(data)) == "3.md"


def test_library_and_index_both_damaged_falls_back_to_the_generation_before(data, notes):
    (notes / "new.md").write_text("# New\n\nNew words.\n", "utf-8")
    index(data, notes)
    truncate(folder_of(data / "index", 2) / "serving.db")
    (data / "library.db").write_bytes(b"no database" * 1000)
    generation = opened(data)
    assert generation.number == 1
    assert finds(generation) == "3.md"
    truncate(folder_of(data / "index", 1) / "serving.db")
    with pytest.raises(LibraryDamaged, match=r"library\.db is damaged"):
        opened(data)


def test_a_broken_vector_in_the_library_is_not_served(data, notes):
    db = sqlite3.connect(data / "library.db")
    broken = np.full(32, np.nan, dtype=np.float32).tobytes()
    db.execute("UPDATE embeddings SET vector = ? WHERE id = 1", (broken,))
    db.commit()
    db.close()
    shutil.rmtree(data / "index")
    report = index(data, notes)
    assert report.embedded == 1  # only the broken one
    assert finds(opened(data)) == "3.md"


def test_nothing_indexed_writes_nothing(memory_path):
    with pytest.raises(NothingIndexed, match="mlprep index"):
        opened(memory_path / "data")
    assert not (memory_path / "data").exists()


def test_a_reader_keeps_its_generation_while_newer_ones_are_published(data, notes):
    reader = opened(data)
    for number in range(4):
        (notes / "more.md").write_text(f"# More\n\nVersion {number}.\n", "utf-8")
        index(data, notes)
    assert numbers(data / "index") == [4, 5]
    assert reader.number == 1
    assert len(reader.documents()) == 6
    assert finds(reader) == "3.md"


def test_what_a_killed_reader_leaves_behind_is_swept(data, notes):
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom mlprep_bot.adapters.chroma import ChromaStore\n"
        "from mlprep_bot.knowledge.generations import open_verified\n"
        "reader = open_verified(Path(sys.argv[1]) / 'index', 1, ChromaStore())\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(data)], check=False)
    assert any((data / "index" / "reading").iterdir())
    alive = opened(data)
    (notes / "more.md").write_text("# More\n\nWords.\n", "utf-8")
    index(data, notes)
    left = list((data / "index" / "reading").iterdir())
    assert len(left) == 2  # the living reader's copy and its lock
    assert finds(alive) == "3.md"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_data_folder_can_be_searched(data):
    subprocess.run(["chmod", "-R", "a-w", str(data)], check=True)
    try:
        assert finds(opened(data)) == "3.md"
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(data)], check=True)


def test_chroma_finds_what_exact_search_finds(memory_path):
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(size=(250, 64)), 20, axis=0)
    vectors = (centres + 0.7 * rng.normal(size=centres.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"v{at}" for at in range(len(vectors))]
    chroma = ChromaStore().open(memory_path / "chroma", "chunks")
    exact = ExactStore().open(memory_path / "exact", "chunks")
    for one in (chroma, exact):
        one.upsert(ids, vectors)
        one.delete(["v3", "unknown"])
    queries = vectors[::50]
    same = found = 0
    for mine, oracle in zip(chroma.query(queries, 20), exact.query(queries, 20), strict=True):
        assert mine[0][1] == pytest.approx(oracle[0][1], abs=1e-4)
        assert all(first[1] >= second[1] - 1e-6 for first, second in pairwise(mine))
        same += len({name for name, _ in mine} & {name for name, _ in oracle})
        found += len(oracle)
    assert same / found > 0.999
    assert chroma.ids() == exact.ids()
    assert np.allclose(chroma.vectors(["v9", "v1", "v9"]), vectors[[9, 1, 9]])
    with pytest.raises(KeyError):
        chroma.vectors(["v3"])
    assert chroma.query(vectors[:1], 10**6)[0][0][0] == "v0"
    chroma.close()
    exact.close()
    again = ExactStore().open(memory_path / "exact", "chunks")
    assert again.count() == len(ids) - 1


def test_chroma_does_not_read_the_env_file_of_the_current_folder(memory_path):
    (memory_path / ".env").write_text("IS_PERSISTENT=banana\nCHROMA_API_IMPL=stranger\n", "utf-8")
    program = (
        "from pathlib import Path\nfrom mlprep_bot.adapters.chroma import ChromaStore\n"
        "index = ChromaStore().open(Path('index'), 'chunks')\nprint(index.count(), Path.cwd())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=memory_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout.split() == ["0", str(memory_path)], done.stderr


@pytest.fixture
def server(memory_path):
    program = shutil.which("chroma", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("the chroma command is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "run", "--path", str(memory_path / "server"), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def test_a_chroma_server_keeps_the_vectors(server, memory_path, notes, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # must not be used for loopback
    data, store = memory_path / "at-server", ChromaStore(server)
    index(data, notes, store=store)
    assert not list((data / "index").rglob("chroma.sqlite3"))
    assert finds(opened(data, store)) == "3.md"
    (notes / "3.md").unlink()
    (notes / "7.md").write_text("# N7\n\nWords number3 about topic3, elsewhere.\n", "utf-8")
    index(data, notes, store=store)
    generation = opened(data, store)
    at_server = store.open(memory_path, generation.collection)
    with Library(data, store=store) as library:
        assert at_server.ids() == library.keys()
    at_server.close()
    assert finds(generation) == "7.md"


def test_a_server_that_is_not_there_says_how_to_start_it(memory_path, notes):
    with pytest.raises(LibraryError, match="chroma run"):
        index(memory_path / "data", notes, store=ChromaStore("http://127.0.0.1:9"))
    with pytest.raises(SettingsError, match="must look like"):
        index(memory_path / "data", notes, store=ChromaStore("localhost"))
