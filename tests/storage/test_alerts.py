"""Whom a story's alerts have reached, alone or in a digest."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session

from storage import alerts
from storage.engine import Database
from storage.tables import Alert, Digest
from tests.web import rows
from tests.web.rows import NOW

EDITOR, DESK, HOOK = "desk-mail:editor@x.test", "desk-mail:desk@x.test", "hook"


def test_whom_an_alert_reached_alone_or_in_a_digest_is_known_by_story(db: Database) -> None:
    def work(session: Session) -> set[tuple[str, str]]:
        of = rows.feed(session)
        told = {
            name: rows.story(session, of, name, [rows.Told(name)], ago=timedelta(0))
            for name in ("alone", "digest", "dropped")
        }
        made = {name: rows.alert(session, story, name * 8) for name, story in told.items()}
        rows.delivery(session, made["alone"], EDITOR)
        rows.delivery(session, made["alone"], DESK, state="retry")
        digest = Digest(rule_id=rows.RULE, cause="digest", due_at=NOW, opened_at=NOW, closed_at=NOW)
        session.add(digest)
        session.flush()
        for name, state in (("digest", "folded"), ("dropped", "suppressed")):
            made[name].digest_id, made[name].state = digest.id, state
            session.add(made[name])
        for channel, target in (("desk-mail", DESK), ("hook", HOOK)):  # the hook's message tells of other stories
            teller = Alert(
                id=channel, rule_id=rows.RULE, kind="digest", digest_id=digest.id, targets=[channel], made_at=NOW
            )
            session.add(teller)
            session.flush()
            rows.delivery(session, teller, target)
        names = {story.id or 0: name for name, story in told.items()}
        return {(names[one.story], one.target) for one in alerts.told_to(session, list(names))}

    assert db.write_now(work) == {("alone", EDITOR), ("digest", DESK)}


def test_of_no_story_nobody_was_told(db: Database) -> None:
    assert db.read_now(lambda session: alerts.told_to(session, [])) == []
