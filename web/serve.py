"""Serves the page until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from core.settings import Settings
from pipeline.bootstrap import wait_for_schema
from web.address import check_address
from web.app import create_app
from web.connections import Connection, Socket

GOODBYE_S = 3  # how long open answers are waited for at the end


def _nothing() -> None:
    pass


def serve(settings: Settings, *, port: int | None = None, ready: Callable[[], object] = _nothing) -> None:
    """Serve the page at the settings' address until Ctrl-C; `ready` is called when it is about to answer.

    Raises InputError for an open address with no password, NotAvailable for a port that is taken.
    """
    chosen = settings.port if port is None else port
    check_address(settings, chosen)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn has shut down already when it raises this
        asyncio.run(_serve(settings, chosen, ready))


def config(app: ASGIApp, settings: Settings, port: int) -> uvicorn.Config:
    """How uvicorn is to serve it; `port` 0 is any that is free."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=port,
        http=Connection,
        ws=Socket,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GOODBYE_S,
    )


def _rarely_collect() -> None:
    """What was loaded stays, and looking through all of it for garbage stopped every answer for half a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


async def _serve(settings: Settings, port: int, ready: Callable[[], object]) -> None:
    database = await wait_for_schema(settings)
    app = create_app(settings, database)
    _rarely_collect()
    try:
        ready()
        await uvicorn.Server(config(app, settings, port)).serve()
    finally:
        database.close()
