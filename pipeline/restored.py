"""What is told after a restore without sent.log: what is surely new. The rest waits until somebody says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlmodel import Session

from core.errors import InputError, Missing
from core.reasons import Reason
from pipeline.stories import BY_HAND
from storage import alerts, decisions, deliveries
from storage import restored as rows
from storage.restored import Restored
from storage.tables import Alert, Article, Delivery

ALL = "restored"  # instead of an alert's id


def maybe_told(session: Session, article: Article) -> bool:
    """Whether an article's news may have been told between a restored backup and its restore."""
    last = rows.last(session)
    if last is None or not last.keeping_back:
        return False
    published = article.feed_published or article.published
    listed = None if _says_when(published) else rows.first_listing(session, article.feed_id, last.at)
    return is_from_before(published, article.first_seen_at, last, listed)


def is_from_before(
    published: datetime | None, first_seen: datetime, last: Restored, first_listing: datetime | None
) -> bool:
    """Whether news were there before a restore: by their date, or where that says nothing, by whether their feed's
    first answer after it listed them (None: it has not answered since).
    """
    if _says_when(published):
        return published is not None and published <= last.at
    return first_seen <= last.at or first_listing is None or first_seen <= first_listing


def _says_when(published: datetime | None) -> bool:
    """A date at midnight is mostly one without a time."""
    return published is not None and published.astimezone(UTC).time() != time(0)


def release(session: Session, which: str, *, who: str, now: datetime) -> int:
    """Have an alert (by the beginning of its id) that was kept back decided again, or all of them (`restored`), after
    which nothing more is kept back. Returns how many alerts and deliveries. Raises InputError when there is none.
    """
    kept, owed = _kept(session, which)
    for alert in kept:
        alert.state, alert.release_at = "held", now
        session.add(alert)
    for one in owed:
        deliveries.resend(session, one, now)
    said = f"to be told in the next run, says {who}"
    _note(session, kept, "hold", Reason.RESENT, said, now)  # it is decided again then
    _note(session, _alerts_of(session, owed), "send", Reason.RESENT, said, now)
    last = rows.last(session)
    if last and which == ALL:
        rows.note(session, Restored(last.at, last.made_at, keeping_back=False))
    return len(kept) + len(owed)


def lay_aside(session: Session, which: str, *, who: str, now: datetime) -> int:
    """Have an alert that was kept back, or all of them (`restored`), not be told: somebody knows that it was. What else
    comes in from before the restore is still kept back. Returns how many alerts and deliveries; raises as `release`.
    """
    kept, owed = _kept(session, which)
    for one in (*kept, *owed):
        one.reason = str(Reason.LAID_ASIDE)
        session.add(one)
    chosen = [*kept, *_alerts_of(session, owed)]
    _note(session, chosen, "drop", Reason.LAID_ASIDE, f"not to be told, says {who}", now)
    return len(kept) + len(owed)


def _kept(session: Session, which: str) -> tuple[list[Alert], list[Delivery]]:
    alert_id = "" if which == ALL else _one(session, which).id
    kept, owed = rows.kept_back(session, alert_id)
    if alert_id and not kept and not owed:
        raise InputError(f"alert {which} is not kept back", hint="run `wirewatch alerts list`")
    return kept, owed


def _alerts_of(session: Session, owed: Sequence[Delivery]) -> list[Alert]:
    return [session.get_one(Alert, alert_id) for alert_id in dict.fromkeys(one.alert_id for one in owed)]


def _note(session: Session, chosen: Sequence[Alert], action: str, reason: Reason, said: str, now: datetime) -> None:
    for alert in chosen:
        decisions.add(
            session, rule=alert.rule_id, article=alert.article_id, story=alert.story_id, alert=alert.id, stage=BY_HAND,
            action=action, reason=reason, at=now, detail=said,
        )  # fmt: skip


def _one(session: Session, which: str) -> Alert:
    alert = alerts.by_prefix(session, which)
    if alert is None:
        raise Missing(f"there is no alert {which}", hint="run `wirewatch alerts list`")
    return alert
