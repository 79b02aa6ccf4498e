"""Write `stories/cldr.json`: what countries, their people, their towns, weekdays and months are called.

    .venv/bin/python tools/calendars.py

Taken from CLDR (Babel) and from what the rules know beside it (`rules/territories/more.txt`), for the languages below.
Run it when either has changed, and keep what it wrote if `python -m bench.stories` is no worse. Beginnings (egipci*)
are left out: the stories make stems of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel import Locale
from babel.core import get_global

ROOT = Path(__file__).parents[1]
_TONGUES = "ar cs da de el en es fa fi fr he hi hu id it ja ko nb nl pl pt ro ru sv th tr uk vi zh"
LANGUAGES = tuple(_TONGUES.split(" "))
# the country that the name of a language stands for, as an adjective, where that is nearly always one
_SPOKEN = """
    az:AZ be:BY bg:BG cs:CZ da:DK de:DE el:GR en:GB es:ES et:EE fi:FI fr:FR he:IL hr:HR hu:HU hy:AM id:ID is:IS it:IT
    ja:JP ka:GE kk:KZ km:KH ky:KG lo:LA lt:LT lv:LV mk:MK mn:MN ne:NP nb:NO nl:NL pl:PL pt:PT ro:RO ru:RU sk:SK sl:SI
    sq:AL sv:SE tg:TJ th:TH tr:TR uk:UA uz:UZ vi:VN zh:CN"""
SPOKEN_IN = {pair[:2]: pair[3:] for pair in _SPOKEN.split()}
MASKS = 2  # the column of names that only sound like the country
NOWHERE = ("ZZ", "XA", "XB", "EZ", "QO", "AQ")
BRACKETS = re.compile(r"\s*[(（][^)）]*[)）]")


def document() -> dict[str, dict[str, dict[str, Any]]]:
    """Language → kind → name → what it stands for."""
    more = list(_more())
    return {language: _of(Locale.parse(language), language, more) for language in LANGUAGES}


def _of(locale: Locale, language: str, more: list[tuple[str, str, str]]) -> dict[str, dict[str, Any]]:
    masks = [(name, code) for tag, code, name in more if tag == language and not code]
    named = [
        *masks,
        *((name, code) for zone, code, name in _towns(locale) if len(code) == 2),
        *((locale.languages.get(tag, ""), code) for tag, code in SPOKEN_IN.items()),
        *(
            (name, code)
            for code, name in locale.territories.items()
            if re.fullmatch("[A-Z]{2}", code) and code not in NOWHERE
        ),
        *((name, code) for tag, code, name in more if tag == language and code),
    ]
    places = {BRACKETS.sub("", name).casefold(): code for name, code in named}
    names = {name.removesuffix("語").removesuffix("语").removeprefix("tiếng "): code for name, code in places.items()}
    shortest = 2 if language in ("zh", "ja", "ko", "th", "vi", "en") else 3
    return {
        "places": {name: code for name, code in sorted(names.items()) if len(name) >= shortest},
        "days": _named(locale.days, hebrew=language == "he"),
        "months": _named(locale.months, hebrew=language == "he"),
    }


def _towns(locale: Locale) -> Iterator[tuple[str, str, str]]:
    for zone, code in get_global("zone_territories").items():
        own = zone.rsplit("/", 1)[-1].replace("_", " ") if zone.count("/") else ""
        name = locale.time_zones.get(zone, {}).get("city") or (own if locale.language == "en" else "")
        if name and zone.count("/") == 1 and code not in NOWHERE:
            yield zone, code, name


def _more() -> Iterator[tuple[str, str, str]]:
    for line in (ROOT / "rules" / "territories" / "more.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            key, _, rest = line.partition(":")
            code, language = key.split()
            for number, column in enumerate(rest.split("|")):
                for name in (name for name in column.split(";") if "*" not in name):
                    yield language, code if number < MASKS else "", name.strip().removeprefix("=").removeprefix("the ")


def _named(calendar: Any, *, hebrew: bool) -> dict[str, int]:
    found: dict[str, int] = {}
    for context in ("stand-alone", "format"):
        for number, name in calendar[context]["wide"].items():
            if not "\u0590" <= name[0] <= "\u05ff" or hebrew:
                found[str(name).casefold()] = int(number)
    return found


if __name__ == "__main__":
    text = json.dumps(document(), ensure_ascii=False, separators=(",", ":")).replace('"},"', '"},\n"')
    (ROOT / "stories" / "cldr.json").write_text(text + "\n", "utf-8")
