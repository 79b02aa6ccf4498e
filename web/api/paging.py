"""Pages of lists: a cursor is the place where the last page ended, as text nobody needs to read."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from storage.stories import LARGEST_ID
from web.api.problems import Fault, ProblemError

T = TypeVar("T")
Row = TypeVar("Row")
LONGEST = 300  # characters of a filter
FIRST_YEAR, LAST_YEAR = 1900, 9000

Word = Annotated[str, StringConstraints(max_length=LONGEST, pattern=r"^[^\x00]*$")]  # PostgreSQL stores no NUL
Filter = Annotated[Word, Query()]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=200, description="rows of a page")]
Cursor = Annotated[
    str, Query(max_length=500, pattern=r"^[A-Za-z0-9_=-]*$", description="`next` of the page before; none: the first")
]


def _within_reach(time: datetime) -> datetime:
    """Times near the calendar's ends are none in UTC."""
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise ValueError(f"say a year from {FIRST_YEAR} to {LAST_YEAR}")
    return time


WithinReach = Annotated[AwareDatetime, AfterValidator(_within_reach)]
Time = Annotated[WithinReach | None, Query(description="ISO 8601, with its zone")]


class Said(BaseModel):
    """The base of what programs send: a key that is misspelt is refused, and not silently left out."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """Rows, newest first, and the cursor of the page behind them; null on the last."""

    items: list[T]
    next: str | None = Field(None, description="`cursor` of the next page")


def page(
    rows: Sequence[Row], limit: int, shown: Callable[[Row], T], place: Callable[[Row], tuple[object, ...]]
) -> Page[T]:
    """A page made of `limit` rows and perhaps one more, which says that there is another page."""
    some = rows[:limit]
    more = len(rows) > limit
    return Page(items=[shown(row) for row in some], next=written(*place(some[-1])) if more and some else None)


def written(*place: object) -> str:
    """A place as a cursor."""
    values = [one.isoformat() if isinstance(one, datetime) else one for one in place]
    return urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def after_id(cursor: str) -> int | None:
    """The id that a page begins after. Raises a 422 for what is no cursor of such a list."""
    match _read(cursor):
        case None:
            return None
        case [int(last)] if not isinstance(last, bool) and 0 <= last <= LARGEST_ID:
            return last
    raise _bad()


def after_moment(cursor: str) -> tuple[datetime, int] | None:
    """The time and id that a page begins after. Raises a 422 likewise."""
    match _read(cursor):
        case None:
            return None
        case [str(at), int(last)] if not isinstance(last, bool) and 0 <= last <= LARGEST_ID:
            return _time(at), last
    raise _bad()


def after_key(cursor: str) -> tuple[datetime, str] | None:
    """The time and key that a page begins after. Raises a 422 likewise."""
    match _read(cursor):
        case None:
            return None
        case [str(at), str(last)] if "\x00" not in last:
            return _time(at), last
    raise _bad()


def _read(cursor: str) -> object:
    if not cursor:
        return None
    try:
        found = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        json.dumps(found, ensure_ascii=False).encode()  # no lone surrogates
    except (binascii.Error, ValueError, RecursionError):
        raise _bad() from None
    return found if isinstance(found, list) else [None]


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _bad() from None
    if at.tzinfo is None or not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise _bad()
    return at


def _bad() -> ProblemError:
    fault = Fault(message="it is not the `next` of a page of this list", item="query.cursor")
    return ProblemError(422, "the request is not valid", problems=[fault])
