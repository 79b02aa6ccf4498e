"""A mail server on loopback, in a thread of its own.

with SmtpSink() as sink:
    sink.will("451 4.7.1 come back later")          # the next whole message gets this reply; then 250 again
    sink.refused["gone@example.org"] = "550 5.1.1 no such user"
    … send to 127.0.0.1:sink.port …
    sink.mails                                      # what was accepted (or may have been), in order
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP = "drop"  # take the message, then close the connection without a word
HANG = "hang"  # take the message, and say nothing until the sink closes
LATE = "late"  # take the message, and say so when the sink is told to let go
CUT = "cut"  # close the connection at RCPT, before any of the message came


@dataclass(frozen=True, slots=True)
class Mail:
    """One message for one or more recipients, as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def parsed(self) -> EmailMessage:
        """Its headers and parts."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def id(self) -> str:
        """Its Message-ID: what mail systems collapse repeats by."""
        return str(self.parsed["Message-ID"])


class SmtpSink:
    """A context manager. `tls` offers STARTTLS, or with `implicit` is TLS from the first byte."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.mails: list[Mail] = []
        self.refused: dict[str, str] = {}  # recipient → reply to RCPT (or CUT)
        self.senders: list[str] = []  # of each MAIL command: who got so far as to begin one
        self.port = port
        self.pause = 0.0  # seconds that each message takes
        self.now, self.most = 0, 0  # messages that are being taken at this moment, and at any
        self._tls = tls
        self._implicit = implicit
        self._login = login
        self._queued: deque[str] = deque()
        self._lock = threading.Lock()
        self._closing = asyncio.Event()
        self._gone = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def ids(self) -> list[str]:
        """The Message-IDs that came, each once: what a mail system that collapses repeats would show."""
        return list(dict.fromkeys(mail.id for mail in self.mails))

    def will(self, *replies: str) -> None:
        """Give the next whole messages these replies (or DROP, HANG, LATE), one each."""
        with self._lock:
            self._queued.extend(replies)

    def next_reply(self) -> str:
        """What the message that came just now gets."""
        with self._lock:
            return self._queued.popleft() if self._queued else "250 2.0.0 taken as 4711"

    def let_go(self) -> None:
        """Say of all messages kept waiting so far, and from now on, that they were taken."""
        self._loop.call_soon_threadsafe(self._gone.set)

    async def until_closed(self) -> None:
        """Wait for the end of the sink."""
        await self._closing.wait()

    async def until_let_go(self) -> None:
        """Wait for `let_go`."""
        await self._gone.wait()

    def _signs_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        given = cast(LoginPassword, data)
        good = (given.login.decode(), given.password.decode()) == self._login
        return AuthResult(success=good, handled=False)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        encrypted = self._tls if self._implicit else None
        async with await self._loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=encrypted) as server:
            self.port = int(server.sockets[0].getsockname()[1])
            self._started.set()
            await self._closing.wait()

    def _protocol(self) -> SMTP:
        return SMTP(
            _Handler(self),
            hostname="sink.test",
            enable_SMTPUTF8=True,
            tls_context=None if self._implicit else self._tls,
            authenticator=self._signs_in,
            auth_require_tls=False,
            loop=self._loop,
        )

    def __enter__(self) -> SmtpSink:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()


class _Handler:
    """What aiosmtpd calls; its names are aiosmtpd's."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._sink.senders.append(address)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self._sink.refused.get(address, "250 OK")
        if reply == CUT:
            _close(server)
            return "421 going"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._sink.now += 1
        self._sink.most = max(self._sink.most, self._sink.now)
        try:
            await asyncio.sleep(self._sink.pause)
            return await self._take(server, envelope)
        finally:
            self._sink.now -= 1

    async def _take(self, server: SMTP, envelope: Envelope) -> str:
        reply = self._sink.next_reply()
        if reply in (DROP, HANG, LATE) or reply.startswith("250"):
            raw = cast(bytes, envelope.original_content)
            self._sink.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), raw))
        if reply == LATE:
            await self._sink.until_let_go()
            return "250 2.0.0 taken at last"
        if reply == HANG:
            await self._sink.until_closed()
        if reply in (DROP, HANG):
            _close(server)
            return "421 going"
        return reply


def _close(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
