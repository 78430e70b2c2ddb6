"""What a candidate types: a person at a keyboard, or lines from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from mlprep_bot.interview.codec import clean

PROMPT = "> "


class Said(StrEnum):
    """What a candidate wants after some lines. `AWAY`: the input ended with nothing said."""

    ANSWER = "."
    HINT = ":hint"
    SKIP = ":skip"
    PAUSE = ":pause"
    END = ":end"
    AGAIN = ":again"
    HELP = ":help"
    AWAY = ""


class Keyboard:
    """Standard input. `is_person`: somebody sees the prompts and can press Enter."""

    def __init__(self) -> None:
        self.is_person = sys.stdin.isatty() and sys.stdout.isatty()
        if self.is_person:
            with suppress(ImportError):
                import readline  # noqa: F401  without it a terminal cuts lines at 4,095 bytes
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]

    def line(self, prompt: str = "") -> str | None:
        """The next line without its end; None at the end of input."""
        if self.is_person:
            try:
                return _clean(input(prompt))
            except EOFError:
                print()  # noqa: T201  the terminal's cursor stands behind the prompt
                return None
        read = sys.stdin.readline()
        return _clean(read.rstrip("\r\n")) if read else None

    def answer(self, lines: list[str], keep: Callable[[str], None]) -> Said:
        """Add lines to `lines` until a line that is a command, or the end of input; `keep` gets each new draft.

        The end of input (Ctrl-D) ends an answer, too; with nothing said it means that nobody is there.
        """
        commands = {said.value: said for said in Said if said.value}
        while (typed := self.line(PROMPT)) is not None:
            for line in typed.split("\n"):  # a paste comes in one piece
                said = commands.get(line.strip().lower())
                if said is not None:
                    return said
                lines.append(line)
                keep("\n".join(lines))
        return Said.ANSWER if "".join(lines).strip() else Said.AWAY


def _clean(line: str) -> str:
    """Without what no text holds: half characters and NULs."""
    return clean(line).replace("\0", "")
