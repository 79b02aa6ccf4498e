"""`alerts …`: what was told, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import none_of, noun, print_rows
from cli.context import database
from core.errors import InputError
from core.reasons import Reason
from storage import alerts, articles

app = noun("What was told, and why.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]


@app.command(name="list")
def list_alerts(
    context: typer.Context,
    rule: Annotated[str, typer.Option(help="Of this rule only.")] = "",
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first."""
    with database(context) as db:
        rows = db.read_now(lambda session: alerts.recent(session, rule=rule, limit=limit))
    print_rows(
        (
            {
                "id": row.id if as_json else row.id[:8],
                "made": row.made_at,
                "rule": row.rule_id,
                "kind": row.kind,
                "state": row.state,
                "reason": row.reason,
                "release": row.release_at,
                "story": row.story_id,
                "became": row.state if row.reason in ("", "sent") else f"{row.state}: {row.reason}",
                "headline": (row.view.get("article") or {}).get("title") or row.view.get("subject", ""),
            }
            for row in rows
        ),
        ("id", "made", "rule", "kind", "became", "headline"),
        as_json=as_json,
        empty=none_of("alerts", rule),
    )


@app.command()
def why(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="An alert's id, or an article's id or address.")],
    rule: Annotated[str, typer.Option(help="For this rule only.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell which stage sent, held, folded or dropped, in order, each with its reason."""
    with database(context) as db:
        article = db.read_now(lambda session: articles.find(session, which))
        alert = db.read_now(lambda session: alerts.by_prefix(session, which))
        if article is None and alert is None:
            raise InputError(f"there is no alert or article {which}", hint="run `wirewatch alerts list`")
        article_id = None if alert is not None else article.id if article else None
        rows = db.read_now(
            lambda session: alerts.decisions(
                session, article_id=article_id, alert_id=alert.id if alert else "", rule=rule
            )
        )
    print_rows(
        (
            {
                "at": row.at,
                "rule": row.rule_id,
                "stage": row.stage,
                "action": row.action,
                "reason": row.reason,
                "why": Reason.of(row.reason).sentence,
                "detail": row.detail,
            }
            for row in rows
        ),
        ("at", "rule", "stage", "action", "why", "detail"),
        as_json=as_json,
        empty="nothing was decided yet: run `wirewatch articles why` for what the rules say",
    )
