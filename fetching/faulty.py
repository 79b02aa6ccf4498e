"""Feeds that say that there is no feed: bridges answer their own errors as an entry, with status 200."""

from __future__ import annotations

import re

from fetching.entries import ParsedFeed

MOST_ENTRIES = 2  # a feed with more entries tells news, whatever their titles
_ERRORS = re.compile(
    r"bridge returned error\b|(?:error|exception) (?:while )?(?:fetching|loading|reading) (?:the |this )?feed\b"
    r"|(?:http )?error:? [45]\d\d\b"
    r"|[45]\d\d (?:forbidden|not found|too many requests|internal server error|bad gateway|service unavailable)\Z",
    re.IGNORECASE,
)


def fault_in(feed: ParsedFeed) -> str:
    """The error that all entries of a short feed tell instead of news; "" when there is none."""
    if not feed.entries or len(feed.entries) > MOST_ENTRIES:
        return ""
    titles = [entry.title for entry in feed.entries]
    return titles[0][:200] if all(map(_ERRORS.match, titles)) else ""
