"""LlamaIndex's default splitter and token counter, made from what its package carries: nothing is fetched.

Left to itself, LlamaIndex looks for a token table where `TIKTOKEN_CACHE_DIR` says and for data of NLTK where
`NLTK_DATA` says, and downloads what is not there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from mlprep_bot.errors import EvaluationError

_TOKEN_TABLE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"  # cl100k_base, as tiktoken calls its file
_ENVIRONMENT = threading.Lock()


def splitter(chunk_size: int | None = None, overlap: int | None = None) -> Any:
    """A `SentenceSplitter` as LlamaIndex makes it by default, that fetches nothing. Raises EvaluationError."""
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.node_parser.text.utils import split_by_sentence_tokenizer_internal
    from nltk.tokenize import PunktSentenceTokenizer  # type: ignore[import-untyped]

    # LlamaIndex's own is this one too, untrained, but it first looks for data that it does not use.
    punkt = PunktSentenceTokenizer()
    sizes = {} if chunk_size is None else {"chunk_size": chunk_size, "chunk_overlap": overlap}
    return SentenceSplitter(
        tokenizer=tokens(),
        chunking_tokenizer_fn=lambda text: split_by_sentence_tokenizer_internal(text, punkt),
        **sizes,
    )


@lru_cache(maxsize=1)
def tokens() -> Callable[[str], list[int]]:
    """How LlamaIndex counts tokens (cl100k_base), read from its package. Raises EvaluationError."""
    import llama_index.core
    import tiktoken

    folder = Path(llama_index.core.__file__).parent / "_static" / "tiktoken_cache"
    if not (folder / _TOKEN_TABLE).is_file():
        raise EvaluationError(
            f"This llama-index-core has no token table at {folder}, and none is fetched.",
            "Install it again: pip install --force-reinstall --no-deps llama-index-core",
        )
    with _ENVIRONMENT, _variable("TIKTOKEN_CACHE_DIR", str(folder)):
        encoding = tiktoken.get_encoding("cl100k_base")
    return partial(encoding.encode, allowed_special="all")


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
