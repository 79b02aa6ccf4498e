"""The part of `/settings` where people get a name of their own, and their programs tokens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from pipeline import people as changes
from storage import people
from storage.engine import Database
from web.acts import agreed, asked, show_acting
from web.frame import show


@dataclass(frozen=True, slots=True)
class Token:
    """A program's way in."""

    name: str
    made: datetime
    last_used: datetime | None
    read_only: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in under a name of their own, or did until `ended`."""

    name: str
    made: datetime
    ended: datetime | None
    tokens: Sequence[Token]


async def people_section(db: Database) -> None:
    """The list, and what can be done with each."""

    async def values() -> Mapping[str, object]:
        return {"people": await db.read(gather)}

    with ui.element("section").props("aria-labelledby=people"):
        show("settings-people-head.html")
        await show_acting(
            "settings-people.html",
            values,
            {
                "add-user": lambda _: _add(db),
                "password": lambda name: _password(db, name),
                "remove-user": lambda name: _remove(db, name),
                "token": lambda name: _token(db, name),
                "token-to-read": lambda name: _token(db, name, read_only=True),
                "revoke": lambda name: _revoke(db, name),
            },
        )


def gather(session: Session) -> list[Person]:
    """Everybody there is and was, by name, with their tokens."""
    tokens = people.tokens(session)
    return [
        Person(
            name=row.name,
            made=row.made_at,
            ended=row.ended_at,
            tokens=[
                Token(one.name, one.made_at, one.last_used_at, one.read_only)
                for one, owner in tokens
                if owner.id == row.id
            ],
        )
        for row in people.listing(session)
    ]


async def _add(db: Database) -> str:
    written = await asked("Who may sign in?", "Add", name="Name", password="Password")  # noqa: S106 - a label
    if written is None:
        return ""
    stored, now = await asyncio.to_thread(changes.fresh, written["password"]), SystemClock().now()
    row = await db.write(lambda session: changes.add(session, written["name"].strip(), stored, now=now))
    return f"{row.name} can sign in."


async def _password(db: Database, name: str) -> str:
    written = await asked(f"Another password for {name}?", "Change", password="New password")  # noqa: S106 - a label
    if written is None:
        return ""
    stored = await asyncio.to_thread(changes.fresh, written["password"])
    await db.write(lambda session: changes.change_password(session, name, stored))
    return f"{name} has another password; whoever was signed in under the name has to sign in again."


async def _remove(db: Database, name: str) -> str:
    if not await agreed(f"Let nobody in as {name} any more? Tokens under this name are gone, too.", "Remove"):
        return ""
    await db.write(lambda session: changes.remove(session, name, now=SystemClock().now()))
    return f"{name} cannot sign in any more."


async def _token(db: Database, name: str, *, read_only: bool = False) -> str:
    kind = "A token that only reads, for" if read_only else "A token for"
    written = await asked(f"{kind} which program of {name}?", "Make", program="Name of the program")
    if written is None:
        return ""
    program, now = written["program"].strip(), SystemClock().now()
    token = await db.write(lambda session: changes.make_token(session, name, program, now=now, read_only=read_only))
    return f"The token of {program}, shown only now: {token}"


async def _revoke(db: Database, token_name: str) -> str:
    if not await agreed(f"Let nobody in by the token of {token_name} any more?", "Revoke"):
        return ""
    await db.write(lambda session: changes.revoke_token(session, changes.owner(session, token_name), token_name))
    return f"The token of {token_name} opens nothing any more."
