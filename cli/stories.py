"""`stories …`: events, as each rule saw them told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from cli.alerts import became, owed_by_alert
from cli.console import none_of, noun, out, print_json, print_rows
from cli.context import Limit, changed, database, length_of, moment_of, user
from core.clock import SystemClock
from core.errors import InputError
from pipeline import stories as changes
from storage import alerts, hits, stories
from storage.tables import Story

State = Literal["open", "silenced", "closed"]
app = noun("Events, as each rule saw them told.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Which = Annotated[int, typer.Argument(metavar="STORY", help="A story's id.")]


def _row(story: Story, now: datetime) -> dict[str, Any]:
    state = stories.state_of(story, now)
    return {
        "id": story.id,
        "rule": story.rule_id,
        "title": story.title,
        "state": state,
        "silenced_until": story.silenced_until if state == "silenced" else None,
        "first": story.first_hit_at,
        "last": story.last_hit_at,
        "articles": story.articles,
        "separate_texts": story.origins,
    }


@app.command(name="list")
def list_stories(
    context: typer.Context,
    rule: Annotated[str, typer.Option(help="Of this rule only.")] = "",
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List stories, newest first."""
    now = SystemClock().now()
    with database(context) as db:
        rows = db.read_now(lambda session: stories.listing(session, now, rule=rule, state=state or "", limit=limit))
    columns = ("id", "rule", "state", "last", "articles", "separate_texts", "title")
    print_rows((_row(row, now) for row in rows), columns, as_json=as_json, empty=none_of("stories", rule, state))


@app.command()
def show(context: typer.Context, which: Which, as_json: AsJson = False) -> None:
    """Show a story's articles, why each belongs to it, and its alerts."""
    with database(context) as db:
        story = db.read_now(lambda session: stories.find(session, which))
        if story is None:
            raise InputError(f"there is no story {which}", hint="run `wirewatch stories list`")
        told = db.read_now(lambda session: hits.of_story(session, which))
        told_by = db.read_now(lambda session: alerts.of_story(session, which))
        owed = db.read_now(lambda session: owed_by_alert(session, told_by))
    articles = [
        {
            "seen": a.first_seen_at,
            "text": hit.origin,
            "source": a.source,
            "title": a.title,
            "why": hit.why,
            "url": a.url,
        }
        for hit, a in told
    ]
    rows = [
        {
            "kind": one.kind,
            "state": one.state,
            "reason": one.reason,
            "became": became(one, owed[one.id]),
            "made": one.made_at,
            "id": one.id,
        }
        for one in told_by
    ]
    if as_json:
        print_json({**_row(story, SystemClock().now()), "timeline": articles, "alerts": rows})
        return
    out().print(f"{story.title}\n", markup=False)
    print_rows(articles, ("seen", "text", "source", "title", "why"), as_json=False)
    out().print()
    print_rows(rows, ("made", "kind", "became"), as_json=False, empty="no alert")


@app.command()
def silence(
    context: typer.Context,
    which: Which,
    length: Annotated[str, typer.Option("--for", help="How long, e.g. 72h or 7d; 72h when nothing is said.")] = "",
    end: Annotated[
        str, typer.Option("--until", help="Until when, e.g. 2026-12-01 or 2026-12-01T08:00 (UTC without a zone).")
    ] = "",
) -> None:
    """Tell nothing more of a story for a time."""
    now = SystemClock().now()
    if length and end:
        raise InputError("--for and --until are two ways to say the same", hint="give one of them")
    until = moment_of(end, option="--until") if end else now + length_of(length or "72h", option="--for")
    if until <= now:
        said = f"--until {end}: that is over" if end else f"--for {length}: that is no time at all"
        raise InputError(said, hint="a silence lasts e.g. 72h or 7d")
    with database(context) as db:
        db.write_now(lambda session: changes.silence(session, which, until=until, who=user(), now=now))
    out().print(f"story {which} is silenced until {until:%Y-%m-%d %H:%M}Z")


@app.command()
def reopen(context: typer.Context, which: Which) -> None:
    """Tell again of a story that was silenced or closed: of what joins it from now on."""
    changed(context, changes.reopen, which)
    out().print(f"story {which} is open")


@app.command()
def close(context: typer.Context, which: Which) -> None:
    """Tell nothing more of a story, whatever joins it."""
    changed(context, changes.close, which)
    out().print(f"story {which} is closed")
