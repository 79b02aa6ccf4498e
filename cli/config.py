"""`check`, `apply`, `export`, `history`, `rollback`, `settings`, `schema`: the watch file and its revisions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.console import out, print_json, print_rows
from cli.context import database, read_file, secrets, settings, user
from cli.exits import EXIT_SOME_FAILED, complain
from core.clock import SystemClock
from core.errors import ConfigError, InputError, Problem
from pipeline import configure, installation
from rules import reach, yamltext
from rules.config import Watch, channels
from storage import configs

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def load(context: typer.Context, path: Path) -> tuple[str, Watch]:
    """A watch file's text and the watch. Raises ConfigError with all problems at once."""
    text = read_file(path)
    return text, configure.read_watch(text, file=str(path), secrets=secrets(context))


def check(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="The watch file; --config if absent.")] = None,
    no_secrets: Annotated[bool, typer.Option("--no-secrets", help="Do not ask for ${NAME} secrets.")] = False,
    as_json: AsJson = False,
) -> None:
    """Validate everything and run every rule's examples; all errors at once, without the network.

    Warns of rules that can never match in one of their languages: such a file is good all the same.
    """
    path = file or settings(context).config
    try:
        watch = _checked(context, path, with_secrets=not no_secrets)
    except ConfigError as error:
        if as_json:
            print_json({"file": str(path), "ok": False, "problems": [asdict(one) for one in error.problems]})
        raise
    examples = sum(len(rule.examples.match) + len(rule.examples.ignore) for rule in watch.rules)
    counts = {
        "rules": len(watch.rules),
        "examples": examples,
        "feeds": len(watch.feeds),
        "channels": len(watch.channels),
    }
    warnings = reach.warnings(watch)
    if as_json:
        print_json({"file": str(path), "ok": True, **counts, "warnings": [asdict(one) for one in warnings]})
    else:
        for one in warnings:
            complain(f"warning: {one.at(str(path))}")
        out().print(f"{path}: good: " + ", ".join(f"{number} {noun}" for noun, number in counts.items()))


def _checked(context: typer.Context, path: Path, *, with_secrets: bool) -> Watch:
    """The watch of a file. Raises ConfigError with all problems, those of its channels among them."""
    text = read_file(path)
    env = secrets(context) if with_secrets else None
    found: list[Problem] = []
    try:
        watch = configure.read_watch(text, file=str(path), secrets=env)
    except ConfigError as error:
        found += error.problems
    if env is not None:
        found += _broken_channels(context, text, path)
    if found:
        raise ConfigError(str(path), sorted(found, key=lambda one: (one.line, one.column)))
    return watch


def _broken_channels(context: typer.Context, text: str, path: Path) -> list[Problem]:
    """Channels that could not be made: a URL that its service does not know."""
    from core.pool import WorkerPool

    try:
        configured = channels(text, file=str(path), env=secrets(context))
    except ConfigError:
        return []  # no YAML: that is told, and nothing can be said of channels
    pool = WorkerPool(1)
    _, broken = configure.made_channels(
        configured, secrets=secrets(context), clock=SystemClock(), pool=pool, trust_env=False
    )
    pool.close()
    tree = yamltext.parse(text, str(path))
    problems = []
    for name, why in broken.items():
        line, column = tree.place(tree.nearest(("channels", name, "url")))
        said = why.removeprefix(f"channel {name}: ")
        problems.append(Problem(said, line, column, item=f"channels.{name}"))
    return problems


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The watch file.")],
    force: Annotated[bool, typer.Option("--force", help="Also over a revision made in the page since.")] = False,
) -> None:
    """Make a file the active revision; what is queued and polled follows it. A channel that cannot be used is named."""
    text, watch = load(context, file)
    now = SystemClock().now()
    with database(context) as db:
        applied = db.write_now(
            lambda session: configure.apply_text(session, text, watch, from_file=True, who=user(), now=now, force=force)
        )
    if applied.conflict:
        raise InputError(
            f"revision {applied.revision} was made in the page since {file} was last applied:\n{applied.diff}",
            hint="take it over with `wirewatch export`, or overwrite it with --force",
        )
    verb = "is active now" if applied.changed else "was active already"
    out().print(f"revision {applied.revision} {verb}: {len(watch.rules)} rules, {len(watch.feeds)} feeds")
    if broken := _broken_channels(context, text, file):
        complain(str(ConfigError(str(file), broken)))
        raise typer.Exit(EXIT_SOME_FAILED)


def export(context: typer.Context) -> None:
    """Print the active revision's text."""
    with database(context) as db:
        active = db.read_now(configs.active)
    if active is None:
        raise InputError("there is no active revision yet", hint="run `wirewatch apply watch.yaml`")
    typer.echo(active.text, nl=False)


def history(context: typer.Context, as_json: AsJson = False) -> None:
    """List the revisions, newest first."""
    with database(context) as db:
        rows = db.read_now(configs.listing)
    print_rows(
        (
            {
                "revision": row.revision,
                "at": row.at,
                "who": row.who,
                "from": "file" if row.from_file else "command or page",
                "sha256": row.sha256[:12],
                "note": row.note,
            }
            for row in rows
        ),
        ("revision", "at", "who", "from", "sha256", "note"),
        as_json=as_json,
        empty="no revision yet",
    )


def rollback(
    context: typer.Context,
    revision: Annotated[int, typer.Argument(metavar="REVISION", help="From `wirewatch history`.")],
) -> None:
    """Make an old revision's text the active one, as a new revision."""
    now = SystemClock().now()
    with database(context) as db:
        old = db.read_now(lambda session: configure.revision(session, revision))
        watch = configure.read_watch(old.text, file=f"revision {revision}", secrets=secrets(context))
        applied = db.write_now(
            lambda session: configure.apply_text(
                session, old.text, watch, from_file=False, who=user(), now=now, note=f"rollback to {revision}"
            )
        )
    out().print(f"revision {applied.revision} is active, with the text of revision {revision}")


def list_settings(context: typer.Context, as_json: AsJson = False) -> None:
    """List every WIREWATCH_ setting, its default and what it is for."""
    rows = (asdict(one) for one in installation.shown(settings(context)))
    print_rows(rows, ("setting", "value", "meaning"), as_json=as_json)


def schema(
    webhook: Annotated[bool, typer.Option("--webhook", help="Of the JSON that a webhook gets instead.")] = False,
) -> None:
    """Print the JSON Schema of the watch file, for editors; or of what a webhook gets."""
    if webhook:
        from alerts.payload import schema as schema_of_webhook

        print_json(schema_of_webhook())
        return
    from rules.reference import schema as schema_of_watch

    print_json(schema_of_watch())
