"""A served newsroom and Chromium, once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import Look, Site, chromium_at, looking, serving
from tests.web import rows


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests here need Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with chromium_at(chromium) as browser:
        expect.set_options(timeout=30_000)
        yield browser


@pytest.fixture(scope="session")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("newsroom"), rows.newsroom) as site:
        yield site


@pytest.fixture
def look(browser: Browser, newsroom: Site) -> Iterator[Look]:
    with looking(browser, newsroom) as look:
        yield look
