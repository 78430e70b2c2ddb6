"""What a role or a pasted text makes an interview ask about: weights of topics, and the words that did it.

A pasted job description or résumé is read here and forgotten. Only weights and the few words that raised a topic leave
this module. `steering.toml` holds the roles, which topics are near each other, and the words that point to a topic.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mlprep_bot.interview.session import Prompt
from mlprep_bot.ports import Embedder

MOST = 2.0  # what the best-supported topic gains: it then weighs 3
MOST_TOPICS = 6  # an advertisement that lists everything says nothing
ENOUGH = 3.0  # evidence from which on a topic gains all of `MOST`
LEAST = 1.05  # the best topic's evidence below which nothing changes: a lone word, or a line that only means it, is 1
SHARE = 0.1  # of the best topic's evidence that another topic needs to be raised too
AGREED = 0.5  # of the smaller evidence is added where a line both says a topic's words and means it
TITLE_LINES, TITLE_WORDS, TITLE = 2, 8, 2.0  # the first short lines name the job, and count double
MOST_LINES, LONGEST = 300, 400  # lines, and characters of each, that are read
MOST_PROFILES = 200  # topics of a library with a heading over every question
NEAR, LEAD = 0.28, 0.2  # a line means a topic from this cosine on, when it leads the mean of all topics by so much
SURE_LEAD = 0.4
SHOWN, SHOWN_CHARS = 3, 50  # words shown for a topic, and characters of a line that says it otherwise


@dataclass(frozen=True, slots=True)
class Role:
    """A role that can be chosen: `name` in a set-up, `title` for people, weights of topics (1 when not listed)."""

    name: str
    title: str
    weights: Mapping[str, float]

    def weight(self, topic: str) -> float:
        return self.weights.get(topic, 1.0)


@dataclass(frozen=True, slots=True)
class Steering:
    """Weights above 1 of the topics that a text raised, most first, and the words of the text that raised each."""

    weights: tuple[tuple[str, float], ...] = ()
    because: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """What one line says for a topic: 1 for a word, and the words themselves."""

    gain: float = 0.0
    words: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return tomllib.loads(files("mlprep_bot.interview").joinpath("steering.toml").read_text(encoding="utf-8"))


def _roles() -> dict[str, Role]:
    listed = _data()["roles"].items()
    return {
        name: Role(name, entry["title"], {t: w for t, w in entry.items() if t != "title"}) for name, entry in listed
    }


ROLES = _roles()


def role_named(name: str) -> Role | None:
    """The role of that name or title, whatever its capitals; None when there is none."""
    wanted = name.strip().casefold().replace(" ", "-")
    return next((r for r in ROLES.values() if wanted in (r.name, r.title.casefold().replace(" ", "-"))), None)


def known_topics() -> tuple[str, ...]:
    """The topics that roles and words are about."""
    return tuple(_data()["words"])


def are_neighbours(one: str, other: str) -> bool:
    """Whether two different topics are near each other."""
    return one != other and any({one, other} <= set(group) for group in _data()["neighbours"].values())


def steer(text: str, pool: Iterable[Prompt], embedder: Embedder) -> Steering:
    """Which of the pool's topics a pasted text is about. Text that is about none of them gives no weights.

    A topic is raised by its words and by lines that mean it. What is repeated counts once, and lines about the
    employer, its benefits and its policies do not count. Raises EmbedderError.
    """
    topics = _topics(pool)
    lines = _lines(text)
    if not lines or not topics:
        return Steering()
    spoken, meant = _by_words(lines, topics), _by_meaning(lines, topics, embedder)
    evidence: dict[str, float] = defaultdict(float)
    for topic, at in spoken.keys() | meant.keys():
        gains = spoken[topic, at].gain, meant[topic, at].gain
        evidence[topic] += (max(gains) + AGREED * min(gains)) * (TITLE if _names_the_job(at, lines[at]) else 1.0)
    return _steering(evidence, {topic: _shown(topic, spoken) or _shown(topic, meant) for topic in evidence})


def _steering(evidence: Mapping[str, float], words: Mapping[str, str]) -> Steering:
    best = max(evidence.values(), default=0.0)
    if best < LEAST:
        return Steering()
    raised = [t for t in sorted(evidence, key=lambda t: (-evidence[t], t)) if evidence[t] >= SHARE * best][:MOST_TOPICS]
    gain = MOST * min(1.0, best / ENOUGH)
    # The root, since what comes second in a text is still asked about.
    weights = ((t, round(1 + gain * math.sqrt(evidence[t] / best), 2)) for t in raised)
    return Steering(tuple(weights), tuple((t, words[t]) for t in raised))


def _names_the_job(at: int, line: str) -> bool:
    return at < TITLE_LINES and len(line.split()) <= TITLE_WORDS and not line.endswith(".")


def _shown(topic: str, found: Mapping[tuple[str, int], _Said]) -> str:
    said = Counter(word for (of, _), one in sorted(found.items()) if of == topic for word in one.words)
    return ", ".join(f"“{word}”" for word, _ in said.most_common(SHOWN))


def _topics(pool: Iterable[Prompt]) -> dict[str, str]:
    """Each topic of the pool with what it is about: its own words, or what is asked under its heading."""
    asked: dict[str, list[str]] = defaultdict(list)
    for prompt in pool:
        if prompt.topic:
            asked[prompt.topic].append(prompt.text)
    return dict(list({topic: _about(topic, texts) for topic, texts in asked.items()}.items())[:MOST_PROFILES])


def _about(topic: str, asked: Sequence[str] = ()) -> str:
    said = _data()["words"].get(topic) or asked
    return f"{topic.replace('-', ' ')}: {', '.join(word.lstrip('=') for word in said[:25])}"


# --- reading the text ----------------------------------------------------------------------------

_BREAK = re.compile(r"\s*\n\s*|(?<=[.;!?])\s+(?=\S)")
_BULLET = re.compile(r"^[\W_]+")


def _lines(text: str) -> list[str]:
    """The lines and sentences that say something about the work, each once."""
    unwanted = _data()["boilerplate"]["lines"]
    found: dict[str, str] = {}
    for raw in _BREAK.split(text):
        line = " ".join(_BULLET.sub("", raw).split())[:LONGEST]
        lower = line.casefold()
        if len(line) > 1 and not any(phrase in lower for phrase in unwanted):
            found.setdefault(lower, line)
    return list(found.values())[:MOST_LINES]


@lru_cache(maxsize=64)
def _pattern(topic: str) -> re.Pattern[str] | None:
    """Finds the words of a topic, the longest first; None for a topic without words."""
    listed = sorted(_data()["words"].get(topic, ()), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(_spelled, listed))})(?!\w)") if listed else None


def _spelled(phrase: str) -> str:
    exact = phrase.startswith("=")
    body = r"[\s\-]+".join(re.escape(word) for word in re.split(r"[\s\-]+", phrase.lstrip("=")))
    return body if exact else f"(?i:{body}(?:s|es)?)"


def _by_words(lines: Sequence[str], topics: Iterable[str]) -> dict[tuple[str, int], _Said]:
    """By topic and line: the words of the topic that the line is the first to say."""
    found: dict[tuple[str, int], _Said] = defaultdict(_Said)
    for topic in topics:
        pattern, seen = _pattern(topic), set[str]()
        for at, line in enumerate(lines):
            said = {m.group().casefold().rstrip("s"): m.group() for m in pattern.finditer(line)} if pattern else {}
            new = tuple(word for key, word in said.items() if key not in seen)
            seen |= said.keys()
            if new:  # the root: a list of tools is one thing that was said, not many
                found[topic, at] = _Said(math.sqrt(len(new)), new)
    return found


def _by_meaning(lines: Sequence[str], topics: Mapping[str, str], embedder: Embedder) -> dict[tuple[str, int], _Said]:
    """By topic and line: lines whose meaning is near a topic's, and nearer than to all that is asked in the field."""
    found: dict[tuple[str, int], _Said] = defaultdict(_Said)
    names, vague = list(topics), _data()["boilerplate"]["topics"]
    said_by = embedder.embed_documents(list(lines))
    close = said_by @ embedder.embed_documents(list(topics.values())).T
    field = (said_by @ embedder.embed_documents([_about(topic) for topic in known_topics()]).T).mean(axis=1)
    for at, row in enumerate(close):
        nearest = int(row.argmax())
        lead = float(row[nearest] - field[at])
        if row[nearest] >= NEAR and lead >= LEAD and names[nearest] not in vague:
            whole = len(lines[at]) <= SHOWN_CHARS
            said = lines[at] if whole else lines[at][:SHOWN_CHARS].rsplit(" ", 1)[0] + " …"
            found[names[nearest], at] = _Said(min(1.0, lead / SURE_LEAD), (said,))
    return found
