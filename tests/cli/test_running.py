"""What `wirewatch run` does around its cycles when there is no memory for it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli import running
from core.errors import NotAvailable
from pipeline.report import Report


def no_memory(*_: object, **__: object) -> Any:
    raise MemoryError


def test_a_table_that_cannot_be_printed_ends_no_run_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running, "show", no_memory)
    running._tell(Report(), as_json=False, patient=True)
    assert "short of something: memory" in caplog.text
    monkeypatch.setattr(running.logger, "warning", no_memory)
    running._tell(Report(), as_json=False, patient=True)
    with pytest.raises(NotAvailable):
        running._tell(Report(), as_json=False, patient=False)


async def test_a_run_that_cannot_even_wait_stands_still_for_a_moment_and_still_hears_that_it_is_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = cast(Any, SimpleNamespace(stopping=asyncio.Event()))
    monkeypatch.setattr(running, "AGAIN_S", 0.01)
    monkeypatch.setattr(app.stopping, "wait", no_memory)
    assert await running.stopped(app, 60.0) is False
    app.stopping.set()
    assert await running.stopped(app, 60.0) is True
