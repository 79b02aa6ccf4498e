"""`alerts …`: what was told, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlmodel import Session

from cli.console import none_of, noun, out, print_rows
from cli.context import Limit, changed, database
from core.errors import InputError
from core.reasons import Reason
from pipeline import restored, timeline
from storage import alerts, articles, deliveries
from storage.tables import Alert, Delivery

app = noun("What was told, and why.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")]


def became(alert: Alert, owed: Sequence[Delivery]) -> str:
    """What an alert came to: the states of its deliveries once it has any, else its own, with the reason."""
    states = Counter(one.state for one in owed)
    if states:
        return next(iter(states)) if len(states) == 1 else ", ".join(f"{n} {state}" for state, n in states.items())
    return alert.state if alert.reason in ("", "sent") else f"{alert.state}: {alert.reason}"


def owed_by_alert(session: Session, rows: Sequence[Alert]) -> dict[str, list[Delivery]]:
    """Each alert's deliveries, by its id."""
    owed: dict[str, list[Delivery]] = {row.id: [] for row in rows}
    for one in deliveries.of_alerts(session, list(owed)):
        owed[one.alert_id].append(one)
    return owed


@app.command(name="list")
def list_alerts(
    context: typer.Context,
    rule: Annotated[str, typer.Option(help="Of this rule only.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first."""
    with database(context) as db:
        rows = db.read_now(lambda session: alerts.recent(session, rule=rule, limit=limit))
        owed = db.read_now(lambda session: owed_by_alert(session, rows))
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
                "became": became(row, owed[row.id]),
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
    """Tell which stage sent, held, folded or dropped, in order, each with its reason; of an alert its whole way."""
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
        steps = db.read_now(lambda session: timeline.steps(session, alert)) if alert else []
    told = [
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
    ]
    told += [
        {
            "at": step.at,
            "rule": alert.rule_id if alert else "",
            "stage": step.stage,
            "action": step.became,
            "reason": step.reason,
            "why": Reason.of(step.reason).sentence if step.reason else "",
            "detail": step.detail,
        }
        for step in steps
    ]
    print_rows(
        sorted(told, key=lambda one: one["at"]),
        ("at", "rule", "stage", "action", "why", "detail"),
        as_json=as_json,
        empty="nothing was decided yet: run `wirewatch articles why` for what the rules say",
    )


@app.command()
def release(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="An alert's id, or `restored` for all that a restore keeps back.")],
) -> None:
    """Have alerts told after all that are kept back since a restore: all stages are asked again in the next run."""
    out().print(f"{changed(context, restored.release, which)} to be decided again in the next run")


@app.command()
def drop(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="An alert's id, or `restored` for all that a restore keeps back.")],
) -> None:
    """Lay alerts aside that are kept back since a restore: they were told before, as you know."""
    out().print(f"{changed(context, restored.lay_aside, which)} laid aside")
