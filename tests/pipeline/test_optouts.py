"""An alert goes to nobody who asked for no more of its rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from sqlmodel import Session, select

from core.clock import FixedClock
from pipeline import alert as alerting
from pipeline.app import Active
from pipeline.resend import resend
from pipeline.run import run_cycle
from storage import alerts, optouts
from storage.engine import Database
from storage.tables import Alert, Delivery, Story
from tests.builders import World
from tests.pipeline.retelling import refused_for_good
from tests.pipeline.test_alert import events
from tests.web import rows

NOW = datetime(2026, 1, 2, tzinfo=UTC)
EDITOR, LATE = "desk-mail:editor@desk.example", "desk-mail:late@desk.example"


class Mail:
    """A channel with two recipients."""

    def targets(self) -> list[Any]:
        return [SimpleNamespace(id=one, recipient=one.split(":")[1]) for one in (EDITOR, LATE)]


@dataclass(frozen=True)
class Sender:
    active: Active
    installation: str = "here"
    sent_log: frozenset[str] = frozenset()


def sent(session: Session, row: Alert) -> list[str]:
    active = Active(1, cast(Any, None), cast(Any, None), {"desk-mail": cast(Any, Mail())})
    alerting.send(session, Sender(active=active), active, row, NOW)
    session.flush()
    return list(session.exec(select(Delivery.target_id).where(Delivery.alert_id == row.id)).all())


def test_only_who_opted_out_is_left_out_and_it_is_said_why(db: Database) -> None:
    db.write_now(rows.newsroom)

    def work(session: Session) -> tuple[list[str], list[tuple[str, str, str]]]:
        flood = session.get_one(Story, 2)  # the row says that LATE wants no more of this rule
        told = sent(session, rows.alert(session, flood, "c3" * 32, kind="update"))
        kept = alerts.decisions(session, alert_id="c3" * 32)
        return told, [(one.action, one.reason, one.detail) for one in kept]

    assert db.write_now(work) == (
        [EDITOR],
        [("drop", "opted_out", f"{LATE}: this address asked for no more alerts of this rule")],
    )


def test_other_rules_and_notices_reach_an_address_that_opted_out_of_one(db: Database) -> None:
    db.write_now(rows.newsroom)

    def work(session: Session) -> list[list[str]]:
        strike = rows.alert(session, session.get_one(Story, 1), "d4" * 32, kind="update")
        notice = Alert(id="e5" * 32, rule_id="", kind="notice", targets=["desk-mail"], made_at=NOW)
        session.add(notice)
        session.flush()
        return [sorted(sent(session, one)) for one in (strike, notice)]

    assert db.write_now(work) == [[EDITOR, LATE]] * 2


def test_who_wants_a_rules_alerts_again_gets_them(db: Database) -> None:
    db.write_now(rows.newsroom)

    def work(session: Session) -> list[str]:
        optouts.remove(session, "river-flood", LATE)
        return sorted(sent(session, rows.alert(session, session.get_one(Story, 2), "c3" * 32, kind="update")))

    assert db.write_now(work) == [EDITOR, LATE]


async def test_a_dead_letter_to_who_asked_for_no_more_since_is_not_sent_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    events(world, 1)
    async with refused_for_good(world, db, clock) as app:
        await app.db.write(lambda s: optouts.add(s, "strike", "hook", clock.now()))
        assert await app.db.write(lambda s: resend(s, "dead", who="ada", now=clock.now())) == 1
        report = await run_cycle(app)
    row = db.read_now(lambda s: s.exec(select(Delivery)).one())
    assert (row.state, row.reason, len(world.hook.requests)) == ("suppressed", "opted_out", 1)
    last = db.read_now(lambda s: alerts.decisions(s, alert_id=row.alert_id))[-1]
    assert (last.stage, last.action, last.reason) == ("deliver", "drop", "opted_out")
    assert {"step": "deliver", "outcome": "skipped", "reason": "opted_out", "count": 1} in report.rows()


async def test_who_asked_for_no_more_gets_none_by_a_channel_of_another_name_either(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.tell_only("Ann@x.test", "bob@x.test", channel="desk-mail")
    events(world, 1)
    async with world.worker(db, clock) as app:
        await app.db.write(lambda s: optouts.add(s, "strike", "mail:ann@x.test", clock.now()))
        await run_cycle(app)
    assert [mail.recipients for mail in world.mail.mails] == [("bob@x.test",)]
