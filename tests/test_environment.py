"""tools/environment.sh on machines that lack something. Python, pip and uv are played; nothing is installed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
echo "python $*" >> {log}
case "$*" in
    "-c import sys"*) exit {unsuited} ;;
    "--version") echo "Python {version}" ;;
    "-m venv"*) [ -z "{venv}" ] && exit 1; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    "-m virtualenv"*) exit 1 ;;
    *"pip install --target"*) [ -z "{pip}" ] && {{ echo "No module named pip" >&2; exit 1; }}
        mkdir -p "$5/bin"; cp {folder}/uv "$5/bin/uv" ;;
    *"pip install"*) cp {folder}/uv .venv/bin/uv ;;
    *"pip config"*) exit 1 ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >> {log}
case "$*" in venv*) mkdir -p .venv/bin ;; esac
"""


@dataclass
class Machine:
    folder: Path

    def has(self, *, version: str = "3.11.2", unsuited: int = 0, venv: str = "yes", pip: str = "yes") -> None:
        words = {"log": self.folder / "log", "folder": self.folder, "version": version, "unsuited": unsuited}
        for name, text in (("python3", PYTHON.format(**words, venv=venv, pip=pip)), ("uv", UV.format(**words))):
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)

    def make(self, kind: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "tools/environment.sh", kind],
            cwd=self.folder / "checkout",
            env={"PATH": f"{self.folder}:/usr/bin:/bin", "PYTHON": "python3", "TMPDIR": str(self.folder)},
            capture_output=True,
            text=True,
        )

    def calls(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    def stamps(self) -> set[str]:
        return {path.name for path in (self.folder / "checkout" / ".venv").glob("*.stamp")}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    checkout = tmp_path / "checkout"
    (checkout / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "environment.sh", checkout / "tools")
    for lock in ROOT.glob("requirements*.lock"):
        shutil.copy(lock, checkout)
    return Machine(tmp_path)


def test_a_demo_installs_the_runtime_alone_with_hashes(machine: Machine) -> None:
    machine.has()
    assert machine.make("runtime").returncode == 0
    sync = next(call for call in machine.calls() if call.startswith("uv pip sync"))
    assert "--require-hashes requirements.lock requirements-build.lock" in sync
    assert machine.stamps() == {"runtime.stamp"}


def test_tests_install_what_they_need_besides(machine: Machine) -> None:
    machine.has()
    machine.make("runtime")
    assert machine.make("dev").returncode == 0
    sync = [call for call in machine.calls() if call.startswith("uv pip sync")][-1]
    assert "requirements-dev.lock" in sync
    assert machine.stamps() == {"dev.stamp"}


def test_it_says_what_it_installs(machine: Machine) -> None:
    machine.has()
    assert "pinned packages from requirements.lock" in machine.make("runtime").stderr


def test_without_venv_uv_makes_the_environment(machine: Machine) -> None:
    machine.has(venv="")
    assert machine.make("runtime").returncode == 0
    assert any(call.startswith("uv venv") for call in machine.calls())
    assert not list(machine.folder.glob("tmp.*"))


def test_without_venv_and_pip_it_prints_the_one_line_to_run(machine: Machine) -> None:
    machine.has(venv="", pip="")
    made = machine.make("runtime")
    assert made.returncode == 1
    assert made.stderr.splitlines()[-1] == "wirewatch:     sudo apt-get install -y python3-venv"
    assert not machine.stamps()


def test_a_python_that_is_too_old_is_named_and_refused(machine: Machine) -> None:
    machine.has(version="3.9.18", unsuited=1)
    made = machine.make("runtime")
    assert made.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13; python3 is Python 3.9.18" in made.stderr
