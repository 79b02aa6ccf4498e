"""Saving one rule: a new revision, and never over somebody else's work unasked."""

from __future__ import annotations

from time import process_time

import pytest

from core.errors import ConfigError, Damaged
from pipeline.editing import Draft, current, differences, lines_of, merged, save, theirs
from rules.config import load
from storage import configs
from storage.engine import Database
from tests.web import rows, ruledesk

RIVER = "title: Floods\nmatch: near/4(river, flood)\ntags: [weather]\n"
MINE = RIVER.replace("near/4", "near/9")
WATCH = ruledesk.WATCH


def saved(db: Database, draft: Draft, upon: int) -> int | None:
    text = merged(draft, db.read_now(current).text)
    return db.write_now(lambda session: save(session, draft, text, load(text), upon=upon, who="ada", now=rows.NOW))


def test_a_draft_becomes_a_revision_in_which_nothing_else_changed(db: Database) -> None:
    db.write_now(lambda session: ruledesk.watch(session, WATCH))
    assert saved(db, Draft("river-flood", RIVER, MINE), 1) == 2
    now = db.read_now(current)
    assert (now.revision, now.text, now.who) == (2, WATCH.replace("near/4", "near/9"), "ada")
    row = db.read_now(configs.active)
    assert row is not None
    assert (row.note, row.file_sha256) == ("rule river-flood changed in the page", "")


@pytest.mark.parametrize("damaged", ["version: 1\n", "", b"version: 2\n"])
def test_a_text_that_is_not_the_one_that_was_stored_is_never_watched_by(db: Database, damaged: str | bytes) -> None:
    db.write_now(lambda session: ruledesk.watch(session, WATCH))
    ruledesk.damage(db, damaged)
    for ask in (current, configs.active, lambda session: configs.get(session, 1)):
        with pytest.raises(Damaged, match="revision 1 of the watch file is damaged"):
            db.read_now(ask)


def test_saving_what_is_there_makes_no_revision(db: Database) -> None:
    db.write_now(lambda session: ruledesk.watch(session, WATCH))
    assert saved(db, Draft("river-flood", RIVER, RIVER), 1) == 1


def test_what_was_made_ready_for_another_revision_is_not_saved(db: Database) -> None:
    db.write_now(lambda session: ruledesk.watch(session, WATCH))
    db.write_now(lambda session: ruledesk.watch(session, WATCH.replace("Floods", "Flood")))
    assert saved(db, Draft("river-flood", RIVER, MINE), 1) is None
    assert db.read_now(configs.active_revision) == 2


def test_the_first_rule_of_an_empty_installation_is_saved(db: Database) -> None:
    assert (db.read_now(current).revision, db.read_now(current).text) == (0, "version: 1\n")
    assert saved(db, Draft("first", "", "match: ferry\n"), 0) == 1
    assert lines_of(db.read_now(current).text, "first") == "match: ferry\n"


def test_another_rule_that_somebody_changed_is_no_hindrance_and_the_same_one_is() -> None:
    draft = Draft("river-flood", RIVER, MINE)
    assert theirs(draft, WATCH) is None
    assert theirs(draft, WATCH.replace("volcano", "eruption")) is None
    assert theirs(draft, WATCH.replace("near/4", "near/9")) is None  # they made of it what I did
    other = theirs(draft, WATCH.replace("near/4", "near/5"))
    assert other == RIVER.replace("near/4", "near/5")
    assert theirs(draft.on(other), WATCH.replace("near/4", "near/5")) is None
    assert theirs(draft, "version: 1\n") == ""  # they removed it
    assert theirs(Draft("river-flood", "", MINE), WATCH) == RIVER  # a new one of the same id


def test_lines_of_two_versions_are_told_apart() -> None:
    assert differences("a\nb\n", "a\nc\n") == ((" ", "a"), ("-", "b"), ("+", "c"))
    assert differences("a", "") == (("-", "a"),)


def test_lines_of_two_long_versions_that_are_alike_are_told_apart_at_once() -> None:
    before, after = ("\n".join(f"near/{far}(river, flood) OR {n}" for n in range(2_000)) for far in (4, 9))
    begun = process_time()
    assert len(differences(before, after)) == 4_000
    assert process_time() - begun < 2  # 0.02 s; comparing lines letter by letter takes hours


def test_a_draft_that_cannot_be_read_is_refused_in_its_own_lines() -> None:
    with pytest.raises(ConfigError) as refused:
        merged(Draft("river-flood", RIVER, "title: x\nmatch: 'a"), WATCH)
    assert refused.value.problems[0].line == 2
