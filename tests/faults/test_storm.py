"""Fault 40: three workers, one of them killed again and again at random moments, while receivers fail."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlmodel import Session, select

from storage.tables import Alert, Delivery
from tests.builders import Item, World, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import Driver
from tests.faults.questions import read
from tests.sinks.http import Answer, Request
from tests.sinks.smtp import DROP

WORKERS = 3
HOOKS = MAILBOXES = 4
FAULTS = 0.2  # of all requests and messages
LAST_S = 300.0  # until everything owed has arrived: a target that refused three in a row rests for half a minute
LIVE = (0.05, 0.9)  # seconds between two kills
SYLLABLES = ("ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "po", "ra", "se", "tu", "va", "wo", "xi", "zu")
HTTP_FAULTS = (Answer(503), Answer(500), Answer(429, {"Retry-After": "1"}), Answer(drop=True))
SMTP_FAULTS = ("451 4.3.0 come back later", "452 4.2.2 no room", DROP)


@dataclass
class Storm:
    """So many alerts, each of a rule of its own, each owed to one of eight targets; items come while workers die."""

    world: World
    alerts: int
    seed: int = 40
    died: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        world, chance = self.world, random.Random(self.seed)
        lock = threading.Lock()  # the receiver answers from several threads

        def choose(_request: Request) -> Answer:
            with lock:
                return chance.choice(HTTP_FAULTS) if chance.random() < FAULTS else Answer()

        world.hook.choose = choose
        said = random.Random(self.seed + 1)
        taken = "250 2.0.0 taken as 4711"
        world.mail.will(
            *(said.choice(SMTP_FAULTS) if said.random() < FAULTS else taken for _ in range(self.alerts * 9))
        )
        hooks = {f"hook{n}": {"url": world.hook.url(f"/{n}", scheme="webhook")} for n in range(HOOKS)}
        boxes = {f"mail{n}": world.mailbox(f"desk{n}@x.test") for n in range(MAILBOXES)}
        world.channels = hooks | boxes
        names = [*hooks, *boxes]
        world.rules = {
            f"r{n}": {"title": "Strike", "match": place(n), "alert": {"to": [names[n % len(names)]]}}
            for n in range(self.alerts)
        }
        self.publish(0)

    def publish(self, count: int) -> None:
        """The feed holds the first so many items from now on."""
        self.world.site["/rss"] = rss(*(Item(f"e{n}", "", f"Dockers begin strike in {place(n)}") for n in range(count)))

    @property
    def told(self) -> dict[str, list[str]]:
        """Rule → the keys under which its alert was taken, repeats of a key collapsed: what receivers' people see."""
        seen: dict[str, dict[str, None]] = {rule: {} for rule in self.world.rules}
        for request in self.world.hook.taken:
            seen[request.json["rule"]][request.key] = None
        for mail in self.world.mail.mails:
            seen[str(mail.parsed["Subject"]).partition("]")[0].lstrip("[")][mail.id] = None
        return {rule: list(keys) for rule, keys in seen.items()}

    @property
    def repeats(self) -> int:
        """How often a message was taken again under its key."""
        return len(self.world.hook.taken) + len(self.world.mail.mails) - sum(map(len, self.told.values()))


def place(number: int) -> str:
    """A name that no other number has, and no dictionary."""
    return "".join(SYLLABLES[number >> shift & 15] for shift in (8, 4, 0)) + "burg"


def ledger(session: Session) -> list[tuple[str, str]]:
    """Rule and state of each delivery."""
    rows = session.exec(select(Alert.rule_id, Delivery.state).where(Alert.id == Delivery.alert_id)).all()
    return sorted(rows)


def rage(storm: Storm, driver: Driver, url: str, kills: int) -> None:
    """Kill until it is enough; then let one crowd after the other run until everything has arrived."""
    chance = random.Random(storm.seed + 2)
    settings = storm.world.settings(lease_seconds=2, cycle_seconds=20)
    order = {"crowd": WORKERS, "back_off": 0.3}
    while storm.died[-signal.SIGKILL] < kills:
        done = storm.died[-signal.SIGKILL]
        storm.publish(min(storm.alerts, storm.alerts * (done + 10) // kills))
        live, victim = chance.uniform(*LIVE), chance.randrange(WORKERS)
        storm.died.update(driver.run(settings, url, **order, live=live, victim=victim))
    storm.publish(storm.alerts)
    end = time.monotonic() + LAST_S
    while time.monotonic() < end:
        storm.died.update(driver.run(settings, url, **order, live=1.0))
        storm.died.update(driver.run(settings, url, crowd=0))
        states = read(url, ledger)
        if len(states) == storm.alerts and {state for _, state in states} == {"sent"}:
            return


def survive(storm: Storm, driver: Driver, databases: Databases, kind: str, kills: int) -> None:
    """A storm, what must hold after it, and its figures."""
    world = storm.world
    world.watch_file.write_text(world.watch_text(), "utf-8")
    driver.warm(world.settings())
    with databases.fresh(kind, world.folder, migrate) as url:
        rage(storm, driver, url, kills)
        states = read(url, ledger)
    lost = [rule for rule, keys in storm.told.items() if not keys]
    doubled = [rule for rule, keys in storm.told.items() if len(keys) > 1]
    wire = len(world.hook.requests) + len(world.mail.senders)
    print(
        f"\n{kind}: {storm.died[-signal.SIGKILL]} kills of {WORKERS} workers, {storm.alerts} alerts,"
        f" {FAULTS:.0%} receiver faults: lost {len(lost)}, doubles {len(doubled)},"
        f" {storm.repeats} same-key repeats among {wire} messages on the wire"
    )
    assert (lost, doubled) == ([], [])
    assert states == sorted((rule, "sent") for rule in world.rules)
    assert set(storm.died) <= {0, -signal.SIGKILL}, "a worker ended by an error"


@pytest.mark.timeout(600)
def test_fault_40_random_kills_of_three_workers_lose_no_alert_and_double_none(
    world: World, driver: Driver, databases: Databases, database_kind: str
) -> None:
    survive(Storm(world, alerts=32), driver, databases, database_kind, kills=6)


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_fault_40_two_hundred_random_kills_lose_none_of_four_hundred_alerts_and_double_none(
    world: World, driver: Driver, databases: Databases, database_kind: str
) -> None:
    storm = Storm(world, alerts=400)
    survive(storm, driver, databases, database_kind, kills=200)
    assert storm.repeats > 0, "nothing was repeated: no kill and no fault came between a message and its record"
