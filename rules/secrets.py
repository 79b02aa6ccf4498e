"""`${NAME}` in the watch file: a secret that stands elsewhere, put in when the file is loaded.

`$${NAME}` stays the text `${NAME}`. Secrets are read only where the table below says; elsewhere `${` is plain text.
Wirewatch's own settings are none: whoever could have one sent to a server of theirs could sign in with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from core.errors import InputError

HINT = "set it in the environment, in .env or as a file in the secrets folder"
OWN = "WIREWATCH_"  # our settings' names begin so, in capitals or not
_PLACES = {
    "channels": frozenset({"url", "host", "user", "password", "from", "to"}),
    "feeds": frozenset({"url", "sitemap", "page", "headers"}),
    "sites": frozenset({"headers"}),
}
_PLACE = re.compile(r"(\$?)\$\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def holds_secrets(path: Sequence[str | int]) -> bool:
    """May the value at this path of the file be a secret (or hold one)?"""
    return len(path) >= 3 and path[2] in _PLACES.get(str(path[0]), ())


def names_any(value: str) -> bool:
    """Would anything of `value` be taken for a secret?"""
    return "${" in value


def fault(value: str, env: Mapping[str, str] | None) -> str:
    """What keeps `value` from being expanded, in words that hold no secret; "" when nothing does.

    `env` None: what can be said of it without the secrets.
    """
    for found in _PLACE.finditer(value):
        if found[1]:
            continue
        if not _NAME.fullmatch(found[2]):
            return "between ${ and } stands a name of letters, digits and _; a plain ${ is written $${"
        if found[2].upper().startswith(OWN):
            return f"{found[2]} is a setting of wirewatch, and no secret of the watch file"
        if env is not None and not env.get(found[2]):
            return f"the secret {found[2]} is not set"
    return ""


def expand(value: str, env: Mapping[str, str]) -> str:
    """`value` with its secrets put in: as they are, but percent-encoded in a URL's user, password and query.

    A value that is nothing but `${NAME}` is taken as it is, so that it can be a whole URL. Raises InputError for a
    secret that is not set (or empty).
    """
    problem = fault(value, env)
    if problem:
        raise InputError(problem, hint=HINT)
    ranges = _encoded_ranges(value)

    def put_in(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        encoded = any(start <= found.start() < end for start, end in ranges)
        return quote(env[found[2]], safe="") if encoded else env[found[2]]

    return _PLACE.sub(put_in, value)


def _encoded_ranges(value: str) -> tuple[tuple[int, int], ...]:
    """Where in a URL a secret is percent-encoded: before the @ of its host, and between ? and #."""
    scheme = _URL.match(value)
    if not scheme:
        return ()
    host_end = min((at for at in (value.find(mark, scheme.end()) for mark in "/?#") if at >= 0), default=len(value))
    fragment = value.find("#", scheme.end())
    end = fragment if fragment >= 0 else len(value)
    query = value.find("?", scheme.end(), end)
    return (scheme.end(), value.rfind("@", scheme.end(), host_end)), (query if query >= 0 else end, end)


Faults = list[tuple[tuple[str | int, ...], str]]


def expanded(values: Any, env: Mapping[str, str] | None) -> tuple[Any, Faults]:
    """A copy of a whole file's values with its secrets put in; and, by path, what could not be and stays as written.

    `env` None: all of it stays as written.
    """
    faults: Faults = []
    return _expanded(values, env, (), faults), faults


def _expanded(value: Any, env: Mapping[str, str] | None, path: tuple[str | int, ...], faults: Faults) -> Any:
    if isinstance(value, dict):
        return {key: _expanded(part, env, (*path, key), faults) for key, part in value.items()}
    if isinstance(value, list):
        return [_expanded(part, env, (*path, index), faults) for index, part in enumerate(value)]
    if not isinstance(value, str) or not names_any(value) or not holds_secrets(path):
        return value
    problem = fault(value, env)
    if problem:
        faults.append((path, problem))
    return value if problem or env is None else expand(value, env)
