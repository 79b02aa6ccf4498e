"""Items of a polled document, each with what it is known again by. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from core import urls
from core.reasons import Reason
from core.text import clean
from fetching import identity
from fetching.entries import ParsedEntry
from rules.tokens import words
from storage.tables import Feed

SAME_ITEM = 0.5  # share of the shorter text's pairs of neighbouring words that an edit leaves: two items share under .1
ALL_BUT_SAME = 0.8  # the same share among three or more: one form filled in for towns shares .5 to .75
AT_ONCE = 500  # items whose keys are asked for together


@dataclass(frozen=True, eq=False)
class Item:
    """A parsed entry with its keys; the one of its words is made when it is asked for."""

    entry: ParsedEntry
    key: str
    url: str  # to show, and to fetch where it is one article's; "" without a usable link
    url_key: str  # what addresses are compared by, "" without one of its own
    refused: Reason | None

    @cached_property
    def text_key(self) -> str:
        """What words are compared by: asked for of new items, and where ids and addresses do not settle it."""
        return identity.text_key(self.entry)

    @classmethod
    def of(cls, entry: ParsedEntry, feed: Feed) -> Item:
        """Compute the keys once."""
        url, refused = identity.entry_link(entry, feed.fetch_url)
        url_key = urls.article_key(url) if url else ""
        return cls(entry, clean(identity.entry_key(entry)), url, url_key, refused)

    def by_words_alone(self) -> Item:
        """The same without an address of its own."""
        key = self.key if self.entry.guid else identity.words_key(self.entry)
        return replace(self, key=key, url_key="", refused=Reason.SHARED_URL)

    def words(self) -> str:
        """What it says."""
        return f"{self.entry.title}\n{self.entry.content or self.entry.summary}"


def of_document(entries: Sequence[ParsedEntry], feed: Feed) -> list[Item]:
    """The items of one document, without repeats."""
    return _distinct(_apart([Item.of(entry, feed) for entry in entries]))


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many at a time as one question names."""
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _apart(items: Sequence[Item]) -> list[Item]:
    """An address that one document gives to different items (all notices of an office lead to one page) is none of an
    article: each of them is read by its words alone, and still shows the address.
    """
    shared = _names_of_several([(item.url_key, item) for item in items if item.url_key])
    return [item.by_words_alone() if item.url_key in shared else item for item in items]


def _distinct(items: Sequence[Item]) -> list[Item]:
    """Without the repeats that some documents hold: the same key with the same address or the same words. Without an
    address, items under one key are repeats unless they are different items.
    """
    often = Counter(item.key for item in items)
    shared = _names_of_several([(item.key, item) for item in items if not item.url_key])
    distinct: list[Item] = []
    taken: set[tuple[str, str]] = set()
    for item in items:
        names = {(item.key, item.url_key)} if item.url_key or item.key not in shared else set()
        if often[item.key] > 1:
            names.add((item.key, item.text_key))
        if taken.isdisjoint(names):
            distinct.append(item)
        taken |= names
    return distinct


def _names_of_several(named: Sequence[tuple[str, Item]]) -> set[str]:
    """The names under which different items stand: two of which hardly any words are the same, or three of which some
    are not. Two wordings of one article, a headline and its correction, share most.
    """
    often = Counter(name for name, _ in named)
    wordings: dict[str, dict[str, Item]] = defaultdict(dict)
    for name, item in named:
        if often[name] > 1:
            wordings[name].setdefault(item.text_key, item)
    return {name for name, some in wordings.items() if _are_others([one.words() for one in some.values()])}


def _are_others(wordings: Sequence[str]) -> bool:
    least = SAME_ITEM if len(wordings) == 2 else ALL_BUT_SAME
    return any(share_of_words(wordings[0], other) < least for other in wordings[1:])


def share_of_words(one: str, other: str) -> float:
    """The share of the shorter text's pairs of neighbouring words that the other one has; 1 where there are none."""
    a, b = _neighbours(one), _neighbours(other)
    return len(a & b) / min(len(a), len(b)) if a and b else 1.0


def _neighbours(text: str) -> set[tuple[str, str]]:
    """The pairs of words that stand beside each other."""
    return set(pairwise(words(text.casefold())))
