"""`doctor`: checks what the installation stands on, without sending anything, and says what to do."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import print_rows
from cli.context import run_async, secrets, settings, unlogged
from cli.exits import EXIT_SOME_FAILED
from pipeline.health import check_up


def doctor(
    context: typer.Context,
    installation: Annotated[
        bool,
        typer.Option("--installation", help="Fail only for what is wrong here, not for feeds and receivers."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False,
) -> None:
    """Check database, schema, watch file, channels, feeds, disk and clock; say what to do."""
    with unlogged("pipeline.configure"):
        findings = run_async(check_up(settings(context), secrets(context)))
    rows = [{"check": one.check, "ok": one.ok, "found": one.found, "do": one.do} for one in findings]
    print_rows(rows, ("check", "ok", "found", "do"), as_json=as_json)
    if not all(one.ok or (installation and one.of_the_news) for one in findings):
        raise typer.Exit(EXIT_SOME_FAILED)
