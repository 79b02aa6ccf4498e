"""`sent.log`: the keys of what was sent, outside the database, so that a restored backup sends nothing twice."""

from __future__ import annotations

import os
from pathlib import Path


class SentLog:
    """Appends a key a line and waits for the disk. Read once, at start; each machine keeps its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys = set(path.read_text("ascii", "ignore").split()) if path.exists() else set()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Note that this was sent; on return it is on the disk."""
        self._keys.add(key)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, f"{key}\n".encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
