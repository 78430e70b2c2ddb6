"""Small words that the page and the terminal share."""

from __future__ import annotations

_SHORT = {"ai": "AI", "llm": "LLM", "llms": "LLMs", "ml": "ML", "nlp": "NLP", "rag": "RAG", "sql": "SQL"}


def plural(count: int, noun: str) -> str:
    """`1 passage`, `2 passages`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def topic_title(name: str) -> str:
    """`loss-functions` as a person writes it."""
    words = name.replace("-", " ").replace("_", " ").split() or ["No", "topic"]
    title = " ".join(_SHORT.get(word.lower(), word) for word in words)
    return title[:1].upper() + title[1:]
