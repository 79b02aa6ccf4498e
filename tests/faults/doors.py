"""Receivers of all kinds, each behind a channel of its own: what the tests of the notifier's faults deliver to.

post.owe(app, 1, 2, to=["ntfy"])        # alerts "Strike number 1 at the harbour", "Strike number 2 …"
post.doors["ntfy"].will("busy")         # the next request gets a 503, as a mail server would say 451
post.doors["ntfy"].got                  # [1, 2]: the alerts that it took, in order, repeats among them
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select

from alerts import keys
from alerts.message import AlertView, ArticleLine, Kind, Passage
from core.clock import FixedClock
from core.pool import WorkerPool
from pipeline import alert as alerting
from pipeline import views
from pipeline.app import App
from pipeline.report import Report
from pipeline.run import run_cycle
from storage import deliveries
from storage.engine import Database
from storage.tables import Alert, Delivery
from tests.builders import World
from tests.faults.ward import CANARY
from tests.sinks.http import Answer, HttpSink
from tests.sinks.smtp import DROP, HANG, SmtpSink

OWN = ("mail", "hook")
CHATS = ("ntfy", "gotify", "mattermost")  # through Apprise
KINDS = (*OWN, *CHATS)
PACE_S = 12.0  # of chats, here: a cycle waits for what is due within ten seconds, and the clock stands still
LINK = "https://example.org/strike"
_HTTP = {
    "busy": Answer(503),
    "rate": Answer(429, {"Retry-After": "120"}),
    "sign-in": Answer(401),
    "gone": Answer(404),
    "no": Answer(400),
    "lost": Answer(drop=True),
    "hang": Answer(hang=True),
}
_MAIL = {
    "busy": "451 4.7.1 come back later",
    "sign-in": "535 5.7.8 bad credentials",
    "no": "550 5.7.1 not that",
    "lost": DROP,
    "hang": HANG,
}
_URLS = {
    "hook": "webhook://user:${TOKEN}@127.0.0.1:{port}/hook",
    "ntfy": "ntfy://user:${TOKEN}@127.0.0.1:{port}/topic",
    "gotify": "gotify://127.0.0.1:{port}/${TOKEN}",
    "mattermost": "mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4",
}
_NUMBER = re.compile(r"Strike number (\d+)")


class Door:
    """One receiver, open or closed: closed, its port refuses connections. `smtp` is there for e-mail, else `http`."""

    http: HttpSink
    smtp: SmtpSink

    def __init__(self, kind: str, *, to: tuple[str, ...] = ("desk@x.test",)) -> None:
        self.kind = kind
        self.to = to
        self.port = 0
        self._open = ExitStack()
        self.open()

    def open(self) -> None:
        """Let it listen; again where it listened before, with nothing taken yet."""
        if self.kind == "mail":
            self.smtp = self._open.enter_context(SmtpSink(login=("user", CANARY), port=self.port))
        else:
            self.http = self._open.enter_context(HttpSink(port=self.port))
        self.port = (self.smtp if self.kind == "mail" else self.http).port

    def close(self) -> None:
        """Stop listening."""
        self._open.close()

    @property
    def settings(self) -> dict[str, Any]:
        """Its channel in the watch file."""
        if self.kind != "mail":
            return {"url": _URLS[self.kind].replace("{port}", str(self.port))}
        server = {"host": "127.0.0.1", "port": self.port, "security": "none", "user": "user", "password": "${TOKEN}"}
        return {**server, "from": "watch@x.test", "to": list(self.to)}

    def will(self, *whats: str) -> None:
        """Give the next messages these answers; those after them are taken."""
        if self.kind == "mail":
            self.smtp.will(*(_MAIL[what] for what in whats))
        else:
            self.http.will(*(_HTTP[what] for what in whats))

    @property
    def asked(self) -> int:
        """How many messages came, taken or not."""
        return len(self.smtp.senders) if self.kind == "mail" else len(self.http.requests)

    @property
    def texts(self) -> list[str]:
        """What it took, as it came: an e-mail decoded, else the request's body."""
        if self.kind != "mail":
            return [request.body.decode() for request in self.http.taken]
        mails = [mail.parsed for mail in self.smtp.mails]
        return [f"{mail}\n{mail.get_body(('plain',)).get_content()}" for mail in mails]  # type: ignore[union-attr]

    @property
    def got(self) -> list[int]:
        """The alerts that it took (or may have taken), in order, repeats among them."""
        return [int(found[1]) for text in self.texts if (found := _NUMBER.search(text))]

    @property
    def keys(self) -> list[str]:
        """What it took, by key, repeats collapsed: what people see where keys are honoured."""
        return self.smtp.ids if self.kind == "mail" else self.http.keys


