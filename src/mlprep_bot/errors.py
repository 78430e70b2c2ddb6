"""What can go wrong, drawn as a tree.

MlprepError                    one line for a person: what was seen, what was expected, how to fix it
├── SettingsError              a setting has a value that cannot be used
├── DocumentError              a document cannot be used
│   ├── UnreadableDocument     the file cannot be turned into text
│   └── CardError              a corpus card breaks its format
├── LibraryError               the data folder cannot be used
│   ├── NothingIndexed         there is no document to search
│   ├── NotIndexed             that document or root is not in the library
│   ├── LibraryBusy            another process is writing
│   └── LibraryDamaged         library.db or every generation is unreadable
├── EmbedderError              the embedding model cannot be used
├── WriterError                the language model cannot be used
│   ├── WriterUnavailable      nothing answers at the address
│   ├── ModelNotPulled         the server answers but does not have the model
│   ├── CloudModelRefused      the model would run on somebody else's machine
│   ├── PromptTooLong          the prompt does not fit the context window
│   ├── WriterTimeout          the server did not answer in time
│   └── StreamBroken           the stream ended before the model said it was done
├── ProgressError              what was practised cannot be read or kept
│   ├── NoSuchInterview        there is no interview of that name
│   ├── InterviewMoved         the interview went on elsewhere (another tab, a terminal)
│   ├── ProgressDamaged        progress.db is unreadable
│   └── BadImport              the file is not an export of progress
└── EvaluationError            nothing can be measured
    ├── BadQuestions           held-out questions, or a set of documents with judgements, break their format
    ├── NoBaseline             there is nothing to compare with
    └── TestSplitUsed          something would be fitted on what it is reported on
"""

from __future__ import annotations

from collections.abc import Sequence


class MlprepError(Exception):
    """`seen` says what happened, `fix` the command or step that mends it; `str()` joins them in one line."""

    exit_code = 1

    def __init__(self, seen: str, fix: str = "") -> None:
        self.seen = seen.strip()
        self.fix = fix.strip()
        super().__init__(f"{self.seen} {self.fix}".strip())


class SettingsError(MlprepError):
    exit_code = 2


class DocumentError(MlprepError):
    exit_code = 3


class UnreadableDocument(DocumentError):
    pass


class CardError(DocumentError):
    """`problems` are the (1-based line, what is wrong) pairs that `seen` says in one line."""

    def __init__(self, seen: str, fix: str = "", problems: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(seen, fix)
        self.problems = tuple(problems) or ((1, self.seen),)


class LibraryError(MlprepError):
    exit_code = 4


class NothingIndexed(LibraryError):
    pass


class NotIndexed(LibraryError):
    pass


class LibraryBusy(LibraryError):
    pass


class LibraryDamaged(LibraryError):
    pass


class EmbedderError(MlprepError):
    exit_code = 5


class WriterError(MlprepError):
    exit_code = 6


class WriterUnavailable(WriterError):
    pass


class ModelNotPulled(WriterError):
    pass


class CloudModelRefused(WriterError):
    pass


class PromptTooLong(WriterError):
    pass


class WriterTimeout(WriterError):
    pass


class StreamBroken(WriterError):
    pass


class ProgressError(MlprepError):
    exit_code = 7


class NoSuchInterview(ProgressError):
    pass


class InterviewMoved(ProgressError):
    pass


class ProgressDamaged(ProgressError):
    pass


class BadImport(ProgressError):
    pass


class EvaluationError(MlprepError):
    exit_code = 8


class BadQuestions(EvaluationError):
    pass


class NoBaseline(EvaluationError):
    pass


class TestSplitUsed(EvaluationError):
    __test__ = False  # pytest would take it for tests
