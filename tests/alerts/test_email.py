from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import cast

import pytest

from alerts.channels import ChannelSettings, Target
from alerts.email import EmailChannel, build, with_url
from alerts.message import Kind, Line, Message, NoticeView
from alerts.result import Result, ResultClass
from alerts.smtp import Waits
from core.clock import FixedClock
from core.errors import InputError
from tests.sinks.certificates import client_tls, server_tls
from tests.sinks.smtp import CUT, DROP, HANG, SmtpSink
from tests.sinks.tcp import TcpSink

MADE_AT = datetime(2023, 9, 10, 8, 30, tzinfo=UTC)
VIEW = NoticeView("a1", "news", ("news",), MADE_AT, timezone="Asia/Bangkok")
MESSAGE = Message(
    subject="[us-vietnam] Biden, Trong upgrade ties (VOA)",
    text="Biden and Trong met.\n.a line that begins with a dot\nTừ Hà Nội",
    html="<p>Biden and Trong <b>met</b>.</p>",
    kind=Kind.FIRST,
    alert_id="a1",
    rule_id="us-vietnam",
    story_id="s1",
    thread="us-vietnam.s1",
    link="https://watch.example.org/stories/s1",
    unsubscribe="https://watch.example.org/unsubscribe/" + "t0ken-" * 40,
    lines=(Line("Biden and Trong met."),),
    view=VIEW,
)
KEY = "3f" * 32
CLOCK = FixedClock(MADE_AT)
PATIENT = Waits(connect=30.0, reply=30.0, talk=60.0, data=30.0)
SENDER = Address("Watch", "watch", "example.org")
TO = Address("", "desk", "example.org")


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as running:
        yield running


def settings(sink: SmtpSink, **changes: object) -> ChannelSettings:
    plain = ChannelSettings(
        name="desk-mail",
        host="127.0.0.1",
        port=sink.port,
        sender="Watch <watch@example.org>",
        to=("desk@example.org",),
        security="none",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def channel(sink: SmtpSink, **changes: object) -> EmailChannel:
    return EmailChannel(settings(sink, **changes), clock=CLOCK, tls=client_tls(), waits=PATIENT)


async def send(to: EmailChannel, place: int = 0, message: Message = MESSAGE) -> Result:
    return await to.send(message, to.targets()[place], key=KEY)


async def test_a_mail_that_is_taken_is_ok_and_keeps_what_the_server_called_it(sink: SmtpSink) -> None:
    result = await send(channel(sink))
    assert result == Result(ResultClass.OK, provider_id="2.0.0 taken as 4711")
    assert sink.mails[0].recipients == ("desk@example.org",)
    assert sink.mails[0].sender == "watch@example.org"


async def test_the_headers_name_key_story_rule_and_that_no_person_wrote_it(sink: SmtpSink) -> None:
    await send(channel(sink))
    mail = sink.mails[0].parsed
    assert mail["Message-ID"] == f"<{KEY}@example.org>"
    assert mail["In-Reply-To"] == mail["References"] == "<story.us-vietnam.s1@example.org>"
    assert mail["Date"] == "Sun, 10 Sep 2023 15:30:00 +0700"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "<us-vietnam.wirewatch.example.org>"
    assert mail["List-Unsubscribe"] == f"<{MESSAGE.unsubscribe}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["From"], mail["To"]) == ("Watch <watch@example.org>", "desk@example.org")


async def test_text_and_html_arrive_as_they_were_a_leading_dot_included(sink: SmtpSink) -> None:
    await send(channel(sink))
    text, html = cast(list[EmailMessage], sink.mails[0].parsed.get_payload())
    assert text.get_content().splitlines() == MESSAGE.text.splitlines()
    assert html.get_content().strip() == MESSAGE.html


async def test_every_attempt_sends_the_same_bytes(sink: SmtpSink) -> None:
    to = channel(sink)
    await send(to)
    CLOCK.at = datetime(2023, 9, 11, tzinfo=UTC)
    await send(to)
    assert sink.mails[0].raw == sink.mails[1].raw


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("451 4.7.1 greylisted", ResultClass.TEMP),
        ("421 4.3.2 shutting down", ResultClass.TEMP),
        ("452 4.2.2 mailbox full", ResultClass.TEMP),
        ("550 5.7.1 spam", ResultClass.PERM),
        ("552 5.3.4 too big", ResultClass.PERM),
        ("530 5.7.0 sign in first", ResultClass.AUTH),
        ("535 5.7.8 bad credentials", ResultClass.AUTH),
    ],
)
async def test_the_reply_to_a_message_gives_its_class(sink: SmtpSink, reply: str, expected: ResultClass) -> None:
    sink.will(reply)
    assert await send(channel(sink)) == Result(expected, reply)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("450 4.2.0 greylisted", ResultClass.TEMP),
        ("550 5.1.1 no such user", ResultClass.PERM),
        ("530 5.7.1 sign in first", ResultClass.AUTH),
    ],
)
async def test_the_reply_to_a_recipient_gives_its_class(sink: SmtpSink, reply: str, expected: ResultClass) -> None:
    sink.refused["desk@example.org"] = reply
    assert await send(channel(sink)) == Result(expected, reply)
    assert not sink.mails


