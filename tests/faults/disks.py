"""A small disk of a test's own: a tmpfs, which only root may mount.

A namespace of mounts, which others may make too, is no help: SQLite follows links that lead into it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


class Disk:
    """So many KB at `path`."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self.path = folder / "disk"
        self.path.mkdir()
        _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=777", "tmpfs", self.path)

    def fill(self) -> None:
        """Take all the room there is."""
        with (self.path / "filler").open("ab", buffering=0) as file:
            file.write(bytes(shutil.disk_usage(self.path).free))

    def free(self) -> None:
        """Make room again."""
        (self.path / "filler").unlink()

    def read_only(self, on: bool) -> None:
        """What an administrator does with a disk, or a kernel that met a fault; no file may be open for writing."""
        _run("mount", "-o", f"remount,{'ro' if on else 'rw'}", self.path)

    def close(self) -> None:
        """Take it away, whoever still uses it."""
        _run("umount", "--lazy", self.path)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)
