"""Which story a telling belongs to, and whether it is a separate text there. Pure.

A copy or light rewrite joins the story of its original; other words join a story whose event they tell; everything
else, and every doubt, is a new story. Nothing is compared with everything: a Board finds its candidates by shared
shingles and rare words, so that its work grows with the number of tellings and not with its square.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.reasons import Reason
from stories.event import Likeness, likeness, same_words, shared_terms
from stories.fingerprint import COPY, containment
from stories.telling import Telling, features, tell
from stories.words import WORD

__all__ = ["Board", "OpenStory", "Placement", "Telling", "group", "place", "tell"]

COPY_SAME_SOURCE = 0.6  # a source reuses its own sentences: from it, only so much makes a copy
CANDIDATES = 16  # stories looked at closely for one telling
SPOKESMEN = 16  # separate texts of a story compared with: the first and the latest eight
COMMON_FROM = 50  # stories: a word in more than this many, and in over a fifth of all, finds no candidates
TWO_BEST_FROM = 3  # separate texts from which a story must be met by two: a long chain of likenesses drifts
COPIES_PER_HASH = 40  # tellings remembered for one shingle


@dataclass(frozen=True, slots=True)
class OpenStory:
    """A rule's story as it stands: its tellings, oldest first, and which separate text (from 1) each counts as."""

    id: str
    tellings: tuple[Telling, ...]
    origins: Mapping[str, int]
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a telling belongs. `story` None: a new one. `origin` numbers the separate text it counts as, from 1.

    `why` is a sentence for people; `score` is the containment or likeness that decided, 0 to 1.
    """

    story: str | None
    origin: int
    same_origin: bool
    reason: Reason
    why: str
    score: float


@dataclass(slots=True)
class _Story:
    first_at: datetime
    last_at: datetime
    origins: dict[str, int] = field(default_factory=dict)
    texts: dict[int, Telling] = field(default_factory=dict)  # origin → its first telling
    wires: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)

    def spokesmen(self) -> list[Telling]:
        texts = list(self.texts.values())
        return texts if len(texts) <= SPOKESMEN else texts[: SPOKESMEN // 2] + texts[-SPOKESMEN // 2 :]


class Board:
    """One rule's open stories, indexed. `place` asks, `add` tells it what was decided; neither does I/O."""

    def __init__(self, window: timedelta, stories: Iterable[OpenStory] = ()) -> None:
        self.window = window
        self._stories: dict[str, _Story] = {}
        self._by_article: dict[str, str] = {}
        self._by_hash: defaultdict[int, list[tuple[str, Telling]]] = defaultdict(list)
        self._by_term: defaultdict[str, set[str]] = defaultdict(set)
        for story in stories:
            for telling in story.tellings:
                self.add(telling, story.id, story.origins[telling.article])

    def __len__(self) -> int:
        return len(self._stories)

    def place(self, telling: Telling) -> Placement:
        """Where `telling` belongs; the board stays as it is."""
        if story := self._by_article.get(telling.article):
            origin = self._stories[story].origins[telling.article]
            return Placement(story, origin, True, Reason.SAME_ARTICLE, "this article is in the story already", 1.0)
        return self._copy(telling) or self._same_event(telling)

    def add(self, telling: Telling, story: str, origin: int) -> None:
        """Put `telling` into `story` (a new id begins one) as a copy of, or as, the separate text number `origin`."""
        entry = self._stories.setdefault(story, _Story(telling.at, telling.at))
        entry.first_at, entry.last_at = min(entry.first_at, telling.at), max(entry.last_at, telling.at)
        entry.origins[telling.article] = origin
        entry.texts.setdefault(origin, telling)
        if telling.wire:
            entry.wires.setdefault(telling.wire, origin)
        if telling.owner:
            entry.owners.setdefault(telling.owner.casefold(), origin)
        self._by_article[telling.article] = story
        for number in telling.shingles:
            if len(self._by_hash[number]) < COPIES_PER_HASH:
                self._by_hash[number].append((story, telling))
        for term in _finding_terms(telling):
            self._by_term[term].add(story)

    def forget(self, before: datetime) -> None:
        """Drop the stories whose last telling is older than `before`."""
        gone = {name for name, story in self._stories.items() if story.last_at < before}
        if gone:
            for name in gone:
                del self._stories[name]
            self._by_article = {article: story for article, story in self._by_article.items() if story not in gone}
            for number in [number for number, found in self._by_hash.items() if any(name in gone for name, _ in found)]:
                self._by_hash[number] = [(name, telling) for name, telling in self._by_hash[number] if name not in gone]
            for term in [term for term, names in self._by_term.items() if names & gone]:
                self._by_term[term] -= gone

    def _copy(self, telling: Telling) -> Placement | None:
        """The story of the text that this is most surely a copy of."""
        best: tuple[float, str, Telling] | None = None
        for story, other in self._sharing_hashes(telling):
            score = containment(telling.shingles, other.shingles)
            own = telling.source and telling.source == other.source
            if score >= (COPY_SAME_SOURCE if own else COPY) and (best is None or score > best[0]):
                best = (score, story, other)
        if best is None:
            return None
        score, story, other = best
        why = f"{score:.0%} of the shorter text is in “{other.title}”"
        return Placement(story, self._stories[story].origins[other.article], True, Reason.SAME_ORIGIN, why, score)

    def _sharing_hashes(self, telling: Telling) -> list[tuple[str, Telling]]:
        """Tellings within the window that share shingles, those that share most first."""
        found: Counter[str] = Counter()
        tellings: dict[str, tuple[str, Telling]] = {}
        for number in telling.shingles:
            for story, other in self._by_hash.get(number, ()):
                found[other.article] += 1
                tellings[other.article] = (story, other)
        near = (tellings[article] for article, _ in found.most_common(CANDIDATES))
        return [(story, other) for story, other in near if abs(telling.at - other.at) <= self.window]

    def _same_event(self, telling: Telling) -> Placement:
        """The story whose event this tells in other words, or a new one."""
        best: tuple[Likeness, str, Telling] | None = None
        for story in self._candidates(telling):
            like, nearest = self._compare(telling, self._stories[story])
            if best is None or like.margin > best[0].margin:
                best = (like, story, nearest)
        if best is None:
            return Placement(None, 1, False, Reason.NEW_STORY, "no open story shares its names and words", 0.0)
        like, story, nearest = best
        score = min(max(like.score, 0.0), 1.0)
        measure = f"“{nearest.title}” ({like.score:.2f}, needed {like.needed:.2f})"
        if like.margin < 0:
            return Placement(None, 1, False, Reason.NEW_STORY, f"the nearest is {measure}", score)
        why = f"shares {', '.join(shared_terms(features(telling), features(nearest))[:5])} with {measure}"
        origin, reason = self._origin(telling, self._stories[story], nearest)
        return Placement(story, origin, reason is not Reason.SAME_EVENT, reason, why, score)

    def _candidates(self, telling: Telling) -> list[str]:
        """The stories within the window that share most of the telling's rarer words, at least two."""
        shared: Counter[str] = Counter()
        common = max(COMMON_FROM, len(self._stories) // 5)
        for term in _finding_terms(telling):
            stories = self._by_term.get(term, ())
            if len(stories) <= common:
                shared.update(stories)
        inside = (
            story
            for story, count in shared.most_common()
            if count >= 2 and abs(telling.at - self._stories[story].first_at) <= self.window
        )
        return [story for story, _ in zip(inside, range(CANDIDATES), strict=False)]

    def _compare(self, telling: Telling, story: _Story) -> tuple[Likeness, Telling]:
        """The likeness to a story: to its nearest text, or to the two nearest where there are three or more."""
        mine = features(telling)
        likes = [(likeness(mine, features(other), telling.at - other.at), other) for other in story.spokesmen()]
        likes.sort(key=lambda pair: pair[0].margin, reverse=True)
        like, nearest = likes[0]
        if len(likes) >= TWO_BEST_FROM:
            like = Likeness((like.score + likes[1][0].score) / 2, like.needed)
        return like, nearest

    def _origin(self, telling: Telling, story: _Story, nearest: Telling) -> tuple[int, Reason]:
        """Which separate text of its story the telling counts as, and why."""
        if same_words(features(telling), features(nearest)):
            return story.origins[nearest.article], Reason.SAME_ORIGIN
        if telling.wire in story.wires:
            return story.wires[telling.wire], Reason.SAME_WIRE
        if telling.owner.casefold() in story.owners:
            return story.owners[telling.owner.casefold()], Reason.SAME_OWNER
        return max(story.texts) + 1, Reason.SAME_EVENT


def place(telling: Telling, stories: Sequence[OpenStory], *, window: timedelta) -> Placement:
    """Where `telling` belongs among a rule's open `stories`. For many tellings, keep a Board: this builds one."""
    return Board(window, stories).place(telling)


def group(tellings: Iterable[tuple[str, Telling]], *, window: timedelta) -> Iterator[tuple[str, Placement]]:
    """(rule, telling) pairs in the order of time into (story, placement) pairs: a story is named by its first article.

    Holds only what lies within two windows of the newest telling of each rule.
    """
    boards: defaultdict[str, Board] = defaultdict(lambda: Board(window))
    for number, (rule, telling) in enumerate(tellings, start=1):
        board = boards[rule]
        placement = board.place(telling)
        story = placement.story or telling.article
        board.add(telling, story, placement.origin)
        if number % 256 == 0:
            board.forget(telling.at - 2 * window)
        yield story, placement


def _finding_terms(telling: Telling) -> list[str]:
    """The terms by which stories are found: of the title and lead, without those of any news text."""
    return [term for term, weight in features(telling).head.items() if weight >= WORD or not term.isascii()]
