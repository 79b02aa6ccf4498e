"""Fault 47: the backup of yesterday is restored; what was told since is told to nobody again, and what is new is.

The clock is injected: a day cannot pass in a test. Backup and restore are the commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from core.reasons import Reason
from pipeline.follow import follow_file
from pipeline.health import check_up
from pipeline.run import anything_due, run_cycle
from storage.engine import Database
from storage.tables import Alert, Decision
from tests.builders import Item, World, rss
from tests.cli.desk import Desk
from tests.sinks.http import Answer

TOWNS = ("Aarhus", "Bergen", "Cadiz", "Dover", "Emden", "Faro", "Gdansk", "Haifa", "Izmir", "Jeddah")


@pytest.fixture(autouse=True)
def commands_run_here_and_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: FixedClock) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cli.db.SystemClock", lambda: clock)
    monkeypatch.setattr("cli.context.SystemClock", lambda: clock)


def item(town: str, words: str = "Dockers begin strike at the harbour of", what: str = "Quay") -> Item:
    """An event of this town: its text has no sentence in common with another town's, whatever the headline."""
    text = " ".join(f"{what} {number} of {town.lower()}{number} lies still." for number in range(20))
    return Item(f"{town}-{words[:9]}", "", f"{words} {town}", f"{text} Dockers in {town} are on strike.")


def seen(world: World) -> tuple[int, int]:
    """How many messages the webhook and the mailbox got."""
    return len(world.hook.requests), len(world.mail.mails)


class Day:
    """A day of news in two feeds, which is told, and can come in again."""

    def __init__(self, world: World, db: Database, clock: FixedClock) -> None:
        self.world, self.db, self.clock = world, db, clock
        self.desk = Desk(world.folder, {"WIREWATCH_DATABASE": db.url})
        self.feeds: dict[str, list[Item]] = {"/rss": [], "/other": []}
        world.feeds.append({"url": world.url("/other"), "name": "Other", "language": "en", "first_poll": "9000h"})
        world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
        self.publish()

    def back_up(self) -> None:
        """Keep all that there is now, in the place of what was kept before."""
        ended = self.desk.run("db", "backup", "kept", "--force")
        assert ended.code == 0, ended.err

    def restore(self, *options: str) -> str:
        """Put what was kept back, over all that came since; what the command said."""
        ended = self.desk.run("db", "restore", "kept", "--force", *options)
        assert ended.code == 0, ended.err
        return ended.out

    def publish(self, path: str = "/rss", items: Sequence[Item] = ()) -> None:
        self.feeds[path] += items
        for feed, all_items in self.feeds.items():
            self.world.site[feed] = rss(Item("calm", "", "Nothing is new"), *all_items)

    def lose_log(self) -> None:
        """Put this machine's `sent.log` where no restore finds it by itself."""
        (self.world.folder / "data" / "sent.log").rename(self.world.folder / "elsewhere")

    async def tell(self, *towns: str) -> None:
        """These towns' events come in, and are told."""
        self.publish("/rss", [item(town) for town in towns])
        await self.run()

    async def run(self, *, hours: float = 2.0, until_quiet: bool = False, only: Sequence[str] = ()) -> None:
        """The next cycle, so much later; `until_quiet`: and those that follow from it within the next hour."""
        self.clock.move(timedelta(hours=hours))
        async with self.world.worker(self.db, self.clock) as app:
            await run_cycle(app, only=only)
            for _ in range(6 if until_quiet else 0):
                self.clock.move(timedelta(minutes=10))
                if await anything_due(app):
                    await run_cycle(app)


async def a_day(world: World, db: Database, clock: FixedClock, **alert: object) -> Day:
    """A day that has just begun: its feeds are known, and all is backed up. `alert`: more of the rule's settings."""
    day = Day(world, db, clock)
    world.rules["strike"]["alert"] |= alert
    await day.run(hours=0)
    day.back_up()
    return day


