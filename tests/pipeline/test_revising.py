"""Edits of the active revision: each makes a new one, and overwrites nobody's work."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import ConfigError, Damaged, InputError
from pipeline.configure import apply_text
from pipeline.editing import current
from pipeline.revising import Conflict, put_rule, remove_rule, revise, roll_back
from rules.config import load
from storage import configs
from storage.engine import Database
from tests.web import rows, ruledesk

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WATCH = "version: 1\nrules:\n  strike: {match: strike}  # kept\n"


async def saved(db: Database, text: str, base: int | None = None) -> int:
    return (await revise(db, lambda _: text, who="ada", now=NOON, note="a note", base=base)).revision


async def test_an_edit_is_a_revision_with_its_author_and_the_rest_as_it_was(db: Database) -> None:
    await saved(db, WATCH)
    edited = await revise(db, lambda text: put_rule(text, "flood", {"match": "flood"}), who="bob", now=NOON, note="")
    row = db.read_now(configs.active)
    assert row is not None
    assert (edited.revision, row.revision, row.who, row.file_sha256) == (2, 2, "bob", "")
    assert "strike: {match: strike}  # kept" in row.text
    assert set(db.read_now(configs.rule_states)) == {"strike", "flood"}
    again = await revise(db, lambda text: text, who="bob", now=NOON, note="")
    assert (again.revision, again.changed) == (2, False)


async def test_nobody_goes_back_to_a_revision_that_the_database_damaged(db: Database) -> None:
    await saved(db, WATCH)
    await saved(db, WATCH.replace("strike}", "walkout}"))
    ruledesk.damage(db, WATCH.replace("strike}", "strive}"))
    with pytest.raises(Damaged, match="revision 1 of the watch file is damaged"):
        await roll_back(db, 1, who="bob", now=NOON)
    assert db.read_now(configs.active_revision) == 2


async def test_a_damaged_revision_is_left_by_going_back_to_a_sound_one_but_not_by_an_edit(db: Database) -> None:
    await saved(db, WATCH.replace("strike}", "walkout}"))
    await saved(db, WATCH)
    ruledesk.damage(db, "version: 1\n", revision=2)
    with pytest.raises(Damaged, match="revision 2"):
        await saved(db, WATCH)
    assert (await roll_back(db, 1, who="bob", now=NOON)).revision == 3
    assert "walkout" in db.read_now(current).text


def test_a_damaged_revision_is_replaced_by_its_file_when_that_is_forced(db: Database) -> None:
    watch = load(WATCH)

    def apply(*, force: bool) -> int:
        return db.write_now(
            lambda session: apply_text(session, WATCH, watch, from_file=True, who="ada", now=NOON, force=force).revision
        )

    assert apply(force=False) == 1
    ruledesk.damage(db, "version: 1\n")
    with pytest.raises(Damaged, match="apply FILE --force"):
        apply(force=False)
    assert apply(force=True) == 2
    assert db.read_now(current).text == WATCH


async def test_an_edit_of_another_revision_is_refused_with_what_changed(db: Database) -> None:
    await saved(db, WATCH)
    await saved(db, WATCH.replace("strike}", "walkout}"), base=1)
    with pytest.raises(Conflict) as refused:
        await saved(db, WATCH + "# mine\n", base=1)
    assert refused.value.active == 2
    assert "+  strike: {match: walkout}  # kept" in refused.value.diff


async def test_an_edit_that_is_overtaken_while_it_is_made_is_refused_too(db: Database) -> None:
    await saved(db, WATCH)

    def slow(text: str) -> str:
        db.write_now(lambda session: rows.config(session, WATCH + "# theirs\n"))
        return text + "# mine\n"

    with pytest.raises(Conflict) as refused:
        await revise(db, slow, who="ada", now=NOON, note="")
    assert "+# theirs" in refused.value.diff
    assert refused.value.diff.splitlines()[:2] == ["--- revision 1", "+++ revision 2"]


async def test_what_is_not_good_is_told_with_its_place_and_not_saved(db: Database) -> None:
    await saved(db, WATCH)
    with pytest.raises(ConfigError) as wrong:
        await saved(db, WATCH.replace("match: strike", "match: strike AND"))
    assert [(one.line, one.item) for one in wrong.value.problems] == [(3, "rules.strike.match")]
    assert db.read_now(configs.active_revision) == 1


async def test_a_rollback_is_a_new_revision(db: Database) -> None:
    await saved(db, WATCH)
    await saved(db, remove_rule(put_rule(WATCH, "flood", {"match": "flood"}), "strike"))
    assert (await roll_back(db, 1, who="ada", now=NOON)).revision == 3
    row = db.read_now(configs.active)
    assert row is not None
    assert (row.text, row.note) == (WATCH, "rollback to 1")
    with pytest.raises(InputError, match="there is no revision 9"):
        await roll_back(db, 9, who="ada", now=NOON)
