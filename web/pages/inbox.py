"""`/`: the stories, newest first."""

from __future__ import annotations

from nicegui import ui

from storage import hits, stories
from storage.engine import Database
from storage.tables import Article, Hit, Story
from web.frame import frame, marked, when

SHOWN = 100


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/")
    async def inbox(rule: str = "", state: str = "") -> None:
        rows = await db.read(lambda session: stories.listing(session, rule=rule, state=state, limit=SHOWN))
        told = await db.read(lambda session: hits.of_stories(session, [row.id or 0 for row in rows]))
        with frame("Inbox"):
            if rule or state:
                with ui.row().classes("items-center"):
                    ui.label(" · ".join(part for part in (rule, state) if part)).classes("quiet")
                    ui.link("show all", "/")
            if not rows:
                ui.label("No stories yet: they appear when a rule matches an article.").classes("quiet")
            for row in rows:
                _story(row, told.get(row.id or 0, []))


def _story(row: Story, told: list[tuple[Hit, Article]]) -> None:
    with ui.card().classes("w-full gap-1"):
        ui.link(row.title, f"/stories/{row.id}").classes("text-lg font-medium")
        with ui.row().classes("gap-3 items-center"):
            ui.link(row.rule_id, f"/?rule={row.rule_id}").classes("text-sm")
            texts = f"{row.origins} separate text{'s' if row.origins != 1 else ''}"
            ui.label(f"{texts}, {row.articles} articles").classes("text-sm quiet")
            ui.label(when(row.last_hit_at)).classes("text-sm quiet")
            if row.state != "open":
                ui.badge(row.state)
        sentences = [one for hit, _ in told for one in hit.sentences]
        if sentences:
            ui.html(f"<p>{marked(sentences[0]['sentence'], sentences[0]['marks'])}</p>", sanitize=False)
