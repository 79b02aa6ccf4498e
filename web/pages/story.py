"""`/stories/{id}`: one event: its articles with their marked sentences, its alerts and deliveries, and why."""

from __future__ import annotations

from nicegui import ui

from core.reasons import Reason
from storage import alerts, deliveries, hits
from storage.engine import Database
from storage.tables import Alert, Article, Decision, Delivery, Hit, Story
from web.frame import frame, marked, outside, when


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/stories/{story_id}")
    async def story(story_id: int) -> None:
        row = await db.read(lambda session: session.get(Story, story_id))
        if row is None:
            with frame("No such story"):
                ui.link("Back to the inbox", "/")
            return
        told = await db.read(lambda session: hits.of_story(session, story_id))
        made = await db.read(lambda session: alerts.of_story(session, story_id))
        sent = await db.read(lambda session: deliveries.of_alerts(session, [one.id for one in made]))
        kept = await db.read(lambda session: alerts.of_story_decisions(session, story_id))
        with frame(row.title):
            ui.label(f"{row.rule_id} · {row.origins} separate texts · {row.state}").classes("quiet")
            for hit, article in told:
                _article(hit, article)
            _alerts(made, sent)
            _decisions(kept)


def _article(hit: Hit, article: Article) -> None:
    with ui.card().classes("w-full gap-1"):
        title = article.title or article.feed_title
        ui.html(f"<h2>{outside(title, article.url)}</h2>", sanitize=False).classes("text-lg font-medium")
        read = "read in full" if article.state == "ready" else f"{article.state}: {_reason(article.reason)}"
        ui.label(f"{article.source} · published {when(article.published)} · seen {when(article.first_seen_at)} · {read}").classes(
            "text-sm quiet"
        )
        for one in hit.sentences:
            where = "" if one["field"] == "text" else f"<span class='quiet'>{one['field']}: </span>"
            ui.html(f"<p>{where}{marked(one['sentence'], one['marks'])}</p>", sanitize=False)
        state = "" if hit.state == "live" else f" · {_reason(hit.state) or hit.state}"
        ui.label(f"text {hit.origin + 1}: {hit.why}{state}").classes("text-sm quiet")


def _alerts(made: list[Alert], sent: list[Delivery]) -> None:
    ui.label("Alerts").classes("text-xl font-semibold")
    rows = [
        {
            "id": delivery.id,
            "kind": alert.kind,
            "made": when(alert.made_at),
            "target": delivery.target_id,
            "state": delivery.state,
            "sent": when(delivery.sent_at),
            "error": delivery.error,
        }
        for alert in made
        for delivery in sent
        if delivery.alert_id == alert.id
    ]
    if rows:
        ui.table(rows=rows, columns=columns("kind", "made", "target", "state", "sent", "error"), row_key="id").classes("w-full")
    for alert in made:
        if alert.state != "queued":
            ui.label(f"{alert.kind}: {alert.state}: {_reason(alert.reason)}")
    if not made:
        ui.label("Nothing was told.").classes("quiet")


def _decisions(kept: list[Decision]) -> None:
    with ui.expansion("Why").classes("w-full"):
        for one in kept:
            ui.label(f"{when(one.at)}  {one.stage}: {one.action}: {one.detail}").classes("text-sm")


def _reason(key: str) -> str:
    try:
        return Reason.of(key).sentence
    except KeyError:
        return ""


def columns(*names: str) -> list[dict[str, object]]:
    """Columns of a table, each named by its field."""
    return [{"name": name, "label": name.replace("_", " "), "field": name, "align": "left"} for name in names]
