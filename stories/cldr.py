"""Names of places, weekdays and months in many languages: `cldr.json`, written by tools/calendars.py, read once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

LIKELY = "en"  # the language of a text whose language is not known


@dataclass(frozen=True, slots=True)
class Names:
    """What a language calls countries, their people and towns (→ ISO 3166; "" for what only sounds so), weekdays
    (0 = Monday) and months.
    """

    places: Mapping[str, str]
    days: Mapping[str, int]
    months: Mapping[str, int]


@cache
def names(language: str) -> Names:
    """The names of a language, or English ones."""
    read = _read()
    return Names(**read.get(language, read[LIKELY]))


@cache
def months() -> frozenset[str]:
    """The names of months in any language."""
    return frozenset(name for language in _read().values() for name in language["months"])


@cache
def _read() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = json.loads((resources.files("stories") / "cldr.json").read_text("utf-8"))
    return read
