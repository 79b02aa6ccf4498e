"""The kinds of values a watch file holds: how each is written, read, checked and written back.

The loader gives every scalar as the text that was written; these types make a number, a time or a set of days of it.
A value that is already of the right type is taken as it is, so that models can be made in code too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from cssselect import HTMLTranslator, SelectorError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from core import urls
from core.text import one_line
from rules import durations, languages
from rules.words import spelling

_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = tuple(day[:3] for day in _LONG_DAYS)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME = re.compile(r"[^\W\d_][\w]*(?:-\w+)*")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_BUDGET = re.compile(r"([0-9]{1,6})(?:\s*/\s*day)?")
_ADDRESS = re.compile(r"(?:[^<>\r\n]*<)?[^\s<>@,;:\"]+@[^\s<>@,;:\"]+>?")
_WEB_URL = re.compile(r"https?://[^\s/?#\\]+(?:[/?#][^\s\\]*)?", re.IGNORECASE)
LONGEST_URL = 2_500  # bytes: feeds are kept by their addresses, and an index of PostgreSQL's holds 2,704
_CHANNEL_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*(?::[0-9]{1,5})?")


class Section(BaseModel):
    """What all parts of the file have in common: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def fault(message: str, hint: str = "") -> PydanticCustomError:
    """An error of a value; the loader turns it into a Problem with its place."""
    return PydanticCustomError("written", "{message}", {"message": message, "hint": hint})


def has_secret(value: object) -> bool:
    """Does the value still hold `${NAME}` (it is read without its secrets)? Then it cannot be judged."""
    return isinstance(value, str) and "${" in value


def _flag(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value in ("true", "True", "false", "False"):
        return value.lower() == "true"
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower(), "")
    raise fault("either true or false", f"write {meant}" if meant else "")


def _whole(value: object) -> object:
    if isinstance(value, str):
        if re.fullmatch(r"[0-9]{1,9}", value.strip()):
            return int(value)
        raise fault("a whole number is expected")
    return value


def _version(value: int) -> int:
    if value == 1:
        return value
    raise fault("this release reads version 1 of the format", "write version: 1")


def _text(value: str) -> str:
    text = one_line(value)
    if not text:
        raise fault("is empty")
    return text


