"""Makes a watch file the active revision, and keeps this worker's view of it fresh."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from alerts.channels import Channel, make_channel
from core.clock import Clock
from core.errors import ConfigError, Missing, WirewatchError
from core.linediff import unified
from core.log import pairs
from core.pool import WorkerPool
from core.reasons import Reason
from extractors.language import language_of
from pipeline import compiled
from pipeline.app import Active, App
from pipeline.policies import channel_settings, feed_spec
from rules.config import Rule, Watch, load
from rules.endpoints import ChannelConfig
from rules.examples import check_examples
from rules.match import Matcher
from storage import alerts, articles, configs, decisions, deliveries, feeds
from storage.configs import sha256
from storage.engine import lock_names
from storage.tables import Config

logger = logging.getLogger(__name__)
EMPTY = "version: 1\n"
CONFIG_LOCK = "config"
INDEX = "index"  # folder of compiled indexes, in the data folder


def read_watch(text: str, *, file: str, secrets: Mapping[str, str] | None) -> Watch:
    """Load and check a watch file with its rules' examples. Raises ConfigError with all problems at once."""
    watch = load(text, file=file, env=secrets)
    problems = check_examples(watch, language_of)
    if problems:
        raise ConfigError(file, problems)
    return watch


def activate(
    revision: int,
    watch: Watch,
    *,
    secrets: Mapping[str, str],
    clock: Clock,
    pool: WorkerPool,
    trust_env: bool,
    matcher: Matcher | None = None,
) -> Active:
    """Make a loaded watch file ready to use. A channel that cannot be made is named in `broken`; the rest goes on.

    `trust_env`: channels use the environment's proxy. `matcher`: of these rules, when there is one already.
    """
    channels, broken = made_channels(watch.channels, secrets=secrets, clock=clock, pool=pool, trust_env=trust_env)
    for name, why in broken.items():
        logger.error(pairs(channel=name, event="cannot be used", why=why))
    return Active(revision, watch, Matcher(watch.rules) if matcher is None else matcher, channels, broken)


def made_channels(
    configured: Mapping[str, ChannelConfig],
    *,
    secrets: Mapping[str, str],
    clock: Clock,
    pool: WorkerPool,
    trust_env: bool,
) -> tuple[dict[str, Channel], dict[str, str]]:
    """The channels by name, and why each of the others cannot be made."""
    channels: dict[str, Channel] = {}
    broken: dict[str, str] = {}
    for name, channel in configured.items():
        try:
            channels[name] = make_channel(
                channel_settings(channel, secrets, trust_env=trust_env), clock=clock, pool=pool
            )
        except WirewatchError as error:
            broken[name] = f"{error.message} ({error.hint})" if error.hint else error.message
    return channels, broken


async def refresh(app: App) -> Active:
    """The active revision, loaded anew when another one became active; without the rules that were switched off."""
    newest, off = await app.db.read(lambda session: (configs.active_revision(session), configs.switched_off(session)))
    if newest != app.active.revision:
        config = await app.db.read(lambda session: configs.get(session, newest))
        if config is not None:
            watch, matcher = await asyncio.to_thread(_renewed, app.active, app.settings.data / INDEX, config)
            app.active = await asyncio.to_thread(
                activate,
                newest,
                watch,
                secrets=app.secrets,
                clock=app.clock,
                pool=app.senders,
                trust_env=app.settings.proxy_from_env,
                matcher=matcher,
            )
            logger.info(pairs(event="config", revision=newest, rules=len(watch.rules), feeds=len(watch.feeds)))
    if app.active.off != off:
        app.active = app.active.without(off)
    return app.active


