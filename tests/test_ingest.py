"""What is served is what the files say, whatever happened to them and to the runs before."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conftest import IN_MEMORY
from mlprep_bot.adapters.chroma import ChromaStore
from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.adapters.exact import ExactStore
from mlprep_bot.errors import LibraryBusy, NothingIndexed, UnreadableDocument
from mlprep_bot.knowledge.generations import current_generation
from mlprep_bot.knowledge.ingest import ingest, open_generation
from mlprep_bot.knowledge.library import Library

EMBEDDER = HashEmbedder(32)
LONG = "The learning rate was too large, so that each step jumped over the minimum and the loss grew without bound."


class CountingEmbedder(HashEmbedder):
    """Counts what is really embedded."""

    seen = 0

    def embed_documents(self, texts):
        self.seen += len(texts)
        return super().embed_documents(texts)


class OtherEmbedder(HashEmbedder):
    fingerprint = "other"


def index(data, *roots, embedder=EMBEDDER, store=None, **options):
    with Library(data, store=store or ChromaStore(), lock_wait=5) as library:
        return ingest(library, list(roots), embedder, **options)


def opened(data, embedder=EMBEDDER, store=None, lock_wait=5):
    with Library(data, store=store or ChromaStore(), lock_wait=lock_wait) as library:
        return open_generation(library, embedder)


def served(data, embedder=EMBEDDER, store=None):
    """All that a reader sees, or None when nothing is served."""
    try:
        generation = opened(data, embedder, store)
    except NothingIndexed:
        return None
    try:
        names = generation.documents()
        chunks = {chunk.id: chunk for name in names for chunk in generation.chunks_of(name)}
        [dense] = generation.dense(embedder.embed_queries(["learning rate minimum"]), 1000)
        return {
            "documents": [generation.document(name) for name in names],
            "questions": generation.questions(),
            "chunks": chunks,
            "vectors": {name: vector.tolist() for name, vector in generation.vectors(chunks).items()},
            "dense": {place: round(cosine, 4) for place, cosine in dense},
            "lexical": generation.lexical("learning rate minimum", 1000),
        }
    finally:
        generation.close()


@pytest.fixture
def data(memory_path):
    return memory_path / "data"


@pytest.fixture
def notes(memory_path):
    folder = memory_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text(f"# A\n\n## Why did the loss diverge?\n\n{LONG}\n", encoding="utf-8")
    (folder / "b.txt").write_text("Q: What is dropout?\nA: It sets activations to zero at random.\n", encoding="utf-8")
    (folder / "deep" / "c.md").write_text("# C\n\nA paragraph about batch normalisation.\n", encoding="utf-8")
    return folder


def test_first_run_second_run_and_reading(data, notes):
    report = index(data, notes)
    assert report.plan.added == ("a.md", "b.txt", "deep/c.md")
    assert report.documents == 3
    assert report.embedded > 0
    assert report.chunks_added > 0
    assert len(report.questions) == 2
    assert data.stat().st_mode & 0o777 == 0o700
    number = current_generation(data)

    embedder = CountingEmbedder(32)
    again = index(data, notes, embedder=embedder)
    assert (embedder.seen, again.embedded, again.chunks_added, again.chunks_removed) == (0, 0, 0, 0)
    assert again.chunks_kept == report.chunks_added
    assert again.plan.unchanged == report.plan.added
    assert again.questions == report.questions
    assert current_generation(data) == number

    generation = opened(data)
    for name in generation.documents():
        text = generation.document(name).text
        for chunk in generation.chunks_of(name):
            assert text[chunk.start : chunk.end] == chunk.text
            assert chunk in generation.unit(chunk.unit)
    [hits] = generation.dense(EMBEDDER.embed_queries(["sets activations to zero"]), 3)
    best = generation.chunks([hits[0][0].partition("#")[0]]).popitem()[1]
    assert best.document == "b.txt"
    generation.close()
    assert not any((data / "index" / "reading").iterdir())


def test_a_second_run_does_not_even_read_files_that_are_old_enough(data, notes, monkeypatch):
    for path in notes.rglob("*.*"):
        path.touch()
    time.sleep(2.1)  # younger files may change again within one tick of the clock
    index(data, notes)
    index(data, notes)
    stages = []
    report = index(data, notes, progress=lambda stage, done, total: stages.append(stage))
    assert set(stages) == {"scanning"}
    assert report.seconds < 1


def test_an_edit_embeds_only_what_changed(data, notes):
    index(data, notes)
    path = notes / "a.md"
    path.write_text(path.read_text() + "\n## What is momentum?\n\nA running mean of gradients.\n", encoding="utf-8")
    report = index(data, notes)
    assert report.plan.changed == ("a.md",)
    assert report.chunks_removed == 0
    assert report.chunks_added == 1
    assert report.embedded == 3  # the answer, the question, and both together
    assert served(data) == served_fresh(notes)


def served_fresh(*roots, store=None):
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        index(Path(folder) / "data", *roots, store=store)
        return served(Path(folder) / "data", store=store)


def test_a_renamed_file_is_not_embedded_again_and_a_deleted_one_leaves(data, notes):
    index(data, notes)
    (notes / "a.md").rename(notes / "z.md")
    (notes / "b.txt").unlink()
    report = index(data, notes)
    assert report.plan.added == ("z.md",)
    assert report.plan.removed == ("a.md", "b.txt")
    assert report.embedded == 0
    assert served(data) == served_fresh(notes)
    shutil.rmtree(notes)
    notes.mkdir()
    report = index(data, notes)
    assert report.plan.removed == ("deep/c.md", "z.md")
    assert "holds no document" in " ".join(report.notes)
    assert served(data) is None


def test_a_dry_run_tells_the_plan_and_writes_nothing(data, notes):
    report = index(data, notes, dry_run=True)
    assert report.plan.added == ("a.md", "b.txt", "deep/c.md")
    assert report.embedded == 0
    assert not data.exists()
    real = index(data, notes)
    assert (report.documents, report.chunks_added, report.questions) == (
        real.documents,
        real.chunks_added,
        real.questions,
    )
    (notes / "b.txt").unlink()
    (notes / "a.md").write_text("# Other\n\nText.\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    report = index(data, notes, dry_run=True)
    assert (report.plan.changed, report.plan.removed) == (("a.md",), ("b.txt",))
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    real = index(data, notes)
    assert (report.chunks_added, report.chunks_kept, report.chunks_removed) == (
        real.chunks_added,
        real.chunks_kept,
        real.chunks_removed,
    )


def test_a_path_that_does_not_exist_changes_nothing(data, notes, memory_path):
    with pytest.raises(UnreadableDocument, match="nowhere does not exist"):
        index(data, notes, memory_path / "nowhere")
    assert served(data) is None


def test_roots_inside_and_around_each_other(data, notes, memory_path):
    index(data, notes / "deep")
    assert [document.name for document in served(data)["documents"]] == ["c.md"]
    report = index(data, notes)  # absorbs the inner root; the same texts are not embedded again
    assert report.plan.removed == ("c.md",)
    assert "deep/c.md" in report.plan.added
    assert served(data) == served_fresh(notes)
    (notes / "deep" / "c.md").write_text("# C\n\nAnother paragraph.\n", encoding="utf-8")
    (notes / "a.md").unlink()
    report = index(data, notes / "deep")  # only this part is looked at
    assert report.plan.changed == ("deep/c.md",)
    assert report.plan.removed == ()
    assert report.documents == 1
    report = index(data)  # all known roots
    assert report.plan.removed == ("a.md",)
    (notes / "deep" / "c.md").unlink()
    assert index(data, notes / "deep" / "c.md").plan.removed == ("deep/c.md",)
    with Library(data, store=ChromaStore()) as library:
        assert library.roots() == [notes]


def test_a_name_that_two_roots_want(data, notes, memory_path):
    for name in ("one", "two"):
        (memory_path / name / "sub").mkdir(parents=True)
        (memory_path / name / "sub" / "a.md").write_text(f"# From {name}\n\nSome words.\n", encoding="utf-8")
    other = memory_path / "elsewhere" / "two" / "sub"
    other.mkdir(parents=True)
    (other / "a.md").write_text("# A third\n\nSome words.\n", encoding="utf-8")
    index(data, memory_path / "one")
    index(data, memory_path / "two")
    report = index(data, memory_path / "elsewhere" / "two")
    assert report.plan.added == ("two/sub/a.md~2",)
    names = [document.name for document in served(data)["documents"]]
    assert names == ["sub/a.md", "two/sub/a.md", "two/sub/a.md~2"]
    assert index(data).plan.unchanged == tuple(names)


def test_a_file_alone_is_called_by_its_name(data, notes):
    report = index(data, notes / "deep" / "c.md")
    assert report.plan.added == ("c.md",)
    assert index(data, notes / "deep" / "c.md").plan.unchanged == ("c.md",)


def test_bad_files_are_reported_and_stop_nothing(data, notes):
    (notes / "bad.ipynb").write_text("{ not json", encoding="utf-8")
    report = index(data, notes)
    assert [Path(failure.path).name for failure in report.failed] == ["bad.ipynb"]
    assert report.documents == 3
    again = index(data, notes)
    assert again.failed == report.failed
    (notes / "bad.ipynb").unlink()
    assert index(data, notes).failed == ()


def test_a_file_that_became_unreadable_keeps_its_old_text_but_an_emptied_one_does_not(data, notes):
    index(data, notes)
    (notes / "a.md").write_bytes(b"\x00\x01\x02\xff" * 200)
    report = index(data, notes)
    assert "is kept" in report.failed[0].reason
    assert "a.md" in {document.name for document in served(data)["documents"]}
    (notes / "a.md").write_text("", encoding="utf-8")
    index(data, notes)
    assert "a.md" not in {document.name for document in served(data)["documents"]}
    (notes / "a.md").write_text("# Back\n\nWords.\n", encoding="utf-8")
    assert index(data, notes).failed == ()
    assert served(data) == served_fresh(notes)


def test_another_embedder_rebuilds_beside_the_old_index(data, notes):
    index(data, notes)
    old = opened(data)
    other = OtherEmbedder(48)
    report = index(data, notes, embedder=other)
    assert "embedding model changed" in report.plan.rebuild
    assert report.embedded > 0
    assert old.dense(EMBEDDER.embed_queries(["dropout"]), 1)[0]  # still open, still consistent
    old.close()
    assert served(data, other) is not None
    generation = opened(data)  # back again: rebuilt from the cache
    assert generation.fingerprint.embedder == EMBEDDER.fingerprint
    generation.close()


def test_near_duplicates_across_documents(data, notes):
    (notes / "copy.md").write_text(f"# Copy\n\n{LONG}\n", encoding="utf-8")
    (notes / "nearly.md").write_text(f"# Nearly\n\n{LONG.replace('so that', 'and')}\n", encoding="utf-8")
    pairs = {(pair.left.document, pair.right.document) for pair in index(data, notes).near_duplicates}
    assert ("a.md", "copy.md") in pairs
    assert len(pairs) >= 2
    assert {(p.left.document, p.right.document) for p in index(data, notes).near_duplicates} == pairs
    (notes / "a.md").unlink()
    pairs = {(pair.left.document, pair.right.document) for pair in index(data, notes).near_duplicates}
    assert pairs == {("copy.md", "nearly.md")}


HOLD = """
import sys, time
from pathlib import Path
from mlprep_bot.adapters.exact import ExactStore
from mlprep_bot.knowledge.library import Library
with Library(Path(sys.argv[1]), store=ExactStore()) as library, library.writing():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_reads_waits_or_says_who_writes(data, notes):
    index(data, notes)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(data)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        assert served(data) is not None  # reading needs no lock
        stages = []
        with (
            pytest.raises(LibraryBusy, match=f"process {holder.pid}, since 2"),
            Library(data, store=ChromaStore(), lock_wait=0.3) as library,
        ):
            ingest(library, [notes], EMBEDDER, progress=lambda stage, done, total: stages.append(stage))
        assert set(stages) == {"waiting"}
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert index(data, notes).documents == 3  # the lock of a killed process is free


