"""`/feeds`: how each feed fares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from sqlmodel import Session

from core.clock import SystemClock
from core.text import one_line
from pipeline import polling
from storage import feeds, polls
from storage.engine import Database
from storage.feeds import Named
from storage.polls import News
from storage.tables import Feed
from web.acts import Act, number_of, show_acting
from web.frame import frame, page_at
from web.latency import grouped
from web.people import who
from web.text import why

HOURS = 24
SHOWN = 50
TAGS = 200  # that can be chosen from
BAR_STEP, BAR_TOP = 4, 20  # of the picture of items an hour or hits a day, in its own units
STATES = ("ok", "new", "failing", "paused")

Bar = tuple[int, int, int]  # x, y, height


@dataclass(frozen=True, slots=True)
class Filter:
    """Which feeds; empty: any. `text` is found in names and addresses, whatever its case."""

    state: str = ""
    tag: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A feed as the page shows it; items and `bars` (an hour each, the last one now) are of the last day."""

    id: int
    name: str
    url: str
    host: str
    state: str
    tags: tuple[str, ...]
    trouble: str
    last: datetime | None
    next: datetime | None
    new: int
    gaps: int
    full: str
    bars: tuple[Bar, ...]
    spark_says: str


@dataclass(frozen=True, slots=True)
class FeedsPage:
    """All that the page shows. `counts` are of all feeds; `rest` is the address of the next page, if there is one."""

    lines: Sequence[Line] = ()
    found: int = 0
    total: int = 0
    in_order: int = 0
    counts: Sequence[tuple[str, int]] = ()
    tags: Sequence[str] = ()
    chosen: Filter = field(default_factory=Filter)
    rest: str = ""


def register(db: Database) -> None:
    """Add the page."""

    @page_at("/feeds")
    async def feeds_page(state: str = "", tag: str = "", q: str = "", after: str = "") -> None:
        chosen = Filter(state if state in STATES else "", one_line(tag), one_line(q))

        async def values() -> Mapping[str, object]:
            now = SystemClock().now()
            return {"page": await db.read(lambda session: gather(session, now, chosen, number_of(after)))}

        with frame("Feeds", at="/feeds"):
            await show_acting("feeds.html", values, acts(db))


def acts(db: Database) -> dict[str, Act]:
    """What the buttons of a feed do."""

    async def pause(feed_id: str) -> str:
        row = await db.write(partial(polling.pause, feed_id=number_of(feed_id), who=who()))
        return f"{row.name} is paused."

    async def resume(feed_id: str) -> str:
        row = await db.write(partial(polling.resume, feed_id=number_of(feed_id), now=SystemClock().now()))
        return f"{row.name} is polled again, in the next cycle."

    async def poll(feed_id: str) -> str:
        row = await db.write(partial(polling.poll_now, feed_id=number_of(feed_id), now=SystemClock().now()))
        return f"{row.name} is polled in the next cycle."

    return {"pause": pause, "resume": resume, "poll": poll}


def gather(session: Session, at: datetime, chosen: Filter | None = None, after: int = 0) -> FeedsPage:
    """Active feeds by name from behind `after` on, with what their polls of the last day brought."""
    chosen = chosen or Filter()
    every = feeds.names(session)
    wanted = [one for one in every if _is_wanted(one, chosen)]
    here = part(wanted, after)
    ids = [one.id for one in here]
    news = grouped(polls.news(session, ids, at - timedelta(hours=HOURS)), lambda one: one.feed_id)
    states = polls.articles_by_state(session, ids)
    more = here and here[-1].id != wanted[-1].id
    return FeedsPage(
        lines=[
            _line(row, news.get(row.id or 0, []), states.get(row.id or 0, {}), at) for row in feeds.of_ids(session, ids)
        ],
        found=len(wanted),
        total=len(every),
        in_order=sum(one.state in ("ok", "new") for one in every),
        counts=_counts(every),
        tags=sorted({tag for one in every for tag in one.tags} | ({chosen.tag} - {""}))[:TAGS],
        chosen=chosen,
        rest="/feeds?" + _query(chosen, here[-1].id) if more else "",
    )


def _is_wanted(one: Named, chosen: Filter) -> bool:
    text = chosen.text.casefold()
    return (
        chosen.state in ("", one.state)
        and (not chosen.tag or chosen.tag in one.tags)
        and (text in one.name.casefold() or text in one.url.casefold())
    )


def part(wanted: Sequence[Named], after: int) -> Sequence[Named]:
    """A page of them, from behind the feed of that id on; the first where it is not among them."""
    first = next((place + 1 for place, one in enumerate(wanted) if one.id == after), 0)
    return wanted[first : first + SHOWN]


def _counts(every: Sequence[Named]) -> list[tuple[str, int]]:
    states = [one.state for one in every]
    return [(state, states.count(state)) for state in (*STATES, *sorted({*states} - {*STATES})) if state in states]


def _query(chosen: Filter, after: int) -> str:
    values = {"state": chosen.state, "tag": chosen.tag, "q": chosen.text, "after": after}
    return urlencode({key: value for key, value in values.items() if value})


def _line(feed: Feed, news: Sequence[News], states: Mapping[str, int], at: datetime) -> Line:
    hourly = by_hour(news, at)
    return Line(
        id=feed.id or 0,
        name=feed.name,
        url=feed.config_url,
        host=feeds.host_of(feed.config_url),
        state=feed.state,
        tags=tuple(feed.tags),
        trouble=trouble(feed),
        last=feed.last_success_at,
        next=None if feed.state == "paused" else feed.next_poll_at,
        new=sum(hourly),
        gaps=feed.possible_gaps,
        full=share(states),
        bars=bars(hourly),
        spark_says=f"new items an hour, at most {max(hourly)}",
    )


def share(states: Mapping[str, int]) -> str:
    """How many of a feed's articles were read in full; a dash when it has none."""
    return f"{states.get('ready', 0):,} of {sum(states.values()):,}" if states else "–"


def trouble(feed: Feed) -> str:
    """Why a feed brings nothing, in a sentence; "" for one in order. A host pauses it by a Reason, people by name."""
    if feed.state == "paused" and feed.paused_by:
        said = why(feed.paused_by)
        return f"paused: {said}" if said != feed.paused_by else f"paused by {said}"
    if feed.state != "failing":
        return ""
    return ": ".join(said for said in (why(feed.last_reason), feed.last_error) if said)


def by_hour(news: Sequence[News], at: datetime) -> list[int]:
    """New items in each of the last 24 hours, oldest first."""
    hours = [0] * HOURS
    for poll in news:
        ago = int((at - poll.at).total_seconds() // 3600)
        if 0 <= ago < HOURS:
            hours[HOURS - 1 - ago] += poll.new
    return hours


def bars(counts: Sequence[int]) -> tuple[Bar, ...]:
    """A bar for each hour or day, the highest of full height; one without items is a line."""
    most = max(counts, default=0) or 1
    heights = [max(1, round(count / most * BAR_TOP)) for count in counts]
    return tuple((place * BAR_STEP, BAR_TOP - height, height) for place, height in enumerate(heights))
