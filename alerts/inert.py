"""Text from the web as something that rings nobody, breaks no header and leads nowhere by surprise."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from core.text import clean, one_line

JOINER = "\u200d"  # zero width: people read the same word, services see no mention and no link mark-up
LONGEST_LINK = 2000  # characters; a longer one fits no chat message

_MENTION = re.compile(r"@(?=[\w*])|<(?=[!@#&/A-Za-z])|\](?=\()", re.ASCII)
_BLANKS = re.compile(r"\s+")
_UNSAFE_IN_LINK = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")


def inert(text: str, limit: int = 0) -> str:
    """`text` on one line (at most `limit` characters), with mentions and link mark-up broken by a zero-width joiner."""
    return defused(one_line(text, limit))


def inert_part(text: str) -> str:
    """The same for a piece of a line: blanks at its ends stay."""
    return defused(_BLANKS.sub(" ", clean(text)))


def defused(text: str) -> str:
    """`@everyone`, `@**all**`, `<!here>`, `<@id>`, `<url|label>` and `[label](url)` made harmless."""
    return _MENTION.sub(lambda found: found.group() + JOINER, text)


def safe_link(url: str) -> str:
    """`url` when it is an http(s) link that can stand in any message, else ""."""
    if len(url) > LONGEST_LINK or _UNSAFE_IN_LINK.search(url) or clean(url) != url:
        return ""
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return ""
    return quote(url, safe="%/:?#[]@!$&()*+,;=~'-._") if usable else ""