async def test_one_of_three_recipients_refused_leaves_the_others_theirs_once(sink: SmtpSink) -> None:
    sink.refused["gone@example.org"] = "550 5.1.1 no such user"
    to = channel(sink, to=("a@example.org", "gone@example.org", "Bee <b@example.org>"))
    assert [target.id for target in to.targets()] == [
        "desk-mail:a@example.org",
        "desk-mail:gone@example.org",
        "desk-mail:b@example.org",
    ]
    results = [(await send(to, place)).cls for place in range(3)]
    assert results == [ResultClass.OK, ResultClass.PERM, ResultClass.OK]
    assert [mail.recipients for mail in sink.mails] == [("a@example.org",), ("b@example.org",)]


async def test_a_recipient_that_the_file_no_longer_names_gets_nothing(sink: SmtpSink) -> None:
    gone = Target("desk-mail:old@example.org", "desk-mail", "old@example.org")
    assert (await channel(sink).send(MESSAGE, gone, key=KEY)).cls is ResultClass.PERM
    assert not sink.mails


async def test_a_connection_lost_after_the_message_is_unknown_and_its_repeat_has_the_same_id(sink: SmtpSink) -> None:
    sink.will(DROP)
    to = channel(sink)
    lost = await send(to)
    assert lost == Result(ResultClass.UNKNOWN, "the server closed the connection, after the message was sent")
    assert (await send(to)).ok
    assert len(sink.mails) == 2
    assert len(sink.ids) == 1


async def test_a_reply_that_does_not_come_is_unknown(sink: SmtpSink) -> None:
    sink.will(HANG)
    to = EmailChannel(settings(sink), clock=CLOCK, waits=replace(PATIENT, data=0.5))
    assert await send(to) == Result(ResultClass.UNKNOWN, "no answer in time, after the message was sent")


async def test_a_connection_lost_before_the_message_can_be_tried_again(sink: SmtpSink) -> None:
    sink.refused["desk@example.org"] = CUT
    assert (await send(channel(sink))).cls is ResultClass.TEMP


async def test_a_refused_connection_can_be_tried_again(sink: SmtpSink) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = await send(channel(sink, port=unused.getsockname()[1]))
    assert result == Result(ResultClass.TEMP, "[Errno 111] Connection refused")


async def test_a_name_that_does_not_exist_can_be_tried_again(sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (await send(channel(sink, host="mail.invalid"))).cls is ResultClass.TEMP


async def test_a_name_that_cannot_be_one_can_be_tried_again(sink: SmtpSink) -> None:
    assert (await send(channel(sink, host="a..b"))).cls is ResultClass.TEMP


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [(b"421 too busy\r\n", ResultClass.TEMP), (b"554 not you\r\n", ResultClass.PERM), (b"", ResultClass.TEMP)],
)
async def test_the_greeting_gives_its_class(greeting: bytes, expected: ResultClass, sink: SmtpSink) -> None:
    with TcpSink(lambda peer: peer.sendall(greeting)) as server:
        assert (await send(channel(sink, port=server.port))).cls is expected


