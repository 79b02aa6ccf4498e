"""`channels …`: where alerts go, and whether they would arrive."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.console import json_alone, noun, out, print_rows
from cli.context import database, run_async, secrets, settings
from cli.exits import EXIT_SOME_FAILED
from pipeline import channels

app = noun("Where alerts go, and whether they would arrive.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]


@app.command(name="list")
def list_channels(context: typer.Context, as_json: AsJson = False) -> None:
    """List the channels of the active watch file and the state of their targets. Shows no address that may hold a
    secret.
    """
    with database(context) as db:
        rows = run_async(channels.listing(db, settings(context), secrets(context)))
    columns = ("channel", "kind", "target", "state", "why")
    print_rows(map(asdict, rows), columns, as_json=as_json, empty="no channels: alerts are shown on the page only")


@app.command()
def test(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A channel of the watch file.")],
    as_json: AsJson = False,
) -> None:
    """Send a marked test message to each target of a channel and show the answers."""
    with json_alone(as_json), database(context) as db:
        tried = run_async(channels.test(db, settings(context), secrets(context), name))
    rows = [{"target": one.target, "result": one.result.cls.value, "answer": one.answer} for one in tried]
    print_rows(rows, ("target", "result", "answer"), as_json=as_json)
    if not all(one.result.ok for one in tried):
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def resume(context: typer.Context, name: Annotated[str, typer.Argument(help="A channel of the watch file.")]) -> None:
    """Send to a paused channel again."""
    with database(context) as db:
        count = db.write_now(lambda session: channels.resume(session, name))
    out().print(f"{count} targets of {name} are sent to again; dead letters: `wirewatch deliveries resend dead`")
