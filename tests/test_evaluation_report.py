"""What a person reads of an evaluation: figures with their intervals, failures as failures, nobody's text as markup."""

from __future__ import annotations

import io
import random
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mlprep_bot.evaluation.figures import Figure, Measurement, Problem, Sample
from mlprep_bot.evaluation.questions import Gold, HeldOut
from mlprep_bot.evaluation.report.drawings import of_section
from mlprep_bot.evaluation.report.labels import clean, number, percent, slices
from mlprep_bot.evaluation.report.page import page
from mlprep_bot.evaluation.report.plots import bins, shipped
from mlprep_bot.evaluation.report.summary import NOT_REACHED, OPEN, REACHED, missed, sentences, targets, verdict
from mlprep_bot.evaluation.report.table import show
from mlprep_bot.evaluation.run import SECTIONS, Cost, Run, Skipped
from mlprep_bot.evaluation.targets import TARGETS
from test_page import browser  # noqa: F401  (a fixture)

HOSTILE = "<img src=x onerror=window.pwned=1>\x1b[2J\x07\u202e\ud800 '\"</table><script>window.pwned=1</script>"
TOPICS = (
    "classical-ml", "coding-sql", "cost", "data-pipelines", "deep-learning", "deployment", "metrics-evaluation",
    "monitoring", "rag-search", "recommenders", "responsible-ml", "serving-infrastructure", "statistics",
    "system-design", "teams", "training-validation", "transformers-llms", "vision-speech-time-series",
)  # fmt: skip
RANKS = ("recall@1", "recall@5", "recall@10", "MRR@10", "nDCG@10", "hit@2000", "hit@4000", "hit@8000")
ATTACKS = ("keywords", "shuffled", "negated", "denied", "echo", "full marks", "padding", "question words")
REFUSED = {"near-domain": 0.92, "hard": 0.56, "far-domain": 1.0, "injection": 1.0}


def of(section, name, statistic, values, system="mlprep", part="", problems=()):
    """A measurement of `values`, each a number or a tuple, three items to a document."""
    samples = [
        Sample(f"{section}-{n}", f"doc{n // 3}", v if isinstance(v, tuple) else (float(v),))
        for n, v in enumerate(values)
    ]
    return Measurement(section, name, statistic, tuple(samples), system, part, tuple(problems))


def run_of(*measurements, questions=(), **more) -> Run:
    return Run("invented", "test", "extractive", {"corpus": "0f3a"}, tuple(questions), measurements, **more)


def failing(section, name, statistic="mean", **more):
    """Would be 1.00, were it not for an item that raised."""
    problem = Problem("r7", "ValueError: the tokenizer is gone")
    return of(section, name, statistic, [1, 1, 1], problems=[problem], **more)


def yes(rng, share, count):
    return [float(rng.random() < share) for _ in range(count)]


def realistic() -> Run:
    """Invented figures for everything that a run can hold, as uneven as real ones."""
    rng = random.Random(5)
    found = [*_retrieval(rng), *_answers(rng), *_refusal(rng), *_support(rng), *_grading(rng)]
    questions = [
        HeldOut(
            f"retrieval-{n}", f"why does my model number {n} get worse after a week in production", "paraphrase",
            topic=TOPICS[n % 18], gold=(Gold(f"{TOPICS[n % 18]}/card-{n}.md", "evidence"),), must=n % 9 == 0,
            history=("what is drift",) if n % 5 == 0 else (),
        )
        for n in range(240)
    ]  # fmt: skip
    questions += [HeldOut(f"refusal-{n}", f"how do I bake bread number {n}", "far-domain") for n in range(200)]
    costs = (
        Cost("search", 0.0314, 0.0721, "s", 620), Cost("answer, extractive", 0.41, 0.93, "s", 400),
        Cost("tokens read", 1712, 2304, "tokens", 400), Cost("peak memory", 1412.0, 1412.0, "MB", 1),
    )  # fmt: skip
    left = (Skipped("answers", "no language model is configured", "llama-index citations"),)
    print_ = {"corpus": "285 documents, 0f3a91c2", "questions": "corpus.jsonl 77ab", "embedder": "all-MiniLM-L6-v2",
              "chunker": "heading, 1,200 characters", "coverage": "0.93"}  # fmt: skip
    return Run("corpus", "test", "extractive", print_, tuple(questions), tuple(found), costs, left, 214.0)


