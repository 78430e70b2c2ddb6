"""Plain LlamaIndex beside mlprep, over the same documents and embedder: what an evaluation compares with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlprep_bot.domain import Document
from mlprep_bot.writers import Writers

if TYPE_CHECKING:
    from mlprep_bot.app import App
    from mlprep_bot.evaluation.plan import Others
    from mlprep_bot.evaluation.retrieval import Finder

_PLAIN, _CITATIONS = "llama-index", "llama-index citations"


def plain_llama_index(app: App, documents: Sequence[Document], writer: str | None) -> Others:
    """`VectorStoreIndex` with its defaults, and `CitationQueryEngine`, which needs a writer's model to answer."""
    from mlprep_bot.adapters.llama_index_plain import LlamaIndexCitations, PlainLlamaIndex
    from mlprep_bot.evaluation.numbered import NumberedAnswers
    from mlprep_bot.evaluation.plan import Others

    plain = PlainLlamaIndex(documents, app.embedder)
    model = Writers(app.settings).chat_model(writer)
    citations = LlamaIndexCitations(plain, model)
    finders: dict[str, Finder] = {_PLAIN: plain, _CITATIONS: citations}
    if model is None:
        return Others(finders, {}, {_CITATIONS: "it writes with a language model only: name one with --writer"})
    return Others(finders, {_CITATIONS: NumberedAnswers(citations, app.checker)}, {})
