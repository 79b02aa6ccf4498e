"""`sent.log`: the keys of what was sent, outside the database, so that a restored backup sends nothing twice."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class SentLog:
    """Appends a key a line and waits for the disk. Each machine keeps its own, and all of its processes share it: what
    another one has added since is read when a key is not known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._keys: set[str] = set()
        self._read = 0  # bytes
        self._lock = threading.Lock()  # its own thread for each write
        self._catch_up()

    def __contains__(self, key: object) -> bool:
        if key not in self._keys and self._size() != self._read:
            self._catch_up()
        return key in self._keys

    def add(self, *keys: str) -> None:
        """Note that these were sent; on return they are on the disk. Raises OSError when it is full.

        Begins on a line of its own: another process may have been cut off in the middle of one.
        """
        lines = ("\n" + "".join(f"{key}\n" for key in keys)).encode("ascii")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            while os.write(handle, lines) < len(lines):  # a disk that fills up takes a part, and says so the next time
                pass
            os.fsync(handle)
        finally:
            os.close(handle)
        self._keys.update(keys)

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _catch_up(self) -> None:
        """Read the whole lines that were added since."""
        with self._lock:
            if self._size() < self._read:  # another file stands there now
                self._read = 0
            if not self.path.exists():
                return
            with self.path.open("rb") as file:
                file.seek(self._read)
                added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._keys.update(whole.decode("ascii", "ignore").split())
            self._read += len(whole)
