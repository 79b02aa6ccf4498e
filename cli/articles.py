"""`articles …`: what was read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NoReturn

import typer

from cli.console import none_of, noun, out, print_json, print_rows, shown
from cli.context import Limit, database, length_of, with_app
from core.clock import SystemClock
from core.errors import InputError
from core.reasons import Reason
from pipeline import why as reasons
from pipeline.app import App
from pipeline.headlines import headlines
from pipeline.search import search
from storage import articles, snapshots
from storage.tables import Article

State = Literal["pending", "ready", "partial", "failed", "duplicate"]
app = noun("What was read.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Which = Annotated[str, typer.Argument(metavar="ARTICLE", help="An article's id or address.")]
COLUMNS = ("id", "first_seen", "state", "source", "title")


def _row(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url or article.key,
        "title": article.title or article.feed_title,
        "source": article.source,
        "state": article.state,
        "reason": article.reason,
        "published": article.published,
        "first_seen": article.first_seen_at,
        "read": article.read_at,
        "matched": article.matched_at,
        "language": article.language,
    }


@app.command(name="list")
def list_articles(
    context: typer.Context,
    state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List articles, newest first."""
    with database(context) as db:
        rows = db.read_now(lambda session: articles.recent(session, limit=limit, state=state or ""))
    print_rows((_row(row) for row in rows), COLUMNS, as_json=as_json, empty=none_of("articles", state))


@app.command(name="search")
def search_articles(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help='Words and "phrases", all of them; begin* and =Exact as in rules.')],
    since: Annotated[str, typer.Option(help="Only what was first seen so long ago, such as 30d.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Find articles by the words of their title and text, newest first."""
    begin = SystemClock().now() - length_of(since, option="--since") if since else None
    with database(context) as db:
        rows = search(db, text, since=begin, limit=limit)
    print_rows((_row(row) for row in rows), COLUMNS, as_json=as_json, empty="no article holds these words")


@app.command(name="show")
def show_article(context: typer.Context, which: Which, as_json: AsJson = False) -> None:
    """Show an article's text and what is known of it."""
    with database(context) as db:
        found = db.read_now(lambda session: articles.find(session, which))
        article = found or _missing(which)
        own = article.id or 0
        kept = db.read_now(lambda session: articles.revisions(session, [own])).get(own, [])
        pages = db.read_now(lambda session: snapshots.listing(session, own))
    row = {**_row(article), "author": article.author, "extractor": article.extractor, "pages_kept": len(pages)}
    text = article.text or article.feed_text
    changed = [{"at": one.at, "old": one.old, "new": one.new} for one in headlines(article, kept)]
    if as_json:
        print_json({**row, "headlines": changed, "pages": pages, "text": text})
        return
    print_rows([{"what": key, "is": value} for key, value in row.items()], ("what", "is"), as_json=False)
    if article.reason:
        out().print(f"\n{article.state}: {Reason.of(article.reason).sentence}")
    for one in changed:
        out().print(f"\nheadline changed {shown(one['at'])}: {one['old']} → {one['new']}", markup=False)
    out().print(f"\n{text}", markup=False)


def _missing(which: str) -> NoReturn:
    raise InputError(f"there is no article {which}", hint="run `wirewatch articles list`")


@app.command()
def why(context: typer.Context, which: Which, as_json: AsJson = False) -> None:
    """Say for every rule what became of this article: the alert, or the first stage or clause that said no."""

    async def work(app: App) -> list[reasons.Why]:
        return await reasons.of_article(app, which)

    rows = [
        {"rule": one.rule, "outcome": one.outcome, "stage": one.stage, "why": one.why}
        for one in with_app(context, work)
    ]
    print_rows(rows, ("rule", "outcome", "stage", "why"), as_json=as_json, empty="no rules")
