"""Bytes in, one parsed tree out: the caps on size, type and depth, and the charset.

lxml stops at a depth of 256 and drops what follows without a word; libraries that do not stop are quadratic there
(50,000 nested elements: 38 s). So depth is counted in the bytes first, and lxml is asked whether it stopped.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import accumulate

from charset_normalizer import from_bytes
from lxml.etree import ElementDefaultClassLookup, ParserError
from lxml.html import HtmlElement, HTMLParser, document_fromstring
from w3lib.encoding import html_body_declared_encoding, read_bom, resolve_encoding

from core.errors import ItemFailed
from core.reasons import Reason

MAX_BYTES = 5_000_000  # trafilatura needs 23 s for 10 MB
MAX_DEPTH = 2_000  # in the bytes, where strings in scripts count too; lxml's own limit is exact
SNIFFED = 1_024  # bytes that are looked at to tell what a page is

HTML_TYPES = frozenset({"", "text/html", "application/xhtml+xml"})
VAGUE_TYPES = frozenset({"text/plain", "text/xml", "application/xml", "application/octet-stream"})

_LOOKS_LIKE_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_MEDIA = ("image/", "audio/", "video/", "font/")
_BEGINS_AS_HTML = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_MAGIC = (b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"ID3", b"OggS")
# lxml.html asks a Python function for the class of every element it meets: a tenth of all time, for its forms' sake.
_ONE_CLASS = ElementDefaultClassLookup(element=HtmlElement)
# Elements that the parser closes by itself or that hold nothing do not nest.
_NESTING = re.compile(
    rb"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
    rb"|p|li|t[rdh]|tbody|thead|tfoot|d[td]|option|html|head|body)\b)[a-z]",
    re.IGNORECASE,
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_CONTROL_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])(?!\d)|[xX]0*(?:[0-8bBcCeEfF]|1[\da-fA-F]|[fF]{3}[eEfF])(?![\da-fA-F]));?"
    rb"|\xef\xbf[\xbe\xbf]"
)
_STEP = {b"": 1, b"/": -1}
# Bytes below 0x80 mean other things in these than in ASCII: their pages look like UTF-8 and are not.
_ESCAPING = ("iso2022", "hz", "utf-16", "utf-32")
_SERVER_DEFAULTS = ("cp1252", "iso8859-1", "ascii")  # sent by servers that do not know
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_SLIP = re.compile("[\udc80-\udcff]")
_TAG = re.compile(rb"<[^>]*>")
_ENOUGH_TO_GUESS = 30  # bytes beyond ASCII; a guess costs some 50 ms and fewer say nothing
_BROKEN_SHARE = 0.05  # of the bytes beyond ASCII: above it, a text is not UTF-8 with slips


@dataclass(frozen=True, slots=True)
class Page:
    """A page that can be read: a tree, or plain text. `too_deep`: the tree ends where the limit was met."""

    tree: HtmlElement | None
    plain: str = ""
    too_deep: bool = False


def open_page(body: bytes, *, url: str, content_type: str = "", charset: str = "") -> Page:
    """Decode and parse; raises ItemFailed: TOO_BIG, WRONG_TYPE, TOO_DEEP, or NO_BODY for an empty page."""
    if len(body) > MAX_BYTES:
        raise ItemFailed(url, Reason.TOO_BIG, f"{len(body)} bytes, the limit is {MAX_BYTES}")
    if not body.strip():
        raise ItemFailed(url, Reason.NO_BODY, "empty")
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.partition(",")[0]  # two headers that somebody joined
    charset = charset or parameters.rpartition("charset=")[2].strip(" \"';")
    if _is_binary(body, charset):
        raise ItemFailed(url, Reason.WRONG_TYPE, f"{media_type or 'no type given'}, but not text")
    unicode = to_utf8(body, charset)
    if not _is_html(unicode, media_type.strip(), url):
        return Page(None, unicode.decode("utf-8"))
    if nesting(unicode) > MAX_DEPTH:
        raise ItemFailed(url, Reason.TOO_DEEP, f"more than {MAX_DEPTH}")
    return _parse(unicode, url)


def _is_binary(body: bytes, charset: str) -> bool:
    if body.startswith(_MAGIC):
        return True
    wide = read_bom(body)[0] or charset.lower().startswith(("utf-16", "utf-32"))
    return b"\0" in body[:SNIFFED] and not wide


def _is_html(unicode: bytes, media_type: str, url: str) -> bool:
    """True for HTML, False for plain text; raises ItemFailed for a type that is neither."""
    if media_type in HTML_TYPES:
        return True
    if media_type in VAGUE_TYPES and _LOOKS_LIKE_HTML.search(unicode[:SNIFFED]):
        return True
    if not media_type.startswith(_MEDIA) and _BEGINS_AS_HTML.match(unicode):  # of a type that somebody made up
        return True
    if media_type == "text/plain":
        return False
    raise ItemFailed(url, Reason.WRONG_TYPE, media_type)


def _parse(unicode: bytes, url: str) -> Page:
    parser = HTMLParser(collect_ids=False, encoding="utf-8", remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(_ONE_CLASS)
    try:
        tree = document_fromstring(_without_controls(unicode), parser=parser)
    except (ParserError, ValueError) as error:
        raise ItemFailed(url, Reason.NO_BODY, str(error)) from None
    last = parser.error_log.last_error
    return Page(tree, too_deep=last is not None and last.type_name == "ERR_RESOURCE_LIMIT")


def _without_controls(unicode: bytes) -> bytes:
    """One control character in a tree, even one written as `&#1;`, and trafilatura gives up the whole page."""
    return _CONTROL_REFERENCE.sub(b"", unicode.translate(None, _CONTROLS))


def nesting(page: bytes) -> int:
    """How deep elements nest at most, from one linear scan of the bytes: never too low."""
    opened = page.count(b"<") - page.count(b"</")
    if opened <= MAX_DEPTH:  # most pages, in a tenth of the time
        return opened
    depths = list(accumulate(map(_STEP.__getitem__, _NESTING.findall(page)), initial=0))
    if max(depths) - min(depths) <= MAX_DEPTH:
        return max(depths) - min(depths)
    return max(depth - low for depth, low in zip(depths, accumulate(depths, min), strict=True))


# -- charset


def to_utf8(body: bytes, declared: str = "") -> bytes:
    """The page in UTF-8. `declared` is the answer's header; pages and servers lie, so the bytes have the last word.

    Order: byte order mark; a declared charset that escapes; UTF-8 if it is; UTF-8 with slips; what is declared, by the
    page rather than by a server's default; a guess; windows-1252.
    """
    bom, mark = read_bom(body)
    if bom and mark:
        return _recoded(body[len(mark) :], bom)
    charset = _declared(body, declared)
    if charset.startswith(_ESCAPING):
        return _recoded(body, charset)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _from_something_else(body, charset)
    return body


def _declared(body: bytes, header: str) -> str:
    by_server = resolve_encoding(header) or "" if header else ""
    if by_server and by_server not in _SERVER_DEFAULTS:
        return by_server
    by_page = html_body_declared_encoding(body) or ""
    # a page that can be read so far as to say "utf-16" is not in it
    return by_server if not by_page or by_page.startswith(("utf-16", "utf-32")) else by_page


def _from_something_else(body: bytes, charset: str) -> bytes:
    beyond_ascii = len(_BEYOND_ASCII.findall(body))
    slips = len(_SLIP.findall(body.decode("utf-8", errors="surrogateescape")))
    if slips <= _BROKEN_SHARE * beyond_ascii:
        return body.decode("utf-8", errors="wirewatch.slips").encode("utf-8")
    if charset.startswith("utf-8"):  # which it is not: a server's default, and the page may know better
        charset = html_body_declared_encoding(body) or ""
    if charset and not charset.startswith(("utf-", *_ESCAPING)):
        return _recoded(body, charset)
    return _recoded(body, _guessed(body) if beyond_ascii > _ENOUGH_TO_GUESS else "cp1252")


def _guessed(body: bytes) -> str:
    start = next(_BEYOND_ASCII.finditer(body)).start()
    text = _TAG.sub(b" ", body[start : start + 20_000])
    best = from_bytes(text[:5_000]).best()
    return best.encoding if best else "cp1252"


def _recoded(body: bytes, charset: str) -> bytes:
    return body.decode(charset, errors="replace").encode("utf-8")


def _slips(error: UnicodeError) -> tuple[str, int]:
    """Single bytes that are not UTF-8 stem from windows-1252 in practice: pasted quotes and dashes."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - registered for decoding only
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("wirewatch.slips", _slips)
