"""What one rule would have told: the live steps over a database in memory, on the articles' own time line.

Nothing of it is stored or sent: hits, stories, alerts and decisions are made by the code that makes them live, among
rows that nobody else sees and that are gone at the end. There are no targets: who asked for no more is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import create_engine, func
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel, col, select

from pipeline.app import Active
from pipeline.match import Judged, add_hit
from pipeline.release import release_due
from rules.spans import Match
from storage.tables import Alert, Article, Decision, Digest, Feed, Hit, Story

Row = TypeVar("Row", Article, Feed)


@dataclass(frozen=True, slots=True)
class _Nobody:
    """Sends nothing; what it would send enters a ledger that is thrown away."""

    active: Active
    installation: str = "rehearsal"
    sent_log: frozenset[str] = frozenset()


class Rehearsal:
    """One rule's hits and what they owe, in the order of time."""

    def __init__(self, session: Session, active: Active) -> None:
        self._session = session
        self._sender = _Nobody(active)

    def tell(self, judged: Judged, match: Match, at: datetime) -> str:
        """An article matched at that time; what was held until then goes first. Returns the Reason of the decision."""
        self.until(at)
        article, feed = judged.one.article, judged.one.feed
        if self._session.get(Feed, feed.id) is None:
            self._session.add(_copied(feed))
            self._session.flush()
        self._session.add(_copied(article))
        self._session.flush()
        return add_hit(
            self._session, self._sender, self._sender.active, judged, match, past=article.from_before, now=at
        )

    def until(self, moment: datetime) -> None:
        """Release what was held or collected, each at its time."""
        while (due := self._next_due()) is not None and due <= moment:
            self._session.flush()
            if not release_due(self._session, self._sender, due):
                break

    def _next_due(self) -> datetime | None:
        held = self._session.exec(select(func.min(Alert.release_at)).where(col(Alert.state) == "held")).one()
        digest = self._session.exec(select(func.min(Digest.due_at)).where(col(Digest.closed_at).is_(None))).one()
        return min((one for one in (held, digest) if one is not None), default=None)

    def hits(self) -> list[Hit]:
        """What matched, oldest first."""
        return list(self._session.exec(select(Hit).order_by(col(Hit.at), col(Hit.id))).all())

    def stories(self) -> list[Story]:
        """The stories it made, oldest first."""
        return list(self._session.exec(select(Story).order_by(col(Story.id))).all())

    def alerts(self) -> list[Alert]:
        """What they owe, digests too, oldest first."""
        return list(self._session.exec(select(Alert).order_by(col(Alert.made_at), col(Alert.id))).all())

    def decisions(self) -> list[Decision]:
        """Every decision about alerts, oldest first."""
        about = select(Decision).where(col(Decision.alert_id) != "")
        return list(self._session.exec(about.order_by(col(Decision.id))).all())


@contextmanager
def rehearsal(active: Active) -> Iterator[Rehearsal]:
    """A rehearsal of the one rule of `active`, thrown away at the end."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        SQLModel.metadata.create_all(engine)
        with Session(engine) as session:
            yield Rehearsal(session, active)
    finally:
        engine.dispose()


def _copied(row: Row) -> Row:
    return type(row)(**row.model_dump())
