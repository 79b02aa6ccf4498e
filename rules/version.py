"""What a compiled index depends on beside the rules: this program's rules package and the interpreter."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rules.document import ANALYSER_VERSION

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_KINDS = (".py", ".txt", ".json", ".yaml")


@cache
def version() -> str:
    """Changes whenever the code or the data of this package change, the analyser, or Python. Costs a few ms, once."""
    found = hashlib.sha256(f"{ANALYSER_VERSION} {sys.version}".encode())
    for name, file in sorted(_files(resources.files("rules"), "")):
        found.update(name.encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(_KINDS):
            yield path + entry.name, entry
