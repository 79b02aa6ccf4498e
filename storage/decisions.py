"""Decisions: why something was sent, held, folded or not made."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from core.reasons import Reason
from storage.tables import Decision


def add(
    session: Session,
    *,
    rule: str,
    article: int | None,
    story: int | None,
    alert: str,
    stage: str,
    action: str,
    reason: Reason,
    detail: str,
    at: datetime,
) -> None:
    """Keep one decision."""
    session.add(
        Decision(
            rule_id=rule,
            article_id=article,
            story_id=story,
            alert_id=alert,
            stage=stage,
            action=action,
            reason=str(reason),
            detail=detail or reason.sentence,
            at=at,
        )
    )
