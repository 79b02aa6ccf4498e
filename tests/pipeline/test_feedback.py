"""What people answer, by name: the recipient's where they answer by a link."""

from __future__ import annotations

import re
from email.message import EmailMessage

from alerts.links import Purpose, read
from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import Item, World, rss


def plain(mail: EmailMessage) -> str:
    """An e-mail's text."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


async def test_a_link_bears_the_name_of_the_recipient_it_was_sent_to(world: World, db: Database) -> None:
    world.more["settings"] = {"public_url": "https://watch.x.test"}
    world.channels["mail"] = world.mailbox("ada@x.test", "bo@x.test")
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.site["/rss"] = rss(Item("a", "", "Dockers strike", "Dockers began a strike."))
    async with world.worker(db) as app:
        await run_cycle(app)
        now = app.clock.now()
        said = {str(mail.parsed["To"]): plain(mail.parsed) for mail in world.mail.mails}
        said["hook"] = world.hook.requests[0].json["links"]["not_this"]
        tokens = {to: re.findall(r"/links/not-this/(\S+)", text)[0] for to, text in said.items()}
        named = {to: read(app.signing_key, Purpose.NOT_THIS, one, now=now)[2] for to, one in tokens.items()}
    assert named == {"ada@x.test": "ada@x.test", "bo@x.test": "bo@x.test", "hook": "hook"}
