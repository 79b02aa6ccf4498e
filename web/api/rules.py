"""`/rules`: what is watched for, trying it, and changing it as a new config revision."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from core.text import clean, one_line
from pipeline import in_worker, revising, trying
from pipeline.editing import Current
from pipeline.near import SHOWN
from pipeline.preview import Backtest
from rules.config import Rule
from rules.document import ArticleText
from storage import configs
from web.api.desk import Base, Desk, Who, etag, found
from web.api.paging import Said, Word
from web.api.problems import EDITED

MOST_TEXT = 1_000_000  # characters of a text to be tried
MOST_MATCH = 20_000  # of a rule's text; the parser has its own limit
MOST_DAYS = 366
RuleId = Annotated[Word, Path(min_length=1)]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="how far to look back")]
Match = Annotated[
    str, Field(max_length=MOST_MATCH, pattern=r"^[^\x00]*$", description="a rule's text, to be tried unsaved")
]


class RuleLine(BaseModel):
    """A rule of the active revision."""

    id: str
    title: str
    enabled: bool
    off: str = Field(description="why it was switched off by itself")
    tags: list[str]
    languages: list[str]
    to: list[str]


class RuleWhole(RuleLine):
    """A rule with its text and settings, defaults included."""

    match: str
    story_window_seconds: float
    alert: dict[str, Any]
    revision: int = Field(description="the active revision: what If-Match names when it is edited")


class Trial(Said):
    """A text to try rules on."""

    text: str = Field(min_length=1, max_length=MOST_TEXT)
    title: str = Field("", max_length=2000)
    language: str = Field("", max_length=20, description="where it cannot be told")
    match: Match = ""


class Verdict(BaseModel):
    """What one rule says of a text."""

    rule: str
    matches: bool
    why: str = Field(description="that it matches, or the nearest miss in words")
    spans: list[Any]
    clauses: list[str]
    troubles: list[str]


class Explained(BaseModel):
    """A rule in words; its work is counted in steps, on the dearest of its examples."""

    model_config = ConfigDict(from_attributes=True)
    words: str
    terms: list[str]
    cost: int
    limit: int


class Draft(Said):
    """A rule's text to be tried instead of the saved one."""

    match: Match = ""
    days: int = Field(30, ge=1, le=MOST_DAYS)


