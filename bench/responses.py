"""What the worst answers cost: extra memory at its peak and time, of one guarded GET, each in a process of its own.

A server on loopback gives answers that want memory or time (bench/hostile.py). Extra memory is the peak of the process
(VmHWM, reset before the request) less what the process held before it. Exit code 1 when an aim was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import ipaddress
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection

from bench.costs import begin_peak, own_kb
from bench.hostile import CASES
from bench.site import HOST, server_in_process
from bench.tables import table
from fetching.answers import FEED_SECONDS
from fetching.client import Ask, Client, Failed, Fetched

MEMORY_MB = 60.0
SECONDS = 30.0
AT_ONCE = 4  # most of them wait


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer cost, and what was told of it."""

    case: str
    seconds: float
    memory_mb: float
    told: str

    @property
    def is_good(self) -> bool:
        """Whether both aims were reached."""
        return self.memory_mb <= MEMORY_MB and self.seconds <= SECONDS


def measure(names: Sequence[str], seconds: float) -> list[Cost]:
    """The cost of each of these cases."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda name: _measured(name, seconds), names))


def _measured(name: str, seconds: float) -> Cost:
    context = multiprocessing.get_context("spawn")
    with server_in_process(_serve, name) as port:
        ours, theirs = context.Pipe(duplex=False)
        asking = context.Process(target=_ask, args=(theirs, name, port, seconds), daemon=True)
        asking.start()
        theirs.close()
        try:
            if not ours.poll(seconds * 3 + 60):
                return Cost(name, float("inf"), float("inf"), "did not end")
            cost: Cost = ours.recv()
            return cost
        except EOFError:
            return Cost(name, float("inf"), float("inf"), "died")
        finally:
            asking.kill()
            asking.join()
            ours.close()


def _serve(out: Connection, name: str) -> None:
    asyncio.run(_serve_for_ever(out, name))


async def _serve_for_ever(out: Connection, name: str) -> None:
    script = CASES[name]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await script(writer)
        with contextlib.suppress(ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, HOST, 0)
    out.send(server.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


def _ask(out: Connection, name: str, port: int, seconds: float) -> None:
    out.send(asyncio.run(_asked(name, f"http://{HOST}:{port}/", seconds)))


async def _asked(name: str, url: str, seconds: float) -> Cost:
    allow = [ipaddress.ip_network("127.0.0.0/8")]
    async with Client(user_agent="wirewatch/bench", allow=allow) as client:
        gc.collect()
        before = own_kb("VmRSS")
        begin_peak()
        began = time.perf_counter()
        answer = await client.get(Ask(url, seconds=seconds))
        took = time.perf_counter() - began
        peak = own_kb("VmHWM")
    if isinstance(answer, Fetched):
        told = f"{answer.status}, {len(answer.body)} bytes"
    else:
        told = f"{answer.reason}: {answer.detail}" if isinstance(answer, Failed) else "not modified"
    return Cost(name, took, (peak - before) / 1_024, told)


def markdown(costs: Sequence[Cost]) -> str:
    """The measurement for people."""
    rows = [
        [one.case, f"{one.memory_mb:.1f}", f"{one.seconds:.1f}", one.told[:60] + ("" if one.is_good else "  MISSED")]
        for one in costs
    ]
    worst, slowest = max(one.memory_mb for one in costs), max(one.seconds for one in costs)
    return "\n".join(
        [
            table(["answer", "extra memory, MB", "seconds", "told"], rows),
            "",
            f"{len(costs)} answers: at most {worst:.1f} MB and {slowest:.1f} s;"
            f" the aims are {MEMORY_MB:.0f} MB and {SECONDS:.0f} s.",
        ]
    )


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.responses", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="WORDS", help="only cases whose names hold these words")
    parser.add_argument("--seconds", type=float, default=FEED_SECONDS, help="the client's limit of a whole request")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of Markdown")
    given = parser.parse_args()
    names = [name for name in CASES if not given.cases or any(word in name for word in given.cases)]
    costs = measure(names, given.seconds)
    print(json.dumps([asdict(one) for one in costs], indent=2) if given.json else markdown(costs))
    return 0 if all(one.is_good for one in costs) else 1


if __name__ == "__main__":
    sys.exit(main())