def _retrieval(rng):
    systems = {"mlprep": 0.92, "dense": 0.86, "lexical": 0.79, "fused": 0.89, "llama-index": 0.84}
    for system, share in {**systems, "llama-index citations": 0.81}.items():
        for at, name in enumerate(RANKS):
            yield of("retrieval", name, "mean", yes(rng, share - 0.03 * (5 - at % 5), 240), system)
    for name in ("nDCG@10", "hit@4000"):
        for kind in ("paraphrase", "fact", "two-passage", "follow-up"):
            yield of("retrieval", name, "mean", yes(rng, 0.7 + rng.random() * 0.3, 60), part=f"kind: {kind}")
        for topic in TOPICS:
            yield of("retrieval", name, "mean", yes(rng, 0.75 + rng.random() * 0.25, 20), part=f"topic: {topic}")


def _answers(rng):
    for name in ("citation precision", "citation recall", "sentences supported", "verbatim", "key points covered"):
        share = 0.55 if name == "key points covered" else 0.985
        yield of("answers", name, "ratio", [(sum(yes(rng, share, 4)), 4.0) for _ in range(240)])
    yield of("answers", "answered", "mean", yes(rng, 0.93, 240))
    for topic in TOPICS:
        covered = [(sum(yes(rng, 0.4 + rng.random() * 0.3, 4)), 4.0) for _ in range(13)]
        yield of("answers", "key points covered", "ratio", covered, part=f"topic: {topic}")


def _refusal(rng):
    asked = [(float(n < 240), min(0.999, max(0.0, rng.gauss(0.75 if n < 240 else 0.3, 0.2)))) for n in range(440)]
    yield of("refusal", "answered", "mean", [float(score > 0.5) for yes_, score in asked if yes_])
    for kind, share in REFUSED.items():
        yield of("refusal", f"{kind} refused", "mean", yes(rng, share, 60 if kind != "hard" else 16))
    for name in ("precision", "recall"):
        yield of("refusal", name, name, [(1 - yes_, float(score <= 0.5)) for yes_, score in asked])
    for system, noise in (("mlprep", 0.0), ("best cosine", 0.25)):
        seen = [(yes_, score + rng.gauss(0, noise)) for yes_, score in asked]
        for kind in ("near-domain", "far-domain"):
            yield of("refusal", f"{kind} refused at 90% coverage", "refused_at_90", seen, system)
        yield of("refusal", "AURC", "aurc", [(yes_ * float(rng.random() < 0.97), s) for yes_, s in seen], system)
    yield of("refusal", "calibration", "calibration_error", asked)


def _support(rng):
    def flagged(hit, count):
        return [(1.0, float(rng.random() < hit)) for _ in range(count)] + [(0.0, v) for v in yes(rng, 0.04, count)]

    for name in ("F1", "precision", "recall"):
        yield of("support", name, name.lower(), flagged(0.93, 250))
    for kind, share in (("number", 0.99), ("negation", 0.95), ("entity", 0.72), ("cause", 0.86), ("passage", 1.0)):
        yield of("support", "F1", "f1_even", flagged(share, 50), part=f"kind: {kind}")
    yield of("support", "shown as supported: precision", "mean", yes(rng, 0.94, 180))


