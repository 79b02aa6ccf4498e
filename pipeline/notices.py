"""Notices to the operators: a trouble is told once, and once more when it is over, to `defaults.operators`."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from alerts import keys
from alerts.message import Kind, NoticeView
from pipeline import alert as alerting
from pipeline import views
from pipeline.app import Sender
from storage import notices
from storage.tables import Alert


def tell(session: Session, app: Sender, key: str, text: str, *, now: datetime, but: str = "") -> bool:
    """Tell a trouble, unless it is known already; not by the channel `but`, which is the trouble."""
    notice = notices.open_notice(session, key, text, now)
    if notice is None:
        return False
    _send(session, app, f"{key}:{notice.id}", text, now, but)
    return True


def over(session: Session, app: Sender, key: str, text: str, *, now: datetime) -> bool:
    """Tell that a trouble is over; nothing when it was not known."""
    notice = notices.end_notice(session, key, now)
    if notice is None:
        return False
    _send(session, app, f"{key}:{notice.id}:over", text, now, "")
    return True


def _send(session: Session, app: Sender, subject: str, text: str, now: datetime, but: str) -> None:
    operators = [name for name in app.active.watch.file.defaults.operators if name != but]
    alert_id = keys.alert_id("notice", subject, Kind.NOTICE)
    if session.get(Alert, alert_id) is not None:
        return
    view = NoticeView(
        alert_id=alert_id,
        subject=text.split("\n", 1)[0],
        lines=tuple(text.split("\n")),
        made_at=now,
        timezone=app.active.timezone,
    )
    row = Alert(
        id=alert_id,
        rule_id="",
        kind=Kind.NOTICE.value,
        state="queued",
        targets=operators,
        view=views.dump(view),
        made_at=now,
    )
    session.add(row)
    session.flush()
    alerting.send(session, app, app.active, row, now)
