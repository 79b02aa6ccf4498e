"""What a story owes people under its rule's `alert:` settings, and when the clock lets it out. Pure.

Local times are safe at clock changes: one that does not exist counts as the moment of the change; of one that occurs
twice, a window begins at the first and ends at the second, and a digest goes at the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.message import Kind
from core.reasons import Reason

EVERY_DAY = frozenset(range(7))
UPDATE_GAP = timedelta(minutes=15)  # a thread gets one reply in so long at most
LONGEST_QUIET = timedelta(days=8)  # quiet hours that never end hold no longer than this


class Update(StrEnum):
    """Whether a told story speaks again when a further separate text tells it."""

    NEVER = "never"
    THREAD = "thread"  # a reply per further separate text, one in 15 minutes at most
    EVERY = "every"  # a message per further separate text


@dataclass(frozen=True, slots=True)
class Quiet:
    """Quiet hours from `start` to `end`, local time, over midnight when `start` >= `end`.

    `days` are the weekdays (0 = Monday) on which the hours begin: a Friday night belongs to Friday.
    """

    start: time
    end: time
    days: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class DigestTime:
    """The local time of a rule's digest and the weekdays (0 = Monday) it goes on, at least one."""

    at: time
    days: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule's `alert:` settings. `first` counts separate texts (1 = at once); `timezone` is an IANA name."""

    targets: tuple[str, ...] = ()
    first: int = 1
    again_at: int | None = None
    update: Update = Update.NEVER
    quiet: tuple[Quiet, ...] = ()
    digest: DigestTime | None = None
    budget_per_day: int = 50
    urgent: bool = False
    past: bool = False
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class StoryFacts:
    """A story as it stands after its newest article was placed.

    `origins` counts separate texts that stand. `text` numbers the newest article's text, whatever was withdrawn since.
    `first_at_origins` is how many there were when the first alert was made (None: not yet). `again_made` says
    whether such an alert exists, `still_goes` whether one of any kind waits to be sent. `last_alert_at` is when the
    newest was sent or is due. `from_before`: all its articles were stored before the rule or feed was active.
    """

    origins: int
    text: int = 1
    new_origin: bool = True
    first_at_origins: int | None = None
    again_made: bool = False
    still_goes: bool = False
    last_alert_at: datetime | None = None
    from_before: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """The alert to make now, or None and why not. `ordinal` goes into its id; `not_before` spaces out replies."""

    kind: Kind | None
    reason: Reason
    ordinal: int = 0
    not_before: datetime | None = None


def owed(story: StoryFacts, policy: Policy) -> Owed:
    """What the newest article of a story obliges to tell: the first news, the one `again_at`, an update, or nothing."""
    if not policy.targets:
        return Owed(None, Reason.NO_TARGET)
    if story.from_before and not policy.past:
        return Owed(None, Reason.FROM_BEFORE)
    if story.first_at_origins is None:
        if story.origins < policy.first:
            return Owed(None, Reason.NOT_ENOUGH_ORIGINS)
        return Owed(Kind.FIRST, Reason.FIRST)
    if policy.again_at and story.first_at_origins < policy.again_at <= story.origins and not story.again_made:
        return Owed(Kind.AGAIN, Reason.AGAIN)
    return _update(story, policy)


def _update(story: StoryFacts, policy: Policy) -> Owed:
    if policy.update is Update.NEVER or not story.new_origin:
        return Owed(None, Reason.ALREADY_TOLD)
    if policy.update is Update.EVERY:
        return Owed(Kind.UPDATE, Reason.UPDATE, story.text)
    if story.still_goes:
        return Owed(None, Reason.MERGED)
    spaced = story.last_alert_at + UPDATE_GAP if story.last_alert_at else None
    return Owed(Kind.UPDATE, Reason.UPDATE, story.text, spaced)


def quiet_until(quiet: tuple[Quiet, ...], now: datetime, timezone: str) -> datetime | None:
    """The end, in UTC, of the quiet hours that hold at `now`, or None when none do.

    Never inside quiet hours again, unless they leave no gap for 8 days.
    """
    zone = ZoneInfo(timezone)
    until = now
    while (end := _quiet_end(quiet, until, zone)) and until - now < LONGEST_QUIET:
        until = end
    return until.astimezone(UTC) if until > now else None


def _quiet_end(quiet: tuple[Quiet, ...], moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The latest end of the windows that `moment` lies in."""
    today = moment.astimezone(zone).date()
    ends = []
    for hours in quiet:
        for day in (today - timedelta(days=1), today):
            if day.weekday() in hours.days:
                start = local_instant(day, hours.start, zone)
                last_day = day if hours.start < hours.end else day + timedelta(days=1)
                end = local_instant(last_day, hours.end, zone, second=True)
                if start <= moment < end:
                    ends.append(end)
    return max(ends, default=None)


def next_digest(digest: DigestTime, now: datetime, timezone: str) -> datetime:
    """The first moment after `now`, in UTC, at which the digest is due; once a local date, whatever the clocks do."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(-1, 9))
    return next(
        due for day in days if day.weekday() in digest.days and (due := local_instant(day, digest.at, zone)) > now
    )


def local_day(now: datetime, timezone: str) -> tuple[datetime, datetime]:
    """The local day that `now` lies in, as UTC (start, end): what a daily budget counts in."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    return local_instant(today, time(0), zone), local_instant(today + timedelta(days=1), time(0), zone)


def local_instant(day: date, at: time, zone: ZoneInfo, *, second: bool = False) -> datetime:
    """The moment, in UTC, when clocks in `zone` show `at` on `day`; of two such, the first unless `second`.

    When clocks skip that time, it is the moment at which they do.
    """
    local = datetime.combine(day, at, zone).replace(fold=int(second))
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    return _clock_change(local.replace(fold=1).astimezone(UTC), local.replace(fold=0).astimezone(UTC), zone)


def _clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the offset of `zone` changes, known to lie after `before` and not after `after`."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
