"""`/rules/{id}/feed.atom?token=…`: a rule's stories as an Atom feed (RFC 4287), for feed readers.

Readers keep no cookies, so the token stands in the address: made of the rule's id with the signing key, it opens this
rule's feed and nothing else, until the key is changed. Written with the standard library: docs/decisions.md says why.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from alerts.inert import safe_link
from core.clock import SystemClock
from core.errors import ConfigError, Damaged
from storage import configs, hits, meta, stories
from storage.engine import Database
from storage.tables import Article, Hit, Story
from web.entrance import is_over_tls
from web.rulebook import Rulebook
from web.text import plain_xml

ATOM = "http://www.w3.org/2005/Atom"
SHOWN = 50
ROWS = 20  # of a story's hits that an entry is made of
BEGAN = datetime(1970, 1, 1, tzinfo=UTC)  # a feed without entries has to have been updated, too


@dataclass(frozen=True, slots=True)
class Item:
    """A story as a feed tells it: by what is neither withdrawn nor "not this". `passages` are its first sentences that
    matched.
    """

    id: int
    title: str
    updated: datetime
    published: datetime
    source: str
    url: str
    passages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleFeed:
    """All that the feed shows."""

    rule: str
    installation: str
    items: tuple[Item, ...]


def token(key: str, rule_id: str) -> str:
    """What opens the feed of this rule."""
    return hmac.new(key.encode(), f"wirewatch.atom:{rule_id}".encode(), hashlib.sha256).hexdigest()[:40]


def path(key: str, rule_id: str) -> str:
    """Where the feed of this rule is."""
    return f"/rules/{quote(rule_id, safe='')}/feed.atom?{urlencode({'token': token(key, rule_id)})}"


def router(db: Database, key: str, book: Rulebook) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get("/rules/{rule_id}/feed.atom")
    async def feed(request: Request, rule_id: str) -> Response:
        given = request.query_params.get("token", "")
        if not hmac.compare_digest(given.encode(), token(key, rule_id).encode()):
            return Response("this address is not valid", 404, media_type="text/plain")
        installation = await db.read(meta.known_installation) or await db.write(meta.installation)
        found = await db.read(lambda session: gather(session, rule_id, installation, SystemClock().now()))
        if found is None:
            return Response("this rule is not in use any more", 410, media_type="text/plain")
        base = await _public_url(book) or _base(request)
        headers = {"cache-control": "private, max-age=60"}
        return Response(written(found, base), media_type="application/atom+xml", headers=headers)

    return routes


async def _public_url(book: Rulebook) -> str:
    """Where people reach the page, as the active revision says, with a slash at its end; "" when it says nothing."""
    try:
        _, watch = await book.active()
    except (ConfigError, Damaged):  # made for another version, or damaged
        return ""
    url = watch.settings.public_url
    return f"{url.rstrip('/')}/" if url else ""


def _base(request: Request) -> str:
    """This site as it was asked for, by TLS where a proxy was."""
    over_tls = is_over_tls(request.url.scheme, request.headers)
    return str(request.base_url.replace(scheme="https") if over_tls else request.base_url)


def gather(session: Session, rule_id: str, installation: str, now: datetime) -> RuleFeed | None:
    """The newest stories of a rule, by what of them stands; None when there is no such rule."""
    if rule_id not in configs.rule_states(session, [rule_id]):
        return None
    rows = stories.listing(session, now, rule=rule_id, standing=True, limit=SHOWN)
    told = hits.that_stand(session, rows, ROWS)
    items = tuple(_item(row, told[row.id or 0]) for row in rows if row.id in told)
    return RuleFeed(rule_id, installation, items)


def _item(row: Story, told: Sequence[tuple[Hit, Article]]) -> Item:
    first = told[0][1]
    title = row.title if first.id == row.first_article_id else first.title or first.feed_title
    passages = [str(one["sentence"]) for hit, _ in told for one in hit.sentences if one["field"] != "title"]
    return Item(
        id=row.id or 0,
        title=title or "(without a title)",
        updated=row.last_hit_at,
        published=row.first_hit_at,
        source=first.source,
        url=safe_link(first.url),
        passages=tuple(passages[:3]),
    )


def written(feed: RuleFeed, base: str) -> bytes:
    """The feed as a document. `base` is this site's own address."""
    ET.register_namespace("", ATOM)
    root = ET.Element(f"{{{ATOM}}}feed")
    own = f"urn:wirewatch:{feed.installation}:rule:{quote(feed.rule, safe='')}"
    _add(root, "id", own)
    _add(root, "title", f"{feed.rule} · wirewatch")
    _add(root, "updated", max((one.updated for one in feed.items), default=BEGAN).isoformat())
    _add(_add(root, "author"), "name", "wirewatch")
    _add(root, "link", rel="alternate", href=f"{base}?{urlencode({'rule': feed.rule})}")
    for one in feed.items:
        entry = _add(root, "entry")
        _add(entry, "id", f"urn:wirewatch:{feed.installation}:story:{one.id}")
        _add(entry, "title", one.title)
        _add(entry, "updated", one.updated.isoformat())
        _add(entry, "published", one.published.isoformat())
        _add(entry, "link", rel="alternate", href=f"{base}stories/{one.id}")
        if one.url:
            _add(entry, "link", rel="related", href=one.url)
        if one.source:
            _add(_add(entry, "author"), "name", one.source)
        if one.passages:
            _add(entry, "summary", "\n".join(one.passages), type="text")
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add(to: ET.Element, name: str, value: str = "", **attributes: str) -> ET.Element:
    kept = {key: plain_xml(text) for key, text in attributes.items()}
    made = ET.SubElement(to, f"{{{ATOM}}}{name}", kept)
    made.text = plain_xml(value) or None
    return made
