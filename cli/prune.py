"""`prune`: what is older than is to be kept goes. A cycle does it by itself once a day."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import print_json, print_rows
from cli.context import with_app
from pipeline.prune import prune_now, would_go


def prune(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """Delete what is older than the WIREWATCH_KEEP_ settings say; nothing is told again for it."""
    found = with_app(context, would_go if dry_run else prune_now)
    if as_json:
        print_json({"dry_run": dry_run, "rows": dict(found)})
        return
    column = "would go" if dry_run else "gone"
    print_rows(
        [{"what": what, column: number} for what, number in found.items()],
        ("what", column),
        as_json=False,
        empty="nothing is old enough",
    )
