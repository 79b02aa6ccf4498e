"""`channels …`: where alerts go, and whether they would arrive."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import json_alone, noun, out, print_rows
from cli.context import database, with_app
from cli.exits import EXIT_SOME_FAILED
from core.errors import InputError
from pipeline import channels
from pipeline.app import App
from storage import deliveries

app = noun("Where alerts go, and whether they would arrive.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]


@app.command(name="list")
def list_channels(context: typer.Context, as_json: AsJson = False) -> None:
    """List the channels of the active watch file and the state of their targets. Shows no address that may hold a
    secret.
    """

    async def work(app: App) -> list[dict[str, object]]:
        return await channels.listing(app)

    columns = ("channel", "kind", "target", "state", "why")
    print_rows(
        with_app(context, work), columns, as_json=as_json, empty="no channels: alerts are shown on the page only"
    )


@app.command()
def test(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A channel of the watch file.")],
    as_json: AsJson = False,
) -> None:
    """Send a marked test message to each target of a channel and show the answers."""

    async def work(app: App) -> list[channels.Tried]:
        return await channels.test(app, name)

    with json_alone(as_json):
        tried = with_app(context, work)
    rows = [{"target": one.target, "result": one.result.cls.value, "answer": one.answer} for one in tried]
    print_rows(rows, ("target", "result", "answer"), as_json=as_json)
    if not all(one.result.ok for one in tried):
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def resume(context: typer.Context, name: Annotated[str, typer.Argument(help="A channel of the watch file.")]) -> None:
    """Send to a paused channel again."""
    with database(context) as db:
        count = db.write_now(lambda session: deliveries.resume(session, name))
    if not count:
        raise InputError(f"no target of {name} is paused", hint="run `wirewatch channels list`")
    out().print(f"{count} targets of {name} are sent to again; dead letters: `wirewatch deliveries resend dead`")
