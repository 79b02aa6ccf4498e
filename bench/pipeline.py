"""`python -m bench.pipeline`: articles per second through read and match, beside the bare library on the same pages.

Ours: articles pending in the database → one polite, guarded GET each from sites on loopback (robots.txt obeyed, no
spacing) → text, title, author, date, language, fingerprints → every rule tried → hits, stories, alerts and deliveries
written. The peer: trafilatura's `bare_extraction(with_metadata=True)` on the same pages from memory. Both with the same
number of processes that read pages, warm, each round in fresh processes (ours with a fresh database), in turn.
Exit code 1 when the aim was missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bench import ours, peer
from bench.ours import Round
from bench.outlets import Outlet, Shape, outlets, shape_of
from bench.servers import KINDS, databases
from bench.site import base_of, free_sockets, serving
from bench.tables import table
from bench.watching import watch_text

T = TypeVar("T")
SITES = 8
WARM_PAGES = 24
AIM = 0.85


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    pages: int = 306  # and the seeds' fourteen
    rounds: int = 5
    jobs: int = 0  # 0: one a core
    rules: int = 196  # and the seeds' four
    weight: float = 1.0  # of what stands around the articles
    database: str = "sqlite"
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both sides' rounds, in the order they were run."""

    plan: Plan
    jobs: int
    shape: Shape
    ours: tuple[Round, ...]
    peer: tuple[Round, ...]

    @property
    def ratios(self) -> list[float]:
        """Ours by the peer's, of each pair of neighbouring rounds."""
        return [one.pages_per_second / other.pages_per_second for one, other in zip(self.ours, self.peer, strict=True)]

    @property
    def ratio(self) -> float:
        """The middle one."""
        return median(self.ratios)


def measure(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Run all rounds; `tell` hears of each as it ends."""
    jobs = plan.jobs or os.cpu_count() or 1
    sockets = free_sockets(SITES + 1)
    bases = [base_of(one) for one in sockets]
    now = datetime.now(UTC)
    warm = outlets(bases[:1], WARM_PAGES, seed=plan.seed + 1, now=now, weight=plan.weight)
    sites = outlets(bases[1:], plan.pages, seed=plan.seed, now=now, weight=plan.weight)
    pages = [page for site in sites for page in site.pages.items()]
    text = watch_text([site.feed for site in (*warm, *sites)], plan.rules, seed=plan.seed)
    rounds: list[tuple[Round, Round]] = []
    with (
        serving([(one, site.files) for one, site in zip(sockets, (*warm, *sites), strict=False)]),
        databases(plan.database) as fresh,
    ):
        for number in range(1, plan.rounds + 1):
            one = _ours(fresh(), text, jobs, warm, len(pages))
            other = alone(peer.run_round, list(warm[0].pages.items()), pages, jobs)
            rounds.append((one, other))
            tell(f"round {number}: {one.pages_per_second:.1f} and {other.pages_per_second:.1f} pages/s")
    shape = shape_of([page for _, page in pages])
    return Outcome(plan, jobs, shape, tuple(one for one, _ in rounds), tuple(other for _, other in rounds))


def _ours(url: str, text: str, jobs: int, warm: Sequence[Outlet], pages: int) -> Round:
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        (folder / "watch.yaml").write_text(text, "utf-8")
        return alone(ours.run_round, folder, url, jobs, [site.feed for site in warm], pages)


def alone(fn: Callable[..., T], *args: object) -> T:
    """`fn(*args)` in a new process that ends with it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(fn, *args).result()


# -- telling


def document(outcome: Outcome) -> dict[str, Any]:
    """The measurement as JSON."""
    return {
        "plan": asdict(outcome.plan) | {"jobs": outcome.jobs},
        "pages": asdict(outcome.shape),
        "ours": [_figures(one) for one in outcome.ours],
        "peer": [_figures(one) for one in outcome.peer],
        "ratios": [round(ratio, 3) for ratio in outcome.ratios],
        "ratio": round(outcome.ratio, 3),
        "aim": AIM,
    }


def _figures(one: Round) -> dict[str, float]:
    return {
        "pages_per_second": round(one.pages_per_second, 1),
        "cpu_ms": round(one.cpu_ms, 2),
        "memory_mb": round(one.memory_mb),
        "hits": one.hits,
    }


def markdown(outcome: Outcome) -> str:
    """The measurement for people."""
    plan = outcome.plan
    head = ["", "pages/s, median", "lowest", "highest", "CPU ms a page", "memory, MB"]
    name = f"trafilatura {version('trafilatura')}"
    rows = [_row(f"read + match, {plan.database}", outcome.ours), _row(f"{name}, from memory", outcome.peer)]
    ratios = sorted(outcome.ratios)
    return "\n".join(
        [
            f"Pages: {outcome.shape}; {plan.pages} of them made up (seed {plan.seed}), the rest the seeds',"
            f" from {SITES} sites on loopback.",
            f"{plan.rules + 4} rules, of which {outcome.ours[0].hits} articles match some."
            f" {outcome.jobs} processes read pages on either side, {os.cpu_count()} cores, {plan.rounds} rounds.",
            "CPU and memory (PSS) are of all processes of a side, without the sites' server.",
            "",
            table(head, rows),
            "",
            f"Ratio: {outcome.ratio:.2f} (rounds {ratios[0]:.2f} to {ratios[-1]:.2f}); the aim is {AIM} or more.",
        ]
    )


def _row(name: str, rounds: Sequence[Round]) -> list[str]:
    speeds = sorted(one.pages_per_second for one in rounds)
    cpu, memory = median(one.cpu_ms for one in rounds), median(one.memory_mb for one in rounds)
    return [name, f"{median(speeds):.1f}", f"{speeds[0]:.1f}", f"{speeds[-1]:.1f}", f"{cpu:.1f}", f"{memory:.0f}"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this measurement."""
    usual = Plan()
    parser.add_argument("--pages", type=int, default=usual.pages, help="made-up pages, beside the seeds' 14")
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--jobs", type=int, default=usual.jobs, help="processes that read pages; 0 = one a core")
    parser.add_argument("--rules", type=int, default=usual.rules, help="made-up rules, beside the seeds' 4")
    parser.add_argument(
        "--weight", type=float, default=usual.weight, help="of what stands around the articles; 3: 150 KB"
    )
    parser.add_argument("--database", choices=KINDS, default=usual.database)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of Markdown")


def main() -> int:
    """Run it; progress goes to stderr, so that stdout can be kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.pipeline", description=__doc__)
    arguments(parser)
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    outcome = measure(Plan(**given), tell=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(document(outcome), indent=2) if as_json else markdown(outcome))
    return 0 if outcome.ratio >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
