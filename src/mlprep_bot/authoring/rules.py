"""What can be told of a card, or of all cards side by side, by looking at them: nothing is run, no model asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from mlprep_bot.answering.sentences import split_units
from mlprep_bot.authoring.corpus import Card, Corpus, Problem
from mlprep_bot.knowledge.cards import LEVELS

SECTIONS = ("Short answer", "In depth", "What interviewers listen for", "In production")
SHORT_WORDS = (40, 100)
DEEP_WORDS = (250, 720)  # of prose; formulas count as words, code and comments do not
KEY_POINTS = (3, 7)
ALIASES = (2, 4)
SENTENCE_WORDS = 42  # a formula is one word
COPIED_WORDS = 20  # a run that two cards share

_HEADING = re.compile(r"^## (.+?)[ \t]*$", re.M)
_LEANS = re.compile(r"(?:This|These|It|They|That) (?:is|are|was|means|makes|gives|does|do|has|have|also|can|will)\b")
_CODE = re.compile(r"```.*?```", re.S)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_PROBED_POINT = re.compile(r"kp:\d+")


def of_card(card: Card) -> Iterator[Problem]:
    """Problems that one card shows by itself."""
    for match in re.finditer(r"\bTODO\b.{0,40}", card.text):
        yield card.problem_at("format", f"still to be written: “{match[0].strip()}”", match.start())
    yield from _front_matter(card)
    yield from _sections(card)
    yield from _readability(card)


def of_corpus(corpus: Corpus) -> Iterator[Problem]:
    """Problems that show only when all cards lie side by side."""
    yield from _topics(corpus)
    yield from _links(corpus)
    yield from _copies(corpus)


def _front_matter(card: Card) -> Iterator[Problem]:
    rubric = card.rubric
    for key, found, (least, most) in (
        ("key_points", len(rubric.key_points), KEY_POINTS),
        ("aliases", len(rubric.aliases), ALIASES),
    ):
        if not least <= found <= most:
            yield card.problem("format", f"{found} `{key}`, expected {least} to {most}", key=key)
    for nth, point in enumerate(rubric.key_points):
        if not point.wrong:
            yield card.problem(
                "format", f"key point {nth + 1} lacks ` ~ ` and the wrong belief", key="key_points", nth=nth
            )
    for key, entries in (
        ("pitfalls", rubric.pitfalls),
        ("follow_ups", rubric.follow_ups),
        ("references", rubric.references),
    ):
        if not entries:
            yield card.problem("format", f"`{key}` is missing or empty", key=key)
    for nth, reference in enumerate(rubric.references):
        if not (reference.authors and reference.where):
            yield card.problem("format", f"reference {nth + 1} needs `authors` and `where`", key="references", nth=nth)


def _sections(card: Card) -> Iterator[Problem]:
    visible = _CODE.sub(lambda block: re.sub(r"\S", " ", block[0]), card.body)
    found = list(_HEADING.finditer(visible))
    titles = tuple(heading[1] for heading in found)
    if titles != SECTIONS or visible[: found[0].start()].strip():
        seen = ", ".join(titles) or "none"
        message = f"the body must begin with and consist of {', '.join(SECTIONS)}; seen {seen}"
        yield card.problem_at("sections", message, card.body_start)
        return
    prose = _COMMENT.sub(lambda comment: re.sub(r"\S", " ", comment[0]), visible)
    ends = [*(heading.start() for heading in found[1:]), len(prose)]
    words = [len(prose[heading.end() : end].split()) for heading, end in zip(found, ends, strict=True)]
    for heading, count, (least, most) in zip(found, words, (SHORT_WORDS, DEEP_WORDS), strict=False):
        if not least <= count <= most:
            message = f"`{heading[1]}` has {count} words, expected {least} to {most}"
            yield card.problem_at("sections", message, card.body_start + heading.start())
    for heading, count in zip(found[2:], words[2:], strict=True):
        if not count:
            yield card.problem_at("sections", f"`{heading[1]}` is empty", card.body_start + heading.start())


def _readability(card: Card) -> Iterator[Problem]:
    """Every sentence may be quoted by itself, so that it must be short and must not lean on the one before it."""
    for unit in split_units(card.body):
        if unit.kind != "text":
            continue
        sentence = re.sub(r"\$[^$]*\$", "x", card.body[unit.body : unit.end])
        start = f"{' '.join(sentence.split()[:6])} …"
        if len(sentence.split()) > SENTENCE_WORDS:
            message = f"a sentence of {len(sentence.split())} words, at most {SENTENCE_WORDS}: “{start}”"
            yield card.problem_at("readability", message, card.body_start + unit.body)
        if _LEANS.match(" ".join(sentence.split())):
            message = f"a sentence that leans on the one before it: “{start}”"
            yield card.problem_at("readability", message, card.body_start + unit.body)


def _topics(corpus: Corpus) -> Iterator[Problem]:
    for card in corpus.cards:
        topic, folder = card.question.topic, card.path.parent.name
        if corpus.topics and topic not in corpus.topics:
            known = ", ".join(corpus.topics)
            yield card.problem("topic", f"unknown topic `{topic}` (known: {known})", key="topic")
        elif corpus.topics and topic != folder:
            yield card.problem("topic", f"the topic is `{topic}` but the folder is `{folder}`", key="topic")
    counts = Counter(card.question.topic for card in corpus.cards)
    for topic in corpus.topics:
        if counts[topic] < corpus.cards_per_topic:
            message = f"{counts[topic]} cards on `{topic}`, expected at least {corpus.cards_per_topic}"
            yield Problem(topic, 1, "coverage", message)
        levels = {card.rubric.level for card in corpus.cards if card.question.topic == topic}
        if counts[topic] >= len(LEVELS) and len(levels) == 1:
            yield Problem(topic, 1, "coverage", f"every card on `{topic}` is of one level, {levels.pop()}")


def _links(corpus: Corpus) -> Iterator[Problem]:
    first: dict[str, Card] = {}
    for card in corpus.cards:
        if card.id in first:
            yield card.problem("format", f"the id `{card.id}` is also that of {first[card.id].name}")
        first.setdefault(card.id, card)
    for card in corpus.cards:
        for nth, follow_up in enumerate(card.rubric.follow_ups):
            probed = follow_up.probes
            if not probed:
                message = f"follow-up {nth + 1} needs `probes`: a card's id or `kp:N`"
            elif probed == card.id:
                message = f"follow-up {nth + 1} probes its own card: name a key point, `kp:N`"
            elif _PROBED_POINT.fullmatch(probed) or probed in first:
                continue
            else:
                message = f"follow-up {nth + 1} probes `{probed}`, and there is no such card"
            yield card.problem("link", message, key="follow_ups", nth=nth)


def _copies(corpus: Corpus) -> Iterator[Problem]:
    """Runs of words that two cards share: one of them should refer to the other instead."""
    seen: dict[tuple[str, ...], str] = {}
    for card in corpus.cards:
        prose = _CODE.sub(lambda block: re.sub(r"\w", " ", block[0]), card.body)
        words = [(match[0], match.start()) for match in re.finditer(r"\w+", prose.lower())]
        reported: set[str] = set()
        for at in range(len(words) - COPIED_WORDS + 1):
            run = tuple(word for word, _ in words[at : at + COPIED_WORDS])
            other = seen.setdefault(run, card.name)
            if other != card.name and other not in reported:
                reported.add(other)
                message = f"{COPIED_WORDS} words in common with {other}: “{' '.join(run[:8])} …”"
                yield card.problem_at("duplicate", message, card.body_start + words[at][1])
