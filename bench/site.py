"""Servers on loopback in processes of their own; and news sites there: pages that do not change, compressed once."""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

from aiohttp import web

HOST = "127.0.0.1"
ROBOTS = b"User-agent: *\nAllow: /\n"
KINDS = {".rss": "application/rss+xml", ".atom": "application/atom+xml", ".txt": "text/plain"}


def free_sockets(count: int) -> list[socket.socket]:
    """So many listening sockets on loopback, each with a port of its own."""
    return [socket.create_server((HOST, 0), backlog=1_024) for _ in range(count)]


def base_of(listening: socket.socket) -> str:
    """The address of a site that listens there, without a slash at its end."""
    host, port, *_ = listening.getsockname()
    return f"http://{host}:{port}"


@contextmanager
def server_in_process(serve: Callable[..., object], *values: object) -> Iterator[int]:
    """Run `serve(out, *values)` until the end of the block; gives the port that it sends through `out` when it listens.

    Raises RuntimeError when it ends before that.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(theirs, *values), daemon=True)
    server.start()
    theirs.close()  # else its end would not be heard
    try:
        yield _port(ours)
    finally:
        server.kill()
        server.join()
        ours.close()


def _port(ours: Connection) -> int:
    try:
        return int(ours.recv())
    except EOFError:
        raise RuntimeError("the server ended before it listened; why is on its stderr") from None


@contextmanager
def serving(sites: Sequence[tuple[socket.socket, Mapping[str, bytes]]]) -> Iterator[None]:
    """Serve these files by path on these sockets until the end of the block; every site allows robots everything."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    server = context.Process(target=_serve, args=([(one, dict(files)) for one, files in sites], ready), daemon=True)
    server.start()
    try:
        if not ready.wait(60):
            raise RuntimeError("the sites did not start within 60 s")
        yield
    finally:
        server.terminate()
        server.join()


def _serve(sites: Sequence[tuple[socket.socket, dict[str, bytes]]], ready: Event) -> None:
    asyncio.run(_serve_all(sites, ready))


async def _serve_all(sites: Sequence[tuple[socket.socket, dict[str, bytes]]], ready: Event) -> None:
    for listening, files in sites:
        runner = web.ServerRunner(web.Server(_answers(files), access_log=None))
        await runner.setup()
        await web.SockSite(runner, listening).start()
    ready.set()
    await asyncio.Event().wait()


def _answers(files: dict[str, bytes]) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    packed = {path: (gzip.compress(body, 6), _kind(path)) for path, body in {**files, "/robots.txt": ROBOTS}.items()}

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path not in packed:
            return web.Response(status=404)
        body, kind = packed[request.path]
        return web.Response(body=body, headers={"Content-Type": kind, "Content-Encoding": "gzip"})

    return answer


def _kind(path: str) -> str:
    return next((kind for ending, kind in KINDS.items() if path.endswith(ending)), "text/html; charset=utf-8")