def test_two_processes_at_once_both_succeed(data, notes, memory_path):
    other = memory_path / "other"
    other.mkdir()
    (other / "x.md").write_text("# X\n\nSome words about variance.\n", encoding="utf-8")
    program = (
        "import sys\nfrom pathlib import Path\nfrom mlprep_bot.adapters.chroma import ChromaStore\n"
        "from mlprep_bot.adapters.embeddings import HashEmbedder\nfrom mlprep_bot.knowledge.library import Library\n"
        "from mlprep_bot.knowledge.ingest import ingest\n"
        "with Library(Path(sys.argv[1]), store=ChromaStore(), lock_wait=60) as library:\n"
        "    ingest(library, [Path(sys.argv[2])], HashEmbedder(32))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, str(data), str(root)]) for root in (notes, other)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    names = [document.name for document in served(data)["documents"]]
    assert names == ["a.md", "b.txt", "deep/c.md", "x.md"]


class Stop(BaseException):
    """Ends a run in the middle, as a signal would."""


class FolderMachine(RuleBasedStateMachine):
    """Files come, change, move and go; runs end early; after a whole run the index equals a fresh one."""

    names = st.sampled_from(["a.md", "b.txt", "sub/a.md", "sub/c.md", "d.html"])
    texts = st.lists(
        st.sampled_from(
            [
                "## Why is the learning rate important?\n\nIt scales each step.",
                "Q: What is a minimum?\nA: A point lower than all around it.",
                "Plain words about the learning rate, and nothing else.",
                LONG,
                "## An unanswered question?\n",
            ]
        ),
        min_size=1,
        max_size=4,
    ).map("\n\n".join)

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mlprep-machine-", dir=IN_MEMORY))
        self.notes, self.data = self.folder / "notes", self.folder / "data"
        self.notes.mkdir()
        self.before = None
        self.whole = False

    def teardown(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(name=names, text=texts)
    def write(self, name, text):
        path = self.notes / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.whole = False

    @precondition(lambda self: any(self.notes.rglob("*.*")))
    @rule(choice=st.integers(0, 10), name=names)
    def rename(self, choice, name):
        files = sorted(self.notes.rglob("*.*"))
        target = self.notes / name
        target.parent.mkdir(exist_ok=True)
        files[choice % len(files)].replace(target)
        self.whole = False

    @precondition(lambda self: any(self.notes.rglob("*.*")))
    @rule(choice=st.integers(0, 10))
    def delete(self, choice):
        files = sorted(self.notes.rglob("*.*"))
        files[choice % len(files)].unlink()
        self.whole = False

    @rule(steps=st.integers(0, 12))
    def interrupted(self, steps):
        left = steps

        def progress(stage, done, total):
            nonlocal left
            left -= 1
            if left < 0:
                raise Stop

        number = current_generation(self.data)
        try:
            index(self.data, self.notes, store=ExactStore(), progress=progress)
        except Stop:
            if current_generation(self.data) == number:
                assert served(self.data, store=ExactStore()) == self.before
        else:
            self.whole = True
        self.before = served(self.data, store=ExactStore())

    @rule()
    def run(self):
        index(self.data, self.notes, store=ExactStore())
        self.before = served(self.data, store=ExactStore())
        again = index(self.data, self.notes, store=ExactStore())
        assert again.embedded == 0
        assert (again.chunks_added, again.chunks_removed) == (0, 0)
        self.whole = True

    @invariant()
    def served_is_what_a_fresh_index_serves(self):
        if self.whole:
            assert self.before == served_fresh(self.notes, store=ExactStore())


FolderMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFolder = FolderMachine.TestCase
