"""`deliveries …`: the ledger of what went to whom."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.console import none_of, noun, out, print_json, print_rows
from cli.context import Limit, changed, database
from core.errors import InputError
from pipeline import resend as again
from storage import deliveries, ledger
from storage.tables import Alert, Delivery


class State(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    LEASED = "leased"
    SENT = "sent"
    RETRY = "retry"
    UNKNOWN = "unknown"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


app = noun("The ledger of what went to whom.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Which = Annotated[str, typer.Argument(metavar="DELIVERY", help="A delivery's id or key.")]
COLUMNS = ("id", "made", "target", "state", "attempts", "rule", "error")


def _row(delivery: Delivery, alert: Alert) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "key": delivery.key,
        "alert": delivery.alert_id,
        "rule": alert.rule_id,
        "channel": delivery.channel,
        "target": delivery.target_id,
        "state": delivery.state,
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "made": delivery.made_at,
        "not_before": delivery.not_before,
        "sent": delivery.sent_at,
        "error": delivery.error,
    }


def _list(context: typer.Context, states: list[str], channel: str, limit: int, as_json: bool, empty: str) -> None:
    with database(context) as db:
        chosen = ledger.Filter(channel=channel)
        rows = db.read_now(lambda session: ledger.page(session, chosen, None, limit, states=set(states)))
    print_rows((_row(*pair) for pair in rows), COLUMNS, as_json=as_json, empty=empty)


@app.command(name="list")
def list_deliveries(
    context: typer.Context,
    state: Annotated[list[State] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    channel: Annotated[str, typer.Option(help="Only of this channel.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    _list(context, list(state or []), channel, limit, as_json, none_of("deliveries", state, channel))


@app.command()
def counts(context: typer.Context, as_json: AsJson = False) -> None:
    """Say how many deliveries are in each state, by channel."""
    with database(context) as db:
        found = db.read_now(deliveries.counts_by_channel)
    rows = ({"channel": channel, "state": state, "deliveries": count} for channel, state, count in found)
    print_rows(rows, ("channel", "state", "deliveries"), as_json=as_json, empty="no deliveries")


@app.command()
def dead(context: typer.Context, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List dead letters: what will not be tried again unless somebody says so."""
    _list(context, ["dead"], "", limit, as_json, "no dead letters")


@app.command()
def show(context: typer.Context, which: Which, as_json: AsJson = False) -> None:
    """Show one delivery."""
    with database(context) as db:
        found = db.read_now(lambda session: deliveries.with_alert(session, which))
    if found is None:
        raise InputError(f"there is no delivery {which}", hint="run `wirewatch deliveries list`")
    row = _row(*found)
    if as_json:
        print_json(row)
    else:
        print_rows([{"what": key, "is": value} for key, value in row.items()], ("what", "is"), as_json=False)


@app.command()
def resend(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="A delivery's id or key, or `dead` for all dead letters.")],
) -> None:
    """Try a delivery again under its own key; a paused target is resumed."""
    out().print(f"{changed(context, again.resend, which)} to be tried again in the next run")


@app.command()
def drop(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="A delivery's id or key, or `dead` for all dead letters.")],
) -> None:
    """Lay a delivery aside that need not be sent any more; `resend` with its id still sends it."""
    out().print(f"{changed(context, again.lay_aside, which)} laid aside")