class FoundArticle(BaseModel):
    """A stored article that a rule matches or nearly matches."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    title: str
    url: str
    source: str
    first_seen: datetime
    outcome: str = Field("", description="what it would have led to")


class Day(BaseModel):
    """One day of a backtest."""

    model_config = ConfigDict(from_attributes=True)
    day: date
    hits: int
    stories: int
    alerts: int
    digests: int
    held: int
    folded: int


class BacktestResult(BaseModel):
    """What a rule would have done with the stored articles."""

    model_config = ConfigDict(from_attributes=True)
    rule: str
    since: datetime
    until: datetime
    articles: int
    looked_at: int
    too_costly: int
    days: list[Day]
    worst_day: date | None
    found: list[FoundArticle]
    gained: list[FoundArticle] = Field(description="matched by the text on trial only")
    lost: list[FoundArticle] = Field(description="matched by the saved rule only")


class Miss(FoundArticle):
    """A near miss."""

    failed: str = Field(description="the clause that failed")
    miss: str = Field(description="what it lacks")


class NearResult(BaseModel):
    """Near misses, newest first."""

    rule: str
    since: datetime
    articles: int
    offered: int
    looked_at: int
    misses: list[Miss]


class RuleEdit(BaseModel):
    """A rule as the watch file writes it: `match`, `title`, `alert` and all other keys of docs/watch-file.md."""

    model_config = ConfigDict(extra="allow")
    match: Annotated[str, Field(min_length=1, max_length=MOST_MATCH)]


class Revision(BaseModel):
    """The active revision after an edit."""

    revision: int
    changed: bool


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/rules", tags=["rules"])
    _saved(routes, desk)
    _tried_on(routes, desk)
    return routes


def _saved(routes: APIRouter, desk: Desk) -> None:
    @routes.get("")
    async def list_rules(response: Response) -> list[RuleLine]:
        """The rules of the active revision, in its order; the ETag names the revision."""
        now, watch = await desk.book.active()
        off = await desk.read(configs.switched_off)
        response.headers.update(etag(now.revision))
        return [RuleLine(**_line(rule, off)) for rule in watch.rules]

    @routes.get("/{rule_id}")
    async def one_rule(rule_id: RuleId, response: Response) -> RuleWhole:
        """A rule with its settings."""
        now, rule = await _saved_rule(desk, rule_id)
        off = await desk.read(configs.switched_off)
        response.headers.update(etag(now.revision))
        return RuleWhole(
            **_line(rule, off), match=rule.text, story_window_seconds=rule.story_window.total_seconds(),
            alert=rule.alert.model_dump(mode="json", by_alias=True), revision=now.revision,
        )  # fmt: skip

    @routes.get("/{rule_id}/explain")
    async def explain(rule_id: RuleId) -> Explained:
        """What a rule means in words, which terms it is looked up by, and how much work it is."""
        _, rule = await _saved_rule(desk, rule_id)
        return Explained.model_validate(await asyncio.to_thread(trying.explained, rule))

    @routes.put("/{rule_id}", responses=EDITED)
    async def put_rule(who: Who, base: Base, rule_id: RuleId, rule: RuleEdit, response: Response) -> Revision:
        """Save a rule, new or changed, as a new revision. What is wrong is told with its line and column."""
        edit = partial(revising.put_rule, rule_id=rule_id, rule=rule.model_dump())
        return await _revised(desk, edit, who, base, f"rule {rule_id}", response)

    @routes.delete("/{rule_id}", responses=EDITED)
    async def delete_rule(who: Who, base: Base, rule_id: RuleId, response: Response) -> Revision:
        """Take a rule out, as a new revision. What it still had to tell is told no more."""
        await _saved_rule(desk, rule_id)
        edit = partial(revising.remove_rule, rule_id=rule_id)
        return await _revised(desk, edit, who, base, f"rule {rule_id} removed", response)


def _tried_on(routes: APIRouter, desk: Desk) -> None:
    @routes.post("/test")
    async def test(trial: Annotated[Trial, Body()]) -> list[Verdict]:
        """Try all rules, or a text that is not saved, on a text: which clause matched where, or the nearest miss."""
        return await _tried(desk, trial, [])

    @routes.post("/{rule_id}/test")
    async def test_one(rule_id: RuleId, trial: Annotated[Trial, Body()]) -> Verdict:
        """Try one rule on a text, or with `match` a text in its place."""
        await _saved_rule(desk, rule_id)
        return (await _tried(desk, trial, [rule_id]))[0]

    @routes.post("/{rule_id}/backtest")
    async def backtest(rule_id: RuleId, draft: Draft) -> BacktestResult:
        """What a rule, or with `match` a text in its place, would have done with the stored articles.

        In a minute, or thirty times WIREWATCH_PREVIEW_SECONDS.
        """
        text = await _known_or_new(desk, rule_id, draft.match)
        until = desk.now()
        since = until - timedelta(days=draft.days)
        one = await desk.trials.long(
            in_worker.backtest_of, desk.trials.database, desk.trials.folder, text, rule_id, draft.match, since, until
        )
        return BacktestResult.model_validate(_backtest_values(one, rule_id))

    @routes.post("/{rule_id}/near")
    async def near(rule_id: RuleId, draft: Draft, limit: Annotated[int, Query(ge=1, le=200)] = SHOWN) -> NearResult:
        """Stored articles that lack one clause of a rule, or miss a distance by little, with what they lack."""
        text = await _known_or_new(desk, rule_id, draft.match)
        since = desk.now() - timedelta(days=draft.days)
        one = await desk.trials.long(
            in_worker.near_of, desk.trials.database, desk.trials.folder, text, rule_id, draft.match, since, limit
        )
        misses = [
            Miss(**FoundArticle.model_validate(article).model_dump(), failed=miss.failed, miss=miss.miss)
            for article, miss in one.misses
        ]
        return NearResult(
            rule=rule_id, since=one.since, articles=one.articles, offered=one.offered, looked_at=one.looked_at,
            misses=misses,
        )  # fmt: skip


async def _tried(desk: Desk, trial: Trial, rule_ids: list[str]) -> list[Verdict]:
    article = ArticleText(
        id="text", title=one_line(trial.title), text=clean(trial.text), language=one_line(trial.language)
    )
    now, _ = await desk.book.active()
    folder = desk.trials.folder
    said = await desk.trials.careful(in_worker.verdicts_of, folder, now.text, article, rule_ids, trial.match)
    return [Verdict.model_validate(one) for one in said]


async def _revised(desk: Desk, edit: Any, who: str, base: int, note: str, response: Response) -> Revision:
    revised = await revising.revise(desk.db, edit, who=who, now=desk.now(), note=note, base=base)
    response.headers.update(etag(revised.revision))
    return Revision(revision=revised.revision, changed=revised.changed)


async def _saved_rule(desk: Desk, rule_id: str) -> tuple[Current, Rule]:
    """The active revision and a rule of it. Raises 404."""
    now, watch = await desk.book.active()
    return now, found(watch.rule(rule_id), f"rule {rule_id}")


async def _known_or_new(desk: Desk, rule_id: str, match: str) -> str:
    """The active revision's text. A rule that is not saved can be tried by its own; raises 404 for neither."""
    now, _ = await desk.book.active() if match else await _saved_rule(desk, rule_id)
    return now.text


def _line(rule: Rule, off: Any) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "enabled": rule.enabled,
        "off": off.get(rule.id, ""),
        "tags": list(rule.tags),
        "languages": list(rule.languages),
        "to": list(rule.alert.to or ()),
    }


def _backtest_values(one: Backtest, rule_id: str) -> dict[str, Any]:
    names = ("since", "until", "articles", "looked_at", "too_costly", "days", "found", "gained", "lost")
    values = {name: getattr(one, name) for name in names}
    return {**values, "rule": rule_id, "worst_day": one.worst.day if one.worst else None}
