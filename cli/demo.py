"""`demo`: the main job on the seeds, offline: feed → article → hits → alerts you can read, and a page to look at."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

import seeds
from cli.console import is_terminal, out, page_of, print_json, program
from cli.context import run_async
from cli.demo_servers import World, world
from core.ports import free_port
from core.settings import Settings
from pipeline.results import Results, results
from pipeline.silent import Silent, silent_rules

WIDTH = 110  # columns, where nobody says
PREFECT_STARTS_S = 300  # at most: some 10 s alone on a machine, over a minute on a busy one
PAGE_SPACING_S = 0.05  # the demo's sites are its own


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, nothing else.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0 is a free one.")] = 0,
    serve: Annotated[
        bool | None, typer.Option("--serve/--no-serve", help="End by serving the page (default: on a terminal).")
    ] = None,
) -> None:
    """Show the main job, offline, on two made-up news sites; needs nothing but itself."""
    started = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wirewatch-demo-")))
        port = port or free_port()
        settings = prepare(folder, port)
        if not as_json:
            out().print(
                "[bold]wirewatch demo[/bold]: two news sites, a mail server and a webhook receiver on this machine."
            )
            out().print(
                "Running the pipeline in a Prefect flow run (Prefect's embedded server takes some seconds to start) …\n"
            )
        run_async(run(settings, port, as_json=as_json, started=started))
        if serve if serve is not None else is_terminal() and not as_json:
            _serve(settings, port)


def prepare(folder: Path, port: int) -> Settings:
    """Point this process at the temporary folder: its own database, data and Prefect home; loopback may be fetched."""
    for name in [name for name in os.environ if name.startswith("WIREWATCH_") and name != "WIREWATCH_SEEDS"]:
        del os.environ[name]
    os.environ |= environment(folder, port)
    Settings.model_config["env_file"] = None  # a .env of where it is run is meant for the real thing
    return Settings()


def environment(folder: Path, port: int) -> dict[str, str]:
    """What the demo sets, to work in this folder with its page at this port."""
    return {
        "WIREWATCH_CONFIG": str(folder / "watch.yaml"),
        "WIREWATCH_DATA": str(folder / "data"),
        "WIREWATCH_ALLOW_ADDRESSES": "127.0.0.0/8",
        "WIREWATCH_PAGE_SPACING": str(PAGE_SPACING_S),
        "WIREWATCH_PORT": str(port),
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": "",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",  # what fails is raised; the rest is about events nobody sees
        "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(PREFECT_STARTS_S),
        "DO_NOT_TRACK": "1",
    }


async def run(settings: Settings, port: int, *, as_json: bool, started: float) -> None:
    """Run the pipeline on the seeds' sites once, and print what came of it; `started` is monotonic."""
    async with world() as around:
        text = seeds.watch_text(around.bases, around.mail_port, around.hook_port, f"http://127.0.0.1:{port}")
        settings.config.write_text(text, "utf-8")
        logging.getLogger("prefect").setLevel(logging.CRITICAL)
        from flows.ingest import ingest

        report = await ingest()
        found = await results(settings)
        silent = await silent_rules(settings, around.pages)
    seconds = time.monotonic() - started
    if as_json:
        print_json(document(found, around, seconds))
    else:
        tell(report, found, silent, around, seconds)


def document(found: Results, around: World, seconds: float) -> dict[str, Any]:
    """The demo as one JSON document."""
    texts = {hook["id"]: hook["text"] for hook in around.received.hooks}
    return {
        "feeds": found.feeds,
        "entries": found.entries,
        "articles": found.articles,
        "hits": found.hits,
        "stories": found.stories,
        "alerts": [
            {"rule": one["rule"], "story": one["story"], "text": texts.get(one["id"], "")} for one in found.alerts
        ],
        "deliveries": [{"channel": one["channel"], "state": one["state"]} for one in found.deliveries],
        "seconds": round(seconds, 1),
    }


def text_of(mail: EmailMessage) -> str:
    """The plain-text part of an e-mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()).strip() if part is not None else ""


def tell(report: Mapping[str, Any], found: Results, silent: list[Silent], around: World, seconds: float) -> None:
    """The demo for a person: counts, alerts as they were received, what stayed silent, and what to do next."""
    screen = page_of(WIDTH)
    screen.print(_counts(report))
    screen.print(f"\n[bold]{len(around.received.mails)} alerts, as they arrived in the mailbox[/bold]\n")
    for mail in around.received.mails:
        body = escape(text_of(mail))
        screen.print(Panel(body, title=escape(str(mail["Subject"])), title_align="left"))
    screen.print(f"The webhook received {len(around.received.hooks)} of {len(found.alerts)} alerts, each once:")
    for hook in around.received.hooks:
        screen.print(f"  {escape(json.dumps(_short(hook), ensure_ascii=False))}", soft_wrap=True)
    for one in silent:
        screen.print(f"\n[bold]SILENT[/bold]  {escape(one.rule)} ({escape(one.title)})")
        for line in one.why:
            screen.print(f"        {escape(line)}")
    screen.print(f"\n[bold]Done in {seconds:.0f} s.[/bold] Next:")
    for command, what in NEXT:
        screen.print(f"  {program()} {command:<8} {escape(what)}", soft_wrap=True)


NEXT = (
    ("init", "write a watch.yaml of your own: your sites, one rule, alerts on this terminal"),
    ("check", "try its rules on their examples"),
    ("up", "poll, match and alert every minute, with a page at http://127.0.0.1:8080"),
)


def _short(hook: Mapping[str, Any]) -> dict[str, Any]:
    return {key: hook[key] for key in ("kind", "rule", "headline", "source") if key in hook}


def _counts(report: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("step", "outcome", "count"):
        table.add_column(column, justify="right" if column == "count" else "left")
    for row in report["counts"]:
        outcome = f"{row['outcome']} ({row['reason']})" if row["reason"] else row["outcome"]
        table.add_row(row["step"], outcome, str(row["count"]))
    return table


def _serve(settings: Settings, port: int) -> None:
    from web.serve import serve

    serve(
        settings,
        port=port,
        ready=lambda url: out().print(f"\nThe page: [bold]{url}[/bold]   (Ctrl-C ends the demo)"),
    )
