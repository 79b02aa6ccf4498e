"""match: articles due → hits → stories → alerts → deliveries.

Matching runs before the transaction, and what open stories tell is found there when it is not known. The transaction
locks the rules that hit, checks that the active revision is still the one matched with (else the articles stay due),
re-reads open stories and budgets, and writes everything with the article's mark.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

from core.log import pairs
from core.reasons import Reason
from pipeline import alert as alerting
from pipeline import costly, standing, told
from pipeline import story as stories_step
from pipeline.app import Active, App, Sender
from pipeline.configure import CONFIG_LOCK, refresh
from pipeline.cycle import Batch, Cycle, work_off
from rules.document import ArticleText, Document, analyse
from rules.match import FeedTag, Verdict
from rules.spans import Match
from storage import alerts, articles, configs, decisions, hits, stories
from storage.engine import lock_names
from storage.leases import settle
from storage.tables import Article, Feed, Hit

logger = logging.getLogger(__name__)
BATCH = 50  # articles claimed and analysed together


class Claimed(Batch):
    """Articles claimed together."""

    def __init__(self, items: Sequence[articles.ToMatch]) -> None:
        super().__init__(items)
        self.items = items


async def match(cycle: Cycle) -> None:
    """The loop: claim articles that are due and match them, a batch at a time."""
    app = cycle.app

    async def claim(room: int) -> list[Claimed]:
        now = app.clock.now()
        if not await app.db.read(lambda session: articles.count_to_match(session, now)):
            return []
        items = await app.db.write(
            lambda session: articles.claim_to_match(session, owner=app.owner, now=now, limit=BATCH)
        )
        return [Claimed(items)] if items else []

    async def do(batch: Claimed) -> None:
        await match_batch(cycle, batch)

    async def more_due() -> bool:
        until = app.clock.now() + articles.UNREAD_WAIT
        return bool(await app.db.read(lambda session: articles.count_to_match(session, until)))

    await work_off(cycle, "match", claim, do, width=1, columns=articles.MATCH, more_due=more_due)


@dataclass(frozen=True, slots=True)
class Judged:
    """An article, analysed, and what the rules said of it."""

    one: articles.ToMatch
    document: Document
    verdict: Verdict

    @property
    def plain(self) -> bool:
        """No rule matched, and none did before: nothing but the mark is to be written."""
        return not self.verdict.matches and self.one.article.matched_revision < 0


async def match_batch(cycle: Cycle, batch: Claimed) -> None:
    """Judge a batch off the event loop; then one transaction for all that hit nothing, and one for each that did."""
    app = cycle.app
    active = await refresh(app)
    judged = await asyncio.to_thread(lambda: [judge(active, one) for one in batch.items])
    plain = [one for one in judged if one.plain]
    now = app.clock.now()
    done = await app.db.write(lambda session: _record_plain(session, app, active, plain, now))
    batch.done(one.one for one in plain)
    _count(cycle, plain, done)
    hit = [one for one in judged if not one.plain]
    await stories_step.read_ahead(app, active, [match.rule for one in hit for match in one.verdict.matches])
    outcomes = await app.db.write_each([partial(record, app=app, active=active, judged=one) for one in hit])
    for one, outcome in zip(hit, outcomes, strict=True):
        _tell(cycle, one, outcome)
    if placed := [one for one, outcome in zip(hit, outcomes, strict=True) if outcome]:
        await _note_late(app, [one.one.article.id or 0 for one in placed])


async def _note_late(app: App, articles: Sequence[int]) -> None:
    """Articles that came to stories told before: another copy of this database need not tell of them either, also
    where such an article began it.
    """
    names = await app.db.read(lambda session: told.names_of_joiners(session, app.installation, articles))
    if unknown := [name for name in names if name not in app.sent_log]:
        await asyncio.to_thread(app.sent_log.add, *unknown)


def _tell(cycle: Cycle, one: Judged, outcome: list[tuple[str, str]] | None) -> None:
    _count(cycle, [one], outcome is not None)
    for rule, reason in outcome or ():
        cycle.report.count("alert", reason)
        logger.info(pairs(step="match", rule=rule, url=one.one.article.url, outcome=reason))


def judge(active: Active, one: articles.ToMatch) -> Judged:
    """Analyse the article once and try every rule on it."""
    document = analyse(article_text(one.article, one.feed))
    return Judged(one, document, costly.decided(active.matcher, document, feed_tag(one.feed, one.also)))


def feed_tag(feed: Feed, also: Sequence[Feed] = ()) -> FeedTag:
    """What the rules' feed filters look at; `also` are other feeds that list the article."""
    return FeedTag(feed.name, frozenset(feed.tags), tuple(map(feed_tag, also)))


def article_text(article: Article, feed: Feed) -> ArticleText:
    """What the rules see: the text read, or what the feed said while there is none."""
    read = article.revision > 0
    return ArticleText(
        id=str(article.id),
        title=article.title if read else article.feed_title,
        text=article.text if read else article.feed_text,
        url=article.url,
        author=article.author if read else article.feed_author,
        language=article.language if read else "",
        source=article.source,
        section=article.section if read else "",
        fallback_language=article.feed_language or feed.language,
    )


def _record_plain(session: Session, app: Sender, active: Active, plain: Sequence[Judged], now: datetime) -> bool:
    """Mark articles that no rule matched; False when another revision is active by now (they stay due)."""
    if not plain or not _is_active(session, active):
        _give_back(session, plain)
        return not plain
    _lock_rules(session, plain)
    articles.mark_all_matched(session, [one.one for one in plain], config=active.revision, now=now)
    for one in plain:
        _troubles(session, app, active, one, now)
    return True


