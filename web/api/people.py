"""`/people`: who asks, and who else may."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from storage import people
from web.api.desk import Desk, Who


class Me(BaseModel):
    """Whose token this is."""

    name: str


class PersonLine(BaseModel):
    """Somebody who signs in under a name of their own."""

    name: str
    made: datetime
    ended: datetime | None
    tokens: list[str] = Field(description="the names of their tokens")


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

    @routes.get("/me")
    async def me(who: Who) -> Me:
        """Who asks: the person whose token this is."""
        return Me(name=who)

    return routes