def _length(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return durations.duration(value)
    except ValueError as error:
        raise fault(str(error)) from None


def _length_or(word: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        return None if isinstance(value, str) and value.strip().lower() == word else _length(value)

    return read


def _keep(value: object) -> object:
    """None is for ever, no time at all is not at all."""
    return timedelta() if isinstance(value, str) and value.strip().lower() == "none" else _length_or("forever")(value)


def _written_keep(length: timedelta | None) -> str:
    return "none" if length == timedelta() else _written_length("forever")(length)


def _every(value: object) -> object:
    length = _length_or("auto")(value)
    if isinstance(length, timedelta) and not timedelta(minutes=1) <= length <= timedelta(hours=24):
        raise fault("how often lies between 1m and 24h, or is auto")
    return length


def _written_length(word: str) -> Callable[[timedelta | None], str]:
    return lambda length: durations.written(length) if length is not None else word


def _time_of_day(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _TIME.fullmatch(value.strip())
    if found:
        return time(int(found[1]), int(found[2]))
    raise fault('a time of day is written "07:30", up to "23:59"', 'write "00:00"' if value == "24:00" else "")


def _days(value: object) -> object:
    """Weekdays as numbers, Monday 0: "mon-fri", "sat, sun", "fri-mon", or a list of such texts."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return value
    found: set[int] = set()
    for part in value:
        first, dash, last = str(part).strip().lower().partition("-")
        low, high = _day(first.strip()), _day(last.strip()) if dash else _day(first.strip())
        found.update(range(low, high + 1) if low <= high else [*range(low, 7), *range(high + 1)])
    if not found:
        raise fault("no day is named")
    return frozenset(found)


def _day(name: str) -> int:
    for number, day in enumerate(_LONG_DAYS):
        if len(name) >= 3 and day.startswith(name):
            return number
    raise fault("days are written mon, tue, wed, thu, fri, sat, sun, or as a range", "e.g. mon-fri")


def _written_days(days: frozenset[int]) -> str:
    ordered = sorted(days)
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{DAYS[ordered[0]]}-{DAYS[ordered[-1]]}"
    return ",".join(DAYS[day] for day in ordered)


def _budget(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _BUDGET.fullmatch(value.strip().lower())
    if not found or not int(found[1]):
        raise fault("a budget is a number of alerts a day", "write 50/day")
    return int(found[1])


def _origins(value: object) -> object:
    return 1 if value == "at_once" else _whole(value)


def _slug(value: str) -> str:
    if _SLUG.fullmatch(value) and len(value) <= 64:
        return value
    meant = re.sub(r"[^a-z0-9]+", "-", spelling(value).bare).strip("-")[:64].strip("-")  # Łódź: lodz
    hint = f"write {meant}" if _SLUG.fullmatch(meant) else ""
    raise fault("a name here is made of lower-case letters, digits and single hyphens, at most 64", hint)


def _name(value: str) -> str:
    if _NAME.fullmatch(value) and len(value) <= 64:
        return value
    raise fault("a name begins with a letter and goes on with letters, digits, _ or hyphens, at most 64")


def _language(value: str) -> str:
    if value in languages.CODES:
        return value
    meant = languages.meant(value)
    raise fault("a language is given by its two-letter code", f"write {meant}" if meant else "")


def _country(value: str) -> str:
    code = value.strip().upper()
    if re.fullmatch(r"[A-Z]{2}", code):
        return code
    raise fault("a country is given by its two-letter code, e.g. VN")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        meant = _meant_zone(value.strip().replace(" ", "_").lower())
        raise fault("no time zone of that name", f"did you mean {meant}?" if meant else "e.g. Europe/Paris") from None
    return value


def _meant_zone(name: str) -> str:
    by_name = {zone.lower(): zone for zone in zones()}
    by_city = {zone.rpartition("/")[2]: zone for zone in by_name}
    found = by_city.get(name) or next(iter(get_close_matches(name, by_name, n=1, cutoff=0.8)), "")
    return by_name.get(name) or by_name.get(found, "")


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """The names of all time zones, sorted."""
    return tuple(sorted(available_timezones()))


def _web_url(value: str) -> str:
    url = value.strip()
    if has_secret(url):
        return url
    if not _WEB_URL.fullmatch(url):
        raise fault("an address here begins with https:// or http://, and holds no blanks")
    if "@" in re.split(r"[/?#]", url[url.index("//") + 2 :], maxsplit=1)[0]:
        raise fault("an address here holds no user and password", "put them under headers: {Authorization: …}")
    if len(url.encode()) > LONGEST_URL:
        raise fault(f"an address here has at most {LONGEST_URL:,} bytes")
    if not urls.is_usable(url):
        raise fault("this address cannot be asked: its host is not a name or number that exists in one reading only")
    return url


def _site_url(value: str) -> str:
    return _web_url(value).rstrip("/") if value.strip() else ""


def _contact(value: str) -> str:
    contact = value.strip()
    if not contact or contact.startswith(("https://", "http://")):
        return contact and _web_url(contact)
    if _ADDRESS.fullmatch(contact.removeprefix("mailto:")) and "<" not in contact:
        return contact if contact.startswith("mailto:") else f"mailto:{contact}"
    raise fault("a contact is mailto: and an e-mail address, or an https address")


def _address(value: str) -> str:
    address = value.strip()
    if has_secret(address) or (_ADDRESS.fullmatch(address) and ("<" in address) == address.endswith(">")):
        return address
    raise fault("this is not an e-mail address", "write desk@example.org or Desk <desk@example.org>")


def _channel_url(value: str) -> str:
    url = value.strip()
    if has_secret(url) or _CHANNEL_URL.fullmatch(url):
        return url
    hint = 'e.g. "slack://…", "mailtos://…", "webhooks://…" or "terminal://"'
    raise fault("a channel's url is a scheme, :// and the rest, without blanks", hint)


def _header_name(value: str) -> str:
    if _HEADER_NAME.fullmatch(value):
        return value
    raise fault("this is not the name of an HTTP header")


def _header_value(value: str) -> str:
    if value.isprintable():
        return value.strip()
    raise fault("a header's value is one line without control characters")


def _host(value: str) -> str:
    host = value.strip().lower()
    if _HOST.fullmatch(host):
        return host
    raise fault("a host stands alone, without https:// and path", "e.g. example.org")


def _mail_host(value: str) -> str:
    name, _, port = _host(value).partition(":")
    if port:
        raise fault("a mail server's host stands without its port", f"write host: {name}, port: {port}")
    return name


def _selector(value: str) -> str:
    try:
        HTMLTranslator().css_to_xpath(value)
    except SelectorError as error:
        raise fault(f"not a CSS selector: {one_line(str(error), 100)}", "e.g. main h3 a") from None
    return value


KIND = "x-kind"  # in a schema: the type in a person's words


def _schema(kind: str, **keys: Any) -> WithJsonSchema:
    return WithJsonSchema({KIND: kind, **(keys or {"type": "string"})})


def _json(write: Callable[[Any], Any]) -> PlainSerializer:
    return PlainSerializer(write, when_used="json")


_LENGTH_PATTERN = r"[0-9]+(\.[0-9]+)?(s|m|min|h|d|w)"
_LENGTH_KIND = "length of time"
_LENGTH_SCHEMA = _schema(_LENGTH_KIND, type="string", pattern=f"^{_LENGTH_PATTERN}$")
_DAYS_SCHEMA = _schema("weekdays", anyOf=[{"type": "string"}, {"type": "array", "items": {"type": "string"}}])

Flag = Annotated[bool, BeforeValidator(_flag), _schema("true or false", type="boolean")]
Version = Annotated[int, AfterValidator(_version), BeforeValidator(_whole), _schema("1", const=1)]
Port = Annotated[int, Field(ge=1, le=65_535), BeforeValidator(_whole)]
Further = Annotated[int, Field(ge=2), BeforeValidator(_whole)]
Text = Annotated[str, AfterValidator(_text)]
Selector = Annotated[str, AfterValidator(_text), AfterValidator(_selector)]
Length = Annotated[timedelta, BeforeValidator(_length), _LENGTH_SCHEMA, _json(durations.written)]
Window = Annotated[
    timedelta,
    Field(ge=timedelta(minutes=1), le=timedelta(days=366)),
    BeforeValidator(_length),
    _LENGTH_SCHEMA,
    _json(durations.written),
]
Every = Annotated[
    timedelta | None,
    BeforeValidator(_every),
    _schema(f"auto or {_LENGTH_KIND}", type="string", pattern=f"^(auto|{_LENGTH_PATTERN})$"),
    _json(_written_length("auto")),
]
Keep = Annotated[
    timedelta | None,
    BeforeValidator(_keep),
    _schema(f"forever, none or {_LENGTH_KIND}", type="string", pattern=f"^(forever|none|{_LENGTH_PATTERN})$"),
    _json(_written_keep),
]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    _schema("time of day", type="string", pattern="^([01]?[0-9]|2[0-3]):[0-5][0-9]$"),
    _json(lambda at: f"{at:%H:%M}"),
]
Days = Annotated[frozenset[int], BeforeValidator(_days), _DAYS_SCHEMA, _json(_written_days)]
Budget = Annotated[
    int,
    BeforeValidator(_budget),
    _schema("number/day", anyOf=[{"type": "string", "pattern": "^[0-9]+/day$"}, {"type": "integer", "minimum": 1}]),
    _json(lambda number: f"{number}/day"),
]
Origins = Annotated[
    int,
    Field(ge=1),
    BeforeValidator(_origins),
    _schema("at_once or number", anyOf=[{"const": "at_once"}, {"type": "integer", "minimum": 1}]),
    _json(lambda number: "at_once" if number == 1 else number),
]
Slug = Annotated[str, AfterValidator(_slug), _schema("name", type="string", pattern=f"^{_SLUG.pattern}$", maxLength=64)]
Name = Annotated[str, AfterValidator(_name)]
Language = Annotated[
    str, AfterValidator(_language), _schema("language code", type="string", enum=sorted(languages.CODES))
]
Country = Annotated[str, AfterValidator(_country), _schema("country code", type="string", pattern="^[A-Za-z]{2}$")]
Zone = Annotated[str, AfterValidator(_zone), _schema("time zone")]
WebUrl = Annotated[str, AfterValidator(_web_url), _schema("URL")]
SiteUrl = Annotated[str, AfterValidator(_site_url), _schema("URL")]
Contact = Annotated[str, AfterValidator(_contact), _schema("mailto: or URL")]
Address = Annotated[str, AfterValidator(_address), _schema("e-mail address")]
ChannelUrl = Annotated[str, AfterValidator(_channel_url), _schema("URL")]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]
Host = Annotated[str, AfterValidator(_host), _schema("host")]
MailHost = Annotated[str, AfterValidator(_mail_host), _schema("host")]
