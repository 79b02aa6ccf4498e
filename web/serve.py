"""Serves the page until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from core.ports import url_here
from core.settings import Settings
from pipeline.bootstrap import wait_for_schema
from web.address import check_address
from web.app import create_app
from web.connections import Connection, Socket

GOODBYE_S = 3  # how long open answers are waited for at the end


def serve(settings: Settings, *, port: int | None = None, ready: Callable[[str], object]) -> None:
    """Serve the page at the settings' address until Ctrl-C; `ready` is called with its URL once it listens.

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


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[str], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:  # not where the application could not begin
            self._ready(url_here(self.config.host, self.servers[0].sockets[0].getsockname()[1]))


def _rarely_collect() -> None:
    """What was loaded stays, and looking through all of it for garbage stopped every answer for half a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


async def _serve(settings: Settings, port: int, ready: Callable[[str], object]) -> None:
    database = await wait_for_schema(settings)
    app = create_app(settings, database)
    _rarely_collect()
    try:
        await _Server(config(app, settings, port), ready).serve()
    finally:
        database.close()
