"""`parse`, `extract`, `match`, `group`: stages as filters, for people with archives.

All stream JSON lines in input order, in several processes with --jobs, and never hold the whole input.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.console import print_line
from cli.context import length_of, read_file, run_async, settings
from cli.exits import EXIT_SOME_FAILED, complain
from core.errors import InputError
from pipeline import filters

Jobs = Annotated[int, typer.Option(help="Worker processes; 0 = one a core.", min=0)]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Read JSON lines from standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines (the only form of this command).")]


def lines() -> Iterator[str]:
    """Standard input, a line at a time, blank ones left out."""
    return (line for line in sys.stdin if line.strip())


def emit(found: Iterator[filters.Line]) -> None:
    """Print each line as it comes; exit 1 when some failed, each named on stderr."""
    failed = False
    for line in found:
        print_line(line.values)
        if line.trouble:
            failed = True
            complain(line.trouble)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def parse(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(help="Files or addresses of feeds.")],
    as_json: AsJson = True,
    jobs: Jobs = 0,
) -> None:
    """Feed bytes in, a line of entries out for each."""
    emit(filters.parse_all(_sources(context, sources), jobs=jobs))


def extract(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Files or addresses of pages.")] = None,
    jsonl: Jsonl = False,
    as_json: AsJson = True,
    jobs: Jobs = 0,
) -> None:
    """Pages in, a line with title, text and dates out for each; a page that fails gives a line that says so."""
    if bool(sources) == jsonl:
        raise InputError("name files or addresses, or give --jsonl and lines on standard input")
    pages = filters.pages_of(lines()) if jsonl else filters.pages_of_sources(_sources(context, sources or []))
    emit(filters.extract_all(pages, jobs=jobs, seconds=settings(context).extract_seconds))


def match(
    context: typer.Context,
    rules: Annotated[Path, typer.Option(help="The watch file with the rules.")],
    jsonl: Jsonl = True,
    jobs: Jobs = 0,
) -> None:
    """Articles in (JSON lines with id, text and more), a line with the rules that match out for each."""
    emit(filters.match_all(read_file(rules), str(rules), lines(), jobs=jobs))


def group(
    jsonl: Jsonl = True,
    window: Annotated[str, typer.Option(help="How long a story stays open.")] = "72h",
) -> None:
    """Hits in (JSON lines with id, rule, title, text, published), a line with its story out for each.

    Grouping depends on what came before, so it runs in one process.
    """
    emit(filters.group_all(lines(), window=length_of(window, option="--window")))


def _sources(context: typer.Context, sources: list[str]) -> Iterator[filters.Source]:
    """Files are read, addresses fetched by the guarded client; one that fails becomes a line that says so."""
    chosen = settings(context)
    for source in sources:
        yield run_async(filters.fetch_source(source, chosen)) if "://" in source else filters.read_source(source)
