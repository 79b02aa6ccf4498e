"""One click of a mail program (RFC 8058), from the e-mail that was sent to the next ones that are not."""

from __future__ import annotations

import re
from datetime import timedelta

from core.clock import SystemClock
from core.settings import Settings
from pipeline.run import run_cycle
from storage import feeds
from storage.engine import Database
from tests.builders import Item, World, rss
from tests.sinks.smtp import Mail
from tests.web.asgi import Visitor
from web.app import bare_app


def link_of(mail: Mail) -> str:
    """The path that a mail program posts to."""
    assert mail.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<https://watch\.example(/links/unsubscribe/\S+)>", str(mail.parsed["List-Unsubscribe"]))
    assert found is not None
    return found[1]


def got(world: World) -> list[tuple[str, str]]:
    """Recipient and subject of each e-mail, sorted."""
    return sorted((mail.recipients[0], str(mail.parsed["Subject"])) for mail in world.mail.mails)


async def test_one_click_in_an_e_mail_stops_that_address_for_that_rule_and_the_operators_see_it(
    world: World, db: Database
) -> None:
    world.more |= {"settings": {"public_url": "https://watch.example"}, "defaults": {"operators": ["hook"]}}
    world.tell_only("ann@x.test", "bob@x.test")
    world.rules["flood"] = {"title": "Flood", "match": "flood", "alert": {"to": ["mail"]}}
    world.site["/rss"] = rss(Item("a", "", "Dockers begin strike at Antwerp", "Cranes 7 stand."))
    async with world.worker(db) as app:
        await run_cycle(app)
        (of_ann,) = (mail for mail in world.mail.mails if mail.recipients == ("ann@x.test",))
        visitor = Visitor(bare_app(Settings(_env_file=None, host="0.0.0.0", password="hush"), db, app.signing_key))
        assert (await visitor.get(link_of(of_ann))).status_code == 200  # a scanner looks at it
        assert (await visitor.post(link_of(of_ann), body="List-Unsubscribe=One-Click")).status_code == 200
        world.mail.mails.clear()
        world.site["/rss"] = rss(
            Item("b", "", "Dockers begin strike at Lisbon", "Rain 5 fell."),
            Item("c", "", "Flood at Emden", "Dykes broke."),
        )
        now = SystemClock().now() - timedelta(seconds=1)
        await app.db.write(lambda session: feeds.poll_now(session, [], now))
        await run_cycle(app)
    assert got(world) == [
        ("ann@x.test", "[flood] Flood at Emden (News)"),
        ("bob@x.test", "[flood] Flood at Emden (News)"),
        ("bob@x.test", "[strike] Dockers begin strike at Lisbon (News)"),
    ]
    assert [request.json["title"].replace("\u200d", "") for request in world.hook.requests] == [
        "[wirewatch] mail:ann@x.test asked for no more alerts of strike"
    ]
    assert all("List-Unsubscribe" in mail.parsed for mail in world.mail.mails)
