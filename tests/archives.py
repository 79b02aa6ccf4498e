"""Archives for tests: WARC records, and files of them, made byte by byte so that any of them can be broken."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

TAKEN = datetime(2025, 11, 3, 9, 30, tzinfo=UTC)


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer as a server gave it."""
    head = [f"HTTP/1.1 {status}", *(headers or ("Content-Type: text/html; charset=utf-8",))]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def record(
    url: str,
    block: bytes,
    *,
    kind: str = "response",
    at: datetime | str = TAKEN,
    content_type: str = "application/http; msgtype=response",
    length: int | str | None = None,
) -> bytes:
    """One WARC record; `length` is what its head says of its block, where that is to be a lie."""
    date = at if isinstance(at, str) else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    head = [
        "WARC/1.0", f"WARC-Type: {kind}", "WARC-Record-ID: <urn:uuid:12345678-0000-4000-8000-000000000000>",
        f"WARC-Date: {date}", f"WARC-Target-URI: {url}", f"Content-Type: {content_type}",
        f"Content-Length: {len(block) if length is None else length}",
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def packed(records: Iterable[bytes]) -> list[bytes]:
    """Each record as a gzip member of its own."""
    return [gzip.compress(one, 1) for one in records]


def warc(path: Path, records: Iterable[bytes]) -> Path:
    """A file of these records, compressed one by one where its name says so."""
    path.write_bytes(b"".join(packed(records) if path.name.endswith(".gz") else records))
    return path
