"""Made-up news: as many articles as wanted, of any length, no two alike, the same for the same seed.

Sentences are made of patterns whose gaps are filled from lists of words; an article keeps its people, its town and its
subject. None of it is true and none of it is copied.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from bench import words

_GAP = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Story:
    """One article's text. `paragraphs` are the body; the rest stands around it."""

    headline: str
    standfirst: str
    author: str
    section: str
    captions: tuple[str, ...]
    subheads: tuple[str, ...]
    paragraphs: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The headline as it stands in an address."""
        return "-".join(re.findall(r"[a-z0-9]+", self.headline.lower()))


class Writer:
    """Writes articles; `chance` decides everything."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def story(self, length: int) -> Story:
        """An article of about `length` words."""
        cast = self._cast()
        paragraphs: list[str] = []
        written = 0
        while written < length:
            sentences = [self._sentence(cast) for _ in range(self.chance.choice((1, 1, 2, 2, 2, 3, 3, 4)))]
            paragraphs.append(" ".join(sentences))
            written += paragraphs[-1].count(" ") + 1
        return Story(
            headline=self._filled(self.chance.choice(words.HEADLINES), cast),
            standfirst=self._sentence(cast),
            author=self.person(),
            section=self.chance.choice(words.SECTIONS),
            captions=tuple(self._filled(self.chance.choice(words.CAPTIONS), cast) for _ in range(length // 400 + 1)),
            subheads=tuple(self._filled(self.chance.choice(words.SUBHEADS), cast) for _ in range(length // 300)),
            paragraphs=tuple(paragraphs),
        )

    def headline(self) -> str:
        """The headline of some other article."""
        return self._filled(self.chance.choice(words.HEADLINES), self._cast())

    def person(self) -> str:
        """A name."""
        return f"{self.chance.choice(words.GIVEN)} {self.chance.choice(words.FAMILY)}"

    def _cast(self) -> dict[str, list[str]]:
        """Who and what one article is about."""
        pick = self.chance.choice
        return {
            "person": [self.person() for _ in range(4)],
            "town": [pick(words.TOWNS) for _ in range(2)],
            "body": [pick(words.BODIES) for _ in range(2)],
            "matter": [pick(words.MATTERS) for _ in range(2)],
        }

    def _sentence(self, cast: dict[str, list[str]]) -> str:
        said = self._filled(self.chance.choice(words.SENTENCES), cast)
        return said[0].upper() + said[1:]

    def _filled(self, pattern: str, cast: dict[str, list[str]]) -> str:
        def fill(gap: re.Match[str]) -> str:
            if gap[1] == "number":
                return f"{self.chance.choice((self.chance.randint(2, 99), self.chance.randint(100, 9900))):,}"
            return self.chance.choice(cast.get(gap[1]) or words.GAPS[gap[1]])

        while _GAP.search(pattern):
            pattern = _GAP.sub(fill, pattern)
        return pattern
