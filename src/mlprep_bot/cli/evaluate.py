"""The commands that measure: eval, eval make, eval beir."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlprep_bot.cli.common import JsonFlag, print_json
from mlprep_bot.errors import SettingsError

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.evaluation.baseline import Check
    from mlprep_bot.evaluation.plan import Plan
    from mlprep_bot.evaluation.run import Run

evaluate = typer.Typer(
    invoke_without_command=True,
    help="Measure how good mlprep is on held-out questions, offline: on its own corpus, or on your documents.",
)

DocumentsOption = Annotated[
    Path | None, typer.Option("--documents", help="Folder to evaluate on; default: the bundled corpus.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for report.html and report.json; default: in the data folder.")
]


@evaluate.callback()
def measure(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: typer.Context,
    documents: DocumentsOption = None,
    questions: Annotated[
        list[Path] | None, typer.Option("--questions", help="JSON Lines of held-out questions; may be repeated.")
    ] = None,
    split: Annotated[str, typer.Option(help="dev or test; look at test only to report.")] = "test",
    section: Annotated[
        list[str] | None, typer.Option(help="retrieval, answers, refusal, support or grading; default: all of them.")
    ] = None,
    writer: Annotated[str | None, typer.Option("--writer", help="Who writes; default: as the settings say.")] = None,
    against: Annotated[bool, typer.Option(help="Measure parts of mlprep and plain LlamaIndex beside it.")] = True,
    check: Annotated[
        bool, typer.Option("--check", help="Fail when worse than the baseline; no model, no rivals.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Make this run the baseline, which nothing else changes.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option(help="File of the baseline; default: that of the bundled corpus.")
    ] = None,
    out: OutOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Print a table, and write a report as HTML and JSON.

    Exit code 1: worse than the baseline; 8: an item raised an error, or nothing can be measured.
    """
    if context.invoked_subcommand is not None:
        return
    from mlprep_bot import terminal
    from mlprep_bot.evaluation import baseline as gate
    from mlprep_bot.evaluation import data
    from mlprep_bot.evaluation.harness import Harness
    from mlprep_bot.evaluation.plan import Plan
    from mlprep_bot.evaluation.run import SECTIONS

    _sensible(documents, questions, split, section)
    kept = baseline or (data.baseline() if documents is None else None)
    gated = check or accept
    if gated:
        _gateable(kept, writer, accept=accept, sections=section)
    standard = gate.read(kept) if check and kept else None
    _writable(out)
    app = indexed(documents)
    plan = Plan(
        name=documents.name if documents else "the bundled corpus",
        questions=tuple(questions or data.questions()),
        split=split,
        sections=tuple(section or SECTIONS),
        writer=writer,
        labels=data.folder() if documents is None else None,
    )
    plan = plan.for_gate() if gated else _beside(plan, app, against=against)
    with terminal.progress_bars() as progress:
        run = Harness(app, plan, progress).run()
    found = gate.check(run, standard, plan.sections) if standard else None
    _publish(run, found, out or app.settings.data_dir, as_json=as_json)
    if accept and kept:
        gate.write(kept, run)
        terminal.say(f"Accepted: {kept}. Commit it, so that a review sees what changed.")
    _leave(run, None if accept else found)


def _beside(plan: Plan, app: App, *, against: bool) -> Plan:
    """The plan with plain LlamaIndex and the parts of mlprep, or without either."""
    from mlprep_bot.peers import plain_llama_index

    if not against:
        return replace(plan, ablated=False)
    return replace(plan, others=lambda found: plain_llama_index(app, found, plan.writer))


def indexed(documents: Path | None) -> App:
    """An application over these documents alone, in a data folder of its own; a second run embeds what changed."""
    import hashlib

    from mlprep_bot import terminal
    from mlprep_bot.app import App, bundled_corpus
    from mlprep_bot.errors import UnreadableDocument
    from mlprep_bot.settings import load_settings

    settings = load_settings()
    folder = (documents or bundled_corpus()).resolve()
    if not folder.exists():
        raise UnreadableDocument(f"There is no folder {documents}.", "Name one that holds your documents.")
    name = f"{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    app = App(settings.model_copy(update={"data_dir": settings.data_dir / "evaluation" / name}))
    with terminal.progress_bars() as progress:
        report = app.index([folder], progress=progress)
    if not report.documents:
        raise UnreadableDocument(f"{folder} holds no document that can be read.", "Name a folder with your notes.")
    return app


