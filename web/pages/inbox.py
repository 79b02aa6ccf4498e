"""`/`: the stories, newest first: what is asked for in the address, and what the page gathers for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from sqlmodel import Session

from alerts import cues
from alerts.message import Passage
from core.clock import SystemClock
from core.errors import ConfigError, Damaged
from core.text import one_line
from storage import configs, feeds, inbox, stories
from storage.engine import Database
from storage.inbox import Place, Wanted
from storage.tables import Story
from web.days import day, day_after
from web.demo import Demo
from web.frame import page_at
from web.pages.inbox_list import show_inbox
from web.people import who
from web.rulebook import Rulebook
from web.text import choices

SHOWN = 50  # a page
SOURCES = 4  # named under a story; the rest is counted
STATES = ("open", "silenced", "closed")
LONGEST = 200  # characters of what is asked for
CUES_OF = 5  # sentences


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, as it is shown in the form again: a view is shared by its address."""

    rule: str = ""
    source: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    unread: str = ""
    words: str = ""
    before: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """The address's words; what cannot mean anything is not asked."""
        said = {one.name: one_line(query.get(one.name, ""), LONGEST) for one in fields(cls)}
        said["state"] = said["state"] if said["state"] in STATES else ""
        said["unread"] = "1" if said["unread"] else ""
        for name in ("since", "until"):
            said[name] = said[name] if day(said[name]) else ""
        said["before"] = said["before"] if _place(said["before"]) else ""
        return cls(**said)

    @property
    def wanted(self) -> Wanted:
        """What storage is asked; both days are whole ones, in UTC."""
        return Wanted(
            rule=self.rule, source=self.source, state=self.state, since=day(self.since),
            until=day_after(self.until), unread=bool(self.unread),
            words=tuple(self.words.split()),
        )  # fmt: skip

    @property
    def before_place(self) -> Place | None:
        """Where its page begins; None: with the newest."""
        return _place(self.before)

    @property
    def narrowed(self) -> bool:
        """Whether it asks for anything but a page."""
        return replace(self, before="") != Asked()

    def address(self, **changes: str) -> str:
        """The address of this view, or of one that differs so; of the newest unless `before` is said."""
        said = replace(self, **{"before": "", **changes})
        pairs = [(one.name, getattr(said, one.name)) for one in fields(said) if getattr(said, one.name)]
        return f"/?{urlencode(pairs)}" if pairs else "/"


def _place(text: str) -> Place | None:
    at, _, story = text.partition("_")
    try:
        id = max(0, min(int(story), stories.LARGEST_ID))  # what a database can compare with
        return Place(datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), id)
    except ValueError:
        return None


def place_text(place: Place) -> str:
    """The inverse of `Asked.before_place`."""
    return f"{place.at:%Y%m%dT%H%M%S.%f}_{place.story}"


@dataclass(frozen=True, slots=True)
class Line:
    """A story as the inbox shows it. `passage` is its first matched sentence, as a hit keeps it."""

    place: Place
    unread: bool
    rule: str
    title: str
    state: str
    last: datetime
    articles: int
    origins: int
    sources: tuple[str, ...]
    more_sources: int
    passage: Mapping[str, Any] | None
    language: str
    cues: str = ""
    told: str = ""

    @property
    def id(self) -> int:
        """The story's."""
        return self.place.story


@dataclass(frozen=True, slots=True)
class Start:
    """What an installation has of the three things that it needs."""

    feeds: int
    rules: int
    channels: int


@dataclass(frozen=True, slots=True)
class Inbox:
    """All that the page shows. `counts` is None on later pages; `start` is said while there are no stories at all."""

    asked: Asked
    lines: Sequence[Line]
    older: str  # the address of the next page, "" after the last
    counts: inbox.Counts | None
    rules: Sequence[str]
    sources: Sequence[str]
    start: Start | None = None
    states: Sequence[str] = STATES

    @property
    def newest(self) -> Place | None:
        """The first story's."""
        return self.lines[0].place if self.lines else None


def register(db: Database, demo: Demo, book: Rulebook) -> None:
    """Add the page."""

    @page_at("/")
    async def inbox_page() -> None:
        name, asked = who(), Asked.of(ui.context.client.request.query_params)

        async def gathered() -> Inbox:
            page = await db.read(lambda session: gather(session, SystemClock().now(), asked, name))
            return page if page.lines or asked != Asked() else replace(page, start=await start_of(db, book))

        await show_inbox(db, name, gathered, demo if demo.is_for(ui.context.client.request.headers) else None)


def gather(session: Session, now: datetime, asked: Asked, name: str) -> Inbox:
    """A page of stories as this person sees them, and what can be chosen."""
    before = asked.before_place
    found, end = inbox.page(session, asked.wanted, name, now, before=before, limit=SHOWN)
    return Inbox(
        asked=asked,
        lines=_lines(session, found, now),
        older=asked.address(before=place_text(end)) if end else "",
        counts=None if before else inbox.counts(session, asked.wanted, name, now),
        rules=choices(configs.rule_states(session), asked.rule),
        sources=choices((feed.name for feed in feeds.listing(session)), asked.source),
    )


async def start_of(db: Database, book: Rulebook) -> Start:
    """What there is, by the active revision."""
    try:
        _, watch = await book.active()
    except (ConfigError, Damaged):  # made for another version, or damaged: `doctor` says so
        return await db.read(lambda session: Start(len(feeds.listing(session)), len(configs.rule_states(session)), 0))
    return Start(len(watch.feeds), len(watch.rules), len(watch.channels))


def _lines(session: Session, found: Sequence[inbox.Found], now: datetime) -> list[Line]:
    ids = [one.place.story for one in found]
    rows, live = stories.of_ids(session, ids), inbox.told_live(session, ids)
    told = inbox.told(session, rows.values())
    return [
        _line(rows[one.place.story], one, told[one.place.story], now, live=one.place.story in live)
        for one in found
        if one.place.story in rows
    ]


def _line(row: Story, found: inbox.Found, told: Sequence[inbox.Told], now: datetime, *, live: bool) -> Line:
    sources = list(dict.fromkeys(one.source for one in told if one.source))
    passage, language = _first_passage(told)
    return Line(
        place=found.place,
        unread=found.unread,
        rule=row.rule_id,
        title=row.title,
        state=stories.state_of(row, now),
        last=row.last_hit_at,
        articles=row.articles,
        origins=row.origins,
        sources=tuple(sources[:SOURCES]),
        more_sources=max(0, len(sources) - SOURCES),
        passage=passage,
        language=language,
        cues=cue_line([one for hit in told for one in hit.sentences][:CUES_OF]),
        told="from before: not told" if told and not live else "",
    )


def _first_passage(told: Sequence[inbox.Told]) -> tuple[Mapping[str, Any] | None, str]:
    """A sentence of the text before one of the title, which is the heading already."""
    found = [(one, hit.language) for hit in told for one in hit.sentences]
    return next((pair for pair in found if pair[0]["field"] != "title"), found[0] if found else (None, ""))


def cue_line(sentences: Sequence[Mapping[str, Any]]) -> str:
    """Words near the matched ones that say that it may not have happened, or not now."""
    passages = tuple(Passage(one["sentence"], tuple((mark[0], mark[1]) for mark in one["marks"])) for one in sentences)
    return ", ".join(f"“{cue.words}” ({cue.kind})" for cue in cues.find(passages))
