"""What all flows do beside their work: lead our logs into the run's, stop in order, and publish a report."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from typing import Any

from prefect.artifacts import acreate_table_artifact
from prefect.exceptions import MissingContextError
from prefect.logging.handlers import APILogHandler

from core.log import masked
from pipeline.report import Report

NAMED = 50  # failures that one report names; the rest is counted
ITEMS = ("pipeline", "alerts", "fetching", "extractors", "storage")  # of single feeds, pages, messages: what went wrong
RUNS = ("flows", "pipeline.run", "pipeline.prune", "pipeline.lookout", "pipeline.housekeeping")  # a few lines a run


class RunLog(logging.Handler):
    """Our key=value lines for Prefect's log of the run, secrets masked. What no run is at work for is not meant."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._to_prefect = APILogHandler()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over a masked copy: other handlers get the line as it was."""
        copy = logging.makeLogRecord({**record.__dict__, "msg": masked(record.getMessage()), "args": None})
        with suppress(MissingContextError):
            self._to_prefect.prepare(copy)  # raises outside a run, where `emit` would warn
            self._to_prefect.emit(copy)


def run_logs() -> None:
    """Have our lines in the run's log: of runs what was done, of single items only what went wrong.

    A line costs the server about a millisecond and a row: one a poll would be 2.4 million a day at 100,000 an hour.
    """
    for name in (*ITEMS, *RUNS):
        logger = logging.getLogger(name)
        if name in RUNS and logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)
        if "." not in name and not any(isinstance(one, RunLog) for one in logger.handlers):
            logger.addHandler(RunLog())


def stop_on_sigterm(stopping: asyncio.Event) -> None:
    """SIGTERM lets this run end in order: nothing new is begun, what is begun is finished, its leases are given back.

    Prefect's own answer to it breaks the run off. A run outside the main thread keeps that.
    """
    with suppress(ValueError, RuntimeError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)


async def publish(report: Report, key: str) -> None:
    """The run report as one table artifact: a row an outcome, with how many its step had in all; failures named."""
    steps: dict[str, int] = {}
    for row in report.rows():
        steps[row["step"]] = steps.get(row["step"], 0) + row["count"]
    table = [{**row, "of": steps[row["step"]]} for row in report.rows()]
    await acreate_table_artifact(key=key, table=table, description=description(report))


def description(report: Report) -> str:
    """What stands above the table: how long it took, and what failed, and why."""
    lines = [f"One run, {report.seconds:.1f} s"]
    if report.failed_items:
        lines += ["", "| step | what failed | reason | detail |", "|---|---|---|---|"]
        lines += [_row(list(one)) for one in report.failed_items[:NAMED]]
    if (more := len(report.failed_items) - NAMED) > 0:
        lines += ["", f"and {more} more"]
    return "\n".join(lines)


def _row(cells: list[Any]) -> str:
    return "| " + " | ".join(masked(str(cell)).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