def _grading(rng):
    def pairs(noise, scale):
        return [(float(m), float(min(scale, max(0, round(m + rng.gauss(0, noise)))))) for m in (
            rng.randint(0, scale) for _ in range(300))]  # fmt: skip

    yield of("grading", "kappa", "kappa", pairs(0.45, 2))
    for system, noise in (("mlprep", 0.8), ("cosine", 1.6), ("length", 2.2)):
        yield of("grading", "r", "pearson", pairs(noise, 5), system)
    yield of("grading", "met: precision", "precision", [(v, v) for v in yes(rng, 0.5, 300)])
    yield of("grading", "ungraded", "mean_loss", yes(rng, 0.02, 300))
    for at, name in enumerate(ATTACKS):
        marks = [5 * v * (0.3 if at else 1.0) for v in yes(rng, 0.24, 60)]
        yield of("grading", "attack", "mean_loss", marks, part=f"attack: {name}")


def printed(run: Run, width: int = 80, **more) -> str:
    out = io.StringIO()
    show(run, Console(file=out, width=width, highlight=False, emoji=False, **more))
    return out.getvalue()


def cells(html: str) -> list[str]:
    return re.findall(r"<td[^>]*>.*?</td>", html, re.DOTALL)


def drawings(html: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


@pytest.fixture(scope="module")
def whole() -> Run:
    return realistic()


# --- numbers and text ---------------------------------------------------------------------------


@given(st.floats(-1, 5), st.sampled_from([0.0, 0.6, 0.8, 0.9, 1.0]))
def test_rounding_never_crosses_a_bound(value, bound):
    shown = float(number(value, bound).replace("−", "-"))
    assert abs(shown - value) <= 0.005 + 1e-9
    for mark in (0.0, 1.0, bound):
        if abs(value - mark) > 1e-3:
            assert (shown < mark) == (value < mark)
            assert (shown > mark) == (value > mark)


def test_almost_all_is_not_all():
    assert (number(0.997), number(1.0), number(0.0), number(0.001)) == ("0.997", "1.00", "0.00", "0.001")
    assert (percent(0.997), percent(1.0), percent(0.912)) == ("99.7%", "100%", "91%")
    assert number(0.8996, bound=0.9) == "0.8996"


@given(st.text())
def test_cleaned_text_can_be_written_and_turns_nothing_round(text):
    kept = clean(text)
    kept.encode("utf-8")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", kept)


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("section", SECTIONS)
def test_a_failed_measurement_shows_as_failed_and_never_as_a_number(section):
    made = page(run_of(failing(section, "figure"), failing(section, "figure", part="kind: fact")))
    told = [cell for cell in cells(made) if "failed" in cell]
    assert len(told) == 2
    assert not any(re.search(r"\d", re.sub(r"<[^>]*>", "", cell)) for cell in told)
    assert "ValueError: the tokenizer is gone" in made
    assert not re.search(r"\b[01]\.\d\d \[", made)
    text = printed(run_of(failing(section, "figure"), failing(section, "figure", part="kind: fact")))
    assert "✗ failed, no figure" in text
    assert not re.search(r"[01]\.\d\d \[", text)


def test_items_that_raised_stand_in_front_and_fail_the_run():
    run = run_of(failing("retrieval", "hit@4000"))
    made = page(run)
    assert made.index("1 item raised an error") < made.index("tokenizer is gone") < made.index("What this says")
    assert "this run fails" in verdict(run)
    assert "this run fails" in printed(run)


def test_thousands_of_errors_are_counted_and_not_all_told():
    problems = [Problem(f"q{n}", "ValueError: no") for n in range(3000)]
    run = run_of(of("answers", "answered", "mean", [1], problems=problems))
    assert "and 2,950 more" in page(run)
    assert "and 2980 more" in printed(run)


def test_where_calibration_or_risk_failed_nothing_is_drawn():
    scored = [(1.0, 0.9), (0.0, 0.2), (1.0, 0.7), (0.0, 0.4)]
    problem = [Problem("x", "OSError: gone")]
    failed = run_of(*(of("refusal", name, kind, scored, problems=problem) for name, kind in
                      (("AURC", "aurc"), ("calibration", "calibration_error"))))  # fmt: skip
    assert list(of_section(failed, "refusal", [])) == []
    whole = run_of(of("refusal", "AURC", "aurc", scored), of("refusal", "calibration", "calibration_error", scored))
    assert len(drawings(page(whole))) == 2


def test_what_was_not_measured_is_said_for_every_section():
    run = run_of(skipped=(Skipped("grading", "no rubrics in these documents"),))
    made = page(run)
    assert made.count("Not measured in this run") == 2 * len(SECTIONS) + 1  # the sentence, the section; costs
    assert "no rubrics in these documents" in made
    assert "no rubrics in these documents" in printed(run)
    assert {line.state for line in targets(run)} == {OPEN}
    assert all("Not measured" in said for _, said in sentences(run))


def test_a_section_of_unknown_figures_is_no_blank():
    assert ("Refusal", "Measured; see below.") in sentences(run_of(of("refusal", "new", "mean", [1, 0])))


# --- targets ------------------------------------------------------------------------------------


def target(run: Run, what: str):
    return next(line for line in targets(run) if line.what == what)


def test_every_target_is_told_with_its_state(whole):
    assert [line.what for line in targets(whole)] == [one.what for one in TARGETS]
    assert target(whole, "support check, its worst kind").state == NOT_REACHED
    assert target(whole, "support check, its worst kind").said.startswith("entity, ")
    made, text = page(whole), printed(whole, 200)
    for line in targets(whole):
        assert f"{line.state}: {line.what}" in text
    assert made.count("✗ NOT reached") == sum(line.state == NOT_REACHED for line in targets(whole))


def test_a_worst_slice_is_not_reached_while_another_slice_has_no_figure():
    good = of("support", "F1", "mean", [1, 1, 1, 1], part="kind: number")
    bad = of("support", "F1", "mean", [0, 0, 0, 1], part="kind: cause")
    lost = failing("support", "F1", part="kind: entity")
    assert target(run_of(good), "support check, its worst kind").state == REACHED
    assert target(run_of(good, lost), "support check, its worst kind").state == OPEN
    assert target(run_of(good, bad, lost), "support check, its worst kind").state == NOT_REACHED


def test_a_target_within_the_interval_is_called_uncertain():
    near = of("retrieval", "hit@4000", "mean", [1] * 28 + [0] * 2)
    assert "not certain" in target(run_of(near), "evidence within 4,000 characters").said
    sure = of("retrieval", "hit@4000", "mean", [1] * 60)
    assert "not certain" not in target(run_of(sure), "evidence within 4,000 characters").said


# --- slices, comparison, questions that were missed ---------------------------------------------


def test_worst_is_lowest_or_where_lower_is_better_highest():
    def made(statistic):
        low, high = of("x", "n", statistic, [0, 0, 1]), of("x", "n", statistic, [1, 1, 0])
        parts = (Measurement("x", "n", statistic, m.samples, part=f"kind: {k}") for k, m in (("a", low), ("b", high)))
        return slices(run_of(*parts), "x")[0].ends

    assert [group for group, _ in made("mean")] == ["a", "b"]
    assert [group for group, _ in made("mean_loss")] == ["b", "a"]


def test_slices_that_share_the_worst_place_are_all_called_worst():
    shares = {"a": [0, 1], "b": [1, 0], "c": [1, 1]}
    run = run_of(*(of("answers", "n", "mean", v, part=f"topic: {k}") for k, v in shares.items()))
    assert [group for group, _ in slices(run, "answers")[0].ends] == ["a and b", "c"]
    svg = drawings(page(run))[0]
    labels = [text.text for text in svg.iter() if text.tag.endswith("text")]
    assert [t for t in labels if t.endswith(")")] == ["a (worst)", "b (worst)", "c (best)"]


def test_attacks_that_all_earn_nothing_are_told():
    run = run_of(*(of("grading", "attack", "mean_loss", [0, 0, 0], part=f"attack: {name}") for name in ATTACKS))
    assert "all alike, gets 0.00 of 5 marks (lower is better)" in dict(sentences(run))["Grading"]
    assert "All are 0.00" in page(run)


def test_the_comparison_with_others_is_paired_and_names_chance():
    ours = of("retrieval", "hit@4000", "mean", [1] * 30)
    same = of("retrieval", "hit@4000", "mean", [1] * 29 + [0], system="llama-index")
    worse = of("retrieval", "hit@4000", "mean", [0] * 25 + [1] * 5, system="llama-index")
    assert "may be chance" in dict(sentences(run_of(ours, same)))["Retrieval"]
    assert "83 points more than llama-index" in dict(sentences(run_of(ours, worse)))["Retrieval"]
    better = run_of(
        *(of("retrieval", "hit@4000", "mean", [m], system=s) for s, m in (("mlprep", 0), ("llama-index", 1)))
    )
    assert "FEWER than llama-index" in dict(sentences(better))["Retrieval"]


def test_missed_questions_are_told_by_what_went_wrong():
    asked = [
        HeldOut("retrieval-0", "found?", "fact", gold=(Gold("a.md", "e"),)),
        HeldOut("retrieval-1", "lost?", "fact"),
    ]
    run = run_of(
        of("retrieval", "hit@4000", "mean", [1, 0]), of("refusal", "answered", "mean", [1, 1]),
        of("refusal", "near-domain refused", "mean", [0]),
        of("refusal", "near-domain refused at 90% coverage", "refused_at_90", [(1, 0.4), (0, 0.6)]), questions=asked,
    )  # fmt: skip
    found = {one.how: [question.question for question in one.questions] for one in missed(run)}
    assert found == {
        "The evidence is not in the first 4,000 characters": ["lost?"],
        "Unanswerable, but answered": ["(its wording is not in this run)"],
    }
    made = page(run)
    assert "lost?" in made
    assert "found?" not in made


def test_the_operating_point_counts_what_is_answered_and_wrong():
    decided = of("refusal", "recall", "recall", [(0, 0), (0, 0), (1, 0), (1, 1)])
    scored = of("refusal", "AURC", "aurc", [(1, 0.9), (1, 0.8), (0, 0.7), (0, 0.1)])
    point = shipped(decided, scored)
    assert (point.coverage, point.risk) == (0.75, pytest.approx(1 / 3))


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.floats(0, 1)), min_size=1, max_size=60))
def test_bins_hold_every_question_and_their_interval_holds_the_share(values):
    found = [one for one in bins(of("refusal", "calibration", "calibration_error", values)) if one]
    assert sum(one.n for one in found) == len(values)
    assert all(0 <= one.low <= one.share + 1e-9 and one.share <= one.high + 1e-9 <= 1 + 2e-9 for one in found)


