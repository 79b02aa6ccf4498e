"""No request reaches a private address, whatever a feed, a page, a redirect or a name server says."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import own_network
from tests.test_house import ROOT, sources

# Who may open connections: the client; channels, by a rule of their own; `up` and `doctor`, to what the settings name.
# The demo serves.
DIALLERS = {
    "fetching/client.py", "fetching/failures.py", "fetching/guard.py", "fetching/wire.py", "alerts/webhook.py",
    "alerts/apprise_channel.py", "alerts/smtp.py", "alerts/heartbeat.py", "alerts/reach.py", "cli/up.py",
    "cli/demo_servers.py", "pipeline/ground.py",
}  # fmt: skip
LIBRARIES = {"aiohttp", "httpx", "requests", "urllib3", "urllib.request", "http.client", "smtplib", "ftplib", "pycurl"}


def imported(path: Path) -> set[str]:
    """The modules a file imports, and those above them."""
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    names: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names | {name.partition(".")[0] for name in names}


def test_nobody_but_the_client_can_ask_the_web() -> None:
    ours = [path for path in sources() if path.relative_to(ROOT).parts[0] not in ("bench", "tools", "docker")]
    diallers = {str(path.relative_to(ROOT)) for path in ours if imported(path) & LIBRARIES}
    assert diallers <= DIALLERS
    assert "fetching/client.py" in diallers


@cache
def asked() -> dict[str, Any]:
    """What asking for every address came to, in a network where they all exist."""
    command = [*own_network(), sys.executable, "-m", "tests.fetching.namespace"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.namespace
def test_no_connection_arrives_at_any_private_address_of_a_whole_network() -> None:
    found = asked()
    assert found["arrived"] == {}
    assert found["control"] == [1, 1]  # a connection that is made arrives, and is counted
    assert found["served"] > 250
    assert {"10.0.0.1", "169.254.169.254", "fd00::1", "fec0::1", "64:ff9b::7f00:1"} <= set(found["addresses"])


@pytest.mark.namespace
def test_every_way_to_a_private_address_is_told_as_what_it_is() -> None:
    outcomes = dict(asked()["outcomes"])
    fine = {name: outcomes.pop(name) for name in ("public", "a name, first public", "a name, both")}
    assert set(fine.values()) == {"Fetched"}
    assert len(outcomes) > 300
    assert {name: why for name, why in outcomes.items() if why not in ("forbidden_address", "bad_url")} == {}
    assert outcomes["a name, then private"] == outcomes["a relative step"] == "forbidden_address"
