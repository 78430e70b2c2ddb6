"""What the page shows: no markup from outside survives, and offsets mark the exact words."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlprep_bot.domain import (
    Answer,
    Checked,
    Citation,
    Drafted,
    Failure,
    Finished,
    HealthReport,
    Passage,
    Plan,
    Question,
    Ranking,
    Searched,
    Sentence,
    Source,
    Span,
    Status,
    Verdict,
)
from mlprep_bot.errors import StreamBroken
from mlprep_bot.ui import shelf
from mlprep_bot.ui.conversation import Exchange, Session, Stage, advance, fail, history, remaining_draft, stop
from mlprep_bot.ui.copying import as_markdown
from mlprep_bot.ui.markdown import block_html, inline_html
from mlprep_bot.ui.maths import mathml
from mlprep_bot.ui.render import exchange_html, tally
from mlprep_bot.ui.sources import marked, sources_html
from mlprep_bot.ui.writers import banner_html, choices
from mlprep_bot.writers import WriterInfo


def words(text):
    return frozenset(text.split())


HTML_TAGS = words(
    "article section div span p ul ol li details summary h1 h2 strong em s code pre br hr mark button "
    "table thead tbody tr th td blockquote"
)
MATHS_TAGS = words(
    "math mrow mi mn mo ms mspace mtext menclose mfrac mpadded mphantom mroot msqrt mstyle msub msup "
    "msubsup mover munder munderover mmultiscripts mprescripts none mtable mtr mtd"
)
ATTRIBUTES = words(
    "class id role title value tabindex type open start style aria-label aria-hidden data-turn "
    "data-status data-open data-ask data-copy data-back data-marks data-row data-do data-with"
)
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png)",
    "![x][1]\n\n[1]: http://evil.example/x.png",
    "[click](javascript:alert(1))",
    "<http://evil.example/>",
    "<!-- comment -->",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    '"><svg onload=alert(1)>',
    "`<b>` ```\n<iframe src=http://evil.example>\n```",
    '```html" onmouseover="alert(1)\n<b>\n```',
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$\\href{javascript:alert(1)}{x}$ \\(\\unicode{<b>}\\)",
    "$$</math><script>alert(1)</script>$$",
    "\\[ \\style{background:url(http://evil.example)}{x} \\]",
    "| <b>a</b> |\n|---|\n| <img src=x> |",
    "# <h1 onclick=alert(1)>x",
    "${alert(1)} {{constructor.constructor('alert(1)')()}}",
    "&lt;script&gt; &#60;img src=x&#62;",
    "' onfocus='alert(1)' autofocus='",
]


class Inspector(HTMLParser):
    """Fails on any element or attribute that the page does not use."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in HTML_TAGS | MATHS_TAGS, tag
        for name, value in attrs:
            allowed = ATTRIBUTES if tag in HTML_TAGS else MATHS_ATTRIBUTES
            assert name in allowed, (tag, name)
            if name == "style":
                assert value in {"text-align:left", "text-align:right", "text-align:center"}
            if name in {"class", "id"}:
                assert set(value.split()) <= CLASSES or value.startswith(("ml-", "t1-")), value

    def handle_comment(self, data):
        raise AssertionError(f"a comment survived: {data}")

    def handle_decl(self, decl):
        raise AssertionError(f"a declaration survived: {decl}")

    def handle_data(self, data):
        self.text.append(data)


CLASSES = {"math", "inline", "block", "amsmath"}
MATHS_ATTRIBUTES = words(
    "accent accentunder columnalign columnspacing depth display displaystyle fence form height "
    "linethickness lspace mathvariant maxsize minsize movablelimits notation rowspacing rspace "
    "scriptlevel separator stretchy width"
)


def inspect(html: str) -> str:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return "".join(inspector.text)


def passage(n: int, text: str, start: int = 0, document: str = "a.md", **more) -> Passage:
    place = Source(document, start, start + len(text))
    fields = {"heading": "Heading", "question": "", "sources": (place,)} | more
    ranking = Ranking(1, 1, 0.5, 3.0, 0.03)
    return Passage(n, text, document, start, place.end, score=1.0, ranking=ranking, **fields)


