"""From the watch file's words to the values the workshops take."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.channels import ChannelSettings
from alerts.policy import DigestTime, Policy, Quiet, Update
from fetching.identity import read_by
from pipeline.app import Active
from rules.config import FeedConfig, Rule
from rules.endpoints import ChannelConfig
from rules.secrets import expand
from storage.feeds import FeedSpec


def policy_of(active: Active, rule: Rule) -> Policy:
    """A rule's `alert:` settings."""
    alert = rule.alert
    return Policy(
        targets=alert.to,
        first=alert.first,
        again_at=alert.again_at,
        update=Update(alert.update),
        quiet=tuple(Quiet(hours.from_, hours.to, hours.days) for hours in alert.quiet),
        digest=DigestTime(alert.digest.at, alert.digest.days) if alert.digest else None,
        budget_per_day=alert.budget,
        urgent=alert.urgent,
        past=alert.past,
        timezone=active.timezone,
    )


def channel_settings(channel: ChannelConfig, secrets: Mapping[str, str], *, trust_env: bool) -> ChannelSettings:
    """A channel of the watch file with its secrets put in. Raises InputError for a missing one."""
    return ChannelSettings(
        name=channel.name,
        url=expand(channel.url, secrets),
        host=expand(channel.host, secrets),
        port=channel.port or 0,
        user=expand(channel.user, secrets),
        password=expand(channel.password, secrets),
        sender=expand(channel.from_, secrets),
        to=tuple(expand(one, secrets) for one in channel.to),
        security=channel.security if channel.host else "",
        on_unknown=channel.on_unknown,
        trust_env=trust_env,
    )


def feed_spec(feed: FeedConfig) -> FeedSpec:
    """A feed of the watch file as storage keeps it."""
    return FeedSpec(
        url=feed.config_url,
        name=feed.name,
        kind=feed.kind,
        owner=feed.owner,
        tags=tuple(feed.tags),
        language=feed.language,
        every_s=feed.every.total_seconds() if feed.every else None,
        first_poll_s=feed.first_poll.total_seconds(),
        read_by=read_by(feed.links),
    )
