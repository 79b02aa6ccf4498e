"""The command `wirewatch`: global options, the commands by noun, and how errors end."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from cli import (
    alerts,
    articles,
    channels,
    config,
    db,
    deliveries,
    demo,
    doctor,
    feeds,
    filters,
    hits,
    init,
    rules,
    running,
    stories,
)
from cli.console import EXIT_NOT_AVAILABLE, EXIT_WRONG_INPUT, complain
from cli.context import settings_of
from core import log
from core.errors import InputError, NotAvailable, WirewatchError

app = typer.Typer(
    name="wirewatch",
    help="Watches news feeds for the events you name, and tells people once, quickly, correctly, and saying why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (demo, init, config, running, doctor, filters):
    part.register(app)
for noun, commands in (
    ("rules", rules.app),
    ("feeds", feeds.app),
    ("articles", articles.app),
    ("hits", hits.app),
    ("stories", stories.app),
    ("alerts", alerts.app),
    ("deliveries", deliveries.app),
    ("channels", channels.app),
    ("db", db.app),
):
    app.add_typer(commands, name=noun)


@app.callback()
def root(
    context: typer.Context,
    config_file: Annotated[Path | None, typer.Option("--config", help="The watch file (WIREWATCH_CONFIG).")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL (WIREWATCH_DATABASE).")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder (WIREWATCH_DATA).")] = None,
    verbose: Annotated[int, typer.Option("-v", "--verbose", count=True, help="Log what is done; twice for more.")] = 0,
) -> None:
    """Options for every command."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    log.set_up(level)
    context.obj = settings_of({"config": config_file, "database": database, "data": data})


def main() -> None:
    """Run the command; a user's mistake ends with a message and an exit code, never with a traceback."""
    try:
        code = app(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_WRONG_INPUT
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        code = 0
    except NotAvailable as error:
        complain(str(error))
        code = EXIT_NOT_AVAILABLE
    except (InputError, WirewatchError) as error:
        complain(str(error))
        code = EXIT_WRONG_INPUT
    sys.exit(code if isinstance(code, int) else 0)
