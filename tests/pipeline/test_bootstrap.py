"""Opening a worker: what it makes of the database that it finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import NotAvailable
from core.settings import Settings
from pipeline.bootstrap import open_app


async def test_a_worker_makes_its_own_file_and_upgrades_no_server_that_others_may_work_on(
    tmp_path: Path, database_url: str
) -> None:
    settings = Settings(_env_file=None, database=database_url, data=tmp_path, config=tmp_path / "watch.yaml", jobs=1)
    if database_url.startswith("sqlite"):
        async with open_app(settings, environ={}) as app:
            assert app.active.revision == 0
        return
    with pytest.raises(NotAvailable, match=r"run `wirewatch db upgrade`"):
        async with open_app(settings, environ={}):
            pass
