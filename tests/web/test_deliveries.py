"""What the pages of deliveries gather, and how the ledger is narrowed and paged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs

import pytest
from sqlmodel import Session, select

from core.errors import InputError
from pipeline import channels, resend
from storage import deliveries as ledger_rows
from storage import ledger, optouts
from storage.engine import Database
from storage.ledger import Filter
from storage.tables import Alert, Delivery, RuleState
from tests.web import rows
from web.pages import deliveries, delivery
from web.render import render


@pytest.fixture(autouse=True)
def _rows(db: Database) -> None:
    db.write_now(rows.newsroom)


def states(db: Database, chosen: Filter) -> list[str]:
    return [one.state for one in db.read_now(lambda session: deliveries.gather(session, chosen)).lines]


def test_the_ledger_is_newest_first_and_narrowed(db: Database) -> None:
    page = db.read_now(lambda session: deliveries.gather(session, Filter()))
    assert [one.state for one in page.lines] == ["dead", "sent"]
    assert (page.counts, page.total) == ([("sent", 1), ("dead", 1)], 2)
    assert page.lines[0].headline == "Port workers at Callender walk out over night shifts"
    assert (page.channels, page.rules) == (["desk-mail"], ["port-strike", "river-flood"])
    assert states(db, Filter(state="sent")) == ["sent"]
    assert states(db, Filter(channel="desk-mail")) == ["dead", "sent"]
    assert states(db, Filter(channel="desk-mail", state="dead", rule="port-strike")) == ["dead"]
    assert states(db, Filter(rule="river-flood")) == []
    assert states(db, Filter(state="' OR 1=1")) == []


def test_of_very_many_rules_one_is_written_and_not_chosen(db: Database) -> None:
    """A list of 5,000 was most of the page, and was sent again with each button that was pressed."""
    ids = [f"rule-{number}" for number in range(300)]
    db.write_now(lambda session: session.add_all(RuleState(rule_id=one, since=rows.NOW) for one in ids))
    page = db.read_now(lambda session: deliveries.gather(session, Filter(rule="port-strike")))
    assert (page.rules, len(page.lines)) == ([], 2)
    assert '<input name="rule" value="port-strike"' in render("deliveries.html", page=page, again=deliveries.AGAIN)


def test_a_next_try_is_told_of_what_waits_only(db: Database) -> None:
    again = rows.NOW + rows.HOUR

    def wait(session: Session) -> None:
        dead = session.exec(select(Delivery).where(Delivery.state == "dead")).one()
        dead.state, dead.not_before = "retry", again
        session.add(dead)

    db.write_now(wait)
    lines = db.read_now(lambda session: deliveries.gather(session, Filter())).lines
    assert [(one.state, one.next) for one in lines] == [("retry", again), ("sent", None)]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({"type": "notice", "subject": "channel desk-mail is paused"}, "channel desk-mail is paused"),
        ({"type": "digest", "title": "Strikes at ports"}, "Strikes at ports"),
        ({"type": "alert", "article": {"title": "Port workers walk out"}}, "Port workers walk out"),
        ({}, "again"),
    ],
)
def test_an_alert_is_called_what_its_message_says(view: dict[str, object], said: str) -> None:
    assert deliveries.headline(Alert(id="x", rule_id="r", kind="again", view=view, made_at=rows.NOW)) == said


def test_the_ledger_is_narrowed_by_days_the_last_one_included(db: Database) -> None:
    made = rows.NOW - 20 * rows.MINUTE
    assert states(db, Filter(since=made)) == ["dead", "sent"]
    assert states(db, Filter(until=made)) == []
    assert states(db, Filter(rule="port-strike", since=made, until=made + rows.MINUTE)) == ["dead", "sent"]
    chosen = Filter(since=datetime(2026, 11, 20, tzinfo=UTC), until=datetime(2026, 11, 22, tzinfo=UTC))
    assert deliveries.query(chosen) == "since=2026-11-20&until=2026-11-21"


@pytest.mark.parametrize(
    "chosen",
    [
        Filter(),
        Filter(state="retry"),
        Filter(channel="hook"),
        Filter(rule="many"),
        Filter(channel="hook", state="sent"),
    ],
)
def test_every_delivery_is_on_one_page(db: Database, chosen: Filter) -> None:
    """Those of one moment, too, in whatever order their states come."""

    def fill(session: Session) -> None:
        ledger_rows.sync_targets(session, [("hook:x", "hook", "x")])
        for number in range(130):
            session.add(
                Delivery(
                    key=f"many/{number}",
                    alert_id="a1" * 32,
                    target_id="hook:x",
                    channel="hook",
                    rule_id="many",
                    state=("sent", "retry", "dead")[number % 3],
                    not_before=rows.NOW,
                    made_at=rows.NOW + timedelta(seconds=number // 20),
                )
            )

    db.write_now(fill)
    seen, after, rest = [], "", "begin"
    while rest:
        place = deliveries.place_of(after)
        page = db.read_now(partial(deliveries.gather, chosen=chosen, after=place))
        seen += [(one.made, one.id) for one in page.lines]
        rest = page.rest
        after = parse_qs(rest.partition("?")[2])["after"][0] if rest else ""
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == sum(count for state, count in page.counts if chosen.state in ("", state))


@pytest.mark.parametrize("text", ["", "x", "_", "2026-11-22_", "2026-11-22T10:00_x", "0001-01-01T00:00+14:00_1"])
def test_a_place_that_cannot_be_read_is_the_beginning(text: str) -> None:
    assert deliveries.place_of(text) is None


def test_counts_end_at_their_limit(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST", 1)
    page = db.read_now(lambda session: deliveries.gather(session, Filter()))
    assert (page.counts, page.total) == ([("sent", 1), ("dead", 1)], 1)


def test_who_asked_for_no_more_is_listed(db: Database) -> None:
    page = db.read_now(lambda session: deliveries.gather(session, Filter()))
    assert [(one.rule_id, one.target_id) for one in page.opted_out] == [("river-flood", "desk-mail:late@desk.example")]
    db.write_now(lambda session: optouts.remove(session, "river-flood", "desk-mail:late@desk.example"))
    assert not db.read_now(lambda session: deliveries.gather(session, Filter())).opted_out


def test_a_paused_target_is_listed_until_it_is_resumed(db: Database) -> None:
    target = "desk-mail:late@desk.example"
    db.write_now(lambda session: ledger_rows.pause(session, target, "auth", rows.NOW))
    assert [one.id for one in db.read_now(lambda session: deliveries.gather(session, Filter())).paused] == [target]
    said = [db.write_now(lambda session: channels.resume_target(session, target)) for _ in range(2)]
    assert said == [f"{target} is sent to again.", f"{target} was not paused."]
    assert not db.read_now(lambda session: deliveries.gather(session, Filter())).paused


def test_all_dead_letters_of_a_channel_are_sent_again_and_only_their_targets_resumed(db: Database) -> None:
    target, other = "desk-mail:late@desk.example", "desk-mail:editor@desk.example"
    for one in (target, other):
        db.write_now(partial(ledger_rows.pause, target_id=one, reason="auth", now=rows.NOW))
    assert db.write_now(lambda session: resend.resend_channel(session, "other", who="ada", now=rows.NOW)) == 0
    assert db.write_now(lambda session: resend.resend_channel(session, "desk-mail", who="ada", now=rows.NOW)) == 1
    assert states(db, Filter()) == ["retry", "sent"]
    known = {one.id: one.state for one in db.read_now(ledger_rows.targets)}
    assert (known[target], known[other]) == ("ok", "paused")
    page = db.read_now(lambda session: delivery.gather(session, 2))
    assert page is not None
    assert (page.decisions[-1].stage, page.decisions[-1].detail) == (
        "person",
        f"to be sent again to {target} in the next run, says ada",
    )


async def test_the_button_of_one_delivery_sends_no_other_again_whatever_a_browser_says(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "who", lambda: "ada")
    with pytest.raises(InputError, match="no delivery 0"):
        await deliveries.acts(db)["resend"]("dead")
    assert states(db, Filter()) == ["dead", "sent"]


def test_a_deliverys_page_holds_all_that_is_known(db: Database) -> None:
    page = db.read_now(lambda session: delivery.gather(session, 2))
    assert page is not None
    assert (page.row.state, page.trouble) == ("dead", "the receiver refuses it for good: 550 no such user")
    assert [one.target_id for one in page.others] == ["desk-mail:editor@desk.example"]
    assert page.target is not None


def test_a_delivery_that_is_not_there_has_no_page(db: Database) -> None:
    for key in (0, 99, 2**31, 10**30):
        assert db.read_now(partial(delivery.gather, delivery_id=key)) is None
