"""What every command starts from: the settings with the global options put over them, the database, the App."""

from __future__ import annotations

import asyncio
import getpass
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from cli.exits import complain
from core.clock import SystemClock
from core.errors import InputError
from core.settings import ENV_FILE, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.app import App
    from storage.engine import Database

T = TypeVar("T")
Limit = Annotated[int, typer.Option(help="At most so many.", min=1, max=1_000_000)]


def settings_of(options: Mapping[str, Any]) -> Settings:
    """The settings: environment and .env, with the given global options over them. Raises InputError naming the
    setting.
    """
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except UnicodeDecodeError as error:
        raise InputError(f"{ENV_FILE}: not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = "WIREWATCH_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InputError(
            f"{name}: {first['msg']}",
            hint="it comes from the environment, from .env or from an option; `wirewatch settings` lists them all",
        ) from None


def settings(context: typer.Context) -> Settings:
    """This run's settings, read when a command first asks for them: `demo` has its own."""
    root = context.find_root()
    if not isinstance(root.obj, Settings):
        root.obj = settings_of(root.obj)
    return root.obj


def settings_to_run_by(context: typer.Context) -> Settings:
    """The settings of what goes on by the active revision where there is no watch file: one that was named, and is not
    there, is told.
    """
    named = context.find_root().params.get("config")
    if named is not None and not named.exists():
        complain(f"--config {named}: no such file; what was applied last goes on")
    return settings(context)


@contextmanager
def database(context: typer.Context) -> Iterator[Database]:
    """The database, for commands that read or change rows only. Raises NotAvailable as `own_database`."""
    from pipeline.bootstrap import own_database

    db = own_database(settings(context))
    try:
        yield db
    finally:
        db.close()


def changed(context: typer.Context, change: Callable[..., T], which: int | str) -> T:
    """What `change` of this one comes to, made now and in the user's name."""
    now = SystemClock().now()
    with database(context) as db:
        return db.write_now(lambda session: change(session, which, who=user(), now=now))


def with_app(context: typer.Context, work: Callable[[App], Awaitable[T]]) -> T:
    """Run `work` with a wired App."""
    from pipeline.bootstrap import open_app

    async def run() -> T:
        async with open_app(settings(context)) as app:
            return await work(app)

    return run_async(run())


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(work)


def secrets(context: typer.Context) -> Mapping[str, str]:
    """Secrets by name, for ${NAME}."""
    from pipeline.bootstrap import secrets_of

    return secrets_of(settings(context))


def user() -> str:
    """Whose name a change bears."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"


@contextmanager
def unlogged(name: str) -> Iterator[None]:
    """Nothing is logged under this name: what it would say is told in another way."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def length_of(text: str, *, option: str) -> timedelta:
    """A length of time as people write it. Raises InputError naming the option."""
    from rules.durations import duration

    try:
        return duration(text)
    except ValueError as error:
        raise InputError(f"{option} {text}: {error}") from None


def moment_of(text: str, *, option: str) -> datetime:
    """A moment as ISO 8601 writes it, in UTC where it names no zone. Raises InputError naming the option."""
    try:
        read = datetime.fromisoformat(text)
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{option} {text}: not a time", hint="write e.g. 2026-12-01 or 2026-12-01T08:00Z") from None


def standard_input() -> str:
    """All of standard input. Raises InputError when it is not UTF-8."""
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"standard input: not UTF-8 at byte {error.start}") from None


def read_bytes(path: Path) -> bytes:
    """A file of the user's. Raises InputError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint="name another file") from None


def read_file(path: Path, *, hint: str = "name another file, or run `wirewatch init`") -> str:
    """A text file of the user's. Raises InputError when it cannot be read."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint=hint) from None