def cite(source: Passage, quote: str) -> Citation:
    start = source.start + source.text.index(quote)
    return Citation(source.id, source.document, source.heading, start, start + len(quote), quote)


def finished(sentences, passages, **more) -> Exchange:
    fields = {"status": Status.ANSWERED, "writer": "ollama:x", "seconds": 1.25} | more
    answer = Answer("Why?", "Why?", sentences=tuple(sentences), passages=tuple(passages), **fields)
    return advance(Exchange(1, "Why?", fields["writer"]), Finished(answer))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert_wherever_it_comes_from(text):
    source = passage(1, text + " end", document=text, heading=text, question=text)
    sentences = [
        Sentence(text, verdict, text, (cite(source, "end"),), block)
        for verdict in Verdict
        for block in ("", "paragraph", "bullet", "number", "code", "heading")
    ]
    answered = finished(sentences, [source], writer=text, notes=(text,))
    refused = finished([], [source], status=Status.NOT_IN_CORPUS, topics=(text,))
    asked = Question("q", text, text, 0, 1, 1, text, Span(0, 1))
    report = HealthReport(Plan(), 1, (asked,), 1, 1, 1, 1, (), (Failure(text, text),), 1.0, (text,))
    for html in (
        exchange_html(answered, quiz=text),
        exchange_html(refused, {text: [asked]}),
        exchange_html(Exchange(1, text, text, searched=text + "?", draft=text, stage=Stage.WRITING)),
        exchange_html(fail(Exchange(1, text, text), StreamBroken(text, text))),
        sources_html(answered, lambda _: text + " end"),
        shelf.shelf_html([text], [asked]),
        shelf.welcome_html([asked]),
        shelf.report_html(report),
        shelf.progress_html(text, 1, 2, 3)
        .replace("<progress", "<p")
        .replace("</progress>", "</p>")
        .replace(" max=", " value="),
        banner_html(WriterInfo(text, True, text, text), [WriterInfo(text, False, text, text)]),
    ):
        inspect(html)


@given(st.text(alphabet=st.sampled_from(list("<>\"'&/=!-[](){}`~*_#|$\\:;. \n\tabscriptmgonerx19")), max_size=80))
def test_markdown_lets_no_tag_or_attribute_through(text):
    inspect(block_html(text))
    inspect(inline_html(text))


@given(st.text(alphabet=st.sampled_from(list("\\{}^_&<>\"'=%#abfrctexthglimsu12 [].,")), max_size=60), st.booleans())
def test_maths_is_mathml_or_its_source(latex, display):
    html = mathml(latex, display=display)
    inspect(html)
    assert html.startswith(("<math", "<code"))


def test_maths_and_code_are_rendered():
    assert "<mfrac>" in inline_html("$\\frac{1}{2}$")
    assert "<msup>" in inline_html("\\(x^2\\)")
    assert 'display="block"' in block_html("$$x = 1$$")
    assert inline_html("it costs $5 or $6") == "it costs $5 or $6"
    assert "<code>a[0,1]</code>" in inline_html("`a[0,1]`")
    assert "x &lt; y" in block_html("```\nx < y\n```")
    assert mathml("x" * 3000).startswith("<code")


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_marks_cover_exactly_their_spans(text, raw):
    spans = [(f"m{i}", (min(a, b, len(text)), min(max(a, b), len(text)))) for i, (a, b) in enumerate(raw)]
    found: dict[str, str] = {name: "" for name, _ in spans}

    class Reader(HTMLParser):
        names: tuple[str, ...] = ()
        whole = ""

        def handle_starttag(self, tag, attrs):
            self.names = tuple(dict(attrs)["data-marks"].split())

        def handle_endtag(self, tag):
            self.names = ()

        def handle_data(self, data):
            self.whole += data
            for name in self.names:
                found[name] += data

    reader = Reader(convert_charrefs=True)
    reader.feed(marked(text, spans).replace("\r", "&#13;").replace("\0", "&#0;"))
    reader.close()
    if "\0" not in text and "&" not in text:
        assert reader.whole == text
        assert found == {name: text[a:b] for name, (a, b) in spans}


