"""progress.db: what goes in comes out, whatever is killed, wherever else it is open, and whoever hands a file in."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.domain import KeyPoint
from mlprep_bot.errors import BadImport, InterviewMoved, NoSuchInterview, ProgressDamaged, ProgressError
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, Ungraded, grade
from mlprep_bot.interview.backup import backup_path
from mlprep_bot.interview.codec import KINDS, LATEST, body_of, entry_of
from mlprep_bot.interview.exchange import Merged
from mlprep_bot.interview.memory import calendar, mastery_over_time, memories
from mlprep_bot.interview.migrations import MIGRATIONS, journal_mode
from mlprep_bot.interview.progress import Progress
from mlprep_bot.interview.session import (
    Answered,
    Asked,
    Began,
    Continued,
    Debriefed,
    Ended,
    Entry,
    Hinted,
    Marked,
    Paused,
    Probed,
    Prompt,
    Resumed,
    Setup,
    Skipped,
    replay,
)

POINTS = (KeyPoint("Dropout zeroes activations.", 2), KeyPoint("It is off at inference.", 1, "It stays on."))
PROMPT = Prompt("q-dropout", "notes.md", "What does dropout do?", "deep-learning", "junior", POINTS)
SAID = "It zeroes some activations."


def outcome(*verdicts):
    judged = [
        PointGrade(point, verdict, SAID if verdict is not PointVerdict.MISSED else "")
        for point, verdict in zip(POINTS, verdicts, strict=True)
    ]
    return grade(judged, SAID, "test")


def log(start=1_000.0, prompt=PROMPT, verdicts=(PointVerdict.MET, PointVerdict.MISSED)):
    """One question from beginning to end, with a hint and a follow-up about the second point."""
    what = [
        Began(Setup(questions=1)),
        Asked(prompt, "new to you"),
        Hinted(1, "Think of inference."),
        Answered(SAID),
        Marked(outcome(*verdicts)),
        Probed(1, "And when the model is used?"),
        Answered("I am not sure."),
        Marked(outcome(*verdicts)),
        Debriefed(),
        Continued(),
        Ended("done"),
    ]
    return [Entry(start + 10 * at, entry) for at, entry in enumerate(what)]


@pytest.fixture
def progress(memory_path):
    store = Progress(memory_path / "data")
    yield store
    store.close()


def held(progress, entries=None):
    entries = log() if entries is None else entries
    name = progress.begin(entries[:1])
    progress.append(name, 1, entries[1:])
    return name


# --- one interview ----------------------------------------------------------------------------


def test_a_log_comes_back_as_it_went_in(progress):
    name = held(progress)
    assert progress.entries(name) == log()
    other = Progress(progress.path.parent)
    assert other.entries(name) == log()
    other.close()


def test_looking_leaves_no_trace(progress):
    assert progress.interviews() == []
    assert progress.unfinished() is None
    assert progress.attempts() == []
    assert progress.export()["interviews"] == []
    assert progress.delete_all() == 0
    with pytest.raises(NoSuchInterview, match="'nobody'"):
        progress.entries("nobody")
    assert not progress.path.parent.exists()


def test_only_the_owner_may_read_it(progress):
    held(progress)
    if os.name != "nt":
        assert progress.path.stat().st_mode & 0o777 == 0o600
        assert progress.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_tab_is_told_that_the_interview_moved(progress):
    entries = log()
    name = progress.begin(entries[:1])
    progress.append(name, 1, entries[1:3])
    with pytest.raises(InterviewMoved, match="has 3 entries, not 1"):
        progress.append(name, 1, entries[1:2])
    assert progress.entries(name) == entries[:3]
    with pytest.raises(NoSuchInterview):
        progress.append("gone", 0, entries)


def test_an_interview_starts_with_its_setup(progress):
    for entries in ([], log()[1:]):
        with pytest.raises(ValueError, match="starts with Began"):
            progress.begin(entries)


def test_the_draft_lives_until_its_answer(progress):
    entries = log()
    name = progress.begin(entries[:2])
    assert progress.draft(name) == ""
    assert progress.save_draft(name, "It ze")
    progress.save_draft(name, "It zeroes $x$\nand\0\ud800")
    assert progress.draft(name) == "It zeroes $x$\nand\0\ufffd"
    progress.append(name, 2, entries[2:3])
    assert progress.draft(name), "a hint does not take the draft away"
    progress.append(name, 3, entries[3:4])
    assert progress.draft(name) == ""
    assert not progress.save_draft(name, "late", after=3)
    assert progress.draft(name) == "", "an autosave that comes after its answer"
    assert progress.save_draft(name, "in time", after=4)
    assert progress.draft(name) == "in time"
    with pytest.raises(NoSuchInterview):
        progress.save_draft("gone", "text")


def test_entries_cannot_be_changed_behind_our_back(progress):
    held(progress)
    progress.close()
    db = sqlite3.connect(progress.path)
    for statement in ("DELETE FROM entries", "UPDATE entries SET body = ''", "DELETE FROM interviews"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


# --- all interviews ---------------------------------------------------------------------------


def test_interviews_are_listed_newest_first(progress):
    first = held(progress, log(1_000.0))
    skipped = [*log(2_000.0)[:2], Entry(2_050.0, Skipped())]
    second = held(progress, skipped)
    third = held(progress, log(3_000.0)[:4])
    assert [item.id for item in progress.interviews()] == [third, second, first]
    assert [item.done for item in progress.interviews()] == [0, 1, 1]
    assert [item.ended for item in progress.interviews()] == [False, False, True]
    assert progress.interviews()[2].updated == 1_100.0
    assert progress.interviews()[2].setup == Setup(questions=1)
    assert progress.unfinished() == third
    assert sorted([third, second, first]) == [first, second, third]


@pytest.mark.parametrize("length", range(1, len(log()) + 1))
@pytest.mark.parametrize("ended", [False, True])
def test_the_history_counts_the_questions_that_are_done(progress, length, ended):
    first, second = log()[:10], log(2_000.0)[1:]  # the second question of the same interview ends anywhere
    entries = [*first, *second][: 9 + length]
    if ended and not isinstance(entries[-1].what, Ended):
        entries.append(Entry(9_000.0, Ended("early")))
    held(progress, entries)
    [item] = progress.interviews()
    assert item.done == sum(round_.done for round_ in replay(entries).rounds)


def test_every_question_is_known_with_when_it_was_last_asked(progress):
    assert progress.asked() == {}
    held(progress, log(1_000.0))
    held(progress, [*log(2_000.0)[:2], Entry(2_050.0, Skipped())])
    running = held(progress, log(3_000.0, replace(PROMPT, id="q-other"))[:2])
    assert progress.asked() == {PROMPT.id: 2_010.0, "q-other": 3_010.0}
    progress.append(running, 2, log(3_000.0)[2:4])
    assert progress.asked() == {PROMPT.id: 2_010.0, "q-other": 3_010.0}
    progress.delete_all()
    assert progress.asked() == {}


def test_attempts_are_read_off_every_log(progress):
    held(progress, log(2_000.0, verdicts=(PointVerdict.MET, PointVerdict.UNVERIFIED)))
    name = held(progress, log(1_000.0))
    running = held(progress, log(3_000.0)[:8])
    attempts = progress.attempts()
    assert [(a.at, a.verdict) for a in attempts] == [
        (1_010.0, PointVerdict.MET),
        (1_010.0, PointVerdict.MISSED),
        (2_010.0, PointVerdict.MET),
    ]
    missed = attempts[1]
    assert (missed.interview, missed.question, missed.text, missed.weight) == (name, PROMPT.id, POINTS[1].text, 1)
    assert missed.hinted
    assert missed.probed
    assert not attempts[0].hinted
    assert not attempts[0].probed
    assert missed.key != attempts[0].key == attempts[2].key
    assert missed.score == pytest.approx(2 / 3)
    progress.append(running, 8, log(3_000.0)[8:])
    assert len(progress.attempts()) == 5
    progress.delete_all()
    assert progress.attempts() == []


def test_an_interview_of_a_newer_version_is_named_not_crashed_on(progress):
    name = held(progress, log()[:2])
    progress.close()
    db = sqlite3.connect(progress.path)
    db.execute("INSERT INTO entries VALUES (?, 2, 1030.0, 'sung', '{\"kind\": \"sung\"}')", (name,))
    db.commit()
    db.close()
    for read in (lambda: progress.entries(name), progress.attempts, progress.export):
        with pytest.raises(ProgressError, match=f"{name} cannot be read: .*'sung'.*update"):
            read()
    assert progress.unfinished() == name


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be moved there")
def test_a_file_that_was_brought_back_is_used_at_once(progress, memory_path):
    old = held(progress, log()[:2])
    copy = memory_path / "copy.db"
    copy.write_bytes(progress.path.read_bytes())
    new = held(progress, log(9_000.0)[:2])
    progress.path.rename(memory_path / "moved.db")
    assert progress.interviews() == []
    assert not progress.path.exists()
    copy.rename(progress.path)
    progress.append(old, 2, log()[2:4])
    assert [item.id for item in progress.interviews()] == [old]
    with pytest.raises(NoSuchInterview):
        progress.append(new, 2, log()[2:4])


# --- the schema -------------------------------------------------------------------------------


def schema(path):
    db = sqlite3.connect(path)
    found = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    db.close()
    return found


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_every_earlier_version_is_brought_up_to_date(progress, memory_path, version):
    fresh = Progress(memory_path / "fresh")
    held(fresh)
    fresh.close()
    progress.path.parent.mkdir()
    db = sqlite3.connect(progress.path, isolation_level=None)
    for step in MIGRATIONS[:version]:
        step(db)
    db.execute(f"PRAGMA user_version = {version}")
    entries = log()[:4] if version else []
    if version:
        db.execute("INSERT INTO interviews VALUES ('old', 1000.0)")
        rows = [("old", at, entry.at, entry.what.kind, body_of(entry.what)) for at, entry in enumerate(entries)]
        db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", rows)
    if version >= 2:
        db.execute("INSERT INTO drafts VALUES ('old', 'half')")
    db.close()
    assert len(progress.interviews()) == bool(version)
    if version:
        assert progress.entries("old") == entries
        assert progress.draft("old") == ("half" if version >= 2 else "")
        progress.append("old", 4, log()[4:])
        assert progress.delete_all() == 1
    progress.close()
    assert schema(progress.path) == schema(fresh.path)


def test_a_newer_schema_is_refused(progress):
    held(progress)
    progress.close()
    db = sqlite3.connect(progress.path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(ProgressError, match="newer mlprep"):
        progress.interviews()


@pytest.mark.parametrize("at", [0, 4_096])
def test_a_damaged_file_is_named_with_the_way_out(progress, at):
    for _ in range(20):
        held(progress)
    progress.close()
    body = bytearray(progress.path.read_bytes())
    body[at : at + 20_000] = b"\xa5" * 20_000
    progress.path.write_bytes(bytes(body))
    with pytest.raises(ProgressDamaged, match=r"progress\.db is damaged .*cp '.*progress\.db\.backup'"):
        progress.interviews()


def test_a_folder_that_cannot_be_written_is_said_in_a_line(memory_path):
    (memory_path / "file").write_text("")
    with pytest.raises(ProgressError, match=r"Cannot write to .*MLPREP_DATA_DIR"):
        Progress(memory_path / "file").begin(log()[:1])


@pytest.mark.parametrize(
    ("sqlite", "mode"), [((3, 40, 1), "TRUNCATE"), ((3, 51, 2), "TRUNCATE"), ((3, 51, 3), "WAL"), ((4, 0, 0), "WAL")]
)
def test_wal_only_where_it_is_sound(sqlite, mode):
    assert journal_mode(sqlite) == mode


# --- several processes ------------------------------------------------------------------------

APPENDING = """
import sys
from pathlib import Path
from mlprep_bot.errors import InterviewMoved
from mlprep_bot.interview.progress import Progress
from mlprep_bot.interview.session import Entry, Paused, Resumed
progress, name, mark, times = Progress(Path(sys.argv[1])), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
done = 0
while done < times:
    known = len(progress.entries(name))
    try:
        progress.append(name, known, [Entry(mark, Paused()), Entry(mark, Resumed())])
    except InterviewMoved:
        continue
    done += 1
    print(done, flush=True)
