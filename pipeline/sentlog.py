"""`sent.log`: the keys of what was sent, outside the database, so that a restored backup sends nothing twice.

On a full disk what was sent must still be noted: some room is kept in `sent.room` beside it, given up for that, and
nothing more is sent until it is there again.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import InputError

ROOM = 500_000  # bytes: the keys of 7,500 messages; a digest of 5,000 hits notes as many
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
BEGINNING = datetime.min.replace(tzinfo=UTC)
_KEY = re.compile("[0-9a-f]{64}")
_SINCE = "since:"  # begins a line that says since when the log is whole; the last one holds


@dataclass(frozen=True, slots=True)
class Noted:
    """What a `sent.log` says. `since`: what was sent before may be missing in it, unless a backup knew it as sent."""

    keys: frozenset[str]
    since: datetime


def noted_in(path: Path) -> Noted:
    """What any machine's `sent.log` says. Raises InputError for a file that cannot be read or is none."""
    try:
        lines = path.read_text("ascii").split()
    except UnicodeDecodeError:
        lines = ["?"]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint="name a machine's sent.log") from None
    keys = frozenset(line for line in lines if _KEY.fullmatch(line))
    since = _since(lines)
    if lines and not keys and since is None:
        raise InputError(
            f"{path}: not a sent.log", hint="it lies in a machine's data folder, a key of 64 digits a line"
        )
    return Noted(keys, since or BEGINNING)


def _since(lines: Iterable[str]) -> datetime | None:
    said = [line.removeprefix(_SINCE) for line in lines if line.startswith(_SINCE)]
    with suppress(ValueError):
        return datetime.fromisoformat(said[-1]) if said else None
    return None


class SentLog:
    """Appends a key a line and waits for the disk. Each machine keeps its own, and all of its processes share it: what
    another one has added since is read when a key is not known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.room = path.with_name("sent.room")
        self.since = BEGINNING  # as in Noted
        self._keys: set[str] = set()
        self._unwritten: list[str] = []  # known to this process only
        self._read = 0  # bytes
        self._lock = threading.Lock()  # its own thread for each write
        self._writing = threading.Lock()
        self._catch_up()

    def __contains__(self, key: object) -> bool:
        if key not in self._keys and self._size() != self._read:
            self._catch_up()
        return key in self._keys

    def add(self, *keys: str) -> None:
        """Note that these were sent; on return they are on the disk. What it does not take is known to this process,
        written with the next ones, and `trouble` says why.
        """
        with self._writing:
            self._keys.update(keys)
            self._unwritten += keys
            with suppress(OSError):
                self._write()

    def whole_since(self, at: datetime) -> None:
        """Note that what was sent before this time may be missing: it begins with a restore that found no log."""
        self.since = at
        self.add(f"{_SINCE}{at.isoformat()}")

    @property
    def is_ready(self) -> bool:
        """Whether what is sent now can be noted, as far as a look tells."""
        return not self._unwritten and self._room_kept()

    def trouble(self) -> str:
        """Why nothing may be sent now, since it could not be noted; "" when it can. Makes the room that is kept, and
        writes what the disk did not take before.
        """
        if self.is_ready:
            return ""
        with self._writing:
            try:
                self._write()
                if not self._room_kept():
                    self._keep_room()
            except OSError as error:
                return f"{self.path}: {error.strerror or error}"
        return ""

    def _write(self) -> None:
        """Append what is not written. Begins on a line of its own: another process may have been cut off in one."""
        if self._unwritten:
            lines = ("\n" + "".join(f"{key}\n" for key in self._unwritten)).encode("ascii")
            try:
                self._append(lines)
            except OSError as error:
                if error.errno not in FULL or not self.room.exists():
                    raise
                self.room.unlink()
                self._append(lines)
            self._unwritten.clear()

    def _append(self, lines: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            while lines:  # a disk that fills up takes a part, and says so the next time
                lines = lines[os.write(handle, lines) :]
            os.fsync(handle)
        finally:
            os.close(handle)

    def _room_kept(self) -> bool:
        """Whether there is room, and the file can be written to."""
        return _size(self.room) >= ROOM and os.access(self.path, os.W_OK)

    def _keep_room(self) -> None:
        """Raises OSError when there is none, or the file cannot be written to."""
        self._append(b"")
        try:
            with self.room.open("wb") as file:
                file.write(os.urandom(ROOM))  # zeros take no room where files are compressed
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                self.room.unlink()
            raise

    def _size(self) -> int:
        return _size(self.path)

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
            lines = whole.decode("ascii", "ignore").split()
            self._keys.update(lines)
            self.since = _since(lines) or self.since
            self._read += len(whole)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
