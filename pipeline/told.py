"""Under which names an event was told: what `sent.log` has to know so that a restored backup tells it to nobody again.

An alert is named after the first article of its story. When a day comes in again after a restore, another article of
the story may come first, and what was told in a digest may be due alone. So whatever a target was told is noted once
for each article of its story, as the alert that it would have begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Select, bindparam, union_all
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from alerts import keys
from alerts.message import Kind
from pipeline.app import Active, Sender
from storage.optouts import meant
from storage.tables import Alert, Article, Delivery, Hit


def told_before(app: Sender, active: Active, alert: Alert) -> bool:
    """Whether everybody whom this alert is for got it, by one channel or another: then it came out of a restored
    backup.
    """
    targets = [target for name in alert.targets for target, _ in active.recipients(name)]
    got = {meant(one) for one in targets if keys.delivery_key(app.installation, alert.id, one) in app.sent_log}
    return bool(targets) and got.issuperset(map(meant, targets))


def names_of_sent(session: Session, installation: str, alert: Alert, target: str) -> set[str]:
    """The keys under which this target was told what `alert` told it: of all articles of its stories so far."""
    if alert.story_id is None and alert.kind != Kind.DIGEST:
        return set()
    values = {"alert": alert.id, "target": target}
    return _keys(session, installation, _of_digest() if alert.kind == Kind.DIGEST else _of_alert(), values)


def names_of_joiners(session: Session, installation: str, articles: Sequence[int]) -> set[str]:
    """The keys of articles that came to stories told before, for all targets that were told."""
    return _keys(session, installation, _of_articles(), {"articles": list(articles)})


def _keys(
    session: Session, installation: str, query: Select[Any] | CompoundSelect[Any], values: dict[str, Any]
) -> set[str]:
    return {
        keys.delivery_key(installation, keys.alert_id(rule, article, Kind(kind), ordinal), target)
        for rule, article, kind, ordinal, target in session.connection().execute(query, values)
    }


@cache
def _of_alert() -> Select[Any]:
    return _told_alone().where(col(Alert.id) == bindparam("alert"), col(Delivery.target_id) == bindparam("target"))


@cache
def _of_digest() -> Select[Any]:
    return _told_in_digest().where(col(Teller.id) == bindparam("alert"), col(Delivery.target_id) == bindparam("target"))


@cache
def _of_articles() -> CompoundSelect[Any]:
    these = col(Hit.article_id).in_(bindparam("articles", expanding=True))
    return union_all(_told_alone().where(these), _told_in_digest().where(these))


Teller = aliased(Alert)  # the alert that tells a digest; a catch-up has one for each set of targets


def _told_alone() -> Select[Any]:
    return _told().join(Delivery, col(Delivery.alert_id) == col(Alert.id)).where(col(Delivery.state) == "sent")


def _told_in_digest() -> Select[Any]:
    """A target that got one message of a catch-up is taken to know all of it: what that left out it had before."""
    of_digest = (col(Teller.kind) == Kind.DIGEST.value) & (col(Teller.digest_id) == col(Alert.digest_id))
    query = _told().join(Teller, of_digest).join(Delivery, col(Delivery.alert_id) == col(Teller.id))
    return query.where(col(Delivery.state) == "sent")


def _told() -> Select[Any]:
    """(rule, article, kind, ordinal, target) of each article of a story and each alert of it, without who got it."""
    facts: tuple[Any, ...] = (Alert.rule_id, Article.key, Alert.kind, Alert.ordinal, Delivery.target_id)
    query: Select[Any] = sa_select(*facts)
    return query.join(Hit, col(Hit.story_id) == col(Alert.story_id)).join(Article, col(Article.id) == Hit.article_id)
