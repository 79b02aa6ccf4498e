"""What worker processes run, and what they need not load for it."""

from __future__ import annotations

import subprocess
import sys

from extractors.base import PageState
from pipeline.bootstrap import PRELOAD
from pipeline.pooled import extract_page, parse_feed
from stories.fingerprint import shingles

HEAVY = ("sqlalchemy", "sqlmodel", "aiohttp", "apprise", "prefect", "nicegui")


def test_a_worker_loads_neither_database_nor_network_libraries() -> None:
    loads = f"import sys, {', '.join(PRELOAD)}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_workers_run_is_loaded_before_they_start() -> None:
    assert {extract_page.__module__, parse_feed.__module__} <= set(PRELOAD)


def test_a_page_comes_back_with_the_hashes_of_its_text() -> None:
    words = " ".join(f"The ferry number {number} left the harbour late." for number in range(40))
    page = f"<html><body><article><h1>Ferries</h1><p>{words}</p></article></body></html>".encode()
    extraction, hashes = extract_page(page, "https://harbour.example/ferries.html", "text/html", "", None)
    assert extraction.state is PageState.READY
    assert hashes == shingles(extraction.text) != frozenset()