def _renewed(active: Active, folder: Path, config: Config) -> tuple[Watch, Matcher]:
    """A new revision's watch and matcher: of the rules that stayed the same, the active ones' work is kept."""
    watch = load(config.text, file=f"revision {config.revision}", env=None)
    matcher = compiled.changed(active.watch, active.whole or active.matcher, watch)
    if matcher is not None:
        return watch, matcher
    return compiled.opened(folder, config.text, file=f"revision {config.revision}")


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a file came to: `conflict` = refused because the active revision was made elsewhere since."""

    revision: int
    changed: bool
    conflict: bool = False
    diff: str = ""


def apply_text(
    session: Session,
    text: str,
    watch: Watch,
    *,
    from_file: bool,
    who: str,
    now: datetime,
    force: bool = False,
    note: str = "",
) -> Applied:
    """Make this text the active revision, in one transaction; feeds, rules and queued alerts follow.

    A file that did not change since it was last applied changes nothing. A file is refused when the active revision was
    made in the page since, unless forced: nobody's work is overwritten unasked. Raises Damaged when the active revision
    is, and that would have to be asked.
    """
    lock_names(session, [CONFIG_LOCK])
    asks, digest = from_file and not force, sha256(text)
    active = configs.active(session) if asks else configs.sound_active(session)
    if active is not None and active.sha256 == digest:
        return Applied(active.revision or 0, changed=False)
    if active is not None and asks:
        if configs.last_file_sha256(session) == digest:
            return Applied(active.revision or 0, changed=False)
        if not active.from_file:
            return Applied(
                active.revision or 0,
                changed=False,
                conflict=True,
                diff=diff(active.text, text, ("active revision", "file")),
            )
    row = configs.add(session, text, from_file=from_file, who=who, at=now, note=note)
    follow(session, watch, now)
    return Applied(row.revision or 0, changed=True)


def apply_upon(
    session: Session, text: str, watch: Watch, *, upon: int, who: str, now: datetime, note: str
) -> Applied | None:
    """Make a text that was edited outside the file the active revision; None when another than `upon` is active."""
    if not hold(session, upon):
        return None
    return apply_text(session, text, watch, from_file=False, who=who, now=now, note=note)


def hold(session: Session, revision: int) -> bool:
    """Let nobody else make a revision before the commit; whether this one is the active one."""
    lock_names(session, [CONFIG_LOCK])
    return configs.active_revision(session) == revision


def follow(session: Session, watch: Watch, now: datetime) -> None:
    """Bring feeds, rules and alerts that wait in line with a new revision."""
    feeds.sync(session, [feed_spec(feed) for feed in watch.feeds], now)
    on = {rule.id: rule_digest(rule) for rule in watch.rules if rule.enabled}
    known = set(configs.rule_states(session))
    configs.sync_rules(session, on, now=now, past_id=articles.newest_id(session) + 1)
    gone = known - on.keys()
    if gone:
        _suppress(session, gone, now)


def _suppress(session: Session, gone: set[str], now: datetime) -> None:
    """What rules that are gone still had to tell is told no more, visibly."""
    waiting = alerts.unsent_of(session, gone)
    for row in waiting:
        if row.state in ("held", "folded"):
            row.state, row.reason, row.release_at = "suppressed", str(Reason.RULE_GONE), None
            row.digest_id = None  # which may go on to collect, should the rule be switched on again
            session.add(row)
        decisions.add(
            session, rule=row.rule_id, article=row.article_id, story=row.story_id, alert=row.id, stage="rule",
            action="drop", reason=Reason.RULE_GONE, detail="", at=now,
        )  # fmt: skip
    deliveries.suppress(session, [row.id for row in waiting], Reason.RULE_GONE)


def rule_digest(rule: Rule) -> str:
    """A hash of what decides a rule's matches: when it changes, stored articles are matched again."""
    parts = [rule.text, sorted(rule.languages), rule.feeds.model_dump(mode="json"), repr(rule.expr)]
    return sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False))


def diff(active: str, wanted: str, names: tuple[str, str]) -> str:
    """Unified diff from one text to another; `names` are what both are called in it."""
    return "\n".join(unified(active, wanted, names))


def revision(session: Session, number: int) -> Config:
    """One revision. Raises Missing when there is none of that number."""
    row = configs.get(session, number)
    if row is None:
        raise Missing(f"there is no revision {number}", hint="run `wirewatch history`")
    return row
