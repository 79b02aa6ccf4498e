"""`users …`: who signs in on the page under a name of their own, and the tokens of their programs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli.console import noun, out, print_rows
from cli.context import database, standard_input
from core.clock import SystemClock
from core.errors import InputError
from pipeline import people as changes
from storage import people

app = noun("Who signs in on the page, and the tokens of their programs.")
Name = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


def _password(from_stdin: bool) -> str:
    """Asked for twice, or all of standard input without its line end; an argument would stand in shells' histories."""
    if from_stdin:
        return standard_input().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InputError("nobody is there to ask for the password", hint="give it on standard input: --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


@app.command()
def add(context: typer.Context, name: Name, password_stdin: FromStdin = False) -> None:
    """Let somebody in under a name and password of their own."""
    stored, now = changes.fresh(_password(password_stdin)), SystemClock().now()
    with database(context) as db:
        db.write_now(lambda session: changes.add(session, name, stored, now=now))
    out().print(f"{name} can sign in", markup=False)


@app.command()
def password(context: typer.Context, name: Name, password_stdin: FromStdin = False) -> None:
    """Give somebody another password; whoever is signed in under the name has to sign in again."""
    stored = changes.fresh(_password(password_stdin))
    with database(context) as db:
        db.write_now(lambda session: changes.change_password(session, name, stored))
    out().print(f"{name} has another password", markup=False)


@app.command(name="list")
def list_users(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines instead of a table.")] = False,
) -> None:
    """List everybody, with the names of their tokens, which of those only read, and when one was last used."""
    with database(context) as db:
        rows, tokens = db.read_now(people.listing), db.read_now(people.tokens)
    owned = {person.id: [token for token, owner in tokens if owner.id == person.id] for person in rows}
    print_rows(
        (
            {
                "name": person.name,
                "made": person.made_at,
                "ended": person.ended_at,
                "tokens": [one.name for one in owned[person.id]],
                "read_only": [one.name for one in owned[person.id] if one.read_only],
                "last_used": max((one.last_used_at for one in owned[person.id] if one.last_used_at), default=None),
            }
            for person in rows
        ),
        ("name", "made", "ended", "tokens", "read_only", "last_used"),
        as_json=as_json,
        empty="no users: the page is open to this machine, or to whoever has WIREWATCH_PASSWORD",
    )


@app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Let nobody in under this name any more; its tokens are gone. What was done under it keeps it."""
    now = SystemClock().now()
    with database(context) as db:
        db.write_now(lambda session: changes.remove(session, name, now=now))
    out().print(f"{name} cannot sign in any more", markup=False)


@app.command()
def token(
    context: typer.Context,
    name: Name,
    program: Annotated[str, typer.Option("--name", help="The program that will use it.")] = "api",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For a program that only reads: Prometheus, a dashboard.")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Let nobody in by it any more.")] = False,
) -> None:
    """Make a token for a user's program and print it: once, since only its hash is kept. Or revoke one."""
    now = SystemClock().now()
    with database(context) as db:
        if revoke:
            db.write_now(lambda session: changes.revoke_token(session, name, program))
            out().print(f"token {program} of {name} opens nothing any more", markup=False)
            return
        made = db.write_now(lambda session: changes.make_token(session, name, program, now=now, read_only=read_only))
    typer.echo(made)
