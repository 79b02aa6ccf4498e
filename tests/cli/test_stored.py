"""What is stored, listed and changed: articles, hits, stories, alerts, deliveries, channels; `doctor` and `db`."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.alerts import became
from storage.tables import Alert, Delivery
from tests.cli.desk import Desk

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LISTS = {
    "articles": 14,
    "hits": 6,
    "stories": 3,
    "alerts": 3,
    "deliveries": 6,
    "channels": 2,
}
TITLE = "Blinken's Trip to Vietnam Aims at Closer Two-Way Relations"


@pytest.mark.parametrize(("noun", "count"), LISTS.items())
def test_a_list_is_a_table_for_people_and_json_lines_for_programs(desk: Desk, noun: str, count: int) -> None:
    people, programs = desk.run(noun, "list"), desk.run(noun, "list", "--json")
    assert (people.code, programs.code) == (0, 0)
    assert len(programs.rows) == count
    assert len(people.out.splitlines()) == count + 1  # and a heading
    assert all(row.keys() == programs.rows[0].keys() for row in programs.rows)


@pytest.mark.parametrize(("noun", "count"), LISTS.items())
def test_a_list_before_the_first_run_is_empty_and_no_error(empty_desk: Desk, noun: str, count: int) -> None:
    assert empty_desk.run(noun, "list").code == 0
    assert empty_desk.run(noun, "list").out.startswith("no ")
    assert empty_desk.run(noun, "list", "--json").out == ""


def test_times_are_iso_8601_in_utc(desk: Desk) -> None:
    row = desk.run("articles", "list", "--limit", "1", "--json").rows[0]
    assert row["first_seen"].endswith("Z")
    assert "T" in row["first_seen"]


def test_lists_are_filtered(desk: Desk) -> None:
    assert len(desk.run("hits", "list", "--rule", "blinken-trip", "--json").rows) == 2
    assert len(desk.run("stories", "list", "--state", "open", "--json").rows) == 3
    assert len(desk.run("stories", "list", "--state", "closed", "--json").rows) == 0
    assert len(desk.run("deliveries", "list", "--state", "sent", "--channel", "desk-mail", "--json").rows) == 3
    assert len(desk.run("articles", "list", "--state", "ready", "--limit", "5", "--json").rows) == 5
    assert len(desk.run("alerts", "list", "--rule", "nosuch", "--json").rows) == 0
    assert desk.run("deliveries", "dead").out == "no dead letters\n"


def test_deliveries_are_counted_by_channel_and_state(desk: Desk, empty_desk: Desk) -> None:
    counted = desk.run("deliveries", "counts", "--json").rows
    assert {"channel": "desk-mail", "state": "sent", "deliveries": 3} in counted
    assert sum(row["deliveries"] for row in counted) == LISTS["deliveries"]
    assert empty_desk.run("deliveries", "counts").out == "no deliveries\n"


FILTERS = [
    ("articles", "--state", "failed"),
    ("hits", "--rule", "nosuch"),
    ("stories", "--rule", "nosuch"),
    ("stories", "--state", "closed"),
    ("alerts", "--rule", "nosuch"),
    ("deliveries", "--state", "unknown"),
    ("deliveries", "--channel", "nosuch"),
]


@pytest.mark.parametrize(("noun", "option", "value"), FILTERS)
def test_filters_that_nothing_fits_are_told_apart_from_an_empty_list(
    desk: Desk, empty_desk: Desk, noun: str, option: str, value: str
) -> None:
    assert desk.run(noun, "list", option, value).out == f"no {noun} fit the filters\n"
    assert empty_desk.run(noun, "list").out == f"no {noun} yet\n"


def id_of(desk: Desk, title: str = TITLE) -> str:
    found = desk.run("articles", "search", "Two-Way Natalegawa", "--json").rows
    assert [row["title"] for row in found] == [title]
    return str(found[0]["id"])


def test_an_article_is_found_by_words_and_shown_with_its_text(desk: Desk) -> None:
    which = id_of(desk)
    shown = desk.run("articles", "show", which, "--json").document
    assert shown["author"]
    assert "Natalegawa" in shown["text"]
    assert desk.run("articles", "show", shown["url"], "--json").document == shown
    assert "Natalegawa" in desk.run("articles", "show", which).out
    (page,) = shown["pages"]
    assert (page["status"], len(page["sha256"]), shown["pages_kept"], shown["headlines"]) == (200, 64, 1, [])


def test_an_article_is_shown_with_what_its_headline_was(own_desk: Desk) -> None:
    which = id_of(own_desk)
    replaced = "INSERT INTO articlerevision (article_id, revision, title, text, at) VALUES (?, 1, ?, 'x', ?)"
    with sqlite3.connect(own_desk.folder / "data" / "wirewatch.db") as database:
        database.execute("UPDATE article SET revision = 2, title = 'It is [b]over' WHERE id = ?", (which,))
        database.execute(replaced, (which, "It goes on", "2026-03-02 12:00:00.000000"))
    said = own_desk.run("articles", "show", which)
    assert "headline changed 2026-03-02 12:00Z: It goes on → It is [b]over\n" in said.out
    shown = own_desk.run("articles", "show", which, "--json").document
    assert shown["headlines"] == [{"at": "2026-03-02T12:00:00Z", "old": "It goes on", "new": "It is [b]over"}]


def test_why_says_for_every_rule_what_became_of_an_article(desk: Desk) -> None:
    rows = {row["rule"]: row for row in desk.run("articles", "why", id_of(desk), "--json").rows}
    assert rows["myanmar-sanctions"]["outcome"] == "no hit"
    assert "@Myanmar" in rows["myanmar-sanctions"]["why"]
    assert rows["blinken-trip"]["outcome"] in ("alert", "no alert")
    assert len(rows) == 4


def test_a_hit_is_shown_with_its_words_marked(desk: Desk) -> None:
    for row in desk.run("hits", "list", "--json").rows:
        shown = desk.run("hits", "show", str(row["id"]), "--json").document
        assert shown["spans"]
        assert all(one["sentence"][start:end] for one in shown["sentences"] for start, end in one["marks"])
    assert "‹" in desk.run("hits", "show", str(row["id"])).out


def test_a_story_is_shown_with_articles_and_alerts(desk: Desk) -> None:
    shown = desk.run("stories", "show", "1", "--json").document
    assert shown["separate_texts"] == 2
    assert len(shown["timeline"]) == 2
    assert [one["kind"] for one in shown["alerts"]] == ["first"]
    assert shown["title"] in desk.run("stories", "show", "1").out


def test_why_of_an_alert_names_its_stages(desk: Desk) -> None:
    alert = desk.run("alerts", "list", "--json").rows[0]
    by_id = desk.run("alerts", "why", alert["id"][:12], "--json").rows
    assert by_id
    assert {row["rule"] for row in by_id} == {alert["rule"]}
    assert desk.run("alerts", "why", id_of(desk), "--rule", alert["rule"], "--json").rows
    assert desk.run("alerts", "why", alert["id"]).code == 0


def test_an_alert_says_what_its_deliveries_came_to(desk: Desk) -> None:
    sent = {row["id"]: row["became"] for row in desk.run("alerts", "list", "--json").rows}
    assert sent
    for alert, told in sent.items():
        states = {row["state"] for row in desk.run("deliveries", "list", "--json").rows if row["alert"] == alert}
        assert {told} == states
    assert "queued" not in desk.run("alerts", "list").out
    shown = desk.run("stories", "show", "1", "--json").document
    assert [one["became"] for one in shown["alerts"]] == [sent[one["id"]] for one in shown["alerts"]]


@pytest.mark.parametrize(
    ("state", "reason", "owed", "said"),
    [
        ("queued", "sent", ["sent", "sent"], "sent"),
        ("queued", "sent", ["sent", "dead", "sent"], "2 sent, 1 dead"),
        ("queued", "sent", [], "queued"),
        ("held", "quiet_hours", [], "held: quiet_hours"),
    ],
)
def test_an_alert_became_what_its_deliveries_did_else_what_was_decided(
    state: str, reason: str, owed: list[str], said: str
) -> None:
    alert = Alert(id="a", rule_id="r", kind="first", state=state, reason=reason, made_at=NOW)
    made = [Delivery(key=str(n), alert_id="a", target_id="t", channel="c", state=one) for n, one in enumerate(owed)]
    assert became(alert, made) == said


def test_a_delivery_is_shown(desk: Desk) -> None:
    shown = desk.run("deliveries", "show", "1", "--json").document
    assert shown["state"] == "sent"
    assert desk.run("deliveries", "show", shown["key"], "--json").document == shown
    assert shown["key"] in desk.run("deliveries", "show", "1").out


UNKNOWN = [
    (["articles", "show", "nosuch"], "there is no article nosuch"),
    (["articles", "show", "99999999999999999999"], "there is no article 99999999999999999999"),
    (["articles", "show", "²"], "there is no article ²"),
    (["articles", "why", "nosuch"], "there is no article nosuch"),
    (["hits", "show", "99"], "there is no hit 99"),
    (["hits", "show", "99999999999999999999"], "there is no hit 99999999999999999999"),
    (["stories", "show", "99"], "there is no story 99"),
    (["stories", "show", "99999999999999999999"], "there is no story 99999999999999999999"),
    (["stories", "silence", "99"], "there is no story 99"),
    (["stories", "silence", "1", "--for", "soon"], "--for soon"),
    (["stories", "silence", "1", "--until", "soon"], "--until soon: not a time"),
    (["stories", "silence", "1", "--until", "0001-01-01T00:00+14:00"], "--until 0001-01-01T00:00+14:00: not a time"),
    (["stories", "silence", "1", "--until", "2020-01-01"], "--until 2020-01-01: that is over"),
    (["stories", "silence", "1", "--for", "1h", "--until", "2100-01-01"], "two ways to say the same"),
    (["stories", "silence", "1", "--for", "0h"], "--for 0h: that is no time at all"),
    (["stories", "close", "99"], "there is no story 99"),
    (["alerts", "why", "nosuch"], "there is no alert or article nosuch"),
    (["deliveries", "show", "nosuch"], "there is no delivery nosuch"),
    (["deliveries", "show", "99999999999999999999"], "there is no delivery 99999999999999999999"),
    (["deliveries", "show", "²"], "there is no delivery ²"),
    (["deliveries", "resend", "nosuch"], "there is no delivery nosuch"),
    (["deliveries", "resend", "1"], "delivery 1 is sent"),
    (["rollback", "99999999999999999999"], "there is no revision 99999999999999999999"),
    (["channels", "test", "nosuch"], "channels are desk-mail, desk-hook"),
    (["channels", "resume", "nosuch"], "no target of nosuch is paused"),
]


@pytest.mark.parametrize(("arguments", "said"), UNKNOWN)
def test_what_is_not_there_ends_with_2_and_what_to_do(desk: Desk, arguments: list[str], said: str) -> None:
    ended = desk.run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_story_is_silenced_and_closed(own_desk: Desk) -> None:
    def story() -> Any:
        return own_desk.run("stories", "show", "1", "--json").document

    assert "is silenced until" in own_desk.run("stories", "silence", "1", "--for", "7d").out
    assert (story()["state"], bool(story()["silenced_until"])) == ("silenced", True)
    assert "until 2100-01-01 07:00Z" in own_desk.run("stories", "silence", "1", "--until", "2100-01-01T08:00+01:00").out
    assert own_desk.run("stories", "close", "1").code == 0
    assert story()["state"] == "closed"
    assert own_desk.run("stories", "reopen", "1").out == "story 1 is open\n"
    assert (story()["state"], story()["silenced_until"]) == ("open", None)


def test_a_test_message_that_cannot_be_sent_ends_with_1(desk: Desk) -> None:
    ended = desk.run("channels", "test", "desk-hook", "--json")  # its receiver is gone
    assert ended.code == 1
    assert [row["result"] for row in ended.rows] == ["temp"]


def test_where_none_failed_and_none_is_kept_back_none_is_sent_again_or_laid_aside(own_desk: Desk) -> None:
    asked = ("deliveries resend dead", "deliveries drop dead", "alerts release restored", "alerts drop restored")
    assert [own_desk.run(*one.split()).out[:2] for one in asked] == ["0 "] * 4


def test_doctor_finds_all_in_order(desk: Desk) -> None:
    rows = desk.run("doctor", "--json").rows
    assert [row["check"] for row in rows if not row["ok"]] == []
    assert {"data folder", "sent.log", "open files", "page", "database size", "runs"} <= {row["check"] for row in rows}
    assert {"disk", "watch file", "database", "schema", "clock", "channel desk-mail", "feeds"} <= {
        row["check"] for row in rows
    }
    assert desk.run("doctor").code == 0


def test_a_feed_that_rests_is_no_fault_of_the_installation(own_desk: Desk) -> None:
    name = own_desk.run("feeds", "list", "--json").rows[0]["name"]
    assert own_desk.run("feeds", "pause", name).code == 0
    assert own_desk.run("doctor").code == 1
    assert own_desk.run("doctor", "--installation").code == 0
    assert Desk(own_desk.folder, {"WIREWATCH_CONFIG": "nowhere.yaml"}).run("doctor", "--installation").code == 1


def test_doctor_says_what_to_do(empty_desk: Desk) -> None:
    ended = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": "postgresql://u:hidden@127.0.0.1:1/x"}).run("doctor")
    assert ended.code == 1
    assert "wirewatch init" in ended.out
    assert "mend WIREWATCH_DATABASE" in ended.out
    assert "hidden" not in ended.out


def test_a_database_is_upgraded_once(empty_desk: Desk) -> None:
    assert "from (empty) to revision" in empty_desk.run("db", "upgrade").out
    assert "already at revision" in empty_desk.run("db", "upgrade").out


def test_a_hit_is_not_this_by_name_until_it_is_taken_back(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "bo")
    hit = own_desk.run("hits", "list", "--json").rows[0]
    assert hit["not_this"] == []
    assert own_desk.run("hits", "not-this", str(hit["id"]), "--by", " Ada ").code == 0
    said = own_desk.run("hits", "not-this", str(hit["id"]))
    assert said.out == f"bo: hit {hit['id']} is not what its rule is for\n"
    assert own_desk.run("hits", "list", "--json").rows[0]["not_this"] == ["Ada", "bo"]
    assert "Ada, bo" in own_desk.run("hits", "show", str(hit["id"])).out
    why = own_desk.run("alerts", "why", hit["url"], "--rule", hit["rule"], "--json").rows
    assert [one["detail"] for one in why if one["reason"] == "not_this"] == ["Ada: not this", "bo: not this"]
    assert own_desk.run("hits", "not-this", str(hit["id"]), "--undo").code == 0
    assert own_desk.run("hits", "show", str(hit["id"]), "--json").document["not_this"] == ["Ada"]


def test_a_verdict_on_no_hit_or_without_a_name_or_never_given_is_refused(own_desk: Desk) -> None:
    hit = str(own_desk.run("hits", "list", "--json").rows[0]["id"])
    for wrong in (["0"], [str(2**40)], [hit, "--by", " "], [hit, "--by", "Ada", "--undo"]):
        assert own_desk.run("hits", "not-this", *wrong).code == 2, wrong
