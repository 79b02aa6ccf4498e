"""Peers that cannot be installed beside us: run with a Python of their own, which `make bench-peers` makes."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("WIREWATCH_PEERS", ROOT / ".venv-peers")) / "bin" / "python"
SCRIPTS = Path(__file__).with_name("apart")
LIMIT_S = 600.0
READER, CHANGES, RSS2EMAIL = "reader", "changedetection.io", "rss2email"
_VERSIONS = (
    "import json, sys; from importlib.metadata import version; print(json.dumps({n: version(n) for n in sys.argv[1:]}))"
)


class PeerFailed(RuntimeError):
    """A peer is there and did not do what it was asked to."""


def installed() -> bool:
    """Whether there is an environment of peers."""
    return PYTHON.exists()


def versions() -> dict[str, str]:
    """Of the peers in it."""
    said = subprocess.run(
        [PYTHON, "-c", _VERSIONS, READER, CHANGES, RSS2EMAIL], capture_output=True, text=True, check=True
    )
    return dict(json.loads(said.stdout))


def called(script: str, *values: object) -> dict[str, Any]:
    """What a script of bench/apart prints last, as JSON. It is given a folder as its last argument.

    Raises PeerFailed with the end of what it complained.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory(prefix="wirewatch-peer-") as folder:
        command = [str(PYTHON), "-P", str(SCRIPTS / f"{script}.py"), *map(str, values), folder]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT_S, cwd=folder, env={**environ, "HOME": folder}
            )
        except subprocess.TimeoutExpired:
            raise PeerFailed(f"{script} took longer than {LIMIT_S:g} s") from None
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise PeerFailed(f"{script}: {done.stderr.strip()[-500:]}")
    return dict(json.loads(lines[-1]))
