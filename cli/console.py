"""What commands print: tables for people, one JSON document or JSON lines for scripts."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.jsontext import json_of

PIPED_WIDTH = 100_000  # columns: no cell is wrapped
WHOLE = frozenset({"id", "at", "made", "seen", "first_seen", "last", "state", "kind", "stage", "revision"})  # unbroken


def noun(text: str) -> typer.Typer:
    """The group of a noun's verbs."""
    return typer.Typer(help=text, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def out() -> Console:
    """Standard output: colours and widths on a terminal only, and none with NO_COLOR."""
    return Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty(), highlight=False, emoji=False)


def page_of(width: int) -> Console:
    """Standard output for running text: wrapped at the terminal's width, or at `width` where there is none."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else width, highlight=False, emoji=False)


def program() -> str:
    """How this program is called again from here: by its name where the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    if called.name != "wirewatch" or shutil.which("wirewatch"):
        return "wirewatch"
    return min(os.path.relpath(called), str(called.absolute()), key=len)


def json_alone(as_json: bool) -> AbstractContextManager[object]:
    """While this holds, what terminal:// prints goes to stderr when standard output is JSON."""
    return redirect_stdout(sys.stderr) if as_json else nullcontext()


def is_terminal() -> bool:
    """Whether somebody is watching."""
    return sys.stdout.isatty() and not os.environ.get("CI")


def print_json(value: Any) -> None:
    """One JSON document."""
    _print(json_of(value, indent=2))


def print_line(value: Any) -> None:
    """One JSON object on a line of its own, at once."""
    _print(json_of(value))
    sys.stdout.flush()


def print_bytes(line: bytes) -> None:
    """A line that is made already, at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _print(document: str) -> None:
    try:
        document.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a lone surrogate of the input, or a terminal that knows few letters
        document = json.dumps(json.loads(document), ensure_ascii=True)
    print(document)


def print_rows(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str = "none"
) -> None:
    """A list: every key of every row as JSON lines; or for people a table of these columns, without the empty ones."""
    if as_json:
        for row in rows:
            print_line(row)
        return
    cells = [{column: shown(row.get(column)) for column in columns} for row in rows]
    filled = [column for column in columns if any(row[column] for row in cells)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in filled:
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column in WHOLE)
    for row in cells:
        table.add_row(*(Text(row[column]) for column in filled))
    print_table(table, empty=empty)


def none_of(things: str, *filters: object) -> str:
    """What an empty list says: that there is nothing yet, or that nothing fits the filters that are set."""
    return f"no {things} fit the filters" if any(filters) else f"no {things} yet"


def print_table(table: Table, *, empty: str) -> None:
    """A table, as wide as the terminal; a line a row, whatever its length, where somebody else reads it."""
    if not table.row_count:
        out().print(empty)
    elif sys.stdout.isatty():
        out().print(table)
    else:
        with (
            console := Console(file=sys.stdout, width=PIPED_WIDTH, highlight=False, emoji=False)
        ).capture() as capture:
            console.print(table)
        for line in capture.get().splitlines():
            print(line.rstrip())


def shown(value: Any) -> str:
    """A cell's text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(shown(one) for one in value)
    return str(value)
