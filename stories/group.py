"""Which story a telling belongs to, and whether it is a separate text there. Pure.

A copy or light rewrite joins the story of its original; other words join a story whose event they tell; everything
else, and every doubt, is a new story. Few texts are compared closely: candidates are found by shared shingles and by
shared words first, by looking through (`place`) or in an index (`Board`), which decide alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.reasons import Reason
from stories.copies import Kinship, is_copy, kinship, same_words, share_sentences
from stories.event import likeness
from stories.evidence import Spread, Weighed, measured, shared, weigh, worded
from stories.fingerprint import FEWEST_SHARED
from stories.telling import Telling, tell

__all__ = ["Board", "OpenStory", "Placement", "Telling", "group", "place", "tell"]

CANDIDATES = 16  # stories looked at closely for one telling
SPOKESMEN = 16  # texts of a story compared with: the first and the latest eight
FEWEST_TERMS = 1  # of title and lead shared with a story before it is looked at
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
    """A story while it is compared; `texts` has the first telling of each separate text, `told` all but copies."""

    id: str
    first_at: datetime
    last_at: datetime
    origins: dict[str, int] = field(default_factory=dict)
    texts: dict[int, Telling] = field(default_factory=dict)
    told: list[Telling] = field(default_factory=list)
    wires: dict[str, int] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)

    def add(self, telling: Telling, origin: int) -> bool:
        """Take in a telling; whether it says anything that no other text of the story says."""
        self.first_at, self.last_at = min(self.first_at, telling.at), max(self.last_at, telling.at)
        self.origins[telling.article] = origin
        if telling.wire:
            self.wires.setdefault(telling.wire, origin)
        if telling.owner:
            self.owners.setdefault(telling.owner.casefold(), origin)
        known = self.texts.setdefault(origin, telling)
        new = known is telling or not is_copy(telling, known)
        if new:
            self.told.append(telling)
        return new

    def age(self) -> tuple[datetime, str]:
        """Earlier stories win a draw."""
        return self.first_at, self.id

    def spokesmen(self) -> list[Telling]:
        half = SPOKESMEN // 2
        return self.told if len(self.told) <= SPOKESMEN else self.told[:half] + self.told[-half:]


def place(telling: Telling, stories: Sequence[OpenStory], *, window: timedelta) -> Placement:
    """Where `telling` belongs among a rule's open `stories`: some microseconds for each telling they have,
    and some milliseconds for each of which it was not yet asked what it says (`Telling.facts`).
    """
    near: list[tuple[_Story, int]] = []
    copied: list[tuple[_Story, Telling]] = []
    spread: Counter[str] = Counter()
    finding = telling.facts.finding
    for open_story in (story for story in stories if story.tellings):
        story = _gathered(open_story)
        if telling.article in story.origins:
            return _same_article(telling, story)
        copied += [(story, other) for other in open_story.tellings if share_sentences(telling, other)]
        terms = set().union(*(finding & text.facts.finding for text in story.told))
        near.append((story, len(terms)))
        spread.update(terms)
    return _decide(telling, copied, near, spread, window)


class Board:
    """One rule's open stories, indexed, for placing many tellings. `place` asks; `add` tells it what was decided."""

    def __init__(self, window: timedelta, stories: Iterable[OpenStory] = ()) -> None:
        self.window = window
        self._stories: dict[str, _Story] = {}
        self._by_article: dict[str, _Story] = {}
        self._by_hash: defaultdict[int, list[tuple[_Story, Telling]]] = defaultdict(list)
        self._by_term: defaultdict[str, set[str]] = defaultdict(set)
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
        spread: dict[str, int] = {}
        for term in telling.facts.finding:
            shared.update(found := self._by_term.get(term, ()))
            spread[term] = len(found)
        near = [(self._stories[story_id], count) for story_id, count in shared.items()]
        return _decide(telling, copied, near, spread, self.window)

    def add(self, telling: Telling, story: str, origin: int) -> None:
        """Put `telling` into `story` (a new id begins one) as a copy of, or as, the separate text number `origin`."""
        if story not in self._stories:
            self._stories[story] = _Story(story, telling.at, telling.at)
        entry = self._by_article[telling.article] = self._stories[story]
        if entry.add(telling, origin):
            for term in telling.facts.finding:
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


def _gathered(story: OpenStory) -> _Story:
    first = story.tellings[0]
    gathered = _Story(story.id, first.at, first.at)
    for telling in story.tellings:
        gathered.add(telling, story.origins[telling.article])
    return gathered


