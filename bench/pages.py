"""Bodies of pages read by ours and by others, side by side in one run: how right, and at what cost.

    python -m bench.pages [--corpus DIR]... [--rounds N] [--json]

The pages are those of tests/gates, in which the true text is known, half of them never used for tuning. `--corpus` adds
a folder of one's own: ground-truth.json with {id: {"articleBody": text, "url": address}}, and html/<id>.html[.gz].
F1 is over runs of four words, the mean of the pages. Milliseconds are of this process's CPU, the fastest round of each
page. Last, the whole read stage (bytes to text, metadata, language and fingerprints) on all cores, with pages as heavy
as sites'. Nothing is fetched: newspaper4k gets no images.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from lxml.html import document_fromstring
from readability import Document  # type: ignore[import-untyped]
from resiliparse.extract.html2text import extract_plain_text

from bench.outlets import outlets
from bench.tables import table
from core.pool import WorkerPool
from extractors.choose import extract, warm_up
from extractors.page import to_utf8
from pipeline.bootstrap import PRELOAD
from pipeline.pooled import READER_BYTES, extract_page
from tests.gates import designs, olddesigns
from tests.gates.layouts import gate_pages
from tests.gates.scores import by_trafilatura, f1

with warnings.catch_warnings(action="ignore"):  # that it could do more with nltk, which nothing here asks for
    import newspaper  # type: ignore[import-untyped]

DESIGNS = (designs, olddesigns)  # importing them enters what they hold
STAGE_PAGES = 200
LIMIT_S = 60.0

Way = Callable[[bytes, str], str]


@dataclass(frozen=True, slots=True)
class Known:
    """A page whose body is known."""

    id: str
    html: bytes
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one way over one set of pages. `bad`: pages of which less than half is right."""

    f1: float
    ms: float
    bad: int


# -- ways


def _ours(html: bytes, url: str) -> str:
    return extract(html, url=url, content_type="text/html").text


def _trafilatura(html: bytes, url: str) -> str:
    return by_trafilatura(html)


def _trafilatura_fast(html: bytes, url: str) -> str:
    return by_trafilatura(html, fast=True)


def _newspaper(html: bytes, url: str) -> str:
    try:
        return _newspaper_in(html, url)
    except ImportError:  # of a library for words without blanks
        return _newspaper_in(html, url, language="en")


def _newspaper_in(html: bytes, url: str, **options: str) -> str:
    article = newspaper.Article(url or "https://news.example/x", fetch_images=False, **options)
    article.download(input_html=_decoded(html))
    article.parse()
    return str(article.text)


def _readability(html: bytes, url: str) -> str:
    summary = Document(_decoded(html)).summary(html_partial=True)
    return "".join(map(str, document_fromstring(summary.replace("<", " <") or "<p></p>").itertext()))


def _resiliparse(html: bytes, url: str) -> str:
    return str(extract_plain_text(_decoded(html), main_content=True, preserve_formatting=True, list_bullets=False))


def _decoded(html: bytes) -> str:
    return to_utf8(html).decode("utf-8")


WAYS: dict[str, Way] = {
    "ours": _ours,
    "trafilatura, default": _trafilatura,
    "trafilatura, fast": _trafilatura_fast,
    "newspaper4k": _newspaper,
    "readability-lxml": _readability,
    "resiliparse": _resiliparse,
}


# -- pages


def gate() -> dict[str, list[Known]]:
    """The gate's pages by half."""
    found: dict[str, list[Known]] = {"gate, tuned on": [], "gate, held": []}
    for page in gate_pages():
        name = "gate, tuned on" if page.half == "tune" else "gate, held"
        found[name].append(Known(page.article.id, page.body, page.article.text, page.article.url))
    return found


