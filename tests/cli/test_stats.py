"""`stats`: what each step did and how long it took; and the whole way of one alert."""

from __future__ import annotations

from tests.cli.desk import Desk


def test_volumes_ledger_and_latencies_are_those_of_what_is_stored(desk: Desk) -> None:
    ended = desk.run("stats", "--since", "9000d", "--json")
    assert ended.code == 0, ended.err
    found = ended.document
    volumes = found["volumes"]
    assert (volumes["articles"], volumes["hits"], volumes["stories"], volumes["alerts"]) == (14, 6, 3, 3)
    assert sum(count for name, count in volumes.items() if name.startswith("articles ")) == volumes["articles"]
    assert found["ledger"] == {"sent": 6}
    legs = {one["leg"]: one for one in found["legs"]}
    assert set(legs) == {
        "published to seen", "seen to read", "read to matched", "matched to sent", "published to sent", "seen to sent",
    }  # fmt: skip
    assert legs["seen to sent"]["count"] == 6
    assert 0 <= legs["seen to sent"]["p50"] <= legs["seen to sent"]["p95"] <= legs["seen to sent"]["longest"]
    assert {one["name"]: one["took"]["count"] for one in found["channels"]} == {"desk-mail": 3, "desk-hook": 3}
    assert sum(one["took"]["count"] for one in found["feeds"]) == 6
    assert found["channels"][0]["took"]["p95"] >= found["channels"][1]["took"]["p95"]


def test_people_get_tables_and_latencies_when_they_ask(desk: Desk, empty_desk: Desk) -> None:
    plain = desk.run("stats", "--since", "9000d").out
    assert "deliveries sent" in plain
    assert "seconds" not in plain
    assert "slowest by channel" in desk.run("stats", "--since", "9000d", "--latency").out
    assert desk.run("stats", "--since", "soon").code == 2
    assert empty_desk.run("stats", "--latency").code == 0


def test_why_of_an_alert_is_its_whole_way(desk: Desk) -> None:
    alert = desk.run("alerts", "list", "--json").rows[0]["id"]
    rows = desk.run("alerts", "why", alert, "--json").rows
    stages = [row["stage"] for row in rows]
    assert {"seen", "read", "matched", "send", "deliver"} <= set(stages)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    sent = [row for row in rows if row["stage"] == "deliver"]
    assert [row["action"] for row in sent] == ["sent", "sent"]
    assert all("1 attempt; " in row["detail"] and "s after seen" in row["detail"] for row in sent)