async def test_a_server_that_drips_its_replies_is_given_up_before_the_message(sink: SmtpSink) -> None:
    def drip(peer: socket.socket) -> None:
        while True:
            peer.sendall(b"2")
            time.sleep(0.02)

    with TcpSink(drip) as server:
        to = EmailChannel(settings(sink, port=server.port), clock=CLOCK, waits=replace(PATIENT, talk=0.3))
        assert (await send(to)).cls is ResultClass.TEMP


async def test_link_local_addresses_are_never_asked(sink: SmtpSink) -> None:
    assert await send(channel(sink, host="169.254.169.254")) == Result(
        ResultClass.AUTH, "link-local and metadata addresses are never asked"
    )


# -- encryption and sign-in


async def test_starttls_is_required_unless_said_otherwise_and_nothing_is_sent_without_it(sink: SmtpSink) -> None:
    result = await send(channel(sink, security="", user="u", password="secret"))
    assert result == Result(ResultClass.AUTH, "the server does not offer STARTTLS; nothing is sent in the clear")
    assert not sink.senders


@pytest.mark.parametrize(
    ("reply", "expected"),
    [(b"502 5.5.1 not now", ResultClass.AUTH), (b"454 4.7.0 not for the moment", ResultClass.TEMP)],
)
async def test_a_server_that_offers_starttls_and_refuses_it_gets_no_mail_in_the_clear(
    reply: bytes, expected: ResultClass, sink: SmtpSink
) -> None:
    heard: list[bytes] = []

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 hello\r\n")
        while said := peer.recv(1000):
            heard.append(said[:4])
            peer.sendall(reply + b"\r\n" if said.startswith(b"STARTTLS") else b"250-hello\r\n250 STARTTLS\r\n")

    with TcpSink(talk) as server:
        result = await send(channel(sink, port=server.port, security="starttls", user="u", password="p"))
    assert result == Result(expected, reply.decode())
    assert not {b"AUTH", b"MAIL"} & set(heard)


async def test_starttls_and_tls_from_the_first_byte_both_work() -> None:
    with SmtpSink(tls=server_tls()) as sink:
        assert (await send(channel(sink, security="starttls"))).ok
    with SmtpSink(tls=server_tls(), implicit=True) as sink:
        assert (await send(channel(sink, security="tls"))).ok


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_certificate_nobody_vouches_for_gets_no_mail(implicit: bool) -> None:
    with SmtpSink(tls=server_tls(), implicit=implicit) as sink:
        wary = EmailChannel(settings(sink, security="tls" if implicit else "starttls"), clock=CLOCK, waits=PATIENT)
        result = await send(wary)
        assert result.cls is ResultClass.TEMP
        assert "certificate is not valid" in result.detail
        assert not sink.mails


async def test_the_right_password_signs_in_and_a_wrong_one_is_auth_without_telling_it() -> None:
    with SmtpSink(tls=server_tls(), login=("desk", "s3cr3t")) as sink:
        assert (await send(channel(sink, security="starttls", user="desk", password="s3cr3t"))).ok
        result = await send(channel(sink, security="starttls", user="desk", password="wr0ng-one"))
        assert result.cls is ResultClass.AUTH
        assert result.detail.startswith("535")
        assert "wr0ng-one" not in result.detail


async def test_a_server_without_any_way_to_sign_in_is_auth(sink: SmtpSink) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 hello\r\n")
        while peer.recv(1000):
            peer.sendall(b"250 hello\r\n")

    with TcpSink(talk) as server:
        result = await send(channel(sink, port=server.port, user="u", password="p"))
    assert result.cls is ResultClass.AUTH


@pytest.mark.parametrize("end", [b"", b"454 4.7.0 not now\r\n", b"334 !\r\n"])
async def test_a_sign_in_that_breaks_off_can_be_tried_again(end: bytes, sink: SmtpSink) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 hello\r\n")
        while not peer.recv(1000).startswith(b"AUTH"):
            peer.sendall(b"250-hello\r\n250 AUTH CRAM-MD5\r\n")
        peer.sendall(end)

    with TcpSink(talk) as server:
        result = await send(channel(sink, port=server.port, user="u", password="p"))
    assert result.cls is ResultClass.TEMP


