"""`/channels`: where alerts go, and whether they would arrive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from pipeline import channels
from pipeline.bootstrap import secrets_of
from web.api.desk import Desk, found
from web.api.paging import Word

Name = Annotated[Word, Path(min_length=1)]


class Target(BaseModel):
    """One recipient of a channel, without any address that may hold a secret."""

    model_config = ConfigDict(from_attributes=True)
    channel: str
    kind: str
    target: str
    state: str = Field(description="ok, paused, or cannot be used")
    why: str


class Tried(BaseModel):
    """What a target answered to a test message."""

    target: str
    result: str
    answer: str


class Resumed(BaseModel):
    """How many targets are sent to again."""

    resumed: int


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/channels", tags=["channels"])

    @routes.get("")
    async def list_channels() -> list[Target]:
        """The channels of the active revision, a row a target."""
        rows = await channels.listing(desk.db, desk.settings, secrets_of(desk.settings))
        return [Target.model_validate(one) for one in rows]

    @routes.post("/{name}/test")
    async def test(name: Name) -> list[Tried]:
        """Send a marked test message to each target of a channel."""
        await known(name)
        tried = await channels.test(desk.db, desk.settings, secrets_of(desk.settings), name)
        return [Tried(target=one.target, result=one.result.cls.value, answer=one.answer) for one in tried]

    @routes.post("/{name}/resume")
    async def resume(name: Name) -> Resumed:
        """Send to a paused channel again."""
        await known(name)
        return Resumed(resumed=await desk.write(lambda session: channels.resume(session, name)))

    async def known(name: str) -> None:
        _, watch = await desk.book.active()
        found(watch.channels.get(name), f"channel {name}")

    return routes
