"""The processes of one command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.children import Children
from tests.cli.desk import ROOT


def test_a_file_of_the_folder_we_were_called_in_takes_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cli.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    shadowed = subprocess.run([sys.executable, "-m", "cli"], check=False, capture_output=True)
    assert shadowed.returncode == 7
    children = Children({**os.environ, "PYTHONPATH": str(ROOT)})
    children.start("version", "cli", "--version")
    children._running["version"].wait(30)
    assert children.exit_code("version") == 0