# --- the page -----------------------------------------------------------------------------------


def test_every_figure_of_a_whole_run_stands_with_interval_and_n(whole):
    made = page(whole)
    for measured in whole.measurements:
        outcome = measured.figure()
        assert isinstance(outcome, Figure)
        words = f'{number(outcome.value)}</span> <span class="range">[{number(outcome.low)}, {number(outcome.high)}]'
        if measured.name != "precision" or not measured.part:
            assert f'{words}</span></span> <span class="n">n {outcome.n:,}<' in made, measured.key


def test_every_drawing_says_in_words_what_it_shows(whole):
    found = drawings(page(whole))
    assert len(found) == 9
    for svg in found:
        assert svg.get("role") == "img"
        assert "better" in svg.get("aria-label")
        assert len(svg.get("aria-label").split()) > 15
    told = " ".join(svg.get("aria-label") for svg in found)
    assert "Worst: entity, 0." in told
    assert "Worst: keywords, " in told
    assert "when half is answered" in told


def test_which_way_is_better_is_said_in_words(whole):
    heads = re.findall(r'<th role="rowheader"[^>]*>(.*?)</th>', page(whole))
    said = {re.sub("<.*", "", head): head for head in heads if "is better" in head}
    assert "lower is better" in said["AURC"]
    assert "lower is better" in said["ungraded"]
    assert "higher is better" in said["recall"]
    assert all("is better" in said[name] for name in ("hit@4000", "kappa", "citation precision"))


