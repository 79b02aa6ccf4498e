"""`evidence`: what proves a story, as a WARC file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import uuid4

import typer

from cli.console import out, print_json
from cli.context import database
from cli.exits import EXIT_SOME_FAILED, complain
from core.clock import SystemClock
from core.errors import InputError
from pipeline import warc
from pipeline.evidence import story_of

STANDARD_OUTPUT = "-"


def evidence(
    context: typer.Context,
    which: Annotated[int, typer.Argument(metavar="STORY", help="A story's id.")],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="FILE", help="Where to; - is standard output. [story-N.warc.gz]")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Put it in the place of a file that is there.")] = False,
    recipients: Annotated[
        bool, typer.Option("--recipients", help="With the addresses that alerts went to, which else are numbers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a sentence.")] = False,
) -> None:
    """Write all pages of a story's articles, their texts and hits, and what was told, as a WARC 1.1 file.

    Exit code 1 when pages are missing: they are named, and the rest is written.
    """
    if output == STANDARD_OUTPUT and as_json:
        raise InputError("--json and -o -: standard output is for one of them", hint="name a file")
    own = f"story-{which}.warc.gz"
    name = output or own
    now = SystemClock().now()
    with database(context) as db:
        db.read_now(lambda session: story_of(session, which))  # before a file is begun
        with _place(name, force=force) as file:
            done = warc.write(
                db,
                which,
                file,
                now=now,
                name=own if name == STANDARD_OUTPUT else Path(name).name,
                recipients=recipients,
                gzip=not name.endswith(".warc"),
            )
    for url, why in done.missing:
        complain(f"{url}: {why}")
    if as_json:
        missing = [{"article": url, "why": why} for url, why in done.missing]
        print_json({"file": name, "articles": done.articles, "pages": done.pages, "missing": missing})
    elif name != STANDARD_OUTPUT:
        out().print(f"{name}: {done.pages} pages of {done.articles} articles", markup=False)
    if done.missing:
        raise typer.Exit(EXIT_SOME_FAILED)


@contextmanager
def _place(name: str, *, force: bool) -> Iterator[BinaryIO]:
    """The file to write to: beside its place, and moved there when it is whole. Raises InputError when one is there."""
    if name == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    path = Path(name)
    _refuse(path, force=force)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refuse(path, force=force)
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _refuse(path: Path, *, force: bool) -> None:
    if path.is_dir() or (path.exists() and not force):
        raise InputError(f"{path} is already there", hint="name another file, or say --force")
