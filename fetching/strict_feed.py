"""The feed itself, where it leaves no doubt: what the lenient parser would have kept beside the entries."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from fetching.strict_children import OF_LINKS, Attributes, Children, Take, is_plain, mended, plainly_named
from fetching.strict_entry import EntryReader
from fetching.strict_names import OF_THE_FEED, PAGED, PERSON, PICTURE
from fetching.strict_tags import Doubt, Names, without_meaning


class FeedReader(Children):
    """Reads what stands beside the entries, into `feed`, with the lenient parser's keys."""

    def __init__(self, names: Names, entries: EntryReader) -> None:
        super().__init__(names)
        self.feed: dict[str, Any] = {}
        self._entries = entries
        self._has_summary = False

    def leaf(self, name: str) -> Take | None:
        """See Children."""
        if name in _TAKE:
            return _TAKE[name]
        if name != "image" and name not in _BY_PEOPLE:
            without_meaning(name)
        return None

    def branch(self, name: str, element: Element) -> None:
        """See Children."""
        if name == "image":
            self.names.pass_over_those_in(element, PICTURE)
        elif name in _TAKE:
            raise Doubt
        elif name in _BY_PEOPLE:
            self.names.pass_over_those_in(element, PERSON)
        else:
            self.names.pass_over(name, element)

    def _title(self, text: str, attributes: Attributes) -> None:
        if "title" in self.feed:
            raise Doubt
        is_plain(attributes, True)
        self.feed["title"] = text

    def _language(self, text: str, _: Attributes) -> None:
        self.feed["language"] = text

    def _ttl(self, text: str, attributes: Attributes) -> None:
        self._timed("ttl", text, attributes)

    def _period(self, text: str, attributes: Attributes) -> None:
        self._timed("sy_updateperiod", text, attributes)

    def _frequency(self, text: str, attributes: Attributes) -> None:
        self._timed("sy_updatefrequency", text, attributes)

    def _timed(self, name: str, text: str, attributes: Attributes) -> None:
        if attributes or self.names.inner_xlink:
            raise Doubt
        self.feed[name] = text

    def _link(self, _: str, attributes: Attributes) -> None:
        rel = attributes.get("rel", "").lower()
        if rel in PAGED:
            plainly_named(attributes, OF_LINKS)
            self.feed.setdefault("links", []).append({"rel": rel, "href": mended(attributes.get("href", ""))})

    def _description(self, _: str, attributes: Attributes) -> None:
        self._described(attributes, opens=False)

    def _summary(self, _: str, attributes: Attributes) -> None:
        self._described(attributes, opens=True)

    def _described(self, attributes: Attributes, *, opens: bool) -> None:
        is_plain(attributes, True)
        if self._has_summary and not self._entries.content_came:
            self._entries.content_came = True
        elif opens:
            self._has_summary = True


_BY_PEOPLE = OF_THE_FEED | {"contributor", "itunes_owner"}
_TAKE: dict[str, Take] = {
    "title": FeedReader._title,
    "language": FeedReader._language,
    "dc_language": FeedReader._language,
    "ttl": FeedReader._ttl,
    "sy_updateperiod": FeedReader._period,
    "sy_updatefrequency": FeedReader._frequency,
    "link": FeedReader._link,
    "description": FeedReader._description,
    "itunes_summary": FeedReader._summary,
}
