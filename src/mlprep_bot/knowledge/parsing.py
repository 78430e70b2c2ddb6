"""A file to everything that is stored of it: text, questions, chunks, and what is embedded of each chunk."""

from __future__ import annotations

from pathlib import Path

from mlprep_bot import __version__
from mlprep_bot.domain import Document
from mlprep_bot.errors import UnreadableDocument
from mlprep_bot.knowledge import readers
from mlprep_bot.knowledge.chunking import CHUNKER_VERSION, chunk_document
from mlprep_bot.knowledge.questions import find_questions
from mlprep_bot.knowledge.records import Parsed
from mlprep_bot.knowledge.views import VIEWS_VERSION, views

CHUNKER = f"{CHUNKER_VERSION}.{VIEWS_VERSION}"
READER = readers.READER_VERSION
FAILED_BY = f"{READER}/{CHUNKER}/{__version__}"  # what could not be used is tried again by every new version


def parse_file(path: Path, name: str) -> Parsed:
    """Read a file as the document `name`. Raises DocumentError."""
    return parse_document(readers.read_document(path, name))


def parse_document(document: Document) -> Parsed:
    """Find questions and cut chunks. Raises CardError for a card that breaks its format."""
    try:
        document.text.encode()
    except UnicodeEncodeError as error:
        raise UnreadableDocument(
            f"{document.name} has half a surrogate pair at character {error.start}.", "Save it as UTF-8."
        ) from error
    questions = tuple(find_questions(document))
    chunks = tuple(chunk_document(document, questions))
    return Parsed(document, questions, chunks, tuple(map(tuple, views(chunks, questions))))
