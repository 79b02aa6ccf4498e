"""Both sides of the measurement send the same mails, and ours are in the ledger."""

from __future__ import annotations

import pytest

from bench.alerts import AIM, Plan, markdown, payload, run_bare, run_bare_hooks, run_ours
from tests.sinks.http import HttpSink
from tests.sinks.smtp import SmtpSink

PLAN = Plan(alerts=6, desks=2, rounds=1)


def test_each_side_sends_every_alert_once_and_of_the_same_size() -> None:
    with SmtpSink() as sink:
        ours = run_ours(sink.port, PLAN)
        warm, told = sink.mails[: 2 * PLAN.desks], sink.mails[2 * PLAN.desks :]
        assert ours.messages == len({mail.id for mail in told}) == PLAN.alerts
        assert len(warm) == 2 * PLAN.desks
        sink.mails.clear()
        run_bare(sink.port, PLAN)
        assert len(sink.mails) == PLAN.alerts
        subjects = sorted(str(mail.parsed["Subject"]) for mail in told)
        assert subjects == sorted(str(mail.parsed["Subject"]) for mail in sink.mails)
        assert len(payload(0)) == pytest.approx(len(told[0].raw), rel=0.5)  # ours has links


def test_each_side_posts_every_alert_once_to_webhooks() -> None:
    with HttpSink() as sink:
        assert run_ours(sink.port, PLAN, hooks=True).messages == PLAN.alerts
        assert len(sink.keys) == len(sink.requests) == PLAN.alerts + 2 * PLAN.desks
        run_bare_hooks(sink.port, PLAN)
        assert len(sink.requests) == 2 * PLAN.alerts + 2 * PLAN.desks


def test_the_figures_are_told_beside_the_aim() -> None:
    figures = {"per_second": 120.0, "cpu_ms": 8.1}
    found = {
        "plan": {"alerts": 6, "desks": 2, "rounds": 1}, "ours": [figures], "bare": [figures],
        "ratio": 1.0, "alerts_per_second": 120.0, "aim": AIM,
    }  # fmt: skip
    said = markdown(found)
    assert "| ours: ledger in SQLite, composed, sent, recorded |              120 |" in said
    assert "Ratio to the bare loop: 1.00; the aim is 100 alerts a second." in said
