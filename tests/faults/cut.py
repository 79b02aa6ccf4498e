"""Runs a worker on a network of its own, whose link can be cut and mended: packets vanish, connections stay.

`unshare -n python -m tests.faults.cut '{"5432": "/…/.s.PGSQL.5432"}' COMMAND …` leads each of these ports of its
loopback to a local socket, which needs no network, and starts the command. SIGUSR1 takes loopback down, SIGUSR2 brings
it up again; SIGTERM goes on to the command, whose exit code is this one's.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fcntl import ioctl
from functools import partial
from pathlib import Path

from core.children import ending_with_parent

HOST = "127.0.0.1"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_SET_FLAGS, _UP, _DOWN = 0x8914, 0x41, 0x0


def loopback(flags: int) -> None:
    """Take the loopback of this network up or down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        ioctl(asked, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything from one side to the other, until it ends."""
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    writer.close()


def leading_to(connect: Callable[[], Awaitable[Streams]]) -> Callable[..., Awaitable[None]]:
    """What answers a connection by another one."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await connect()
        await asyncio.gather(pump(reader, back), pump(there, writer))

    return answer


async def work(ports: Mapping[str, str], command: list[str]) -> int:
    """The command's exit code."""
    loopback(_UP)
    servers = [
        await asyncio.start_server(leading_to(partial(asyncio.open_unix_connection, path)), HOST, int(port))
        for port, path in ports.items()
    ]
    child = subprocess.Popen(command, preexec_fn=ending_with_parent(signal.SIGKILL))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, loopback, _DOWN)
    loop.add_signal_handler(signal.SIGUSR2, loopback, _UP)
    loop.add_signal_handler(signal.SIGTERM, child.terminate)
    code = await asyncio.to_thread(child.wait)
    for server in servers:
        server.close()
    return code


@contextmanager
def local_sockets(folder: Path, ports: list[int]) -> Iterator[dict[str, str]]:
    """Local sockets that lead to these ports of our loopback, by port: the other network has no other way."""
    paths = {str(port): str(folder / str(port)) for port in ports}
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        for port, path in paths.items():
            answer = leading_to(partial(asyncio.open_connection, HOST, int(port)))
            await asyncio.start_unix_server(answer, path)

    loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield paths
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(work(json.loads(sys.argv[1]), sys.argv[2:])))
