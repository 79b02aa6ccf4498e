"""Every command of the root and the module it lives in: imported when called, since `--help` must not wait for all.

Here is also where a command's errors end: as a message and an exit code, never as a traceback for a user's mistake.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperGroup

from cli.exits import EXIT_INTERRUPTED, EXIT_NOT_AVAILABLE, EXIT_WRONG_INPUT, complain
from core.errors import NotAvailable, WirewatchError
from core.shortage import told_as_not_available

if TYPE_CHECKING:
    from typer._click import Command, HelpFormatter


class Place(NamedTuple):
    """Where a command is: a function of a module, or the module's `app`, which holds a noun's verbs."""

    module: str
    name: str
    help: str


SECTIONS: dict[str, dict[str, Place]] = {
    "To begin": {
        "demo": Place("cli.demo", "demo", "Show the main job, offline, on two made-up news sites."),
        "init": Place("cli.init", "init", "Write a first watch.yaml: your sites, one rule."),
        "doctor": Place("cli.doctor", "doctor", "Check what the installation stands on; say what to do."),
    },
    "The watch file": {
        "check": Place("cli.config", "check", "Validate it and run its rules' examples."),
        "apply": Place("cli.config", "apply", "Make it the active revision."),
        "export": Place("cli.config", "export", "Print the active revision."),
        "history": Place("cli.config", "history", "List the revisions."),
        "rollback": Place("cli.config", "rollback", "Make an old revision's text the active one."),
        "schema": Place("cli.config", "schema", "Print its JSON Schema, for editors."),
        "rules": Place("cli.rules", "app", "What is watched for, and trying it."),
        "concepts": Place("cli.concepts", "app", "Shipped expressions for what happens, in many languages."),
        "feeds": Place("cli.feeds", "app", "What is polled, and how it fares."),
        "channels": Place("cli.channels", "app", "Where alerts go, and whether they would arrive."),
    },
    "Running": {
        "run": Place("cli.running", "run", "Run the pipeline here, every minute or once."),
        "up": Place("cli.running", "up", "Run everything on this machine, with the page."),
        "web": Place("cli.running", "web", "Serve the page alone."),
        "deploy": Place("cli.running", "deploy", "Register the deployments with a Prefect server."),
        "worker": Place("cli.running", "worker", "Work for that Prefect server."),
        "db": Place("cli.db", "app", "The database: schema, size, backups, whether it is whole."),
        "backfill": Place("cli.backfill", "backfill", "Replay archives of pages: shown, not told."),
        "prune": Place("cli.prune", "prune", "Delete what is older than is to be kept."),
        "users": Place("cli.users", "app", "Who signs in on the page, and their tokens."),
        "settings": Place("cli.config", "list_settings", "List every WIREWATCH_ setting."),
    },
    "What came of it": {
        "articles": Place("cli.articles", "app", "What was read, and what became of it."),
        "hits": Place("cli.hits", "app", "Which rule matched which article, and where."),
        "stories": Place("cli.stories", "app", "Events, as each rule saw them told."),
        "evidence": Place("cli.evidence", "evidence", "Write what proves a story, as a WARC file."),
        "alerts": Place("cli.alerts", "app", "What was told, and why."),
        "deliveries": Place("cli.deliveries", "app", "The ledger of what went to whom."),
        "stats": Place("cli.stats", "stats", "How much each step did, and how long news took."),
    },
    "Stages as filters, JSON lines out": {
        "parse": Place("cli.filters", "parse", "Feeds in, entries out."),
        "extract": Place("cli.filters", "extract", "Pages in, articles out."),
        "match": Place("cli.filters", "match", "Articles in, matches with their places out."),
        "group": Place("cli.filters", "group", "Hits in, the stories they belong to out."),
    },
}
PLACES = {name: place for section in SECTIONS.values() for name, place in section.items()}


class Commands(TyperGroup):
    """The root's commands, each imported when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help."""
        return list(PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> Command | None:
        """Import a command; None when there is none of that name."""
        place = PLACES.get(cmd_name)
        return None if place is None else _loaded(cmd_name, place)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        """A command by its name; a name that is none is answered with those that look like it."""
        if args and not args[0].startswith("-") and args[0] not in PLACES:
            near = get_close_matches(args[0], PLACES)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: HelpFormatter) -> None:
        """The help's list, without importing what it names."""
        for title, places in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<11}", place.help) for name, place in places.items()])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever ends it early becomes an exit code."""
        with _errors_told():
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


def _loaded(name: str, place: Place) -> Command:
    found = getattr(importlib.import_module(place.module), place.name)
    if isinstance(found, typer.Typer):
        command = typer.main.get_command(found)
        command.name = name
        return command
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name=name)(found)
    return typer.main.get_command(alone)


@contextmanager
def _errors_told() -> Iterator[None]:
    try:
        with told_as_not_available():
            yield
    except BrokenPipeError:  # whoever reads us, `head` say, has had enough
        _forget_output()
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except typer.Abort:  # Ctrl-C at a question, or nobody there to answer it
        complain("\nno answer: nothing was done")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except OSError as error:
        if error.filename is None:
            raise
        complain(f"{error.filename}: {error.strerror}\n  name another place, or make it readable and writable")
        raise typer.Exit(EXIT_WRONG_INPUT) from None
    except NotAvailable as error:
        complain(str(error))
        raise typer.Exit(EXIT_NOT_AVAILABLE) from None
    except WirewatchError as error:
        complain(str(error))
        raise typer.Exit(EXIT_WRONG_INPUT) from None


def _forget_output() -> None:
    """What is still buffered goes nowhere: the interpreter would complain about it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
