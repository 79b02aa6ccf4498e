"""URLs: checked, joined, unwrapped, and brought to one form.

One parser only, yarl, which is also the one that the client's library asks with: two parsers that disagree about the
host of a URL are how guards are walked around.

`canonical` is for comparing and showing, `article_key` for comparing only. What is fetched is the link as it was given.
"""

from __future__ import annotations

import ipaddress
import re
from hashlib import sha256

from yarl import URL

from core.errors import ItemFailed
from core.log import masked
from core.reasons import Reason
from core.redirectors import Unwrapped, unwrap_once

MAX_LENGTH = 4096  # characters; longer ones are mistakes or attacks
LONGEST_KEY = 1_000  # bytes

# Blanks, control and invisible characters, lone surrogates, and the backslash that parsers disagree about.
_REFUSED = re.compile("[\x00-\x20\x7f-\xa0\\\\\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]")
_USERINFO = re.compile(r"[^/?#]*//[^/?#]*@")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
_SOFT_WRAPS = re.compile(r"[\t\r\n]+")
_SCHEMES = ("http", "https")
_UNREADABLE = (ValueError, IndexError)  # yarl raises the second for `https://[]@`
# What nearly all links look like: a host name in lower case, a path; nothing of it can be refused or joined. A host of
# 63 characters has no label that is too long.
_ORDINARY = re.compile(
    r"https?://(?=[a-z0-9.-]{4,63}/)(?:[a-z0-9]++(?:-[a-z0-9]++)*+\.)++[a-z]{2,24}"
    r"/[A-Za-z0-9_.~/%?=&+,;:!*'()$@#-]*+\Z"  # no \w: a plain set is told from a table
)
# Of these, what the URL library would give back as it is: path and query without escapes and dot segments.
_PLAIN = re.compile(
    r"(https?://(?=[a-z0-9.-]{1,253}/)(?:(?=[a-z0-9-]{1,63}\.)[a-z0-9]++(?:-[a-z0-9]++)*+\.)++[a-z]{2,24})"
    r"((?:/(?!\.)[\w.~,;:!*'()$@-]*+)++)(?:\?([\w.~=&-]*+))?(?:#(?!!)[\w.~-]*+)?\Z",
    re.ASCII,
)

# A path and query that are asked for as they stand: nothing in them has to be escaped, no dot leads up. A signature may
# be over them, and some servers know no other spelling.
_ROOTED = r"/(?!/)(?!.*/\.{1,2}(?:[/?]|\Z))(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*"
_AS_IT_IS = re.compile(rf"https?://[a-z0-9.-]+(?::\d+)?{_ROOTED}", re.ASCII)
_PATH_AS_IT_IS = re.compile(_ROOTED, re.ASCII)

_TRACKING_NAMES = """
fbclid gclid dclid gbraid wbraid gclsrc msclkid twclid ttclid yclid ysclid igshid igsh li_fat_id epik srsltid
mc_cid mc_eid mkt_tok _ga _gl _openstat _hsenc _hsmi hsctatracking vero_id oly_enc_id oly_anon_id
s_kwcid s_cid cmpid ocid ncid icid intcid xtor wt_mc guccounter guce_referrer guce_referrer_sig
ref_src ref_url soc_src soc_trk smid sr_share traffic_source spm ito taid
amp_js_v amp_gsa usqp __twitter_impression
"""
_TRACKING = frozenset(_TRACKING_NAMES.split())
_TRACKING_PREFIXES = ("utm_", "at_campaign", "at_custom", "at_medium", "at_link", "pk_", "piwik_", "mtm_", "matomo_")
_AMP_QUERY = frozenset({"amp", "amp=1", "amp=true", "outputtype=amp"})
_AMP_PATH = re.compile(r"/amp/*\Z|\.amp(?=\.html\Z)")
_VARIANT_HOST = re.compile(r"(?:(?:www\d?|m|mobile|amp)\.|([a-z]{2}\.)m\.)(?=[^.]+\.)", re.ASCII)  # at the beginning


def check(url: str) -> str:
    """`url` itself when it can be asked; raises ItemFailed(BAD_URL) otherwise.

    Refused: other schemes than http and https, user and password, backslashes, blanks, control and invisible
    characters, hosts that are no host name, numbers that only some resolvers read as an address (127.1, 0x7f.1).
    """
    fault = _fault(url)
    if fault:
        raise ItemFailed(masked(url[:200]), Reason.BAD_URL, fault)
    return url


def _fault(url: str) -> str:
    if len(url) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    if _REFUSED.search(url):
        return "holds a blank, a backslash or a control character"
    try:
        parsed = URL(url)
    except _UNREADABLE as error:
        return str(error)[:200]
    if parsed.scheme not in _SCHEMES:
        return "neither http nor https"
    if _USERINFO.match(url):
        return "holds a user or a password"
    if parsed.port == 0:
        return "port 0"
    return "" if _is_host(parsed.raw_host or "") else "no usable host"


