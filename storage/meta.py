"""Facts about the installation."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlmodel import Session

from storage.office import Meta

INSTALLATION = "installation"
_LOOKUP = "lookup_version"
_LOOKED = "looked_at"
_HEARTBEAT = "heartbeat"


def installation(session: Session) -> str:
    """The installation's id: part of every delivery's key, kept by backups. Made at the first asking."""
    return _once(session, INSTALLATION, uuid4().hex)


def known_installation(session: Session) -> str:
    """The installation's id, for those that only read; "" before it was made."""
    row = session.get(Meta, INSTALLATION)
    return row.value if row else ""


def secret_key(session: Session) -> str:
    """The key that signs links and cookies where none is set. Made at the first asking."""
    return _once(session, "secret_key", uuid4().hex + uuid4().hex)


def lookup_version(session: Session) -> str:
    """The version that the index of words was last brought to; "" when there is none yet."""
    row = session.get(Meta, _LOOKUP)
    return row.value if row else ""


def set_lookup_version(session: Session, version: str) -> None:
    """Keep that the index of words follows this version."""
    session.merge(Meta(key=_LOOKUP, value=version))


def looked_at(session: Session) -> datetime | None:
    """When somebody last looked for troubles."""
    row = session.get(Meta, _LOOKED, populate_existing=True)
    return datetime.fromisoformat(row.value) if row else None


def set_looked_at(session: Session, now: datetime) -> None:
    """Keep that somebody looks for troubles now."""
    session.merge(Meta(key=_LOOKED, value=now.isoformat()))
    session.flush()


def heartbeat(session: Session) -> str:
    """What became of the last heartbeats, as pipeline/heartbeat.py writes it; "" before the first."""
    row = session.get(Meta, _HEARTBEAT, populate_existing=True)
    return row.value if row else ""


def set_heartbeat(session: Session, value: str) -> None:
    """Keep what became of a heartbeat."""
    session.merge(Meta(key=_HEARTBEAT, value=value))


def _once(session: Session, key: str, fresh: str) -> str:
    row = session.get(Meta, key)
    if row is None:
        row = Meta(key=key, value=fresh)
        session.add(row)
        session.flush()
    return row.value
