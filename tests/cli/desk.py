"""Running a command: in this process, or as one of its own where pipes and signals matter."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Its output as one JSON document."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Desk:
    """A folder with a watch file and data, and the settings that name them."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def watch_file(self) -> Path:
        return self.folder / "watch.yaml"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "WIREWATCH_CONFIG": str(self.watch_file),
            "WIREWATCH_DATA": str(self.folder / "data"),
            "COLUMNS": "100",
            **self.environ,
        }

    def run(self, *arguments: str | Path, given: str | bytes = "") -> Ended:
        """Run a command in this process, whose environment stays as it was."""
        logs = logging.getLogger()
        handlers, level = logs.handlers[:], logs.level
        try:
            with patch.dict(os.environ):
                result = CliRunner(env=self.settings).invoke(app, [str(one) for one in arguments], input=given)
        finally:
            logs.handlers[:], logs.level = handlers, level
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: str | Path, **how: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own, its output and errors piped."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WIREWATCH_")}
        command: Sequence[str] = [sys.executable, "-m", "cli", *map(str, arguments)]
        environ = {**kept, **self.settings, "PYTHONPATH": str(ROOT)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
        return subprocess.Popen(command, env=environ, cwd=self.folder, text=True, **pipes)
