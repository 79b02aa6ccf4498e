"""What a person names → the sources of pages in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, unquote

from core.errors import InputError

SNAPSHOTS = "snapshots"  # the word that names the stored ones; a folder of that name is ./snapshots
WARC = (".warc", ".warc.gz")
PAGES = (".html", ".htm", ".xhtml")


class Kind(StrEnum):
    """What a source is made of."""

    WARC = "warc"
    PAGES = "pages"
    SNAPSHOTS = "snapshots"


@dataclass(frozen=True, slots=True)
class Source:
    """A WARC file, a folder of pages (or one page), or the stored snapshots. `name` is an absolute path or the word.

    `identity` is another one when the source changed: paths, sizes and times of change.
    """

    kind: Kind
    name: str
    identity: str


def sources_of(given: Sequence[str]) -> list[Source]:
    """The sources in what was named, each once: a folder holds WARC files, pages, or both, at any depth.

    Raises InputError for what is not there or holds nothing of the kind.
    """
    if not given:
        raise InputError("no archive was named", hint=f"name WARC files, folders of pages, or {SNAPSHOTS}")
    found: dict[str, Source] = {}
    for name in given:
        for source in _in(name):
            found.setdefault(f"{source.kind}:{source.name}", source)
    return list(found.values())


def _in(name: str) -> Iterator[Source]:
    if name == SNAPSHOTS:
        yield Source(Kind.SNAPSHOTS, SNAPSHOTS, SNAPSHOTS)
        return
    path = Path(name).absolute()
    if not path.exists():
        raise InputError(f"{name}: there is no such file or folder", hint=f"or write {SNAPSHOTS} for what is stored")
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file())
        warcs = [one for one in files if one.name.lower().endswith(WARC)]
        pages = [one for one in files if one.name.lower().endswith(PAGES)]
        if not warcs and not pages:
            raise InputError(f"{name}: no WARC file and no page in it", hint=f"they end in {', '.join(WARC + PAGES)}")
    else:
        warcs = [path] if path.name.lower().endswith(WARC) else []
        pages = [path] if path.name.lower().endswith(PAGES) else []
        if not warcs and not pages:
            raise InputError(f"{name}: neither a WARC file nor a page", hint=f"they end in {', '.join(WARC + PAGES)}")
    for one in warcs:
        yield Source(Kind.WARC, _name(one), _identity([one]))
    if pages:
        yield Source(Kind.PAGES, _name(path), _identity(pages))


def _name(path: Path) -> str:
    name = str(path)
    if not name.isprintable():  # bytes that are no text are not, either
        raise InputError(f"{name!r}: such a name cannot be stored", hint="rename it")
    return name


def pages_in(source: str) -> list[str]:
    """The pages of a source of pages, in order: paths below it, or "" for one that is itself the page.

    As in a URL: names on a disk may be no text, and these are stored.
    """
    root = Path(source)
    if root.is_file():
        return [""]
    found = (one for one in root.rglob("*") if one.name.lower().endswith(PAGES) and one.is_file())
    return sorted(quote(str(one.relative_to(root)), safe="/ ", errors="surrogateescape") for one in found)


def path_of(source: str, name: str) -> Path:
    """Where a page of `pages_in` lies."""
    return Path(source) / unquote(name, errors="surrogateescape") if name else Path(source)


def _identity(files: Sequence[Path]) -> str:
    made = hashlib.sha256()
    for one in files:
        stat = one.stat()
        made.update(f"{one}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return made.hexdigest()
