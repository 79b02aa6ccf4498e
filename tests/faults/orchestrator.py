"""A whole Prefect server that can be killed and started again, and installations of ours that run on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.costs import family
from bench.processes import of_run
from cli.up import is_healthy
from core.ports import free_port
from tests.builders import World
from tests.conftest import QUIET

ROOT = Path(__file__).parents[2]
START_S = 120.0  # a server, or a new process for a run, on a busy machine


def until(true: Callable[[], object], seconds: float, what: str, told: Callable[[], str] = str) -> float:
    """Wait until it is so; how long that took, seconds. `told`: what to say besides when it never is."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s: {what}\n{told()}"
        time.sleep(0.1)
    return time.monotonic() - began


@dataclass
class PrefectServer:
    """A context manager. `home` keeps its database; `environ` is what else it sees."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def api(self) -> str:
        """The address of its API."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.home / "server.log"

    def start(self) -> None:
        """Start it where it was before, and wait until it is healthy."""
        self.home.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        environ = {**os.environ, **QUIET, "PREFECT_HOME": str(self.home), "PREFECT_API_URL": self.api, **self.environ}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        until(lambda: is_healthy(self.api), START_S, "Prefect's server answers")

    def kill(self) -> None:
        """SIGKILL: it and its children are gone at once."""
        kill_all(self._process.pid)
        self._process.wait()

    def __enter__(self) -> PrefectServer:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def kill_all(pid: int) -> None:
    """SIGKILL a process and all that it started."""
    assert pid > 1, "there is no such process"
    for one in family(pid):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


@dataclass
class Running:
    """A command of ours that stays, with its log and the folder that all of its processes name in their environment."""

    process: subprocess.Popen[bytes]
    folder: Path

    def said(self, last: int = 5000) -> str:
        """What it and its children said: so many letters of it, the last ones; 0 = all."""
        return (self.folder / "log").read_text("utf-8", "replace")[-last:]

    def part(self, module: str) -> int:
        """The process of its family that runs this module; 0 while there is none."""
        for pid in family(self.process.pid):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if module.encode() in words:
                    return pid
        return 0

    def stop(self) -> int:
        """SIGTERM; its exit code, once nothing of it is left."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(90)
        until(lambda: of_run(self.folder / "prefect") == [], 30, "nothing of it is left")
        return code


def environment(world: World, url: str, api: str, folder: Path, **settings: Any) -> dict[str, str]:
    """What a command of this world sees that runs on this Prefect server."""
    values = {
        "config": world.watch_file, "data": world.folder / "data", "database": url, "allow_addresses": "127.0.0.0/8",
        "page_spacing": 0, "jobs": 1, "port": free_port(), **settings,
    }  # fmt: skip
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("WIREWATCH_", "PREFECT_"))}
    named = {f"WIREWATCH_{name.upper()}": str(value) for name, value in values.items()}
    prefect = {"PREFECT_API_URL": api, "PREFECT_HOME": str(folder / "prefect"), **QUIET}
    return {**inherited, **named, **prefect, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


@contextmanager
def standing(command: str, environ: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """`up`, with its options, or `worker` after a `deploy`, until the end of the block: nothing outlives it."""
    if command == "worker":
        deploy = [sys.executable, "-m", "cli", "deploy"]
        done = subprocess.run(deploy, env=environ, capture_output=True, text=True, timeout=START_S)
        assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", "-v", *command.split()], env=environ, stdout=log, stderr=log
        )
    running = Running(process, folder)
    try:
        yield running
    finally:
        kill_all(process.pid)
        process.wait()
        for left in of_run(folder / "prefect"):
            with suppress(ProcessLookupError):
                os.kill(left.pid, signal.SIGKILL)
