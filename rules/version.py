"""What a compiled index depends on beside the rules: the rules package, its libraries and the interpreter."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING

from rules.document import ANALYSER_VERSION

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_KINDS = (".py", ".txt", ".json", ".yaml")
LIBRARIES = ("babel", "google-re2", "numpy", "pydantic")  # beside the analyser's, which its version names


@cache
def version() -> str:
    """Changes whenever the code or the data of this package change, the analyser, LIBRARIES, or Python.

    Costs some 25 ms, once.
    """
    libraries = [f"{name} {metadata.version(name)}" for name in LIBRARIES]
    found = hashlib.sha256("\n".join([ANALYSER_VERSION, sys.version, *libraries]).encode())
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
