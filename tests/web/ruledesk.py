"""Rules at work: a watch file, stored articles that they match and nearly match, and what people answered."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text as sql
from sqlmodel import Session, select

from pipeline.configure import apply_text
from rules.config import load
from storage import configs, feedback
from storage.engine import Database
from storage.tables import Article, Hit
from tests.web import rows

WATCH = """\
version: 1
entities:
  Port: {any: [Callender, Northport]}
rules:
  # the desk's first question
  port-strike:
    title: Strikes at ports
    match: |
      @Port AND (strike OR "walk out")
    examples:
      match:
        - Crane drivers at Callender went on strike.
      ignore:
        - A strike of lightning hit the hills.
    tags: [labour, ports]
  river-flood:   # with a limit
    title: Floods
    match: near/4(river, flood)
    tags: [weather]
  old-question: {match: volcano, enabled: false}
  dear-one:
    title: A dear rule
    match: ash AND cloud
feeds: []
channels: {screen: {url: "terminal://"}}
"""
TEXTS = (
    ("Walkout at Callender", "Crane drivers at Callender went on strike on Thursday over night shifts."),
    ("Northport strike goes on", "The strike at Northport goes on. The union met the port authority."),
    ("Callender pickets", "Pickets stand at the gates of Callender since dawn, and lorries turn back."),
    ("Northport pickets", "Pickets blocked the gates of Northport for an hour on Friday."),
    ("River over its banks", "The river rose all night, and on Friday the town had a flood."),
    ("Garden opens", "Ferns and roses."),
)


def fill(session: Session) -> None:
    """The newsroom, with the rules above active and articles of the last days stored."""
    rows.newsroom(session)
    watch(session, WATCH)
    feed_id = session.exec(select(Article.feed_id)).first() or 0
    for number, (title, text) in enumerate(TEXTS):
        at = rows.NOW - timedelta(hours=number + 1)
        session.add(
            Article(
                key=f"https://harbour-post.example/stored/{number}", url=f"https://harbour-post.example/stored/{number}",
                feed_id=feed_id, source="Harbour Post", state="ready", title=title, text=text, language="en",
                published=at, first_seen_at=at, not_before=at, match_after=at, revision=1, matched_revision=1,
                match_due=False,
            )
        )  # fmt: skip
    hits = session.exec(select(Hit.id).where(Hit.rule_id == "port-strike")).all()
    feedback.judge(session, [one for one in hits[:2] if one], verdict="wrong", who="ada", now=rows.NOW)
    feedback.judge(session, [one for one in hits[:1] if one], verdict="wrong", who="bob", now=rows.NOW)
    configs.switch_off(session, "dear-one", "too_costly", rows.NOW)


def watch(session: Session, text: str, *, who: str = "test") -> int:
    """Make a watch file the active revision."""
    return apply_text(session, text, load(text), from_file=False, who=who, now=rows.NOW).revision


def damage(db: Database, text: str | bytes, *, revision: int = 1) -> None:
    """Another text for a revision. On SQLite, whose columns take anything, one flipped bit makes bytes of a text."""
    kind = "BLOB" if isinstance(text, bytes) and db.is_sqlite else "TEXT"
    value = text.decode() if isinstance(text, bytes) else text
    statement = sql(f"UPDATE config SET text = CAST(:text AS {kind}) WHERE revision = :revision")
    db.write_now(lambda session: session.execute(statement, {"text": value, "revision": revision}))
