"""A whole interview in real Chromium: reloads, a killed server, a second window, a phone; and what it leaves behind."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from io import BytesIO

import gradio as gr
import pytest

from mlprep_bot.app import App
from mlprep_bot.domain import KeyPoint
from mlprep_bot.errors import EmbedderError
from mlprep_bot.grading.rubric import PointGrade, PointVerdict, grade
from mlprep_bot.interview.session import Answered, Asked, Began, Debriefed, Entry, Marked, Prompt, Setup, Style
from mlprep_bot.settings import Settings
from mlprep_bot.ui.interview import InterviewTab
from mlprep_bot.ui.progress import ProgressTab
from mlprep_bot.ui.setup import quiz_of
from mlprep_bot.ui.setup_form import SetupForm
from ollama_server import FakeOllama, Model
from test_page import (
    CARDS,
    CORPUS,
    HOSTILE,
    L1,
    ask,
    browser,  # noqa: F401  (a fixture)
    choose,
    contrast,
    open_page,  # noqa: F401  (a fixture)
    overflow,
    serving,
)

pytestmark = pytest.mark.browser

NOTES = f"""# Notes

## What does {HOSTILE} a feature store do?

A feature store keeps feature definitions and values in one place. It serves the same features offline for training
and online for serving. Point-in-time joins keep future values out of training rows.
"""
PARTLY = (
    "L1 adds the sum of absolute weights and sets some weights exactly to zero, while L2 adds the sum of squared "
    "weights and only shrinks them.\n\n$$\\lambda \\lVert w \\rVert_1$$\n\n```python\nw = 0\n```"
)
START = """
import sys
from pathlib import Path
from mlprep_bot.app import App
from mlprep_bot.errors import EmbedderError
from mlprep_bot.settings import Settings
from mlprep_bot.ui.serve import serve
data, documents, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
app = App(Settings(data_dir=data, port=port, ollama_host="http://127.0.0.1:9"))
if app.is_empty():
    app.index([documents])