async def test_a_server_that_hangs_up_on_a_wrong_password_refused_it(sink: SmtpSink) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 hello\r\n")
        while not peer.recv(1000).startswith(b"AUTH"):
            peer.sendall(b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n")
        peer.sendall(b"535 5.7.8 wrong\r\n")  # and the second way to sign in meets nobody

    with TcpSink(talk) as server:
        result = await send(channel(sink, port=server.port, user="u", password="p"))
    assert result == Result(ResultClass.AUTH, "535 5.7.8 wrong")


async def test_an_address_beyond_ascii_goes_to_servers_that_take_it_only(sink: SmtpSink) -> None:
    assert (await send(channel(sink, to=("Köchin <köchin@münchen.example>",)))).ok
    assert sink.mails[0].recipients == ("köchin@xn--mnchen-3ya.example",)
    assert "<köchin@münchen.example>".encode() in sink.mails[0].raw

    def talk(peer: socket.socket) -> None:
        peer.sendall(b"220 hello\r\n")
        while peer.recv(1000):
            peer.sendall(b"250 hello\r\n")

    with TcpSink(talk) as server:
        result = await send(channel(sink, port=server.port, to=("köchin@b.org",)))
    assert result == Result(ResultClass.PERM, "the server takes no address with letters beyond ASCII")


async def test_a_cancelled_send_ends_its_thread(sink: SmtpSink) -> None:
    sink.will(HANG)
    to = EmailChannel(settings(sink), clock=CLOCK, waits=Waits())
    sending = asyncio.create_task(send(to))
    while not sink.mails:
        await asyncio.sleep(0.01)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    for thread in threading.enumerate():
        if thread.name == "smtp":
            await asyncio.to_thread(thread.join)


# -- building


def parsed(message: Message, **changes: object) -> EmailMessage:
    from email import message_from_bytes, policy

    raw = build(message, **{"sender": SENDER, "to": TO, "key": KEY, "at": MADE_AT} | changes)  # type: ignore[arg-type]
    assert raw.endswith(b"\r\n")
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return message_from_bytes(raw, policy=policy.default)


def test_line_ends_and_control_characters_in_a_title_make_no_header() -> None:
    mail = parsed(replace(MESSAGE, subject="News\r\nBcc: v@example.org\r\n\r\nbody\x00"))
    assert mail["Subject"] == "News Bcc: v@example.org body"
    assert mail["Bcc"] is None


def test_a_title_of_100_kb_gives_a_subject_of_250_characters() -> None:
    mail = parsed(replace(MESSAGE, subject="拜登 🙂 " * 20_000, text="x" * 100_000))
    assert len(mail["Subject"]) <= 250


def test_no_link_given_means_no_unsubscribe_header_and_no_thread_no_references() -> None:
    mail = parsed(replace(MESSAGE, unsubscribe="", thread="", rule_id="", html=""))
    for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "References", "In-Reply-To"):
        assert mail[name] is None
    assert mail["List-Id"] == "<wirewatch.wirewatch.example.org>"
    assert mail.get_content_type() == "text/plain"


def test_ids_of_any_characters_become_message_ids() -> None:
    mail = parsed(replace(MESSAGE, thread="règle <1> @x", rule_id="a b"), key="k\r\n:1")
    for name in ("Message-ID", "References"):
        assert re.fullmatch(r"<[A-Za-z0-9._-]+@example\.org>", mail[name])


def test_a_domain_in_letters_beyond_ascii_is_written_as_dns_writes_it() -> None:
    mail = parsed(
        MESSAGE, sender=Address("Wächter, Büro", "watch", "münchen.example"), to=Address("", "a", "straße.de")
    )
    assert mail["Message-ID"].endswith("@xn--mnchen-3ya.example>")
    assert str(mail["From"].addresses[0]) == '"Wächter, Büro" <watch@xn--mnchen-3ya.example>'
    assert mail["To"] == "a@xn--strae-oqa.de"  # not strasse.de, which is another's


def test_only_an_https_link_is_offered_to_be_unsubscribed_by_one_click() -> None:
    mail = parsed(replace(MESSAGE, unsubscribe="http://localhost/links/unsubscribe/t"))
    assert (mail["List-Unsubscribe-Post"], bool(mail["List-Unsubscribe"])) == (None, True)


