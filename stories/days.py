"""The days that a text names, near the day it was told. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from stories import cldr
from stories.common import WEEKDAYS
from stories.numbers import in_figures

PAST, AHEAD = 6, 1  # days that a date may lie back, and ahead, for clocks differ
SURE = 3  # days: "on Thursday", said later than that, is more likely the next one
UNSPACED = frozenset({"ja", "th", "zh"})
_CHINESE = {f"{week}{sign}": day for week in ("周", "週", "星期") for day, sign in enumerate("一二三四五六日")}

_YESTERDAY = re.compile(
    r"\b(?:yesterday|last night|hier|gestern|ayer|anoche|ontem|ieri|вчера|أمس|hôm qua|kemarin|dün|wczoraj|gisteren)\b"
    "|昨日|昨天|어제"
)
_TODAY = re.compile(
    r"\b(?:today|aujourd'hui|aujourd’hui|heute|hoje|oggi|сегодня|اليوم|hôm nay|hari ini|bugün|dziś|dzisiaj|vandaag)\b"
    "|今日|今天|本日|오늘"
)

_NO_MONTH = re.compile(r"\b(?:may|march)\b")  # "10 may have died", "40 march in Bergen": months have a capital


@dataclass(frozen=True, slots=True)
class _Calendar:
    weekday: re.Pattern[str]
    dated: re.Pattern[str]
    days: Mapping[str, int]
    months: Mapping[str, int]


def dates(text: str, language: str, told: date) -> list[date]:
    """The days near `told` that a text names by weekday or date, in its order."""
    calendar = _calendar(language)
    if language in ("", "en"):
        text = _NO_MONTH.sub("", text)
    folded = unicodedata.normalize("NFC", text).casefold()
    found: list[tuple[int, date]] = []
    for weekday in calendar.weekday.finditer(folded):
        back = (told.weekday() - calendar.days[weekday.group()]) % 7
        if back <= SURE or back == PAST:
            found.append((weekday.start(), told + timedelta(days=AHEAD if back == PAST else -back)))
    for near in _YESTERDAY.finditer(folded):
        found.append((near.start(), told - timedelta(days=1)))
    for near in _TODAY.finditer(folded):
        found.append((near.start(), told))
    for numbers in calendar.dated.finditer(in_figures(folded) if language in ("ja", "zh") else folded):
        if day := _near(numbers.groupdict(), calendar.months, told):
            found.append((numbers.start(), day))
    return [day for _, day in sorted(found)]


def _near(parts: Mapping[str, str | None], months: Mapping[str, int], told: date) -> date | None:
    """The day near `told` of this number, and of this month when one is named."""
    number = next(int(value) for key, value in parts.items() if value and key.startswith("day"))
    month = next((value for key, value in parts.items() if value and key.startswith("month")), "")
    wanted = months.get(month, int(month) if month.isdecimal() else 0)
    near = (told + timedelta(days=off) for off in range(-PAST, AHEAD + 1))
    return next((day for day in near if day.day == number and wanted in (0, day.month)), None)


@cache
def _calendar(language: str) -> _Calendar:
    named = cldr.names(language)
    days = {**named.days, **(_CHINESE if language == "zh" else {} if language in UNSPACED else WEEKDAYS)}
    months = _any(named.months)
    before, behind = ("", "") if language in UNSPACED else (r"(?<!\w)", r"(?!\w)")
    return _Calendar(
        weekday=re.compile(f"{before}(?:{_any(days)})"),
        dated=re.compile(
            rf"(?<!\d)(?P<day1>\d{{1,2}})(?:\.|º|er|st|nd|rd|th)?\s+(?:de\s+|of\s+)?(?P<month1>{months}){behind}"
            rf"|{before}(?P<month2>{months})\s+(?P<day2>\d{{1,2}})(?![\d:])"
            r"|(?P<month3>\d{1,2})月(?P<day3>\d{1,2})日|(?<!\d)(?P<day4>\d{1,2})(?:日|일)"
            r"|(?<![\d/])(?P<day5>\d{1,2})/(?P<month5>\d{1,2})(?![\d/])"
        ),
        days=days,
        months=named.months,
    )


def _any(names: Mapping[str, int]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))
