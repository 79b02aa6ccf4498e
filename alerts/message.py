"""What an alert holds (AlertView, DigestView, NoticeView) and what a channel gets to send (Message).

The views are filled by the pipeline with text as it came from the web; `alerts.compose` makes a Message of them, in
which all such text is inert. Everything here can be pickled, for the channels that send from a worker process.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.reasons import Reason
from core.text import between_signs

MIN_CUT = 24  # characters: a shorter rest of a cut line says nothing

Size = Callable[[str], int]  # how a channel counts a text's length: characters, UTF-16 units, bytes


class Kind(StrEnum):
    """Which of the messages a story (or the system) owes people this is."""

    FIRST = "first"
    AGAIN = "again"
    UPDATE = "update"
    DIGEST = "digest"
    NOTICE = "notice"  # to the operators, about wirewatch itself


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence that matched. `marks` are (start, end) character offsets in it, any order, of the matched words."""

    sentence: str
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ArticleLine:
    """One article as an alert names it. `partial` is None when it was read in full, else why it was not."""

    title: str
    url: str
    source: str
    first_seen: datetime
    author: str = ""
    published: datetime | None = None
    date_guessed: bool = False
    partial: Reason | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Signed links to our own pages; each opens a page that asks and changes nothing by itself."""

    story: str
    not_this: str = ""
    silence: str = ""


@dataclass(frozen=True, slots=True)
class AlertView:
    """All that one alert tells.

    `article` is the one that caused it: its own title is the headline. `others` are further articles of the story,
    best first. `passages` are the matched sentences to show, `more_passages` how many further ones there are.
    `separate_texts` counts origins, copies counted once. `links` is None without a `public_url`.
    """

    alert_id: str
    kind: Kind
    rule_id: str
    rule_title: str
    story_id: str
    article: ArticleLine
    made_at: datetime
    passages: tuple[Passage, ...] = ()
    more_passages: int = 0
    others: tuple[ArticleLine, ...] = ()
    separate_texts: int = 1
    links: Links | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a digest could not cover: said at its end."""

    feeds_down: tuple[str, ...] = ()  # "VOA East Asia: the host refused the connection"
    unread: int = 0  # articles whose page was not read in full
    undecided: int = 0  # articles a rule was too costly for


@dataclass(frozen=True, slots=True)
class DigestView:
    """Several alerts in one message. `why` tells which kind: DIGEST, QUIET_HOURS, OVER_BUDGET, BURST or STALE.

    `left_out` counts alerts beyond `alerts`, when the caller lists only the first of very many.
    """

    alert_id: str
    why: Reason
    alerts: tuple[AlertView, ...]
    made_at: datetime
    title: str = ""  # a rule's title when it is one rule's digest
    rule_id: str = ""
    left_out: int = 0
    gaps: Gaps = Gaps()
    page: str = ""  # link to the inbox, empty without a `public_url`
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class NoticeView:
    """What operators are told about the system itself: a paused target, a feed that died, a config conflict."""

    alert_id: str
    subject: str
    lines: tuple[str, ...]
    made_at: datetime
    page: str = ""
    timezone: str = "UTC"


View = AlertView | DigestView | NoticeView


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chat text: `text` may be cut, `tail` (a link) stands whole or the line goes.

    A low `rank` is kept before a high one. `entry` marks an alert in a list: those left out are counted at the end.
    """

    text: str
    tail: str = ""
    rank: int = 0
    entry: bool = False

    @property
    def whole(self) -> str:
        """Text and tail, uncut."""
        return " ".join(part for part in (self.text, self.tail) if part)

    def cut(self, room: int, size: Size, shortest: int = MIN_CUT) -> str:
        """The line in at most `room`, cut with an ellipsis; empty when less than `shortest` of its text would stay."""
        if size(self.whole) <= room:
            return self.whole
        tail = f"… {self.tail}" if self.tail else "…"
        fits = bisect_right(range(len(self.text)), room, key=lambda end: size(self.text[:end] + tail)) - 1
        fit = self.text[: between_signs(self.text, fits)].rstrip() + tail
        return fit if fits >= max(1, min(shortest, len(self.text))) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel sends: an e-mail's subject, text and HTML, or the chat text that `fit` makes.

    No control characters, no mention that rings, no link but http(s), in any part. `thread` is the same for all
    messages of one story and rule: an e-mail makes its References of it. `link` is the story's page, or the article
    where there is no `public_url`. `unsubscribe` differs per target and is filled when a delivery is sent
    (`dataclasses.replace`), as is `at`, when it was to go: a mail's date. `left_out` counts alerts that `lines` does
    not name. `view` is what it was composed of, for channels that send fields (webhooks); its text is as it came.
    """

    subject: str
    text: str
    html: str
    kind: Kind
    alert_id: str
    rule_id: str = ""
    story_id: str = ""
    thread: str = ""
    link: str = ""
    unsubscribe: str = ""
    at: datetime | None = None
    lines: tuple[Line, ...] = ()
    left_out: int = 0
    view: View | None = None

    def fit(self, limit: int, size: Size = len) -> str:
        """The chat text in at most `limit` (counted by `size`; characters by default): no link is ever cut.

        Less important lines go first. Where not one line fits, the start of the most important text is given.
        """
        lines = self.lines or (Line(self.subject),)
        text = "\n".join([*(line.whole for line in lines), *_more(self.left_out)])
        if size(text) <= limit:
            return text
        entries = self.left_out + sum(line.entry for line in lines)
        room = limit - sum(size(f"\n{more}") for more in _more(entries))
        kept = _most_important(lines, room, size)
        if not kept:
            return Line(min(lines, key=lambda line: (not line.text, line.rank)).text).cut(limit, size, shortest=1)
        dropped = entries - sum(lines[place].entry for place in kept)
        return "\n".join([*(kept[place] for place in sorted(kept)), *_more(dropped)])


def _more(entries: int) -> list[str]:
    return [f"… and {entries} more"] if entries else []


def _most_important(lines: Sequence[Line], room: int, size: Size) -> dict[int, str]:
    """Place → text of the lines that fit into `room`, taken by rank, cut where they must be."""
    kept: dict[int, str] = {}
    for place in sorted(range(len(lines)), key=lambda number: lines[number].rank):
        newline = size("\n") if kept else 0
        if line := lines[place].cut(room - newline, size, MIN_CUT if kept else 1):
            kept[place] = line
            room -= size(line) + newline
    return kept
