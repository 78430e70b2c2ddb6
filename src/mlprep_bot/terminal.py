"""What a person sees in a terminal. Results go to stdout; progress, notes and complaints to stderr.

Text from documents and models is printed literally, never read as markup or as control codes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from mlprep_bot.domain import (
    Answer,
    Checked,
    Event,
    Finished,
    Passage,
    Retrieved,
    Searched,
    Sentence,
    Status,
    Turn,
    Verdict,
)
from mlprep_bot.errors import MlprepError, SettingsError

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.knowledge.ingest import Progress as Report

# A terminal gets lines that break between words; a pipe gets each line whole.
out = Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())
err = Console(highlight=False, emoji=False, soft_wrap=not sys.stderr.isatty(), stderr=True)

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
MARKS = {
    Verdict.SUPPORTED: ("✓", "green"),
    Verdict.UNSUPPORTED: ("✗", "bold red"),
    Verdict.UNCITED: ("○", "yellow"),
}
LAYOUT = {"bullet": "• ", "number": "• ", "heading": "", "code": "", "paragraph": "", "": ""}


def plain(text: str) -> str:
    """`text` without control codes, which a document could use to rewrite the screen."""
    return CONTROL.sub(" ", text)


def required(value: str | None, what: str) -> str:
    """`value`, or a SettingsError that says what is missing."""
    if value is None or not value.strip():
        raise SettingsError(f"Expected {what}, seen nothing.", "Put it in quotes behind the command, or use --batch.")
    return value


def say(message: str) -> None:
    """A remark beside the result."""
    err.print(Text(message))


def complain(error: MlprepError) -> None:
    """An expected failure: one line with what was seen and how to fix it."""
    err.print(Text.assemble(("mlprep: ", "bold red"), plain(str(error))), soft_wrap=True)


class RateColumn(ProgressColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        """The measured speed, or a dash before there is one."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "–/s")


@contextmanager
def progress_bars() -> Iterator[Report]:
    """A bar a stage on stderr, with rate and time left; silent when stderr is no terminal."""
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    with bars:
        yield report


# --- search ----------------------------------------------------------------------------------


def place(passage: Passage) -> str:
    """Document, heading and offsets of a passage in one line."""
    where = f"{passage.document} [{passage.start}:{passage.end}]"
    return plain(f"{where}  {passage.heading}" if passage.heading else where)


def show_passages(found: Retrieved, seconds: float, *, explain: bool) -> None:
    """Numbered passages, best first."""
    if not found.passages:
        out.print("No passage in the documents has anything to do with this.")
    for passage in found.passages:
        out.print(Text.assemble((f"{passage.n}. ", "bold"), (place(passage), "cyan")))
        if explain:
            out.print(Text(f"   {ranking_line(passage)}", style="dim"))
        out.print(Text(plain(passage.text)))
        others = [source.document for source in passage.sources if source.document != passage.document]
        if others:
            out.print(Text(plain(f"   also in {', '.join(others)}"), style="dim"))
        out.print()
    if explain:
        stages = ", ".join(f"{stage} {value * 1000:.1f} ms" for stage, value in found.timings.items())
        out.print(Text(f"{stages}; in all {seconds * 1000:.1f} ms", style="dim"))


def ranking_line(passage: Passage) -> str:
    """Why a passage is where it is."""
    ranking = passage.ranking

    def shown(value: float | None, form: str) -> str:
        return "–" if value is None else format(value, form)

    return (
        f"dense rank {shown(ranking.dense_rank, 'd')} (cosine {shown(ranking.cosine, '.3f')}), "
        f"lexical rank {shown(ranking.lexical_rank, 'd')} (BM25 {shown(ranking.bm25, '.2f')}), "
        f"fused {ranking.fused:.4f}"
    )


# --- ask -------------------------------------------------------------------------------------


def show_stream(events: Iterable[Event]) -> Answer | None:
    """Print an answer as its sentences are checked; returns the finished answer."""
    numbers: dict[str, int] = {}
    answer = None
    for event in events:
        if isinstance(event, Searched):
            numbers = {passage.id: passage.n for passage in event.passages}
        elif isinstance(event, Checked):
            show_sentence(event.sentence, numbers)
        elif isinstance(event, Finished):
            answer = event.answer
    if answer is not None:
        show_footer(answer)
    return answer


def show_sentence(sentence: Sentence, numbers: dict[str, int]) -> None:
    """One sentence with its verdict and the numbers of what it cites."""
    mark, style = MARKS[sentence.verdict]
    cited = "".join(f"[{numbers[citation.passage]}]" for citation in sentence.citations)
    line = Text.assemble(
        (f"{mark} ", style), LAYOUT.get(sentence.block, "") + plain(sentence.text), (f" {cited}", "cyan")
    )
    if sentence.verdict is not Verdict.SUPPORTED and sentence.reason:
        line.append(f"  ({plain(sentence.reason)})", style=style)
    out.print(line)


def show_footer(answer: Answer) -> None:
    """What stands below an answer: sources, notes, writer; or the refusal."""
    if answer.status is Status.NOT_IN_CORPUS:
        out.print(Text("Not in your documents, so there is no answer. The nearest passages:", style="bold yellow"))
        for passage in answer.passages[:3]:
            out.print(Text(f"  {place(passage)}", style="cyan"))
        if answer.topics:
            out.print(Text(plain(f"Nearest topics: {', '.join(answer.topics)}")))
    else:
        out.print()
        cited = {citation.passage for sentence in answer.sentences for citation in sentence.citations}
        for passage in answer.passages:
            if passage.id in cited:
                out.print(Text.assemble((f"[{passage.n}] ", "cyan"), place(passage)))
    if answer.searched != answer.question:
        say(plain(f"Searched for: {answer.searched}"))
    for note in answer.notes:
        say(plain(note))
    if not answer.complete:
        say("The answer is incomplete.")
    kind = " (quotations from the documents)" if answer.writer == "extractive" else ""
    say(f"{answer.writer}{kind}, {answer.seconds:.1f} s. ✓ supported  ✗ not supported  ○ no source")


def converse(app: App) -> None:
    """A conversation: an empty line or end of input leaves; an error costs one question, not the rest."""
    say("Ask a question; an empty line ends the conversation.")
    history: list[Turn] = []
    answerer = app.answerer()
    while True:
        try:
            question = out.input("\n> ").strip()
        except EOFError:
            return
        if not question:
            return
        try:
            answer = show_stream(answerer.stream(question, history))
        except MlprepError as error:
            complain(error)
            continue
        if answer is not None:
            said = " ".join(sentence.text for sentence in answer.sentences)
            history.append(Turn(question=question, searched=answer.searched, answer=said))
