"""Targets that asked for no more alerts of a rule, and verdicts on hits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from core.reasons import Reason
from storage import deliveries, feedback, optouts
from storage.engine import Database
from storage.tables import Delivery, Feedback
from tests.web import rows

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_an_opt_out_is_of_one_target_for_one_rule_and_kept_once(db: Database) -> None:
    def work(session: Session) -> list[bool]:
        told = [optouts.add(session, "r", "mail:a", NOW), optouts.add(session, "r", "mail:a", NOW + timedelta(days=1))]
        optouts.add(session, "r", "mail:b", NOW)
        optouts.add(session, "other", "mail:a", NOW)
        asked, nobody = optouts.targets_of(session, "r"), optouts.targets_of(session, "none")
        return [*told, "mail:a" in asked, "mail:b" in asked, "mail:c" in asked, "mail:a" in nobody]

    assert db.write_now(work) == [True, False, True, True, False, False]
    kept = [(one.rule_id, one.target_id, one.at) for one in db.read_now(optouts.listing)]
    assert kept == [("other", "mail:a", NOW), ("r", "mail:b", NOW), ("r", "mail:a", NOW)]


def test_an_address_that_asked_for_no_more_is_the_same_in_another_channel_and_in_capitals(db: Database) -> None:
    db.write_now(lambda session: [optouts.add(session, "r", one, NOW) for one in ("mail:ann@x.test", "hook")])
    asked = db.read_now(lambda session: optouts.targets_of(session, "r"))
    assert "desk:Ann@X.test" in asked
    assert not any(one in asked for one in ("ann@x.test", "mail:bob@x.test", "mail", "HOOK", "hook:ann"))
    assert db.write_now(lambda session: optouts.add(session, "r", "desk:ANN@x.test", NOW)) is False
    assert db.write_now(lambda session: optouts.remove(session, "r", "desk:ann@x.test")) is True
    assert [one.target_id for one in db.read_now(optouts.listing)] == ["hook"]


def test_an_opt_out_can_be_forgotten_once(db: Database) -> None:
    db.write_now(lambda session: optouts.add(session, "r", "mail:a", NOW))
    assert db.write_now(lambda session: [optouts.remove(session, "r", "mail:a") for _ in range(2)]) == [True, False]
    assert db.read_now(optouts.listing) == []


def test_what_waits_for_a_target_is_taken_off_for_this_rule_only(db: Database) -> None:
    def work(session: Session) -> list[tuple[str, str]]:
        of = rows.feed(session)
        made = []
        for number, rule in enumerate(("strike", "strike", "strike", "flood")):
            row = rows.story(session, of, f"t{number}", [rows.Told(f"t{number}")], rule=rule, ago=timedelta(0))
            made.append(rows.alert(session, row, str(number) * 64))
        rows.delivery(session, made[0], "mail:a", state="pending")
        rows.delivery(session, made[1], "mail:a", state="retry")
        rows.delivery(session, made[2], "mail:a", state="sent")
        rows.delivery(session, made[3], "mail:a", state="pending")
        rows.delivery(session, made[0], "mail:b", state="pending")
        taken_off = deliveries.suppress_for(session, "strike", "mail:a", Reason.OPTED_OUT)
        assert sorted(taken_off) == [made[0].id, made[1].id]
        session.expire_all()
        return [(one.state, one.reason) for one in (session.get_one(Delivery, n) for n in range(1, 6))]

    taken = ("suppressed", "opted_out")
    assert db.write_now(work) == [taken, taken, ("sent", "accepted"), *[("pending", "accepted")] * 2]


def test_of_one_persons_verdicts_on_a_hit_the_newest_is_kept(db: Database) -> None:
    db.write_now(rows.newsroom)
    for verdict, who in (("wrong", "link"), ("right", "ada"), ("right", "link")):
        db.write_now(lambda s, v=verdict, w=who: feedback.judge(s, [1, 2], verdict=v, who=w, now=NOW))  # type: ignore[misc]
    said = db.read_now(
        lambda session: session.exec(select(Feedback).where(Feedback.hit_id == 1).order_by(col(Feedback.id))).all()
    )
    assert [(one.who, one.verdict) for one in said] == [("link", "right"), ("ada", "right")]


def test_who_said_not_this_of_a_hit_is_told_until_they_take_it_back(db: Database) -> None:
    db.write_now(rows.newsroom)
    for hits, who in (([1, 2], "bo"), ([1], "ada"), ([1], "bo")):
        db.write_now(lambda s, h=hits, w=who: feedback.judge(s, h, verdict="wrong", who=w, now=NOW))  # type: ignore[misc]
    assert db.read_now(lambda s: feedback.not_this(s, [1, 2, 3])) == {1: ["bo", "ada"], 2: ["bo"]}
    assert db.write_now(lambda s: [feedback.take_back(s, 1, "bo") for _ in range(2)]) == [True, False]
    assert db.read_now(lambda s: feedback.not_this(s, [1, 2])) == {1: ["ada"], 2: ["bo"]}
