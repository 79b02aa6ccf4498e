"""`backfill`: archives of pages → articles and hits, as if they had been read when the pages were taken."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.console import is_terminal, print_json, print_rows
from cli.context import moment_of, run_async, settings, user
from cli.exits import EXIT_SOME_FAILED, complain
from cli.running import BUSY, stop_on_signals
from core.errors import InputError, NotAvailable

if TYPE_CHECKING:
    from core.settings import Settings
    from pipeline.archive.plan import Wishes
    from pipeline.archive.replay import Replayed, Tell
    from pipeline.archive.sources import Source

TELLS = ("nothing", "digest")
COLUMNS = ("source", "outcome", "reason", "count")


def backfill(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(help="WARC files, pages, folders of both; or the word snapshots.")],
    rules: Annotated[str, typer.Option(help="Only these rules, comma-separated.")] = "",
    since: Annotated[str, typer.Option(help="Only pages taken since then, e.g. 2026-01-31.")] = "",
    until: Annotated[str, typer.Option(help="Only pages taken before then.")] = "",
    jobs: Annotated[int, typer.Option(help="Worker processes that read pages; 0 = one a core.", min=0)] = 0,
    tell: Annotated[str, typer.Option(help="What is told of hits: nothing, or one digest a rule.")] = "nothing",
    dask: Annotated[str, typer.Option(help="Address of a Dask scheduler whose workers do it, tcp://HOST:PORT.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """Read archives, and store their articles and hits with their own dates; nobody is alerted."""
    from pipeline.archive.plan import Wishes
    from pipeline.archive.sources import sources_of

    if tell not in TELLS:
        raise typer.BadParameter(f"one of {', '.join(TELLS)}", param_hint="--tell")
    named = tuple(sorted({name.strip() for name in rules.split(",") if name.strip()}))
    begin = moment_of(since, option="--since") if since else None
    end = moment_of(until, option="--until") if until else None
    wishes = Wishes(named, begin, end, "digest" if tell == "digest" else "nothing", again)
    found = sources_of(sources)
    chosen = settings(context)
    chosen = chosen.model_copy(update={"jobs": jobs}) if jobs else chosen
    if dask:
        rows = _on_dask(chosen, sources, wishes, dask)
    else:
        with _progress(quiet=as_json) as telling:
            rows = [one.values() for one in run_async(_here(chosen, found, wishes, telling))]
    _show(rows, as_json=as_json)


async def _here(chosen: Settings, sources: Sequence[Source], wishes: Wishes, tell: Tell | None) -> list[Replayed]:
    """In this process and its workers."""
    from pipeline.archive.batch import replay_batch
    from pipeline.archive.replay import replay, replayer_of
    from pipeline.bootstrap import open_app
    from pipeline.follow import follow_file

    async with open_app(chosen) as app:
        stop_on_signals(app)
        followed = await follow_file(app, user())
        if followed.message:
            complain(followed.message)
        replayer = replayer_of(app)
        return await replay(
            app, sources, wishes, lambda batch: replay_batch(replayer, batch), at_once=app.jobs + 1, tell=tell
        )


def _on_dask(chosen: Settings, sources: list[str], wishes: Wishes, address: str) -> list[dict[str, Any]]:
    """As the flow, by the workers of a Dask cluster: seen by Prefect's server, or by one that ends with the run."""
    from cli.up import environment, lets_us_in, named_api, require_prefect

    named = named_api()
    environ = environment(chosen, chosen.port)
    if named:
        require_prefect(named, os.environ.get("PREFECT_API_AUTH_STRING", ""))
    elif not lets_us_in(environ):
        del environ["PREFECT_API_URL"]
    os.environ.update(environ)
    try:
        from flows.backfill import backfill as flow
    except ModuleNotFoundError as error:
        raise InputError(
            f"--dask needs {error.name}, which is not installed",
            hint="install the extra: in the checkout, .venv/bin/uv pip install '.[dask]'",
        ) from None
    run = flow(
        sources, list(wishes.rules), wishes.since, wishes.until, wishes.tell, address=address, again=wishes.again
    )
    result: dict[str, Any] = run_async(run)
    rows: list[dict[str, Any]] = result["sources"]
    return rows


def _show(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """The counts of each source; each record that failed is named on stderr."""
    for row in rows:
        for failure in row["failures"]:
            complain(f"{row['source']}: {failure}")
        if row["batches_left"]:
            complain(f"{row['source']}: {row['batches_left']} batches are left; start again to go on there")
    if as_json:
        print_json({"sources": rows})
    else:
        counts = [{"source": row["source"], **count} for row in rows for count in row["counts"]]
        print_rows(counts, COLUMNS, as_json=False, empty="no record in it")
    if busy := [row["source"] for row in rows if row["skipped"]]:
        raise NotAvailable(f"{busy[0]}: {BUSY}")
    if any(row["failed"] for row in rows):
        raise typer.Exit(EXIT_SOME_FAILED)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Tell | None]:
    """A bar on a terminal, of each source's records."""
    if quiet or not is_terminal():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def tell(source: str, done: int, of: int) -> None:
            if source not in tasks:
                tasks[source] = bar.add_task(source.rpartition("/")[2], total=of)
            bar.update(tasks[source], completed=done, total=of)

        yield tell
