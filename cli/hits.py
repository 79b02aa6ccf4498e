"""`hits …`: which rule matched which article, and where."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.console import none_of, noun, out, print_json, print_rows
from cli.context import database
from core.errors import InputError
from storage import hits
from storage.tables import Article, Hit

app = noun("Which rule matched which article, and where.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def _row(hit: Hit, article: Article) -> dict[str, Any]:
    return {
        "id": hit.id,
        "rule": hit.rule_id,
        "at": hit.at,
        "state": hit.state,
        "story": hit.story_id,
        "origin": hit.origin,
        "title": article.title or article.feed_title,
        "url": article.url or article.key,
    }


@app.command(name="list")
def list_hits(
    context: typer.Context,
    rule: Annotated[str, typer.Option(help="Of this rule only.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List hits, newest first."""
    with database(context) as db:
        rows = db.read_now(lambda session: hits.recent(session, rule=rule, limit=limit))
    columns = ("id", "at", "rule", "state", "story", "title")
    print_rows((_row(*pair) for pair in rows), columns, as_json=as_json, empty=none_of("hits", rule))


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
    hit, article = found
    row = {**_row(hit, article), "why": hit.why, "score": hit.score}
    if as_json:
        print_json({**row, "spans": hit.spans, "sentences": hit.sentences})
        return
    print_rows([{"what": key, "is": value} for key, value in row.items()], ("what", "is"), as_json=False)
    for one in hit.sentences:
        out().print(f"\n{one['field']}: {marked(one['sentence'], one['marks'])}", markup=False)


def marked(sentence: str, marks: list[list[int]]) -> str:
    """A sentence with its matched words between ‹ and ›."""
    for start, end in sorted(marks, reverse=True):
        sentence = f"{sentence[:start]}‹{sentence[start:end]}›{sentence[end:]}"
    return sentence
