"""One Prefect server for all tests of flows: starting it takes some 11 s."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.up import is_healthy
from core.ports import free_port
from tests.conftest import QUIET

AUTH = "wirewatch:made-up"


@contextmanager
def client_of(api: str) -> Iterator[None]:
    """Prefect's client in this process talks to this server."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api, PREFECT_API_AUTH_STRING: AUTH}):
        yield


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A whole Prefect server with its services (the test server has no scheduler), which wants a password; its API's
    address.
    """
    api = f"http://127.0.0.1:{free_port()}/api"
    environ = {**os.environ, **QUIET, "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")), "PREFECT_API_URL": api}
    environ |= {"PREFECT_SERVER_API_AUTH_STRING": AUTH, "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1"}
    port = api.removesuffix("/api").rpartition(":")[2]
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 300
    while not is_healthy(api):
        assert server.poll() is None, "the server ended by itself"
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.3)
    yield api
    server.terminate()
    server.wait(30)
