"""What the operators have to hear of: which troubles there are, and which are over. Pure; lookout.py gathers and tells.

A trouble is named by a key, is told once and is open until it is over: a feed that died (`feed:`), one that brings
nothing for longer than it ever did (`silent:`), a site whose pages are no longer read (`site:`), no feed answering at
all (`feeds`), a channel whose messages wait (`waiting:`) or are given up (`given-up:`), a rule switched off
(`rule-off:`), a paused target (`channel:`), a machine that sends nothing (`sent.log:`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from core.text import one_line

DEAD_AFTER = timedelta(days=1)  # without a usable answer
DEAD_FAILURES = 3.0  # weighed: one failure after a long sleep of our own says nothing of the feed
NOBODY_AFTER = timedelta(hours=1)  # that no feed at all answered: our own network, mostly
NOBODY_FEEDS = 3  # from so many feeds on
HABIT_DAYS = timedelta(days=60)  # what is looked at to learn a feed's habit
HABIT_NEWS = 10  # polls with news in them, at least
HABIT_SPAN = timedelta(days=14)  # over so long, at least: two weekends
SILENT_TIMES = 2  # the longest pause it ever made
SILENT_LEAST = timedelta(days=1)
REFUSED = 7  # attempts at one message, which are three quarters of an hour
GIVEN_UP = timedelta(days=1)  # without a further dead letter, and the trouble is over
SITE_LATELY = timedelta(days=2)
SITE_BEFORE = timedelta(days=14)  # the time before that, which it is compared with
SITE_PAGES, SITE_PAGES_BEFORE = 8, 16  # fewer pages tell nothing
SITE_GOOD = 0.5  # share read in full that a site must have had to be able to collapse
SITE_FELL, SITE_BACK = 0.5, 0.75  # of the share before: below, it collapsed; from here on it is back

NOBODY = "feeds"


@dataclass(frozen=True, slots=True)
class FeedFacts:
    """A feed that is watched. `state`: new, ok, failing, gone (410: asked no more), resting (somebody paused it).
    `why` it fails, in what way (`detail`), and what to `do`: "" where nothing is known.

    `news` are the moments of the polls that brought something new, in order; they are needed only where the last is
    more than a day ago.
    """

    url: str
    name: str
    state: str
    why: str = ""
    failures: float = 0.0
    asked_since: datetime | None = None
    answered_at: datetime | None = None
    news: tuple[datetime, ...] = ()
    detail: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """How many pages of a host were read in full, of how many: lately, and before its trouble or these days."""

    host: str
    full: int
    pages: int
    full_before: int
    pages_before: int
    why: str = ""

    @property
    def share(self) -> float:
        """Of the pages lately."""
        return self.full / self.pages if self.pages else 1.0

    @property
    def share_before(self) -> float:
        """Of the pages before."""
        return self.full_before / self.pages_before if self.pages_before else 1.0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is looked at. `refused` and `given_up`: channel → how many of its messages wait after refusals, and were
    given up lately, and why the last. `rules_off`, `rules` and `targets` are ids: of rules that are off, of all, of all
    targets that can be sent to or are paused.
    """

    feeds: Sequence[FeedFacts] = ()
    sites: Sequence[SiteFacts] = ()
    refused: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    given_up: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    rules: frozenset[str] = frozenset()
    rules_off: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """What to tell now: new troubles and ended ones, key → text."""

    begun: Mapping[str, str] = field(default_factory=dict)
    over: Mapping[str, str] = field(default_factory=dict)


def look(facts: Facts, open_keys: Iterable[str], now: datetime) -> Look:
    """What began and what ended since the last look. A trouble that is open already is not told again."""
    known = frozenset(open_keys)
    troubles = _feed_troubles(facts.feeds, known, now) | _site_troubles(facts.sites, known)
    troubles |= _refused(facts.refused) | _given_up(facts.given_up)
    begun = {key: text for key, text in troubles.items() if key not in known}
    over = {key: text for key in sorted(known - troubles.keys()) if (text := _over(key, facts))}
    return Look(begun, over)


def standing(facts: Facts, open_keys: Iterable[str]) -> Look:
    """What ended by a new watch file: rules that are on again, targets that are gone. Looked at in every run."""
    return Look(over={key: text for key in open_keys if (text := _over_by_file(key, facts))})


def _feed_troubles(feeds: Sequence[FeedFacts], known: frozenset[str], now: datetime) -> dict[str, str]:
    """Key → text; "" for what is open and goes on, though it would not be told anew."""
    if nobody_answers(feeds, now):
        everything = {f"{kind}:{one.url}" for one in feeds for kind in ("feed", "silent")}
        text = f"none of {len(feeds)} feeds answers\nIs this machine's own network up?"
        return {NOBODY: text, **dict.fromkeys(everything & known, "")}
    found: dict[str, str] = {}
    for one in feeds:
        if one.state in ("failing", "gone"):  # whatever was told of it is not over
            found |= dict.fromkeys({f"feed:{one.url}", f"silent:{one.url}"} & known, "")
        if dead(one, now):
            lines = (f"feed {one.name} is down: {one.why}", one.detail, f"No usable answer {_since(one)}.", one.do)
            found[f"feed:{one.url}"] = "\n".join(filter(None, lines))
        elif habit := silent(one):
            found[f"silent:{one.url}"] = (
                f"feed {one.name} has been silent since {one.news[-1]:%d %b %Y %H:%M} UTC\n"
                f"It answers, but never before did it bring nothing new for more than {_length(habit)}."
            )
    return found


