"""Takes out of a body's lines what no tree gave away: the headline again, time codes, counts, repeated lines. Pure."""

from __future__ import annotations

import re

SHORTEST_REPEAT = 20  # characters; shorter lines may well be said twice ("No.")
LONGEST_MARK = 45  # characters of a line that labels an advert, or holds times
LABELS_ABOVE = 2  # lines above the headline at most
SHORTEST_PART = 40  # of a line that is a part of another one: a caption or a quotation pulled out of it

_TIME_CODES = re.compile(r"\W*(?:\d{1,2}:)?\d{1,2}:\d{2}(?:\W+(?:\d{1,2}:)?\d{1,2}:\d{2})*\W*")
_FROM_NOUGHT = re.compile(r"(?<![\d:])0?0:00(?!\d)")
_COUNT = re.compile(r"\W*\d{1,6}(?: (?:comm?ent|kommentar|koment|reacti|reakti|комментари)\w*)?\W*", re.IGNORECASE)
_AD_LABEL = re.compile(
    r"^(?:[^.!?]*\s)?\W*advert(?:ise\w+nt)?s?\W*$|^\W*(?:ads?|sponsored|anzeige|werbung|publicit[éeàa]|publicidade?|pubblicità|reklam\w{0,2}|advertentie"
    r"|annons|annonse|реклама|广告|広告|إعلان)\W*$",
    re.IGNORECASE,
)
_QUOTES = " \"'“”„«»‘’"


def tidy(lines: list[str], title: str) -> list[str]:
    """The lines that say something, each once, without the title at their head."""
    lines = [line for line in (" ".join(line.split()) for line in lines) if line and not _is_mark(line)]
    while lines and _COUNT.fullmatch(lines[-1]):  # of comments
        lines.pop()
    return _said_once(_below_headline(lines, title))


def _below_headline(lines: list[str], title: str) -> list[str]:
    """Without the headline at the head, and without what is above it: a day, a number, a label."""
    for place, line in enumerate(lines[: LABELS_ABOVE + 1]):
        if title and _plain(line) == _plain(title):
            return lines[place + 1 :]
        if len(line) > LONGEST_MARK:
            break
    return lines


def is_player_time(text: str) -> bool:
    """Whether a text is a player's for sure: it starts at nought, or has more than one time."""
    return is_time_code(text) and (text.count(":") > 2 or bool(_FROM_NOUGHT.search(text)))


def is_time_code(text: str) -> bool:
    """Whether there is nothing in a text but a player's times, such as `0:00` or `12:01 / 1:02:03`."""
    return len(text) <= LONGEST_MARK and bool(_TIME_CODES.fullmatch(text))


def _is_mark(line: str) -> bool:
    if len(line) > LONGEST_MARK:
        return False
    return is_time_code(line) or bool(_AD_LABEL.search(line)) or not any(map(str.isalnum, line))


def _said_once(lines: list[str]) -> list[str]:
    everything = "\n".join(lines)
    kept: dict[str, None] = {}
    for n, line in enumerate(lines):
        bare = line.strip(_QUOTES)
        if len(bare) >= SHORTEST_PART and everything.count(bare) > 1 and _is_part(bare, lines, n):
            continue
        if len(line) >= SHORTEST_REPEAT and line in kept:
            continue
        kept[line if len(line) >= SHORTEST_REPEAT else f"{line}\n{n}"] = None
    return [line.partition("\n")[0] for line in kept]


def _is_part(bare: str, lines: list[str], n: int) -> bool:
    """Whether another line holds this one and more."""
    return any(bare in other and len(other.strip(_QUOTES)) > len(bare) for m, other in enumerate(lines) if m != n)


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
