"""`python -m bench.alerts`: alerts per second composed, sent by e-mail and recorded, beside a bare smtplib loop.

Ours: alerts as rows → deliveries entered into the ledger → claimed, composed as text and HTML, sent by the e-mail
channel over a connection each, noted in sent.log, recorded; SQLite in the data folder, one process. The bare loop: as
many messages of the same bytes, composed beforehand, over a connection each, one after the other; nothing is kept. Both
to one aiosmtpd on loopback in a process of its own, in turn. Exit code 1 when the aim was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import os
import pstats
import smtplib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import requests
import yaml
from sqlmodel import Session

from alerts import keys
from alerts.compose import compose
from alerts.email import build
from alerts.message import AlertView, ArticleLine, Kind, Passage
from bench.costs import cpu_seconds
from bench.pipeline import alone
from bench.tables import table
from core.settings import Settings
from pipeline import alert as alerting
from pipeline import views
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from storage.tables import Alert
from tests.sinks.http import HttpSink
from tests.sinks.smtp import SmtpSink

AIM = 100.0  # alerts a second
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENTENCE = (
    "Dockers at the northern harbour went on strike on Tuesday morning, and no ship has been unloaded since then."
)
SENDER = "watch@desk.test"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    alerts: int = 600
    desks: int = 8  # mailboxes that share the alerts, each a channel
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Round:
    """What one side took for so many messages."""

    messages: int
    seconds: float
    cpu_seconds: float

    @property
    def a_second(self) -> float:
        """By the clock on the wall."""
        return self.messages / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU time of one message, milliseconds; the mail server's is not in it."""
        return self.cpu_seconds / self.messages * 1_000


def view(number: int) -> AlertView:
    """An alert as a story of two texts makes it."""
    line = ArticleLine(
        title=f"Harbour {number} stands still as dockers strike",
        url=f"https://news.example.org/2026/03/02/harbour-{number}",
        source="Example News",
        first_seen=NOW,
        author="A. Reporter",
        published=NOW - timedelta(minutes=5),
    )
    return AlertView(
        alert_id=keys.alert_id("strike", f"https://news.example.org/{number}", Kind.FIRST),
        kind=Kind.FIRST,
        rule_id="strike",
        rule_title="Strikes in harbours",
        story_id=str(number),
        article=line,
        made_at=NOW,
        passages=tuple(Passage(SENTENCE, ((0, 7), (44, 50))) for _ in range(3)),
        others=(line,),
        separate_texts=2,
    )


def watch_text(port: int, desks: int, *, hooks: bool = False) -> str:
    """A rule, and so many mailboxes or webhooks."""
    server = {"host": "127.0.0.1", "port": port, "security": "none", "from": SENDER}
    channels = {
        f"desk{n}": {"url": f"webhook://127.0.0.1:{port}/desk{n}"}
        if hooks
        else {**server, "to": [f"desk{n}@desk.test"]}
        for n in range(desks)
    }
    rule = {"title": "Strikes in harbours", "match": "near/12(docker, strike)", "alert": {"to": ["desk0"]}}
    settings = {"public_url": "https://watch.example.org"}
    return yaml.safe_dump({"version": 1, "settings": settings, "rules": {"strike": rule}, "channels": channels})


