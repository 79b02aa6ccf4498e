"""Lists of feeds: OPML, as every reader exports it, and plain lists of addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree

from core import urls
from core.errors import ConfigError, InputError, ItemFailed, Problem
from core.text import one_line
from fetching.charset import decoded

MOST_BYTES = 10_000_000
MOST_FEEDS = 50_000

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_COMMENT = re.compile(r"(?:\A|\s)#.*")
_DOCTYPE = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_FEED = re.compile(r"\Afeed(?::(?://)?(?=https?://)|(?=://))", re.IGNORECASE)  # what browsers once wrote of feeds
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class Subscription:
    """One feed of a list. `tags` are the folders it lay in, outermost first; `site` is the page it belongs to; `line`
    is where the list names it, 0 if that is not known.
    """

    url: str
    title: str = ""
    tags: tuple[str, ...] = ()
    site: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class FeedList:
    """The feeds that a list names, each once, and the lines of it whose addresses cannot be used."""

    feeds: tuple[Subscription, ...]
    unusable: tuple[Problem, ...] = ()


def read(source: str | bytes, *, name: str = "feeds.opml") -> FeedList:
    """The feeds of an OPML document or of a list with one address a line.

    In a list, `#` begins a comment and words after an address are tags, parted by commas. Raises ConfigError (an
    InputError) where no address can be used; a document with a DOCTYPE is refused, its entities could be bombs.
    """
    if len(source) > MOST_BYTES:
        raise InputError(f"{name}: larger than {MOST_BYTES // 1_000_000} MB")
    text = (source if isinstance(source, str) else decoded(source)).removeprefix("\ufeff")
    found = _outlines(text, name) if text.lstrip().startswith("<") else _lines(text)
    once: dict[str, Subscription] = {}
    unusable = []
    for one in found:
        if why := _fault(one.url):
            unusable.append(Problem(why, one.line))
        else:
            once.setdefault(one.url, one)
    if unusable and not once:
        raise ConfigError(name, unusable)
    if not once:
        raise InputError(
            f"{name}: names no feeds", hint="an OPML file has <outline xmlUrl=…>, a list an address a line"
        )
    if len(once) > MOST_FEEDS:
        raise InputError(f"{name}: {len(once)} feeds are more than {MOST_FEEDS}")
    return FeedList(tuple(once.values()), tuple(unusable))


def write(feeds: Iterable[Subscription], *, title: str = "wirewatch feeds") -> str:
    """The feeds as OPML 2.0; those with the same first tag share a folder, the others follow."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _xml(title)
    body = etree.SubElement(root, "body")
    folders: dict[tuple[str, ...], etree._Element] = {(): body}
    for feed in feeds:
        attributes = {"type": "rss", "text": feed.title or feed.url, "title": feed.title, "xmlUrl": feed.url}
        attributes["htmlUrl"] = feed.site
        kept = {key: _xml(value) for key, value in attributes.items() if value}
        etree.SubElement(_folder(folders, feed.tags), "outline", kept)
    document = etree.tostring(root, pretty_print=True, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'


def _folder(folders: dict[tuple[str, ...], etree._Element], path: tuple[str, ...]) -> etree._Element:
    for depth in range(1, len(path) + 1):
        if path[:depth] not in folders:
            label = _xml(path[depth - 1])
            folders[path[:depth]] = etree.SubElement(folders[path[: depth - 1]], "outline", text=label, title=label)
    return folders[path]


def _xml(text: str) -> str:
    return _NOT_XML.sub("", one_line(text))


def _web(address: str) -> str:
    """`feed://host/rss` and `feed:https://host/rss` as the addresses that they stand for."""
    return _FEED.sub(lambda found: "http" if found[0].lower() == "feed" else "", address)


def _fault(url: str) -> str:
    try:
        urls.check(url)
    except ItemFailed as fault:
        return f"{fault.item}: {fault.detail}"
    return ""


def _lines(text: str) -> list[Subscription]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        address, _, rest = _COMMENT.sub("", line).strip().partition(" ")
        if address:
            tags = tuple(tag.strip() for tag in rest.split(",") if tag.strip())
            found.append(Subscription(_web(address), tags=tags, line=number))
    return found


def _outlines(text: str, name: str) -> list[Subscription]:
    found = []
    for outline in _root(text, name).iter("{*}outline"):
        values = _attributes(outline)
        if values.get("xmlurl"):
            title = values.get("title") or values.get("text", "")
            line = outline.sourceline if isinstance(outline.sourceline, int) else 0
            site = values.get("htmlurl", "")
            found.append(Subscription(_web(values["xmlurl"]), title[:200], _tags(outline), site, line))
    return found


def _attributes(outline: etree._Element) -> dict[str, str]:
    """By name in lower case: readers do not agree on the case."""
    return {str(key).lower(): one_line(str(value), 2000) for key, value in outline.attrib.items()}


def _tags(outline: etree._Element) -> tuple[str, ...]:
    above = [_attributes(one) for one in outline.iterancestors("{*}outline")]
    named = (one.get("title") or one.get("text", "") for one in reversed(above) if "xmlurl" not in one)
    return tuple(dict.fromkeys(tag[:100] for tag in named if tag))


def _root(text: str, name: str) -> etree._Element:
    if _DOCTYPE.search(text):
        raise InputError(f"{name}: has a DOCTYPE, which is refused", hint="remove it: OPML needs none")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_NOT_XML.sub("", _DECLARATION.sub("", text)).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as fault:
        line, column = fault.position
        raise ConfigError(name, [Problem(f"no OPML: {fault.msg}", line or 0, column or 0)]) from fault
    local = etree.QName(root).localname
    if local.lower() != "opml":
        raise InputError(f"{name}: its root element is <{local}>, not <opml>")
    return root
