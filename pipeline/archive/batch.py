"""One batch: its pages judged, then one transaction for its articles, hits and stories, and for its own "done"."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from core.errors import Missing, NotAvailable
from core.reasons import Reason
from core.text import one_line
from pipeline import story as stories_step
from pipeline.app import Active
from pipeline.archive.judging import Fresh, Known, Lines, Replayer, Stored, extraction, judged, sites, stored
from pipeline.archive.pages import FAILED, Part, Taken, pages_of
from pipeline.archive.sources import Kind
from pipeline.configure import CONFIG_LOCK
from pipeline.match import Judged
from pipeline.read import Named, Read, twin_of
from rules.spans import Match
from storage import backfills, configs, decisions, hits, hosts
from storage import entries as rows
from storage.backfills import Counts, Trouble
from storage.engine import Database, lock_names
from storage.office import Backfill, BackfillBatch
from storage.tables import Article

T = TypeVar("T")
Page = Taken | Trouble
Ask = Callable[[Page, Stored | None], Coroutine[Any, Any, T]]

TOGETHER = 8  # pages that are looked up at once: one by one that took a tenth of what a page costs beside reading
AHEAD = 2  # pages of a batch that are read while one is matched
TRIES = 5  # of a batch while others change what it is written beside
STORED, KNOWN, HITS = "stored", "known", "hits"
LONGEST_DETAIL = 500


@dataclass
class Harvest:
    """What a batch's pages came to, in their order."""

    active: Active
    fresh: list[Fresh] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    memory: dict[str, bytes] = field(default_factory=dict)  # host → the lines that its pages repeat

    def judged(self) -> Iterator[tuple[str, Judged]]:
        """The articles that the rules were tried on."""
        yield from ((one.place, one.judged) for one in self.fresh)
        yield from ((one.place, one.judged) for one in self.known if one.judged)


async def replay_batch(replayer: Replayer, batch_id: int) -> Counts:
    """Do a batch, unless it is done already; its counts. What fails of one record is written with the batch.

    Raises Missing for a batch that this database does not have, OSError and InputError for a source that cannot be
    read, and NotAvailable; nothing is written then, and it can be done again.
    """
    for _ in range(TRIES):
        found = await replayer.db.read(lambda session: backfills.get(session, batch_id))
        if found is None:
            raise Missing(f"there is no batch {batch_id} in this database", hint="all workers need the same database")
        if found[0].done_at is not None:
            return backfills.counted(found[0])
        harvest = await _harvest(replayer, *found)
        try:
            counts = await _stored(replayer, batch_id, harvest)
        except IntegrityError:  # somebody stored one of the articles meanwhile, and once more
            continue
        if counts is not None:
            return counts
    raise NotAvailable(f"batch {batch_id}: other changes come faster than it can be written", hint="start again later")


async def _harvest(replayer: Replayer, batch: BackfillBatch, backfill: Backfill) -> Harvest:
    now = replayer.clock.now()
    active = await asyncio.to_thread(replayer.refreshed, tuple(backfill.rules))
    places = await replayer.db.write(lambda session: sites(session, now))
    part = Part(Kind(backfill.kind), backfill.source, tuple(batch.span), backfill.since, backfill.until)
    lines, harvest = Lines(replayer.db), Harvest(active)

    async def ask(page: Page, known: Stored | None) -> tuple[Taken, Stored | Read] | Trouble:
        return page if isinstance(page, Trouble) else (page, known or await extraction(replayer, active, page))

    async with aclosing(_in_order(_looked_up(replayer.db, pages_of(part, replayer.db)), ask)) as answers:
        async for answer in answers:
            found = answer if isinstance(answer, Trouble) else await judged(replayer, active, places, lines, *answer)
            match found:
                case Fresh():
                    harvest.fresh.append(found)
                case Known():
                    harvest.known.append(found)
                case Trouble():
                    harvest.troubles.append(found)
    harvest.memory = lines.memory
    return harvest


async def _looked_up(db: Database, pages: Iterator[Page]) -> AsyncIterator[tuple[Page, Stored | None]]:
    """Each with its article, where that is stored; some are looked up together."""
    while some := list(islice(pages, TOGETHER)):
        known = await stored(db, [page for page in some if isinstance(page, Taken)])
        for page in some:
            yield page, known.get(page.place)


async def _in_order(pages: AsyncIterator[tuple[Page, Stored | None]], ask: Ask[T]) -> AsyncGenerator[T, None]:
    """What `ask` says of each, in their order; the next are asked already while one is looked at."""
    waiting: deque[asyncio.Task[T]] = deque()
    try:
        async for page, known in pages:
            waiting.append(asyncio.create_task(ask(page, known)))
            if len(waiting) > AHEAD:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for one in waiting:
            one.cancel()


