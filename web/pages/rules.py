"""`/rules`: every rule, what it finds, what of that people say is not meant, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import NotAvailable
from core.text import one_line
from pipeline import in_worker
from rules.config import Rule, Watch
from storage import configs, tallies
from storage.engine import Database
from storage.tables import RuleState
from web.frame import frame, page_at, show
from web.pages.feeds import Bar, bars
from web.rulebook import DAYS, Rulebook
from web.text import capped, why
from web.trials import Trials

SHOWN = 50  # rules of a page


@dataclass(frozen=True, slots=True)
class Line:
    """A rule as the page shows it; hits and `bars` (a day each, today last) are of the last DAYS days."""

    id: str
    title: str
    tags: tuple[str, ...]
    state: str
    why: str
    hits: int
    bars: tuple[Bar, ...]
    spark_says: str
    stories: str
    not_this: int  # hits that somebody called so, of all days
    cost: str


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the page shows; `next` is the id that the following page begins after, "" at the end."""

    lines: tuple[Line, ...]
    tags: tuple[str, ...]
    count: int  # that are as asked for
    total: int
    next: str


def register(db: Database, book: Rulebook, trials: Trials) -> None:
    """Add the page."""

    @page_at("/rules")
    async def rules_page(tag: str = "", q: str = "", after: str = "") -> None:
        chosen, words = one_line(tag), one_line(q)
        active, watch = await book.active()

        async def look() -> Listing:
            now = SystemClock().now()
            return await db.read(
                lambda session: gather(session, book, watch, now, tag=chosen, words=words, after=after)
            )

        page = await look()
        with frame("Rules", at="/rules"):
            table = ui.element("div")
            with table:
                show("rules.html", page=page, tag=chosen, q=words, days=DAYS)

        async def measure() -> None:
            """What nobody measured yet is measured when the page stands, and the table shown again."""
            rules = [rule for line in page.lines if not line.cost and (rule := watch.rule(line.id))]
            costs = await measured(trials, active.text, rules)
            for rule in rules:
                if rule.id in costs:
                    book.measured(rule, costs[rule.id])
            if costs and not table.is_deleted:
                fresh = await look()
                table.clear()
                with table:
                    show("rules.html", page=fresh, tag=chosen, q=words, days=DAYS)

        if any(not line.cost for line in page.lines):
            ui.timer(0, measure, once=True)


async def measured(trials: Trials, text: str, rules: Sequence[Rule]) -> Mapping[str, float]:
    """Rule id → microseconds an article; nothing when that would take too long, or there is no article."""
    try:
        ids = tuple(rule.id for rule in rules)
        return await trials.quick(in_worker.costs, trials.database, trials.folder, text, ids)
    except NotAvailable:
        return {}


def gather(
    session: Session, book: Rulebook, watch: Watch, now: datetime, *, tag: str, words: str, after: str
) -> Listing:
    """The rules by id, of one tag and with these words in id, title or text."""
    wanted = sorted(
        (rule for rule in watch.rules if (not tag or tag in rule.tags) and _has(rule, words)), key=lambda rule: rule.id
    )
    rest = [rule for rule in wanted if rule.id > after]
    chosen = rest[:SHOWN]
    ids = [rule.id for rule in chosen]
    states, stories = configs.rule_states(session, ids), tallies.stories_of(session, ids)
    wrong, days = tallies.not_this(session, ids), book.hits(session, now)
    lines = tuple(
        _line(rule, states.get(rule.id), [day.get(rule.id, 0) for day in days], stories[rule.id],
              wrong.get(rule.id, 0), book.cost(rule))
        for rule in chosen
    )  # fmt: skip
    tags = tuple(sorted({one for rule in watch.rules for one in rule.tags}))
    return Listing(lines, tags, len(wanted), len(watch.rules), ids[-1] if len(rest) > SHOWN else "")


def _has(rule: Rule, words: str) -> bool:
    held = f"{rule.id} {rule.title} {rule.text}".casefold()
    return all(word in held for word in words.casefold().split())


def _line(
    rule: Rule, state: RuleState | None, daily: Sequence[int], stories: int, not_this: int, cost: float | None
) -> Line:  # fmt: skip
    name, reason = state_of(rule, state)
    return Line(
        id=rule.id,
        title=rule.title,
        tags=rule.tags,
        state=name,
        why=reason,
        hits=sum(daily),
        bars=bars(daily),
        spark_says=f"hits a day, at most {max(daily):,}",
        stories=capped(stories, tallies.COUNTED),
        not_this=not_this,
        cost="" if cost is None else f"{cost:,.0f} µs" if cost >= 1 else "< 1 µs",
    )


def state_of(rule: Rule, state: RuleState | None) -> tuple[str, str]:
    """`on`, `off` or `switched off`, and why."""
    if not rule.enabled:
        return "off", "the watch file says enabled: false"
    if state is not None and state.off_reason:
        return "switched off", why(state.off_reason)
    if state is not None and state.past_id > 1:
        return "on", "stored articles are being matched"
    return "on", ""
