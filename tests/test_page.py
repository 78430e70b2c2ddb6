"""Journeys through the page in real Chromium: the real App, the real embedding model, Ollama over loopback."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mlprep_bot.app import App
from mlprep_bot.settings import Settings
from mlprep_bot.ui.serve import make_server
from ollama_server import FakeOllama, Model

pytestmark = pytest.mark.browser

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
CARDS = ["classical-ml/l1-vs-l2-regularisation.md", "statistics/p-values-and-peeking.md"]
L1 = "What is the difference between L1 and L2 regularisation, and when would you use each?"
HOSTILE = (
    "<img src=x onerror=window.pwned=1> <script>window.pwned=1</script> ![x](http://evil.example/a.png) "
    "[click](javascript:window.pwned=1) <details open ontoggle=window.pwned=1><summary>s</summary></details>"
)
TRAP = f"""# Traps

## What does a zebra classifier need to tell stripes apart?

A zebra classifier needs stripe features to tell stripes apart. {HOSTILE}
![remote](http://evil.example/remote.png) <!-- a comment --> ${{window.pwned=1}} {{{{value}}}}
"""
ANSWER = (
    "The lasso drives some weights exactly to zero [S1]. L2 penalises squared weights and shrinks all of them "
    "smoothly [S1]. It needs at least 4,711 rows [S1]. So much for that."
)
SLOW = "The lasso drives some weights exactly to zero [S1]. " + " ".join(
    f"Part {number} is about weights and penalties [S1]." for number in range(60)
)


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("Chromium is not installed (scripts/install_chromium.sh)")


@pytest.fixture(scope="module")
def browser():
    path = chromium()
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        made = playwright.chromium.launch(executable_path=path, args=arguments)
        yield made
        made.close()


@contextlib.contextmanager
def serving(app):
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_server(app), log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture(scope="module")
def ollama():
    models = [
        Model("llama3.2:3b", reply=ANSWER),
        Model("slow:1b", reply=SLOW, pause=0.05),
        Model("broken:1b", reply=SLOW, fault="hang up", after=30),
        Model("evil:1b", reply=f"The lasso drives some weights exactly to zero [S1]. {HOSTILE} [S1]"),
    ]
    with FakeOllama(models) as server:
        yield server


@pytest.fixture(scope="module")
def app(browser, ollama, embedder, tmp_path_factory):  # browser first: without one nothing is indexed
    folder = tmp_path_factory.mktemp("documents")
    for card in CARDS:
        (folder / card).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CORPUS / card, folder / card)
    (folder / "trap.md").write_text(TRAP, encoding="utf-8")
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"), ollama_host=ollama.host, model="llama3.2:3b", upload_mb=1
    )
    made = App(settings)
    made.embedder = embedder
    made.index([folder])
    return made


@pytest.fixture(scope="module")
def address(app):
    with serving(app) as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    """Opens pages of separate visitors; afterwards, none of them may have asked another machine for anything."""
    contexts, asked, errors = [], [], []

    def make(where=address, *, width=1280, height=860, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.set_default_timeout(60_000)  # a busy machine is no failure
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(where)
        page.wait_for_selector("#ml-live .ml-welcome")
        page.wait_for_selector("#ml-banner .ml-banner")
        return page

    yield make
    for context in contexts:
        assert not any(page.evaluate("window.pwned") for page in context.pages)
        context.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
    assert not errors


def ask(page, question, *, wait=True):
    turns = page.locator(".ml-turn").count()
    page.fill("#ml-box textarea", question)
    page.click("#ml-ask")
    if wait:
        page.wait_for_function("n => document.querySelectorAll('.ml-turn').length > n", arg=turns)
        settled(page)


def settled(page):
    page.wait_for_selector("#ml-live .ml-turn:not(:has(.ml-progress))")
    page.wait_for_selector("#ml-ask:not([disabled])")


def choose(page, writer):
    page.click("#ml-picker input")
    page.get_by_role("option", name=writer).click()
    page.wait_for_selector(f'#ml-banner strong:has-text("{writer}")')


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def live(page):
    return page.inner_text("#ml-live")


def test_an_offered_question_is_answered_and_a_citation_opens_at_its_exact_words(open_page, app):
    page = open_page()
    page.click(f'.ml-example:has-text("{L1[:40]}")')
    page.wait_for_selector("#ml-live .ml-foot")
    settled(page)
    assert "✓ supported" in live(page)
    assert "✗ not supported" in live(page)
    assert "○ no source" in live(page)
    chip = page.locator("#ml-live .ml-cite").first
    mark = chip.get_attribute("data-open")
    chip.click()
    page.wait_for_selector("mark.ml-now")
    marked = page.locator("mark.ml-now")
    assert marked.first.get_attribute("data-marks").split().count(mark) == 1
    assert marked.first.is_visible()
    words = "".join(marked.all_text_contents())
    passage = page.locator(".ml-passage[open]")
    document = passage.locator(".ml-doc").inner_text()
    assert words in app.document(document).text
    assert "characters" in passage.locator(".ml-offsets").inner_text()
    assert page.evaluate("document.activeElement.tagName") == "MARK"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className").startswith("ml-cite")


def test_copy_puts_markdown_with_sources_on_the_clipboard(open_page):
    page = open_page()
    ask(page, L1)
    page.click(".ml-copy")
    page.wait_for_selector('.ml-copy:has-text("Copied")')
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"**{L1}**")
    assert " [1]" in copied
    assert "Sources:\n\n1. classical-ml/l1-vs-l2-regularisation.md" in copied


def test_quotations_are_labelled_and_the_banner_follows_the_picker(open_page):
    page = open_page()
    choose(page, "Quotations only")
    ask(page, L1)
    assert "No model wrote this" in live(page)
    assert page.locator("#ml-live .ml-cite").count() > 0


def test_a_refusal_offers_passages_and_topics(open_page, ollama):
    page = open_page()
    before = len(ollama.chats())
    ask(page, "How do I bake sourdough bread at home?")
    assert "Not in your documents" in live(page)
    assert page.locator("#ml-live .ml-cite").count() == 0
    assert len(ollama.chats()) == before
    page.click("#ml-live .ml-nearest .ml-link >> nth=0")
    page.wait_for_selector(".ml-passage[open]")


def test_a_follow_up_shows_what_was_searched_for_and_earlier_sources_stay(open_page):
    page = open_page()
    ask(page, L1)
    ask(page, "And which one selects features?")
    assert page.locator(".ml-turn").count() == 2
    page.locator("#ml-thread .ml-cite").first.click()
    page.wait_for_selector('.ml-sources.ml-active[data-turn="1"] mark.ml-now')


def test_stop_keeps_what_is_checked_and_frees_the_page(open_page):
    page = open_page()
    choose(page, "slow:1b")
    ask(page, L1, wait=False)
    page.wait_for_selector("#ml-live .ml-sentence")
    page.click("#ml-stop")
    settled(page)
    assert "Incomplete: you stopped it" in live(page)
    choose(page, "llama3.2:3b")
    page.click("#ml-retry")
    page.wait_for_selector('#ml-live .ml-foot:has-text("llama3.2:3b")')
    settled(page)
    assert page.locator(".ml-turn").count() == 1
    page.click("#ml-clear")
    page.wait_for_selector("#ml-live .ml-welcome")


def test_a_visitor_who_leaves_in_the_middle_leaves_nothing_running(open_page):
    page = open_page()
    choose(page, "slow:1b")
    ask(page, L1, wait=False)
    page.wait_for_selector("#ml-live .ml-sentence")
    page.reload()
    page.wait_for_selector("#ml-live .ml-welcome")
    ask(page, L1)
    assert page.locator(".ml-turn").count() == 1
    until = time.monotonic() + 15
    while any(t.name == "mlprep-page-work" for t in threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(t.name == "mlprep-page-work" for t in threading.enumerate())


def test_a_broken_stream_keeps_what_came_and_says_so(open_page):
    page = open_page()
    choose(page, "broken:1b")
    ask(page, L1)
    assert "Incomplete" in live(page)
    assert "broke off" in live(page)
    assert page.locator("#ml-live .ml-sentence").count() > 0


def test_a_dead_ollama_is_one_clear_line_with_its_fix(open_page, app):
    with FakeOllama([Model("llama3.2:3b", reply=ANSWER)]) as server:
        other = App(app.settings.model_copy(update={"ollama_host": server.host}))
        other.embedder = app.embedder
        with serving(other) as where:
            page = open_page(where)
            ask(page, L1)
            server.__exit__(None, None, None)
            ask(page, "When does the lasso keep a weight?")
            problem = page.locator("#ml-live .ml-problem")
            assert "ollama serve" in problem.inner_text().lower()
            assert page.locator("#ml-live .ml-sentence").count() == 0
            assert page.locator("#ml-thread .ml-sentence").count() > 0
            page.context.close()


def test_markup_from_documents_questions_and_models_is_inert(open_page):
    page = open_page()
    choose(page, "Quotations only")
    ask(page, "What does a zebra classifier need to tell stripes apart?")
    page.locator("#ml-live .ml-cite").first.click()
    page.wait_for_selector("mark.ml-now")
    assert "<img src=x onerror" in page.inner_text("#ml-sources-panel")
    choose(page, "evil:1b")
    ask(page, f"What is the lasso, and what is L1 regularisation? {HOSTILE}")
    assert page.locator("#ml-live img, #ml-live script, #ml-live a, #ml-side img, #ml-thread img").count() == 0
    page.get_by_role("tab", name="Library").click()
    page.wait_for_selector("#ml-shelf .ml-group")
    assert page.locator("#ml-shelf img").count() == 0


def test_two_visitors_never_see_each_other(open_page):
    one, two = open_page(), open_page()
    ask(one, L1)
    assert two.locator(".ml-turn").count() == 0
    ask(two, "What does a p-value tell you?")
    assert "regularisation, and when" not in two.inner_text("#ml-chat")
    assert "p-value tell" not in one.inner_text("#ml-chat")


def test_odd_questions_behave(open_page):
    page = open_page()
    page.click("#ml-ask")
    page.wait_for_selector('#ml-notice:has-text("Type a question first")')
    page.fill("#ml-box textarea", L1)
    page.dblclick("#ml-ask")
    page.wait_for_selector("#ml-live .ml-foot")
    settled(page)
    assert page.locator(".ml-turn").count() == 1
    ask(page, ("lasso and ridge penalties " * 400)[:9_999])
    assert page.locator(".ml-turn").count() == 2
    assert page.locator("#ml-live .ml-problem, #ml-live .ml-foot, #ml-live .ml-refusal").count() > 0
    assert overflow(page) <= 0


def test_enter_asks(open_page):
    page = open_page()
    page.fill("#ml-box textarea", L1)
    page.press("#ml-box textarea", "Enter")
    page.wait_for_selector("#ml-live .ml-foot")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light"), (390, "dark")])
def test_it_fits_a_phone_and_the_dark(open_page, width, scheme):
    page = open_page(width=width, height=844, scheme=scheme)
    assert overflow(page) <= 0
    ask(page, L1)
    page.locator("#ml-live .ml-cite").first.click()
    page.wait_for_selector("mark.ml-now")
    assert overflow(page) <= 0
    for selector in ("#ml-ask", "#ml-clear", "#ml-retry", "#ml-picker input", "#ml-live .ml-question"):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0, selector
        assert box["x"] + box["width"] <= width, selector
    if width == 390:
        assert page.locator("#ml-side").bounding_box()["y"] > page.locator("#ml-chat").bounding_box()["y"]
        page.locator(".ml-sources.ml-active .ml-back").click()
        assert page.evaluate("document.activeElement.className").startswith("ml-cite")
    for selector in (
        ".ml-text",
        ".ml-verdict",
        ".ml-quiet",
        ".ml-doc",
        ".ml-around",
        "mark",
        ".ml-question",
        ".ml-cite",
        "#ml-ask",
    ):
        assert contrast(page, selector) >= 4.5, selector
    page.get_by_role("tab", name="Library").click()
    page.wait_for_selector("#ml-shelf .ml-group")
    assert overflow(page) <= 0


def contrast(page, selector):
    """WCAG contrast of the first such element's text against the first solid background behind it."""
    colours = page.locator(selector).first.evaluate(
        """element => {
             const solid = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 || m[3] === 1; };
             let behind = element;
             while (behind && !solid(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
             const back = behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)";
             return [getComputedStyle(element).color, back];
           }"""
    )
    light, dark = sorted((luminance(c) for c in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    channels = [int(float(c)) / 255 for c in re.findall(r"[\d.]+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_it_can_be_used_with_the_keyboard_and_is_read_out(open_page):
    page = open_page()
    page.locator("#ml-box textarea").focus()
    page.keyboard.type(L1)
    page.keyboard.press("Enter")
    page.wait_for_selector("#ml-live .ml-foot")
    assert page.locator('#ml-status[role="status"]').inner_text().startswith("Answer ready")
    chip = page.locator("#ml-live .ml-cite").first
    assert chip.get_attribute("aria-label").startswith("Open source")
    chip.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("mark.ml-now")
    assert page.get_by_label("Your question").count() == 1
    assert page.get_by_label("Who writes").count() >= 1


def test_uploads_are_indexed_or_refused_with_a_reason(open_page, app, tmp_path):
    page = open_page()
    page.get_by_role("tab", name="Library").click()
    page.wait_for_selector("#ml-shelf .ml-group")
    good = tmp_path / "quokka.md"
    good.write_text("# Q: What is a quokka index?\n\nA quokka index counts smiling marsupials per hectare.\n")
    empty = tmp_path / "empty.md"
    empty.write_text("")
    page.set_input_files("#ml-files input[type=file]", [str(good), str(empty)])
    page.wait_for_selector("#ml-report .ml-report")
    report = page.inner_text("#ml-report")
    assert "empty.md: the file is empty" in report
    assert "Health report" in report
    page.wait_for_selector('#ml-shelf li:has-text("quokka.md")', state="attached")
    assert (app.settings.data_dir / "uploads" / "quokka.md").is_file()
    page.get_by_role("tab", name="Chat").click()
    choose(page, "Quotations only")
    ask(page, "What is a quokka index?")
    assert "smiling marsupials" in live(page)

    page.get_by_role("tab", name="Library").click()
    page.click("#ml-reindex")
    page.wait_for_selector('#ml-report:has-text("nothing had to be embedded")')
    page.locator("#ml-shelf .ml-group >> nth=0").click()
    page.locator("#ml-shelf .ml-questions .ml-link:visible >> nth=0").click()
    page.wait_for_selector("#ml-live .ml-turn[data-turn='2']")
    settled(page)


def test_a_file_that_is_too_large_is_refused_clearly(open_page, app, tmp_path):
    page = open_page()
    page.get_by_role("tab", name="Library").click()
    page.wait_for_selector("#ml-files input[type=file]", state="attached")
    big = tmp_path / "big.md"
    big.write_text("word " * 400_000)
    page.set_input_files("#ml-files input[type=file]", str(big))
    page.wait_for_selector("text=/exceed|too large|maximum|limit is/i")
    assert not (app.settings.data_dir / "uploads" / "big.md").exists()
