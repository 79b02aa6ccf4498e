"""Child processes that are kept running: started in order, revived when they end by themselves, stopped in reverse.

One that cannot run now rests: it is no process until it is revived.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.children import ending_with_parent

STOP_S = 20.0  # a child that has not stopped by then is killed
REVIVALS = 5  # of one child
WITHIN_S = 600.0  # in so long; one that ends more often cannot run here


@dataclass
class Children:
    """The processes of one command, by name. `environ` is what they see."""

    environ: Mapping[str, str]
    stop_s: float = STOP_S
    _commands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _revived: dict[str, list[float]] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def start(self, name: str, *command: str) -> None:
        """Start one in a session of its own, so that a Ctrl-C reaches it through us only, in order; one whose parent
        is killed ends as well: it would go on alone, and hold the page's port.

        -P: a `cli.py` or `web.py` of the folder we were called in is none of ours.
        """
        self._commands[name] = command
        self.resting.discard(name)
        self._running[name] = subprocess.Popen(
            [sys.executable, "-P", "-m", *command],
            env=self.environ,
            start_new_session=True,
            preexec_fn=ending_with_parent(signal.SIGTERM),
        )

    def ended(self) -> list[str]:
        """The names of those that have ended by themselves."""
        return [name for name, child in self._running.items() if child.poll() is not None]

    def rest(self, name: str) -> None:
        """Leave one that has ended alone until it is revived."""
        del self._running[name]
        self.resting.add(name)

    def revive(self, name: str, now: float) -> bool:
        """Start one again; False when it ended so often lately that it cannot run here. `now` is monotonic."""
        lately = [at for at in self._revived.get(name, []) if now - at < WITHIN_S]
        if len(lately) >= REVIVALS:
            return False
        self._revived[name] = [*lately, now]
        self.start(name, *self._commands[name])
        return True

    def exit_code(self, name: str) -> int | None:
        """How one ended; None while it runs."""
        return self._running[name].poll()

    def stop(self, name: str) -> None:
        """Stop one: SIGINT, which Prefect takes more calmly than SIGTERM, and a kill when it does not listen."""
        child = self._running.pop(name, None)
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)
        try:
            child.wait(self.stop_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def stop_all(self) -> None:
        """Stop all, the last started first: the flows while their server is still there."""
        for name in reversed(list(self._running)):
            self.stop(name)
