"""An alert as it is shown: every text inert, every link checked, every time local."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts import cues
from alerts.inert import inert, inert_part, safe_link
from alerts.message import AlertView, ArticleLine, Kind, Passage
from core.reasons import Reason

HEADLINE = 300  # characters of a title
NAME = 120  # of a source, an author
SENTENCE = 600  # of a passage: what is around its marks
BEFORE_MARK = 160  # of them, before the first mark

Piece = tuple[str, bool]  # text, whether it is marked


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """One article's facts as lines of text; "" where nothing is known."""

    title: str
    link: str
    source: str
    author: str
    published: str
    first_seen: str
    read: str

    @property
    def by(self) -> str:
        """Source, author, time and how far it was read, on one line."""
        seen = f"published {self.published}" if self.published else f"first seen {self.first_seen}"
        partial = self.read if self.read != FULL else ""
        return " · ".join(part for part in (self.source, self.author, seen, partial) if part)


@dataclass(frozen=True, slots=True)
class Card:
    """One alert's parts in the order they are shown."""

    note: str  # why this story speaks again; "" for the first alert
    label: str  # the rule's id and title
    rule_id: str
    rule_title: str
    article: ShownArticle
    passages: tuple[tuple[Piece, ...], ...]
    more_passages: str
    cues: str
    separate_texts: str
    others: tuple[ShownArticle, ...]
    story_link: str
    not_this_link: str
    silence_link: str


FULL = "in full"


def card(view: AlertView) -> Card:
    """What `view` looks like."""
    links = view.links
    title = inert(view.rule_title, HEADLINE)
    return Card(
        note=_note(view),
        label=f"[{inert(view.rule_id, NAME)}] {title}".rstrip(),
        rule_id=inert(view.rule_id, NAME),
        rule_title=title,
        article=shown_article(view.article, view.timezone),
        passages=tuple(pieces(passage) for passage in view.passages),
        more_passages=counted(view.more_passages, "and {} more passage", "and {} more passages")
        if view.more_passages
        else "",
        cues=", ".join(f"“{inert(cue.words)}” ({cue.kind})" for cue in cues.find(view.passages)),
        separate_texts=counted(view.separate_texts, "{} text", "{} separate texts"),
        others=tuple(shown_article(other, view.timezone) for other in view.others),
        story_link=safe_link(links.story) if links else "",
        not_this_link=safe_link(links.not_this) if links else "",
        silence_link=safe_link(links.silence) if links else "",
    )


def shown_article(article: ArticleLine, timezone: str) -> ShownArticle:
    """An article's facts in words."""
    published = local(article.published, timezone) if article.published else ""
    if article.published and article.date_guessed:
        published = f"about {published[:10]} (a guess)"
    return ShownArticle(
        title=inert(article.title, HEADLINE) or "(without a title)",
        link=safe_link(article.url),
        source=inert(article.source, NAME),
        author=inert(article.author, NAME),
        published=published,
        first_seen=local(article.first_seen, timezone),
        read=_read(article.partial),
    )


def pieces(passage: Passage) -> tuple[Piece, ...]:
    """The sentence cut into marked and unmarked pieces, at most 600 characters around its first mark."""
    marks = _merged(passage)
    first = marks[0][0] if marks else 0
    start = 0 if len(passage.sentence) <= SENTENCE else max(0, first - BEFORE_MARK)
    end = min(len(passage.sentence), start + SENTENCE)
    found: list[Piece] = [("… ", False)] if start else []
    at = start
    for mark_start, mark_end in marks:
        if mark_start < end:
            found += [
                (passage.sentence[at:mark_start], False),
                (passage.sentence[mark_start : min(mark_end, end)], True),
            ]
            at = min(mark_end, end)
    found += [(passage.sentence[at:end], False), (" …" if end < len(passage.sentence) else "", False)]
    return tuple((inert_part(text), marked) for text, marked in found if text)


def plain(passage: tuple[Piece, ...]) -> str:
    """A passage as text, matched words between ‹ and ›: no service gives these signs a meaning."""
    return "".join(f"‹{text}›" if marked else text for text, marked in passage).strip()


def local(moment: datetime, timezone: str) -> str:
    """`2026-03-02 13:00 UTC+01:00`: the local time with its offset."""
    there = moment.astimezone(ZoneInfo(timezone))
    offset = there.strftime("%z")
    return f"{there:%Y-%m-%d %H:%M} UTC" + (f"{offset[:3]}:{offset[3:5]}" if there.utcoffset() else "")


def counted(number: int, one: str, many: str) -> str:
    """The phrase that fits the number, with the number in it."""
    return (one if number == 1 else many).format(number)


def _merged(passage: Passage) -> list[tuple[int, int]]:
    """The marks in order, inside the sentence, those that touch or overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(passage.marks):
        start, end = max(start, 0), min(end, len(passage.sentence))
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _note(view: AlertView) -> str:
    if view.kind is Kind.AGAIN:
        return f"Told again: {view.separate_texts} separate texts tell it now"
    if view.kind is Kind.UPDATE:
        return "Update: a further separate text tells it"
    return ""


def _read(partial: Reason | None) -> str:
    if partial is None:
        return FULL
    return f"summary only ({'paywall' if partial is Reason.PAYWALL else partial.sentence})"
