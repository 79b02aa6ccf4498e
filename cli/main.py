"""The command `wirewatch`: its global options. The commands themselves are named in cli/commands.py."""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.commands import Commands
from core import log

app = typer.Typer(
    name="wirewatch",
    cls=Commands,
    help="Watches news feeds for the events you name, and tells people once, quickly, correctly, and saying why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"wirewatch {version('wirewatch')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="The watch file (WIREWATCH_CONFIG).")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL (WIREWATCH_DATABASE).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder (WIREWATCH_DATA).")] = None,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, show_default=False, help="Log what is done; twice for more.")
    ] = 0,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Options for every command."""
    log.set_up((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)])
    context.obj = {"config": config, "database": database, "data": data}


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    _steady_output()
    app()


def _steady_output() -> None:
    """No letter that the terminal lacks ends a command, nor a standard output that whoever called us has closed."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as we run
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
