"""How long what is sent to the page may be: a plain ASGI middleware, inside of `web.guard`."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 60_000_000  # bytes: room for a watch file of 20 million characters in most scripts


class Bodies:
    """Refuses a body when it turns out too long, with 413, before it is kept whole; one that nobody reads never is."""

    def __init__(self, app: ASGIApp, *, largest: int = LARGEST) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        taken = 0

        async def received() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._largest:
                raise HTTPException(413, f"the body is longer than {self._largest:,} bytes")
            return message

        await self._app(scope, received if scope["type"] == "http" else receive, send)
