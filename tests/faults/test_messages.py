"""Faults 65 to 67: texts of 100 KB, texts that would ring everybody or forge headers, a message that kills its sender.

Real receivers on loopback, and for the chats real Apprise in processes that really die.
"""

from __future__ import annotations

import pytest

import alerts.apprise_channel
import alerts.email
import alerts.payload
import alerts.webhook
from alerts.message import Message
from pipeline.resend import resend
from tests.builders import minutes
from tests.faults import hostile_sender
from tests.faults.doors import CHATS, KINDS, LINK, Post
from tests.faults.ward import open_things, start_threads

LONG = "拜登 🙂 & <b> Strike number 1 " * 5_000  # 100,000 characters and more
LIMITS = {"ntfy": 4096, "gotify": 32_768, "mattermost": 4000}
RINGING = (
    "Strike number 1 @everyone @here <!channel> <@U1> <script>alert(1)</script> [a](javascript:alert(1))\r\n"
    "Bcc: victim@x.test\r\n\r\nbody\x07\x1b[2J"
)


async def test_fault_65_a_text_of_100_kb_fits_every_channel_and_keeps_its_link(post: Post) -> None:
    async with post.worker() as app:
        await post.owe(app, 1, to=list(KINDS), title=LONG, sentence=LONG)
        await post.round(app)
        assert {row.state for row in post.rows()} == {"sent"}
    for kind, door in post.doors.items():
        (text,) = door.texts
        assert f"{LINK}/1?a=b" in text, kind
        assert "c=d" in text, kind
    for kind in CHATS:
        got = post.doors[kind].http.taken[0].json
        said = str(got.get("message") or got.get("text"))
        assert 300 < len(said.encode() if kind == "ntfy" else said) <= LIMITS[kind]
        assert f"{LINK}/1?a=b&c=d" in said
    assert len(post.doors["mail"].smtp.mails[0].parsed["Subject"]) <= 250


async def test_fault_66_mentions_and_line_ends_in_a_title_do_nothing_anywhere(post: Post) -> None:
    async with post.worker() as app:
        await post.owe(app, 1, to=list(KINDS), title=RINGING, sentence=RINGING)
        await post.round(app)
        assert {row.state for row in post.rows()} == {"sent"}
    (mail,) = post.doors["mail"].smtp.mails
    assert mail.parsed["Bcc"] is None
    assert mail.recipients == ("desk@x.test",)
    html = mail.parsed.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    (hook,) = post.doors["hook"].http.taken
    assert hook.json["headline"].startswith("Strike number 1 @everyone")  # a field of data, as the web gave it
    shown = [post.doors["mail"].smtp.mails[0].parsed["Subject"], hook.json["text"]]
    for kind in CHATS:
        got = post.doors[kind].http.taken[0].json
        shown.append(f"{got.get('title')} {got.get('message') or got.get('text')}")
    for text in shown:
        assert "Strike number 1" in text
        for ringing in ("@everyone", "@here", "<!channel>", "<@U1>", "](javascript:", "\x07", "\x1b"):
            assert ringing not in text
    assert all("bcc" not in request.headers for kind in CHATS for request in post.doors[kind].http.taken)


@pytest.mark.parametrize("kind", ["ntfy", *(pytest.param(one, marks=pytest.mark.faults) for one in CHATS[1:])])
async def test_fault_67_a_message_that_kills_its_sender_three_times_is_dead_and_the_queue_moves_on(
    post: Post, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts.apprise_channel, "deliver", hostile_sender.deliver_or_die)
    await dies_three_times(post, kind, monkeypatch, "the sending process died: signal SIGKILL")


@pytest.mark.parametrize("kind", ["mail", "hook"])
async def test_fault_67_a_message_that_our_own_channels_fail_on_is_dead_after_three_and_the_queue_moves_on(
    post: Post, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, body = alerts.email.build, alerts.payload.body

    def good(message: Message) -> Message:
        if "Strike number 2 " in message.subject:
            raise RuntimeError(f"cannot make anything of {message.subject}")
        return message

    monkeypatch.setattr(alerts.email, "build", lambda message, **more: build(good(message), **more))
    monkeypatch.setattr(alerts.webhook, "body", lambda message, key: body(good(message), key))
    await dies_three_times(post, kind, monkeypatch, "the channel's code failed: RuntimeError")


async def dies_three_times(post: Post, kind: str, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    """The second of three messages is poison: it ends as a dead letter, and is sent when its cause is gone."""
    door = post.doors[kind]
    post.doors = {kind: door}
    async with post.worker() as app:
        await post.owe(app, 1, 2, 3, to=[kind])
        await post.round(app)
        await start_threads(app)
        before = open_things()
        for _ in range(8):
            post.clock.move(minutes(3))
            await post.round(app)
        assert sorted(door.got) == [1, 3]
        assert post.states(kind) == ["sent", "dead", "sent"]
        poison = post.rows(kind)[1]
        assert (poison.reason, poison.crashes, poison.attempts) == ("poison", 3, 3)
        post.told_of(kind, "dead", why)
        monkeypatch.undo()
        assert await app.db.write(lambda session: resend(session, "dead", who="me", now=post.clock.now())) == 1
        await post.owe(app, 4, to=[kind])
        for _ in range(2):
            await post.round(app)
            post.clock.move(minutes(1))
        assert sorted(door.got) == [1, 2, 3, 4]
        more = [now - then for now, then in zip(open_things(), before, strict=True)]
        assert all(grown <= 2 for grown in more), more
    post.tells_no_secret()
