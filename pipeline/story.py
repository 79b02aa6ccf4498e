"""Puts a hit into its story: an open one that tells the same event, or a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from core.reasons import Reason
from core.text import one_line
from pipeline.app import Active, App
from rules.config import Rule
from rules.document import Document
from rules.spans import Match, Span
from storage import articles, decisions, hits
from storage import stories as story_rows
from storage.engine import Database
from storage.tables import Article, Feed, Hit, Story
from stories.group import OpenStory, Placement, place
from stories.telling import Telling, just_told, lead_of
from stories.wires import wire_of

SENTENCES_TOLD = 5  # matched sentences that grouping looks at


@dataclass(frozen=True, slots=True)
class Placed:
    """A new hit and the story it went into."""

    hit: Hit
    story: Story
    article: Article
    feed: Feed
    rule: Rule
    placement: Placement
    past: bool


async def read_ahead(app: App, active: Active, rules: Iterable[str]) -> None:
    """Have at hand what the open stories of these rules tell, before a transaction looks through them: after a start
    that takes seconds, in which nobody else could write.
    """
    now = app.clock.now()
    for rule in sorted(set(rules)):
        around = window_around(active.rule(rule), now, archived=False)
        await asyncio.to_thread(read_facts, app.db, active, rule, around)


Around = tuple[datetime, datetime]  # from when to when a story was last told that a telling may belong to


def window_around(rule: Rule, at: datetime, *, archived: bool) -> Around:
    """Where the stories lie that what is told `at` may belong to.

    What comes out of an archive may tell of an event earlier than others did. A story lasts a window beyond its first
    telling, but for copies.
    """
    return at - rule.story_window, at + 2 * rule.story_window if archived else story_rows.FAR


def read_facts(db: Database, active: Active, rule: str, around: Around) -> None:
    """Have at hand what a rule's stories tell that were told then; blocks this thread."""
    stories = db.read_now(partial(_open_stories, active=active, rule=rule, around=around))
    for story in stories:
        for one in story.tellings:
            one.facts  # noqa: B018 - asking finds them


def place_hit(
    session: Session,
    active: Active,
    one: articles.ToMatch,
    document: Document,
    match: Match,
    *,
    past: bool,
    now: datetime,
    archived: bool = False,
) -> Placed:
    """Write the hit and its place. Runs under the rule's lock, so that no other worker groups for this rule
    meanwhile.

    `archived`: it came out of an archive, and is dated when it told its news: among the stories of that time.
    """
    rule = active.rule(match.rule)
    article, feed = one.article, one.feed
    at = told_at(article, past=past)
    made = min(at, now) if archived else now
    hit = Hit(
        rule_id=match.rule,
        article_id=article.id or 0,
        story_id=0,
        state="from_before" if past else "live",
        past=past,
        at=made,
    )
    fill(hit, match, article, active.revision)
    new = just_told(telling(article, feed, hit, at=at))
    around = window_around(rule, made, archived=archived)
    opened = _open_stories(session, active=active, rule=rule.id, around=around)
    placement = place(new, opened, window=rule.story_window)
    story = _story(session, placement, hit, article, made, archived=archived)
    hit.story_id, hit.origin, hit.why = story.id or 0, placement.origin, placement.why
    session.add(hit)
    session.flush()
    if placement.same_origin:  # its text may have counted no more
        story.origins = story_rows.texts_that_count(session, hit.story_id)
    _note(session, hit, placement, now)
    return Placed(hit, story, article, feed, rule, placement, past)


def placed_again(session: Session, active: Active, article: Article, feed: Feed, hit: Hit) -> Placed:
    """A hit that came back, where it has been since it was new."""
    story = session.get_one(Story, hit.story_id)
    placement = Placement(str(story.id), hit.origin, True, Reason.SAME_ARTICLE, hit.why, 1.0)
    return Placed(hit, story, article, feed, active.rule(hit.rule_id), placement, hit.past)


def fill(hit: Hit, match: Match, article: Article, config: int) -> None:
    """What a match says, on its hit."""
    hit.article_revision, hit.config_revision, hit.score = article.revision, config, match.score
    hit.spans = [span_values(span) for span in match.spans]
    hit.sentences = sentences(match.spans)


def span_values(span: Span) -> dict[str, Any]:
    """A span as it is stored: field, character offsets, the words, and its leaves by clause."""
    return {
        "field": span.field,
        "start": span.start,
        "end": span.end,
        "clause": span.clause,
        "text": span.text,
        "sentence": span.sentence,
        "sentence_start": span.sentence_start,
        "leaves": [
            {"field": leaf.field, "start": leaf.start, "end": leaf.end, "clause": leaf.clause} for leaf in span.leaves
        ],
    }


