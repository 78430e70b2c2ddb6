"""Log entries as JSON and back (pure).

What comes back is checked: a kind that this version does not know, a missing field or a number that cannot be
(a score above 1, a time before 1970) raises ValueError with what was seen.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, get_args

from mlprep_bot.grading.rubric import Grade
from mlprep_bot.interview.session import Asked, Entry, Marked, What

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# Half of a character, as broken terminals and clients send it: no database and no model takes it.
SURROGATE = re.compile(r"[\ud800-\udfff]")
# The year 2200: calendars everywhere can still show it, and so they can what is due a hundred years after it.
LATEST = 7_258_118_400.0
KINDS = tuple(member.__dataclass_fields__["kind"].default for member in get_args(What))


def clean(text: str) -> str:
    """`text` with each half character replaced by U+FFFD; the length stays, so offsets do, too."""
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def plain(what: What) -> dict[str, Any]:
    """An entry's values as JSON has them, with its `kind`."""
    values: dict[str, Any] = json.loads(body_of(what))
    return values


def body_of(what: What) -> str:
    """One JSON object with its `kind`; `entry_of` reads it."""
    return clean(json.dumps(asdict(what), ensure_ascii=False, allow_nan=False))


def entry_of(at: float, body: str) -> Entry:
    """The entry that `body_of` wrote. Raises ValueError in one line for anything else."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"an entry is no JSON ({error})") from error
    return entry_from(at, raw)


def entry_from(at: object, raw: object) -> Entry:
    """An entry of parsed JSON. Raises ValueError as `entry_of` does."""
    from pydantic import ValidationError

    if isinstance(at, bool) or not isinstance(at, int | float) or not (0 <= at <= LATEST):
        raise ValueError(f"the time of an entry is {at!r}, expected seconds since 1970")
    if not isinstance(raw, Mapping):
        raise ValueError(f"an entry is {type(raw).__name__}, expected an object")
    if raw.get("kind") not in KINDS:
        raise ValueError(f"an entry is of the kind {raw.get('kind')!r}, which this mlprep does not know")
    try:
        what = _adapter().validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from error
    _check(what)
    return Entry(float(at), what)


def _check(what: What) -> None:
    """Raises ValueError for values that no mlprep writes."""
    points = what.prompt.points if isinstance(what, Asked) else ()
    if isinstance(what, Marked):
        points = tuple(judged.point for judged in what.outcome.points)
        if not all(0 <= judged.share <= 1 for judged in what.outcome.points):
            raise ValueError("the share of a key point is no number from 0 to 1")
        if isinstance(what.outcome, Grade) and not 0 <= what.outcome.score <= 1:
            raise ValueError(f"a score is {what.outcome.score}, expected 0 to 1")
    if any(point.weight < 1 for point in points):
        raise ValueError("the weight of a key point is below 1")
    steering = getattr(getattr(what, "setup", None), "steering", ())
    if not all(math.isfinite(weight) for _, weight in steering):
        raise ValueError("the weight of a topic is not a number")


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[What]:
    from pydantic import Field, TypeAdapter

    return TypeAdapter(Annotated[What, Field(discriminator="kind")])
