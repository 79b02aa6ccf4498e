"""`db …`: the database's schema."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import noun, out, print_json, print_rows
from cli.context import database, settings
from pipeline.bootstrap import upgrade
from storage.sizes import Size, sizes

app = noun("The database: its schema, and what room it takes.")


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


@app.command(name="sizes")
def tell_sizes(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """Say how many bytes each kind of rows takes with its indexes: pages, texts, the index of words, the ledger …"""
    with database(context) as db:
        found, whole = db.read_now(sizes)
    total = sum(one.bytes for one in found)
    if as_json:
        rows = [{"what": one.kind, "rows": one.rows, "bytes": one.bytes} for one in found]
        print_json({"total": total, "with_indexes": whole, "sizes": rows})
        return
    told = [*found, Size("total", None, total)]
    table = [{"what": one.kind, "rows": one.rows, "MB": f"{one.bytes / 1e6:.1f}"} for one in told]
    print_rows(table, ("what", "rows", "MB"), as_json=False)
    if not whole:
        out().print("the lengths of what is stored: this SQLite does not tell how its pages are used")
