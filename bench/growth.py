"""`python -m bench.growth`: how much a database grows by article, by table, on both databases.

Made-up articles of made-up sites are polled, read and matched with 200 rules as in `bench.pipeline`, twice: some, then
more. The bytes between the two, tables and indexes apart, are divided by the articles between and told for 100,000.
What Prefect keeps is not in it. Snapshots of pages are: they stay for as long as the watch file says.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench import ours
from bench.outlets import outlets
from bench.pipeline import SITES, alone
from bench.servers import KINDS, databases
from bench.site import base_of, free_sockets, serving
from bench.tables import table
from bench.watching import watch_text

FEW, MANY = 150, 1_000  # articles
TOLD = 100_000
RULES = 196
_OF_SQLITE = """
SELECT coalesce(m.tbl_name, s.name), m.type = 'index', sum(s.pgsize)
    FROM dbstat s LEFT JOIN sqlite_master m ON m.name = s.name GROUP BY 1, 2"""
_OF_POSTGRESQL = """
WITH ours AS (SELECT * FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)
SELECT relname, false, pg_table_size(oid) FROM ours UNION ALL SELECT relname, true, pg_indexes_size(oid) FROM ours"""
Sizes = Mapping[str, tuple[int, int]]  # table → bytes of it and of its indexes


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes for 100,000 articles, by table: of it and of its indexes. `measured`: articles between the two looks."""

    database: str
    measured: int
    tables: Mapping[str, tuple[float, float]]

    @property
    def rows(self) -> float:
        """Of all tables, bytes."""
        return sum(one for one, _ in self.tables.values())

    @property
    def indexes(self) -> float:
        """Of all indexes, bytes."""
        return sum(one for _, one in self.tables.values())


def measure(kind: str, few: int = FEW, many: int = MANY) -> Growth:
    """Fill two databases and look at the difference."""
    with databases(kind) as fresh:
        small, fewer = _filled(kind, fresh(), few)
        large, more = _filled(kind, fresh(), many)
    articles = more - fewer
    none = (0, 0)
    tables = {
        name: tuple((new - old) * TOLD / articles for new, old in zip(sizes, small.get(name, none), strict=True))
        for name, sizes in large.items()
    }
    return Growth(kind, articles, {name: (one, other) for name, (one, other) in tables.items() if one or other})


def _filled(kind: str, url: str, count: int) -> tuple[Sizes, int]:
    """A database after so many articles and the seeds' fourteen; how large its tables are, and how many articles."""
    sockets = free_sockets(SITES)
    sites = outlets([base_of(one) for one in sockets], count, seed=count, now=datetime.now(UTC))
    pages = sum(len(site.pages) for site in sites)
    with (
        serving([(one, site.files) for one, site in zip(sockets, sites, strict=False)]),
        tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name,
    ):
        folder = Path(name)
        (folder / "watch.yaml").write_text(watch_text([site.feed for site in sites], RULES, seed=1), "utf-8")
        alone(ours.run_round, folder, url, 0, [sites[0].feed], pages - len(sites[0].pages))
        return (of_sqlite(folder / "wirewatch.db") if kind == "sqlite" else of_postgresql(url)), pages


def of_sqlite(file: Path) -> Sizes:
    """Bytes of each table and of its indexes. Raises sqlite3.OperationalError where SQLite was built without dbstat."""
    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return _sizes(connection.execute(_OF_SQLITE).fetchall())
    finally:
        connection.close()


def of_postgresql(url: str) -> Sizes:
    """Bytes of each table, with what is stored beside it, and of its indexes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM")
        return _sizes(connection.execute(_OF_POSTGRESQL).fetchall())


def _sizes(found: list[tuple[str, bool, int]]) -> Sizes:
    sizes: dict[str, tuple[int, int]] = {}
    for name, is_index, size in found:
        rows, indexes = sizes.get(name, (0, 0))
        sizes[name] = (rows, indexes + int(size)) if is_index else (rows + int(size), indexes)
    return sizes


def markdown(growths: list[Growth]) -> str:
    """MB for 100,000 articles."""
    parts = []
    for one in growths:
        largest = sorted(one.tables.items(), key=lambda pair: -sum(pair[1]))
        rows = [[name, f"{own / 1e6:.0f}", f"{indexes / 1e6:.0f}"] for name, (own, indexes) in largest[:10]]
        rows.append(["all", f"{one.rows / 1e6:.0f}", f"{one.indexes / 1e6:.0f}"])
        said = f"{one.database}, MB for {TOLD:,} articles, of {one.measured:,} measured"
        parts.append(f"{said}\n\n{table(['', 'rows', 'indexes'], rows)}")
    return "\n\n".join(parts)


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--articles", type=int, default=MANY)
    parser.add_argument("--database", choices=(*KINDS, "both"), default="both")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    kinds = KINDS if given.database == "both" else (given.database,)
    growths = [measure(kind, many=given.articles) for kind in kinds]
    print(json.dumps([asdict(one) for one in growths], indent=2) if given.json else markdown(growths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
