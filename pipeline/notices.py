"""Notices to the operators: a trouble is told once, and once more when it is over, to `defaults.operators`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from alerts import keys
from alerts.compose import SUBJECT
from alerts.message import Kind, NoticeView
from pipeline import alert as alerting
from pipeline import views
from pipeline.app import Sender
from storage import notices
from storage.office import Notice
from storage.tables import Alert

NAMED = 30  # troubles that one message names; the rest is counted


def tell(session: Session, app: Sender, key: str, text: str, *, now: datetime, but: str = "") -> bool:
    """Tell a trouble, unless it is known already; not by the channel `but`, which is the trouble."""
    notice = notices.open_notice(session, key, text, now)
    if notice is None:
        return False
    _send(session, app, _subject(notice), text, now, but)
    return True


def over(session: Session, app: Sender, key: str, text: str, *, now: datetime) -> bool:
    """Tell that a trouble is over; nothing when it was not known."""
    notice = notices.end_notice(session, key, now)
    if notice is None:
        return False
    _send(session, app, f"{_subject(notice)}:over", text, now, "")
    return True


def news(session: Session, app: Sender, key: str, text: str, *, now: datetime) -> None:
    """Tell what is no trouble: over as soon as it is told, so that it is told the next time, too."""
    tell(session, app, key, text, now=now)
    notices.end_notice(session, key, now)


def tell_all(session: Session, app: Sender, found: Mapping[str, str], *, now: datetime) -> int:
    """Tell several troubles (key → text) of one look, those known already left out, in one message; how many it tells.

    Each is a notice of its own, and over by itself.
    """
    opened = [one for key, text in found.items() if (one := notices.open_notice(session, key, text, now))]
    _send_all(session, app, [(_subject(one), one.text) for one in opened], "{} troubles", now)
    return len(opened)


def over_all(session: Session, app: Sender, ended: Mapping[str, str], *, now: datetime) -> int:
    """Tell in one message that several troubles (key → text) are over; how many it tells."""
    closed = [(one, text) for key, text in ended.items() if (one := notices.end_notice(session, key, now))]
    told = [(f"{_subject(one)}:over", text) for one, text in closed]
    _send_all(session, app, told, "{} troubles are over", now)
    return len(told)


def _subject(notice: Notice) -> str:
    """What its message is named after. With its words: after a restore its number may be another's, which was told."""
    return f"{notice.key}:{notice.id}:{notice.text}"


def _send_all(session: Session, app: Sender, told: list[tuple[str, str]], title: str, now: datetime) -> None:
    if len(told) == 1:
        _send(session, app, *told[0], now, "")
    elif told:
        _send(session, app, "|".join(key for key, _ in told), _several(told, title), now, "")


def _several(told: list[tuple[str, str]], title: str) -> str:
    """A first line that counts, then each trouble's own first line; all of it stands with the notices themselves."""
    named = [f"- {text.splitlines()[0]}" for _, text in told[:NAMED]]
    more = [f"- and {len(told) - NAMED} more: `wirewatch doctor` names them"] if len(told) > NAMED else []
    return "\n".join([title.format(len(told)), *named, *more])


def _send(session: Session, app: Sender, subject: str, text: str, now: datetime, but: str) -> None:
    operators = [name for name in app.active.watch.file.defaults.operators if name != but]
    alert_id = keys.alert_id("notice", subject, Kind.NOTICE)
    if session.get(Alert, alert_id) is not None:
        return
    first, *rest = text.split("\n")
    view = NoticeView(
        alert_id=alert_id,
        subject=first,
        lines=tuple(rest) if len(first) <= SUBJECT else (first, *rest),  # a subject that is cut stands whole below
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
