"""A mix of feeds like the world's, and the network in front of them."""

from __future__ import annotations

import random
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from tests.etiquette.judge import Judge
from tests.etiquette.loop import LeapingLoop
from tests.etiquette.servers import DAY, HOUR, MINUTE, WEEK, Source, Spec

# One thing at a time that a server may do, beside the ordinary ones; a feed of each, in turn.
KINDS: tuple[Mapping[str, Any], ...] = (
    *({"validators": kind} for kind in ("none", "etag", "date", "unquoted", "changing", "stamped")),
    *({"validators": kind} for kind in ("frozen", "frozen date", "always")),
    *({"fresh": f"max-age={seconds}"} for seconds in (300, 7200, 31_536_000)),
    *({"fresh": kind} for kind in ("no-cache", "max-age=900, no-cache", "expires", "expired", "ttl")),
    *({"trouble": kind} for kind in ("lost", "gone", "broken", "missing for a day", "broken for a day")),
    *({"trouble": kind} for kind in ("429", "429 short", "503 date", "429 for ten years")),
    *({"trouble": kind} for kind in ("silent for a day", "a page for a day", "no name", "refused for a day")),
    *({"moves": kind} for kind in ("301", "308 moved{}.example", "302")),
    *({"every": seconds} for seconds in (60.0, 300.0, 7200.0, 43_200.0)),
    {"latency": 8.0},
)
PUBLISHES = (HOUR, DAY / 3, DAY, WEEK, WEEK * 1.5, 0.0)  # mean seconds between items, in turn
CROWD = 70  # feeds on one host
BUSY = 25  # feeds on another, which asks for rest


def mixed(feeds: int, seed: int) -> list[Spec]:
    """So many feeds: two crowded hosts, and the rest on their own or in pairs."""
    chance = random.Random(seed)
    crowd, busy = min(CROWD, feeds // 12), min(BUSY, feeds // 12)
    specs = [Spec("crowd.example", f"/{n}", DAY, latency=0.8) for n in range(crowd)]
    specs += [Spec("busy.example", f"/{n}", DAY, trouble="429" if n % 5 == 0 else "") for n in range(busy)]
    for number in range(feeds - crowd - busy):
        if number % 250 == 7:
            specs.append(Spec(f"fast{number}.example", "/rss", MINUTE, listed=30))
            continue
        kind = KINDS[number % len(KINDS)] if number % 2 or feeds < 200 else {}
        if kind.get("every") == MINUTE and number > 200:
            kind = {}  # a few of those that are asked each minute will do
        rate = PUBLISHES[(number // len(KINDS) + number) % len(PUBLISHES)]
        every = {key: str(value).format(number) if key == "moves" else value for key, value in kind.items()}
        host = f"host{number - (chance.random() < 0.2)}.example"
        specs.append(replace(Spec(host, f"/feed{number}", rate), **every))  # type: ignore[arg-type]
    return specs


def shards(specs: Sequence[Spec], count: int) -> list[list[Spec]]:
    """The same in so many parts of much the same size; the feeds of a host stay together."""
    sizes = Counter(spec.host for spec in specs)
    parts: list[list[str]] = [[] for _ in range(count)]
    for host, _ in sizes.most_common():
        min(parts, key=lambda part: sum(sizes[one] for one in part)).append(host)
    return [[spec for spec in specs if spec.host in set(part)] for part in parts]


class Network(AbstractResolver):
    """Names, addresses and the servers behind them; tells the judge of every request."""

    def __init__(self, specs: Sequence[Spec], days: float, seed: int) -> None:
        self.judge = Judge()
        self.loop: LeapingLoop | None = None
        self._sources = {spec.url: Source(spec, days, seed) for spec in specs}
        for spec in specs:
            host = spec.moves.partition(" ")[2] or spec.host
            self._sources[f"http://{host}{spec.path}/moved"] = self._sources[spec.url]
        hosts = sorted({url.split("/")[2] for url in self._sources})
        self._addresses = {host: f"9.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n, host in enumerate(hosts, 1)}
        troubles = {spec.host: spec.trouble for spec in specs}
        self._nameless = {host for host, trouble in troubles.items() if trouble == "no name"}
        self._refusing = {self._addresses[host] for host, trouble in troubles.items() if trouble == "refused for a day"}

    @property
    def at(self) -> float:
        """The time now."""
        assert self.loop is not None
        return self.loop.at

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's address, if it has one now."""
        if host in self._nameless and self.at % (7 * DAY) > 5 * DAY:
            raise OSError(f"{host}: no such name")
        address = self._addresses[host]
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""

    def connect(self, address: str) -> None:
        """Refused, where that is the trouble."""
        if address in self._refusing and 2 <= self.at / DAY < 3:
            raise ConnectionRefusedError(111, "refused")

    def reply(self, request: bytes) -> tuple[float, bytes] | None:
        """What the server of the request's Host answers."""
        lines = request.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        path, host = lines[0].split()[1], headers["host"]
        url = f"http://{host}{path}"
        source = self._sources[url]
        self.judge.asked(self.at, source, url, host, headers)
        reply = source.reply(self.at, path, headers)
        self.judge.answered(self.at, source, url, host, reply)
        return None if reply.seconds is None else (reply.seconds, reply.raw(self.at))

    def members(self) -> list[Source]:
        """Each feed once."""
        return list({id(source): source for source in self._sources.values()}.values())
