"""Made-up feed servers, as good and as bad as real ones, and what they publish."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from tests.etiquette.loop import START

MINUTE, HOUR, DAY, WEEK = 60.0, 3600.0, 86_400.0, 604_800.0


@dataclass(frozen=True, slots=True)
class Spec:
    """One feed and how its server behaves; times are seconds from the start.

    `publishes`: mean seconds between items, 0 = never. `validators`: how they are made. `fresh`: what it says of
    freshness. `trouble`: what befalls it. `moves`: a redirect, from the second day. `every`: the operator's interval.
    """

    host: str
    path: str
    publishes: float = HOUR
    validators: str = "both"
    fresh: str = ""
    trouble: str = ""
    moves: str = ""
    every: float = 0.0
    listed: int = 12
    latency: float = 0.1

    @property
    def url(self) -> str:
        """The address in the watch file."""
        return f"http://{self.host}{self.path}"

    @property
    def lies(self) -> bool:
        """Whether it says 304 although there is news."""
        return self.validators in ("frozen", "frozen date", "always")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `latest` is the number of the newest item in it, -1 without any. `seconds` None: it never comes."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    latest: int = -1
    seconds: float | None = 0.1

    def raw(self, at: float) -> bytes:
        """The bytes on the wire."""
        headers = {"Date": http_date(at), "Content-Length": str(len(self.body)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + (b"" if self.status == 304 else self.body)


def moment(at: float) -> datetime:
    """The time so many seconds from the start."""
    return START + timedelta(seconds=at)


def http_date(at: float) -> str:
    """The same as HTTP writes it."""
    return format_datetime(moment(at), usegmt=True)


class Source:
    """One feed: what it has published, and what it answers."""

    def __init__(self, spec: Spec, days: float, seed: int) -> None:
        self.spec = spec
        self.chance = random.Random(f"{seed} {spec.url}")
        self.published = self._published(days)
        self._body: tuple[int, bytes] = (-1, b"")

    def _published(self, days: float) -> list[float]:
        """When each item appeared; a full list of them before the start."""
        gap = self.spec.publishes or WEEK
        times = sorted(-self.chance.expovariate(1 / (gap * 4)) for _ in range(self.spec.listed))
        at = 0.0
        while self.spec.publishes and at < days * DAY:
            at += self.chance.expovariate(1 / gap)
            times.append(at)
        return times

    def latest(self, at: float) -> int:
        """The number of the newest item."""
        return bisect_right(self.published, at) - 1

    def reply(self, at: float, path: str, headers: dict[str, str]) -> Reply:
        """The answer to one request."""
        reply = self._trouble(at) or self._moved(at, path) or self._answer(at, headers)
        return replace(reply, seconds=reply.seconds and self.spec.latency * self.chance.uniform(0.5, 1.5))

    # -- what goes wrong

    def _trouble(self, at: float) -> Reply | None:
        day = at / DAY
        match self.spec.trouble:
            case "lost" if day >= 2:
                return Reply(404, body=b"no such page")
            case "gone" if day >= 2:
                return Reply(410)
            case "broken" if day >= 2:
                return Reply(500)
            case "missing for a day" if 2 <= day < 3:
                return Reply(404)
            case "broken for a day" if 2 <= day < 3 or 9 <= day < 10:
                return Reply(500)
            case "silent for a day" if 2 <= day < 3:
                return Reply(200, seconds=None)
            case "a page for a day" if 2 <= day < 3:
                return Reply(200, {"Content-Type": "text/html", "ETag": '"page"'}, b"<html>Parked</html>")
            case "429" if self.chance.random() < 0.1:
                return Reply(429, {"Retry-After": "1800"})
            case "429 short" if self.chance.random() < 0.3:
                return Reply(429, {"Retry-After": "5"})
            case "503 date" if day % 7 > 6:
                return Reply(503, {"Retry-After": http_date(at + 5400)})
            case "429 for ten years" if 2 <= day < 4:
                return Reply(429, {"Retry-After": str(10 * 365 * 86_400)})
        return None

    def _moved(self, at: float, path: str) -> Reply | None:
        if not self.spec.moves or path != self.spec.path or at < DAY:
            return None
        status, _, host = self.spec.moves.partition(" ")
        target = f"http://{host or self.spec.host}{self.spec.path}/moved"
        return Reply(int(status), {"Location": target, "Set-Cookie": "seen=1"})

    # -- what it serves

    def _answer(self, at: float, asked: dict[str, str]) -> Reply:
        latest = self.latest(at)
        body = self._rss(latest, at)
        headers = {"Content-Type": "application/rss+xml", "Set-Cookie": f"session={latest}; Path=/", **self._fresh(at)}
        given = self._validators(latest, body)
        if self._is_current(asked, given):
            return Reply(304, {**headers, **given})
        return Reply(200, {**headers, **given}, body, latest)

    def _validators(self, latest: int, body: bytes) -> dict[str, str]:
        etag = f'"{hashlib.md5(f"{self.spec.url} {latest}".encode(), usedforsecurity=False).hexdigest()[:12]}"'
        changed = http_date(self.published[latest])
        match self.spec.validators:
            case "none":
                return {}
            case "date":
                return {"Last-Modified": changed}
            case "unquoted":
                return {"ETag": etag.strip('"')}
            case "changing":
                return {"ETag": f'W/"{self.chance.getrandbits(48):x}"'}
            case "frozen":
                return {"ETag": '"v1"'}
            case "frozen date":
                return {"Last-Modified": http_date(-DAY)}
            case "etag" | "stamped":
                return {"ETag": etag}
            case _:
                return {"ETag": etag, "Last-Modified": changed}

    def _is_current(self, asked: dict[str, str], given: dict[str, str]) -> bool:
        if self.spec.validators == "always":
            return bool({"if-none-match", "if-modified-since"} & asked.keys())
        if "if-none-match" in asked and "ETag" in given:
            return asked["if-none-match"] == given["ETag"]
        if "if-modified-since" in asked and "Last-Modified" in given:
            since = parsedate_to_datetime(asked["if-modified-since"])
            return since >= parsedate_to_datetime(given["Last-Modified"])
        return False

    def _fresh(self, at: float) -> dict[str, str]:
        match self.spec.fresh:
            case "" | "ttl":
                return {}
            case "expires":
                return {"Expires": http_date(at + 2700)}
            case "expired":
                return {"Expires": "0"}
            case value:
                return {"Cache-Control": value}

    def _rss(self, latest: int, at: float) -> bytes:
        if self._body[0] != latest:
            first = max(0, latest - self.spec.listed + 1)
            items = "".join(self._item(number) for number in range(latest, first - 1, -1))
            ttl = "<ttl>90</ttl>" if self.spec.fresh == "ttl" else ""
            head = f"<title>{self.spec.path}</title><link>{self.spec.url}</link><description>x</description>{ttl}"
            text = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>{head}{items}</channel></rss>'
            self._body = latest, text.encode()
        stamp = f"<!-- made at {at} -->".encode() if self.spec.validators == "stamped" else b""
        return self._body[1] + stamp

    def _item(self, number: int) -> str:
        link, date = f"{self.spec.url}/{number}", http_date(self.published[number])
        return (
            f"<item><guid>{link}</guid><link>{link}</link><title>Item {number}</title><pubDate>{date}</pubDate></item>"
        )
