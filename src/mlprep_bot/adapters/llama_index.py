"""Our retriever as a LlamaIndex `BaseRetriever`, for people whose pipeline speaks LlamaIndex."""

from __future__ import annotations

from typing import Any

from mlprep_bot.domain import Passage
from mlprep_bot.knowledge.retrieval import Retriever


def as_llama_index(retriever: Retriever, *, budget_chars: int = 6000) -> Any:
    """A `llama_index.core.retrievers.BaseRetriever` whose nodes are our passages, best first.

    A node's metadata holds `document`, `start`, `end`, `heading` and `sources`; none of it is put before a
    language model or embedded, so that a node's content is exactly the document's text.
    """
    # The class is made here, because subclassing at module level would cost every command the import.
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle

    class PassageRetriever(BaseRetriever):  # type: ignore[misc, unused-ignore]
        """Passages of mlprep as LlamaIndex nodes."""

        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            found = retriever.retrieve(query_bundle.query_str, budget_chars=budget_chars)
            return [NodeWithScore(node=_node(passage), score=passage.score) for passage in found.passages]

    return PassageRetriever()


def _node(passage: Passage) -> Any:
    from llama_index.core.schema import TextNode

    metadata = {
        "document": passage.document,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "sources": [{"document": s.document, "start": s.start, "end": s.end} for s in passage.sources],
    }
    return TextNode(
        id_=f"{passage.document}:{passage.start}-{passage.end}",
        text=passage.text,
        metadata=metadata,
        excluded_embed_metadata_keys=list(metadata),
        excluded_llm_metadata_keys=list(metadata),
        start_char_idx=passage.start,
        end_char_idx=passage.end,
    )