def record(session: Session, app: App, active: Active, judged: Judged) -> list[tuple[str, str]] | None:
    """One commit for one article: its hits, stories, alerts, deliveries and its mark.

    Returns (rule, what was decided) for each new hit; None when nothing was written: the lease was lost, or another
    revision is active by now.
    """
    now = app.clock.now()
    still_active = _is_active(session, active)
    before = hits.rules_of(session, judged.one.article.id or 0) if judged.one.article.matched_revision >= 0 else ()
    _lock_rules(session, [judged], before)
    if not still_active:
        _give_back(session, [judged])
        return None
    article = session.get(Article, judged.one.article.id, populate_existing=True)
    if article is None or not articles.mark_matched(session, judged.one, config=active.revision, now=now):
        return None
    known = hits.of_article(session, article.id or 0)
    told = hits.rules_of_duplicates(session, article.id or 0) if judged.one.article.matched_revision >= 0 else ()
    outcomes = []
    for match in judged.verdict.matches:
        if (hit := known.get(match.rule)) is not None:
            if _again(session, hit, match, judged, active, now) and not alerts.of_story(session, hit.story_id):
                placed = stories_step.placed_again(session, active, judged.one.article, judged.one.feed, hit)
                outcomes.append((match.rule, alerting.owe(session, app, active, placed, now=now)))
        elif match.rule not in told:  # else under another address, maybe when its own story was over
            outcomes.append(
                (match.rule, add_hit(session, app, active, judged, match, past=article.from_before, now=now))
            )
    _withdraw(session, active, judged, known, now)
    _troubles(session, app, active, judged, now)
    return outcomes


def _is_active(session: Session, active: Active) -> bool:
    """Whether this revision is the active one, and stays it until this transaction ends."""
    lock_names(session, [CONFIG_LOCK], shared=True)
    return configs.active_revision(session) == active.revision


def _give_back(session: Session, judged: Sequence[Judged]) -> None:
    """Articles matched with a revision that is no longer active are due again now, not when their leases run out."""
    for one in judged:
        settle(session, articles.MATCH, one.one.lease, {})


def add_hit(
    session: Session, app: Sender, active: Active, judged: Judged, match: Match, *, past: bool, now: datetime
) -> str:
    """A new hit: into its story, and to what that owes people. Returns the Reason of what was decided."""
    placed = stories_step.place_hit(session, active, judged.one, judged.document, match, past=past, now=now)
    return alerting.owe(session, app, active, placed, now=now)


def _again(session: Session, hit: Hit, match: Match, judged: Judged, active: Active, now: datetime) -> bool:
    """The same rule matched the same article again: the hit is brought up to date in place, nobody is told twice.

    Returns whether it is to be told of: it comes back from being withdrawn, or its article became news since.
    """
    stories_step.fill(hit, match, judged.one.article, active.revision)
    session.add(hit)
    news = hit.past and not judged.one.article.from_before and hit.at < judged.one.article.first_seen_at
    hit.past = hit.past and not news
    if hit.state != "withdrawn" and not news:
        return False
    hit.state = "from_before" if hit.past else "live"
    standing.comes_back(session, hit, now)
    return True


def _withdraw(session: Session, active: Active, judged: Judged, known: dict[str, Hit], now: datetime) -> None:
    """What matched on title and summary, or before an edit, and matches no longer is shown as withdrawn, never unsaid;
    its text counts no more. What the feed alone says has revision 0, however often it is edited. Only an answer
    withdraws: of a rule that is off or gone, or in trouble with this text, the hit stays as it is.
    """
    kept = {match.rule for match in judged.verdict.matches} | {one.rule for one in judged.verdict.undecided}
    revision = judged.one.article.revision
    for name, hit in known.items():
        rule = active.rules.get(name)
        if rule is None or not rule.enabled or name in active.off or name in kept:
            continue
        if hit.state != "withdrawn" and (revision > hit.article_revision or not revision):
            hit.state = "withdrawn"
            session.add(hit)
            stories.recount(session, hit.story_id)
            note(session, name, judged, Reason.WITHDRAWN, now, hit.story_id)


def _lock_rules(session: Session, judged: Sequence[Judged], matched_before: Sequence[str] = ()) -> None:
    """All rules that are written about, before any row of theirs is: in one order, so that nobody waits in a circle."""
    hit = {match.rule for one in judged for match in one.verdict.matches}
    troubled = {trouble.rule for one in judged for trouble in one.verdict.troubles}
    lock_names(session, [f"rule:{rule}" for rule in hit | troubled | set(matched_before)])


def _troubles(session: Session, app: Sender, active: Active, judged: Judged, now: datetime) -> None:
    """Rules that could not be decided on this article, or not within their budget: shown, and off when it goes on."""
    for trouble in judged.verdict.troubles:
        note(session, trouble.rule, judged, trouble.reason, now)
        off = costly.count(session, app, active, trouble, url=judged.one.article.url, now=now)
        if off is not None:
            logger.error(pairs(step="match", rule=trouble.rule, event="switched off", why=off, error=trouble.error))


def note(session: Session, rule: str, one: Judged, reason: Reason, at: datetime, story: int | None = None) -> None:
    """Keep why matching did not lead to a hit, or no longer does."""
    decisions.add(
        session, rule=rule, article=one.one.article.id, story=story, alert="", stage="match", action="none",
        reason=reason, detail="", at=at,
    )  # fmt: skip


def _count(cycle: Cycle, judged: Sequence[Judged], done: bool) -> None:
    for one in judged:
        if not done:
            cycle.report.count("match", "skipped", Reason.LOCKED)
        elif one.verdict.matches:
            cycle.report.count("match", "hit")
            cycle.report.count("hits", "new or again", by=len(one.verdict.matches))
        else:
            cycle.report.count("match", "no hit")
