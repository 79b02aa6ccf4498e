"""The backfill flow on a real Dask cluster: processes that read, match and write, and a run report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest

from core.errors import InputError
from core.settings import Settings
from pipeline.results import results
from tests.archives import http, record, warc
from tests.builders import CALM, STRIKE, page

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own, and Dask's
WATCH = """
version: 1
feeds: [{url: "https://harbour.test/rss"}]
rules:
  strike: {title: Strike, match: "near/12(docker, strike)"}
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("WIREWATCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WIREWATCH_CONFIG", str(tmp_path / "watch.yaml"))
    monkeypatch.setenv("WIREWATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    (tmp_path / "watch.yaml").write_text(WATCH, "utf-8")
    return tmp_path


def story(number: int) -> bytes:
    texts = STRIKE if number % 2 else CALM
    body = page(f"Report {number}", [f"{one} This is report {number}." for one in texts])
    return record(f"https://harbour.test/2025/{number}.html", http(body))


async def task_runs(flow_run_id: Any) -> int:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    async with get_client() as client:
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
        return len(await client.read_task_runs(flow_run_filter=chosen))


@pytest.mark.faults  # some 15 s: a cluster's workers import all that reads pages
@pytest.mark.timeout(400)
async def test_an_archive_goes_through_dask_once_and_is_reported(
    prefect_api: None, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.artifacts import Artifact

    from flows.backfill import REPORT, backfill

    monkeypatch.setattr("pipeline.archive.plan.RECORDS", 5)
    file = warc(environment / "a.warc.gz", [*map(story, range(9)), record("https://harbour.test/x.html", b"no answer")])
    state = await cast(Any, backfill)([str(file)], jobs=2, return_state=True)
    (source,) = (await state.result())["sources"]
    counts = {(one["outcome"], one["reason"]): one["count"] for one in source["counts"]}
    assert counts == {("stored", ""): 9, ("hits", ""): 4, ("failed", "corrupt"): 1}
    assert await task_runs(state.state_details.flow_run_id) == 2
    found = await results(Settings())
    assert (found.articles, len(found.hits), found.alerts, found.deliveries) == (9, 4, [], [])
    artifact = await Artifact.aget(REPORT)
    assert artifact is not None
    assert "offset" in str(artifact.description)
    assert '"stored"' in str(artifact.data)


async def test_workers_elsewhere_cannot_write_to_a_file_of_this_machine(prefect_api: None, environment: Path) -> None:
    from flows.backfill import backfill

    file = warc(environment / "a.warc", [story(1)])
    with pytest.raises(InputError, match="SQLite"):
        await backfill([str(file)], address="tcp://192.0.2.1:8786")


def test_what_is_set_of_dask_are_settings_that_it_has() -> None:
    import dask.config

    from flows.backfill import DASK

    for name in DASK:
        assert dask.config.get(name, None) is not None, name