def sentences(spans: Sequence[Span]) -> list[dict[str, Any]]:
    """The matched sentences, each once, with the offsets of the matched words in it; they outlive the text.

    Of places that begin in one sentence, one may end in the next: then both sentences are kept as one.
    """
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for span in spans:
        kept = found.setdefault(
            (span.field, span.sentence_start), {"field": span.field, "sentence": span.sentence, "marks": []}
        )
        kept["sentence"] = max(kept["sentence"], span.sentence, key=len)
        for leaf in span.leaves:
            start, end = leaf.start - span.sentence_start, leaf.end - span.sentence_start
            mark = [start, end]
            if leaf.field == span.field and 0 <= start < end <= len(span.sentence) and mark not in kept["marks"]:
                kept["marks"].append(mark)
    for kept in found.values():
        kept["marks"].sort()
    return list(found.values())


def told_at(article: Article, *, past: bool) -> datetime:
    """When an article told its news: when we first saw it, or of one from before, when it was published."""
    return article.published or article.first_seen_at if past else article.first_seen_at


def telling(article: Article, feed: Feed, hit: Hit, *, at: datetime) -> Telling:
    """What grouping compares."""
    read = article.revision > 0
    text = article.text if read else article.feed_text
    title = article.title if read else article.feed_title
    return Telling(
        article=str(article.id),
        title=title,
        lead=lead_of(title, text),
        sentences=tuple(one["sentence"] for one in hit.sentences[:SENTENCES_TOLD]),
        at=at,
        shingles=articles.shingles_of(article),
        wire=wire_of(text, article.author),
        owner=feed.owner,
        source=article.source,
        language=article.language or article.feed_language,
    )


def _open_stories(session: Session, *, active: Active, rule: str, around: Around) -> list[OpenStory]:
    """The rule's stories that were told within these times, as grouping sees them.

    All are looked at for each hit, and most were looked at for the hit before: what their articles tell is kept in
    memory, so that a burst of 5,000 hits reads each article once and not 5,000 times.
    """
    stories = story_rows.candidates(session, rule, *around)
    told = hits.told_in(session, rule, *around)
    known = _known(session, active, told)
    by_story: dict[int, list[hits.Told]] = {}
    for one in told:
        by_story.setdefault(one.story, []).append(one)
    return [
        OpenStory(
            str(number),
            tuple(known[one] for one in by_story.get(number, ())),
            {str(one.article): one.origin for one in by_story.get(number, ())},
            state,
        )
        for number, state in stories
    ]


def _known(session: Session, active: Active, told: Sequence[hits.Told]) -> dict[hits.Told, Telling]:
    """What these hits tell. When too many are kept, those that were not asked for the longest go, never these: looked
    through in the same order each time, they would all be missing each time.
    """
    kept = active.tellings  # other threads use it, too: what one took out, another makes again
    known = {one: telling for one in told if (telling := kept.pop(one, None))}
    known |= _tellings(session, [one for one in told if one not in known])
    kept |= known
    for one in list(kept)[: max(0, len(kept) - max(active.tellings_kept, len(known)))]:
        kept.pop(one, None)
    return known


def _tellings(session: Session, told: Sequence[hits.Told]) -> dict[hits.Told, Telling]:
    rows = {hit.id: (hit, article, feed) for hit, article, feed in hits.with_feeds(session, [one.hit for one in told])}
    made = {}
    for one in told:
        hit, article, feed = rows[one.hit]
        made[one] = just_told(telling(article, feed, hit, at=told_at(article, past=hit.past)))
    return made


def _story(
    session: Session, placement: Placement, hit: Hit, article: Article, at: datetime, *, archived: bool
) -> Story:
    if placement.story is None:
        title = one_line(article.title or article.feed_title, 300)
        story = Story(
            rule_id=hit.rule_id, title=title, first_article_id=hit.article_id, first_hit_at=at, last_hit_at=at
        )
    else:
        story = session.get_one(Story, int(placement.story), populate_existing=True)
    story.articles += 1
    if archived:
        story.first_hit_at, story.last_hit_at = min(story.first_hit_at, at), max(story.last_hit_at, at)
    else:
        story.last_hit_at = at
    if not placement.same_origin:
        story.origins += 1
    session.add(story)
    session.flush()
    return story


def _note(session: Session, hit: Hit, placement: Placement, now: datetime) -> None:
    decisions.add(
        session, rule=hit.rule_id, article=hit.article_id, story=hit.story_id, alert="", stage="story", action="none",
        reason=placement.reason, detail=placement.why, at=now,
    )  # fmt: skip
