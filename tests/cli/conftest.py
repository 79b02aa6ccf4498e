"""A desk whose database holds what a run over the seeds brought, made once."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import seeds
from cli.demo_servers import world
from core.settings import Settings
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from tests.cli.desk import Desk

LOOPBACK = {"WIREWATCH_ALLOW_ADDRESSES": "127.0.0.0/8"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests share one worker: filling their database takes longer than most of them."""
    for item in items:
        if item.path.parent == Path(__file__).parent and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("cli"))


@pytest.fixture(scope="session")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after one run over the seeds, whose servers are gone since."""
    folder = tmp_path_factory.mktemp("desk")
    asyncio.run(_fill(folder))
    return folder


async def _fill(folder: Path) -> None:
    async with world() as around:
        text = seeds.watch_text(around.bases, around.mail_port, around.hook_port)
        (folder / "watch.yaml").write_text(text, "utf-8")
        settings = Settings(
            _env_file=None,
            config=folder / "watch.yaml",
            data=folder / "data",
            allow_addresses="127.0.0.0/8",
            page_spacing=0.01,
        )
        async with open_app(settings, environ={}) as app:
            await follow_file(app, "desk")
            await run_cycle(app)


@pytest.fixture
def desk(filled_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The filled desk, for commands that change nothing."""
    monkeypatch.chdir(filled_folder)
    return Desk(filled_folder, LOOPBACK)


@pytest.fixture
def own_desk(filled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A copy of it, for commands that change something."""
    folder = tmp_path / "desk"
    shutil.copytree(filled_folder, folder)
    monkeypatch.chdir(folder)
    return Desk(folder, LOOPBACK)


@pytest.fixture
def empty_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder with nothing in it."""
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, LOOPBACK)


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """What a command's own logging does ends with it."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)
