"""A new card to fill in: complete enough to parse, and marked wherever its author has to write."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from mlprep_bot.authoring.corpus import Corpus
from mlprep_bot.errors import CardError
from mlprep_bot.knowledge.cards import LEVELS, is_slug


def new_card(corpus: Corpus, topic: str, identity: str, question: str, level: str) -> Path:
    """Write `<root>/<topic>/<identity>.md` of a corpus from the template and return its path.

    Raises CardError when a name cannot be used or the card exists: nothing is ever overwritten.
    """
    for what, name in (("topic", topic), ("id", identity)):
        if not is_slug(name):
            raise CardError(f"`{name}` cannot be a card's {what}.", "Use lower-case words joined by `-`.")
    if level not in LEVELS:
        raise CardError(f"`{level}` is no level.", f"Use one of {', '.join(LEVELS)}.")
    if corpus.topics and topic not in corpus.topics:
        raise CardError(f"`{topic}` is no topic of {corpus.root}.", f"Use one of {', '.join(corpus.topics)}.")
    taken = next((card.path for card in corpus.cards if card.id == identity), None)
    path = taken or corpus.root / topic / f"{identity}.md"
    template = resources.files("mlprep_bot.authoring").joinpath("card.md").read_text(encoding="utf-8")
    asked = json.dumps(question, ensure_ascii=False)  # a JSON string is a YAML string
    text = template.format(id=identity, topic=topic, level=level, question=asked)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise CardError(f"{path} exists.", "Choose another id, or edit that card.") from error
    return path
