"""The documents name every command, and no command that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from cli.commands import PLACES
from cli.main import app
from tests.cli.desk import ROOT

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
CODE = re.compile(r"^```.*?^```|^    [^\n]*|`[^`\n]+`", re.DOTALL | re.MULTILINE)
CALL = re.compile(r"(?<![\w./-])(?:\.venv/bin/)?wirewatch(?: --\w+ \S+)* ([a-z]+)(?: ([a-z][a-z-]*[a-z])(?![\w.:/=]))?")


def commands() -> dict[str, set[str]]:
    """Each command with its verbs; a command without verbs has none."""
    root = get_command(app)
    context = typer.Context(root)
    found = {}
    for name in PLACES:
        command = root.get_command(context, name)  # type: ignore[attr-defined]
        found[name] = set(getattr(command, "commands", {}))
    return found


def calls(document: Path) -> Iterator[tuple[str, str]]:
    """The commands that a document's code names."""
    for code in CODE.findall(document.read_text(encoding="utf-8")):
        yield from CALL.findall(code)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists(document: Path) -> None:
    known = commands()
    named = set(calls(document))
    unknown = {(name, verb) for name, verb in named if name not in known or (known[name] and verb not in known[name])}
    assert unknown == set()


def test_every_command_is_named_in_a_document() -> None:
    named = {call for document in DOCUMENTS for call in calls(document)}
    names = {name for name, _ in named}
    wanted = {(name, verb) for name, verbs in commands().items() for verb in verbs}
    assert {name for name, verbs in commands().items() if not verbs} - names == set()
    assert wanted - named == set()
