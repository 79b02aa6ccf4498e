"""Fault 68: the watch file is broken, a bomb, names what cannot be asked, or lacks a secret, while all is running."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest

from cli.running import cycle
from pipeline.report import STEPS
from storage import configs, notices
from storage.engine import Database
from tests.browser.site import served
from tests.builders import Item, World, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import command
from tests.faults.orchestrator import START_S, until
from tests.faults.questions import due, read, rows
from tests.faults.ward import LittleMemory
from tests.web.asgi import Visitor
from web.app import bare_app

EVENTS = ("Bergen", "Genoa", "Cadiz", "Malmo", "Izmir", "Busan", "Dover")
ROUNDS = 3  # under each fault
LAUGHS = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'ha'] * 10)}]\n" for n in range(12))


def broken(world: World) -> str:
    return world.watch_text() + "more: [1, 2\n"


def bomb(world: World) -> str:
    """Twelve lines that stand for 10^12 values."""
    return world.watch_text() + LAUGHS


def bad_url(world: World) -> str:
    return world.watch_text().replace("name: News", "name: News\n- url: htp//nowhere")


def no_secret(world: World) -> str:
    return world.watch_text().replace("channels:\n", "channels:\n  none:\n    url: webhook://${NO_SUCH_SECRET}/x\n")


# what is written → what of it is told, at whose line
FAULTS: dict[Callable[[World], str], tuple[str, str]] = {
    broken: ("more: [1, 2", "this [ is not closed"),
    bomb: ("a0: &a0", "anchor"),
    bad_url: ("htp//nowhere", "feeds[2].url"),
    no_secret: ("NO_SUCH_SECRET", "the secret NO_SUCH_SECRET is not set"),
}


def place(world: World, text: str, fault: Callable[[World], str]) -> tuple[str, str]:
    """The file's name and line as it must be told, and the words."""
    written, words = FAULTS[fault]
    (line,) = (number for number, one in enumerate(text.splitlines(), 1) if written in one)
    return f"{world.watch_file}:{line}:", words


@pytest.fixture
def told(world: World) -> World:
    """Operators hear by the webhook, as everybody does."""
    world.more["defaults"] = {"operators": ["hook"]}
    world.site["/rss"] = rss()
    return world


def publish(world: World, count: int) -> None:
    world.site["/rss"] = rss(*(Item(one, "", f"Dockers begin strike at {one}") for one in EVENTS[:count]))


def arrived(world: World, words: str) -> int:
    """How many messages have these words."""
    return sum(words in request.body.decode() for request in world.hook.requests)


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_68_a_watch_file_that_cannot_be_is_refused_by_line_and_the_last_good_one_goes_on(
    told: World, db: Database, fault: Callable[[World], str]
) -> None:
    text, good = fault(told), told.watch_text()
    line, words = place(told, text, fault)
    health = Visitor(bare_app(told.settings(), db, "k" * 40))
    async with told.worker(db) as app:
        told.watch_file.write_text(text, "utf-8")
        for count in range(1, ROUNDS + 1):
            publish(told, count)
            due(db.url)
            with LittleMemory():
                report = await cycle(app, STEPS, [], patient=True)
            assert report
            if count == 1:
                assert line in report.failures[0]
                assert words in report.failures[0]
            assert (app.active.revision, len(report.failures)) == (1, 1 if count == 1 else 0)
            assert arrived(told, EVENTS[count - 1]) == 1
    async with told.worker(db, follow=False) as again:  # started while the file is as it is
        report = await cycle(again, STEPS, [], patient=True)
        assert (again.active.revision, report and report.failures) == (1, [])
        assert arrived(told, "goes on") == 1
        assert [one.key for one in db.read_now(notices.open_notices)] == ["config"]
        assert (await health.get("/healthz")).json()["ok"] is True
        told.watch_file.write_text(good, "utf-8")
        await cycle(again, STEPS, [], patient=True)
    assert arrived(told, "in force again") == 1
    assert db.read_now(notices.open_notices) == []
    assert db.read_now(configs.active_revision) == 1
    assert len(told.hook.requests) == ROUNDS + 2


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_fault_68_a_program_that_runs_goes_on_under_every_such_file_in_turn(
    told: World, databases: Databases, database_kind: str
) -> None:
    """One fault after the other, without a good file between: one trouble, told once."""
    good = told.watch_text()
    told.watch_file.write_text(good, "utf-8")
    with (
        databases.fresh(database_kind, told.folder, migrate) as url,
        served(told.folder, DATABASE=url, DATA=str(told.folder / "web")) as site,
        command(told, url, "run", every_seconds=1) as program,
    ):
        until(lambda: read(url, rows)["FeedPoll"], START_S, "the first poll is recorded")
        for count, fault in enumerate(FAULTS, 1):
            told.watch_file.write_text(fault(told), "utf-8")
            publish(told, count)
            due(url)
            until(lambda: arrived(told, EVENTS[count - 1]), START_S, f"{EVENTS[count - 1]} is told")  # noqa: B023
            assert read(url, configs.active_revision) == 1
            with urllib.request.urlopen(f"{site.address}/healthz", timeout=30) as answer:
                assert answer.status == 200
        told.watch_file.write_text(good, "utf-8")
        until(lambda: arrived(told, "in force again"), START_S, "the good file is in force")
        program.terminate()
        said, _ = program.communicate(timeout=START_S)
    assert program.returncode in (0, 1), said
    assert arrived(told, "goes on") == 1
    assert len(told.hook.requests) == len(FAULTS) + 2
