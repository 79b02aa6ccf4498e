"""A loaded watch file: checked, its secrets put in, its rules parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from rules.endpoints import ChannelConfig, SiteConfig
from rules.names import Names
from rules.parse import parse
from rules.tree import Expr
from rules.watchfile import AlertSettings, FeedFilter, RuleExamples, Snapshots, WatchFile, WatchSettings

_NO_FILTER, _NO_ALERT_KEYS, _NO_EXAMPLES = FeedFilter(), AlertSettings(), RuleExamples()


@dataclass(frozen=True, slots=True)
class Unread:
    """A rule's text that was parsed before and found good: the tree is made when it is asked for, and not kept."""

    text: str
    names: Names = field(repr=False)

    def tree(self) -> Expr:
        """The tree."""
        return parse(self.text, self.names)


@dataclass(frozen=True, slots=True)
class Rule:
    """One watch rule, ready for the matcher. `line` is where it begins in the file; 0 for a rule made in code."""

    id: str
    read: Expr | Unread = field(repr=False)
    text: str = ""
    title: str = ""
    enabled: bool = True
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # none: every language
    feeds: FeedFilter = _NO_FILTER
    story_window: timedelta = timedelta(hours=72)
    alert: AlertSettings = _NO_ALERT_KEYS
    examples: RuleExamples = _NO_EXAMPLES
    line: int = 0

    @property
    def expr(self) -> Expr:
        """What `parse` makes of its text."""
        return self.read.tree() if isinstance(self.read, Unread) else self.read


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """One feed to poll. Its repr shows the address as written, without the secrets of `url` and `headers`."""

    config_url: str  # as it stands in the file, with ${NAME} unexpanded: the feed's identity
    url: str = field(repr=False)
    kind: Literal["feed", "sitemap", "page"] = "feed"
    name: str = ""
    tags: tuple[str, ...] = ()
    owner: str = ""
    every: timedelta | None = None  # None: learnt
    first_poll: timedelta = timedelta(hours=72)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    language: str = ""
    links: str = ""  # CSS selector, for kind "page"
    line: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """The whole watch. `file` is the model with `defaults: alert` merged into each rule.

    It is picklable. Channels, feeds and sites hold secrets: no repr shows them, `model_dump` does.
    """

    text: str = field(repr=False)
    sha256: str  # of the text, in hexadecimal
    file: WatchFile = field(repr=False)
    rules: tuple[Rule, ...] = field(repr=False)  # enabled or not, in the file's order
    feeds: tuple[FeedConfig, ...] = field(repr=False)
    names: Names = field(repr=False)  # for parsing a further rule text: `parse(text, watch.names)`

    @property
    def settings(self) -> WatchSettings:
        """What holds for the whole watch."""
        return self.file.settings

    @property
    def channels(self) -> Mapping[str, ChannelConfig]:
        """Channels by name."""
        return self.file.channels

    @property
    def snapshots(self) -> Snapshots:
        """How long the bytes of pages are kept."""
        return self.file.defaults.snapshots

    @property
    def sites(self) -> Mapping[str, SiteConfig]:
        """How pages are read, by host in lower case."""
        return self.file.sites

    def unread(self) -> Watch:
        """The same watch without its rules' trees, which are parsed again when somebody asks for one: small to keep."""
        rules = tuple(replace(rule, read=Unread(rule.text, self.names)) for rule in self.rules)
        return replace(self, rules=rules)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)
