"""`/stats`: how long news takes, how much there is, and how much of it is read in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from storage import feeds, stats
from storage.engine import Database
from web import latency
from web.frame import frame, page_at, show
from web.latency import STEPS, Row

DAYS = (1, 7, 30)
SOURCES = 100  # of the coverage table, those with the most articles first
WHAT = ("Articles", "Hits", "Alerts")
COLOURS = ("#2f8fa8", "#c98a00", "#c2503f")  # 3 : 1 on the card's ground in light and dark


@dataclass(frozen=True, slots=True)
class Volume:
    """How many articles, hits and alerts there were from `at` on, for a day or an hour."""

    at: str
    articles: int
    hits: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Covered:
    """How many of a source's articles were read in full."""

    source: str
    full: int
    articles: int

    @property
    def percent(self) -> int:
        """Their share."""
        return round(100 * self.full / self.articles)


@dataclass(frozen=True, slots=True)
class StatsPage:
    """All that the page shows; `cut` when there may be more articles or deliveries than are looked at."""

    days: int
    everything: Row
    by_feed: Sequence[Row]
    by_rule: Sequence[Row]
    volume: Sequence[Volume]
    coverage: Sequence[Covered]
    cut: bool


def register(db: Database) -> None:
    """Add the page."""

    @page_at("/stats")
    async def stats_page(days: str = "") -> None:
        chosen = int(days) if days in map(str, DAYS) else DAYS[1]
        page = await db.read(lambda session: gather(session, SystemClock().now(), chosen))
        with frame("Stats", at="/stats"):
            show("stats-days.html", days=DAYS, chosen=chosen)
            with ui.element("section").props("aria-labelledby=volume"):
                ui.html("Volume", tag="h2").props("id=volume")
                chart = ui.echart(options(page.volume)).classes("chart card")
                chart.props('role=img aria-label="Articles, hits and alerts; the table below has the numbers"')
            show("stats.html", page=page, steps=STEPS, most=stats.MOST, largest=latency.LARGEST)


def gather(session: Session, now: datetime, days: int) -> StatsPage:
    """Of the last so many days: no more than the newest stats.MOST articles and deliveries."""
    edges = latency.bounds(now, days)
    seen, sent = stats.seen(session, edges[0]), stats.sent(session, edges[0])
    names = {one.id: one.name for one in feeds.names(session)}
    return StatsPage(
        days=days,
        everything=latency.row("All", seen, sent),
        by_feed=latency.by_feed(seen, sent, lambda feed: names.get(feed, "a feed that was removed")),
        by_rule=latency.by_rule(sent),
        volume=_volume(session, edges, hourly=days == 1),
        coverage=coverage(seen),
        cut=len(seen) == stats.MOST or stats.is_cut(session, edges[0]),
    )


def _volume(session: Session, edges: Sequence[datetime], *, hourly: bool) -> list[Volume]:
    form = "%d %b %H:00" if hourly else "%d %b"
    numbers = stats.volume(session, edges)
    return [Volume(at.strftime(form), *three) for at, three in zip(edges, numbers, strict=False)]


def coverage(seen: Sequence[stats.Seen]) -> list[Covered]:
    """The sources with the most articles that were read or could not be; copies and what waits do not count."""
    judged = [one for one in seen if one.state in ("ready", "partial", "failed")]
    found = [
        Covered(source or "unknown source", sum(one.state == "ready" for one in own), len(own))
        for source, own in latency.grouped(judged, lambda one: one.source).items()
    ]
    return sorted(found, key=lambda one: (-one.articles, one.source))[:SOURCES]


def options(volume: Sequence[Volume]) -> dict[str, Any]:
    """The chart: a bar for each number, in the colours of the page."""
    text, line = (f"getComputedStyle(document.documentElement).getPropertyValue('--{one}')" for one in ("text", "line"))
    numbers = ([one.articles for one in volume], [one.hits for one in volume], [one.alerts for one in volume])
    axis = {"axisLabel": {":color": text}, "splitLine": {"lineStyle": {":color": line}}}
    return {
        "animation": False,
        "color": list(COLOURS),
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "legend": {"top": 8, "data": list(WHAT), "textStyle": {":color": text}},
        "grid": {"left": 8, "right": 8, "top": 44, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": [one.at for one in volume], **axis},
        "yAxis": {"type": "value", "minInterval": 1, **axis},
        "series": [{"name": name, "type": "bar", "data": list(own)} for name, own in zip(WHAT, numbers, strict=True)],
    }