def test_a_person_named_twice_is_one_target(sink: SmtpSink) -> None:
    made = channel(sink, to=("Ann@b.org", "c@b.org", "ann@B.org", "Ann <Ann@b.org>"))
    assert [target.recipient for target in made.targets()] == ["Ann@b.org", "c@b.org"]


# -- settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mailto://u:p%40ss@smtp.example.org/?from=w@b.org&to=a@b.org,c@b.org", ("", 0)),
        ("mailtos://u:p%40ss@smtp.example.org:465/a@b.org/c@b.org?from=w@b.org", ("", 465)),
        ("mailtos://u:p%40ss@smtp.example.org:2525/?from=w@b.org&to=a@b.org,c@b.org&mode=ssl", ("tls", 2525)),
        ("mailto://u:p%40ss@x/?smtp=smtp.example.org&from=w@b.org&to=a@b.org, c@b.org&mode=insecure", ("none", 0)),
    ],
)
def test_a_mail_url_says_what_the_fields_say(url: str, expected: tuple[str, int]) -> None:
    read = with_url(ChannelSettings("m", url=url))
    assert (read.host, read.user, read.password) == ("smtp.example.org", "u", "p@ss")
    assert (read.sender, read.to) == ("w@b.org", ("a@b.org", "c@b.org"))
    assert (read.security, read.port) == expected


def test_a_plus_in_a_mail_url_is_a_plus() -> None:
    read = with_url(ChannelSettings("m", url="mailto://u:p@h/a+news@b.org?from=w+x@b.org&to=c+news@b.org"))
    assert (read.sender, read.to) == ("w+x@b.org", ("a+news@b.org", "c+news@b.org"))


@pytest.mark.parametrize(
    ("port", "security", "expected"),
    [
        (0, "", (587, "starttls")),
        (465, "", (465, "tls")),
        (465, "starttls", (465, "tls")),
        (0, "tls", (465, "tls")),
        (0, "none", (25, "none")),
    ],
)
def test_port_and_encryption_follow_from_each_other(port: int, security: str, expected: tuple[int, str]) -> None:
    made = EmailChannel(
        ChannelSettings("m", host="h", port=port, security=security, sender="a@b.org", to=("c@d.org",)),  # type: ignore[arg-type]
        clock=CLOCK,
    )
    assert (made._server.port, made._server.security) == expected


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ChannelSettings("m", url="mailto://u:s3cr3t@h:99999/?from=a@b.org&to=c@d.org"), "cannot be read"),
        (ChannelSettings("m", url="mailto://u:s3cr3t@h/?from=a@b.org&to=c@d.org&mode=perhaps"), "mode=perhaps"),
        (ChannelSettings("m", url="mailto://u:s3cr3t@h/?from=a@b.org"), "no recipient"),
        (ChannelSettings("m", url="mailto:///?from=a@b.org&to=c@d.org"), "no mail server"),
        (ChannelSettings("m", url="mailto://u:s3cr3t@h/?from=a@b.org&to=nobody"), 'to "nobody" is not'),
        (ChannelSettings("m", url="mailto://h/?to=c@d.org"), "from is not"),
        (ChannelSettings("m", host="h", sender="a@b.org", to=("c@d\r\n.org",)), "is not an e-mail address"),
        (ChannelSettings("m", host="h", sender="a@b.org", to=("c@d.org, e@d.org",)), "is not an e-mail address"),
        (ChannelSettings("m", host="h", sender="a@b.org", to=("c@" + "d" * 70 + ".org",)), "is not an e-mail address"),
        (ChannelSettings("m", host="h", sender="a@b.org", to=("c@d.org",), password="s3cr3té"), "plain ASCII"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_by_name_without_a_secret(
    settings: ChannelSettings, words: str
) -> None:
    with pytest.raises(InputError) as refused:
        EmailChannel(settings, clock=CLOCK)
    assert words in str(refused.value)
    assert refused.value.message.startswith("channel m: ")
    assert "s3cr3t" not in str(refused.value)


def test_the_channel_shows_its_name_and_scheme() -> None:
    made = EmailChannel(ChannelSettings("m", host="h", user="a@b.org", to=("c@d.org",)), clock=CLOCK)
    assert made.label == "m (mailto)"
