"""A marked test message to each target of a channel, and what each answered."""

from __future__ import annotations

from functools import partial
from unittest.mock import Mock

import pytest
from sqlmodel import select

from core.clock import FixedClock
from core.errors import InputError
from pipeline import channels, compiled
from storage.engine import Database
from storage.tables import Delivery
from tests.builders import World
from tests.sinks.http import Answer


async def test_a_test_message_says_that_it_is_one_and_each_targets_answer_is_shown(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.channels["mail"] = world.mailbox("ann@x.test", "bob@x.test")
    world.mail.refused["bob@x.test"] = "550 5.1.1 no such user"
    world.hook.will(Answer(), Answer(503))
    async with world.worker(db, clock) as app:
        test = partial(channels.test, db, app.settings, {})
        opened = Mock(side_effect=compiled.opened)
        monkeypatch.setattr(compiled, "opened", opened)
        mail = await test("mail")
        opened.assert_called_once()  # to read thousands of rules anew for it takes seconds
        hook = [(await test("hook"))[0].answer for _ in range(2)]
        with pytest.raises(InputError, match="nosuch") as unknown:
            await test("nosuch")
    assert unknown.value.hint == "channels are hook, mail"
    assert {one.target: (one.result.cls.value, one.answer) for one in mail} == {
        "mail:ann@x.test": ("ok", "2.0.0 taken as 4711"),
        "mail:bob@x.test": ("perm", "550 5.1.1 no such user"),
    }
    assert hook == ["HTTP 200", "HTTP 503"]
    assert "Test message" in world.mail.mails[0].parsed["Subject"]
    assert world.hook.requests[0].json["kind"] == "notice"
    assert len({request.key for request in world.hook.requests}) == 2  # a receiver collapses no second test
    assert db.read_now(lambda session: session.exec(select(Delivery)).all()) == []
