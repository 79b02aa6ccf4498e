"""The names that stay the same when an alert is made or sent again: after a crash, a retry, a restored backup."""

from __future__ import annotations

from hashlib import sha256

from alerts.message import Kind


def alert_id(rule: str, first_article: str, kind: Kind, ordinal: int = 0) -> str:
    """The alert that `rule` owes for the story begun by the article with the key `first_article`: 64 hex digits.

    `ordinal` tells several of one kind apart (`policy.Owed.ordinal`); for a digest, `first_article` is its due time.
    """
    return _digest("alert", rule, first_article, kind, str(ordinal))


def delivery_key(installation: str, alert: str, target: str) -> str:
    """The idempotency key of one alert to one target from this installation: 64 hex digits, unique in the outbox."""
    return _digest("delivery", installation, alert, target)


def _digest(*parts: str) -> str:
    """SHA-256 of the parts, each with its length before it, so that ("a", "bc") and ("ab", "c") differ."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()