serve(app)
"""


def documents(folder):
    for card in CARDS:
        (folder / card).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CORPUS / card, folder / card)
    (folder / "notes.md").write_text(NOTES, encoding="utf-8")
    return folder


def make_app(embedder, data, folder):
    made = App(Settings(data_dir=data, ollama_host="http://127.0.0.1:9"))
    made.embedder = embedder
    made.index([documents(folder)])
    return made


@pytest.fixture
def app(browser, embedder, tmp_path):  # noqa: F811  (browser first: without one nothing is indexed)
    return make_app(embedder, tmp_path / "data", tmp_path / "documents")


@pytest.fixture
def address(app):
    with serving(app) as where:
        yield where


def go(page, tab):
    page.get_by_role("tab", name=tab).click()


def begin(page, *, questions=1, topic="Classical ML"):
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    if topic:
        page.click("#ml-topics input")
        page.get_by_role("option", name=topic).click()
        page.keyboard.press("Escape")
    page.fill("#ml-questions input", str(questions))
    page.click("#ml-start")
    asked(page)


def asked(page):
    page.wait_for_selector("#ml-answer textarea:visible")
    page.wait_for_selector("#ml-answer-go:visible")


def write(page, text):
    """Type into the answer box and wait until the draft is kept."""
    page.fill("#ml-answer textarea", text)
    page.wait_for_selector('#ml-saved :text("Draft saved")')


def send(page):
    """Send the answer, and wait until it was read."""
    before = page.get_attribute("#ml-stage [data-place]", "data-place")
    page.locator("#ml-answer textarea").press("Control+Enter")
    page.wait_for_function(
        """before => {
             const now = document.querySelector("#ml-stage [data-place]")?.dataset.place ?? before;
             return now !== before && !now.endsWith(":marking");
           }""",
        arg=before,
    )


def to_debrief(page, text="Because the slope of the penalty does not vanish at zero."):
    """Answer every follow-up."""
    while not page.locator("#ml-stage .ml-debrief").count():
        asked(page)
        page.wait_for_function("document.querySelector('#ml-answer textarea').value === ''")
        page.fill("#ml-answer textarea", text)
        send(page)
        page.wait_for_selector("#ml-stage .ml-debrief, #ml-answer textarea:visible")


class Server:
    """The page in a process of its own, which can be killed."""

    def __init__(self, data, folder):
        self.arguments = [str(data), str(folder)]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    def start(self):
        command = [sys.executable, "-c", START, *self.arguments, str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert "mlprep is at" in self.process.stdout.readline()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def test_a_whole_interview_survives_a_reload_and_a_killed_server(browser, tmp_path):  # noqa: F811
    server = Server(tmp_path / "data", documents(tmp_path / "documents"))
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.set_default_timeout(60_000)
    try:
        page.goto(f"http://127.0.0.1:{server.port}/")
        page.wait_for_selector("#ml-live .ml-welcome")
        begin(page, questions=2, topic="")
        question = page.inner_text("#ml-stage h2")
        assert page.inner_text("#ml-status").startswith(f"Question 1 of 2. {question[:40]}")
        page.wait_for_function("document.activeElement.closest('#ml-answer') !== null")
        assert "%" not in page.inner_text("#ml-main").replace(question, "")

        write(page, "half an answer\nof two lines")
        page.reload()
        asked(page)
        assert page.inner_text("#ml-stage h2") == question
        assert page.input_value("#ml-answer textarea") == "half an answer\nof two lines"

        page.fill("#ml-answer textarea", "I do not know much about weights, rows and values, but they matter.")
        page.click("#ml-hint")
        page.wait_for_selector("#ml-stage .ml-hints")
        assert page.input_value("#ml-answer textarea").startswith("I do not know much")
        send(page)
        page.wait_for_selector("#ml-stage .ml-probe, #ml-stage .ml-debrief")
        if page.locator("#ml-stage .ml-probe").count():
            assert "I do not know much" in page.inner_text("#ml-stage")
            follow_up = page.inner_text("#ml-stage .ml-probe")
            write(page, "a draft of the follow-up")
            server.kill()
            server.start()
            page.reload()
            asked(page)
            assert page.inner_text("#ml-stage .ml-probe") == follow_up
            assert page.input_value("#ml-answer textarea") == "a draft of the follow-up"
            send(page)
            to_debrief(page)
        else:
            server.kill()
            server.start()
            page.reload()
        page.wait_for_selector("#ml-stage .ml-debrief")

        page.click("#ml-next")
        asked(page)
        assert page.inner_text("#ml-stage h2") != question
        page.click("#ml-pause")
        page.wait_for_selector("#ml-resume:visible")
        page.reload()
        page.wait_for_selector("#ml-resume:visible")
        assert "Paused" in page.inner_text("#ml-stage")
        page.click("#ml-resume")
        asked(page)
        page.click("#ml-skip")
        page.wait_for_selector("#ml-finish:visible")
        assert "What was expected" in page.inner_text("#ml-stage")
        page.click("#ml-finish")
        page.wait_for_selector("#ml-stage .ml-end")
        assert "1 skipped" in page.inner_text("#ml-stage")
        page.reload()
        page.wait_for_selector("#ml-start:visible")
        assert page.locator(".ml-continue").count() == 0
    finally:
        context.close()
        server.kill()


def test_the_debrief_shows_reasons_sources_and_the_way_on(open_page, app):  # noqa: F811
    page = open_page()
    begin(page)
    page.fill("#ml-answer textarea", PARTLY)
    send(page)
    to_debrief(page)
    shown = page.inner_text("#ml-stage")
    assert "✓ met" in shown
    assert "You said:" in shown
    assert "which follows from the verdicts above" in shown
    page.click("#ml-stage summary:has-text('What you said')")
    assert page.locator("#ml-stage .ml-said math").count() > 0
    assert page.locator("#ml-stage .ml-said .ml-code").count() > 0

    chip = page.locator("#ml-stage .ml-cite").first
    chip.click()
    page.wait_for_selector("#ml-interview-sources mark.ml-now")
    words = "".join(page.locator("#ml-interview-sources mark.ml-now").all_text_contents())
    document = page.locator("#ml-interview-sources .ml-passage[open] .ml-doc").inner_text()
    assert words in app.document(document).text
    assert page.evaluate("document.activeElement.tagName") == "MARK"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className").startswith("ml-cite")

    page.click("#ml-stage button:has-text('Ask the corpus about this')")
    page.wait_for_selector("#ml-box textarea:visible")
    assert page.input_value("#ml-box textarea") == L1
    assert page.locator(".ml-turn").count() == 0

    go(page, "Interview")
    page.locator("#ml-finish").press("Control+Enter")
    page.wait_for_selector("#ml-stage .ml-end")
    shown = page.inner_text("#ml-stage")
    assert "Classical ML" in shown
    assert "Worth reading" in shown
    page.click("#ml-stage button:has-text('Show in the Library')")
    page.wait_for_selector("#ml-shelf .ml-found:visible")
    assert L1 in page.inner_text("#ml-shelf .ml-found")


def test_downloads_are_markdown_and_anki(open_page, address, app):  # noqa: F811
    page = open_page()
    begin(page)
    page.fill("#ml-answer textarea", PARTLY)
    send(page)
    to_debrief(page)
    page.click("#ml-finish")
    page.wait_for_selector("#ml-stage .ml-end")
    with page.expect_download() as got:
        page.click("text=Download as Markdown")
    assert L1 in got.value.path().read_text(encoding="utf-8")
    assert got.value.suggested_filename.endswith(".md")
    with page.expect_download() as got:
        page.click("text=Anki cards of the misses")
    with zipfile.ZipFile(BytesIO(got.value.path().read_bytes())) as package:
        assert "collection.anki2" in package.namelist()
    assert page.request.get(f"{address}mlprep/interview/nothing.md").status == 404
    foreign = page.request.get(
        f"{address}mlprep/progress/mlprep-progress.json", headers={"origin": "http://evil.example"}
    )
    assert foreign.status == 403


def test_quiz_me_on_this_asks_the_question_whose_answer_was_cited(open_page):  # noqa: F811
    page = open_page()
    choose(page, "Quotations only")
    ask(page, L1)
    page.click("#ml-live button:has-text('Quiz me on this')")
    asked(page)
    assert page.inner_text("#ml-stage h2") == L1
    assert "Question 1 of 1" in page.inner_text("#ml-bar")
    page.wait_for_function("document.activeElement.closest('#ml-answer') !== null")
    send_key = page.locator("#ml-answer textarea")
    send_key.press("Alt+Shift+S")
    page.wait_for_selector("#ml-finish:visible")
    page.click("#ml-finish")
    page.wait_for_selector("#ml-stage .ml-end")
    page.click("#ml-new")
    page.wait_for_selector("#ml-start:visible")


def test_another_interview_leaves_the_first_one_paused_and_it_can_be_continued(open_page):  # noqa: F811
    page = open_page()
    begin(page, questions=2)
    question = page.inner_text("#ml-stage h2")
    write(page, "to be continued")
    go(page, "Chat")
    choose(page, "Quotations only")
    ask(page, "What does a p-value tell you?")
    page.click("#ml-live button:has-text('Quiz me on this')")
    page.wait_for_selector('#ml-bar :text("Question 1 of 1")')
    page.click("#ml-end")
    page.wait_for_selector("#ml-end-sure:visible")
    page.click("#ml-end-not")
    asked(page)
    page.click("#ml-end")
    page.click("#ml-end-sure")
    page.wait_for_selector("#ml-stage .ml-end")
    page.click("#ml-new")
    page.click(".ml-continue button")
    page.wait_for_selector("#ml-resume:visible")
    page.click("#ml-resume")
    asked(page)
    assert page.inner_text("#ml-stage h2") == question
    assert page.input_value("#ml-answer textarea") == "to be continued"


def test_two_windows_never_mix_up_their_turns(open_page):  # noqa: F811
    one = open_page()
    begin(one, questions=2, topic="")
    question = one.inner_text("#ml-stage h2")
    two = open_page()
    go(two, "Interview")
    asked(two)
    two.click("#ml-skip")
    two.wait_for_selector("#ml-next:visible")
    two.click("#ml-next")
    asked(two)
    one.fill("#ml-answer textarea", "written for the first question")
    one.locator("#ml-answer textarea").press("Control+Enter")
    one.wait_for_selector('#ml-interview-notice :text("another window")')
    assert "written for the first question" in one.inner_text("#ml-interview-notice")
    assert one.inner_text("#ml-stage h2") == two.inner_text("#ml-stage h2") != question
    assert one.input_value("#ml-answer textarea") == ""


def test_a_pasted_job_says_what_it_changes_and_is_not_stored(open_page, app):  # noqa: F811
    page = open_page()
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    page.click("text=Paste a job description")
    page.fill("#ml-job textarea", "Experimentation at Quokka Ltd.\nYou own A/B testing, p-values and hypothesis tests.")
    page.wait_for_selector("#ml-changed .ml-steering")
    assert "Statistics" in page.inner_text("#ml-changed")
    page.click("#ml-start")
    asked(page)
    assert not any(
        "Quokka" in str(entry) for held in app.progress.interviews() for entry in app.progress.entries(held.id)
    )


def test_progress_is_drawn_drilled_exported_imported_and_deleted(open_page, app, tmp_path):  # noqa: F811
    page = open_page()
    go(page, "Progress")
    page.wait_for_selector("#ml-course-part .ml-empty")
    begin(page)
    page.fill("#ml-answer textarea", PARTLY)
    send(page)
    to_debrief(page)
    page.click("#ml-finish")
    page.wait_for_selector("#ml-stage .ml-end")

    go(page, "Progress")
    page.wait_for_selector("#ml-course-part .ml-course")
    assert page.get_by_role("img", name="Classical ML").count() == 1
    page.click("summary:has-text('The same as a table')")
    assert page.locator(".ml-table:visible").count() == 1
    assert page.locator(".ml-calendar").count() == 1
    with page.expect_download() as got:
        page.click("text=Export everything")
    export = tmp_path / "export.json"
    export.write_bytes(got.value.path().read_bytes())
    assert json.loads(export.read_text())

    page.click(".ml-points button:has-text('Drill') >> nth=0")
    asked(page)
    assert page.inner_text("#ml-stage h2") == L1
    page.click("#ml-end")
    page.click("#ml-end-sure")
    page.wait_for_selector("#ml-new:visible")

    go(page, "Progress")
    page.click(".ml-history button:has-text('Read again') >> nth=1")
    page.wait_for_selector("#ml-stage .ml-end")
    page.click("#ml-stage .ml-round summary >> nth=0")
    page.wait_for_selector("#ml-stage .ml-debrief .ml-points:visible")

    go(page, "Progress")
    page.click("#ml-delete")
    page.click("#ml-delete-sure")
    page.wait_for_selector("#ml-course-part .ml-empty")
    assert app.progress.interviews() == []
    page.set_input_files("#ml-import input[type=file]", str(export))
    page.wait_for_selector('#ml-own-told :text("1 interview added, 0 continued, 0 known")')
    page.wait_for_selector("#ml-course-part .ml-course")
    broken = tmp_path / "broken.json"
    broken.write_text("no json")
    page.set_input_files("#ml-import input[type=file]", str(broken))
    page.wait_for_selector("#ml-own-told .ml-problem")


def test_what_was_typed_last_is_there_after_a_pause(open_page):  # noqa: F811
    page = open_page()
    begin(page)
    write(page, "first ")
    page.locator("#ml-answer textarea").press_sequentially("and last")
    page.locator("#ml-answer textarea").press("Alt+Shift+P")
    page.wait_for_selector("#ml-resume:visible")
    page.click("#ml-resume")
    asked(page)
    assert page.input_value("#ml-answer textarea") == "first and last"


def test_what_was_typed_last_is_there_after_a_reload_at_once(open_page):  # noqa: F811
    page = open_page()
    begin(page)
    write(page, "first ")
    page.locator("#ml-answer textarea").press_sequentially("and last")
    page.reload()
    go(page, "Interview")
    asked(page)
    page.wait_for_function("document.querySelector('#ml-answer textarea').value === 'first and last'")
    page.fill("#ml-answer textarea", "A tree splits on one feature at a time, so scaling changes nothing.")
    page.click("#ml-answer-go")
    page.wait_for_selector("#ml-stage[data-place], #ml-stage [data-place]")
    page.reload()
    go(page, "Interview")
    assert "first and last" not in page.input_value("#ml-answer textarea")


def test_the_way_on_after_all_interviews_were_deleted(open_page):  # noqa: F811
    page = open_page()
    begin(page)
    write(page, "a secret")
    other = open_page()
    go(other, "Interview")
    asked(other)
    go(page, "Progress")
    page.click("#ml-delete")
    page.click("#ml-delete-sure")
    page.wait_for_selector("#ml-course-part .ml-empty")
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    assert "secret" not in page.content()

    other.fill("#ml-answer textarea", "typed for an interview that is gone")
    other.click("#ml-answer-go")
    other.wait_for_selector("#ml-start:visible")
    assert "lost its interview" in other.inner_text("#ml-interview-notice")
    assert "typed for an interview that is gone" in other.inner_text("#ml-interview-notice")
    begin(other)


def test_documents_that_come_later_can_be_chosen_without_a_reload(open_page, app, tmp_path):  # noqa: F811
    notes = tmp_path / "documents" / "notes.md"
    notes.unlink()
    app.index([tmp_path / "documents"])
    page = open_page()
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    page.click("#ml-topics input")
    page.get_by_role("option", name="Classical ML").click()
    page.keyboard.press("Escape")
    assert page.get_by_label("My own documents").count() == 0
    notes.write_text(NOTES, encoding="utf-8")
    app.index([tmp_path / "documents"])
    go(page, "Chat")
    go(page, "Interview")
    page.get_by_label("My own documents").check()
    assert "Classical ML" in page.inner_text("#ml-topics")


def test_a_set_up_without_documents_says_so(embedder, tmp_path):
    app = App(Settings(data_dir=tmp_path / "data", ollama_host="http://127.0.0.1:9"))
    app.embedder = embedder
    with gr.Blocks():
        form = SetupForm(app)
    told = form.opened(None, "", "", [], "all", "")
    assert list(told) == [form.trouble]
    assert "ml-problem" in told[form.trouble]


def test_without_documents_everything_that_was_practised_is_still_there(open_page, app, embedder, tmp_path):  # noqa: F811
    interviewer = app.interviewer()
    question = next(prompt.id for prompt in app.pool() if prompt.text == L1)
    name = interviewer.start(Setup(questions=1, style=Style.WARM_UP, pinned=(question,))).id
    interviewer.answer(name, PARTLY)
    interviewer.proceed(name)
    data = tmp_path / "moved"
    data.mkdir()
    other = App(Settings(data_dir=data, ollama_host="http://127.0.0.1:9"))
    other.embedder = embedder
    other.progress.merge(app.progress.export())
    with serving(other) as where:
        page = open_page(where)
        go(page, "Progress")
        page.wait_for_selector("#ml-course-part .ml-history")
        assert page.locator("#ml-course-part .ml-problem").count() == 1
        assert page.get_by_role("img", name="Classical ML").count() == 1
        assert L1 in page.request.get(f"{where}mlprep/interview/{name}.md").text()
        page.click(".ml-history button")
        page.wait_for_selector("#ml-stage .ml-end .ml-scores")
        page.context.close()


def test_points_whose_question_was_removed_are_not_due(app):
    held = app.progress
    point = KeyPoint("It was once asked.", 3)
    gone = Prompt("gone", "old.md", "What was once asked?", "classical-ml", "", (point,))
    judged = grade([PointGrade(point, PointVerdict.MISSED, "", "")], "nothing", "model-free")
    long_ago = (Began(Setup(questions=1)), Asked(gone, ""), Answered("nothing"), Marked(judged), Debriefed())
    held.begin([Entry(1_700_000_000.0 + n, what) for n, what in enumerate(long_ago)])
    with gr.Blocks():
        shown = ProgressTab(app).opened()
    assert "It was once asked." not in shown
    assert "<strong>0</strong> due now" in shown


class Slow:
    """An embedder that can be held up, and counts how many ask it at the same time."""

    def __init__(self, inner):
        self.inner, self.free, self.inside, self.most = inner, threading.Event(), 0, 0
        self.free.set()

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        return self.held(found) if name.startswith("embed") and callable(found) else found

    def held(self, embed):
        def slowly(*arguments, **more):
            if not self.free.is_set():
                self.inside += 1
                self.most = max(self.most, self.inside)
                self.free.wait()
                self.inside -= 1
            return embed(*arguments, **more)

        return slowly


def test_a_reload_while_an_answer_is_read_says_so_and_reads_it_once(open_page, app, embedder):  # noqa: F811
    app.embedder = slow = Slow(embedder)
    page = open_page()
    begin(page)
    page.fill("#ml-answer textarea", PARTLY)
    slow.free.clear()
    try:
        page.click("#ml-answer-go")
        page.wait_for_selector("#ml-stage .ml-reading")
        page.reload()
        page.wait_for_selector("#ml-stage .ml-reading")
        assert not page.locator("#ml-again").is_visible()
    finally:
        slow.free.set()
    page.wait_for_selector("#ml-stage .ml-probe, #ml-stage .ml-debrief")
    assert slow.most == 1


def test_a_question_that_is_gone_is_not_asked_and_another_interview_goes_on(app):
    with gr.Blocks():
        tab = InterviewTab(app)
    running = app.interviewer().start(Setup())
    *_, told = tab.begin(quiz_of("gone"))
    assert "ml-problem" in told[tab.room.notice]
    assert not app.interviewer().look(running.id).state.paused
    assert len(app.progress.interviews()) == 1


class Moody:
    """An embedder that can be made to fail."""

    def __init__(self, inner):
        self.inner, self.fails = inner, False

    def __getattr__(self, name):
        if self.fails and name.startswith("embed"):
            raise EmbedderError("The model is out of order.", "Wait.")
        return getattr(self.inner, name)


def test_an_answer_that_cannot_be_read_is_kept_and_read_later(open_page, app, embedder):  # noqa: F811
    app.embedder = moody = Moody(embedder)
    page = open_page()
    begin(page)
    page.fill("#ml-answer textarea", PARTLY)
    moody.fails = True
    page.click("#ml-answer-go")
    page.wait_for_selector('#ml-interview-notice :text("The model is out of order.")')
    assert "exactly to zero" in page.inner_text("#ml-stage .ml-said")
    assert not page.locator("#ml-answer textarea").is_visible()
    moody.fails = False
    page.click("#ml-again")
    page.wait_for_selector("#ml-stage .ml-probe, #ml-stage .ml-debrief")
    to_debrief(page)
    assert "You said:" in page.inner_text("#ml-stage")


def test_a_model_can_be_chosen_to_mark(open_page, app):  # noqa: F811
    with FakeOllama([Model("llama3.2:3b", reply="no verdicts, just words")]) as server:
        other = App(app.settings.model_copy(update={"ollama_host": server.host}))
        other.embedder = app.embedder
        with serving(other) as where:
            page = open_page(where)
            go(page, "Interview")
            page.wait_for_selector("#ml-start:visible")
            page.click("#ml-grader input")
            page.get_by_role("option", name="llama3.2:3b").click()
            begin(page)
            assert other.progress.interviews()[0].setup.grader == "ollama:llama3.2:3b"
            page.fill("#ml-answer textarea", PARTLY)
            send(page)
            to_debrief(page)
            assert server.chats()
            assert "Marked by:" in page.inner_text("#ml-stage")
            page.context.close()


def test_an_empty_answer_is_not_sent(open_page):  # noqa: F811
    page = open_page()
    begin(page)
    page.click("#ml-answer-go")
    page.wait_for_selector('#ml-interview-notice :text("Write an answer first")')
    assert page.locator("#ml-answer textarea").is_visible()


def test_markup_in_questions_and_answers_is_inert(open_page):  # noqa: F811
    page = open_page()
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    page.get_by_label("My own documents").check()
    page.fill("#ml-questions input", "1")
    page.click("#ml-start")
    asked(page)
    assert "<img src=x" in page.inner_text("#ml-stage h2")
    page.fill("#ml-answer textarea", f"It keeps features. {HOSTILE} ${{window.pwned=1}}")
    send(page)
    to_debrief(page, HOSTILE)
    assert "derived" in page.inner_text("#ml-stage")
    page.click("#ml-finish")
    page.wait_for_selector("#ml-stage .ml-end")
    assert page.locator("#ml-stage img, #ml-stage script, #ml-interview-sources img").count() == 0


def test_the_clock_can_be_hidden_and_stays_so(open_page, app):  # noqa: F811
    page = open_page()
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    page.get_by_label("A number of minutes").check()
    page.fill("#ml-minutes input", "20")
    page.click("#ml-start")
    asked(page)
    assert app.progress.interviews()[0].setup.minutes == 20
    assert re.fullmatch(r"(20:00|19:\d\d) left", page.inner_text(".ml-time"))
    page.click("text=Hide the time")
    page.wait_for_selector(".ml-time", state="hidden")
    page.reload()
    page.wait_for_selector("text=Show the time")
    assert not page.locator(".ml-time").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (390, "light"), (1280, "dark")])
def test_it_fits_a_phone_and_the_dark(open_page, width, scheme):  # noqa: F811
    page = open_page(width=width, height=844, scheme=scheme)
    go(page, "Interview")
    page.wait_for_selector("#ml-start:visible")
    assert overflow(page) <= 0
    begin(page)
    assert page.locator("#ml-answer textarea").bounding_box()["height"] >= 180
    inside(page, width, "#ml-answer textarea", "#ml-answer-go", "#ml-hint", "#ml-skip", "#ml-pause", "#ml-end")
    page.fill("#ml-answer textarea", PARTLY)
    send(page)
    to_debrief(page)
    inside(page, width, "#ml-stage .ml-point", "#ml-finish")
    page.locator("#ml-stage .ml-cite").first.click()
    page.wait_for_selector("#ml-interview-sources mark.ml-now")
    assert overflow(page) <= 0
    if width == 390:
        page.locator("#ml-interview-sources .ml-sources.ml-active .ml-back").click()
        assert page.evaluate("document.activeElement.className").startswith("ml-cite")
    for selector in (
        ".ml-point-text",
        ".ml-verdict-word",
        ".ml-reason",
        ".ml-sum p",
        ".ml-about",
        "#ml-finish",
        ".ml-count",
    ):
        assert contrast(page, selector) >= 4.5, selector
    page.click("#ml-finish")
    page.wait_for_selector("#ml-stage .ml-end")
    assert overflow(page) <= 0
    inside(page, width, "#ml-stage .ml-scores", "#ml-new")
    go(page, "Progress")
    page.wait_for_selector("#ml-course-part .ml-course")
    assert overflow(page) <= 0
    for selector in (".ml-plot figcaption", ".ml-point-text", "#ml-delete", ".ml-history .ml-quiet"):
        assert contrast(page, selector) >= 4.5, selector


def inside(page, width, *selectors):
    assert overflow(page) <= 0
    for selector in selectors:
        box = page.locator(selector).first.bounding_box()
        assert box["x"] >= 0, selector
        assert box["x"] + box["width"] <= width, selector


def test_what_is_asked_of_a_screen_reader_is_there(open_page):  # noqa: F811
    page = open_page()
    begin(page)
    assert page.get_by_label("Your answer").count() == 1
    assert page.get_by_role("progressbar").first.get_attribute("aria-label").startswith("Progress: 0 of 1")
    assert page.locator('#ml-status[role="status"]').inner_text().startswith("Question 1 of 1.")
    assert page.get_by_role("heading", level=2).first.inner_text() == page.inner_text("#ml-stage h2")
    page.fill("#ml-answer textarea", PARTLY)
    send(page)
    to_debrief(page)
    page.wait_for_function("document.getElementById('ml-status').textContent.includes('debrief')")
    page.wait_for_function("document.activeElement.tagName === 'H2'")
    assert page.locator("#ml-stage .ml-cite").first.get_attribute("aria-label").startswith("Open source")
