"""`db …`: the database: its schema, backups of it, and whether it is whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import noun, out, print_json, print_line, print_rows
from cli.context import database, settings
from cli.exits import EXIT_SOME_FAILED
from core.clock import SystemClock
from pipeline.backup import back_up
from pipeline.bootstrap import upgrade
from pipeline.check import check_database
from pipeline.restore import Done
from pipeline.restore import restore as put_back
from storage.backup import Facts
from storage.sizes import Size, sizes

app = noun("The database: its schema, backups, and whether it is whole.")
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of lines.")]
Logs = Annotated[
    list[Path] | None,
    typer.Option("--sent-log", metavar="FILE", help="A machine's sent.log: what was sent; may be repeated."),
]


@app.callback()
def root() -> None:
    """Options of no command."""


@app.command(name="upgrade")
def upgrade_db(context: typer.Context) -> None:
    """Bring the database to the revision this program needs. One process does; the others wait for it."""
    before, after = upgrade(settings(context))
    out().print(
        f"already at revision {after}" if before == after else f"from {before or '(empty)'} to revision {after}"
    )


@app.command(name="sizes")
def tell_sizes(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
) -> None:
    """Say how many bytes each kind of rows takes with its indexes: pages, texts, the index of words, the ledger …"""
    with database(context) as db:
        found, whole = db.read_now(sizes)
    total = sum(one.bytes for one in found)
    if as_json:
        rows = [{"what": one.kind, "rows": one.rows, "bytes": one.bytes} for one in found]
        print_json({"total": total, "with_indexes": whole, "sizes": rows})
        return
    told = [*found, Size("total", None, total)]
    table = [{"what": one.kind, "rows": one.rows, "MB": f"{one.bytes / 1e6:.1f}"} for one in told]
    print_rows(table, ("what", "rows", "MB"), as_json=False)
    if not whole:
        out().print("the lengths of what is stored: this SQLite does not tell how its pages are used")


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; it appears when it is whole.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all that is stored into one file, while everything runs; either database can be restored from it."""
    made = back_up(settings(context), file, now=SystemClock().now(), force=force)
    row = {"file": made.path, "bytes": made.size, **_facts(made.facts)}
    if as_json:
        print_json(row)
        return
    rows = ", ".join(f"{made.facts.rows[name]:,} {words}" for name, words in _TOLD.items())
    out().print(f"{file}: {made.size / 1e6:,.1f} MB, schema {made.facts.schema}: {rows}", markup=False)
    log = settings(context).data / "sent.log"
    out().print(f"keep {log} as well, the newest there is: it says what was sent since", markup=False)


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `db backup` wrote.")],
    sent_log: Logs = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also over what is there, which is kept aside, and in use.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database; nothing is told again that was told before."""
    done = put_back(settings(context), file, logs=sent_log or [], force=force, now=SystemClock().now())
    if as_json:
        told = {"sent_log_complete": done.told_known, "sent": done.sent, "missing": done.missing, "begins": done.begins}
        aside = {"aside": done.aside, "to_schema": done.to_schema, "kept_back": done.kept_back}
        log, written = done.oldest or (None, None)
        oldest = {"oldest_log": log, "oldest_log_written": written}
        print_json({"file": file, **_facts(done.facts), **aside, **told, **oldest})
        return
    for line in _restored(file, done):
        out().print(line, markup=False)


@app.command()
def check(context: typer.Context, sent_log: Logs = None, as_json: AsJson = False) -> None:
    """Ask whether what is stored is whole and says the same everywhere: each fault, what it means and what to do."""
    found = check_database(settings(context), sent_log or [])
    if as_json:
        for one in found:
            print_line(asdict(one))
    for one in () if as_json else found:
        rows = f" {', '.join(one.rows)}{', …' if one.count > len(one.rows) else ''}" if one.rows else ""
        place = f"{one.table}{rows}" if one.table else "database"
        out().print(f"{one.fault}: {place} ({one.count:,}){': ' if one.detail else ''}{one.detail}", markup=False)
        out().print(f"  {one.means}\n  {one.do}", markup=False)
    if found:
        raise typer.Exit(EXIT_SOME_FAILED)
    if not as_json:
        out().print("the database is whole")


_TOLD = {"config": "config revisions", "feed": "feeds", "article": "articles", "hit": "hits", "delivery": "deliveries"}


def _facts(facts: Facts) -> dict[str, Any]:
    names = ("made_at", "schema", "program", "kind", "installation", "rows")
    return {name: getattr(facts, name) for name in names}


def _restored(file: Path, done: Done) -> list[str]:
    schema = "" if done.facts.schema == done.to_schema else f", upgraded from schema {done.facts.schema}"
    lines = [f"restored {file} of {done.facts.made_at:%Y-%m-%d %H:%MZ}{schema}"]
    if done.aside:
        lines.append(f"what was there before is {done.aside}")
    if done.told_known:
        lines.append(f"sent.log knows all {done.sent:,} deliveries that were sent by then: nothing is sent again")
        if done.oldest:
            log, at = done.oldest
            lines.append(
                f"{log} was last written {at:%Y-%m-%d %H:%MZ}: where its machine sent more later, it is an old copy; "
                "then start nothing yet, move it away, the data folder's too, and restore once more"
            )
        return lines
    why = f"lacks {done.missing:,} of the {done.sent:,} deliveries sent by then" if done.missing else "was not there"
    if done.begins:
        why = f"begins with the restore of {done.begins:%Y-%m-%d %H:%MZ}, which found none of before"
    return [
        *lines,
        f"sent.log {why}: what was published before now may have been told, and is kept back as `restored` "
        f"({done.kept_back:,} by now)",
        "`wirewatch alerts list` shows it; `wirewatch alerts release restored` has it told all the same, "
        "`wirewatch alerts drop restored` lays it aside",
    ]
