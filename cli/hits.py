"""`hits …`: which rule matched which article, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.console import none_of, noun, out, print_json, print_rows
from cli.context import Limit, database, user
from core.clock import SystemClock
from core.errors import InputError
from pipeline import feedback as changes
from storage import feedback, hits
from storage.tables import Article, Hit

app = noun("Which rule matched which article, and where.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def _row(hit: Hit, article: Article, said: Mapping[int, list[str]]) -> dict[str, Any]:
    return {
        "id": hit.id,
        "rule": hit.rule_id,
        "at": hit.at,
        "state": hit.state,
        "not_this": said.get(hit.id or 0, []),
        "story": hit.story_id,
        "origin": hit.origin,
        "title": article.title or article.feed_title,
        "url": article.url or article.key,
    }


@app.command(name="list")
def list_hits(
    context: typer.Context,
    rule: Annotated[str, typer.Option(help="Of this rule only.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List hits, newest first."""
    with database(context) as db:
        rows = db.read_now(lambda session: hits.recent(session, rule=rule, limit=limit))
        said = db.read_now(lambda session: feedback.not_this(session, [hit.id or 0 for hit, _ in rows]))
    columns = ("id", "at", "rule", "state", "not_this", "story", "title")
    print_rows((_row(*pair, said) for pair in rows), columns, as_json=as_json, empty=none_of("hits", rule))


@app.command()
def show(
    context: typer.Context,
    hit_id: Annotated[int, typer.Argument(metavar="HIT", help="A hit's id.")],
    as_json: AsJson = False,
) -> None:
    """Show a hit's marked sentences."""
    with database(context) as db:
        found = db.read_now(lambda session: hits.with_article(session, hit_id))
        if found is None:
            raise InputError(f"there is no hit {hit_id}", hint="run `wirewatch hits list`")
        said = db.read_now(lambda session: feedback.not_this(session, [hit_id]))
    hit, article = found
    row = {**_row(hit, article, said), "why": hit.why, "score": hit.score}
    if as_json:
        print_json({**row, "spans": hit.spans, "sentences": hit.sentences})
        return
    print_rows([{"what": key, "is": value} for key, value in row.items()], ("what", "is"), as_json=False)
    for one in hit.sentences:
        out().print(f"\n{one['field']}: {marked(one['sentence'], one['marks'])}", markup=False)


@app.command(name="not-this")
def not_this(
    context: typer.Context,
    hit_id: Annotated[int, typer.Argument(metavar="HIT", help="A hit's id.")],
    by: Annotated[str, typer.Option(help="Whose verdict it is; yours when nothing is said.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take it back.")] = False,
) -> None:
    """Keep, by name, that a hit is not what its rule is for: its text counts no more for what is told of its story."""
    who, now = by or user(), SystemClock().now()
    with database(context) as db:
        if undo:
            db.write_now(lambda session: changes.take_back(session, hit_id, who=who, now=now))
        else:
            db.write_now(lambda session: changes.not_this_hit(session, hit_id, who=who, now=now))
    out().print(f"{who}: hit {hit_id} is {'as before' if undo else 'not what its rule is for'}", markup=False)


def marked(sentence: str, marks: list[list[int]]) -> str:
    """A sentence with its matched words between ‹ and ›."""
    for start, end in sorted(marks, reverse=True):
        sentence = f"{sentence[:start]}‹{sentence[start:end]}›{sentence[end:]}"
    return sentence
