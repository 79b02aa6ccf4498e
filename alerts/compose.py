"""A view in, a Message out: the only place where the words of an alert, a digest or a notice are put together. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.card import HEADLINE, NAME, Card, card, counted, local, plain
from alerts.inert import inert, safe_link
from alerts.message import AlertView, DigestView, Gaps, Kind, Line, Message, NoticeView
from core.reasons import Reason

SHOW_PASSAGES = 50  # alerts in a digest: in a longer one each has its headline, source and link only
DIGEST_SENTENCE = 240  # characters of a passage in a digest
SHOW_DOWN = 30  # feeds that are down: of more it says how many
SUBJECT = 200  # characters of an e-mail's subject
WHY_DIGEST = {
    Reason.DIGEST: "digest",
    Reason.QUIET_HOURS: "came in quiet hours",
    Reason.MERGED: "came in quiet hours",
    Reason.OVER_BUDGET: "beyond the daily budget",
    Reason.BURST: "many at once",
    Reason.STALE: "catch-up: could not be delivered in time",
}

_LOADER = FileSystemLoader(Path(__file__).with_name("templates"))
_TEXT = Environment(  # noqa: S701 -- plain text: nothing is interpreted in it
    loader=_LOADER,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
)
_HTML = Environment(
    loader=_LOADER,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=True,
    auto_reload=False,  # else every message asks the disk whether a template was changed
)
_TEXT.filters["plain"] = plain


@dataclass(frozen=True, slots=True)
class Group:
    """A rule's alerts in a digest."""

    label: str
    count: int
    cards: tuple[Card, ...]


def compose(view: AlertView) -> Message:
    """The message of one alert. Subject: `[rule-id] headline (source)`."""
    shown = card(view)
    source = f" ({shown.article.source})" if shown.article.source else ""
    headline = inert(view.article.title, SUBJECT) or shown.article.title
    values = {"card": shown, "headline": headline}
    return Message(
        subject=f"[{shown.rule_id}] {headline}{source}",
        text=_TEXT.get_template("alert.txt").render(values),
        html=_HTML.get_template("alert.html").render(values),
        kind=view.kind,
        alert_id=view.alert_id,
        rule_id=view.rule_id,
        story_id=view.story_id,
        thread=f"{view.rule_id}/{view.story_id}",
        link=shown.story_link or shown.article.link,
        lines=_alert_lines(shown),
        view=view,
    )


def compose_digest(view: DigestView) -> Message:
    """One message of many alerts, grouped by rule, ended by what could not be covered."""
    total = len(view.alerts) + view.left_out
    what = f"{counted(total, '{} alert', '{} alerts')}: {WHY_DIGEST.get(view.why, view.why.sentence)}"
    title = inert(view.title, HEADLINE)
    groups, gaps = _groups(view), gap_lines(view.gaps)
    everything = "" if view.page or total <= SHOW_PASSAGES else f"All of them: {_command(view, total)}"
    where = Line(everything, safe_link(view.page), rank=1)
    values = {
        "title": title,
        "what": what,
        "groups": groups,
        "passages": len(view.alerts) <= SHOW_PASSAGES,
        "left_out": counted(view.left_out, "and {} more alert", "and {} more alerts") if view.left_out else "",
        "gaps": gaps,
        "page": safe_link(view.page),
        "all": everything,
        "made_at": local(view.made_at, view.timezone),
        "short": DIGEST_SENTENCE,
    }
    subject = f"[{inert(view.rule_id, NAME) or 'wirewatch'}] {what}"
    return Message(
        subject=subject,
        text=_TEXT.get_template("digest.txt").render(values),
        html=_HTML.get_template("digest.html").render(values),
        kind=Kind.DIGEST,
        alert_id=view.alert_id,
        rule_id=view.rule_id,
        thread=f"{view.rule_id}/digest/{view.alert_id}",
        link=safe_link(view.page),
        lines=_digest_lines(f"{title}: {what}" if title else what, groups, gaps, where),
        left_out=view.left_out,
        view=view,
    )


