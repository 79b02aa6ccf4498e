"""The whole cycle, over real HTTP and SMTP on loopback."""

from __future__ import annotations

from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import CALM, STRIKE, World, rss


async def test_an_article_that_matches_is_told_once_to_every_target(world: World, db: Database) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE), world.publish("b", "Glass house", CALM))
    async with world.worker(db) as app:
        report = await run_cycle(app)
        again = await run_cycle(app)
    assert [request.json["rule"] for request in world.hook.requests] == ["strike"]
    assert len(world.mail.ids) == len(world.mail.mails) == 1
    assert report.total("deliver", "sent") == 2
    assert report.failures == []
    assert again.total("deliver") == again.total("read") == 0
