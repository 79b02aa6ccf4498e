"""`run`, `up`, `deploy`, `worker` and `web`: what makes the pipeline go."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer
from rich.table import Table

from cli.console import json_alone, out, print_json
from cli.context import run_async, settings, settings_to_run_by, user
from cli.exits import EXIT_SOME_FAILED, complain, hangup
from cli.lost import end_when_lost
from core.errors import NotAvailable
from core.log import pairs
from core.shortage import told_as_not_available
from core.threads import Threads
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.heartbeat import beat
from pipeline.lookout import look_after
from pipeline.report import STEPS, Report
from pipeline.run import INGEST, job_lock, run_cycle

logger = logging.getLogger(__name__)
AGAIN_S = 1.0
BUSY = "another run is at work, or was killed less than a minute ago: nothing done"


def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="One cycle, then end (for cron).")] = False,
    step: Annotated[str, typer.Option(help=f"Only these, comma-separated: {','.join(STEPS)}.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this feed, by name or address; may be repeated.")] = None,
    shard: Annotated[
        int, typer.Option(help="Number of this one among several that share the work; one run a number.", min=1)
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a cycle; terminal:// on stderr.")] = False,
) -> None:
    """Run the pipeline in this process, without Prefect: every minute, or once."""
    steps = [name.strip() for name in step.split(",") if name.strip()] or list(STEPS)
    chosen = settings_to_run_by(context)

    async def work() -> bool:
        asyncio.get_running_loop().set_default_executor(Threads(thread_name_prefix="asyncio").start_all())
        async with open_app(chosen) as app:
            stop_on_signals(app)
            end_when_lost()
            failed = False
            while True:
                with json_alone(as_json):
                    report = await cycle(app, steps, only or [], patient=not once, lock=lock_name(shard))
                failed = bool(report and report.failures)
                _tell(report, as_json=as_json, patient=not once)
                if once or await stopped(app, chosen.every_seconds - (report.seconds if report else 0.0)):
                    return failed

    if run_async(work()):
        raise typer.Exit(EXIT_SOME_FAILED)


def lock_name(shard: int) -> str:
    """The job lock of this one of several."""
    return INGEST if shard == 1 else f"{INGEST}-{shard}"


async def cycle(
    app: App, steps: Sequence[str], only: Sequence[str], *, patient: bool, lock: str = INGEST
) -> Report | None:
    """Follow the watch file and run one cycle; None: another run is at it, so that nothing was done.

    `patient`: what is not available now is told, and tried again next time.
    """
    try:
        with told_as_not_available():
            return await _cycle(app, steps, only, lock)
    except NotAvailable as error:
        if not patient:
            raise
        return Report(failures=[str(error)])


async def _cycle(app: App, steps: Sequence[str], only: Sequence[str], lock: str) -> Report | None:
    followed = await follow_file(app, user())
    async with job_lock(app, lock) as held:
        if not held:
            return None
        await look_after(app)
        report = await run_cycle(app, steps=steps, only=only)
    if set(steps) == set(STEPS) and not report.sends_nothing and (why := await beat(app)):
        report.failures.append(f"heartbeat: {why}")
    if followed.message:
        report.failures.insert(0, followed.message)
    return report


async def stopped(app: App, seconds: float) -> bool:
    """Wait so long; True when the run is to stop."""
    try:
        await asyncio.wait_for(app.stopping.wait(), max(0.0, seconds))
    except TimeoutError:
        return False
    except MemoryError:  # too little of it even for waiting
        time.sleep(AGAIN_S)  # noqa: ASYNC251 - nothing else can go on meanwhile
        return app.stopping.is_set()
    return True


def stop_on_signals(app: App) -> None:
    """SIGTERM, the first Ctrl-C and a terminal that is closed end the run in order: nothing new is begun, what is begun
    is finished.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        app.stopping.set()
        logger.info(pairs(event="stopping"))
        loop.remove_signal_handler(signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM, *hangup()):
        loop.add_signal_handler(number, stop)


def _tell(report: Report | None, *, as_json: bool, patient: bool) -> None:
    """Say what a cycle did. `patient`: a machine that is too short of something to say so does not end the run."""
    try:
        with told_as_not_available():
            if report is None:
                complain(BUSY)
            else:
                show(report, as_json=as_json)
    except NotAvailable as error:
        if not patient:
            raise
        with suppress(MemoryError):
            logger.warning(pairs(event="not told", why=error.message))


def show(report: Report, *, as_json: bool) -> None:
    """The counts of a cycle; each item that failed is named on stderr."""
    for failure in report.failures:
        complain(failure)
    if as_json:
        print_json({"seconds": round(report.seconds, 2), "counts": report.rows(), "failures": report.failures})
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("step", "outcome", "reason", "count"):
        table.add_column(column, justify="right" if column == "count" else "left")
    for row in report.rows():
        table.add_row(*(str(row[column]) for column in ("step", "outcome", "reason", "count")))
    if report.counts or not report.failures:
        out().print(table if report.counts else "nothing was due")


def up(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the page (WIREWATCH_PORT).", min=0, max=65_535)] = None,
    prefect: Annotated[
        bool, typer.Option("--prefect/--no-prefect", help="Schedule on Prefect, or on our own clock.")
    ] = True,
) -> None:
    """Everything on this machine: Prefect's server, the scheduled flows and the page. One Ctrl-C stops all."""
    from cli.up import run_up

    raise typer.Exit(run_up(settings_to_run_by(context), port=port, prefect=prefect))


def deploy(
    shards: Annotated[
        int, typer.Option(help="Register the ingest flow so many times, to run on so many workers.", min=1)
    ] = 1,
    deliver_apart: Annotated[
        bool, typer.Option("--deliver-apart", help="Send in runs of the deployment `deliver`; ingest sends nothing.")
    ] = False,
) -> None:
    """Register the deployments with the Prefect server that PREFECT_API_URL names."""
    from cli.up import named_api, require_prefect

    if api := named_api():
        require_prefect(api, os.environ.get("PREFECT_API_AUTH_STRING", ""))
    from flows.serve import register_deployments

    for name in run_async(register_deployments(shards, apart=deliver_apart)):
        out().print(f"registered {name}")


def worker(context: typer.Context) -> None:
    """Start a worker for the work pool of `deploy`; it keeps the minute by itself while Prefect's API is away."""
    from cli.up import run_worker

    raise typer.Exit(run_worker(settings_to_run_by(context)))


def web(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port (WIREWATCH_PORT).", min=0, max=65_535)] = None,
) -> None:
    """Serve the page alone."""
    from web.serve import serve

    serve(settings(context), port=port, ready=lambda url: out().print(f"the page: {url}   (Ctrl-C stops it)"))
