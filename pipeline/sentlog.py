"""`sent.log`: the keys of what was sent, outside the database, so that a restored backup sends nothing twice."""

from __future__ import annotations

import os
from pathlib import Path


class SentLog:
    """Appends a key a line and waits for the disk. Read once, at start; each machine keeps its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text("ascii", "ignore") if path.exists() else ""
        self._keys = set(text.split())
        self._torn = bool(text) and not text.endswith("\n")  # the power went while a line was written

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Note that this was sent; on return it is on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, ("\n" * self._torn + key + "\n").encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
        self._keys.add(key)
        self._torn = False
