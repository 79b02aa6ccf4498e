"""What commands print: tables for people, one JSON document or JSON lines for scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def out() -> Console:
    """Standard output: colours and widths on a terminal only, and none with NO_COLOR."""
    return Console(file=sys.stdout, soft_wrap=not sys.stdout.isatty(), highlight=False)


def page_of(width: int) -> Console:
    """Standard output for running text: wrapped at the terminal's width, or at `width` where there is none."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else width, highlight=False)


def is_terminal() -> bool:
    """Whether somebody is watching."""
    return sys.stdout.isatty() and not os.environ.get("CI")


def plain(value: Any) -> Any:
    """A value as JSON has it: times in UTC, ISO 8601 with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def print_json(value: Any) -> None:
    """One JSON document."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=2))


def print_line(value: Any) -> None:
    """One JSON object on a line of its own, at once."""
    print(json.dumps(plain(value), ensure_ascii=False), flush=True)


def print_rows(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str = "none"
) -> None:
    """A list: a table of these columns for people, or every key of every row as JSON lines."""
    if as_json:
        for row in rows:
            print_line(row)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    count = 0
    for row in rows:
        count += 1
        table.add_row(*(Text(shown(row.get(column))) for column in columns))
    out().print(table if count else empty)


def shown(value: Any) -> str:
    """A cell's text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(shown(one) for one in value)
    return str(value)
