"""Asks an ASGI application without a server: requests through httpx, websockets by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
from starlette.types import ASGIApp


class Visitor:
    """A browser of one person: keeps cookies, follows no redirects."""

    def __init__(self, app: ASGIApp, at: str = "http://localhost", peer: str = "127.0.0.1") -> None:
        self._app = app
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app, client=(peer, 1)), base_url=at)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> httpx.Response:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return await self.client.post(path, headers=form | dict(headers or {}), content=body)

    async def knock(self, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """What a websocket is answered first: `websocket.accept`, or `websocket.close` with a code."""

        async def nothing() -> AsyncIterator[str]:
            return
            yield

        return (await self.talk(path, headers, nothing()))[0]

    async def talk(self, path: str, headers: Mapping[str, str], said: AsyncIterator[str]) -> list[dict[str, Any]]:
        """All that a websocket is answered that says this, one thing after the other."""
        answers: list[dict[str, Any]] = []
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": raw}
        scope |= {"scheme": "ws", "root_path": "", "subprotocols": [], "client": ("127.0.0.1", 1)}

        async def receive() -> dict[str, Any]:
            if not answers:
                return {"type": "websocket.connect"}
            text = await anext(said, None)
            if text is None:
                return {"type": "websocket.disconnect", "code": 1000}
            return {"type": "websocket.receive", "text": text}

        async def send(message: Any) -> None:
            answers.append(message)

        await self._app(scope, receive, send)
        return answers
