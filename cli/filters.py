"""`parse`, `extract`, `match`, `group`: stages as filters, for people with archives.

All stream JSON lines in input order, in several processes with --jobs, and never hold the whole input. Each imports its
own stage only.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from cli.console import print_bytes
from cli.context import length_of, read_file, settings
from cli.exits import EXIT_SOME_FAILED, complain
from pipeline.filters.stream import CHUNK, batches, workers_of
from pipeline.filters.values import Given, Line

Jobs = Annotated[int, typer.Option(help="Worker processes; 0 = one a core.", min=0)]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Read JSON lines from standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines (the only form of this command).")]


def standard_input(size: int = CHUNK) -> Iterator[list[Given]]:
    """Lines of standard input, a few at a time, as they come."""
    stream = sys.stdin.buffer
    # unbuffered: a read gives what is there, and holds no lock when the program ends before its input does
    return batches(getattr(stream, "raw", stream), size)


def emit(found: Generator[Line, None, None]) -> None:
    """Print each line as it comes; exit 1 when some failed, each named on stderr."""
    failed = False
    with closing(found):
        for line in found:
            print_bytes(line.written)
            if line.trouble:
                failed = True
                complain(line.trouble)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def check_sources(sources: Sequence[str] | None, jsonl: bool) -> None:
    """Refuse, as a wrong use of the command, both ways of giving input, and neither."""
    if bool(sources) == jsonl:
        raise typer.BadParameter(
            "name files or addresses, or give --jsonl and lines on standard input", param_hint="sources"
        )


def parse(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Files or addresses of feeds.")] = None,
    jsonl: Jsonl = False,
    as_json: AsJson = True,
    jobs: Jobs = 0,
) -> None:
    """Feed bytes in, a line of entries out for each; --jsonl reads lines with id, url and feed (or path)."""
    from pipeline.filters.feeds import feeds_of_lines, parse_all
    from pipeline.filters.sources import sources as sources_of

    check_sources(sources, jsonl)
    size = CHUNK * workers_of(jobs)
    feeds = feeds_of_lines(standard_input(size)) if jsonl else sources_of(sources or [], settings(context), size)
    emit(parse_all(feeds, jobs=jobs))


def extract(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Files or addresses of pages.")] = None,
    jsonl: Jsonl = False,
    as_json: AsJson = True,
    jobs: Jobs = 0,
) -> None:
    """Pages in, a line with title, text and dates out for each; a page that fails gives a line that says so."""
    from pipeline.filters.pages import extract_all, pages_of_lines, pages_of_sources
    from pipeline.filters.sources import sources as sources_of

    check_sources(sources, jsonl)
    chosen = settings(context)
    if jsonl:
        pages = pages_of_lines(chain.from_iterable(standard_input()))
    else:
        pages = pages_of_sources(sources_of(sources or [], chosen))
    emit(extract_all(pages, jobs=jobs, seconds=chosen.extract_seconds))


def match(
    context: typer.Context,
    rules: Annotated[Path, typer.Option(help="The watch file with the rules.")],
    jsonl: Jsonl = True,
    as_json: AsJson = True,
    jobs: Jobs = 0,
) -> None:
    """Articles in (JSON lines with id, text and more), a line with the rules that match out for each."""
    from pipeline.filters.matches import match_all

    emit(match_all(read_file(rules), str(rules), standard_input(), jobs=jobs))


def group(
    jsonl: Jsonl = True,
    window: Annotated[str, typer.Option(help="How long a story stays open.")] = "72h",
    as_json: AsJson = True,
    jobs: Jobs = 0,
) -> None:
    """Hits in (JSON lines with id, rule, title, text, published), a line with its story out for each.

    Give them in the order of time: what a hit belongs to depends on what came before it.
    """
    from pipeline.filters.stories import group_all

    emit(group_all(standard_input(), window=length_of(window, option="--window"), jobs=jobs))