def run_ours(port: int, plan: Plan, profile: bool = False, hooks: bool = False) -> Round:
    """One round of ours, in a process of its own; `hooks`: to webhooks, not to mailboxes."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        (Path(name) / "watch.yaml").write_text(watch_text(port, plan.desks, hooks=hooks), "utf-8")
        return asyncio.run(_ours(Path(name), plan, profile))


async def _ours(folder: Path, plan: Plan, profile: bool) -> Round:
    settings = Settings(_env_file=None, config=folder / "watch.yaml", data=folder, cycle_seconds=900.0)
    async with open_app(settings, environ={}) as app:
        if message := (await follow_file(app, "bench")).message:
            raise RuntimeError(message)
        await _tell(app, range(plan.alerts, plan.alerts + 2 * plan.desks), plan.desks)  # warm
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        cpu, began = cpu_seconds([os.getpid()]), time.perf_counter()
        sent = await _tell(app, range(plan.alerts), plan.desks)
        seconds = time.perf_counter() - began
        if profile:
            profiler.disable()
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(40)
        if sent != plan.alerts:
            raise RuntimeError(f"of {plan.alerts} alerts, {sent} were sent")
        return Round(plan.alerts, seconds, cpu_seconds([os.getpid()]) - cpu)


async def _tell(app: App, numbers: Sequence[int], desks: int) -> int:
    """Enter these alerts and send them; returns how many were sent."""
    await app.db.write_each([partial(_owe, app=app, number=number, desk=number % desks) for number in numbers])
    report = await run_cycle(app, steps=["deliver"])
    return report.total("deliver", "sent")


def _owe(session: Session, app: App, number: int, desk: int) -> None:
    """An alert that the stages let pass."""
    made = view(number)
    row = Alert(
        id=made.alert_id,
        rule_id=made.rule_id,
        kind=made.kind.value,
        targets=[f"desk{desk}"],
        view=views.dump(made),
        made_at=app.clock.now(),
    )
    session.add(row)
    session.flush()
    alerting.send(session, app, app.active, row, app.clock.now())


def run_bare(port: int, plan: Plan) -> Round:
    """One round of the bare loop, in a process of its own."""
    payloads = [payload(number) for number in range(plan.alerts)]
    cpu, began = cpu_seconds([os.getpid()]), time.perf_counter()
    for number, one in enumerate(payloads):
        with smtplib.SMTP("127.0.0.1", port, local_hostname="[127.0.0.1]") as client:
            client.sendmail(SENDER, [f"desk{number % plan.desks}@desk.test"], one)
    return Round(plan.alerts, time.perf_counter() - began, cpu_seconds([os.getpid()]) - cpu)


def run_bare_hooks(port: int, plan: Plan) -> Round:
    """One round of a bare loop of POSTs with requests, over one kept connection, in a process of its own."""
    bodies = [payload(number) for number in range(plan.alerts)]
    cpu, began = cpu_seconds([os.getpid()]), time.perf_counter()
    with requests.Session() as client:
        for number, one in enumerate(bodies):
            client.post(f"http://127.0.0.1:{port}/desk{number % plan.desks}", data=one, timeout=10).raise_for_status()
    return Round(plan.alerts, time.perf_counter() - began, cpu_seconds([os.getpid()]) - cpu)


def payload(number: int) -> bytes:
    """The bytes that ours sends for an alert."""
    sender, to = (Address(addr_spec=one) for one in (SENDER, "desk0@desk.test"))
    return build(compose(view(number)), sender=sender, to=to, key=f"{number:064x}", at=NOW)


@contextmanager
def receiver(hooks: bool = False) -> Iterator[int]:
    """The mail server, or what takes webhooks, in a process of its own; its port."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, hooks))
    process.start()
    try:
        yield int(ours.recv())
    finally:
        ours.send("stop")
        process.join()


def _serve(pipe: Connection, hooks: bool) -> None:
    with HttpSink() if hooks else SmtpSink() as sink:
        pipe.send(sink.port)
        pipe.recv()


def measure(plan: Plan) -> dict[str, Any]:
    """All rounds, in turn."""
    ours, bare = [], []
    with receiver() as port:
        for number in range(1, plan.rounds + 1):
            ours.append(alone(run_ours, port, plan))
            bare.append(alone(run_bare, port, plan))
            said = f"round {number}: {ours[-1].a_second:.0f} and {bare[-1].a_second:.0f} a second"
            print(said, file=sys.stderr, flush=True)
    ratios = [one.a_second / other.a_second for one, other in zip(ours, bare, strict=True)]
    return {
        "plan": asdict(plan),
        "ours": [_figures(one) for one in ours],
        "bare": [_figures(one) for one in bare],
        "alerts_per_second": round(median(one.a_second for one in ours), 1),
        "ratio": round(median(ratios), 3),
        "aim": AIM,
    }


def _figures(one: Round) -> dict[str, float]:
    return {"per_second": round(one.a_second, 1), "cpu_ms": round(one.cpu_ms, 2)}


def markdown(found: dict[str, Any]) -> str:
    """The measurement for people."""
    plan = found["plan"]
    rows = [
        _row("ours: ledger in SQLite, composed, sent, recorded", found["ours"]),
        _row("bare smtplib loop, composed beforehand", found["bare"]),
    ]
    return "\n".join(
        [
            f"{plan['alerts']} alerts to {plan['desks']} mailboxes, {plan['rounds']} rounds, {os.cpu_count()} cores;"
            " CPU without the mail server's.",
            "",
            table(["", "alerts/s, median", "lowest", "highest", "CPU ms an alert"], rows),
            "",
            f"Ratio to the bare loop: {found['ratio']:.2f}; the aim is {AIM:g} alerts a second.",
        ]
    )


def _row(name: str, rounds: Sequence[dict[str, float]]) -> list[str]:
    speeds = [one["per_second"] for one in rounds]
    cpu = median(one["cpu_ms"] for one in rounds)
    return [name, *(f"{one:.0f}" for one in (median(speeds), min(speeds), max(speeds))), f"{cpu:.2f}"]


def main() -> int:
    """Run it; progress goes to stderr."""
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m bench.alerts", description=__doc__)
    parser.add_argument("--alerts", type=int, default=usual.alerts)
    parser.add_argument("--desks", type=int, default=usual.desks, help="mailboxes that share the alerts")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of Markdown")
    parser.add_argument("--profile", action="store_true", help="one round of ours, profiled")
    given = vars(parser.parse_args())
    as_json, profile = given.pop("json"), given.pop("profile")
    plan = Plan(**given)
    if profile:
        with receiver() as port:
            run_ours(port, plan, profile=True)
        return 0
    found = measure(plan)
    print(json.dumps(found, indent=2) if as_json else markdown(found))
    return 0 if found["alerts_per_second"] >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
