"""`init`: a first watch file, so that the first alert needs no account."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from cli.console import out, program
from cli.context import settings, with_app
from cli.exits import complain
from core.errors import InputError, WirewatchError
from pipeline import subscriptions
from pipeline.app import App
from rules.starter import starter

SITES = 3


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write watch.yaml.")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Write the example unasked.")] = False,
) -> None:
    """Write a commented watch.yaml with one rule and alerts on this terminal; asks for up to three sites."""
    path = folder / "watch.yaml"
    if path.exists():
        raise InputError(
            f"{path} is there already", hint="name another folder, or add to it with `wirewatch feeds add`"
        )
    folder.mkdir(parents=True, exist_ok=True)
    feeds = [] if yes else _ask(context)
    path.write_text(starter([{"url": url, **({"name": name} if name else {})} for url, name in feeds]), "utf-8")
    itself = path.absolute() == settings(context).config.absolute()
    again = program() if itself else f"{program()} --config {shlex.quote(str(path))}"
    out().print(f"{path} is written. Next:\n  {again} check\n  {again} up", markup=False)


def _ask(context: typer.Context) -> list[tuple[str, str]]:
    """(address, name) of the feeds of up to three sites."""
    feeds: list[tuple[str, str]] = []
    for number in range(1, SITES + 1):
        site = typer.prompt(
            f"Address of a news site or feed ({number} of {SITES}, empty to go on)", default="", show_default=False
        )
        if not site:
            break
        found = _feeds_of(context, site if "://" in site else f"https://{site}")
        feeds += [one for one in found if one[0] not in dict(feeds)]
    return feeds


def _feeds_of(context: typer.Context, site: str) -> list[tuple[str, str]]:
    async def work(app: App) -> list[tuple[str, str]]:
        return [(subscriptions.addable(one.url), one.title) for one in await subscriptions.discover(app.client, site)]

    try:
        found = with_app(context, work)
    except WirewatchError as error:
        complain(str(error))
        return []
    if not found:
        complain(f"no feed found at {site}")
        return []
    url, title = found[0]
    out().print(f"  found {title or url}")
    return [(url, title)]