def _is_host(host: str) -> bool:
    """A host name in its ASCII form, an IPv4 address with four decimal numbers, or an IPv6 address without a zone."""
    labels = host.removesuffix(".").split(".")
    if ":" in host or _NUMBER.fullmatch(labels[-1]):
        return "%" not in host and not host.endswith(".") and _is_address(host)
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def asked(url: str) -> URL:
    """The address for a request: the escapes in it stay as they were written, where it needs no others."""
    plain = url.partition("#")[0]
    return URL(plain, encoded=bool(_AS_IT_IS.fullmatch(plain)))


def is_usable(url: str) -> bool:
    """Whether `check` would let it pass."""
    return not _fault(url)


def join(base: str, link: str) -> str:
    """The absolute http(s) URL that `link` means on a page at `base`; empty when there is none.

    Soft line wraps are taken out and blanks escaped, as browsers do. An absolute link stays as it was written.
    """
    if len(link) <= MAX_LENGTH and _ORDINARY.match(link):
        return link
    link = _SOFT_WRAPS.sub("", link.strip()).replace(" ", "%20")
    if not link:
        return ""
    try:
        if _PATH_AS_IT_IS.fullmatch(link):
            link = f"{URL(base).origin()}{link}"
        parsed = URL(link)
        absolute = link if parsed.scheme and parsed.absolute else str(URL(base).with_fragment(None).join(parsed))
    except _UNREADABLE:
        return ""
    return absolute if is_usable(absolute) else ""


def host_of(url: str) -> str:
    """`host`, or `host:port` when the port is not the scheme's own: the key of politeness. Empty without a host."""
    try:
        parsed = URL(url)
    except _UNREADABLE:
        return ""
    host = (parsed.raw_host or "").rstrip(".")
    return host if parsed.is_default_port() or not host else f"{host}:{parsed.port}"


def origin_of(url: str) -> str:
    """Scheme, host and port: whom a secret is meant for. Empty without a host."""
    host = host_of(url)
    return f"{URL(url).scheme}://{host}" if host else ""


def same_site(meant_for: str, url: str) -> bool:
    """Whether headers meant for one, secrets among them, may go to `url`: same host and port, and no less safe."""
    ours, theirs = URL(meant_for), URL(url)
    upgraded = ours.scheme == "http" and theirs.scheme == "https" and theirs.is_default_port()
    return ours.raw_host == theirs.raw_host and (ours.origin() == theirs.origin() or upgraded)


def unwrap(url: str) -> str | None:
    """The URL behind a known redirector (Google Alerts and News, AMP caches, …); `url` itself when it is none.

    None: a redirector that does not give away where it leads.
    """
    for _ in range(3):
        inner = unwrap_once(url)
        if inner is Unwrapped.PLAIN:
            return url
        if inner is Unwrapped.OPAQUE or not is_usable(inner):
            return None
        url = inner
    return None


def canonical(url: str) -> str:
    """One form for the spellings of one address; what cannot be used is given back as it is.

    Scheme and host in lower case and ASCII, no default port, no fragment (but `#!…`), no tracking parameters, the
    rest of the query sorted, no marks of an AMP version, no slash at the end of a path. Nearly every site answers at
    it, but not all do: fetch the link, compare the canonical form. Applying it twice changes nothing.
    """
    plain = _PLAIN.match(url) if len(url) <= MAX_LENGTH else None
    if plain:
        return f"{plain[1]}{_plain_path(plain[2])}{_sorted_query(plain[3] or '')}"
    if not is_usable(url):
        return url
    parsed = URL(url)
    host = (parsed.raw_host or "").rstrip(".")
    netloc = f"[{host}]" if ":" in host else host
    port = "" if parsed.is_default_port() else f":{parsed.port}"
    query = _sorted_query(parsed.raw_query_string)
    bang = f"#{parsed.raw_fragment}" if parsed.raw_fragment.startswith("!") else ""
    return f"{parsed.scheme}://{netloc}{port}{_plain_path(parsed.raw_path)}{query}{bang}"


def _plain_path(path: str) -> str:
    while True:
        shorter = _AMP_PATH.sub("", path.rstrip("/"))
        if shorter == path:
            return path or "/"
        path = shorter


def _sorted_query(query: str) -> str:
    kept = sorted(part for part in query.split("&") if part and not _is_tracking(part.lower()))
    return f"?{'&'.join(kept)}" if kept else ""


def _is_tracking(part: str) -> bool:
    name = part.partition("=")[0]
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES) or part in _AMP_QUERY


def article_key(url: str) -> str:
    """What all addresses of one article share: `canonical` without scheme and without www., m., mobile. and amp.

    Never shown and never fetched: `example.com/2026/11/a?id=3`. A very long one has a hash behind its host: an index
    of PostgreSQL's holds 2,704 bytes.
    """
    plain = canonical(url).partition("://")[2] or url
    variant = _VARIANT_HOST.match(plain)
    key = f"{variant[1] or ''}{plain[variant.end() :]}" if variant else plain
    if len(key) <= LONGEST_KEY and len(key.encode("utf-8", "replace")) <= LONGEST_KEY:
        return key
    return f"{key.partition('/')[0][:300]}/sha256:{sha256(key.encode('utf-8', 'replace')).hexdigest()}"
