"""A story's evidence as a WARC 1.1 file: what any reader of web archives opens. The only importer of warcio.

    warcinfo                what wrote it, and about which story
    response …              each page of an article: status, headers, and the bytes as they were stored
    metadata                the article: our record of it, its hit, the headers as they came, and what is missing
    … each article …
    metadata                the story: its rule, what was decided, and what was told

A body is stored decoded: in its record `content-encoding`, `transfer-encoding` and the like are left out of the headers
and `content-length` is that of the bytes. All digests are SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import uuid4

from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]
from warcio.warcwriter import WARCWriter  # type: ignore[import-untyped]

from pipeline.evidence import Page, Proof, proofs, story_of, story_record
from storage import meta
from storage.engine import Database

JSON = "application/json"
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding", "trailer", "te", "connection"})
_PRINTABLE = "".join(map(chr, range(33, 127)))  # what may stand in an address as it is


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds; `missing` names the articles of which there is no page, or a damaged one, with the reason."""

    articles: int
    pages: int
    missing: tuple[tuple[str, str], ...]


def write(
    db: Database, story_id: int, out: BinaryIO, *, now: datetime, name: str, recipients: bool = False, gzip: bool = True
) -> Written:
    """Write the evidence of a story. Raises Missing before anything is written. Blocks, an article's pages at a time.

    `name` is the file's; `recipients`: with the addresses that alerts went to.
    """
    title = db.read_now(lambda session: story_of(session, story_id)).title
    installation = db.write_now(meta.installation)
    writer = _Writer(out, now, gzip=gzip)
    writer.begin(name, f"Evidence of story {story_id}: {title}")
    number = pages = 0
    missing: list[tuple[str, str]] = []
    for proof in proofs(db, story_id):
        number, pages = number + 1, pages + len(proof.pages)
        missing += [(proof.url, why) for why in proof.missing]
        writer.article(proof)
    record = db.read_now(lambda session: story_record(session, story_id, recipients=recipients))
    absent = [{"article": url, "why": why} for url, why in missing]
    writer.metadata(f"urn:wirewatch:{installation}:story:{story_id}", {**record, "missing": absent})
    return Written(number, pages, tuple(missing))


class _Writer:
    def __init__(self, out: BinaryIO, now: datetime, *, gzip: bool) -> None:
        self._warc: Any = WARCWriter(out, gzip=gzip, warc_version="1.1")
        self._now = now

    def begin(self, name: str, description: str) -> None:
        about = {
            "software": f"wirewatch/{version('wirewatch')}",
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "description": " ".join(description.split()),
        }
        text = "".join(f"{key}: {value}\r\n" for key, value in about.items()).encode()
        self._record("warcinfo", "", text, "application/warc-fields", {"WARC-Filename": name})

    def article(self, proof: Proof) -> None:
        """Its pages, then what is known of it and of them."""
        ids = [self._page(one) for one in proof.pages]
        listed = [_listed(one, record_id) for one, record_id in zip(proof.pages, ids, strict=True)]
        self.metadata(proof.url, {**proof.record, "pages": listed, "missing": list(proof.missing)}, refers_to=ids)

    def _page(self, page: Page) -> str:
        one = page.snapshot
        kept = [(name, value) for name, value in one.headers if name.lower() not in _OF_THE_WIRE]
        headers = [*((name, _line(value)) for name, value in kept), ("content-length", str(len(page.body)))]
        http = StatusAndHeaders(f"{one.status} {_phrase(one.status)}".strip(), headers, protocol="HTTP/1.1")
        head = http.to_ascii_bytes()
        about = {
            "WARC-Date": _moment(one.at),
            "WARC-Block-Digest": _digest(head + page.body),
            "WARC-Payload-Digest": _digest(page.body),
        }
        return self._record("response", one.url, page.body, "application/http; msgtype=response", about, http)

    def metadata(self, url: str, record: dict[str, Any], refers_to: Sequence[str] = ()) -> None:
        """A record of ours, as JSON."""
        text = json.dumps(record, ensure_ascii=False, indent=1, default=_plain).encode("utf-8", "replace")
        self._record("metadata", url, text, JSON, {"WARC-Refers-To": refers_to[-1]} if refers_to else {})

    def _record(
        self, kind: str, url: str, body: bytes, media_type: str, about: dict[str, str], http: Any = None
    ) -> str:
        """Write one record; returns its id."""
        record_id = f"<urn:uuid:{uuid4()}>"
        digest = _digest(body)
        values = {"WARC-Record-ID": record_id, "WARC-Date": _moment(self._now), "WARC-Block-Digest": digest}
        if kind != "warcinfo":
            values["WARC-Payload-Digest"] = digest
        made = self._warc.create_warc_record(
            quote(url, safe=_PRINTABLE), kind, payload=BytesIO(body), length=len(body), warc_content_type=media_type,
            warc_headers_dict={**values, **about}, http_headers=http,
        )  # fmt: skip
        self._warc.write_record(made)
        return record_id


def _listed(page: Page, record_id: str) -> dict[str, Any]:
    """What a response record cannot say."""
    one = page.snapshot
    return {
        "record": record_id,
        "at": one.at,
        "url": one.url,
        "status": one.status,
        "headers_as_they_came": [list(pair) for pair in one.headers],
        "a_secret_was_masked": one.masked,
        "bytes": one.size,
        "sha256": one.sha256,
    }


def _digest(content: bytes) -> str:
    return f"sha256:{base64.b32encode(hashlib.sha256(content).digest()).decode()}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")


def _line(value: str) -> str:
    return " ".join(value.split())


def _plain(value: object) -> str:
    return _moment(value) if isinstance(value, datetime) else str(value)
