"""How long a body may be, whether it says so or not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import Body, FastAPI

from tests.web.asgi import Visitor
from web.bodies import Bodies

APP = FastAPI()
APP.add_middleware(Bodies, largest=1_000)
taken: list[int] = []


@APP.post("/read")
async def read(body: str = Body(media_type="text/plain")) -> int:
    taken.append(len(body))
    return len(body)


@APP.post("/left")
async def left() -> str:
    return "nobody read it"


async def pieces(number: int) -> AsyncIterator[bytes]:
    """Bytes in pieces of 100, as of one who does not say how many they are."""
    for _ in range(number):
        yield b"x" * 100


@pytest.mark.parametrize(("number", "status"), [(10, 200), (11, 413), (5_000, 413)])
async def test_a_body_is_read_up_to_the_longest_and_refused_from_there_on(number: int, status: int) -> None:
    taken.clear()
    text = {"content-type": "text/plain"}
    for body in (b"x" * number * 100, pieces(number)):
        answer = await Visitor(APP).client.post("/read", content=body, headers=text)
        assert answer.status_code == status
    assert taken == ([1_000, 1_000] if status == 200 else [])


async def test_a_body_that_nobody_reads_is_in_nobodys_way() -> None:
    assert (await Visitor(APP).client.post("/left", content=b"x" * 2_000)).json() == "nobody read it"
