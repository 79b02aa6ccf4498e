"""The App: everything a step needs, wired once by bootstrap.py."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Container, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from yarl import URL

from alerts.channels import Channel
from core.clock import Clock
from core.pool import WorkerPool
from core.settings import Settings
from core.urls import host_of
from fetching.client import Client
from fetching.robots import Robots
from pipeline.outlast import Outlasting
from pipeline.sentlog import SentLog
from rules.config import Rule, Watch
from rules.match import Matcher
from rules.watch import FeedConfig
from storage import optouts
from storage.engine import Database
from storage.hits import Told
from storage.leases import Owner
from stories.telling import Telling

PATIENCE_S = 10.0
EVERYBODY = "*"  # the recipient of a delivery made while its channel could not be used: split up when it can


@dataclass(frozen=True)
class Active:
    """The active revision of the watch file, ready to use. Revision 0 is the empty one of a new installation."""

    revision: int
    watch: Watch
    matcher: Matcher
    channels: Mapping[str, Channel]
    broken: Mapping[str, str] = field(default_factory=dict)  # channel → why it cannot be used
    off: Mapping[str, str] = field(default_factory=dict)  # rule that was switched off → why; not in `matcher`
    whole: Matcher | None = None  # with the rules that are off, when there are any
    tellings: dict[Told, Telling] = field(default_factory=dict, compare=False, repr=False)  # what grouping compared
    tellings_kept: int = 10_000  # of all rules: some 35 KB each. More when one rule's window has more

    def without(self, off: Mapping[str, str]) -> Active:
        """The same with these rules (id → why) left out of matching, and all others in."""
        whole = self.whole or self.matcher
        return replace(self, matcher=whole.with_rules(gone=off.keys()) if off else whole, off=off, whole=whole)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """Rule id → rule, switched off or not."""
        return {rule.id: rule for rule in self.watch.rules}

    @cached_property
    def choosy(self) -> bool:
        """Whether some rules are for certain feeds only."""
        return any(rule.feeds.any or rule.feeds.tags or rule.feeds.none for rule in self.watch.rules)

    @cached_property
    def feeds(self) -> Mapping[str, FeedConfig]:
        """Address as configured → feed."""
        return {feed.config_url: feed for feed in self.watch.feeds}

    @cached_property
    def feeds_on(self) -> Mapping[str, int]:
        """Host → how many feeds it has to serve."""
        return Counter(host_of(feed.config_url) for feed in self.watch.feeds)

    @property
    def timezone(self) -> str:
        """Where quiet hours and digests are meant."""
        return self.watch.settings.timezone

    @property
    def public_url(self) -> str:
        """Where people reach the page, in ASCII, which is all that headers of mails know; "" when they cannot."""
        url = self.watch.settings.public_url
        return url if url.isascii() else str(URL(url))

    def rule(self, rule_id: str) -> Rule:
        """A rule that is known to exist."""
        return self.rules[rule_id]

    @cached_property
    def shared(self) -> Set[str]:
        """Those that several channels reach, as `storage.optouts.meant` names them."""
        targets = Counter(optouts.meant(target) for name in self.channels for target, _ in self.recipients(name))
        return {one for one, times in targets.items() if times > 1}

    def recipients(self, channel: str) -> tuple[tuple[str, str], ...]:
        """(target id, recipient) of a channel; while it cannot be used, one that stands for all of them."""
        made = self.channels.get(channel)
        if made is None:
            return ((f"{channel}/{EVERYBODY}", EVERYBODY),)
        return tuple((target.id, target.recipient) for target in made.targets())


class Sender(Protocol):
    """What entering messages into the ledger needs: an App, or the page, which sends nothing itself."""

    @property
    def installation(self) -> str:
        """The installation's id."""
        ...

    @property
    def active(self) -> Active:
        """The active revision."""
        ...

    @property
    def sent_log(self) -> Container[str]:
        """Keys of what was sent."""
        ...


@dataclass
class App:
    """One worker: settings, database, clock, network, and the active configuration."""

    settings: Settings
    db: Database
    clock: Clock
    owner: Owner
    secrets: Mapping[str, str]
    installation: str
    signing_key: str
    sent_log: SentLog
    pool: WorkerPool  # reads pages
    senders: WorkerPool  # calls services through Apprise: a hanging one must not hold up reading
    client: Client
    robots: Robots
    active: Active
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    outlasting: Outlasting = field(default_factory=Outlasting)
    failing: Counter[str] = field(default_factory=Counter)  # target → attempts in a row that came to nothing

    @property
    def jobs(self) -> int:
        """Worker processes that read pages."""
        return self.settings.jobs or os.cpu_count() or 1

    @property
    def patience(self) -> float | None:
        """Seconds for which a request waits for two others of its host, so that a host that hangs keeps nobody's place;
        without a spacing hosts are asked as fast as they answer, and all wait.
        """
        return PATIENCE_S if self.settings.page_spacing else None

    @property
    def reads_at_once(self) -> int:
        """Pages in flight: enough fetches to keep the workers busy."""
        return 20 + 4 * self.jobs
