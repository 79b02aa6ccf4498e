"""The demo beside the page: a process with a database and a page of its own, so that nothing made up stands beside
what is real. It ends with this one, and its folder with it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Mapping
from typing import IO

from core.children import ending_with_parent
from core.errors import NotAvailable
from core.ports import LOOPBACK, free_port
from core.settings import Settings
from web.guard import may_be_free

COMMAND = ("cli", "demo", "--serve")
STARTS_S, LOOK_EVERY_S, STOPS_S = 300.0, 0.3, 20.0


class Demo:
    """Started when it is first asked for; there is one, whoever asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: Process | None = None
        self._address = ""
        self._starting = asyncio.Lock()

    def is_for(self, headers: Mapping[str, str]) -> bool:
        """Whether whoever asks with these headers can reach it: it listens on this machine only."""
        return may_be_free(self._settings, headers)

    async def address(self) -> str:
        """Where its page is, once it is there. Raises NotAvailable when it does not come up."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                await self._start()
            return self._address

    async def close(self) -> None:
        """End it."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGINT)  # as Ctrl-C: it takes its folder away
        try:
            await asyncio.wait_for(self._process.wait(), STOPS_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _start(self) -> None:
        port = free_port()
        with tempfile.TemporaryFile() as told:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", *COMMAND, "--port", str(port),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=told,
                start_new_session=True, preexec_fn=ending_with_parent(signal.SIGINT),
            )  # fmt: skip
            self._address = f"http://{LOOPBACK}:{port}/"
            try:
                await asyncio.wait_for(self._there(port, told), STARTS_S)
            except TimeoutError:
                await self.close()
                raise NotAvailable(f"the demo was not there after {STARTS_S:g} s") from None
            except asyncio.CancelledError:  # nobody may be led to what is not there yet
                await self.close()
                raise

    async def _there(self, port: int, told: IO[bytes]) -> None:
        while not await _listens(port):
            if self._process is None or self._process.returncode is not None:
                told.seek(0)
                said = told.read().decode("utf-8", "replace").strip()
                raise NotAvailable(f"the demo ended: {said.splitlines()[-1] if said else 'it did not say why'}")
            await asyncio.sleep(LOOK_EVERY_S)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True
