"""Dates as feeds write them.

The feed parser's own reading is the last resort, and only believed when its numbers stand in the text: it reads
`2016/6/29` as the first of some month and takes zones it does not know for UTC.
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, datetime, timedelta
from time import struct_time

from core.text import one_line

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_FIRST, _END = EARLIEST.year, LATEST.year

_CLOCK = r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
_REST = rf"(?:(?:T|[\s,]+(?:(?:at|um|à|-|–)\s+)?){_CLOCK})?\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>.*)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        rf"(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?:(?P=sign)(?P<day>\d{{1,2}}))?(?!\d){_REST}",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?)?(?!\d)(?P<zone>.*)",
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}})(?!\d){_REST}",
        rf"(?P<first>\d{{1,2}})[/-](?P<second_number>\d{{1,2}})[/-](?P<year>\d{{4}})(?!\d){_REST}",
    )
)
_EAST_ASIAN = re.compile(
    rf"(?P<year>\d{{4}})\s*[年년]\s*(?P<month>\d{{1,2}})\s*[月월]\s*(?P<day>\d{{1,2}})\s*[日일]?\s*(?:{_CLOCK})?\s*(?P<zone>.*)"
)
_DAY_NAME = r"(?:[^\W\d_]+\.?,?\s+)?"
_WORDS = (
    re.compile(
        rf"{_DAY_NAME}(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.)?[\s-]+(?:de\s+)?(?P<name>[^\W\d_]{{3,12}})\.?,?[\s-]+"
        rf"(?:de\s+)?(?P<year>\d{{4}}|\d{{2}})(?!\d){_REST}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_DAY_NAME}(?P<name>[^\W\d_]{{3,12}})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d){_REST}",
        re.IGNORECASE,
    ),
    # asctime: Sat Nov 21 09:10:11 2026
    re.compile(
        rf"{_DAY_NAME}(?P<name>[^\W\d_]{{3}})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}\s+(?P<zone>\S*?)\s*(?P<year>\d{{4}})\Z"
    ),
)
# The two forms that nearly all feeds keep to, read without trying the others; they mean there what they mean here.
# `Sat, 21 Nov 2026 09:10:00 GMT` has its parts in fixed columns, which cost half of what a pattern does.
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_COLUMNS = {f" {name} ": f"-{number:02}-" for number, name in enumerate(_ENGLISH, 1)}
_ZONE_COLUMNS = {
    f" {sign}{hours:02}{minutes:02}": f"{sign}{hours:02}:{minutes:02}"
    for sign in "+-"
    for hours in range(15)
    for minutes in (0, 15, 30, 45)
} | {" GMT": "Z"}
_ISO = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:0\d|1[0-5]):[0-5]\d)\Z", re.ASCII)
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?\Z", re.ASCII)
_MILLISECONDS = re.compile(r"\d{12,13}\Z", re.ASCII)
_YEAR = re.compile(r"(?<!\d)(?<![\d\s][+-])\d{4}(?!\d)")  # and not the four digits of a zone
_OFFSET = re.compile(r"(?:(?:GMT|UTC?)\s*)?([+-])(\d{1,2}):?(\d{2})?\b")
_ZONE_NAME = re.compile(r"\(?([A-Z]{1,5})\b")

# Where a name means several zones, the one whose feeds use it most: IST is India's, CST and EST are America's.
_ZONE_TABLE = """
Z 0 UT 0 UTC 0 GMT 0 WET 0 WEST 1 BST 1 CET 1 MEZ 1 MET 1 CEST 2 MESZ 2 MEST 2 EET 2 SAST 2 CAT 2 EEST 3 MSK 3 EAT 3
TRT 3 GST 4 SAMT 4 PKT 5 UZT 5 IST 5.5 NPT 5.75 BDT 6 ICT 7 WIB 7 WITA 8 SGT 8 HKT 8 PHT 8 MYT 8 AWST 8 WIT 9 JST 9
KST 9 ACST 9.5 AEST 10 ACDT 10.5 AEDT 11 NZST 12 NZDT 13 BRT -3 ART -3 NDT -2.5 NST -3.5 ADT -3 AST -4 EDT -4 EST -5
CDT -5 CST -6 MDT -6 MST -7 PDT -7 PST -8 AKDT -8 AKST -9 HST -10
"""
_PAIRS = _ZONE_TABLE.split()
_ZONES = {name: float(hours) for name, hours in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)}

# The first letters of the months: English, German, French, Spanish, Portuguese, Italian, Dutch, Scandinavian.
_MONTHS = (
    "jan ene gen jän",
    "feb fév fev",
    "mar mär mrz maa mrt",
    "apr avr abr",
    "mai may mag mei maj",
    "jun juin giu",
    "jul juil lug",
    "aug aoû aou ago",
    "sep set",
    "oct okt out ott",
    "nov",
    "dec dez dic déc",
)
_MONTH_OF = {start: number for number, starts in enumerate(_MONTHS, 1) for start in starts.split()}


def ascend(first: str, last: str) -> bool:
    """Whether what stands last in a list is newer than what stands first, by what is written of both."""
    one, other = parse_date(first), parse_date(last)
    return one is not None and other is not None and one < other


def parse_date(text: str, guess: struct_time | None = None) -> datetime | None:
    """The time `text` means, in UTC; None when it cannot be read, is ambiguous, or lies outside 1990 to 2100.

    A time without zone, or with one nobody knows, is taken as UTC. `guess` is the feed parser's reading, in UTC.
    """
    if not text:
        return None
    read = usual(text)
    if read is None:
        text = one_line(text, 100)
        read = usual(text) or _number(text) or _written(text) or _believed(text, guess)
    return read if read and _FIRST <= read.year < _END else None


def usual(text: str) -> datetime | None:
    """The same of the two forms that nearly all feeds keep to; None of all others."""
    try:
        if text[3:5] == ", ":
            if text[16] != " " or text[19] != ":" or text[22] != ":":
                return None
            text = f"{text[12:16]}{_MONTH_COLUMNS[text[7:12]]}{text[5:7]}T{text[17:25]}{_ZONE_COLUMNS[text[25:]]}"
        elif not _ISO.match(text):
            return None
        read = datetime.fromisoformat(text)
        if read.tzinfo is not UTC:
            read = read.astimezone(UTC)
        return read if _FIRST <= read.year < _END else None
    except (IndexError, KeyError, ValueError, OverflowError):
        return None


def _number(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970."""
    if _SECONDS.match(text):
        return datetime.fromtimestamp(float(text), UTC)
    if _MILLISECONDS.match(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return None


def _written(text: str) -> datetime | None:
    for form in (*_FORMS, *_WORDS, _EAST_ASIAN):
        found = form.match(text)
        if found:
            return _built({name: value or "" for name, value in found.groupdict().items()})
    return None


def _built(parts: dict[str, str]) -> datetime | None:
    month, day = _month_and_day(parts)
    hour = int(parts.get("hour") or 0)
    half = parts.get("half", "").lower()
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    year = int(parts["year"])
    year += (2000 if year < 70 else 1900) if len(parts["year"]) == 2 else 0
    second = min(int(parts.get("second") or 0), 59)
    try:
        local = datetime(year, month, day, hour % 24, int(parts.get("minute") or 0), second, tzinfo=UTC)
        return local + timedelta(days=hour // 24) - _offset(parts.get("zone", ""))
    except (ValueError, OverflowError):
        return None


def _month_and_day(parts: dict[str, str]) -> tuple[int, int]:
    """0 where it cannot be told: 3/4/2026 is March the fourth for some and the third of April for others."""
    if "first" in parts:
        first, second = int(parts["first"]), int(parts["second_number"])
        if first > 12 or first == second:
            return second, first
        return (first, second) if second > 12 else (0, 0)
    if "name" in parts:
        name = parts["name"].lower()
        month = _MONTH_OF.get(name[:4]) or _MONTH_OF.get(name[:3], 0)
        return month, int(parts["day"])
    return int(parts["month"]), int(parts["day"] or 1)


def _offset(zone: str) -> timedelta:
    found = _OFFSET.search(zone)
    if found:
        sign = -1 if found[1] == "-" else 1
        return sign * timedelta(hours=min(int(found[2]), 15), minutes=int(found[3] or 0))
    name = _ZONE_NAME.match(zone.upper())
    return timedelta(hours=_ZONES.get(name[1], 0.0)) if name else timedelta()


def _believed(text: str, guess: struct_time | None) -> datetime | None:
    """The guess, if its year and its day (or a neighbour, because of zones) stand in the text.

    A year of two digits counts where none of four is: the year -1 (`-0001-11-30`, a database's nothing) is not 2000.
    """
    if guess is None:
        return None
    try:
        read = datetime.fromtimestamp(timegm(guess), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    numbers = {int(number) for number in re.findall(r"\d{1,4}", text)}
    days = {(read + timedelta(days=shift)).day for shift in (-1, 0, 1)}
    years = {int(year) for year in _YEAR.findall(text)} or {number + 100 * (read.year // 100) for number in numbers}
    return read if read.year in years and days & numbers else None
