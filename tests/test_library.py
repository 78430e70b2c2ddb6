"""library.db: its schema, what comes back of what went in, and what happens when it cannot be used."""

from __future__ import annotations

import sqlite3
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.adapters.embeddings import HashEmbedder
from mlprep_bot.adapters.exact import ExactStore
from mlprep_bot.domain import Document, FollowUp, KeyPoint, Question, Reference, Rubric, Span
from mlprep_bot.errors import LibraryBusy, LibraryDamaged, LibraryError, NotIndexed
from mlprep_bot.knowledge.library import Entry, Library
from mlprep_bot.knowledge.migrations import MIGRATIONS
from mlprep_bot.knowledge.parsing import parse_document
from mlprep_bot.knowledge.records import question_json, question_of
from mlprep_bot.knowledge.scanning import Part, free_name, locate

TEXT = "# Notes\n\n## What is bias?\n\nA systematic error.\n\n## What is variance?\n\nAn error that changes.\n"


@pytest.fixture
def library(memory_path):
    with Library(memory_path / "data", store=ExactStore(), lock_wait=0.2) as opened:
        yield opened


def put(library, name="a.md", text=TEXT):
    parsed = parse_document(Document(name, text, "markdown", "Notes"))
    with library.db.transaction():
        root = library.add_root(library.data_dir.parent)
        library.put(root, name, Entry(name, "stamp", "sum", "1"), "1", parsed)
    return parsed


def test_what_goes_in_comes_out(library):
    with library.writing():
        parsed = put(library)
        assert library.parsed("a.md") == parsed
        assert library.revision == 1
        assert library.chunk_ids(["a.md"]) == {chunk.id for chunk in parsed.chunks}
        with pytest.raises(NotIndexed, match=r"b\.md"):
            library.document("b.md")


def add_root_and_fail(library):
    with library.db.transaction():
        library.add_root(library.data_dir)
        library.bump()
        _ = 1 / 0


def test_a_failed_transaction_leaves_nothing(library):
    with library.writing():
        with pytest.raises(ZeroDivisionError):
            add_root_and_fail(library)
        assert library.roots() == []
        assert library.revision == 0


def test_vectors_are_kept_by_embedder_and_text(library):
    embedder = HashEmbedder(8)
    with library.writing():
        put(library)
        waiting = library.to_embed(embedder.fingerprint)
        keys = [key for key, _ in waiting]
        vectors = embedder.embed_documents([text for _, text in waiting])
        with library.db.transaction():
            library.save_vectors(embedder.fingerprint, keys, vectors)
        assert library.to_embed(embedder.fingerprint) == []
        assert len(library.to_embed("another")) == len(keys)
        assert np.array_equal(library.vectors(embedder.fingerprint, keys[::-1], 8), vectors[::-1])
        put(library, text="# Notes\n\nOther words.\n")
        with library.db.transaction():
            library.trim_cache(embedder.fingerprint, spare=1)
        left = library.db.rows("SELECT COUNT(*) FROM embeddings")
        assert left == [(1,)]  # nothing is in use any more, and one is spared


def test_without_writing_nothing_is_written(library):
    assert library.roots() == []
    assert library.revision == 0
    assert not library.data_dir.exists()


def test_a_second_writer_in_the_same_process_is_kept_out(library):
    seen = []

    def write():
        try:
            with Library(library.data_dir, store=ExactStore(), lock_wait=0.1) as other, other.writing():
                seen.append("in")
        except LibraryBusy as error:
            seen.append(str(error))

    with library.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert "Another process is writing" in seen[0]
    write()
    assert seen[1] == "in"


def test_a_newer_schema_is_refused(library):
    with library.writing():
        put(library)
    db = sqlite3.connect(library.path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    library.close()
    with pytest.raises(LibraryError, match="newer mlprep"):
        library.roots()


@pytest.mark.parametrize("at", [0, 4_096])
def test_a_damaged_file_is_named_with_the_way_out(library, at):
    with library.writing():
        for number in range(40):
            put(library, f"{number}.md")
    library.close()
    body = bytearray(library.path.read_bytes())
    body[at : at + 40_000] = b"\xa5" * 40_000
    library.path.write_bytes(bytes(body))
    with pytest.raises(LibraryDamaged, match="Move it away"), library.writing():
        pass


def test_cards_survive_json():
    rubric = Rubric(
        "senior", ("a",), ("b",), (KeyPoint("k", 2, "w"),), ("p",), (FollowUp("q", "kp:1"),), (Reference("t"),)
    )
    question = Question("id", "d.md", "Why?", 3, 7, 2, "topic", Span(8, 20), rubric)
    assert question_of(question_json(question)) == question
    bare = Question("id", "d.md", "Why?", 3, 7, 2)
    assert question_of(question_json(bare)) == bare


names = st.sampled_from(["a.md", "x/a.md", "two/a.md", "two/x/a.md"])


@given(st.lists(names, max_size=12))
def test_names_never_collide(tmp_path_factory, wanted):
    taken: set[str] = set()
    for relative in wanted:
        name = free_name(tmp_path_factory.getbasetemp() / "two", relative, taken)
        assert name not in taken
        taken.add(name)


def test_parts_of_known_roots(library, memory_path):
    outer = memory_path / "outer"
    (outer / "in" / "deep").mkdir(parents=True)
    (outer / ".venv" / "corpus").mkdir(parents=True)
    with library.writing(), library.db.transaction():
        library.add_root(outer / "in")
    assert locate([outer / "in" / "deep"], library) == ([Part(outer / "in", "deep")], [])
    assert locate([outer, outer / "in", outer / "in"], library) == ([Part(outer)], [outer / "in"])
    hidden = outer / ".venv" / "corpus"  # a listing of `outer` never comes here, so it is a root of its own
    assert locate([outer, hidden], library) == ([Part(outer), Part(hidden)], [outer / "in"])
