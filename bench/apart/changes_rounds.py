"""Rounds of changedetection.io, run with the peers' own Python: changes_rounds.py PORT FEEDS ROUNDS FETCHERS FOLDER.

Each feed of bench/polls.py is a watch: fetched, its text taken and compared with the last one by its own processor, as
its workers do it, so many at once; what changed is saved with its history. Its page and its schedule are left out.
Prints one JSON object: by round's name, feeds a second of each round; and the memory of the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path
from urllib.request import urlopen

HOST = "127.0.0.1"
MODES = {"unchanged bodies": "200", "one new entry": "new"}
_getaddrinfo = socket.getaddrinfo


def loopback(host: object, *rest: object, **named: object) -> object:
    """Every name is this machine."""
    return _getaddrinfo(HOST if str(host).endswith(".bench.test") else host, *rest, **named)  # type: ignore[arg-type]


async def main() -> None:
    """Run all rounds."""
    os.environ |= {"ALLOW_IANA_RESTRICTED_ADDRESSES": "true", "LOGGER_LEVEL": "ERROR"}
    socket.getaddrinfo = loopback  # type: ignore[assignment]
    from changedetectionio import store  # type: ignore[import-not-found]
    from loguru import logger  # type: ignore[import-not-found]

    logger.remove()
    port, feeds, rounds, at_once = map(int, sys.argv[1:5])
    kept = store.ChangeDetectionStore(datastore_path=sys.argv[5], include_default_watches=False)
    urls = [f"http://f{number}.bench.test:{port}/rss" for number in range(feeds)]
    watches = [kept.add_watch(url=url, save_immediately=False) for url in urls]
    limit = asyncio.Semaphore(at_once)
    found: dict[str, list[float]] = {}
    await asyncio.gather(*(_check(kept, one, limit) for one in watches))
    for _ in range(rounds):
        for name, mode in MODES.items():
            await asyncio.to_thread(_switch, port, mode)
            began = time.perf_counter()
            changed = await asyncio.gather(*(_check(kept, one, limit) for one in watches))
            found.setdefault(name, []).append(feeds / (time.perf_counter() - began))
            if sum(changed) != (feeds if mode == "new" else 0):
                raise SystemExit(f"changedetection.io: {sum(changed)} of {feeds} changed in the round of {name}")
    print(json.dumps({"rates": found, "memory_mb": _memory_mb()}), flush=True)
    os._exit(0)  # threads of its own go on


async def _check(kept: object, watch: str, limit: asyncio.Semaphore) -> bool:
    from changedetectionio.processors.text_json_diff.processor import (  # type: ignore[import-not-found]
        checksumFromPreviousCheckWasTheSame,
        perform_site_check,
    )

    async with limit:
        row = kept.data["watching"][watch]  # type: ignore[attr-defined]
        check = perform_site_check(datastore=kept, watch_uuid=watch)
        await check.call_browser()
        try:
            changed, update, text = await asyncio.to_thread(check.run_changedetection, watch=row)
        except checksumFromPreviousCheckWasTheSame:
            return False
        kept.update_watch(uuid=watch, update_obj=update)  # type: ignore[attr-defined]
        if changed or not row.history_n:
            row.save_history_blob(contents=text, timestamp=int(time.time()), snapshot_id=update.get("previous_md5"))
        return bool(changed)


def _switch(port: int, mode: str) -> None:
    with urlopen(f"http://{HOST}:{port}/mode/{mode}") as answer:
        answer.read()


def _memory_mb() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1_024


if __name__ == "__main__":
    asyncio.run(main())