@evaluate.command()
def make(
    documents: Annotated[Path, typer.Option("--documents", help="Folder of your documents.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("questions.jsonl"),
    writer: Annotated[
        str, typer.Option("--writer", help="A writer whose model says questions in other words; none: rules alone.")
    ] = "none",
) -> None:
    """Draft held-out questions for your own documents, to be edited by hand."""
    from mlprep_bot import terminal
    from mlprep_bot.evaluation import data
    from mlprep_bot.evaluation import questions as held_out
    from mlprep_bot.evaluation.drafting import drafts
    from mlprep_bot.evaluation.drafting.foreign import Foreign
    from mlprep_bot.writers import Writers

    app = indexed(documents)
    found = [app.document(name) for name in app.documents()]
    foreign = Foreign(
        held_out.read_all(data.questions()), lambda text: float(app.search(text).signals.values["best_sentence"])
    )
    model = Writers(app.settings).chat_model(writer)
    with terminal.progress_bars() as progress:
        made = drafts.draft(found, app.questions(), foreign=foreign, model=model, seed=0, progress=progress)
    made.write(out)
    for note in made.notes:
        terminal.say(note)
    typer.echo(f"{out}\nEdit it, then run: mlprep eval --documents {documents} --questions {out}")


@evaluate.command()
def beir(
    folder: Annotated[Path, typer.Argument(help="Holds corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.")],
    split: Annotated[str, typer.Option(help="Which judgements: qrels/SPLIT.tsv.")] = "test",
    out: OutOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure retrieval on a set in BEIR's layout, beside parts of mlprep and plain LlamaIndex."""
    import tempfile

    from mlprep_bot import terminal
    from mlprep_bot.adapters.llama_index_plain import PlainLlamaIndex
    from mlprep_bot.app import App
    from mlprep_bot.evaluation import beir as loading
    from mlprep_bot.settings import load_settings

    settings = load_settings()
    _writable(out)
    with tempfile.TemporaryDirectory(prefix="mlprep-beir-") as scratch, terminal.progress_bars() as progress:
        app = App(settings.model_copy(update={"data_dir": Path(scratch) / "data"}))
        others = {"llama-index": PlainLlamaIndex}
        run = loading.measure(folder, app, Path(scratch), split=split, others=others, progress=progress)
    _publish(run, None, out or settings.data_dir / "evaluation", as_json=as_json)
    _leave(run, None)


def _sensible(documents: Path | None, questions: list[Path] | None, split: str, sections: list[str] | None) -> None:
    """Raises SettingsError for options that make no sense together."""
    from mlprep_bot.evaluation.run import SECTIONS

    if documents is not None and not questions:
        fix = f"Draft them: mlprep eval make --documents {documents} --out questions.jsonl; then --questions FILE."
        raise SettingsError("Which questions shall be asked of your documents?", fix)
    if split not in ("dev", "test"):
        raise SettingsError(f"There is no split {split!r}.", "Name dev or test.")
    if unknown := [name for name in sections or () if name not in SECTIONS]:
        raise SettingsError(f"There is no section {unknown[0]!r}.", f"Name one of {', '.join(SECTIONS)}.")


def _gateable(kept: Path | None, writer: str | None, *, accept: bool, sections: list[str] | None) -> None:
    """Raises SettingsError for a gate that would compare with nothing, or with something else."""
    if kept is None:
        raise SettingsError("No baseline is named for your documents.", "Name a file: --baseline FILE.")
    if writer not in (None, "extractive"):
        raise SettingsError(
            f"The gate is about what needs no model, not about {writer!r}.", "Leave --writer out, or --check/--accept."
        )
    if accept and sections:
        raise SettingsError("A baseline of some sections would drop the others.", "Accept without --section.")


def _writable(out: Path | None) -> None:
    """Raises SettingsError before anything is measured when the report could not be written after it."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror
        raise SettingsError(f"Cannot write the report into {out}: {why}.", "Name a folder: --out FOLDER.") from error


def _publish(run: Run, found: Check | None, folder: Path, *, as_json: bool) -> None:
    """The run on the screen, and as two files."""
    import json

    from mlprep_bot import terminal
    from mlprep_bot.evaluation.report import table
    from mlprep_bot.evaluation.report.page import page

    shape = run.as_json() | ({"check": found.as_json()} if found else {})
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "report.html"
    report.write_text(page(run), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(shape, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(shape)
    else:
        table.show(run)
        if found:
            table.show_check(found)
    terminal.say(f"Report: {report}")


def _leave(run: Run, found: Check | None) -> None:
    """End with the exit code that says what happened."""
    from mlprep_bot.errors import EvaluationError

    if run.problems():
        raise typer.Exit(EvaluationError.exit_code)
    if found and not found.passed:
        raise typer.Exit(1)
