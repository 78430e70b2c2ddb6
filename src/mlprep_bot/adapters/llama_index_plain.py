"""LlamaIndex as its documentation starts, over our documents and our embedder: what mlprep is held against.

`VectorStoreIndex` with its defaults (chunks of 1,024 tokens, 200 of them shared), and `CitationQueryEngine` with its
own (two chunks, cut into sources of 512 tokens). What LlamaIndex would take from its global `Settings` is handed to
it, so that nobody else's are changed; its token table is the one in its package and its sentence splitter needs no
data, so that nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from mlprep_bot.adapters.llama_index_splitter import splitter, tokens
from mlprep_bot.domain import Document, Passage, Ranking, Source
from mlprep_bot.errors import EvaluationError
from mlprep_bot.ports import ChatModel, Embedder, Message

CITATION_CHUNK = 512  # tokens, `CitationQueryEngine`'s default
_CITATION_OVERLAP = 20
_NO_RANK = Ranking(None, None, None, None, 0.0)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A chunk of LlamaIndex where it stands in our document; `score` is its cosine."""

    document: str
    start: int
    text: str
    score: float


class PlainLlamaIndex:
    """`VectorStoreIndex.from_documents(documents).as_retriever()`."""

    def __init__(self, documents: Iterable[Document], embedder: Embedder) -> None:
        from llama_index.core import Document as LlamaDocument
        from llama_index.core import VectorStoreIndex
        from llama_index.core.callbacks import CallbackManager

        self.texts = {document.name: document.text for document in documents}
        self._index = VectorStoreIndex.from_documents(
            [LlamaDocument(id_=name, text=text) for name, text in self.texts.items()],
            embed_model=_embedding(embedder),
            transformations=[splitter()],
            callback_manager=CallbackManager(),
        )
        self._lengths = sorted(len(node.get_content()) for node in self._index.docstore.docs.values())

    def find(self, query: str, budgets: Sequence[int]) -> list[list[tuple[str, str]]]:
        """(document, text) of the chunks, best first, as far as each budget of characters reaches."""
        pieces = [self._piece(found) for found in self._deep(query, max(budgets))]
        return [_within(pieces, budget) for budget in budgets]

    def retriever(self, top_k: int | None = None) -> Any:
        """LlamaIndex's own retriever; without `top_k` as many chunks as it returns by default."""
        return self._index.as_retriever(**({} if top_k is None else {"similarity_top_k": top_k}))

    def sources(self, query: str, budget: int, cut: Callable[[str], list[str]]) -> list[_Piece]:
        """The chunks that fill a budget, each cut into sources."""
        return [piece for found in self._deep(query, budget) for piece in self.cut(found, cut)]

    def cut(self, found: Any, cut: Callable[[str], list[str]]) -> list[_Piece]:
        """A retrieved chunk's sources, each at its place."""
        whole = self._piece(found)
        pieces: list[_Piece] = []
        at = 0
        for text in cut(whole.text):
            at = whole.text.index(text, at)
            pieces.append(_Piece(whole.document, whole.start + at, text, whole.score))
        return pieces

    def _deep(self, query: str, budget: int) -> list[Any]:
        # Even the shortest chunks fill the budget when there are so many of them.
        enough = sum(total < budget for total in accumulate(self._lengths)) + 1
        return list(self.retriever(enough).retrieve(query)) if self._lengths else []

    def _piece(self, found: Any) -> _Piece:
        node = found.node
        text, document = node.get_content(), node.ref_doc_id
        start = node.start_char_idx
        if start is None or not self.texts[document].startswith(text, start):
            start = self.texts[document].index(text)
        return _Piece(document, start, text, float(found.score or 0.0))