def hostile() -> Run:
    question = HeldOut("retrieval-1", HOSTILE, HOSTILE, gold=(Gold(HOSTILE, "e"),), history=(HOSTILE,), topic=HOSTILE)
    return Run(
        HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, (question,),
        (
            of("retrieval", "hit@4000", "mean", [1, 0, 1]), of("retrieval", HOSTILE, "mean", [1, 0], system=HOSTILE),
            of("retrieval", "hit@4000", "mean", [1, 0, 1], part=f"topic: {HOSTILE}"),
            of("retrieval", "hit@4000", "mean", [1, 1, 1], part=f"{HOSTILE}: {'x' * 300}"),
            of("refusal", "AURC", "aurc", [(1, 0.9), (0, 0.2)], system=HOSTILE),
            of("answers", "answered", "mean", [1], problems=[Problem(HOSTILE, HOSTILE)]),
            of(HOSTILE, HOSTILE, "mean", [1]),
        ),
        (Cost(HOSTILE, 1, 1, HOSTILE, 2),), (Skipped("grading", HOSTILE, HOSTILE),),
    )  # fmt: skip


def test_nobodys_text_becomes_markup_or_a_control_code():
    made = page(hostile())
    made.encode("utf-8")
    assert "<img" not in made
    assert "<script" not in made
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", made)
    assert len(drawings(made)) == 3  # well-formed
    text = printed(hostile())
    text.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_the_page_holds_no_script_and_fetches_nothing(whole):
    made = page(whole)
    assert "default-src 'none'" in made
    assert not re.search(r"<script|<link|<img|\bsrc=|url\(|@import|\bon\w+=|https?:", made)