def test_a_verdict_is_told_in_words_and_sign_and_not_by_colour_alone():
    source = passage(1, "Bias is an error.")
    html = exchange_html(
        finished(
            [
                Sentence("Bias is an error.", Verdict.SUPPORTED, "", (cite(source, "Bias is an error."),)),
                Sentence("It is 40.", Verdict.UNSUPPORTED, "the number 40 is not there", (cite(source, "Bias"),)),
                Sentence("So be it.", Verdict.UNCITED, ""),
            ],
            [source],
            notes=("5 of 8 passages fit.",),
        )
    )
    text = " ".join(inspect(html).split())
    assert "✓ supported" in text
    assert "✗ not supported: the number 40 is not there" in text
    assert "○ no source" in text
    assert "5 of 8 passages fit." in text
    assert "1 supported, 1 not supported, 1 no source" in text
    assert 'data-open="t1-c1"' in html


def test_sentences_of_a_list_share_one_list():
    items = [Sentence(f"{i}. Item.", Verdict.UNCITED, "", (), "number") for i in (3, 4)]
    html = exchange_html(finished([Sentence("Intro.", Verdict.UNCITED, ""), *items], []))
    assert html.count("<ol>") == html.count("</ol>") == 1
    assert '<li value="3">' in html
    assert ">3. Item" not in html


def test_sources_show_what_was_used_before_what_was_merely_found():
    used, other = (
        passage(2, "Used words here.", 6, sources=(Source("a.md", 6, 22), Source("b.md", 9, 25))),
        passage(1, "Other.", 40),
    )
    exchange = finished([Sentence("X.", Verdict.SUPPORTED, "", (cite(used, "words"),))], [other, used])
    html = sources_html(
        exchange, lambda name: "Start Used words here. And a tail that goes on   Other." if name == "a.md" else None
    )
    assert html.index('id="t1-p2"') < html.index("Found, not cited") < html.index('id="t1-p1"')
    assert '<mark data-marks="t1-c0" tabindex="-1">words</mark>' in html
    assert "Start " in inspect(html)
    assert "b.md, characters 9 to 25" in inspect(html)


def test_a_document_that_changed_shows_the_passage_alone():
    source = passage(1, "Old words.")
    exchange = finished([Sentence("X.", Verdict.SUPPORTED, "", (cite(source, "Old"),))], [source])
    assert "new text" not in sources_html(exchange, lambda _: "new text of the file")
    assert "Old" in sources_html(exchange, lambda _: None)


def test_a_refusal_offers_passages_and_questions_and_no_answer():
    near = passage(1, "Nearest.", question="What is near?")
    asked = Question("q", "a.md", "Ask me?", 0, 1, 1, "loss-functions", Span(0, 1))
    topics = {"loss-functions": [asked], "other": []}
    refused = {"status": Status.NOT_IN_CORPUS, "topics": ("loss-functions", "Ask me?", "unknown")}
    html = exchange_html(finished([], [near], **refused), topics)
    assert html.count("<summary>") == 1
    assert "Not in your documents" in html
    assert 'data-open="t1-p1"' in html
    assert 'data-ask="Ask me?"' in html
    assert "Loss functions" in html
    assert "Copy with citations" not in html


def test_the_question_really_searched_for_is_shown_when_it_differs():
    exchange = Exchange(1, "And why?", "x", searched="Why is high variance bad?")
    assert "Searched for" in exchange_html(exchange)
    assert "Searched for" not in exchange_html(Exchange(1, "And  why?", "x", searched="and why?"))


def test_quotations_are_labelled():
    assert "No model wrote this" in exchange_html(
        finished([Sentence("X.", Verdict.UNCITED, "")], [], writer="extractive")
    )


def test_an_error_is_no_answer_and_keeps_what_was_checked():
    begun = advance(Exchange(1, "Why?", "x"), Checked(Sentence("Kept.", Verdict.UNCITED, "")))
    html = exchange_html(fail(begun, StreamBroken("The stream broke off.", "Try again.")))
    assert "Kept." in html
    assert "Incomplete" in html
    assert '<p class="ml-problem" role="alert"><strong>⚠ The stream broke off.</strong>' in html
    assert history((fail(begun, StreamBroken("x")),)) == ()


