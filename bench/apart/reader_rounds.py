"""Rounds of lemon24/reader, run with the peers' own Python: reader_rounds.py PORT FEEDS ROUNDS THREADS FOLDER.

The feeds are those of bench/polls.py, whose modes it switches. Prints one JSON object: by round's name, feeds a second
of each round; and the memory of the process.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path
from urllib.request import urlopen

HOST = "127.0.0.1"
MODES = {"304s": "304", "unchanged bodies": "200", "one new entry": "new"}
_getaddrinfo = socket.getaddrinfo


def loopback(host: object, *rest: object, **named: object) -> object:
    """Every name is this machine."""
    return _getaddrinfo(HOST if str(host).endswith(".bench.test") else host, *rest, **named)  # type: ignore[arg-type]


def main() -> None:
    """Run all rounds."""
    from reader import make_reader  # type: ignore[import-not-found]

    port, feeds, rounds, threads = map(int, sys.argv[1:5])
    socket.getaddrinfo = loopback  # type: ignore[assignment]
    reader = make_reader(str(Path(sys.argv[5]) / "reader.sqlite"))
    for number in range(feeds):
        reader.add_feed(f"http://f{number}.bench.test:{port}/rss")
    found: dict[str, list[float]] = {}
    _switch(port, "304")
    reader.update_feeds(scheduled=False, workers=threads)
    entries = reader.get_entry_counts().total
    for _ in range(rounds):
        for name, mode in MODES.items():
            _switch(port, mode)
            began = time.perf_counter()
            reader.update_feeds(scheduled=False, workers=threads)
            found.setdefault(name, []).append(feeds / (time.perf_counter() - began))
    if reader.get_entry_counts().total - entries != feeds * rounds:
        raise SystemExit(f"reader has {reader.get_entry_counts().total - entries} new entries, not {feeds * rounds}")
    print(json.dumps({"rates": found, "memory_mb": _memory_mb()}))


def _switch(port: int, mode: str) -> None:
    with urlopen(f"http://{HOST}:{port}/mode/{mode}") as answer:
        answer.read()


def _memory_mb() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1_024


if __name__ == "__main__":
    main()
