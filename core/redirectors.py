"""Links that lead through somebody else's host, and the address inside them where it can be read."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from enum import Enum

from yarl import URL


class Unwrapped(Enum):
    """What a link is when no address came out of it."""

    PLAIN = "no redirector"
    OPAQUE = "a redirector that does not say where it leads"


_HINTS = ("google", "ampproject", "bing", "facebook")  # a part of each host below; found faster than by a pattern
_GOOGLE = re.compile(r"(?:www\.)?google\.(?:com?\.)?[a-z]{2,3}", re.ASCII)
_NEWS_FOLDERS = ("/rss/articles/", "/articles/", "/read/")
_NEWS_PATH = re.compile(r"/(?:rss/)?(?:articles|read)/([\w-]+)", re.ASCII)
_URL_IN_BYTES = re.compile(rb"https?://[\x21-\x7e]+")
_AMP_CACHE = re.compile(r"/(?:wp|[acivr])(?:/s)?/(?=[^/]+\.)|/amp/(?:s/)?(?=[^/]+\.)", re.ASCII)


def unwrap_once(url: str) -> str | Unwrapped:
    """The address one layer below `url`, or what `url` is instead. Unreadable URLs count as plain."""
    low = url.lower()
    if url.isascii() and not any(hint in low for hint in _HINTS):
        return Unwrapped.PLAIN
    try:
        parsed = URL(url)
    except ValueError:
        return Unwrapped.PLAIN
    host = parsed.raw_host or ""
    for belongs, read in _REDIRECTORS:
        if belongs(host, parsed.path):
            return read(parsed) or Unwrapped.OPAQUE
    return Unwrapped.PLAIN


def _named(*names: str) -> Callable[[URL], str]:
    """Reads the address from the first of these query parameters that holds one."""

    def read(url: URL) -> str:
        return next((url.query[name] for name in names if url.query.get(name, "").startswith("http")), "")

    return read


def _google_news(url: URL) -> str:
    """Older links hold the address in a base64 message; newer ones hold a key only Google can read."""
    found = _NEWS_PATH.match(url.path)
    if not found:
        return ""
    try:
        message = base64.urlsafe_b64decode(found[1] + "==")
    except binascii.Error:
        return ""
    address = _URL_IN_BYTES.search(message)
    return address[0].decode("ascii") if address else ""


def _amp_cache(url: URL) -> str:
    """`…/c/s/example.com/a` and `google.com/amp/s/example.com/a`: the s stands for https."""
    found = _AMP_CACHE.match(url.raw_path)
    if not found:
        return ""
    scheme = "https" if "/s/" in found[0] else "http"
    query = f"?{url.raw_query_string}" if url.raw_query_string else ""
    return f"{scheme}://{url.raw_path[found.end() :]}{query}"


_REDIRECTORS: tuple[tuple[Callable[[str, str], bool], Callable[[URL], str]], ...] = (
    (lambda host, path: host == "news.google.com" and path.startswith(_NEWS_FOLDERS), _google_news),
    (lambda host, path: bool(_GOOGLE.fullmatch(host)) and path == "/url", _named("url", "q")),
    (lambda host, path: bool(_GOOGLE.fullmatch(host)) and path.startswith("/amp/"), _amp_cache),
    (lambda host, path: host.endswith(".cdn.ampproject.org"), _amp_cache),
    (lambda host, path: host == "www.bing.com" and path == "/news/apiclick.aspx", _named("url")),
    (lambda host, path: host in ("l.facebook.com", "lm.facebook.com") and path == "/l.php", _named("u")),
)
