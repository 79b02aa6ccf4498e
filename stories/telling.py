"""An article as it tells a story, and how it is made of a text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache

from stories.event import Features, features_of
from stories.facts import Facts, facts_of
from stories.fingerprint import shingles
from stories.wires import wire_of

LEAD_PARAGRAPHS, LEAD_WORDS, SHORTEST_LEAD = 2, 120, 8
JUST_TOLD = 1_000  # tellings that are known again when they are made a second time


@dataclass(frozen=True)
class Telling:
    """An article as it tells a story: what is needed to compare it. `sentences` are those that matched the rule.

    `at` is when it was first seen; of an article from before, when it was published. `wire`, `owner`, `source` and
    `language` may be "". Features and facts take some 3 ms to find and 30 KB, and are kept as long as the telling is.
    """

    article: str
    title: str
    lead: str
    sentences: tuple[str, ...]
    at: datetime
    shingles: frozenset[int] = frozenset()
    wire: str = ""
    owner: str = ""
    source: str = ""
    language: str = ""

    @cached_property
    def features(self) -> Features:
        """The words it is compared by."""
        return features_of(self.title, self.lead, self.sentences, self.language)

    @cached_property
    def facts(self) -> Facts:
        """What it says that others would say, too."""
        return facts_of(self.title, self.lead, self.sentences, self.at, self.features)

    @cached_property
    def opened(self) -> Telling:
        """The same by its title, first paragraph and matched sentences alone."""
        return replace(self, lead=self.lead.split("\n")[0])


@lru_cache(maxsize=JUST_TOLD)
def just_told(telling: Telling) -> Telling:
    """The telling, or the one before that is equal: what is told as new is soon made again as one that is there."""
    return telling


def tell(
    article: str,
    title: str,
    text: str,
    at: datetime,
    *,
    sentences: Iterable[str] = (),
    author: str = "",
    owner: str = "",
    source: str = "",
    language: str = "",
) -> Telling:
    """The telling of an article: lead, shingles and wire are found in its text (paragraphs separated by newlines)."""
    return Telling(
        article=article,
        title=title,
        lead=lead_of(title, text),
        sentences=tuple(sentences),
        at=at,
        shingles=shingles(text),
        wire=wire_of(text, author),
        owner=owner,
        source=source,
        language=language,
    )


def lead_of(title: str, text: str) -> str:
    """The first two paragraphs of eight words or more (at most 120 words in all), the title said again left out."""
    paragraphs = [line.strip() for line in text.split("\n") if line.strip() and line.strip() != title.strip()]
    long = [line for line in paragraphs if len(line.split()) >= SHORTEST_LEAD or len(line) >= 8 * SHORTEST_LEAD]
    chosen = (long or paragraphs)[:LEAD_PARAGRAPHS]
    room = LEAD_WORDS
    lead = []
    for line in chosen:
        words = line.split(" ")[:room]
        room -= len(words)
        lead.append(" ".join(words))
    return "\n".join(line for line in lead if line)