@pytest.mark.parametrize("updates", [False, True])
async def test_fault_47_a_day_old_backup_repeats_nothing_and_still_tells_what_is_new(
    world: World, db: Database, clock: FixedClock, updates: bool
) -> None:
    day = await a_day(world, db, clock, **({"update": "every"} if updates else {}))
    for town in TOWNS:  # hour by hour, and most of them in both feeds
        day.publish("/rss", [item(town)])
        await day.run()
        if town < "G":
            day.publish(
                "/other",
                [item(town, "Dockers on strike at the harbour of", "Nobody loads berth" if updates else "Quay")],
            )
            await day.run(hours=0.5)
    await day.run(hours=0.5)
    told = seen(world)
    assert told == (len(TOWNS) + 6 * updates,) * 2
    day.restore()
    await day.run(only=["Other"])  # other articles begin the stories now
    await day.run(until_quiet=True)
    assert seen(world) == told
    day.publish("/rss", [item("Kobe")])
    await day.run(until_quiet=True)
    assert seen(world) == (told[0] + 1, told[1] + 1)
    assert "Kobe" in str(world.mail.mails[-1].parsed["Subject"])


async def test_fault_47_what_was_told_in_a_digest_is_not_told_again_alone(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock, digest={"at": "18:00"})
    day.publish("/rss", [item(town) for town in TOWNS])
    await day.run(hours=1)
    assert seen(world) == (0, 0)
    await day.run(hours=6)
    assert seen(world) == (1, 1)
    day.restore()
    await day.run(hours=1)
    await day.run(hours=24)
    assert seen(world) == (1, 1)

    def why(session: Session) -> set[tuple[str, str]]:
        return {(one.state, one.reason) for one in session.exec(select(Alert)).all()}

    assert db.read_now(why) == {("suppressed", str(Reason.ALREADY_TOLD))}