def corpus(folder: Path) -> list[Known]:
    """The pages of a folder in the layout that the docstring of this module tells."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    return [
        Known(name, _file(folder / "html", name), str(one["articleBody"]), str(one.get("url", "")))
        for name, one in sorted(truth.items())
    ]


def _file(folder: Path, name: str) -> bytes:
    packed = folder / f"{name}.html.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / f"{name}.html").read_bytes()


# -- measuring


def measure(pages: Sequence[Known], rounds: int, tell: Callable[[str], None]) -> dict[str, Figures]:
    """Each way over all pages; a way that raises for a page has found nothing there."""
    return {name: _figures(name, way, pages, rounds, tell) for name, way in WAYS.items()}


def _figures(name: str, way: Way, pages: Sequence[Known], rounds: int, tell: Callable[[str], None]) -> Figures:
    scores, seconds = [], []
    for page in pages:
        times = []
        for _ in range(rounds):
            started = time.process_time()
            try:
                text = way(page.html, page.url)
            except Exception as error:  # the others' failures are figures here
                text = ""
                tell(f"{name} on {page.id}: {type(error).__name__}")
            times.append(time.process_time() - started)
        scores.append(f1(page.text, text))
        seconds.append(min(times))
    return Figures(mean(scores), 1_000 * mean(seconds), sum(score < 0.5 for score in scores))


def speeds(pages: Sequence[tuple[str, bytes]], rounds: int) -> dict[str, list[float]]:
    """Pages a second of one core, by way and round, the ways in turn; nothing is asked of how right they are."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            started = time.process_time()
            for url, html in pages:
                way(html, url)
            found[name].append(len(pages) / (time.process_time() - started))
    return found


@dataclass(frozen=True, slots=True)
class Stage:
    """The read stage: pages a second of the clock in so many processes, and CPU milliseconds a page of one of them."""

    rate: float
    jobs: int
    cpu_ms: float


def stage(jobs: int, count: int = STAGE_PAGES) -> Stage:
    """Measure it on made-up pages of some 56 KB."""
    sites = outlets(["https://a.example", "https://b.example"], count, seed=1, now=datetime.now(UTC))
    pages = [page for site in sites for page in site.pages.items()]
    rate = asyncio.run(_stage(pages, jobs))
    some = pages[: count // 4]
    started = time.process_time()
    for url, body in some:
        extract_page(body, url, "text/html", "utf-8", None)
    return Stage(rate, jobs, 1_000 * (time.process_time() - started) / len(some))


async def _stage(pages: Sequence[tuple[str, bytes]], jobs: int) -> float:
    pool = WorkerPool(jobs, warm=warm_up, preload=PRELOAD, memory_bytes=READER_BYTES)

    async def one(url: str, body: bytes) -> None:
        await pool.run(extract_page, body, url, "text/html", "utf-8", None, seconds=LIMIT_S)

    try:
        await asyncio.gather(*(one(*page) for page in pages[: 4 * jobs]))
        started = time.perf_counter()
        await asyncio.gather(*(one(*page) for page in pages))
        return len(pages) / (time.perf_counter() - started)
    finally:
        await asyncio.to_thread(pool.close)


def markdown(found: dict[str, dict[str, Figures]], read: Stage) -> str:
    """The measurement for people."""
    parts = []
    for name, ways in found.items():
        rows = [[way, f"{one.f1:.4f}", f"{one.ms:.1f}", one.bad] for way, one in ways.items()]
        parts.append(f"{name}\n\n{table(['', 'body F1', 'CPU ms a page', 'below .5'], rows)}")
    parts.append(f"Read stage: {read.rate:.0f} pages/s in {read.jobs} processes, {read.cpu_ms:.1f} ms of CPU a page.")
    return "\n\n".join(parts)


def main() -> int:
    """Run it; progress goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="a folder of pages with their texts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes of the read stage")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    sets = gate() | {str(folder): corpus(folder) for folder in given.corpus}
    found = {
        f"{name}, {len(pages)} pages": measure(pages, given.rounds, lambda line: print(line, file=sys.stderr))
        for name, pages in sets.items()
    }
    speed = stage(given.jobs)
    if given.json:
        values = {name: {way: asdict(one) for way, one in ways.items()} for name, ways in found.items()}
        print(json.dumps({"pages": values, "read_stage": asdict(speed)}, indent=2))
    else:
        print(markdown(found, speed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