# --- the terminal -------------------------------------------------------------------------------


def test_tables_fit_80_columns_and_hold_every_whole_figure(whole):
    text = printed(whole, force_terminal=True, color_system=None)
    assert max(map(len, text.splitlines())) <= 80
    for measured in whole.measurements:
        outcome = measured.figure()
        if not measured.part:
            assert f"{number(outcome.value)} [{number(outcome.low)}, {number(outcome.high)}]" in text, measured.key
    assert "llama-index citations" in text
    assert "↓ AURC" in text


def test_a_pipe_gets_no_colour_and_targets_last(whole):
    text = printed(whole)
    assert "\x1b" not in text
    assert text.splitlines()[-1] == verdict(whole)
    after = text.split("\nTargets\n")[1].splitlines()
    assert len(after) == len(TARGETS) + 1


# --- in a browser -------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("make", [realistic, hostile])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_runs_nothing(browser, tmp_path, make, width):  # noqa: F811
    file = tmp_path / "report.html"
    file.write_text(page(make()), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme="dark")
    try:
        sheet = context.new_page()
        asked, errors = [], []
        sheet.on("request", lambda request: asked.append(request.url))
        sheet.on("console", lambda message: errors.append(message.text))
        sheet.goto(file.as_uri())
        sheet.eval_on_selector_all("details", "all => all.forEach(one => one.open = true)")
        assert sheet.evaluate("document.documentElement.scrollWidth") <= width
        # Text in a drawing may stick out of it.
        inside = "all => all.every(one => one.getBoundingClientRect().right <= innerWidth + 1)"
        assert sheet.eval_on_selector_all("td, th, svg, svg text, li, p, h1, h2", inside)
        assert sheet.evaluate("window.pwned") is None
        assert asked == [file.as_uri()]
        assert errors == []
        assert sheet.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 22, 36)"
        assert sheet.get_by_role("heading", name="What this says").is_visible()
    finally:
        context.close()
