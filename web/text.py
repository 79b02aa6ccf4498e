"""Values as HTML: text from the web is escaped, links lead to http(s) only, times say that they are UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from markupsafe import Markup, escape

from alerts.inert import safe_link
from core.errors import WirewatchError
from core.reasons import Reason

CHOICES = 300  # rules or feeds in a list to choose from
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def marked(sentence: str, marks: Iterable[Sequence[int]]) -> Markup:
    """A sentence with its matched words in <mark>; everything else escaped. Marks that touch become one."""
    out, at = Markup(), 0
    for start, end in _joined(marks, len(sentence)):
        out += escape(sentence[at:start]) + Markup("<mark>%s</mark>") % sentence[start:end]
        at = end
    return out + escape(sentence[at:])


def _joined(marks: Iterable[Sequence[int]], length: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted((max(0, mark[0]), min(mark[1], length)) for mark in marks):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def outside(text: str, url: str) -> Markup:
    """A link to somebody else's page, telling it nothing of us; plain text when it is no http(s) link."""
    link = safe_link(url)
    return Markup('<a href="%s" rel="noopener noreferrer">%s</a>') % (link, text) if link else escape(text)


def when(at: datetime | None) -> Markup:
    """A time as people read it, in UTC; a dash for none."""
    if at is None:
        return Markup('<span class="quiet">–</span>')
    return Markup('<time datetime="%s">%s</time>') % (at.isoformat(), f"{at:%d %b %Y, %H:%M} UTC")


def short(at: datetime | None) -> Markup:
    """A time in a column of times: day, month and minute, whole in its title; a dash for none."""
    if at is None:
        return Markup('<span class="quiet">–</span>')
    return Markup('<time datetime="%s" title="%s">%s</time>') % (
        at.isoformat(),
        f"{at:%d %b %Y, %H:%M:%S} UTC",
        f"{at:%d %b %H:%M}",
    )


def why(reason: str) -> str:
    """The sentence of a stored Reason; what is none stays as it is, "" stays empty."""
    return Reason.said(reason)


def plain_xml(text: str) -> str:
    """Text without the characters that no XML document may hold."""
    return _NOT_XML.sub("", text)


def counted(number: int, one: str, many: str) -> str:
    """`1 article`, `2 articles`."""
    return f"{number:,} {one if number == 1 else many}"


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def told(error: WirewatchError) -> str:
    """An error as a page says it: what is wrong, and what to do."""
    hint = f" {error.hint[:1].upper()}{error.hint[1:]}." if error.hint else ""
    return f"Not done: {error.message}.{hint}"


def capped(number: int, most: int) -> str:
    """`9,999`, then `10,000+`: more is not counted."""
    return f"{number:,}" if number < most else f"{most:,}+"


def choices(names: Iterable[str], chosen: str) -> list[str]:
    """What to choose from, with what is chosen; nothing when there is too much to be read: then one is written."""
    known = sorted({*names, *([chosen] if chosen else ())})
    return known if len(known) <= CHOICES else []
