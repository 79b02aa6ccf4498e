"""People who sign in under a name of their own, and the tokens of their programs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.office import ApiToken, Person


def find(session: Session, name: str) -> Person | None:
    """The person of this name, also one who left."""
    return session.exec(select(Person).where(col(Person.name) == name)).first()


def listing(session: Session) -> list[Person]:
    """Everybody there ever was, by name."""
    return list(session.exec(select(Person).order_by(col(Person.name))).all())


def any_active(session: Session) -> bool:
    """Whether anybody can sign in under a name of their own."""
    return session.exec(select(Person.id).where(col(Person.ended_at).is_(None)).limit(1)).first() is not None


def save(session: Session, person: Person) -> Person:
    """Keep a new or changed person."""
    session.add(person)
    session.flush()
    return person


def end(session: Session, person: Person, now: datetime) -> None:
    """Let nobody in under this name any more; the person's tokens are gone for good."""
    person.ended_at = now
    session.add(person)
    session.execute(delete(ApiToken).where(col(ApiToken.person_id) == person.id))


# -- tokens


def add_token(
    session: Session, person: Person, *, name: str, sha256: str, now: datetime, read_only: bool = False
) -> ApiToken:
    """Keep a token of this hash."""
    row = ApiToken(person_id=person.id or 0, name=name, sha256=sha256, read_only=read_only, made_at=now)
    session.add(row)
    session.flush()
    return row


def token(session: Session, name: str) -> ApiToken | None:
    """The token of this name."""
    return session.exec(select(ApiToken).where(col(ApiToken.name) == name)).first()


def remove_token(session: Session, row: ApiToken) -> None:
    """Let nobody in by this token any more."""
    session.delete(row)
    session.flush()


def tokens(session: Session) -> list[tuple[ApiToken, Person]]:
    """Every token with its person, by name."""
    query = select(ApiToken, Person).join(Person, col(Person.id) == col(ApiToken.person_id))
    return list(session.exec(query.order_by(col(ApiToken.name))).all())


def of_hash(session: Session, sha256: str) -> tuple[ApiToken, Person] | None:
    """The token of this hash with its person, unless that one left."""
    query = select(ApiToken, Person).join(Person, col(Person.id) == col(ApiToken.person_id))
    return session.exec(query.where((col(ApiToken.sha256) == sha256) & col(Person.ended_at).is_(None))).first()


def note_use(session: Session, token_id: int, now: datetime) -> None:
    """Keep that a token was used now."""
    row = session.get(ApiToken, token_id)
    if row is not None:
        row.last_used_at = now
        session.add(row)
