"""Stories: hits of one rule that tell one event."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.inbox import Wanted, asked
from storage.statements import LARGEST_ID as LARGEST_ID
from storage.statements import numbered
from storage.tables import Feedback, Hit, Silence, Story

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # after all that is told
CANDIDATES = 500  # stories of a rule, newest first, that a new telling is compared with


def candidates(session: Session, rule_id: str, since: datetime, until: datetime = FAR) -> list[tuple[int, str]]:
    """Id and state of the stories of this rule that a new telling may belong to, newest first: last told since then,
    and not after `until`.

    Silenced and closed ones too: what joins them is not told, and must not begin a new story that is.
    """
    rows = session.connection().execute(candidates_query(), {"rule": rule_id, "since": since, "until": until})
    return [(number, state) for number, state in rows]


@cache
def candidates_query() -> Select[tuple[int | None, str]]:
    """The statement behind `candidates`, to be joined."""
    last = col(Story.last_hit_at)
    told = (col(Story.rule_id) == bindparam("rule")) & (last >= bindparam("since")) & (last <= bindparam("until"))
    newest = sa_select(col(Story.id), col(Story.state)).where(told)
    return newest.order_by(col(Story.last_hit_at).desc(), col(Story.id).desc()).limit(CANDIDATES)


def texts_that_count(session: Session, story_id: int) -> int:
    """How many separate texts tell the story, without those of which each hit is withdrawn or is "not this"."""
    return session.exec(_texts_that_count(), params={"story": story_id}).one()


@cache
def _texts_that_count() -> SelectOfScalar[int]:
    return select(func.count(col(Hit.origin).distinct())).where((col(Hit.story_id) == bindparam("story")) & stands())


def stands() -> ColumnElement[bool]:
    """Whether a hit is neither withdrawn nor "not this"."""
    wrong = select(Feedback.id).where((col(Feedback.hit_id) == col(Hit.id)) & (col(Feedback.verdict) == "wrong"))
    return (col(Hit.state) != "withdrawn") & ~wrong.exists()


def recount(session: Session, story_id: int) -> int:
    """Have a story count the texts that count by now; returns how many. The caller holds its rule, as everybody does
    who adds to it.
    """
    story = session.get_one(Story, story_id, populate_existing=True)
    story.origins = texts_that_count(session, story_id)
    session.add(story)
    return story.origins


def state_of(story: Story, now: datetime) -> str:
    """open, silenced or closed: a silence ends by itself."""
    over = story.state == "silenced" and story.silenced_until is not None and story.silenced_until <= now
    return "open" if over else story.state


def listing(
    session: Session, now: datetime, *, rule: str = "", state: str = "", standing: bool = False, limit: int
) -> list[Story]:
    """Stories, newest first; those that are in a state now; `standing`: those of which a text counts."""
    query = select(Story).where(*asked(Wanted(rule=rule, state=state), now))
    query = query.where(col(Story.origins) > 0) if standing else query
    return list(session.exec(query.order_by(col(Story.last_hit_at).desc(), col(Story.id).desc()).limit(limit)).all())


def of_ids(session: Session, ids: Collection[int]) -> dict[int, Story]:
    """Id → story."""
    found: dict[int, Story] = {}
    for batch in batched(sorted(ids), 1000):
        found |= {row.id or 0: row for row in session.exec(select(Story).where(col(Story.id).in_(batch))).all()}
    return found


def batched(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """The ids in runs: PostgreSQL takes 65,535 parameters, SQLite fewer."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def find(session: Session, story_id: int) -> Story | None:
    """The story of this id; None for a number that is none's, however large."""
    return numbered(session, Story, story_id)


def silence(session: Session, story: Story, *, until: datetime, who: str, now: datetime) -> None:
    """Tell nothing more of this story until then."""
    story.state, story.silenced_until = "silenced", until
    session.add(story)
    session.add(Silence(story_id=story.id or 0, until=until, who=who, at=now))


def silenced_by(session: Session, story: Story) -> str:
    """Who silenced it last, "" for nobody."""
    newest = select(Silence.who).where(col(Silence.story_id) == story.id).order_by(col(Silence.id).desc())
    return session.exec(newest.limit(1)).first() or ""


def reopen(session: Session, story: Story) -> None:
    """Tell of a story again that was silenced or closed: what joins it from now on."""
    story.state, story.silenced_until = "open", None
    session.add(story)


def close(session: Session, story: Story) -> None:
    """Tell nothing more of a story, whatever joins it."""
    story.state = "closed"
    session.add(story)
