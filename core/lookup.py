"""A question to the index of stored articles' words: it may find too many articles, never one too few.

`rules.lookup` makes the questions, `storage.lookup` answers them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One of these keys is in the article's; `prefix`: one that begins so."""

    keys: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of the parts."""

    parts: tuple[Query, ...]


Query = Word | Every | Some


def every(*parts: Query | None) -> Query | None:
    """All of these; None, which asks for nothing, is left out."""
    asked = tuple(dict.fromkeys(part for part in parts if part is not None))
    return Every(asked) if len(asked) > 1 else asked[0] if asked else None


def some(*parts: Query | None) -> Query | None:
    """Any of these; None when one of them asks for nothing: then every article will do."""
    asked = tuple(dict.fromkeys(part for part in parts if part is not None))
    if len(asked) < len(set(parts)) or not asked:
        return None
    return Some(asked) if len(asked) > 1 else asked[0]
