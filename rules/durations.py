"""Lengths of time as people write them: "30s", "15m", "72h", "7d", "2w"."""

from __future__ import annotations

import re
from datetime import timedelta

_LENGTH = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*(s|m|min|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST = timedelta(days=100 * 366)


def duration(text: str) -> timedelta:
    """The length of time that `text` names. Raises ValueError, saying what to write; at most 100 years."""
    found = _LENGTH.fullmatch(text.strip().lower())
    if not found:
        raise ValueError("a length of time is a number and a unit: 30s, 15m, 72h, 7d or 2w")
    length = timedelta(seconds=min(float(found[1]) * _SECONDS[found[2]], 2 * LONGEST.total_seconds()))
    if length > LONGEST:
        raise ValueError("a length of time is at most 100 years")
    return length


def written(length: timedelta) -> str:
    """A text that `duration` reads as `length`: in days from four days on, else in hours, minutes or seconds."""
    seconds = length.total_seconds()
    for unit, enough in (("d", 4 * 86_400), ("h", 3600), ("m", 60)):
        if seconds >= enough and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"
