"""Faults 57 to 63: channels that are down, refuse, limit, lose answers, lose their encryption, lead elsewhere.

The receivers are real, on loopback. The clock is injected: two hours, and the waits between attempts, pass at once.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from alerts.email import EmailChannel
from pipeline.resend import resend
from storage.notices import open_notices
from tests.builders import minutes
from tests.faults.doors import CHATS, KINDS, OWN, Door, Post
from tests.faults.ward import CANARY
from tests.sinks.certificates import client_tls, server_tls
from tests.sinks.http import Answer, HttpSink
from tests.sinks.smtp import SmtpSink
from tests.sinks.tcp import TcpSink

ALL = pytest.mark.faults
SAMPLED = [*OWN, "ntfy", *(pytest.param(kind, marks=ALL) for kind in ("gotify", "mattermost"))]


# -- 57, 58: down, or one of several


@pytest.mark.parametrize("kind", ["mail", "hook", pytest.param("ntfy", marks=ALL)])
async def test_fault_57_what_a_channel_missed_in_two_hours_arrives_once_and_one_at_a_time(
    post: Post, kind: str
) -> None:
    down, other = post.doors[kind], post.doors["hook" if kind != "hook" else "mail"]
    post.doors = {kind: down, other.kind: other}
    owed = list(range(1, 9))
    down.close()
    async with post.worker() as app:
        await post.owe(app, *owed, to=[kind, other.kind])
        await post.round(app)
        assert sorted(other.got) == owed  # nobody else waits
        waits = [minutes(2 / 3)] * 6 + [minutes(10)] * 11
        for wait in waits:
            post.clock.move(wait)
            await post.round(app)
        assert not set(post.states(kind)) - {"retry", "pending"}
        # eight messages wait, and it is asked three times at most, then once a visit: not eight times
        assert len(waits) < sum(row.attempts for row in post.rows(kind)) <= 3 + len(waits)
        post.told_of(kind, "retry", "onnect")
        down.open()
        busiest = _watch(down)
        while set(post.states(kind)) != {"sent"}:
            before = len(down.got)
            post.clock.move(minutes(5))
            await post.round(app)
            assert len(down.got) - before <= (1 if kind in CHATS else 8)
    assert sorted(down.got) == owed
    assert busiest() == 1
    assert sorted(other.got) == owed
    post.tells_no_secret()


def _watch(door: Door) -> Callable[[], int]:
    """How many messages the door answered at the same time at most."""
    if door.kind == "mail":
        door.smtp.pause = 0.02
        return lambda: door.smtp.most
    most, now, lock = [0], [0], threading.Lock()

    def take(_request: object) -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.02)
        with lock:
            now[0] -= 1
        return Answer()

    door.http.choose = take
    return lambda: most[0]


@pytest.mark.parametrize("kind", SAMPLED)
async def test_fault_58_of_five_channels_only_the_one_that_refused_is_tried_again(post: Post, kind: str) -> None:
    post.doors[kind].will("busy")
    async with post.worker() as app:
        await post.owe(app, 1, to=list(KINDS))
        await post.round(app)
        assert {one.channel: one.state for one in post.rows()} == {
            other: "retry" if other == kind else "sent" for other in KINDS
        }
        post.told_of(kind, "retry")
        post.clock.move(minutes(2))
        await post.round(app)
        post.clock.move(minutes(600))
        await post.round(app)
    assert {name: door.got for name, door in post.doors.items()} == {name: [1] for name in KINDS}
    assert {name: door.asked for name, door in post.doors.items()} == {name: 1 + (name == kind) for name in KINDS}
    post.tells_no_secret()


@pytest.mark.parametrize(("reply", "state"), [("450 4.2.1 come back later", "retry"), ("550 5.1.1 no such", "dead")])
async def test_fault_58_of_three_recipients_only_the_refused_one_is_tried_again(
    post: Post, reply: str, state: str
) -> None:
    mail = post.doors["mail"]
    mail.to = ("ann@x.test", "bob@x.test", "eve@x.test")
    mail.smtp.refused["bob@x.test"] = reply
    async with post.worker() as app:
        await post.owe(app, 1, to=["mail"])
        await post.round(app)
        assert post.states("mail") == ["sent", state, "sent"]
        post.told_of("mail", state, reply)
        mail.smtp.refused.clear()
        await app.db.write(lambda session: resend(session, "dead", who="me", now=post.clock.now()))
        post.clock.move(minutes(2))
        await post.round(app)
    assert sorted(one.recipients for one in mail.smtp.mails) == [(one,) for one in mail.to]
    assert len(mail.keys) == 3
    post.tells_no_secret()


# -- 59, 60: refused, limited


@pytest.mark.parametrize(
    ("kind", "how"),
    [("hook", "sign-in"), ("hook", "gone"), ("mail", "sign-in"), ("ntfy", "gone")]
    + [
        pytest.param(kind, how, marks=ALL)
        for kind in CHATS
        for how in ("sign-in", "gone")
        if (kind, how) != ("ntfy", "gone")
    ],
)
async def test_fault_59_a_refused_address_is_paused_dead_lettered_and_told_on_another_channel(
    post: Post, kind: str, how: str
) -> None:
    door, other = post.doors[kind], post.doors["hook" if kind != "hook" else "mail"]
    post.world.more["defaults"] = {"operators": [kind, other.kind]}
    door.will(how)
    async with post.worker() as app:
        await post.owe(app, 1, to=[kind, other.kind])
        await post.round(app)
        await post.owe(app, 2, to=[kind, other.kind])
        post.clock.move(minutes(90))
        await post.round(app)
        assert door.asked == 1  # nothing more goes there
        assert post.states(kind) == ["dead", "pending"]
        assert other.got == [1, 2]
        (told,) = [text for text in other.texts if "paused" in text]
        assert kind in told
        assert CANARY not in told
        post.told_of(kind, "dead", "401" if how == "sign-in" and kind != "mail" else "")
        assert await post.resume(kind) == 1
        assert await app.db.write(lambda session: resend(session, "dead", who="me", now=post.clock.now())) == 1
        await post.round(app)
        post.clock.move(minutes(1))
        await post.round(app)
    assert sorted(door.got) == [1, 2]
    assert post.states(kind)[:2] == ["sent", "sent"]  # after them, that it takes messages again
    assert post.db.read_now(open_notices) == []
    post.tells_no_secret()


@pytest.mark.parametrize("kind", [one for one in SAMPLED if one != "mail"])
async def test_fault_60_a_channel_that_limits_waits_as_long_as_it_says_and_the_others_are_free(
    post: Post, kind: str
) -> None:
    door, other = post.doors[kind], post.doors["mail"]
    post.doors = {kind: door, "mail": other}
    door.will("rate")
    async with post.worker() as app:
        await post.owe(app, 1, 2, 3, to=[kind, "mail"])
        await post.round(app)
        post.told_of(kind, "retry", "HTTP 429")
        post.clock.move(timedelta(seconds=105))
        await post.round(app)
        assert door.asked == 1  # neither the one that was told to wait nor those behind it
        assert sorted(other.got) == [1, 2, 3]
        for _ in range(4):
            post.clock.move(timedelta(seconds=15))
            await post.round(app)
    assert sorted(door.got) == [1, 2, 3]
    assert door.asked == 4
    post.tells_no_secret()


# -- 61: the answer is lost


@pytest.mark.parametrize("kind", SAMPLED)
async def test_fault_61_a_lost_answer_is_repeated_under_the_same_key(post: Post, kind: str) -> None:
    door = post.doors[kind]
    door.will("lost")
    async with post.worker() as app:
        await post.owe(app, 1, to=[kind])
        await post.round(app)
        (row,) = post.rows(kind)
        assert (row.state, row.reason) == ("retry", "answer_lost")
        post.told_of(kind, "retry", "after the message was sent")
        post.clock.move(minutes(2))
        await post.round(app)
    assert door.got == [1, 1]
    if kind in OWN:  # the others know no keys: docs/operations.md says so
        assert len(door.keys) == 1
        raw = [mail.raw for mail in door.smtp.mails] if kind == "mail" else [one.body for one in door.http.taken]
        assert raw[0] == raw[1]
    assert post.states(kind) == ["sent"]
    post.tells_no_secret()


@pytest.mark.parametrize("kind", ["mail", "hook", "ntfy"])
async def test_fault_61_where_it_may_not_come_twice_a_lost_answer_is_held_for_a_person(post: Post, kind: str) -> None:
    post.doors = {kind: post.doors[kind]}
    post.doors[kind].will("lost")
    async with post.worker() as app:
        app.active.channels[kind].on_unknown = "hold"
        await post.owe(app, 1, 2, to=[kind])
        for _ in range(3):
            await post.round(app)
            post.clock.move(minutes(60))
        assert sorted(post.doors[kind].got) == [1, 2]  # the one behind it goes on
        assert sorted(post.states(kind)) == ["sent", "unknown"]
    post.told_of(kind, "unknown", "after the message was sent")


# -- 62: mail servers


@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        ("451 4.7.1 greylisted", "retry", "temporary"),
        ("552 5.3.4 too big", "dead", "permanent"),
        ("554 5.7.1 refused by policy", "dead", "permanent"),
        ("535 5.7.8 bad credentials", "dead", "auth"),
    ],
)
async def test_fault_62_a_mail_servers_reply_has_the_consequence_that_is_right_for_it(
    post: Post, reply: str, state: str, reason: str
) -> None:
    mail = post.doors["mail"]
    mail.smtp.will(reply)
    async with post.worker() as app:
        await post.owe(app, 1, to=["mail"])
        await post.round(app)
        (row,) = post.rows("mail")
        assert (row.state, row.reason, row.error) == (state, reason, reply)
        post.told_of("mail", state, reply)
        post.clock.move(minutes(2))
        await post.round(app)
        assert mail.got == ([1] if state == "retry" else [])
        await post.resume("mail")
        await app.db.write(lambda session: resend(session, "dead", who="me", now=post.clock.now()))
        await post.round(app)
    assert mail.got == [1]
    assert len(mail.keys) == 1
    post.tells_no_secret()


async def test_fault_62_a_stripped_starttls_gets_neither_password_nor_mail_and_pauses_the_target(post: Post) -> None:
    heard: list[bytes] = []
    strips = threading.Event()
    strips.set()
    with SmtpSink(tls=server_tls(), login=("user", CANARY)) as behind:

        def between(peer: socket.socket) -> None:
            with socket.create_connection(("127.0.0.1", behind.port)) as server:
                answers = threading.Thread(target=_copy, args=(server, peer, strips))
                answers.start()
                while said := peer.recv(65_536):
                    heard.append(said)
                    server.sendall(said)
                server.shutdown(socket.SHUT_RDWR)
                answers.join()

        with TcpSink(between) as thief:
            mail = post.doors["mail"]
            mail.port, post.doors = thief.port, {"mail": mail, "hook": post.doors["hook"]}
            post.world.more["defaults"] = {"operators": ["mail", "hook"]}
            async with post.worker() as app:
                channel = app.active.channels["mail"]
                assert isinstance(channel, EmailChannel)
                channel._tls = client_tls()
                object.__setattr__(channel._server, "security", "starttls")  # what it is when nothing is written
                await post.owe(app, 1, to=["mail"])
                await post.round(app)
                await post.round(app)
                assert (post.states("mail"), behind.mails) == (["dead"], [])
                post.told_of("mail", "dead", "does not offer STARTTLS")
                assert not any(word in b"".join(heard) for word in (b"AUTH", b"MAIL", b"Strike"))
                assert "paused" in post.doors["hook"].texts[0]
                strips.clear()
                await post.resume("mail")
                await app.db.write(lambda session: resend(session, "dead", who="me", now=post.clock.now()))
                await post.round(app)
                assert post.states("mail")[0] == "sent"
                assert sum("Strike" in mail.parsed["Subject"] for mail in behind.mails) == 1
    post.tells_no_secret()


def _copy(server: socket.socket, peer: socket.socket, strips: threading.Event) -> None:
    """The server's answers, without its offer to encrypt."""
    with suppress(OSError):
        while said := server.recv(65_536):
            peer.sendall(said.replace(b"STARTTLS", b"8BITTIME") if strips.is_set() else said)


# -- 63: led elsewhere


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize("kind", [one for one in SAMPLED if one != "mail"])
async def test_fault_63_a_redirect_is_a_failure_and_nothing_arrives_elsewhere(
    post: Post, kind: str, status: int
) -> None:
    door = post.doors[kind]
    with HttpSink() as private:
        door.http.will(Answer(status, {"Location": private.url("/latest/meta-data")}))
        async with post.worker() as app:
            await post.owe(app, 1, to=[kind])
            for _ in range(2):
                await post.round(app)
                post.clock.move(minutes(60))
            assert post.states(kind) == ["dead"]
            post.told_of(kind, "dead", f"HTTP {status}")
            assert door.got == []
            assert await app.db.write(lambda session: resend(session, "dead", who="me", now=post.clock.now())) == 1
            await post.round(app)
        assert private.requests == []
    assert door.got == [1]
    post.tells_no_secret()