def nobody_answers(feeds: Sequence[FeedFacts], now: datetime) -> bool:
    """Whether not one of several feeds had a usable answer for an hour: one trouble, and not one a feed."""
    asked = [one for one in feeds if one.state in ("ok", "failing")]
    if len(asked) < NOBODY_FEEDS or any(one.state == "ok" for one in asked):
        return False
    moments = [moment for one in asked if (moment := one.answered_at or one.asked_since)]
    return bool(moments) and now - max(moments) >= NOBODY_AFTER


def dead(feed: FeedFacts, now: datetime) -> bool:
    """Whether it has had no usable answer for a day, asked often enough."""
    since = feed.answered_at or feed.asked_since
    return (
        feed.state == "failing" and feed.failures >= DEAD_FAILURES and since is not None and now - since >= DEAD_AFTER
    )


def silent(feed: FeedFacts) -> timedelta | None:
    """The longest pause it ever made, when its present one is more than twice as long; None while there is no habit.

    Counted up to its last answer: what happened while nobody asked is unknown.
    """
    if feed.state != "ok" or feed.answered_at is None or len(feed.news) < HABIT_NEWS:
        return None
    if feed.news[-1] - feed.news[0] < HABIT_SPAN:
        return None
    longest = max(later - earlier for earlier, later in pairwise(feed.news))
    now_silent = feed.answered_at - feed.news[-1]
    return longest if now_silent > max(longest * SILENT_TIMES, SILENT_LEAST) else None


def _site_troubles(sites: Sequence[SiteFacts], known: frozenset[str]) -> dict[str, str]:
    return {
        f"site:{one.host}": (
            f"pages of {one.host} are no longer read: {one.full} of {one.pages} in full these two days\n"
            f"Before, it was {one.share_before:.0%}. Mostly: {one.why or 'no article text'}.\n"
            "Its alerts go on with the feed's own title and text; `wirewatch extract URL` shows what is read."
        )
        for one in sites
        if collapsed(one, already=f"site:{one.host}" in known)
    }


def _refused(channels: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    return {
        f"waiting:{name}": (
            f"{name} takes no messages: {one_line(said, 120)}\n"
            f"Waiting after {REFUSED} attempts or more: {count}. "
            "They are tried for a day, then told in one catch-up digest."
        )
        for name, (count, said) in channels.items()
    }


def _given_up(channels: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    return {
        f"given-up:{name}": (
            f"messages to {name} are given up: {one_line(said, 120) or 'too late'}\n"
            f"Dead letters lately: {count}. `wirewatch deliveries dead` lists them, "
            f"`wirewatch deliveries resend dead` sends them again."
        )
        for name, (count, said) in channels.items()
    }


def collapsed(site: SiteFacts, *, already: bool) -> bool:
    """Whether its share read in full fell below half of what it was; once fallen, until it is near that again."""
    if already:
        return site.pages < SITE_PAGES or site.share < SITE_BACK * site.share_before
    enough = site.pages >= SITE_PAGES and site.pages_before >= SITE_PAGES_BEFORE
    return enough and site.share_before >= SITE_GOOD and site.share < SITE_FELL * site.share_before


def reads_poorly(full: int, pages: int) -> bool:
    """Whether a site may have collapsed, whatever its share was before."""
    return pages >= SITE_PAGES and full < SITE_FELL * pages


def _over(key: str, facts: Facts) -> str:
    """What is said of an open trouble that was not found any more; "" for one that is judged elsewhere."""
    kind, _, what = key.partition(":")
    names = {one.url: one.name for one in facts.feeds}
    resting = {one.url for one in facts.feeds if one.state == "resting"}
    match kind:
        case "feeds":
            return "feeds answer again"
        case "feed" | "silent" if what in resting:
            return f"feed {names[what]} is paused"
        case "feed" if what in names:
            return f"feed {names[what]} can be read again"
        case "silent" if what in names:
            return f"feed {names[what]} brings news again"
        case "feed" | "silent":
            return f"feed {what} is not watched any more"
        case "waiting":
            return f"nothing that {what} refused waits any more"
        case "given-up":
            return f"of messages to {what}, none that was given up in the last day is left"
        case "site" if any(one.host == what for one in facts.sites):
            return f"pages of {what} are read again"
        case "site":
            return f"no pages of {what} come any more"
        case _:
            return ""


def _over_by_file(key: str, facts: Facts) -> str:
    kind, _, what = key.partition(":")
    rule = what.partition(":")[2]
    if kind == "rule-off" and rule not in facts.rules:
        return f"the rule {rule} is not in the watch file any more"
    if kind == "rule-off" and rule not in facts.rules_off:
        return f"the rule {rule} is on again"
    if kind == "channel" and what not in facts.targets:
        return f"{what} is not in the watch file any more"
    return ""


def _since(feed: FeedFacts) -> str:
    return f"since {feed.answered_at:%d %b %Y %H:%M} UTC" if feed.answered_at else "ever"


def _length(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.0f} hours"
