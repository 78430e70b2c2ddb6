"""What an interview can be about, and how the set-up form's values become a `Setup`. Knows no Gradio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from mlprep_bot.interview.session import Prompt, Setup, State, Style
from mlprep_bot.interview.steering import ROLES, Steering
from mlprep_bot.knowledge.cards import LEVELS
from mlprep_bot.wording import plural, topic_title

MOST_QUESTIONS, MOST_MINUTES = 40, 180
BY_QUESTIONS, BY_MINUTES = "questions", "minutes"
EVERYTHING, CORPUS, OWN = "all", "corpus", "own"
LONGEST_JOB = 60_000  # characters of a pasted text

STYLES = [
    ("Realistic: follow-ups where something was missed", Style.REALISTIC.value),
    ("Warm-up: easier questions first, no follow-ups", Style.WARM_UP.value),
    ("Drill: what is due and weak first", Style.DRILL.value),
]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the askable questions allow to choose. `topics`: topic and its number of questions.

    `corpus` and `own` are the names of documents that come with mlprep and of the user's own.
    """

    questions: int = 0
    levels: tuple[str, ...] = ()
    topics: tuple[tuple[str, int], ...] = ()
    corpus: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    own_questions: int = 0

    def topic_choices(self) -> list[tuple[str, str]]:
        """(label, topic), alphabetical by label."""
        return sorted((f"{topic_title(topic)} ({count})", topic) for topic, count in self.topics)

    @staticmethod
    def role_choices() -> list[tuple[str, str]]:
        """(label, role)."""
        return [("Any role", ""), *((role.title[:1].upper() + role.title[1:], name) for name, role in ROLES.items())]

    def level_choices(self) -> list[tuple[str, str]]:
        """(label, level), the lowest level first."""
        return [("Any level", ""), *((level.capitalize(), level) for level in self.levels)]

    def document_choices(self) -> list[tuple[str, str]]:
        """(label, value); one choice where all documents are of one kind."""
        everything = [(f"All documents ({self.questions})", EVERYTHING)]
        if not self.own or not self.corpus:
            return everything
        corpus = (f"mlprep's corpus ({self.questions - self.own_questions})", CORPUS)
        return [*everything, corpus, (f"My own documents ({self.own_questions})", OWN)]


@dataclass(frozen=True, slots=True)
class Wish:
    """The values of the set-up form, as the page sends them."""

    role: str = ""
    level: str = ""
    topics: tuple[str, ...] = ()
    documents: str = EVERYTHING
    style: str = Style.REALISTIC.value
    limit: str = BY_QUESTIONS
    questions: float | None = 5
    minutes: float | None = 30
    timer: bool = True
    grader: str = ""


def offer(pool: Sequence[Prompt], is_bundled: Callable[[str], bool]) -> Offer:
    """What `pool` allows to choose; `is_bundled` tells a document of mlprep's corpus from the user's own."""
    names = {prompt.document for prompt in pool}
    corpus = frozenset(name for name in names if is_bundled(name))
    found = {prompt.level for prompt in pool if prompt.level}
    levels = [level for level in LEVELS if level in found] + sorted(found - set(LEVELS))
    topics = Counter(prompt.topic for prompt in pool if prompt.topic)
    own = sum(prompt.document not in corpus for prompt in pool)
    return Offer(len(pool), tuple(levels), tuple(sorted(topics.items())), corpus, frozenset(names - corpus), own)


def setup_of(wish: Wish, offered: Offer, steering: Steering) -> Setup:
    """The set-up that the form asks for; whatever is out of range or unknown falls back to what is allowed."""
    topics = {topic for topic, _ in offered.topics}
    by_minutes = wish.limit == BY_MINUTES
    documents = {CORPUS: offered.corpus, OWN: offered.own}.get(wish.documents, frozenset())
    return Setup(
        role=wish.role if wish.role in ROLES else "",
        level=wish.level if wish.level in offered.levels else "",
        topics=tuple(topic for topic in wish.topics if topic in topics),
        documents=tuple(sorted(documents)),
        style=Style(wish.style) if wish.style in set(Style) else Style.REALISTIC,
        questions=None if by_minutes else _within(wish.questions, 5, MOST_QUESTIONS),
        minutes=_within(wish.minutes, 30, MOST_MINUTES) if by_minutes else None,
        timer=bool(wish.timer),
        steering=steering.weights,
        steered_by=steering.because,
        grader=wish.grader,
    )


def quiz_of(question: str) -> Setup:
    """An interview of this one question, from "quiz me on this" or "drill"."""
    return Setup(questions=1, timer=False, pinned=(question,))


def _within(value: float | None, default: int, most: int) -> int:
    try:
        return min(most, max(1, int(default if value is None else value)))
    except (ValueError, OverflowError):  # not a number, or infinite
        return default


# --- what is shown ------------------------------------------------------------------------------


def steering_html(steering: Steering) -> str:
    """What a pasted text changed: the topics that come more often, and the words of the text that did it."""
    if not steering.weights:
        return (
            '<p class="ml-quiet" role="status">Nothing in it points to a topic of your documents, so it changes '
            "nothing.</p>"
        )
    because = dict(steering.because)
    rows = "".join(_steered(topic, weight, because.get(topic, "")) for topic, weight in steering.weights)
    return (
        '<div class="ml-steering" role="status"><p>This is what it changes. The text is not stored; the words '
        f"shown here are kept with the interview, on this machine.</p><ul>{rows}</ul></div>"
    )


def _steered(topic: str, weight: float, words: str) -> str:
    return (
        f'<li><span aria-hidden="true">▲</span> <strong>{escape(topic_title(topic))}</strong> '
        f'<span class="ml-quiet">comes {weight:.2g} times as often{": " if words else ""}{escape(words)}</span></li>'
    )


def unfinished_html(interview: str, state: State) -> str:
    """An interview that waits to be continued."""
    done = sum(turn.done for turn in state.rounds)
    limit = state.setup.questions
    told = f"{done} of {plural(limit, 'question')}" if limit else plural(done, "question")
    return (
        '<section class="ml-continue"><div><h2>Your interview is not finished</h2><p class="ml-quiet">'
        f"{told} done. Everything that you said is kept.</p></div>"
        f'<button type="button" class="ml-plain ml-strong" data-do="open" data-with="{escape(interview)}">'
        "Continue your interview</button></section>"
    )
