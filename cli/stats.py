"""`stats`: how much came in and went out, and how long it took."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.console import out, print_json, print_rows
from cli.context import database, length_of
from core.clock import SystemClock
from pipeline.figures import Figures, Slow, Took, figures


def stats(
    context: typer.Context,
    since: Annotated[str, typer.Option(help="How far to look back, such as 12h, 7d.")] = "7d",
    latency: Annotated[bool, typer.Option("--latency", help="How long each step took, and the slowest.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, with the latencies.")] = False,
) -> None:
    """Say how much each step did, what the ledger holds, and with --latency how long news took, in seconds."""
    begin = SystemClock().now() - length_of(since, option="--since")
    with database(context) as db:
        found = db.read_now(lambda session: figures(session, begin))
    if as_json:
        print_json(asdict(found))
        return
    rows = [{"what": what, "since then": count} for what, count in found.volumes.items()]
    rows += [{"what": f"deliveries {state}", "since then": count} for state, count in found.ledger.items()]
    print_rows(rows, ("what", "since then"), as_json=False)
    if latency:
        _print_latency(found)


def _print_latency(found: Figures) -> None:
    columns = ("count", "p50", "p95", "longest")
    out().print("\nseconds from step to step")
    print_rows([{"leg": one.leg, **_row(one)} for one in found.legs], ("leg", *columns), as_json=False)
    for title, slowest in (("channel", found.channels), ("feed", found.feeds)):
        if slowest:
            out().print(f"\nslowest by {title}, seen to sent")
            print_rows([_slow(one) for one in slowest], ("name", *columns), as_json=False)
    if found.cut:
        out().print("\nof the newest 50,000 articles and messages only")


def _slow(one: Slow) -> dict[str, Any]:
    return {"name": one.name, **_row(one.took)}


def _row(one: Took) -> dict[str, Any]:
    spans = {name: getattr(one, name) for name in ("p50", "p95", "longest")}
    return {"count": one.count, **{name: None if span is None else f"{span:.1f}" for name, span in spans.items()}}
