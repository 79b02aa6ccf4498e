"""`/`: the stories, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from core.text import one_line
from storage import configs, hits, stories
from storage.engine import Database
from storage.tables import Article, Hit, Story
from web.frame import frame, show

SHOWN = 100
SOURCES = 4  # named under a story; the rest is counted
STATES = ("open", "silenced", "closed")


@dataclass(frozen=True, slots=True)
class Line:
    """A story as the inbox shows it. `passage` is its first matched sentence, as a hit keeps it."""

    id: int
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
    told: str = ""


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/")
    async def inbox(rule: str = "", state: str = "") -> None:
        chosen_rule, chosen_state = one_line(rule), state if state in STATES else ""
        lines, rules = await db.read(
            lambda session: gather(session, SystemClock().now(), rule=chosen_rule, state=chosen_state)
        )
        with frame("Inbox", at="/"):
            show(
                "inbox.html", stories=lines, cut=len(lines) == SHOWN, rules=rules, states=STATES,
                chosen_rule=chosen_rule, chosen_state=chosen_state,
            )  # fmt: skip


def gather(session: Session, now: datetime, *, rule: str, state: str) -> tuple[list[Line], list[str]]:
    """The newest stories, and the rules that can be chosen."""
    rows = stories.listing(session, now, rule=rule, state=state, limit=SHOWN)
    told = hits.of_stories(session, [row.id or 0 for row in rows])
    rules = sorted({*configs.rule_states(session), *([rule] if rule else ())})
    return [_line(row, told.get(row.id or 0, []), now) for row in rows], rules


def _line(row: Story, told: Sequence[tuple[Hit, Article]], now: datetime) -> Line:
    sources = list(dict.fromkeys(article.source for _, article in told if article.source))
    passage, language = _first_passage(told)
    return Line(
        id=row.id or 0,
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
        told="from before: not told" if told and all(hit.state == "from_before" for hit, _ in told) else "",
    )


def _first_passage(told: Sequence[tuple[Hit, Article]]) -> tuple[Mapping[str, Any] | None, str]:
    """A sentence of the text before one of the title, which is the heading already."""
    found = [(one, article.language) for hit, article in told for one in hit.sentences]
    return next((pair for pair in found if pair[0]["field"] != "title"), found[0] if found else (None, ""))