@dataclass
class Post:
    """A worker's world with five doors, and alerts to deliver there."""

    world: World
    db: Database
    clock: FixedClock
    log: pytest.LogCaptureFixture
    senders: WorkerPool
    doors: dict[str, Door] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)

    @asynccontextmanager
    async def worker(self, **settings: Any) -> AsyncIterator[App]:
        """A worker whose sending processes are shared by all tests; they take seconds to start."""
        self.world.channels = {name: door.settings for name, door in self.doors.items()}
        self.world.rules["strike"]["alert"] = {"to": list(self.doors)[:1]}
        async with self.world.worker(self.db, self.clock, environ={"TOKEN": CANARY}, follow=False, **settings) as app:
            app.senders = self.senders
            await self.world.apply(app)
            assert app.active.broken == {}
            for kind in set(CHATS) & self.doors.keys():
                app.active.channels[kind].pace = PACE_S
            yield app

    async def owe(self, app: App, *numbers: int, to: list[str], title: str = "", sentence: str = "") -> None:
        """Alerts to these channels, as the step before would have entered them."""

        def work(session: Session) -> None:
            for number in numbers:
                owe(session, app, number, to, self.clock.now(), title=title, sentence=sentence)

        await self.db.write(work)

    async def round(self, app: App, **more: Any) -> Report:
        """Deliver what is due now."""
        self.reports.append(await run_cycle(app, steps=["deliver"], **more))
        return self.reports[-1]

    def rows(self, channel: str = "") -> list[Delivery]:
        """The ledger, or one channel's part of it."""
        query = select(Delivery).order_by(col(Delivery.id))
        found = self.db.read_now(lambda session: session.exec(query).all())
        return [one for one in found if channel in ("", one.channel)]

    def states(self, channel: str) -> list[str]:
        """The states of one channel's deliveries."""
        return [one.state for one in self.rows(channel)]

    def told_of(self, channel: str, *words: str) -> None:
        """The trouble is visible: in the run's report and in the ledger, with the channel and the reason."""
        lines = [line for report in self.reports for line in report.failures if line.startswith(f"deliver: {channel}")]
        assert any(all(word in line for word in words) for line in lines), lines
        assert any(all(word in f"{one.state}: {one.error}" for word in words) for one in self.rows(channel))

    def told_of_later(self, channel: str, reason: str) -> None:
        """The ledger says it; the run that began it was over."""
        assert reason in {one.reason for one in self.rows(channel)}

    def tells_no_secret(self) -> None:
        """Neither the log nor a report nor any file holds what stands for TOKEN."""
        assert CANARY not in self.log.text + repr(self.reports) + repr(self.rows())
        files = [path for path in self.world.folder.rglob("*") if path.is_file()]
        assert [path for path in files if CANARY.encode() in path.read_bytes()] == []

    async def resume(self, channel: str) -> int:
        """What an operator does when the cause is gone."""
        return await self.db.write(lambda session: deliveries.resume(session, channel))


def owe(
    session: Session, app: App, number: int, to: list[str], now: datetime, *, title: str = "", sentence: str = ""
) -> None:
    """The alert of this number, to these channels."""
    name = keys.alert_id("strike", str(number), Kind.FIRST)
    headline = title or f"Strike number {number} at the harbour"
    view = AlertView(
        alert_id=name,
        kind=Kind.FIRST,
        rule_id="strike",
        rule_title="Strike",
        story_id=str(number),
        article=ArticleLine(headline, f"{LINK}/{number}?a=b&c=d", "Example Post", now),
        made_at=now,
        passages=(Passage(sentence or "Dockers began a strike.", ((0, 7),)),),
    )
    row = Alert(id=name, rule_id="strike", kind="first", targets=to, view=views.dump(view), made_at=now, state="queued")
    session.add(row)
    session.flush()
    alerting.send(session, app, app.active, row, now)
