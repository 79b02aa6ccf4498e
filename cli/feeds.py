"""`feeds …`: what is polled, and how it fares."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import json_alone, noun, out, print_rows
from cli.context import database, read_bytes, secrets, settings, user, with_app
from cli.exits import EXIT_SOME_FAILED, complain
from cli.running import show
from core.clock import SystemClock
from core.errors import InputError
from core.reasons import Reason
from fetching import opml
from fetching.discover import FoundFeed
from pipeline import subscriptions
from pipeline.app import App
from pipeline.report import Report
from pipeline.run import run_cycle
from storage import configs, feeds
from storage.tables import Feed

app = noun("What is polled, and how it fares.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]
NO_FEEDS = "no feeds yet: `wirewatch feeds add URL`"
RESUME = "run `wirewatch feeds list`; `wirewatch feeds resume NAME` ends a pause"
Name = Annotated[str, typer.Argument(metavar="FEED", help="A feed's name or address.")]


@app.command(name="list")
def list_feeds(context: typer.Context, as_json: AsJson = False) -> None:
    """List the feeds of the active watch file."""
    file = settings(context).config
    with database(context) as db:
        rows = db.read_now(feeds.listing)
        unread = not rows and file.exists() and not db.read_now(configs.active_revision)
    empty = f"{file} is not in use yet: `wirewatch apply {file}`, or `up`" if unread else NO_FEEDS
    columns = ("name", "url", "state", "next_poll", "last_success", "error")
    print_rows((_row(feed) for feed in rows), columns, as_json=as_json, empty=empty)


def _row(feed: Feed) -> dict[str, Any]:
    return {
        "name": feed.name,
        "url": feed.config_url,
        "kind": feed.kind,
        "tags": feed.tags,
        "state": feed.state,
        "next_poll": feed.next_poll_at,
        "not_before": feed.not_before,
        "interval_s": feed.interval_s,
        "last_success": feed.last_success_at,
        "possible_gaps": feed.possible_gaps,
        "error": _error(feed),
    }


def _error(feed: Feed) -> str:
    sentence = Reason.of(feed.last_reason).sentence if feed.last_reason else ""
    return f"{sentence}: {feed.last_error}" if sentence and feed.last_error else sentence


@app.command()
def health(context: typer.Context, as_json: AsJson = False) -> None:
    """Show how each feed fared in the last day: polls, failures, new items, possible gaps, articles read in full."""
    since = SystemClock().now() - timedelta(days=1)
    with database(context) as db:
        rows = db.read_now(feeds.listing)
        polls = db.read_now(lambda session: feeds.polls_since(session, since))
        full = db.read_now(feeds.read_in_full)
    found = []
    for feed in rows:
        own = [poll for poll in polls if poll.feed_id == feed.id]
        read, all_articles = full.get(feed.id or 0, (0, 0))
        found.append(
            {
                **_row(feed),
                "polls": len(own),
                "failed": sum(poll.outcome == "failed" for poll in own),
                "new": sum(poll.new for poll in own),
                "gaps": sum(poll.gap for poll in own),
                "read_in_full": f"{read}/{all_articles}",
            }
        )
    columns = ("name", "state", "polls", "failed", "new", "gaps", "read_in_full", "last_success", "error")
    print_rows(found, columns, as_json=as_json)


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The feed's address.")],
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.")] = None,
) -> None:
    """Add a feed to the watch file, as a new revision."""
    _edit(context, lambda text: subscriptions.add(text, url, name=name, tags=tag or []), f"feeds add {url}")


@app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Take a feed out of the watch file, as a new revision. What it brought stays."""
    _edit(context, lambda text: subscriptions.remove(text, name), f"feeds remove {name}")


@app.command(name="import")
def import_feeds(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="OPML, or addresses a line.")]
) -> None:
    """Add the feeds of an OPML file or a list of addresses; folders become tags. What cannot be used is left out and
    told by its line.
    """
    found = opml.read(read_bytes(file), name=str(file))
    _edit(context, lambda text: subscriptions.add_all(text, found, file=str(file)), f"feeds import {file.name}")


def _edit(context: typer.Context, edit: subscriptions.Edit, note: str) -> None:
    """Edit the active revision (and the file it came from), comments and order kept."""
    with database(context) as db:
        outcome = subscriptions.edit_watch(
            db, settings(context).config, edit, secrets=secrets(context), who=user(), note=note, now=SystemClock().now()
        )
    out().print(f"revision {outcome.revision}: {outcome.summary}")
    for line in outcome.left_out:
        complain(line)
    if outcome.left_out:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def export(context: typer.Context) -> None:
    """Print the feeds as OPML."""
    with database(context) as db:
        rows = db.read_now(feeds.listing)
    typer.echo(opml.write([opml.Subscription(feed.config_url, feed.name, tuple(feed.tags)) for feed in rows]))


@app.command()
def discover(
    context: typer.Context, url: Annotated[str, typer.Argument(help="A site's address.")], as_json: AsJson = False
) -> None:
    """Find a site's feeds."""

    async def work(app: App) -> list[FoundFeed]:
        return await subscriptions.discover(app.client, url)

    found = with_app(context, work)
    rows = ({"url": one.url, "title": one.title, "type": one.type} for one in found)
    print_rows(rows, ("url", "title", "type"), as_json=as_json, empty="no feeds found")
    if not found:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def pause(context: typer.Context, name: Name) -> None:
    """Poll a feed no more until it is resumed."""
    with database(context) as db:
        db.write_now(lambda session: feeds.pause(session, _feed(feeds.by_name(session, name), name), user()))
    out().print(f"{name} is paused")


@app.command()
def resume(context: typer.Context, name: Name) -> None:
    """Poll a paused feed again, at once."""
    now = SystemClock().now()
    with database(context) as db:
        db.write_now(lambda session: feeds.resume(session, _feed(feeds.by_name(session, name), name), now))
    out().print(f"{name} is polled again")


@app.command()
def poll(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Feeds; all if absent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document; terminal:// on stderr.")] = False,
) -> None:
    """Poll feeds now, whatever their schedule, and read, match and deliver what they bring."""

    async def work(app: App) -> Report:
        now = app.clock.now()
        if missing := await app.db.read(lambda session: feeds.unknown(session, names or [])):
            raise InputError(f"no feed is called {', '.join(missing)}", hint="run `wirewatch feeds list`")
        if not await app.db.write(lambda session: feeds.poll_now(session, names or [], now)):
            raise InputError("there is no feed to poll: none is in use, or all are paused", hint=RESUME)
        return await run_cycle(app, only=names or [])

    with json_alone(as_json):
        report = with_app(context, work)
    show(report, as_json=as_json)
    if report.failures:
        raise typer.Exit(EXIT_SOME_FAILED)


def _feed(feed: Feed | None, name: str) -> Feed:
    if feed is None:
        raise InputError(f"no feed is called {name}", hint="run `wirewatch feeds list`")
    return feed