class LlamaIndexCitations:
    """`CitationQueryEngine` over the same index; with a model it answers, with numbered citations of its sources."""

    def __init__(self, plain: PlainLlamaIndex, model: ChatModel | None = None, *, answer_tokens: int = 768) -> None:
        self._plain = plain
        self._cut = splitter(CITATION_CHUNK, _CITATION_OVERLAP).split_text
        self._model = model
        self._engine = _engine(plain, model, answer_tokens) if model else None

    @property
    def name(self) -> str:
        """Who writes."""
        return self._model.name if self._model else "none"

    def find(self, query: str, budgets: Sequence[int]) -> list[list[tuple[str, str]]]:
        """As `PlainLlamaIndex.find`, by source instead of by chunk."""
        pieces = self._plain.sources(query, max(budgets), self._cut)
        return [_within(pieces, budget) for budget in budgets]

    def reply(self, question: str) -> tuple[str, tuple[Passage, ...]]:
        """What the model writes, and the sources to which its `[n]` refer, the first being 1. Raises WriterError."""
        from llama_index.core.schema import QueryBundle

        if self._engine is None:
            raise EvaluationError("CitationQueryEngine was made without a language model.", "Hand it a ChatModel.")
        asked = QueryBundle(question)
        nodes = self._engine.retrieve(asked)
        pieces = [piece for found in nodes for piece in self._plain.cut(found, self._cut)]
        text = str(self._engine.synthesize(asked, nodes).response or "") if nodes else ""
        return text, tuple(_passage(n, piece) for n, piece in enumerate(pieces, 1))


def _embedding(embedder: Embedder) -> Any:
    from llama_index.core.embeddings import BaseEmbedding

    class Ours(BaseEmbedding):  # type: ignore[misc, unused-ignore]
        """Our embedder as LlamaIndex's."""

        def _get_query_embedding(self, query: str) -> list[float]:
            return _floats(embedder.embed_queries([query])[0])

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            return [_floats(row) for row in embedder.embed_documents(texts)]

    return Ours(model_name=embedder.fingerprint, embed_batch_size=256)


def _floats(row: Any) -> list[float]:
    return [float(number) for number in row]


def _llm(model: ChatModel, answer_tokens: int) -> Any:
    from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata

    class Ours(CustomLLM):  # type: ignore[misc, unused-ignore]
        """Our chat model as LlamaIndex's."""

        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(context_window=model.context_window, num_output=answer_tokens, model_name=model.name)

        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: ARG002
            return list(self.stream_complete(prompt))[-1]

        def stream_complete(  # what `CustomLLM` asks for
            self,
            prompt: str,
            formatted: bool = False,  # noqa: ARG002
            **kwargs: Any,  # noqa: ARG002
        ) -> Iterator[CompletionResponse]:
            text = ""
            for delta in model.stream([Message("user", prompt)], max_tokens=answer_tokens):
                text += delta.text
                yield CompletionResponse(text=text, delta=delta.text)

    return Ours()


def _engine(plain: PlainLlamaIndex, model: ChatModel, answer_tokens: int) -> Any:
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.indices.prompt_helper import ChatPromptHelper, PromptHelper
    from llama_index.core.query_engine import CitationQueryEngine
    from llama_index.core.query_engine.citation_query_engine import CITATION_QA_TEMPLATE, CITATION_REFINE_TEMPLATE
    from llama_index.core.response_synthesizers import get_response_synthesizer

    llm, callbacks = _llm(model, answer_tokens), CallbackManager()
    # As the engine makes it, but for the token counter.
    writer = get_response_synthesizer(
        llm=llm,
        prompt_helper=PromptHelper.from_llm_metadata(llm.metadata, tokenizer=tokens()),
        chat_prompt_helper=ChatPromptHelper.from_llm_metadata(llm.metadata, tokenizer=tokens()),
        text_qa_template=CITATION_QA_TEMPLATE,
        refine_template=CITATION_REFINE_TEMPLATE,
        callback_manager=callbacks,
    )
    return CitationQueryEngine(
        plain.retriever(),
        llm=llm,
        response_synthesizer=writer,
        text_splitter=splitter(CITATION_CHUNK, _CITATION_OVERLAP),
        callback_manager=callbacks,
    )


def _within(pieces: Iterable[_Piece], budget: int) -> list[tuple[str, str]]:
    """The first pieces that a budget of characters holds, the last one cut."""
    held: list[tuple[str, str]] = []
    for piece in pieces:
        if budget <= 0:
            break
        held.append((piece.document, piece.text[:budget]))
        budget -= len(piece.text)
    return held


def _passage(n: int, piece: _Piece) -> Passage:
    end = piece.start + len(piece.text)
    return Passage(
        n, piece.text, piece.document, piece.start, end, "", "", piece.score,
        (Source(piece.document, piece.start, end),), _NO_RANK,
    )  # fmt: skip
