"""Serves the page until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib

import uvicorn

from core.errors import InputError
from core.settings import Settings
from pipeline.bootstrap import wait_for_schema
from web.app import create_app
from web.loopback import is_loopback

GOODBYE_S = 3  # how long open answers are waited for at the end


def serve(settings: Settings, *, port: int | None = None) -> None:
    """Serve the page at the settings' address until Ctrl-C. Raises InputError for an open address with no password."""
    if not is_loopback(settings.host) and not (settings.password or settings.user_header):
        raise InputError(
            f"the page would be open to everybody at {settings.host}",
            hint="set WIREWATCH_PASSWORD, or WIREWATCH_USER_HEADER behind a proxy that signs people in",
        )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has shut down already when it raises this
        asyncio.run(_serve(settings, settings.port if port is None else port))


async def _serve(settings: Settings, port: int) -> None:
    database = await wait_for_schema(settings)
    app = create_app(settings, database)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GOODBYE_S,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        database.close()
