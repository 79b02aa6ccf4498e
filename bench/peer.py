"""One round of the peer: the same pages, from memory, through trafilatura in as many processes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence

from trafilatura import bare_extraction
from trafilatura.settings import Document

from bench.costs import cpu_seconds, family, memory_mb
from bench.ours import Round

Pages = Sequence[tuple[str, bytes]]
_pages: list[tuple[str, bytes]] = []  # of this process; its workers are forked with them


def run_round(warm: Pages, pages: Pages, jobs: int) -> Round:
    """Extract all pages with their metadata; each worker is warmed up with the `warm` ones first.

    Runs in a process of its own without threads, so that forking is safe.
    """
    _pages[:] = pages
    with multiprocessing.get_context("fork").Pool(jobs, _warm_up, (warm,)) as pool:
        pool.map(_warmed, range(jobs * 4), chunksize=1)
        cpu, began = cpu_seconds(family(os.getpid())), time.perf_counter()
        lengths = list(pool.imap_unordered(_extracted, range(len(_pages))))
        seconds = time.perf_counter() - began
        ours = family(os.getpid())
        if not all(lengths):
            raise RuntimeError(f"the peer found no text on {lengths.count(0)} pages")
        return Round(len(_pages), seconds, cpu_seconds(ours) - cpu, memory_mb(ours))


def _warm_up(warm: Pages) -> None:
    for url, page in warm:
        bare_extraction(page, url=url, with_metadata=True)


def _warmed(_number: int) -> None:
    time.sleep(0.01)  # so that every worker gets one: all are ready then


def _extracted(number: int) -> int:
    url, page = _pages[number]
    found = bare_extraction(page, url=url, with_metadata=True)
    return len(found.text or "") if isinstance(found, Document) else 0
