"""Why an article led to an alert or did not: for each rule, the first stage or clause that said no."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sqlmodel import Session

from core.errors import Missing
from core.reasons import Reason
from pipeline import digests
from pipeline.app import App
from pipeline.explaining import summary
from pipeline.match import article_text, feed_tag
from pipeline.stories import BY_HAND
from rules.config import Rule, Watch
from rules.document import Document, analyse
from rules.explain import explain
from rules.match import FeedTag, refused
from storage import alerts, articles, configs, hits
from storage.engine import Database
from storage.tables import Article, Decision, Hit


@dataclass(frozen=True, slots=True)
class Why:
    """What became of an article under one rule."""

    rule: str
    outcome: str  # alert | held | folded | no alert | no hit | not tried
    stage: str
    why: str


async def of_article(app: App, which: str) -> list[Why]:
    """One answer a rule. Raises InputError for an article that is not stored and is not named by an address."""
    return await asyncio.to_thread(of_stored, app.db, app.active.watch, which)


def of_stored(db: Database, watch: Watch, which: str) -> list[Why]:
    """`of_article` for the page, which is no App."""
    return db.read_now(lambda session: _of_article(session, watch, which))


def _of_article(session: Session, watch: Watch, which: str) -> list[Why]:
    article = articles.find(session, which)
    if article is None and "://" in which:
        return [Why(rule.id, "not tried", "poll", "not polled: no feed brought it") for rule in watch.rules]
    if article is None:
        raise Missing(f"there is no article {which}", hint="run `wirewatch articles list`")
    ((_, feed, also),) = articles.with_feeds(session, [article.id or 0])
    document = analyse(article_text(article, feed))
    tag = feed_tag(feed, also)
    found = hits.of_article(session, article.id or 0)
    kept = alerts.decisions(session, article_id=article.id)
    early = _before_matching(article)
    off = configs.switched_off(session)
    answers = []
    for rule in watch.rules:
        its = [one for one in kept if one.rule_id == rule.id]
        if rule.id in found:
            answers.append(_of_hit(rule, found[rule.id], its))
        elif rule.id in off and rule.enabled:
            why = f"{Reason.RULE_DISABLED.sentence}, until it is changed: {Reason.of(off[rule.id]).sentence}"
            answers.append(Why(rule.id, "not tried", "rule", why))
        else:
            answers.append(replace(early, rule=rule.id) if early else _of_silence(rule, document, tag, its))
    return answers


def _before_matching(article: Article) -> Why | None:
    """Why no rule was tried on the article at all."""
    if article.state == "duplicate":
        return Why("", "not tried", "read", f"{Reason.SAME_ARTICLE.sentence}: see article {article.duplicate_of}")
    if article.matched_revision >= 0:
        return None
    if article.state == "pending":
        return Why("", "not tried", "read", "the page is not read yet")
    if article.state == "failed":
        return Why("", "not tried", "read", Reason.said(article.reason) or "nothing was read")
    return Why("", "not tried", "match", "its turn has not come yet")


_OUTCOMES = {"send": "alert", "hold": "held", "fold": "folded", "drop": "no alert", "none": "no alert"}


def _of_hit(rule: Rule, hit: Hit, kept: list[Decision]) -> Why:
    """The last decision about it, not what somebody said of it then; the hit itself while none was made. What waits for
    a text that was withdrawn goes without it.
    """
    said = (BY_HAND, "none")
    decided = [one for one in kept if one.stage not in ("story", "match") and (one.stage, one.action) != said]
    if not decided:
        return Why(rule.id, "hit", "match", f"hit, state {hit.state}")
    last = decided[-1]
    if hit.state == "withdrawn" and last.action in ("hold", "fold"):
        return Why(rule.id, "no alert", "match", Reason.WITHDRAWN.sentence)
    outcome = "alert" if (last.stage, last.action) == digests.TOLD else _OUTCOMES.get(last.action, last.action)
    return Why(rule.id, outcome, last.stage, Reason.of(last.reason).sentence)


def _of_silence(rule: Rule, document: Document, feed: FeedTag, kept: list[Decision]) -> Why:
    if not rule.enabled:
        return Why(rule.id, "not tried", "rule", Reason.RULE_DISABLED.sentence)
    if (reason := refused(rule, document, feed)) is not None:
        return Why(rule.id, "not tried", "filter", reason.sentence)
    if any(one.stage == "match" and one.reason == Reason.TOO_COSTLY for one in kept):
        return Why(rule.id, "no hit", "match", Reason.TOO_COSTLY.sentence)
    explained = explain(rule, document)
    if explained.matched:
        return Why(rule.id, "not tried", "past", "it matches; the rule is newer, and looks back a story window only")
    return Why(rule.id, "no hit", "match", summary(explained))
