"""The sections of the report: each measures one thing, ours beside its peers, by the functions of the other benches."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

from bench import alerts, feeds, growth, matching, pages, peering, pipeline, polls, way
from bench.costs import family, memory_mb
from bench.ours import Round
from bench.outlets import outlets
from bench.pipeline import alone
from bench.rows import MISSING, Row, Section
from bench.servers import KINDS
from bench.verdicts import percentile

AT_ONCE = 10  # feeds that a peer asks at once: changedetection.io's own default


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    rounds: int
    polled: int  # feeds
    polled_by_peers: int  # they are slower, and rates do not depend on how many
    parsed: int  # feeds
    pages: int
    jobs: tuple[int, ...]
    extracted: int  # pages of one core
    rules: tuple[int, ...]
    beside: int  # other ways to match are tried up to so many rules
    messages: int
    sites: int  # of the whole way
    stored: int  # articles


FULL = Scale(3, 1_000, 200, 60, 306, (1, 2), 60, (1_000, 10_000, 100_000), 10_000, 400, way.FEEDS, 1_000)
QUICK = Scale(1, 200, 40, 20, 60, (2,), 12, (1_000,), 0, 100, 25, 250)
Measure = Callable[[Scale], Section]


def _apart(row: Callable[..., Row], peer: str, found: Sequence[float] | None) -> Row:
    """A row beside a peer that may not be installed."""
    return row(peer=peer, theirs=tuple(found or ()), note="" if found else MISSING)


# -- feeds


def polling(scale: Scale) -> Section:
    """Feeds polled a second: ours, lemon24/reader, changedetection.io."""
    ours: dict[str, list[float]] = {}
    theirs: dict[str, dict[str, list[float]]] = {}
    memory: list[float] = []
    kept: dict[str, float] = {}
    for _ in range(scale.rounds):
        with polls.sites() as port:
            rates, megabytes = alone(_polled, port, scale.polled)
            memory.append(megabytes)
            for name, rate in rates.items():
                ours.setdefault(name, []).append(rate)
        for peer, script in ((peering.READER, "reader_rounds"), (peering.CHANGES, "changes_rounds")):
            if peering.installed():
                with polls.sites() as port:
                    said = peering.called(script, port, scale.polled_by_peers, 1, AT_ONCE)
                kept[peer] = said["memory_mb"]
                for name, rates_of in said["rates"].items():
                    theirs.setdefault(peer, {}).setdefault(name, []).extend(rates_of)
    rows = []
    for name, rates_of in ours.items():
        row = partial(Row, name, "feeds/s", tuple(rates_of))
        asked = [peer for peer in (peering.READER, peering.CHANGES) if name != "304s" or peer == peering.READER]
        rows += (
            [_apart(row, peer, theirs.get(peer, {}).get(name)) for peer in asked] if name != "first poll" else [row()]
        )
    own = partial(Row, "memory of the process, PSS", "MB", tuple(memory), less_is_better=True)
    rows += [_apart(own, peer, [kept[peer]] if peer in kept else None) for peer in (peering.READER, peering.CHANGES)]
    return Section(
        "Feeds polled",
        f"Ours polls {scale.polled} feeds of {polls.ENTRIES} entries, each on its own host, in one process, with its"
        f" guard against private addresses, intervals and SQLite. Peers update {scale.polled_by_peers} of the feeds,"
        f" {AT_ONCE} at once, with stores of their own. changedetection.io fetches a feed whole and compares its text.",
        tuple(rows),
    )


def _polled(port: int, count: int) -> tuple[dict[str, float], float]:
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        found = asyncio.run(polls.rounds(Path(name), port, count))
        return {name: speed for name, (speed, _) in found.items()}, memory_mb(family(os.getpid()))


def parsing(scale: Scale) -> Section:
    """Feeds parsed a second of one core: ours, feedparser, fastfeedparser."""
    found = feeds.measure(feeds.made(scale.parsed, seed=1), scale.rounds)
    ours = tuple(found.rounds["ours, all texts made"])
    rows = [
        Row("feeds parsed, all texts made", "feeds/s", ours, peer, tuple(found.rounds[way_]))
        for peer, way_ in (
            (f"feedparser {version('feedparser')}", "feedparser alone"),
            (f"fastfeedparser {version('fastfeedparser')}", "fastfeedparser"),
        )
    ]
    said = (
        f"{found.feeds} made-up feeds, {found.entries:,} entries, from memory, one core; as in `python -m bench.feeds`."
    )
    return Section("Feeds parsed", said, tuple(rows))


# -- pages


def reading(scale: Scale) -> Section:
    """Articles a second through read and match, beside bare trafilatura on as many processes."""
    rows, shape = [], ""
    for jobs in scale.jobs:
        plan = pipeline.Plan(pages=scale.pages, rounds=scale.rounds, jobs=jobs)
        found = pipeline.measure(plan, lambda line: None)
        shape = str(found.shape)
        peer = f"trafilatura {version('trafilatura')}"
        row = partial(Row, peer=peer)
        rows += [
            row(f"read + match, {jobs} processes", "pages/s", _each(found.ours, "pages_per_second"),
                theirs=_each(found.peer, "pages_per_second")),
            row(f"memory of them, {jobs} processes, PSS", "MB", _each(found.ours, "memory_mb"),
                theirs=_each(found.peer, "memory_mb"), less_is_better=True),
        ]  # fmt: skip
    return Section(
        "Pages read",
        f"{shape}, from 8 sites on loopback. Ours asks for them, reads and stores them and tries 200 rules on each; the"
        " peer extracts them from memory. As in `python -m bench.pipeline`.",
        tuple(rows),
    )


def _each(rounds: Sequence[Round], name: str) -> tuple[float, ...]:
    return tuple(float(getattr(one, name)) for one in rounds)


def extracting(scale: Scale) -> Section:
    """Pages a second of one core from memory: ours, trafilatura, newspaper4k and others."""
    made = outlets(["https://a.example", "https://b.example"], scale.extracted, seed=1, now=datetime.now(UTC))
    some = [page for site in made for page in site.pages.items()]
    pages.speeds(some[:5], 1)  # warm
    found = pages.speeds(some, scale.rounds)
    rows = [
        Row("body, title, date and author", "pages/s", tuple(found["ours"]), peer, tuple(rates))
        for peer, rates in found.items()
        if peer != "ours"
    ]
    said = (
        f"{len(some)} pages from memory, one core. Ours asks three readers and compares them. How right each one is:"
        " `python -m bench.pages`."
    )
    return Section("Pages extracted", said, tuple(rows))


# -- rules


def rules(scale: Scale) -> Section:
    """Microseconds an article, by the number of rules, beside the nearest other way."""
    rows = []
    details = {}
    for count in scale.rules:
        found = matching.measure(count, beside=count <= scale.beside)
        details[str(count)] = asdict(found)
        row = partial(Row, f"{count:,} rules", "µs an article", (found.us_per_article["total"],), less_is_better=True)
        beside = {matching.NAMES[name]: cost for name, cost in found.peers.items()}
        rows += [row(peer=peer, theirs=(cost,)) for peer, cost in beside.items()] or [row()]
        rows.append(Row(f"memory of the index of {count:,} rules", "MB", (found.index_mb,), less_is_better=True))
    said = (
        "Made-up rules of a newsroom, articles of 5 KB, one core, analysis included; as in `python -m bench.matching`."
    )
    return Section("Rules matched", said, tuple(rows), details=details)


# -- alerts


def deliveries(scale: Scale) -> Section:
    """Alerts composed, sent and recorded a second, by e-mail and webhook, beside bare loops."""
    plan = alerts.Plan(alerts=scale.messages, rounds=scale.rounds)
    rows = []
    for what, hooks, peer, bare in (
        ("e-mail over SMTP", False, "bare smtplib loop", alerts.run_bare),
        ("webhook", True, "bare loop of requests", alerts.run_bare_hooks),
    ):
        ours, theirs = [], []
        with alerts.receiver(hooks) as port:
            for _ in range(scale.rounds):
                ours.append(alone(alerts.run_ours, port, plan, False, hooks).a_second)
                theirs.append(alone(bare, port, plan).a_second)
        rows.append(Row(what, "messages/s", tuple(ours), peer, tuple(theirs)))
    said = (
        f"{plan.alerts} alerts to {plan.desks} targets. Ours enters each in the ledger, composes, sends, fsyncs and"
        " records it, on SQLite; a bare loop sends what was composed before and keeps nothing. As in"
        " `python -m bench.alerts`."
    )
    return Section("Deliveries", said, tuple(rows))


def whole_way(scale: Scale) -> Section:
    """From a feed that has something new to a mail, beside rss2email."""
    ours, theirs = way.measure(scale.sites, scale.rounds)

    def late(rounds: Sequence[way.Round], number: int) -> tuple[float, ...]:
        return tuple(percentile(one.latencies, number) for one in rounds)

    peer, note = peering.RSS2EMAIL, "" if theirs else MISSING
    told = partial(Row, peer=peer, note=note)
    rows = (
        told("events told", "a second", _rates(ours), theirs=_rates(theirs)),
        told("seen to sent, middle", "s", late(ours, 50), theirs=late(theirs, 50), less_is_better=True),
        told("seen to sent, 95 of 100", "s", late(ours, 95), theirs=late(theirs, 95), less_is_better=True),
        Row("memory of all processes, PSS", "MB", tuple(one.memory_mb for one in ours), less_is_better=True),
    )
    said = (
        f"{scale.sites} sites publish an event each at once. Ours polls, reads the pages, matches, stores and sends an"
        " e-mail each; rss2email sends what the feeds say, reads no page, tests no rule. As in `python -m bench.way`."
        " With `up` a poll a minute comes before it: `make soak` measures that."
    )
    return Section("The whole way, and latency", said, rows)


def _rates(rounds: Sequence[way.Round]) -> tuple[float, ...]:
    return tuple(one.a_second for one in rounds)


# -- database


def growing(scale: Scale) -> Section:
    """Bytes for 100,000 articles, extrapolated from a measured number."""
    rows, details = [], {}
    for kind in KINDS:
        found = growth.measure(kind, many=scale.stored)
        details[kind] = asdict(found)
        rows += [
            Row(f"{kind}: tables", "MB for 100,000 articles", (found.rows / 1e6,), less_is_better=True),
            Row(f"{kind}: indexes", "MB for 100,000 articles", (found.indexes / 1e6,), less_is_better=True),
        ]
    said = (
        f"Extrapolated from what {scale.stored - growth.FEW} articles of 250 to 1,600 words added to what {growth.FEW}"
        " had taken. As in `python -m bench.growth`, which names the tables."
    )
    return Section("Growth of the database", said, tuple(rows), details=details)


SECTIONS: dict[str, Measure] = {
    "polls": polling,
    "feeds": parsing,
    "pages": reading,
    "extraction": extracting,
    "rules": rules,
    "deliveries": deliveries,
    "way": whole_way,
    "growth": growing,
}
