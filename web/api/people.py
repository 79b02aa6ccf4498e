"""`/people`: who asks, who else may, and the tokens of their programs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from pipeline import people as changes
from storage import people
from web.api.desk import Desk, Who
from web.api.paging import Said, Word

Name = Annotated[Word, Path(min_length=1)]
Password = Annotated[str, Field(description=f"{changes.SHORTEST} to {changes.LONGEST} characters")]


class Me(BaseModel):
    """Somebody's name."""

    name: str


class PersonLine(BaseModel):
    """Somebody who signs in under a name of their own."""

    name: str
    made: datetime
    ended: datetime | None
    tokens: list[str] = Field(description="the names of their tokens")


class NewPerson(Said):
    """Somebody to let in."""

    name: Word
    password: Password


class NewPassword(Said):
    """Another password."""

    password: Password


class NewToken(Said):
    """A program to let in."""

    name: Word = Field(description="the program's name")
    read_only: bool = Field(False, description="whether it may only read")


class Token(BaseModel):
    """A token, which is shown this once."""

    name: str
    token: str


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/people", tags=["people"])

    @routes.get("")
    async def list_people() -> list[PersonLine]:
        """Everybody with a name of their own, by name."""
        rows, tokens = await desk.read(people.listing), await desk.read(people.tokens)
        return [
            PersonLine(
                name=row.name,
                made=row.made_at,
                ended=row.ended_at,
                tokens=[token.name for token, owner in tokens if owner.id == row.id],
            )
            for row in rows
        ]

    @routes.post("", status_code=201)
    async def add(person: NewPerson) -> Me:
        """Let somebody in under a name and password of their own."""
        stored = await asyncio.to_thread(changes.fresh, person.password)
        row = await desk.write(lambda session: changes.add(session, person.name, stored, now=desk.now()))
        return Me(name=row.name)

    @routes.put("/{name}/password", status_code=204)
    async def password(name: Name, new: NewPassword) -> None:
        """Give somebody another password; it ends the person's sessions."""
        stored = await asyncio.to_thread(changes.fresh, new.password)
        await desk.write(lambda session: changes.change_password(session, name, stored))

    @routes.delete("/{name}", status_code=204)
    async def remove(name: Name) -> None:
        """Let nobody in under this name any more; its tokens are gone."""
        await desk.write(lambda session: changes.remove(session, name, now=desk.now()))

    @routes.post("/{name}/tokens", status_code=201)
    async def make_token(name: Name, program: NewToken) -> Token:
        """Make a token for a program of somebody's."""
        made = partial(changes.make_token, person_name=name, token_name=program.name, read_only=program.read_only)
        token = await desk.write(partial(made, now=desk.now()))
        return Token(name=program.name, token=token)

    @routes.delete("/{name}/tokens/{program}", status_code=204)
    async def revoke_token(name: Name, program: Name) -> None:
        """Let nobody in by this token any more."""
        await desk.write(lambda session: changes.revoke_token(session, name, program))

    @routes.get("/me")
    async def me(who: Who) -> Me:
        """Who asks: the person whose token this is."""
        return Me(name=who)

    return routes