"""


def appending(progress, name, mark, times):
    command = [sys.executable, "-c", APPENDING, str(progress.path.parent), name, str(mark), str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_lose_no_turn(progress):
    name = progress.begin(log()[:1])
    processes = [appending(progress, name, mark, 40) for mark in (2_000, 3_000)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    entries = progress.entries(name)[1:]
    assert [entry.at for entry in entries].count(2_000.0) == 80
    assert [entry.at for entry in entries].count(3_000.0) == 80
    for left, right in zip(entries[::2], entries[1::2], strict=True):  # what was appended together stays together
        assert (left.what, right.what) == (Paused(), Resumed())
        assert left.at == right.at


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_what_was_said_to_be_stored_survives_a_kill(progress):
    name = progress.begin(log()[:1])
    stored = 0
    for life in range(6):
        process = appending(progress, name, 2_000 + life, 10_000)
        for _ in range(7 + life):
            stored += bool(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        stored += len(rest.splitlines())
        progress.close()
        entries = progress.entries(name)
        assert len(entries) % 2 == 1, "an append is there as a whole or not at all"
        assert stored <= (len(entries) - 1) // 2 <= stored + life + 1
        assert progress.unfinished() == name
        progress.append(name, len(entries), [])


def test_many_threads_may_open_a_new_file_at_once(memory_path):
    stores = [Progress(memory_path / "data") for _ in range(8)]
    failed = []

    def begin(store):
        try:
            store.begin(log()[:1])
            store.attempts()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=begin, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(stores[0].interviews()) == 8
    for store in stores:
        store.close()


# --- export, import, delete -------------------------------------------------------------------


def through_a_file(export):
    return json.loads(json.dumps(export))


def test_an_export_moves_everything(progress, memory_path):
    done, open_ = held(progress, log(1_000.0)), held(progress, log(2_000.0)[:3])
    progress.save_draft(open_, "half an ans")
    export = through_a_file(progress.export())
    other = Progress(memory_path / "other")
    assert other.merge(export) == Merged(added=2)
    assert through_a_file(other.export()) == export
    assert other.entries(done) == progress.entries(done)
    assert other.draft(open_) == "half an ans"
    assert other.merge(export) == Merged(known=2)
    assert through_a_file(other.export()) == export
    other.close()


def test_an_import_continues_and_never_loses(progress, memory_path):
    entries = log()
    name = held(progress, entries[:3])
    early = through_a_file(progress.export())
    other = Progress(memory_path / "other")
    other.merge(early)
    other.append(name, 3, entries[3:5])
    late = through_a_file(other.export())
    assert progress.merge(late) == Merged(continued=1)
    assert progress.entries(name) == entries[:5]
    assert progress.merge(early) == Merged(known=1)
    assert progress.entries(name) == entries[:5]
    other.close()


def test_two_ways_of_one_interview_are_both_kept(progress, memory_path):
    entries = log()
    name = held(progress, entries[:9])
    other = Progress(memory_path / "other")
    other.merge(through_a_file(progress.export()))
    progress.append(name, 9, entries[9:])
    other.append(name, 9, [Entry(1_095.0, Ended("early"))])
    assert progress.merge(through_a_file(other.export())) == Merged(added=1)
    assert progress.merge(through_a_file(other.export())) == Merged(known=1)
    assert progress.entries(name) == entries
    [branch] = [item.id for item in progress.interviews() if item.id != name]
    assert branch.startswith(name)
    assert progress.entries(branch)[-1].what == Ended("early")
    assert [a.interview for a in progress.attempts()] == [name, name], "what both have in common was practised once"
    other.close()


def changed(export, **interview):
    [first, *rest] = export["interviews"]
    return {**export, "interviews": [{**first, **interview}, *rest]}


def with_entry(export, **values):
    entries = export["interviews"][0]["entries"]
    return changed(export, entries=[*entries[:-1], {**entries[-1], **values}])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda e: [], "not an export"),
        (lambda e: {"interviews": []}, "not an export"),
        (lambda e: {**e, "format": "anki"}, "not an export"),
        (lambda e: {**e, "version": 2}, "version 2.*Update"),
        (lambda e: {**e, "interviews": {}}, "no list"),
        (lambda e: {**e, "interviews": [None]}, "Interview 1 .*no usable id"),
        (lambda e: changed(e, id="../x"), "no usable id"),
        (lambda e: changed(e, id=7), "no usable id"),
        (lambda e: changed(e, entries=[]), "does not start"),
        (lambda e: changed(e, entries="abc"), "no list of entries"),
        (lambda e: changed(e, entries=[1]), "no list of entries"),
        (lambda e: changed(e, entries=e["interviews"][0]["entries"][1:]), "does not start"),
        (lambda e: changed(e, entries=e["interviews"][0]["entries"] * 2), "cannot be used"),
        (lambda e: changed(e, draft=1), "draft"),
        (lambda e: with_entry(e, at=-1), "time"),
        (lambda e: with_entry(e, at=float("nan")), "time"),
        (lambda e: with_entry(e, at="now"), "time"),
        (lambda e: with_entry(e, at=1e300), "time"),
        (lambda e: with_entry(e, kind="sung"), "'sung'"),
        (lambda e: with_entry(e, kind=["ended"]), "does not know"),
        (lambda e: with_entry(e, reason=3), "reason"),
        (lambda e: with_entry(e, kind="answered", text="x"), "cannot be used"),
    ],
)
def test_what_is_no_export_is_refused_in_a_line(progress, memory_path, spoil, told):
    held(progress, log(2_000.0))
    kept = progress.export()
    other = Progress(memory_path / "other")
    held(other, log(1_000.0))
    good = through_a_file(other.export())
    other.close()
    two = {**good, "interviews": [*good["interviews"], *kept["interviews"]]}
    spoiled = spoil(two)
    with pytest.raises(BadImport, match=told) as refused:
        progress.merge(spoiled)
    assert "\n" not in str(refused.value)
    assert progress.export() == kept, "all or nothing"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be changed there")
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
def test_no_import_breaks_what_is_reckoned_from_its_times(progress, memory_path, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        held(progress)
        export = through_a_file(progress.export())
        for far in (LATEST, LATEST - 1e6, time.time() + 2 * 24 * 3600):
            for at, entry in enumerate(export["interviews"][0]["entries"]):
                entry["at"] = far - 100 + at
            with pytest.raises(BadImport, match="yet to come"):
                progress.merge(export)
        soon = time.time() + 3600  # a clock that is a little ahead
        other = Progress(memory_path / "other")
        held(other, log(soon))
        assert progress.merge(through_a_file(other.export())) == Merged(added=1)
        other.close()
        held(progress, log(LATEST - 1_000))  # as an earlier version took it in
        attempts = progress.attempts()
        assert len(mastery_over_time(attempts)) == 3
        assert len(mastery_over_time(attempts, soon + 3600)) == 2
        assert len(memories(attempts, LATEST)) == 2
        assert len(calendar(attempts)) == 3
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_export_is_read_in_one_piece(progress):
    """Somebody who deletes everything meanwhile finds it either in the export or not, and never half of it."""
    stop, failed = threading.Event(), []
    other = Progress(progress.path.parent)

    def come_and_go():
        while not stop.is_set():
            held(other)
            other.delete_all()

    thread = threading.Thread(target=come_and_go)
    held(progress)
    thread.start()
    try:
        for _ in range(30):
            try:
                progress.export()
            except NoSuchInterview as error:
                failed.append(error)
    finally:
        stop.set()
        thread.join()
        other.close()
    assert failed == []


def test_an_impossible_score_is_refused(progress):
    held(progress)
    export = through_a_file(progress.export())
    marked = export["interviews"][0]["entries"][4]
    for score in (1.5, -0.1, float("nan")):
        marked["outcome"]["score"] = score
        with pytest.raises(BadImport, match="score"):
            progress.merge(export)


def test_an_impossible_share_or_weight_is_refused(progress):
    held(progress)
    spoiled = {"share": [2, -1, float("nan")], "weight": [0, -3]}
    for field, values in spoiled.items():
        for value in values:
            export = through_a_file(progress.export())
            judged = export["interviews"][0]["entries"][4]["outcome"]["points"][0]
            (judged["point"] if field == "weight" else judged)[field] = value
            with pytest.raises(BadImport, match=field):
                progress.merge(export)


def on_disk(progress):
    """The bytes of every file in the data folder."""
    return b"".join(path.read_bytes() for path in progress.path.parent.iterdir())


def test_deleting_leaves_nothing_in_the_file(progress):
    name = held(progress)
    progress.save_draft(name, "an unsent draft")
    held(progress, log(5_000.0)[:4])
    assert SAID.encode() in on_disk(progress)
    assert progress.delete_all() == 2
    assert SAID.encode() not in on_disk(progress)
    assert b"unsent" not in on_disk(progress)
    assert progress.interviews() == []
    with pytest.raises(NoSuchInterview):
        progress.append(name, 11, [])
    assert held(progress)


def test_deleting_as_the_first_thing_of_a_process_leaves_no_copy(progress):
    name = held(progress)
    progress.save_draft(name, "an unsent draft")
    progress.close()  # the next call opens the file again, which copies it
    assert progress.delete_all() == 1
    assert SAID.encode() not in on_disk(progress)
    assert not backup_path(progress.path).exists()


def test_a_daily_copy_brings_back_what_a_broken_file_held(progress):
    copy = backup_path(progress.path)
    name = held(progress)
    assert not copy.exists(), "nothing to copy when it was opened"
    progress.close()
    assert progress.unfinished() is None  # opens it again, and copies it
    later = held(progress, log(5_000.0))
    progress.close()
    assert len(progress.interviews()) == 2
    progress.close()
    progress.path.write_bytes(b"\xa5" * 9_000)
    with pytest.raises(ProgressDamaged):
        progress.interviews()
    progress.path.write_bytes(copy.read_bytes())
    assert [item.id for item in progress.interviews()] == [name], "the copy is of today already"
    assert progress.entries(name) == log()
    os.utime(copy, (0, 0))
    progress.close()
    progress.begin(log(9_000.0)[:1])
    assert copy.stat().st_mtime > 0
    assert later
    progress.delete_all()
    assert [path.name for path in progress.path.parent.iterdir() if "backup" in path.name] == []


# --- entries as JSON --------------------------------------------------------------------------

text = st.text(max_size=20)
points = st.builds(KeyPoint, text, st.integers(1, 5), text)
judged = st.builds(PointGrade, points, st.sampled_from(PointVerdict), text, text, st.booleans(), share=st.floats(0, 1))
outcomes = st.one_of(
    st.lists(judged, max_size=4).map(lambda found: grade(found, "", "test")),
    st.builds(Ungraded, st.lists(judged, max_size=4).map(tuple), text, text),
)
pairs = st.lists(st.tuples(text, text), max_size=3).map(tuple)
setups = st.builds(
    Setup,
    role=text,
    topics=st.lists(text, max_size=3).map(tuple),
    questions=st.none() | st.integers(1, 50),
    minutes=st.none() | st.integers(1, 300),
    steering=st.lists(st.tuples(text, st.floats(0, 9)), max_size=3).map(tuple),
    steered_by=pairs,
)
prompts = st.builds(
    Prompt,
    *([text] * 5),
    st.lists(points, max_size=4).map(tuple),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 9), text), max_size=2).map(tuple),
)
entries_of_any_kind = st.one_of(
    st.builds(Began, setups),
    st.builds(Asked, prompts, text),
    st.builds(Hinted, st.integers(0, 9), text),
    st.builds(Answered, text),
    st.builds(Marked, outcomes),
    st.builds(Probed, st.integers(0, 9), text),
    st.sampled_from([Debriefed(), Skipped(), Paused(), Resumed(), Continued()]),
    st.builds(Ended, text),
)


@given(st.floats(0, 4e9), entries_of_any_kind)
def test_every_kind_of_entry_survives_json(at, what):
    assert entry_of(at, body_of(what)) == Entry(at, what)
    assert what.kind in KINDS


def complaint(body):
    """What is wrong with an entry; anything but a ValueError is a defect."""
    try:
        entry_of(1.0, body)
    except ValueError as error:
        return str(error)
    return "nothing"


@given(st.dictionaries(text, st.none() | st.integers() | text), st.sampled_from([*KINDS, "other"]))
def test_other_json_is_an_error_in_a_line(values, kind):
    assert "\n" not in complaint(json.dumps({**values, "kind": kind}))


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(body):
    assert complaint(body)


def test_deep_nesting_is_no_crash():
    with pytest.raises(ValueError, match="no JSON"):
        entry_of(1.0, "[" * 100_000)


def test_half_characters_keep_their_place():
    broken = replace(Answered(""), text="a\ud800b")
    assert entry_of(1.0, body_of(broken)).what == Answered("a\ufffdb")
