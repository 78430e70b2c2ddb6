"""A stream becomes checked sentences, whatever the model writes and however the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlprep_bot.adapters.scripted import ScriptedChat
from mlprep_bot.answering.drafts import DraftStream
from mlprep_bot.answering.generate import generate
from mlprep_bot.answering.prompts import fit
from mlprep_bot.answering.support import SupportChecker
from mlprep_bot.domain import Checked, Drafted, Verdict
from mlprep_bot.errors import StreamBroken, WriterUnavailable
from support.passages import TEXTS, passages

GOOD = "Overfitting happens when a model learns the noise of the training set [S1]."
SECOND = "Dropout sets each activation to zero with probability p during training. [S2]"


@pytest.fixture(scope="module")
def checker(embedder):
    return SupportChecker(embedder)


def run(checker, text, *, found=None, max_tokens=768, **options):
    """Events and outcome of a model that says `text`."""
    model = ScriptedChat([text], **options)
    return drained(generate(model, fit("Why?", found or passages(), model, 768), checker, max_tokens=max_tokens))


def drained(stream):
    """What a generator yields and returns."""
    events = []
    while True:
        try:
            events.append(next(stream))
        except StopIteration as stop:
            return events, stop.value


def only(checker, text, **options):
    """The one sentence that comes of `text`."""
    _, outcome = run(checker, text, **options)
    [sentence] = outcome.sentences
    return sentence


@pytest.mark.parametrize("piece", [1, 2, 5, 17, 1000])
def test_sentences_do_not_depend_on_how_the_stream_is_cut(checker, piece):
    third = "Early stopping ends training when the validation error has not improved for 5 epochs."
    text = f"{GOOD} {SECOND}\n\n- {third}\n[S4]\n"
    events, outcome = run(checker, text, piece=piece)
    assert [s.verdict for s in outcome.sentences] == [Verdict.SUPPORTED] * 3
    assert [[c.passage for c in s.citations] for s in outcome.sentences] == [["S1"], ["S2"], ["S4"]]
    assert [s.block for s in outcome.sentences] == ["paragraph", "", "bullet"]
    assert outcome.sentences[2].text.startswith("Early stopping")
    assert "".join(e.delta for e in events if isinstance(e, Drafted)) == text
    assert [e.sentence for e in events if isinstance(e, Checked)] == outcome.sentences
    assert outcome.complete
    assert outcome.notes == []


def test_a_sentence_is_checked_before_the_stream_ends(checker):
    events, _ = run(checker, f"{GOOD} {SECOND}")
    first = next(n for n, e in enumerate(events) if isinstance(e, Checked))
    assert any(isinstance(e, Drafted) for e in events[first:])


def test_a_quote_is_exactly_what_stands_in_the_document(checker):
    [citation] = only(checker, GOOD).citations
    found = passages()[0]
    assert citation.document == found.document
    assert citation.quote == found.text[citation.start - found.start : citation.end - found.start]
    assert citation.quote.startswith("Overfitting happens")


def test_a_claim_that_its_passage_does_not_make_is_unsupported_and_can_be_looked_up(checker):
    sentence = only(checker, "Early stopping uses 50 epochs [S4].")
    assert sentence.verdict == Verdict.UNSUPPORTED
    assert sentence.citations[0].passage == "S4"
    assert "50" in sentence.reason


def test_the_wrong_passage_is_named_with_the_right_one(checker):
    sentence = only(checker, "Dropout sets each activation to zero with probability p during training [S4].")
    assert sentence.verdict == Verdict.UNSUPPORTED
    assert "S2, which it does not cite, says it" in sentence.reason


def test_of_two_cited_passages_only_the_one_that_says_it_is_quoted(checker):
    sentence = only(checker, "Dropout sets each activation to zero with probability p during training [S2, S4].")
    assert sentence.verdict == Verdict.SUPPORTED
    assert [c.passage for c in sentence.citations] == ["S2"]
    assert "S4 does not say it" in sentence.reason


def test_an_unknown_id_is_reported_and_is_no_source(checker):
    sentence = only(checker, "Overfitting happens when a model learns the noise of the training set [S9].")
    assert (sentence.verdict, sentence.citations) == (Verdict.UNCITED, ())
    assert "S9" in sentence.reason
    both = only(checker, "Overfitting happens when a model learns the noise of the training set [S1][S9].")
    assert both.verdict == Verdict.SUPPORTED
    assert [c.passage for c in both.citations] == ["S1"]
    assert "S9" in both.reason


def test_a_passage_that_did_not_fit_cannot_be_cited(checker):
    found = passages(*TEXTS, "word " * 3000)
    _, outcome = run(checker, "Something is said there [S5].", found=found, context_window=4096)
    assert outcome.sentences[0].verdict == Verdict.UNCITED


def test_a_sentence_without_a_marker_is_cited_by_us_and_says_so(checker):
    sentence = only(checker, "Dropout sets each activation to zero with probability p during training.")
    assert sentence.verdict == Verdict.SUPPORTED
    assert sentence.reason.startswith("cited by mlprep, not by the model")
    invented = only(checker, "The moon is made of cheese and pays no tax.")
    assert (invented.verdict, invented.citations) == (Verdict.UNCITED, ())
    assert "names no passage" in invented.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("## Overfitting\n\n", "heading"),
        ("There are two ways to prevent it:\n\n", "leads to"),
        ("In summary,\n\n", "connecting"),
        ("Why does it happen?\n\n", "question"),
        ("```python\nmodel.fit(x)  # [S1]\n```\n\n", "code"),
        ("The passages do not mention decision trees.\n\n", "lack"),
    ],
)
def test_what_claims_nothing_is_uncited_with_its_reason(checker, text, reason):
    _, outcome = run(checker, f"{text}{GOOD}")
    assert outcome.sentences[0].verdict == Verdict.UNCITED
    assert reason in outcome.sentences[0].reason
    assert outcome.sentences[1].verdict == Verdict.SUPPORTED


def test_brackets_of_mathematics_are_no_citations(checker):
    sentence = only(checker, "The score lies in [0,1] and x[1] is first, as [12] says.")
    assert sentence.text == "The score lies in [0,1] and x[1] is first, as [12] says."
    assert sentence.citations == ()


@pytest.mark.parametrize("said", ["NOT_IN_PASSAGES", "NOT_IN_PASSAGES.", " **NOT_IN_PASSAGES**\n", "Not in passages"])
@pytest.mark.parametrize("piece", [1, 100])
def test_a_model_that_finds_nothing_refuses_without_a_draft(checker, said, piece):
    events, outcome = run(checker, said, piece=piece)
    assert outcome.refused
    assert events == []


def test_prose_that_only_says_what_is_missing_is_a_refusal(checker):
    _, outcome = run(checker, "The passages do not mention Kubernetes. The provided text doesn't cover it.")
    assert outcome.refused


def test_a_refusal_after_an_answer_is_a_note(checker):
    _, outcome = run(checker, f"{GOOD} NOT_IN_PASSAGES")
    assert not outcome.refused
    assert [s.verdict for s in outcome.sentences] == [Verdict.SUPPORTED]
    assert "do not cover all" in outcome.notes[0]


def test_a_refusal_stops_the_stream(checker):
    model = ScriptedChat(["NOT_IN_PASSAGES. But let me tell you what I believe anyway. " * 20])
    stream = generate(model, fit("Why?", passages(), model, 768), checker, max_tokens=768)
    with pytest.raises(StopIteration):
        next(stream)
    assert model.closed == 1


def test_a_stream_that_breaks_leaves_what_came_marked_incomplete(checker):
    _, outcome = run(checker, f"{GOOD} {SECOND} A third", fail=StreamBroken("The connection was lost."), fail_after=20)
    assert not outcome.complete
    assert outcome.sentences[0].verdict == Verdict.SUPPORTED
    assert outcome.sentences[-1].reason == "cut off before its end"
    assert outcome.notes == ["The answer broke off: The connection was lost."]


def test_a_failure_before_the_first_word_is_an_error(checker):
    with pytest.raises(WriterUnavailable):
        run(checker, "x", fail=WriterUnavailable("Nothing answers."))


@pytest.mark.parametrize("said", ["", " \n "])
def test_silence_is_an_error(checker, said):
    with pytest.raises(StreamBroken, match="without a word"):
        run(checker, said)


def test_a_model_that_goes_round_in_circles_is_stopped(checker):
    _, outcome = run(checker, f"{GOOD} " * 30)
    assert len(outcome.sentences) == 2
    assert not outcome.complete
    assert "repeated itself" in outcome.notes[0]


def test_an_answer_that_was_cut_at_its_limit_says_so(checker):
    _, outcome = run(checker, f"{GOOD} {SECOND}", max_tokens=14)
    assert "cut at 14 tokens" in outcome.notes[0]
    assert outcome.sentences[-1].reason == "cut off before its end"


def test_a_prompt_that_the_server_cut_is_noticed(checker):
    class Cutting(ScriptedChat):
        def stream(self, messages, *, max_tokens):
            for delta in super().stream(messages, max_tokens=max_tokens):
                yield type(delta)(delta.text, delta.done, 40 if delta.done else None, delta.completion_tokens)

    model = Cutting([GOOD])
    stream = generate(model, fit("Why?", passages(), model, 768), checker, max_tokens=768)
    assert "has not seen all passages" in drained(stream)[1].notes[0]


def test_closing_closes_the_models_stream(checker):
    model = ScriptedChat([f"{GOOD} {SECOND}"])
    stream = generate(model, fit("Why?", passages(), model, 768), checker, max_tokens=768)
    next(stream)
    stream.close()
    assert model.closed == 1


ANSWERS = st.lists(
    st.sampled_from(
        ["Foo is bar", ".", "! ", " ", "\n", "\n\n", "- ", "1. ", "[S1]", " [S2, S3]", "[S9]", "e.g. ", "U.S. ", "The ",
         "$x$ ", "`a.b`", "```\ncode.\n```\n", "(", "[0,1]", "[", ":", "## H", "3.5"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(ANSWERS, st.integers(1, 9))
@settings(max_examples=300)
def test_cutting_the_stream_loses_and_doubles_nothing(text, piece):
    stream = DraftStream(["S1", "S2", "S3"])
    drafts = [draft for at in range(0, len(text), piece) for draft in stream.feed(text[at : at + piece])]
    drafts += stream.finish()
    assert stream.text == text
    words = sum((draft.text.count("Foo is bar") for draft in drafts), 0)
    assert words == text.count("Foo is bar")