async def test_fault_47_an_alert_that_had_not_left_before_the_loss_goes_out_after_the_restore(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    day.publish("/rss", [item("Aarhus")])
    world.mail.refused["desk@x.test"] = "451 4.3.0 come back later"
    await day.run()
    assert seen(world) == (1, 0)
    day.restore()
    world.mail.refused.clear()
    await day.run(until_quiet=True)
    assert seen(world) == (1, 1)


async def test_fault_47_the_operator_can_read_that_it_was_told_before(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    await day.tell("Aarhus")
    day.restore()
    await day.run()

    def told(session: Session) -> list[tuple[str, str, str]]:
        query = select(Decision).where(Decision.alert_id != "")
        return [(one.stage, one.action, one.reason) for one in session.exec(query).all()]

    assert db.read_now(told) == [("told", "drop", str(Reason.ALREADY_TOLD))]


async def test_fault_47_without_sent_log_what_was_published_before_waits_for_somebodys_word(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    await day.tell("Aarhus", "Bergen")
    before = clock.now()
    day.lose_log()
    assert "`wirewatch alerts release restored`" in day.restore()
    await day.run(until_quiet=True)
    day.publish("/rss", [item("Kobe")])
    await day.run(until_quiet=True)
    assert seen(world) == (3, 3)
    assert "Kobe" in str(world.mail.mails[-1].parsed["Subject"])
    kept = [one["id"] for one in day.desk.run("alerts", "list", "--json").rows if one["reason"] == Reason.RESTORED]
    for which, count, town in ((kept[0], "1 ", "Lagos"), ("restored", "2 ", "Malmo")):
        assert day.desk.run("alerts", "release", which).out.startswith(count)
        day.publish("/other", [replace(item(town), published=before)])  # kept back, too, but for the second
        await day.run(until_quiet=True)
    assert "Malmo" in str(world.mail.mails[-1].parsed["Subject"])
    assert seen(world) == (7, 7)


async def test_fault_47_a_log_that_began_with_a_restore_is_not_taken_for_the_one_that_was_lost(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    await day.tell("Aarhus")
    late = replace(item("Bergen"), published=clock.now())
    day.lose_log()
    for _ in range(2):  # to be on the safe side, once more
        assert "`wirewatch alerts release restored`" in day.restore()
        await day.run(until_quiet=True)
    day.desk.run("db", "backup", "later")
    assert "nothing is sent again" in day.desk.run("db", "restore", "later", "--force").out
    day.publish("/other", [late])  # was it told before the loss? It still waits for somebody's word
    await day.run(until_quiet=True)
    assert seen(world) == (1, 1)
    assert "elsewhere was last written" in day.restore("--sent-log", "elsewhere")
    assert "nothing is sent again" in day.restore()
    await day.run(until_quiet=True)
    assert seen(world) == (2, 2)


async def test_fault_47_without_sent_log_an_event_of_two_texts_is_kept_back_with_its_update(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock, to=["mail"], update="thread")  # an update that a thread holds for its gap
    await day.tell("Aarhus")
    day.publish("/other", [item("Aarhus", "Dockers on strike at the harbour of", "Nobody loads berth")])
    await day.run(until_quiet=True)
    assert seen(world) == (0, 2)
    day.lose_log()
    day.restore()
    await day.run(until_quiet=True)
    await day.run(until_quiet=True)
    assert seen(world) == (0, 2)


@pytest.mark.faults
async def test_fault_47_without_sent_log_what_waited_in_the_backup_is_kept_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = Day(world, db, clock)
    world.rules["strike"]["alert"] |= {"to": ["hook"]}
    world.rules["quiet"] = {
        **world.rules["strike"],
        "alert": {"to": ["mail"], "quiet": [{"from": "10:00", "to": "23:00"}]},
    }
    day.publish("/rss", [item("Aarhus")])
    world.hook.choose = lambda request: Answer(503)
    await day.run(hours=0)
    day.back_up()
    world.hook.choose = None
    await day.run(until_quiet=True)
    await day.run(hours=12)
    told = seen(world)
    day.lose_log()
    assert "(2 by now)" in day.restore()
    await day.run(until_quiet=True)
    await day.run(hours=24)
    assert seen(world) == told
    assert day.desk.run("alerts", "release", "0" * 8).code == 2
    for what in ("drop", "release"):
        (doctor,) = [
            one.found for one in await check_up(world.settings(database=db.url), {}) if one.check == "restored"
        ]
        assert doctor.endswith("kept back: 2" if what == "drop" else "kept back: 0")
        assert day.desk.run("alerts", what, "restored").out[:2] == ("2 " if what == "drop" else "0 ")
    await day.run(until_quiet=True)
    assert seen(world) == told


@pytest.mark.faults
async def test_fault_47_sent_logs_of_other_machines_are_put_together(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    log = world.folder / "data" / "sent.log"
    await day.tell("Aarhus")
    log.rename(world.folder / "first.log")
    await day.tell("Bergen")
    log.rename(world.folder / "second.log")
    told = seen(world)
    assert "nothing is sent again" in day.restore("--sent-log", "first.log", "--sent-log", "second.log")
    await day.run(until_quiet=True)
    assert seen(world) == told == (2, 2)
    assert world.folder.joinpath("first.log").read_text().split()[0] in log.read_text()


@pytest.mark.faults
async def test_fault_47_a_log_that_lacks_what_the_backup_knows_as_sent_is_not_trusted(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    await day.tell("Aarhus")
    day.back_up()
    await day.tell("Bergen")
    log = world.folder / "data" / "sent.log"
    log.write_text("0" * 64 + "\n")
    log.with_name("others.log").write_text("1" * 64 + "\n")  # of a machine that sent none of it
    for options in ((), ("--sent-log", "data/others.log")):
        assert "lacks 2 of the 2 deliveries" in day.restore(*options)
    await day.run(until_quiet=True)
    assert seen(world) == (2, 2)


async def test_fault_47_a_trouble_that_bears_the_number_of_one_told_before_the_restore_is_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"operators": ["hook"]}
    day = await a_day(world, db, clock)
    for fault in ("first", "second"):
        world.watch_file.write_text(f"version: 1\nrules: {{{fault}: 7}}\n")
        async with world.worker(db, clock, follow=False) as app:
            await follow_file(app, "test")
            await run_cycle(app)
        await day.run(hours=1)  # with the watch file as it was
        if fault == "first":
            day.restore()
            await day.run(hours=1)
    said = [str(one.json["title"]) for one in world.hook.requests]
    words = ("rules.first", "rules.second", "in force again")
    assert [word for one in said for word in words if word in one] == [words[0], words[2], words[1], words[2]]
