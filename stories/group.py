"""Which story a telling belongs to, and whether it is a separate text there. Pure.

A copy or light rewrite joins the story of its original; other words join a story whose event they tell; everything
else, and every doubt, is a new story. Few texts are compared closely: candidates are found by shared shingles and by
shared words first, by looking through (`place`) or in an index (`Board`), which decide alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.reasons import Reason
from stories.event import Likeness, likeness, same_words, shared_terms
from stories.fingerprint import COPY, FEWEST_SHARED, containment
from stories.telling import Telling, features, tell
from stories.words import spellings

__all__ = ["Board", "OpenStory", "Placement", "Telling", "group", "place", "tell"]

COPY_SAME_SOURCE = 0.6  # a source reuses its own sentences: from it, only so much makes a copy
CANDIDATES = 16  # stories looked at closely for one telling
SPOKESMEN = 16  # separate texts of a story compared with: the first and the latest eight
FEWEST_TERMS = 2  # of title and lead shared with a story before it is looked at
TWO_BEST_FROM = 3  # separate texts from which a story must be met by two: a long chain of likenesses drifts
FORGET_EVERY = 256  # tellings of one rule


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
    """A story while it is compared; `texts` has the first telling of each separate text."""

    id: str
    number: int  # in the order of beginning: earlier stories win a draw
    first_at: datetime
    last_at: datetime
    origins: dict[str, int] = field(default_factory=dict)
    texts: dict[int, Telling] = field(default_factory=dict)
    wires: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)

    def add(self, telling: Telling, origin: int) -> bool:
        """Take in a telling; whether it is the first of its separate text."""
        self.first_at, self.last_at = min(self.first_at, telling.at), max(self.last_at, telling.at)
        self.origins[telling.article] = origin
        if telling.wire:
            self.wires.setdefault(telling.wire, origin)
        if telling.owner:
            self.owners.setdefault(telling.owner.casefold(), origin)
        first = origin not in self.texts
        self.texts.setdefault(origin, telling)
        return first

    def spokesmen(self) -> list[Telling]:
        texts = list(self.texts.values())
        return texts if len(texts) <= SPOKESMEN else texts[: SPOKESMEN // 2] + texts[-SPOKESMEN // 2 :]


def place(telling: Telling, stories: Sequence[OpenStory], *, window: timedelta) -> Placement:
    """Where `telling` belongs among a rule's open `stories`: some microseconds for each telling they have."""
    gathered: list[_Story] = []
    copied: list[tuple[_Story, Telling]] = []
    shared: Counter[int] = Counter()
    finding = features(telling).finding
    for number, open_story in enumerate(story for story in stories if story.tellings):
        story = _gathered(open_story, number)
        gathered.append(story)
        if telling.article in story.origins:
            return _same_article(telling, story)
        copied += [(story, other) for other in open_story.tellings if _share_hashes(telling, other)]
        terms = set().union(*(finding & features(text).finding for text in story.texts.values()))
        shared[number] = len(terms)
    near = [(gathered[number], count) for number, count in shared.items()]
    return _decide(telling, copied, near, window)


class Board:
    """One rule's open stories, indexed, for placing many tellings. `place` asks; `add` tells it what was decided."""

    def __init__(self, window: timedelta, stories: Iterable[OpenStory] = ()) -> None:
        self.window = window
        self._stories: dict[str, _Story] = {}
        self._by_article: dict[str, _Story] = {}
        self._by_hash: defaultdict[int, list[tuple[_Story, Telling]]] = defaultdict(list)
        self._by_term: defaultdict[str, set[str]] = defaultdict(set)
        self._begun = 0
        for story in stories:
            for telling in story.tellings:
                self.add(telling, story.id, story.origins[telling.article])

    def __len__(self) -> int:
        return len(self._stories)

    def place(self, telling: Telling) -> Placement:
        """Where `telling` belongs; the board stays as it is."""
        if story := self._by_article.get(telling.article):
            return _same_article(telling, story)
        hashes: Counter[str] = Counter()
        tellings: dict[str, tuple[_Story, Telling]] = {}
        for number in telling.shingles:
            for story, other in self._by_hash.get(number, ()):
                hashes[other.article] += 1
                tellings[other.article] = (story, other)
        copied = [tellings[article] for article, count in hashes.items() if count >= FEWEST_SHARED]
        shared: Counter[str] = Counter()
        for term in features(telling).finding:
            shared.update(self._by_term.get(term, ()))
        near = [(self._stories[story_id], count) for story_id, count in shared.items()]
        return _decide(telling, copied, near, self.window)

    def add(self, telling: Telling, story: str, origin: int) -> None:
        """Put `telling` into `story` (a new id begins one) as a copy of, or as, the separate text number `origin`."""
        if story not in self._stories:
            self._begun += 1
            self._stories[story] = _Story(story, self._begun, telling.at, telling.at)
        entry = self._by_article[telling.article] = self._stories[story]
        if entry.add(telling, origin):
            for term in features(telling).finding:
                self._by_term[term].add(story)
        for number in telling.shingles:
            self._by_hash[number].append((entry, telling))

    def forget(self, before: datetime) -> None:
        """Drop the stories whose last telling is older than `before`."""
        gone = {name for name, story in self._stories.items() if story.last_at < before}
        for name in gone:
            del self._stories[name]
        self._by_article = {article: story for article, story in self._by_article.items() if story.id not in gone}
        hashes = ((key, [pair for pair in pairs if pair[0].id not in gone]) for key, pairs in self._by_hash.items())
        self._by_hash = defaultdict(list, {key: pairs for key, pairs in hashes if pairs})
        terms = ((key, found - gone) for key, found in self._by_term.items())
        self._by_term = defaultdict(set, {key: found for key, found in terms if found})