def compose_notice(view: NoticeView) -> Message:
    """What operators are told about the system itself."""
    subject = inert(view.subject, SUBJECT)
    lines = tuple(inert(line, 1000) for line in view.lines)
    page = safe_link(view.page)
    values = {"subject": subject, "lines": lines, "page": page, "made_at": local(view.made_at, view.timezone)}
    return Message(
        subject=f"[wirewatch] {subject}",
        text=_TEXT.get_template("notice.txt").render(values),
        html=_HTML.get_template("notice.html").render(values),
        kind=Kind.NOTICE,
        alert_id=view.alert_id,
        thread=f"notice/{view.alert_id}",
        link=page,
        lines=_lines(
            Line(f"[wirewatch] {subject}", rank=1), *(Line(line, rank=2) for line in lines), Line("", page, rank=0)
        ),
        view=view,
    )


def gap_lines(gaps: Gaps) -> tuple[str, ...]:
    """What a digest could not cover, a sentence each."""
    lines = [f"Feed down: {inert(feed, HEADLINE)}" for feed in gaps.feeds_down[:SHOW_DOWN]]
    if len(gaps.feeds_down) > SHOW_DOWN:
        lines.append(counted(len(gaps.feeds_down) - SHOW_DOWN, "and {} more feed down", "and {} more feeds down"))
    if gaps.unread:
        lines.append(counted(gaps.unread, "{} article was not read in full", "{} articles were not read in full"))
    if gaps.undecided:
        lines.append(counted(gaps.undecided, "{} article could not be decided", "{} articles could not be decided"))
    return tuple(lines)


def _groups(view: DigestView) -> tuple[Group, ...]:
    """The alerts by rule, rules in the order of their first alert."""
    order = {alert.rule_id: place for place, alert in reversed(list(enumerate(view.alerts)))}
    by_rule = sorted(view.alerts, key=lambda alert: order[alert.rule_id])
    groups = []
    for _, alerts in groupby(by_rule, key=lambda alert: alert.rule_id):
        cards = tuple(map(card, alerts))
        groups.append(Group(cards[0].label, len(cards), cards))
    return tuple(groups)


def _command(view: DigestView, total: int) -> str:
    """Where all of a long digest stands when there is no page to link to."""
    rule = f" --rule {inert(view.rule_id, NAME)}" if view.rule_id else ""
    return f"wirewatch alerts list{rule} --limit {total + 100}"


def _alert_lines(shown: Card) -> tuple[Line, ...]:
    """The chat text; ranks say what goes first when room is short: the article's link stays, then its headline."""
    article = shown.article
    cue_line = f"Cue words nearby: {shown.cues}" if shown.cues else ""
    return _lines(
        Line(shown.note, rank=6),
        Line(article.title, rank=1),
        Line(shown.label, rank=3),
        *(Line(f"“{plain(passage)}”", rank=2 + 5 * (place > 0)) for place, passage in enumerate(shown.passages)),
        Line(shown.more_passages, rank=9),
        Line(cue_line, rank=4),
        Line(article.by, rank=5),
        Line(f"Told by {shown.separate_texts}", rank=6),
        Line("", article.link, rank=0),
        Line("Story:", shown.story_link, rank=8) if shown.story_link else Line(""),
        Line("Not this:", shown.not_this_link, rank=10) if shown.not_this_link else Line(""),
        Line("Silence for 72 h:", shown.silence_link, rank=10) if shown.silence_link else Line(""),
    )


def _digest_lines(what: str, groups: tuple[Group, ...], gaps: tuple[str, ...], where: Line) -> tuple[Line, ...]:
    lines = [Line(what, rank=0)]
    for group in groups:
        lines.append(Line(f"{group.label}: {group.count}", rank=2))
        lines += [
            Line(f"• {one.article.title} ({one.article.source})", one.article.link, rank=3, entry=True)
            for one in group.cards
        ]
    return _lines(*lines, *(Line(gap, rank=4) for gap in gaps), where)


def _lines(*lines: Line) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.whole)
