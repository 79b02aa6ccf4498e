"""`/metrics`: what Prometheus reads, made from the rows when it asks. docs/operations.md says what each name means.

Counts that only grow are the largest ids: they do not shrink when rows are pruned, and cost nothing however many there
are. Latencies are counted when a message is recorded as sent (storage/latency.py): running sums, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlmodel import Session

from core.clock import SystemClock
from pipeline import measures as legs
from pipeline.run import INGEST
from storage import articles, configs, deliveries, feeds, latency, locks, notices
from storage import measures as rows
from storage.engine import Database
from storage.latency import BUCKETS_S, Summed

FEED_STATES = ("new", "ok", "failing", "paused")
DELIVERY_STATES = ("pending", "leased", "sent", "retry", "unknown", "dead", "suppressed")


@dataclass(frozen=True, slots=True)
class Readings:
    """All that is told, as it was read in one transaction."""

    at: datetime
    feeds: dict[str, int]
    articles: dict[str, int]
    deliveries: Sequence[tuple[str, str, int]]
    seen: dict[str, int]  # name of a counter → how many there ever were
    gaps: int
    last_cycle: datetime | None
    revision: int
    rules_off: int
    troubles: int
    latencies: Sequence[Summed]


def router(db: Database) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get("/metrics")
    async def metrics() -> Response:
        readings = await db.read(lambda session: gather(session, SystemClock().now()))
        return Response(text(readings), media_type=CONTENT_TYPE_LATEST)

    return routes


def gather(session: Session, now: datetime) -> Readings:
    """Read everything."""
    known = feeds.listing(session)
    return Readings(
        at=now,
        feeds=dict.fromkeys(FEED_STATES, 0) | Counter(feed.state for feed in known),
        articles=articles.counts(session),
        deliveries=_with_none(deliveries.counts_by_channel(session)),
        seen=rows.ever(session),
        gaps=sum(feed.possible_gaps for feed in known),
        last_cycle=locks.last_finished(session, INGEST, now),
        revision=configs.active_revision(session),
        rules_off=len(configs.switched_off(session)),
        troubles=len(notices.open_notices(session)),
        latencies=latency.sums(session),
    )


def _with_none(counts: Sequence[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    """Of each channel every state, also those that no delivery is in: Prometheus sees no change of what is not told."""
    channels = {channel for channel, _, _ in counts}
    every = {(channel, state): 0 for channel in channels for state in DELIVERY_STATES}
    every |= {(channel, state): count for channel, state, count in counts}
    return [(channel, state, count) for (channel, state), count in every.items()]


def text(readings: Readings) -> bytes:
    """The readings as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(readings))
    return generate_latest(registry)


class _Collector:
    """Gives the metrics of one reading."""

    def __init__(self, readings: Readings) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """One after the other."""
        read = self._readings
        yield _by(
            "wirewatch_feeds", "feeds of the active watch file", ("state",), [((k,), n) for k, n in read.feeds.items()]
        )
        yield _by("wirewatch_articles", "stored articles", ("state",), [((k,), n) for k, n in read.articles.items()])
        owed = [((channel, state), n) for channel, state, n in read.deliveries]
        yield _by("wirewatch_deliveries", "deliveries of the ledger", ("channel", "state"), owed)
        for name, count in read.seen.items():
            yield CounterMetricFamily(f"wirewatch_{name}", f"{name} there ever were", value=count)
        yield GaugeMetricFamily("wirewatch_feed_possible_gaps", "polls that may have missed entries", value=read.gaps)
        yield GaugeMetricFamily("wirewatch_config_revision", "the active config revision", value=read.revision)
        yield GaugeMetricFamily(
            "wirewatch_rules_off", "rules that were switched off by themselves", value=read.rules_off
        )
        yield GaugeMetricFamily(
            "wirewatch_troubles", "troubles told to the operators and not over", value=read.troubles
        )
        if read.last_cycle is not None:
            ended = read.last_cycle.timestamp()
            yield GaugeMetricFamily("wirewatch_last_cycle_timestamp_seconds", "when the last cycle ended", value=ended)
        yield from _latencies(read.latencies)


def _by(
    name: str, help_text: str, labels: Sequence[str], values: Sequence[tuple[Sequence[str], int]]
) -> GaugeMetricFamily:
    metric = GaugeMetricFamily(name, help_text, labels=labels)
    for label, count in sorted(values):
        metric.add_metric(label, count)
    return metric


def _latencies(sums: Sequence[Summed]) -> Iterator[Metric]:
    """One histogram a leg, by channel; a leg that nothing went yet has its name alone."""
    for name in legs.TOLD_LEGS:
        leg = name[0].replace(" ", "_")
        told = f"{name[0]}, of messages that tell of one article"
        metric = HistogramMetricFamily(f"wirewatch_{leg}_seconds", told, labels=["channel"])
        for one in (one for one in sums if one.leg == leg):
            counts = [(str(bound), float(number)) for bound, number in zip(BUCKETS_S, one.at_most, strict=True)]
            metric.add_metric([one.channel], [*counts, ("+Inf", float(one.count))], one.total_s)
        yield metric
