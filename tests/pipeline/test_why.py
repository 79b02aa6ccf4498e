"""Why an article led to an alert, or the first stage or clause that said no."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.errors import InputError
from pipeline import why
from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import Item, World, rss


async def test_each_rule_says_what_became_of_the_article(world: World, db: Database, clock: FixedClock) -> None:
    base = {"title": "T", "match": "docker", "alert": {"to": ["hook"]}}
    world.rules |= {
        "quiet": {**base, "alert": {"to": ["hook"], "quiet": [{"from": "11:00", "to": "14:00"}]}},
        "daily": {**base, "alert": {"to": ["hook"], "digest": {"at": "08:00"}}},
        "page-only": {**base, "alert": {"to": []}},
        "off": {**base, "enabled": False},
        "french": {**base, "languages": ["fr"]},
        "far": {**base, "match": "near/1(docker, harbour)"},
    }
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike, far away from every harbour"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        found = {one.rule: one for one in await why.of_article(app, "1")}
        with pytest.raises(InputError, match="no article 99"):
            await why.of_article(app, "99")
    assert {rule: (one.outcome, one.stage) for rule, one in found.items()} == {
        "strike": ("alert", "send"),
        "quiet": ("held", "quiet"),
        "daily": ("folded", "digest"),
        "page-only": ("no alert", "policy"),
        "off": ("not tried", "rule"),
        "french": ("not tried", "filter"),
        "far": ("no hit", "match"),
    }
    assert "apart" in found["far"].why


async def test_a_copy_says_that_its_event_was_told(world: World, db: Database, clock: FixedClock) -> None:
    title = "Dockers begin strike at the harbour of Antwerp"
    world.site["/rss"] = rss(Item("e", "", title, "Cranes stand."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/rss"] = rss(Item("f", "", title, "Cranes stand still."))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
        (told,) = await why.of_article(app, "2")
    assert (told.outcome, told.why) == ("no alert", "this event was told already")
