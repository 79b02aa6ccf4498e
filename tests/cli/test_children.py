"""The processes of one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.children import Children
from tests.cli.desk import ROOT
from tests.processes import ends, is_running


def test_a_file_of_the_folder_we_were_called_in_takes_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cli.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    shadowed = subprocess.run([sys.executable, "-m", "cli"], check=False, capture_output=True)
    assert shadowed.returncode == 7
    children = Children({**os.environ, "PYTHONPATH": str(ROOT)})
    children.start("version", "cli", "--version")
    children._running["version"].wait(30)
    assert children.exit_code("version") == 0


PARENT = """
import os, sys, time
from cli.children import Children
children = Children(os.environ)
children.start("child", "timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)")
print(children._running["child"].pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)
    assert ends(child)