def test_stop_keeps_checked_sentences_and_drops_the_draft():
    begun = advance(
        advance(Exchange(1, "Why?", "x"), Checked(Sentence("Kept.", Verdict.UNCITED, ""))), Drafted("half a")
    )
    stopped = stop(begun)
    assert stopped.stage is Stage.STOPPED
    assert "half a" not in exchange_html(stopped)
    assert "Incomplete: you stopped it" in exchange_html(stopped)
    assert stop(stopped) is stopped


@pytest.mark.parametrize(
    ("draft", "sentence", "rest"),
    [
        ("Bias is high [S3], [S1, S2]. Next **one", "Bias is high.", "Next **one"),
        ("- Bias is *high* [S3].\n- Next", "Bias is *high*.", "- Next"),
        ("All of it. [S1]", "All of it.", ""),
        ("Other words", "More than there is in the draft", ""),
        ("One. $x$ is", "One.", "$x$ is"),
    ],
)
def test_a_checked_sentence_takes_the_place_of_its_draft(draft, sentence, rest):
    assert remaining_draft(draft, sentence) == rest


def test_events_move_an_exchange_on():
    source = passage(1, "Words.")
    exchange = advance(Exchange(1, "q", "w"), Searched("q2", (source,)))
    assert (exchange.stage, exchange.searched, exchange.passages) == (Stage.WRITING, "q2", (source,))
    assert advance(exchange, Drafted("Wo")).draft == "Wo"


def test_copy_numbers_sources_by_first_use_and_quotes_them():
    one, three = passage(1, "First words."), passage(3, "Third words.", 50, "b.md")
    text = as_markdown(
        finished(
            [
                Sentence("A.", Verdict.SUPPORTED, "", (cite(three, "Third words."),)),
                Sentence(
                    "B.",
                    Verdict.UNSUPPORTED,
                    "wrong number",
                    (cite(one, "First"), cite(three, "Third words.")),
                    "bullet",
                ),
            ],
            [one, three],
        )
    )
    assert text == (
        "**Why?**\n\nA. [1]\n- B. [2] [1] *(not supported: wrong number)*\n\nSources:\n\n"
        "1. b.md, Heading\n   - characters 50-62: “Third words.”\n2. a.md, Heading\n   - characters 0-5: “First”\n"
    )


def test_tally_leaves_out_what_does_not_occur():
    assert tally([]) == "no checked sentence"
    assert tally([Sentence("x", Verdict.SUPPORTED, "")]) == "1 supported"


def test_examples_come_from_different_topics_and_are_short():
    def asked(text, topic, answered=True):
        return Question(text, "a.md", text, 0, 1, 1, topic, Span(0, 1) if answered else None)

    questions = [
        asked("A1?", "a"),
        asked("A2?", "a"),
        asked("B1?", "b"),
        asked("B no", "b", False),
        asked("C" * 200, "c"),
    ]
    assert shelf.examples(questions) == ["A1?", "B1?", "A2?"]


def test_the_banner_says_how_to_get_a_better_writer():
    quoting = WriterInfo("extractive", True, "Word for word.")
    missing = WriterInfo("ollama", False, "Nothing answers.", "Start it, then `ollama pull llama3.2:3b`.")
    html = banner_html(quoting, [missing, quoting])
    assert "<code>ollama pull llama3.2:3b</code>" in html
    assert choices([missing, quoting]) == [("Quotations only (no model)", "extractive")]


def test_a_session_runs_one_answer_at_a_time_and_is_not_shared_by_copying():
    import copy

    session = Session()
    halt = session.begin()
    assert halt is not None
    assert session.begin() is None
    assert not session.clear()
    session.stop()
    assert halt.is_set()
    session.end()
    session.next("q", "w")
    assert copy.deepcopy(session).exchanges == ()
    assert session.take_last() is not None
    assert session.take_last() is None
