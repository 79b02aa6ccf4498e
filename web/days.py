"""Days as an address and `<input type=date>` name them: whole ones, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

LAST_DAY = datetime(9999, 12, 30, tzinfo=UTC)  # that has one after it


def day(text: str) -> datetime | None:
    """The beginning of a day, `2026-11-22`; None for what is no day."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if len(text) == 10 else None
    except ValueError:
        return None


def day_after(text: str) -> datetime | None:
    """The end of a day: when the next begins, as far as there is one."""
    begins = day(text)
    return min(begins, LAST_DAY) + timedelta(days=1) if begins else None


def last_day(end: datetime | None) -> str:
    """The day that ends then, as an input has it; "" for None."""
    return f"{end - timedelta(days=1):%Y-%m-%d}" if end else ""