def group(tellings: Iterable[tuple[str, Telling]], *, window: timedelta) -> Iterator[tuple[str, Placement]]:
    """(rule, telling) pairs in the order of time into (story, placement) pairs: a story is named by its first article.

    Holds only what lies within two windows of the newest telling of each rule.
    """
    boards: defaultdict[str, Board] = defaultdict(lambda: Board(window))
    seen: Counter[str] = Counter()
    for rule, telling in tellings:
        board = boards[rule]
        placement = board.place(telling)
        story = placement.story or telling.article
        board.add(telling, story, placement.origin)
        seen[rule] += 1
        if seen[rule] % FORGET_EVERY == 0:
            board.forget(telling.at - 2 * window)
        yield story, placement


def _gathered(story: OpenStory, number: int) -> _Story:
    first = story.tellings[0]
    gathered = _Story(story.id, number, first.at, first.at)
    for telling in story.tellings:
        gathered.add(telling, story.origins[telling.article])
    return gathered


def _share_hashes(a: Telling, b: Telling) -> bool:
    return not a.shingles.isdisjoint(b.shingles) and len(a.shingles & b.shingles) >= FEWEST_SHARED


def _same_article(telling: Telling, story: _Story) -> Placement:
    why = "this article is in the story already"
    return Placement(story.id, story.origins[telling.article], True, Reason.SAME_ARTICLE, why, 1.0)


def _decide(
    telling: Telling, copied: list[tuple[_Story, Telling]], near: list[tuple[_Story, int]], window: timedelta
) -> Placement:
    """The placement, from tellings that share shingles and stories that share so many finding terms."""
    inside = [(story, other) for story, other in copied if abs(telling.at - other.at) <= window]
    if found := _copy(telling, inside):
        return found
    candidates = [
        (-count, story.number, story)
        for story, count in near
        if count >= FEWEST_TERMS and abs(telling.at - story.first_at) <= window
    ]
    return _same_event(telling, [story for _, _, story in sorted(candidates)[:CANDIDATES]])


def _copy(telling: Telling, candidates: list[tuple[_Story, Telling]]) -> Placement | None:
    """The story of the text that this is most surely a copy of."""
    copies = []
    for story, other in candidates:
        score = containment(telling.shingles, other.shingles)
        own = telling.source != "" and telling.source == other.source
        if score >= (COPY_SAME_SOURCE if own else COPY):
            copies.append((score, story, other))
    if not copies:
        return None
    score, story, other = max(copies, key=lambda copy: (copy[0], -copy[1].number, -copy[2].at.timestamp()))
    why = f"{score:.0%} of the shorter text is in “{other.title}”"
    return Placement(story.id, story.origins[other.article], True, Reason.SAME_ORIGIN, why, score)


def _same_event(telling: Telling, candidates: list[_Story]) -> Placement:
    """The story whose event this tells in other words, or a new one."""
    compared = [(*_compare(telling, story), story) for story in candidates]
    if not compared:
        return Placement(None, 1, False, Reason.NEW_STORY, "no open story shares its names and words", 0.0)
    like, nearest, story = max(compared, key=lambda found: found[0].margin)
    score = min(max(like.score, 0.0), 1.0)
    measure = f"“{nearest.title}” ({like.score:.2f}, needed {like.needed:.2f})"
    if like.margin < 0:
        return Placement(None, 1, False, Reason.NEW_STORY, f"the nearest is {measure}", score)
    spelt = spellings(f"{telling.title}\n{telling.lead}", features(telling).language)
    shared = (spelt.get(key, key) for key in shared_terms(features(telling), features(nearest))[:5])
    origin, reason = _origin(telling, story, nearest)
    why = f"shares {', '.join(shared)} with {measure}"
    return Placement(story.id, origin, reason is not Reason.SAME_EVENT, reason, why, score)


def _compare(telling: Telling, story: _Story) -> tuple[Likeness, Telling]:
    """The likeness to a story: to its nearest text, or the mean of the two nearest where there are three or more."""
    mine = features(telling)
    likes = [(likeness(mine, features(other), telling.at - other.at), other) for other in story.spokesmen()]
    likes.sort(key=lambda pair: pair[0].margin, reverse=True)
    like, nearest = likes[0]
    if len(likes) >= TWO_BEST_FROM:
        like = Likeness((like.score + likes[1][0].score) / 2, like.needed)
    return like, nearest


def _origin(telling: Telling, story: _Story, nearest: Telling) -> tuple[int, Reason]:
    """Which separate text of its story the telling counts as, and why."""
    if same_words(features(telling), features(nearest)):
        return story.origins[nearest.article], Reason.SAME_ORIGIN
    if telling.wire in story.wires:
        return story.wires[telling.wire], Reason.SAME_WIRE
    if telling.owner.casefold() in story.owners:
        return story.owners[telling.owner.casefold()], Reason.SAME_OWNER
    return max(story.texts) + 1, Reason.SAME_EVENT
