"""How much there is to watch in a soak: the loads that docs/operations.md names, and a small one.

Of a load's feeds a few are wires, polled every minute; the others make up the rest of its polls an hour. Its rules are
of three sorts: those that ask for the events which are published, and tell people; made-up ones over the words that
the articles are written in, of which one article in twenty matches some, and which tell a desk; and a newsroom's, over
other words, which match next to nothing and have to be tried all the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bench.newsroom import COUNTRIES, Newsroom
from bench.site import HOST
from bench.watching import made_up

STRIKES = {  # rule → who is on strike, where
    "harbour-strike": ("dockers", "harbour"),
    "airport-strike": ("pilots", "airport"),
    "railway-strike": ("drivers", "railway"),
    "colliery-strike": ("miners", "colliery"),
    "refinery-strike": ("fitters", "refinery"),
}
CHANNELS = ("mail", "webhook")  # what tells of events; the desk's is not among them
DESK = "desk"


@dataclass(frozen=True, slots=True)
class Load:
    """One size. Intervals are in minutes."""

    feeds: int
    wires: int
    interval: int  # of the feeds that are no wires
    articles: float  # a minute
    events: float  # of them, a minute
    chatty: int  # made-up rules over the articles' own words
    rules: int  # in all
    database: str
    hurt: bool  # whether processes are killed and the mail server is restarted

    @property
    def polls(self) -> float:
        """Polls an hour."""
        return 60 * (self.wires + (self.feeds - self.wires) / self.interval)


LOADS = {
    "one": Load(1, 1, 1, 4.0, 1.0, 0, 1, "sqlite", hurt=False),
    "team": Load(500, 20, 16, 10_000 / 1_440, 1.0, 190, 200, "sqlite", hurt=True),
    "newsroom": Load(5_000, 100, 21, 60_000 / 1_440, 4.0, 300, 2_000, "postgresql", hurt=True),
}


def watch_text(load: Load, feeds: Sequence[str], mail_port: int, hooks: str, *, seed: int) -> str:
    """The watch file of a run (YAML, as JSON). `hooks` is the host and port that takes webhooks."""
    events = list(islice(STRIKES.items(), min(load.rules, len(STRIKES))))
    rules: dict[str, object] = {
        name: {"match": f"near/15(strike OR walkout, {place})", "alert": {"to": list(CHANNELS)}}
        for name, (_, place) in events
    }
    room = Newsroom(seed)
    quiet = max(0, load.rules - len(rules) - load.chatty)
    texts = [*islice(made_up(seed), load.chatty), *(one.text for one in room.rules(quiet))]
    rules |= {f"made-up-{number}": {"match": text, "alert": {"to": [DESK]}} for number, text in enumerate(texts)}
    mailbox = {"host": HOST, "port": mail_port, "security": "none", "from": "watch@wirewatch.example"}
    watch = {
        "version": 1,
        "entities": {code: {"country": code} for code in COUNTRIES},
        "rules": rules,
        "channels": {
            "mail": {**mailbox, "to": ["desk@wirewatch.example"]},
            "webhook": {"url": f"webhook://{hooks}/webhook"},
            DESK: {"url": f"webhook://{hooks}/{DESK}"},
        },
        "feeds": [
            {"url": url, "every": "1m" if number < load.wires else f"{load.interval}m", "language": "en"}
            | {"first_poll": "1h", "name": f"feed {number}"}
            for number, url in enumerate(feeds)
        ],
        "defaults": {"alert": {"budget": "1000/day"}},
    }
    return json.dumps(watch, ensure_ascii=False)
