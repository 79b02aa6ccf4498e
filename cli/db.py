"""`db …`: the database's schema."""

from __future__ import annotations

import typer

from cli.console import noun, out
from cli.context import settings
from pipeline.bootstrap import upgrade

app = noun("The database's schema.")


@app.callback()
def root() -> None:
    """Options of no command."""


@app.command(name="upgrade")
def upgrade_db(context: typer.Context) -> None:
    """Bring the database to the revision this program needs. One process does; the others wait for it."""
    before, after = upgrade(settings(context))
    out().print(
        f"already at revision {after}" if before == after else f"from {before or '(empty)'} to revision {after}"
    )
