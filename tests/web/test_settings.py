"""Revisions, channels and the installation's settings as the page shows them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from core.errors import InputError
from core.settings import Settings
from pipeline import channels, installation, revising
from rules import yamltext
from storage import configs
from storage.engine import Database
from tests.sinks.http import HttpSink
from tests.web import rows
from web.pages import settings as page

FIRST, SECOND = "version: 1\n", "version: 1\n# a note\n"
"""Two texts that are watch files."""


def revise(db: Database, *texts: str) -> None:
    for text in texts:
        db.write_now(partial(rows.config, text=text))


def test_revisions_are_newest_first_on_pages_that_follow_each_other(db: Database) -> None:
    revise(db, *(f"version: 1\n# {number}\n" for number in range(70)))
    first = db.read_now(lambda session: page.gather(session))
    assert [one.revision for one in first.history] == list(range(70, 40, -1))
    second = db.read_now(lambda session: page.gather(session, before=first.rest))
    third = db.read_now(lambda session: page.gather(session, before=second.rest))
    assert ([one.revision for one in third.history], third.rest) == (list(range(10, 0, -1)), 0)
    assert first.text == "version: 1\n# 69\n"
    assert second.active is not None
    assert second.active.revision == 70


def test_any_two_revisions_are_compared_from_the_older_to_the_newer(db: Database) -> None:
    revise(db, FIRST, SECOND)
    compared = db.read_now(lambda session: page.gather(session, (2, 1))).compared
    assert compared is not None
    assert compared.lines == ["--- revision 1", "+++ revision 2", "@@ -1 +1,2 @@", " version: 1", "+# a note"]
    same = db.read_now(lambda session: page.gather(session, (2, 2))).compared
    assert same is not None
    assert same.lines == []
    assert db.read_now(lambda session: page.gather(session, (1, 99))).compared is None


def test_of_a_long_text_and_a_long_difference_so_much_is_shown_as_a_page_bears(db: Database) -> None:
    long = FIRST + "".join(f"# {number}\n" for number in range(page.LINES + 500))
    revise(db, FIRST, long)
    found = db.read_now(lambda session: page.gather(session, (1, 2)))
    assert found.text == "".join(long.splitlines(keepends=True)[: page.LINES])
    assert found.more == 501
    assert found.compared is not None
    assert (len(found.compared.lines), found.compared.more) == (page.LINES, 504)  # three heads, the line that stayed
    short = db.read_now(lambda session: page.gather(session, (1, 1)))
    assert short.compared is not None
    assert short.compared.more == 0


async def test_rolling_back_is_a_new_revision_under_a_name(db: Database) -> None:
    revise(db, FIRST, SECOND)
    done = await revising.roll_back(db, 1, who="ada", now=rows.NOW)
    assert (done.revision, done.changed) == (3, True)
    newest = db.read_now(lambda session: configs.listing(session, 0, 1))[0]
    assert (newest.who, newest.note, newest.from_file) == ("ada", "rollback to 1", False)
    again = await revising.roll_back(db, 3, who="ada", now=rows.NOW)
    assert (again.revision, again.changed) == (3, False)
    with pytest.raises(InputError, match="no revision 99"):
        await revising.roll_back(db, 99, who="ada", now=rows.NOW)


def test_secrets_are_said_to_be_set_and_no_more(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, password="s3cret-word", database="postgresql://me:p4ss@host/x")
    told = {one.setting: one.value for one in installation.shown(settings)}
    assert told["WIREWATCH_PASSWORD"] == "(set)"
    assert told["WIREWATCH_SECRET_KEY"] == ""
    assert "s3cret-word" not in repr(told)
    assert "p4ss" not in repr(told)


@pytest.fixture
def receiver() -> Iterator[HttpSink]:
    with HttpSink() as made:
        yield made


async def test_channels_are_listed_and_tested(
    db: Database, receiver: HttpSink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(_env_file=None, data=tmp_path)
    hook, gone = f"{{ url: '{receiver.url('/', scheme='webhook')}' }}", "{ url: '${NOT_SET}' }"
    revise(db, f"version: 1\nchannels:\n  hook: {hook}\n  gone: {gone}\n")
    found = await channels.listing(db, settings, {})
    assert [(one.channel, one.state) for one in found] == [("hook", "ok"), ("gone", "cannot be used")]
    monkeypatch.delattr(yamltext, "parse")  # a watch file of 30,000 rules is not read anew at each look
    (tried,) = await channels.test(db, settings, {}, "hook")
    assert tried.result.ok
    with pytest.raises(InputError, match="channel gone"):
        await channels.test(db, settings, {}, "gone")
    with pytest.raises(InputError, match="not in the active watch file"):
        await channels.test(db, settings, {}, "other")
