"""How much each rule finds, and what of it people say is not what it is for: for the list of rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from storage.tables import Feedback, Hit, Story

COUNTED = 10_000  # rows are counted no further: a page says "10,000+"


def hits_between(session: Session, start: datetime, end: datetime) -> dict[str, int]:
    """Rule id → its hits from `start` until before `end`; read from an index alone."""
    return dict(session.execute(_hits_between(), {"start": start, "end": end}).tuples().all())


@cache
def _hits_between() -> Select[tuple[str, int]]:
    within = (col(Hit.at) >= bindparam("start")) & (col(Hit.at) < bindparam("end"))
    return sa_select(col(Hit.rule_id), func.count()).where(within).group_by(col(Hit.rule_id))


def stories_of(session: Session, rule_ids: Collection[str]) -> dict[str, int]:
    """Rule id → its stories, counted to COUNTED + 1 at most."""
    return {rule: int(session.execute(_stories_of(), {"rule": rule}).scalar_one()) for rule in rule_ids}


@cache
def _stories_of() -> Select[tuple[int]]:
    some = sa_select(col(Story.rule_id)).where(col(Story.rule_id) == bindparam("rule")).limit(COUNTED + 1).subquery()
    return sa_select(func.count()).select_from(some)


def not_this(session: Session, rule_ids: Collection[str]) -> dict[str, int]:
    """Rule id → its hits that somebody called not what the rule is for, each once; rules without any are left out."""
    return dict(session.execute(_not_this(), {"rules": list(rule_ids)}).tuples().all()) if rule_ids else {}


@cache
def _not_this() -> Select[tuple[str, int]]:
    hits = func.count(col(Hit.id).distinct())
    query = sa_select(col(Hit.rule_id), hits).join(Feedback, col(Hit.id) == col(Feedback.hit_id))
    of_rules = col(Hit.rule_id).in_(bindparam("rules", expanding=True))
    return query.where(of_rules, col(Feedback.verdict) == "wrong").group_by(col(Hit.rule_id))
