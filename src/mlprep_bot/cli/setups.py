"""From the flags of `mlprep interview` to a set-up. What cannot be meant is refused with what there is instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from mlprep_bot.errors import NothingIndexed, SettingsError, UnreadableDocument
from mlprep_bot.interview.session import Prompt, Setup, Style
from mlprep_bot.terminal import plain, say

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.interview.steering import Steering

QUESTIONS = 5  # when neither a number nor a time is given
LISTED_AT_MOST = 30


@dataclass(frozen=True, slots=True)
class Wish:
    """The flags as they were given."""

    role: str = ""
    level: str = ""
    topics: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    questions: int | None = None
    minutes: int | None = None
    style: str = ""
    job: Path | None = None
    timer: bool = True


def setup_of(app: App, wish: Wish) -> Setup:
    """The interview that was asked for.

    Raises SettingsError, UnreadableDocument, WriterError, and NothingIndexed when there are no questions.
    """
    role, style = _role(wish.role), Style(_one("style", wish.style or Style.REALISTIC, set(Style)))
    pool = app.pool()
    if not pool:
        raise NothingIndexed("No document holds a question with its answer.", "Index some: mlprep index PATH ...")
    steering = _steering(app, wish.job)
    return Setup(
        role=role,
        level=_one("level", wish.level, {prompt.level for prompt in pool if prompt.level}),
        topics=_topics(wish.topics, pool),
        documents=_documents(wish.documents, pool),
        style=style,
        questions=QUESTIONS if wish.questions is None and wish.minutes is None else wish.questions,
        minutes=wish.minutes,
        timer=wish.timer,
        steering=steering.weights if steering else (),
        steered_by=steering.because if steering else (),
        grader=_grader(app),
    )


def _role(wanted: str) -> str:
    from mlprep_bot.interview.steering import ROLES, role_named

    found = role_named(wanted)
    if wanted and found is None:
        raise _unknown("role", wanted, ROLES)
    return found.name if found else ""


def _one(what: str, wanted: str, known: Iterable[str]) -> str:
    name = wanted.strip().lower()
    if name and name not in set(known):
        raise _unknown(what, wanted, known)
    return name


def _topics(wanted: Sequence[str], pool: Iterable[Prompt]) -> tuple[str, ...]:
    """Every topic that contains one of the wanted ones."""
    known = sorted({prompt.topic for prompt in pool if prompt.topic})
    chosen: dict[str, None] = {}
    for want in wanted:
        found = [topic for topic in known if _bare(want) in _bare(topic)]
        if not found:
            raise _unknown("topic", want, known)
        chosen |= dict.fromkeys(found)
    return tuple(chosen)


def _bare(topic: str) -> str:
    return " ".join(topic.replace("-", " ").replace("_", " ").casefold().split())


def _documents(wanted: Sequence[str], pool: Iterable[Prompt]) -> tuple[str, ...]:
    """Every document with questions that is named, lies in a named folder or fits a pattern."""
    known = sorted({prompt.document for prompt in pool})
    chosen: dict[str, None] = {}
    for want in wanted:
        folder = want.rstrip("/") + "/"
        found = [name for name in known if name == want or name.startswith(folder) or fnmatchcase(name, want)]
        if not found:
            raise _unknown("document with answered questions", want, known)
        chosen |= dict.fromkeys(found)
    return tuple(chosen)


def _unknown(what: str, wanted: str, known: Iterable[str]) -> SettingsError:
    names = sorted(known)
    more = f" and {len(names) - LISTED_AT_MOST} more" if len(names) > LISTED_AT_MOST else ""
    return SettingsError(f"There is no {what} {wanted!r}.", f"There are: {', '.join(names[:LISTED_AT_MOST])}{more}.")


def _grader(app: App) -> str:
    """The writer whose model grades, as for answers; "" for none. Raises WriterError when a named one is not there."""
    from mlprep_bot.writers import EXTRACTIVE, Writers

    settings = app.settings
    if settings.writer == "auto":
        name = app.active_writer().name
        return "" if name == EXTRACTIVE else name
    model = Writers(settings).chat_model()
    return "" if model is None else f"{settings.writer}:{settings.model}" if settings.model else settings.writer


# --- a pasted text ------------------------------------------------------------------------------


def _steering(app: App, job: Path | None) -> Steering | None:
    if job is None:
        return None
    found = app.steer(read_text(job))
    if not found.weights:
        say(f"Nothing in {job.name} names a topic of your documents, so it changes nothing.")
    because = dict(found.because)
    for topic, weight in found.weights:
        say(plain(f"{topic}: asked more often (× {weight:g}), because of {because.get(topic, 'what it says')}"))
    return found


def read_text(path: Path) -> str:
    """The text of a file of any known kind; an unknown kind is read as plain text. Raises UnreadableDocument."""
    from mlprep_bot.knowledge.readers import EXTENSIONS, clean, decode, read_document

    if not path.is_file():
        raise UnreadableDocument(f"{path}: there is no such file.", "Name a text, PDF or DOCX file.")
    if path.suffix.lower() in EXTENSIONS:
        return read_document(path, path.name).text
    try:
        return clean(decode(path.read_bytes(), path.name))
    except OSError as error:
        raise UnreadableDocument(f"{path}: {error.strerror}.", "Name a text, PDF or DOCX file.") from error
