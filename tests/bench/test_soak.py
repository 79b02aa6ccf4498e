"""How a soak is judged, what it publishes, and that each process of an installation is known for what it is."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import injuries
from bench.injuries import KILLS, MAIL, Injuries
from bench.loads import CHANNELS, LOADS, STRIKES, Load, watch_text
from bench.processes import Process, Sample, figures, kind_of, of_run
from bench.verdicts import ALL, Findings, Latencies, Ledger, Told, audited, complaints, markdown, stray, told
from bench.world import Arrival, MailServer, World
from extractors.choose import extract
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher
from tests.processes import ends

SMALL = Load(12, 2, 5, 4.0, 2.0, 20, 60, "sqlite", hurt=True)
BASES = [f"http://127.1.0.{n}:1" for n in range(1, 4)]
FINE = Told(Latencies((2.0, 4.0), (2.0, 4.0), (20.0, 40.0)))

# a soak whose `up` does nothing, and says its number
SLEEPING_SOAK = """
import os, subprocess, sys
from bench import soak

def start(self, log):
    environ = os.environ | {"PREFECT_HOME": str(self.folder / "prefect")}
    child = subprocess.Popen(["sleep", "600"], env=environ, start_new_session=True)
    print(child.pid, flush=True)
    return child

soak.Soak._start = start
sys.exit(soak.main())
"""


def around() -> World:
    """What is outside, with a few articles."""
    world = World(BASES, 25, random.Random(1), SMALL)
    for _ in range(12):
        world.publish_noise()
        world.publish_news()
    return world


def arrival(channel: str, key: str, *slugs: str, at: float = 10.0) -> Arrival:
    """A message."""
    return Arrival(channel, at, key, frozenset(slugs), "text")


def run(**changes: Any) -> Findings:
    """A run in which nothing went wrong, but for these changes."""
    good: dict[str, Any] = {
        "load": "team", "database": "sqlite", "minutes": 3, "published": 20, "events": 2, "unseen": 0, "polls": 9,
        "not_modified": 4, "told": dict.fromkeys(CHANNELS, FINE), "strays": (), "ledger": Ledger(4), "injuries": {},
        "processes": figures([Sample(0.0, {("page", 1): 100.0}, {("page", 1): 9})], 0.0), "grown_mb": {"database": 1.0},
        "complaints": {}, "stop_seconds": 3.0, "exit_code": 0, "left_over": (),
    }  # fmt: skip
    return Findings(**good | changes)


def test_the_loads_are_of_the_sizes_that_are_promised() -> None:
    sizes = {
        name: (one.feeds, round(one.polls, -2), round(one.articles * 1_440), one.rules) for name, one in LOADS.items()
    }
    assert sizes["team"] == (500, 3_000, 10_000, 200)
    assert sizes["newsroom"] == (5_000, 20_000, 60_000, 2_000)


def test_the_watch_file_has_the_loads_rules_and_feeds_and_is_a_good_one() -> None:
    watch = load(watch_text(SMALL, [f"{BASES[0]}/{n}" for n in range(12)], 25, "127.0.0.1:1", seed=1), env=None)
    assert (len(watch.rules), len(watch.feeds)) == (SMALL.rules, SMALL.feeds)


def test_of_what_is_published_each_event_matches_one_rule_that_tells_people_and_nothing_else_does() -> None:
    world = around()
    rules = load(watch_text(SMALL, [], 25, "127.0.0.1:1", seed=1), env=None).rules
    matcher = Matcher([rule for rule in rules if rule.id in STRIKES])
    for one in world.articles.values():
        text = "\n".join(line for n, line in enumerate(one.document.text.split("\n"), 1) if n not in one.document.roles)
        found = matcher.match(analyse(ArticleText(one.slug, one.document.title, text, language="en"))).matches
        assert len(found) == one.is_news, one.document.title


def test_a_page_is_the_same_whenever_it_is_asked_for_and_holds_its_article() -> None:
    from bench.world import _page

    one = around().news[0]
    assert _page(one) == _page(one)
    assert one.document.title in extract(_page(one), url=one.base + one.document.path).title


def test_an_edited_headline_is_a_new_edition_of_its_feed_only() -> None:
    world = around()
    before = [feed.edition for feed in world.feeds]
    world.edit_headline(world.news[0])
    assert sum(a != b for a, b in zip(before, [feed.edition for feed in world.feeds], strict=True)) == 1
    assert world.news[0].document.title.startswith("UPDATE")


def test_an_event_is_told_lost_or_doubled_and_the_same_key_twice_is_no_doubling() -> None:
    news = around().news[:3]
    for one in news:
        one.at, one.seen_at = 2.0, 4.0
    a, b, c = (one.slug for one in news)
    came = [
        arrival("mail", "k1", a),
        arrival("mail", "k1", a, at=12.0),
        arrival("mail", "k2", b),
        arrival("mail", "k3", b),
    ]
    found = told(news, [*came, arrival("webhook", "k4", c)], "mail", [])
    assert (found.lost, found.doubled, found.repeated) == ((c,), (b,), 1)
    assert found.latencies == Latencies((6.0, 6.0), (6.0, 6.0), (8.0, 8.0))


def test_an_event_that_an_injury_crossed_is_not_among_the_undisturbed() -> None:
    (one,) = around().news[:1]
    one.seen_at = 4.0
    assert told([one], [arrival("mail", "k", one.slug)], "mail", [5.0]).latencies.undisturbed == ()
    assert told([one], [arrival("mail", "k", one.slug)], "mail", [11.0]).latencies.undisturbed == (6.0,)


def test_a_message_about_no_event_is_a_stray_unless_it_is_the_desks() -> None:
    news = around().news[:1]
    known = arrival("mail", "k", news[0].slug)
    assert stray(news, [known, arrival("desk", "k", "x")]) == ()
    assert stray(news, [arrival("webhook", "k", "x")]) == ("webhook: text",)


def test_the_ledger_is_held_against_what_came() -> None:
    rows = [("a", "sent"), ("b", "sent"), ("c", "retry"), ("d", "dead"), ("e", "suppressed")]
    found = audited(rows, [arrival("desk", "a"), arrival("mail", "z")])
    assert found == Ledger(5, owed=("c",), not_come=("b",), unknown=("z",), dead=1)


def test_a_run_without_a_fault_has_none_and_each_fault_is_named() -> None:
    assert run().faults == []
    mail = dict.fromkeys(CHANNELS, FINE)
    late = replace(FINE, latencies=Latencies((61.0,), (61.0,), (61.0,)))
    assert run(told=mail | {"mail": replace(FINE, lost=("x-1",))}).faults == ["mail: lost x-1"]
    assert run(told=mail | {"mail": replace(FINE, doubled=("x-1",))}).faults == ["mail: told again x-1"]
    assert run(told=mail | {"mail": replace(FINE, repeated=3)}).faults == []
    assert run(told=mail | {"mail": late}).faults == ["mail: the 95th percentile from seen to sent is 61 s, over 60 s"]
    unmeasured = replace(FINE, latencies=Latencies((2.0,), (), (20.0,)))
    unknown = "mail: how soon alerts come is not known, no event passed without an injury"
    assert run(told=mail | {"mail": unmeasured}).faults == [unknown]
    assert run(strays=("mail: a",)).faults == ["nobody asked for this: mail: a"]
    assert run(ledger=Ledger(3, owed=("k",))).faults == ["still owed: delivery k"]
    assert run(ledger=Ledger(3, not_come=("k",))).faults == ["the ledger says sent, and it never came: k"]
    assert run(ledger=Ledger(3, unknown=("k",))).faults == ["it came, and the ledger does not know it: k"]
    assert run(exit_code=None).faults == ["`up` did not end within 60 s of a SIGTERM"]
    assert run(left_over=("4711 python",)).faults == ["left over: 4711 python"]


def test_the_runs_are_told_beside_each_other() -> None:
    said = markdown([run(), run(database="postgresql", injuries={"page": 2}, complaints={"ERROR x": 3})])
    assert "team, sqlite, 3 min" in said
    assert "3.0 / 4.0 / 4.0 of 2" in said
    assert "Injuries: page 2" in said
    assert "- 3 × ERROR x" in said


def test_complaints_are_counted_by_kind_whatever_varies_in_them() -> None:
    lines = [
        "21:00:17.971 | WARNING | pipeline.cycle - kept=0 held=3",
        "21:00:18.001 | WARNING | pipeline.cycle - kept=1 held=12",
        "2026-11-22 21:00:18,001 ERROR storage x", "all is well", "Traceback (most recent call last):",
    ]  # fmt: skip
    assert complaints(lines) == {"WARNING pipeline.cycle - kept=… held=…": 2, "ERROR storage x": 1, "Traceback": 1}


def test_each_process_is_known_by_its_command_and_a_helper_by_whose_it_is() -> None:
    helper = "python -c from multiprocessing.forkserver import main; main(3, ['extractors.warm'])"
    found = {
        1: (0, "python bin/wirewatch -v up"), 2: (1, "python -P -m prefect server start"),
        3: (1, "python -m flows.serve"),
        4: (3, "python -m prefect.engine"), 5: (4, helper), 6: (5, helper), 7: (1, "python -P -m cli web --port 1"),
        8: (7, "python -c from multiprocessing.forkserver import main; main(3, ['web.trial'])"), 9: (99, helper),
    }  # fmt: skip
    assert [kind_of(pid, found) for pid in found] == [
        "up", "Prefect's server", "flows", "run", "run: reader", "run: reader",
        "page", "page: worker", "orphan: reader",
    ]  # fmt: skip


def test_growth_is_a_slope_an_hour_after_the_warm_up_and_prefects_server_is_not_in_the_whole() -> None:
    samples = [
        Sample(10.0 * n, {("page", 1): 100.0 + n, ("Prefect's server", 2): 500.0}, {("page", 1): 9 + n})
        for n in range(40)
    ]
    found = figures(samples, 60.0)
    assert found[ALL].most == found["page"].most == 139.0
    assert found["page"].slope == pytest.approx(360.0)
    assert (found["page"].descriptors, found["page"].at_once) == (48, 1)
    assert figures(samples[:3], 60.0)["page"].slope is None


def test_processes_are_found_by_the_home_that_their_environment_names(tmp_path: Path) -> None:
    environ = os.environ | {"PREFECT_HOME": str(tmp_path)}
    command = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()", "flows.serve"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert [(one.pid, one.parent, one.kind) for one in of_run(tmp_path)] == [(child.pid, os.getpid(), "flows")]
        child.kill()


def test_a_soak_that_is_told_to_end_leaves_nothing_running(tmp_path: Path) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    script = [sys.executable, "-c", SLEEPING_SOAK, "--load", "one", "--unhurt"]
    with subprocess.Popen(script, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as soak:
        assert soak.stdout is not None
        slept = int(soak.stdout.readline())
        soak.terminate()
        assert soak.wait(60) == 128 + signal.SIGTERM
    assert ends(slept)


async def test_an_injury_kills_one_process_of_its_kind_and_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injuries, "EVERY_S", (0.01, 0.02))
    monkeypatch.setattr(injuries, "KILLS", {"run": 1})
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as child:
        there = [Process(child.pid, 1, "", "run")]
        hurting = Injuries(lambda: there if child.poll() is None else [], MailServer(around()), random.Random(3))
        task = asyncio.create_task(hurting.run())
        assert await asyncio.to_thread(child.wait, 20) == -signal.SIGKILL
        task.cancel()
    assert hurting.counts == {"run": 1}


def test_what_up_revives_only_so_often_rests_between_two_injuries() -> None:
    hurting = Injuries(list, MailServer(around()), random.Random(1))
    hurting._rested |= dict.fromkeys(("flows", "page"), time.monotonic())
    assert {hurting._next() for _ in range(200)} == {kind for kind in KILLS if kind not in ("flows", "page")}
    assert MAIL in KILLS
