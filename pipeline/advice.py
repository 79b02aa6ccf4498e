"""What a person can do about a feed that fails: a sentence for each reason that has an answer."""

from __future__ import annotations

from collections.abc import Mapping

from core.reasons import Reason

_WAIT = "Nothing to do at first: it is tried again by itself, ever more rarely."
_ADDRESS = "Open the address in a browser; if it moved, add the new one and remove this one."
_SITE = "Ask the site, or look for another feed of it: adding one by the site's address finds what it names."

ADVICE: Mapping[Reason, str] = {
    Reason.DNS: "See whether the host is spelt rightly and whether this machine resolves names.",
    Reason.REFUSED: _WAIT,
    Reason.CONNECT_TIMEOUT: _WAIT,
    Reason.UNREACHABLE: _WAIT,
    Reason.TIMEOUT: _WAIT,
    Reason.BROKEN_ANSWER: _WAIT,
    Reason.TLS: "The site has to renew its certificate; see also whether this machine's clock is right.",
    Reason.TOO_BIG: _SITE,
    Reason.TOO_MANY_REDIRECTS: _ADDRESS,
    Reason.FORBIDDEN_ADDRESS: "If it is yours, name its network in WIREWATCH_ALLOW_ADDRESSES.",
    Reason.BAD_URL: _ADDRESS,
    Reason.HTTP_STATUS: "If it stays so for a day, open the address in a browser: some sites refuse programs.",
    Reason.NOT_FOUND: _ADDRESS,
    Reason.GONE: "The site took it away for good: remove it, and look for another feed of the site.",
    Reason.RATE_LIMITED: "It is asked again when the site allows it. Set a longer `every` in the watch file.",
    Reason.ROBOTS: "The site does not want to be read by programs: ask it, or remove the feed.",
    Reason.NOT_A_FEED: _ADDRESS,
    Reason.NO_LINKS: "The page looks different now: see `links` of this feed in the watch file.",
    Reason.EMPTY_BODY: _WAIT,
    Reason.BAD_FEED: _SITE,
    Reason.WRONG_TYPE: _ADDRESS,
}


def advice(reason: str) -> str:
    """What to do about this stored reason; "" where nothing is known."""
    try:
        return ADVICE.get(Reason.of(reason), "")
    except KeyError:
        return ""
