"""Run what a card claims to be true: its Python blocks, and the expression beside each worked number.

Cards are programs here, so run only those that you trust. Each card has a process of its own, without the
user's site or working folder and with a time limit.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from mlprep_bot.authoring.corpus import Card, Corpus, Problem

SECONDS = 30.0
_CODE = re.compile(r"^```python[ \t]*\n(.*?)^```", re.S | re.M)
_CHECK = re.compile(r"<!--\s*check:\s*(.*?)\s*-->", re.S)
_PROGRAM = """
import json, math, sys
names = {**vars(math), "math": math}
for expression in json.load(sys.stdin):
    try:
        value = eval(expression, dict(names))
        told = "" if value is True else f"is {value!r}, not True"
    except Exception as error:
        told = f"raises {type(error).__name__}: {error}"
    print(json.dumps(told), flush=True)
"""


def of_corpus(corpus: Corpus, progress: Callable[[int, int], None]) -> Iterator[Problem]:
    """Code that fails and numbers that do not recompute. `progress` is told (cards done, cards)."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, problems in enumerate(pool.map(of_card, corpus.cards), start=1):
            yield from problems
            progress(done, len(corpus.cards))


def of_card(card: Card, seconds: float = SECONDS) -> list[Problem]:
    """The problems of one card's code and numbers; each program may take `seconds`."""
    return [*_numbers(card, seconds), *_code(card, seconds)]


def _code(card: Card, seconds: float) -> Iterator[Problem]:
    for block in _CODE.finditer(card.text, card.body_start):
        where = block.start()
        if "assert" not in block[1]:
            yield card.problem_at("code", "the code asserts nothing", where)
        _, failure = _python(block[1], "", seconds)
        if failure:
            yield card.problem_at("code", f"the code fails: {failure}", where)


def _numbers(card: Card, seconds: float) -> Iterator[Problem]:
    found = list(_CHECK.finditer(card.text, card.body_start))
    if not found:
        return
    expressions = [" ".join(match[1].split()) for match in found]
    output, failure = _python(_PROGRAM, json.dumps(expressions), seconds)
    told = [str(json.loads(line)) for line in output.splitlines()]
    told += [failure or "was not evaluated"] * (len(found) - len(told))
    for match, expression, what in zip(found, expressions, told, strict=True):
        if what:
            yield card.problem_at("number", f"`{expression}` {what}", match.start())


def _python(program: str, given: str, seconds: float) -> tuple[str, str]:
    """What a program printed, and the last line of its complaint or an empty string."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", program],
                input=given,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                cwd=folder,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            printed = late.stdout or b""
            return printed.decode("utf-8", "replace") if isinstance(printed, bytes) else printed, (
                f"takes longer than {seconds:g} s"
            )
    complaint = done.stderr.strip().splitlines()
    return done.stdout, (complaint[-1] if complaint else f"exit code {done.returncode}") if done.returncode else ""
