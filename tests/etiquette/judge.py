"""A strict server owner who reads the log: what was asked, when, and whether that was decent."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from statistics import median

from tests.etiquette.servers import DAY, HOUR, MINUTE, WEEK, Reply, Source, moment

SPACING = 1.0  # seconds between the beginnings of two requests to one host
ROUNDING = 1e-5  # seconds: the poller's times have whole microseconds, the judge's are exact
AT_ONCE = 2
REDIRECTS = (301, 302, 307, 308)
DEAD_AFTER = 14 * DAY  # of nothing but errors
# What is promised: of each kind none.
RULES = (
    "more than one request without validators that were given",
    "validators never given",
    "earlier than allowed",
    "inside a Retry-After",
    "a cookie or a Referer",
    "more than two at once to a host",
    "closer than the spacing to a host",
    "a feed that is gone",
    "a dead feed more than once a day",
    "no name, no contact or no compression",
)
GROUPS = ("feeds every minute", "feeds every hour", "feeds every day", "feeds every week", "feeds that never publish")


@dataclass
class _Page:
    """What one address gave, and what it may be asked."""

    gives: bool = False  # its last whole answer had validators
    given: set[str] = field(default_factory=set)
    allowed_at: float = 0.0
    plain: list[float] = field(default_factory=list)  # requests without validators that it had given
    only_304_since: float | None = None
    failing_since: float | None = None
    last_at: float = -WEEK
    gone: bool = False
    asked: int = 0


@dataclass
class _Host:
    held_until: float = 0.0
    last_at: float = -1.0
    leads_on: bool = False  # it answered the last request with a redirect: the next one is its own wish
    ends: list[float] = field(default_factory=list)  # of answers under way


@dataclass
class Score:
    """What came of it; two of different hosts can be added."""

    feeds: int = 0
    days: float = 0.0
    requests: int = 0
    not_modified: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)  # by group
    members: Counter[str] = field(default_factory=Counter)
    delays: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    missed: Counter[str] = field(default_factory=Counter)  # left the list before any poll
    plain: Counter[str] = field(default_factory=Counter)  # requests without validators, by what they are for
    served: int = 0  # items in answers that reached us
    stored: int = 0  # of them, in the database
    least_asked: int = 0  # requests of the feed that was asked least
    seconds: float = 0.0

    def add(self, other: Score) -> None:
        """Take in what came of other hosts."""
        for name in ("feeds", "requests", "not_modified", "served", "stored"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("faults", "asked", "members", "missed", "plain"):
            getattr(self, name).update(getattr(other, name))
        for group, delays in other.delays.items():
            self.delays[group].extend(delays)
        self.examples = {**other.examples, **self.examples}
        self.days, self.seconds = max(self.days, other.days), max(self.seconds, other.seconds)

    def table(self) -> str:
        """For people."""
        rate = self.requests / max(self.feeds * self.days, 1)
        kept = 100 * self.not_modified / max(self.requests, 1)
        lines = [
            f"{self.feeds} feeds, {self.days:g} days, {self.requests} requests ({rate:.1f} a feed and day), "
            f"{kept:.0f} % answered 304; {self.seconds:.0f} s",
            "",
            f"{'what a server owner minds':60} times",
        ]
        lines += [f"{rule:60} {self.faults[rule]:5}  {self.examples.get(rule, '')}".rstrip() for rule in RULES]
        lines += ["", f"{'requests without validators that were given':60} times"]
        lines += [f"{why:60} {count:5}" for why, count in sorted(self.plain.items())]
        lines += ["", f"{'publication to the poll that saw it, minutes':36} median    p95  missed  requests/day"]
        for group in (*GROUPS, *sorted(self.delays.keys() - set(GROUPS))):
            if members := self.members[group]:
                delays = sorted(self.delays[group]) or [0.0]
                middle, late = median(delays) / MINUTE, delays[int(len(delays) * 0.95)] / MINUTE
                asked = self.asked[group] / members / self.days
                lines.append(f"{group:36} {middle:6.1f} {late:6.1f} {self.missed[group]:7} {asked:13.1f}")
        lines += ["", f"items served {self.served}, stored {self.stored}"]
        return "\n".join(lines)


class Judge:
    """Reads each request and each answer. Times are seconds."""

    def __init__(self) -> None:
        self.score = Score()
        self._pages: dict[str, _Page] = defaultdict(_Page)
        self._hosts: dict[str, _Host] = defaultdict(_Host)
        self._seen: dict[str, int] = {}

    def asked(self, at: float, source: Source, url: str, host: str, headers: dict[str, str]) -> None:
        """A request has arrived."""
        self.score.requests += 1
        self.score.asked[group_of(source)] += 1
        page = self._pages[url]
        if {"cookie", "referer"} & headers.keys():
            self._fault("a cookie or a Referer", at, url)
        if "(+http" not in headers.get("user-agent", "") or "gzip" not in headers.get("accept-encoding", ""):
            self._fault("no name, no contact or no compression", at, url)
        self._judge_validators(at, source, url, page, headers)
        self._judge_time(at, url, page)
        self._judge_host(at, url, self._hosts[host])
        page.last_at, page.asked = at, page.asked + 1

    def least_asked(self, urls: Iterable[str]) -> int:
        """How often the one of these was asked that was asked least."""
        return min(self._pages[url].asked for url in urls)

    def _judge_validators(self, at: float, source: Source, url: str, page: _Page, headers: dict[str, str]) -> None:
        sent = {headers[name] for name in ("if-none-match", "if-modified-since") if name in headers}
        if sent - page.given:
            self._fault("validators never given", at, url)
        if sent or not page.gives:
            return
        if source.spec.lies:
            self.score.plain["of servers whose validators lie"] += 1
            return
        self.score.plain["to see whether a week of 304s is true"] += 1
        week_of_304s = page.only_304_since is not None and at - page.only_304_since >= WEEK
        since = [one for one in page.plain if at - one < WEEK]
        if since or not week_of_304s:
            self._fault("more than one request without validators that were given", at, url)
        page.plain.append(at)

    def _judge_time(self, at: float, url: str, page: _Page) -> None:
        if at < page.allowed_at - ROUNDING:
            self._fault("earlier than allowed", at, f"{url}, {page.allowed_at - at:.1f} s early")
        if page.gone:
            self._fault("a feed that is gone", at, url)
        dead = page.failing_since is not None and page.last_at - page.failing_since >= DEAD_AFTER
        if dead and at - page.last_at < DAY:
            self._fault("a dead feed more than once a day", at, url)

    def _judge_host(self, at: float, url: str, host: _Host) -> None:
        if at < host.held_until - ROUNDING:
            self._fault("inside a Retry-After", at, f"{url}, {host.held_until - at:.1f} s early")
        if at - host.last_at < SPACING * 0.999 and not host.leads_on:
            self._fault("closer than the spacing to a host", at, url)
        host.ends = [end for end in host.ends if end > at]
        if len(host.ends) >= AT_ONCE:
            self._fault("more than two at once to a host", at, url)
        host.last_at, host.leads_on = at, False

    def answered(self, at: float, source: Source, url: str, host: str, reply: Reply) -> None:
        """What a request at `at` is answered, or will be."""
        page, until = self._pages[url], at + (30.0 if reply.seconds is None else reply.seconds)
        self._hosts[host].ends.append(until)
        wait = max(MINUTE, source.spec.every)
        ok = reply.status in (200, 304) and reply.seconds is not None
        if ok:
            wait = max(
                wait,
                _freshness(reply, at),
                90 * MINUTE if source.spec.fresh == "ttl" and not source.spec.every else 0.0,
            )
            page.failing_since = None
        elif reply.status in REDIRECTS:
            page.gives = False
            self._hosts[host].leads_on = True
        else:
            page.failing_since = at if page.failing_since is None else page.failing_since
        page.allowed_at = at + wait
        if "Retry-After" in reply.headers:
            self._hosts[host].held_until = max(self._hosts[host].held_until, until + _retry_after(reply, at))
        page.gone = page.gone or reply.status == 410
        self.score.not_modified += reply.status == 304
        if reply.status == 304 and page.only_304_since is None:
            page.only_304_since = at
        if reply.status == 200 and ok:
            self._served(until, source, page, reply)

    def _served(self, at: float, source: Source, page: _Page, reply: Reply) -> None:
        page.only_304_since = None
        if reply.latest < 0:
            return  # no feed: nothing of it is kept
        validators = {reply.headers[name] for name in ("ETag", "Last-Modified") if name in reply.headers}
        page.gives, page.given = bool(validators), page.given | validators
        group, name, first = group_of(source), source.spec.url, max(0, reply.latest - source.spec.listed + 1)
        if name not in self._seen:
            self._seen[name] = reply.latest
            self.score.served += reply.latest + 1 - first
            return
        known = self._seen[name] + 1
        self.score.missed[group] += max(0, first - known)
        for number in range(max(known, first), reply.latest + 1):
            self.score.served += 1
            self.score.delays[group].append(at - source.published[number])
        self._seen[name] = max(self._seen[name], reply.latest)

    def _fault(self, rule: str, at: float, what: str) -> None:
        self.score.faults[rule] += 1
        self.score.examples.setdefault(rule, f"day {at / DAY:.3f}: {what}")


def group_of(source: Source) -> str:
    """What the feed's delay is told under: how often it publishes, unless something is wrong with its server."""
    spec = source.spec
    if spec.lies:
        return "servers whose validators lie"
    if spec.trouble:
        return "servers in trouble"
    if spec.fresh not in ("", "expired", "no-cache") or spec.every > HOUR:
        return "servers that ask for rest"
    return GROUPS[sum(spec.publishes > limit for limit in (MINUTE, HOUR, DAY))] if spec.publishes else GROUPS[4]


def _freshness(reply: Reply, at: float) -> float:
    """Seconds, at most a day."""
    control = reply.headers.get("Cache-Control", "")
    if age := re.search(r"max-age=(\d+)", control):
        return min(float(age[1]), DAY)
    return _until(reply.headers.get("Expires", ""), at)


def _retry_after(reply: Reply, at: float) -> float:
    value = reply.headers["Retry-After"]
    return min(float(value), DAY) if value.isdigit() else _until(value, at)


def _until(value: str, at: float) -> float:
    if len(value) < 10:
        return 0.0
    return min(max((parsedate_to_datetime(value) - moment(at)).total_seconds(), 0.0), DAY)