async def _stored(replayer: Replayer, batch_id: int, harvest: Harvest) -> Counts | None:
    now = replayer.clock.now()
    await asyncio.to_thread(_read_ahead, replayer, harvest, now)
    counts = await replayer.db.write(partial(store, batch_id=batch_id, harvest=harvest, now=now))
    if counts is not None and harvest.memory:
        await replayer.db.write(lambda session: hosts.remember(session, harvest.memory, now))
    return counts


def _read_ahead(replayer: Replayer, harvest: Harvest, now: datetime) -> None:
    """Have at hand what the stories tell that the hits may belong to: others cannot write while that is found."""
    for _, one in harvest.judged():
        for match in one.verdict.matches:
            at = min(stories_step.told_at(one.one.article, past=True), now)
            around = stories_step.window_around(harvest.active.rule(match.rule), at, archived=True)
            stories_step.read_facts(replayer.db, harvest.active, match.rule, around)


def store(session: Session, batch_id: int, harvest: Harvest, now: datetime) -> Counts | None:
    """Write all that came of a batch; None, and nothing written, when another revision is active by now."""
    lock_names(session, [CONFIG_LOCK], shared=True)
    if configs.active_revision(session) != harvest.active.revision:
        return None
    lock_names(session, [f"rule:{match.rule}" for _, one in harvest.judged() for match in one.verdict.matches])
    if not backfills.claim_done(session, batch_id, now):
        found = backfills.get(session, batch_id)
        return backfills.counted(found[0]) if found else None
    counts: Counts = Counter({(KNOWN, str(Reason.KNOWN_ALREADY)): len(harvest.known)})
    counts.update((one.outcome, one.reason) for one in harvest.troubles)
    matched = [one.judged for one in harvest.known if one.judged]
    matched += _new_articles(session, harvest, counts, now)
    stories = _hits(session, harvest.active, matched, now)
    counts[HITS, ""] = len(stories)
    troubles = [*harvest.troubles, *_undecided(harvest)]
    backfills.keep_outcome(session, batch_id, +counts, [_short(one) for one in troubles], stories)
    return +counts


def _new_articles(session: Session, harvest: Harvest, counts: Counts, now: datetime) -> list[Judged]:
    """Store the articles that nobody stored meanwhile, in the order of their keys, so that two who store the same ones
    do not wait for each other in a circle. Returns those that the rules' verdicts are to be written of.
    """
    taken = set(rows.article_by_key(session, sorted({one.article.key for one in harvest.fresh})))
    matched, unwritten = [], set[str]()
    for one in sorted(harvest.fresh, key=lambda one: (one.article.key, one.article.first_seen_at)):
        if one.article.key in taken:
            counts[KNOWN, str(Reason.KNOWN_ALREADY)] += 1
            continue
        taken.add(one.article.key)
        article = Article(**one.article.model_dump())  # a write may be run twice: each with a row of its own
        if article.canonical_key in unwritten:  # else they are written together: each alone took half of the time
            session.flush()
            unwritten.clear()
        page = Named(article.key, article.canonical_key, article.title)
        twin = twin_of(session, page, one.hashes, but=0)
        if twin is not None:
            article.state, article.duplicate_of = "duplicate", twin.id
        article.matched_at, article.matched_config = now, harvest.active.revision
        article.matched_revision = article.revision
        session.add(article)
        unwritten |= {article.key, article.canonical_key} - {""}
        counts[STORED, str(Reason.OTHER_ADDRESS) if twin else article.reason] += 1
        if twin is None:
            matched.append(replace(one.judged, one=replace(one.judged.one, article=article)))
    session.flush()
    return matched


def _hits(session: Session, active: Active, matched: list[Judged], now: datetime) -> list[int]:
    """The hits that are new, oldest first, so that a story begins with its first telling; the story of each."""
    stories = []
    for one in sorted(matched, key=lambda one: stories_step.told_at(one.one.article, past=True)):
        known = hits.of_article(session, one.one.article.id or 0) if one.verdict.matches else {}
        for match in one.verdict.matches:
            if match.rule not in known:
                stories.append(_hit(session, active, one, match, now))
    return stories


def _hit(session: Session, active: Active, one: Judged, match: Match, now: datetime) -> int:
    placed = stories_step.place_hit(session, active, one.one, one.document, match, past=True, now=now, archived=True)
    story = placed.story.id or 0
    decisions.add(
        session, rule=match.rule, article=placed.article.id, story=story, alert="", stage="backfill", action="none",
        reason=Reason.FROM_BEFORE, detail=Reason.FROM_BEFORE.sentence, at=now,
    )  # fmt: skip
    return story


def _undecided(harvest: Harvest) -> Iterator[Trouble]:
    """Rules that gave no answer on an article. Unlike live, none is switched off for it."""
    for place, one in harvest.judged():
        for trouble in one.verdict.undecided:
            yield Trouble(place, FAILED, str(trouble.reason), f"rule {trouble.rule}: {one.one.article.url}")


def _short(one: Trouble) -> Trouble:
    return Trouble(
        one_line(one.place, LONGEST_DETAIL), one.outcome, str(one.reason), one_line(one.detail, LONGEST_DETAIL)
    )