def _same_article(telling: Telling, story: _Story) -> Placement:
    why = "this article is in the story already"
    return Placement(story.id, story.origins[telling.article], True, Reason.SAME_ARTICLE, why, 1.0)


def _decide(
    telling: Telling,
    copied: list[tuple[_Story, Telling]],
    near: list[tuple[_Story, int]],
    spread: Spread,
    window: timedelta,
) -> Placement:
    """The placement, from tellings that share shingles and stories that share so many finding terms."""
    kin = [(kinship(telling, other), story, other) for story, other in copied if abs(telling.at - other.at) <= window]
    filled = {story.id: other for found, story, other in kin if found.form}
    if copy := _copy([one for one in kin if one[1].id not in filled]):
        return copy
    candidates = [
        (-count, *story.age(), story)
        for story, count in near
        if count >= FEWEST_TERMS and abs(telling.at - story.first_at) <= window and story.id not in filled
    ]
    below = {story.id for found, story, _ in kin if found.below}
    looked_at = [story for *_, story in sorted(candidates, key=lambda one: one[:3])[:CANDIDATES]]
    if filled and not looked_at:
        why = f"it is the form of “{min(filled.items())[1].title}”, filled in for another event"
        return Placement(None, 1, False, Reason.NEW_STORY, why, 0.0)
    return _same_event(telling, looked_at, spread, below)


def _copy(kin: list[tuple[Kinship, _Story, Telling]]) -> Placement | None:
    """The story of the text that the telling is most surely a copy of."""
    copies = [(found.copied, story, other) for found, story, other in kin if found.copy]
    if not copies:
        return None
    score, story, other = min(copies, key=lambda copy: (-copy[0], *copy[1].age(), copy[2].at, copy[2].article))
    why = f"{score:.0%} of the shorter text is in “{other.title}”"
    return Placement(story.id, story.origins[other.article], True, Reason.SAME_ORIGIN, why, score)


def _same_event(telling: Telling, candidates: list[_Story], spread: Spread, below: Collection[str]) -> Placement:
    """The story whose event this tells in other words, or a new one; by their openings alone with those stories that it
    shares what stands `below` them with.
    """
    if not candidates:
        return Placement(None, 1, False, Reason.NEW_STORY, "no open story shares its names, places, days or words", 0.0)
    compared = [(_compare(telling, story, spread, opened=story.id in below), story) for story in candidates]
    weighed, story = max(compared, key=lambda found: found[0].margin)
    nearest = _nearest(telling, story)
    if weighed.margin < 0:
        reasons = ", ".join(worded(weighed, against=True)) or "too little is shared"
        why = f"the nearest is “{nearest.title}”, but {reasons} {measured(weighed)}"
        return Placement(None, 1, False, Reason.NEW_STORY, why, weighed.score)
    origin, reason = _origin(telling, story, nearest)
    what = shared(telling.facts, [one.facts for one in story.spokesmen()], f"{telling.title}\n{telling.lead}")
    why = f"shares {', '.join([*what, *worded(weighed)])} with “{nearest.title}” {measured(weighed)}"
    return Placement(story.id, origin, reason is not Reason.SAME_EVENT, reason, why, weighed.score)


def _compare(telling: Telling, story: _Story, spread: Spread, *, opened: bool) -> Weighed:
    mine, *texts = [one.opened if opened else one for one in (telling, *story.spokesmen())]
    return weigh((mine.features, mine.facts), [(one.features, one.facts) for one in texts], spread)


def _nearest(telling: Telling, story: _Story) -> Telling:
    """The text of a story that is most like it, or its first where none can be compared."""
    mine = telling.features
    return max(story.spokesmen(), key=lambda other: likeness(mine, other.features, telling.at - other.at).margin)


def _origin(telling: Telling, story: _Story, nearest: Telling) -> tuple[int, Reason]:
    """Which separate text of its story the telling counts as, and why."""
    if same_words(telling.features, nearest.features):
        return story.origins[nearest.article], Reason.SAME_ORIGIN
    if telling.wire in story.wires:
        return story.wires[telling.wire], Reason.SAME_WIRE
    if telling.owner.casefold() in story.owners:
        return story.owners[telling.owner.casefold()], Reason.SAME_OWNER
    return max(story.texts) + 1, Reason.SAME_EVENT
