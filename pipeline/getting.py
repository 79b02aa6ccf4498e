"""What is asked for a feed, with the secrets that its owner is to get; and its answer, without them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from core.urls import origin_of, same_site
from fetching.answers import Answer, Ask, Failed
from pipeline.app import App
from pipeline.further import UNKNOWN, Known
from rules.secrets import expand
from storage.tables import Feed

_PLACE = re.compile(r"\$\{([^{}]*)\}")
_SECRET = re.compile(r"\$\{(\w+)\}")


def further_ask(app: App, feed: Feed, address: str, found_at: str, known: Known = UNKNOWN) -> Ask:
    """The request for a further document: headers and secrets go to the feed's own scheme and host only."""
    of_feed, own = ask(app, feed), own_secrets(feed, app.secrets)
    trusted = origin_of(address) == origin_of(found_at) == origin_of(of_feed.url)
    return Ask(
        url=_filled(address, own) if trusted else address,
        etag="" if feed.plain_next else known.etag,
        last_modified="" if feed.plain_next else known.last_modified,
        validators_for=_filled(known.url, own),
        headers=of_feed.headers if trusted else {},
        patience=app.patience,
    )


def _with_own(feed: Feed, address: str, own: Mapping[str, str]) -> str:
    """The address as the watch file has it, or where a server said that the feed is. Raises InputError for a secret
    that the first lacks; what the second names is a stranger's.
    """
    if address != feed.config_url:
        address = _PLACE.sub(lambda found: found[0] if found[1] in own else f"${found[0]}", address)
    return expand(address, own)


def _filled(address: str, own: Mapping[str, str]) -> str:
    """With this feed's own secrets in it; another `${NAME}` is a stranger's, and stands for itself."""
    for name, secret in own.items():
        for spelled in (f"${{{name}}}", f"$%7B{name}%7D"):
            address = address.replace(spelled, quote(secret, safe=""))
    return address


def own_secrets(feed: Feed, secrets: Mapping[str, str]) -> Mapping[str, str]:
    """The secrets that the watch file puts into this feed's address: no other may get there, whatever servers say."""
    return {name: secrets[name] for name in _SECRET.findall(feed.config_url) if secrets.get(name)}


def as_written(answer: Answer, secrets: Mapping[str, str]) -> Answer:
    """The answer with `${NAME}` in its addresses again: they are kept, and secrets are not."""
    if isinstance(answer, Failed):
        return answer
    return replace(answer, url=hidden(answer.url, secrets), moved_to=hidden(answer.moved_to, secrets))


def hidden(url: str, secrets: Mapping[str, str]) -> str:
    """An address with `${NAME}` for each secret in it."""
    for name, secret in secrets.items():
        for spelled in (quote(secret, safe=""), secret):
            url = url.replace(spelled, f"${{{name}}}")
    return url


def links_of(app: App, feed: Feed) -> str:
    """The selector of a page's links; empty for what is a feed by itself."""
    configured = app.active.feeds.get(feed.config_url)
    return configured.links if configured and feed.kind == "page" else ""


def ask(app: App, feed: Feed) -> Ask:
    """The request: validators verbatim and only to the address that gave them, headers from the watch file.

    A feed that has moved to another site gets none: its owner was meant, and a redirect can lead to anybody.
    """
    own = own_secrets(feed, app.secrets)
    url = _with_own(feed, feed.fetch_url, own)
    configured = app.active.feeds.get(feed.config_url)
    headers = configured.headers if configured and same_site(expand(feed.config_url, own), url) else {}
    return Ask(
        url=url,
        etag="" if feed.plain_next else feed.etag,
        last_modified="" if feed.plain_next else feed.last_modified,
        validators_for=_with_own(feed, feed.validators_url, own),
        headers={name: expand(value, app.secrets) for name, value in headers.items()},
        patience=app.patience,
    )
