"""E-mail: one message a recipient, the same bytes at every attempt, threaded by story."""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime, getaddresses
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from yarl import URL

from alerts.channels import Channel, ChannelSettings, Target
from alerts.message import Message
from alerts.mime import mail
from alerts.result import Result, ResultClass
from alerts.smtp import Attempt, Server, Waits
from alerts.threads import in_thread
from core.clock import Clock
from core.errors import InputError
from core.text import clean, one_line
from core.tls import certificates

PORTS = {"starttls": 587, "tls": 465, "none": 25}
MODES = {"starttls": "starttls", "tls": "tls", "ssl": "tls", "none": "none", "insecure": "none"}
MAX_SUBJECT = 250  # characters; more is cut by every reader
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\\x00-\x1f]+@[^\s@<>()\[\],;:\"\\\x00-\x1f]+")


class EmailChannel(Channel):
    """Recipients behind one mail server; each is a target of its own: one refused never repeats the mail to others."""

    concurrency = 4
    pace = 0.0

    def __init__(
        self, settings: ChannelSettings, *, clock: Clock, tls: ssl.SSLContext | None = None, waits: Waits | None = None
    ) -> None:
        settings = with_url(settings)
        self.name = settings.name
        self.scheme = settings.scheme
        self.on_unknown = settings.on_unknown
        self._server = _server(settings)
        self._sender = _address(settings.name, settings.sender or settings.user, "from")
        people: dict[str, Address] = {}
        for address in settings.to:
            to = _address(settings.name, address, "to")
            people.setdefault(to.addr_spec.casefold(), to)  # nobody is told twice
        self._to = tuple(people.values())
        if not self._to:
            raise InputError(f"channel {settings.name}: no recipient", hint="add to: [name@example.org]")
        self._clock = clock
        self._tls = tls or certificates()
        self._waits = waits or Waits()

    def targets(self) -> tuple[Target, ...]:
        """One for each address."""
        return tuple(Target(f"{self.name}:{to.addr_spec}", self.name, to.addr_spec) for to in self._to)

    async def send(self, message: Message, target: Target, *, key: str) -> Result:
        """Send to one address; see Channel. Ends within 2 min, or 10 min after the whole message was given."""
        at = message.at or (message.view.made_at if message.view else self._clock.now())
        to = next((to for to in self._to if to.addr_spec == target.recipient), None)
        if to is None:
            return Result(ResultClass.PERM, "no longer a recipient of this channel")
        payload = build(message, sender=self._sender, to=to, key=key, at=at)
        attempt = Attempt(self._server, self._tls, self._waits)
        envelope = _on_the_wire(self._sender), _on_the_wire(to)
        return await _within_deadlines(attempt, lambda: attempt.run(*envelope, payload))


async def _within_deadlines(attempt: Attempt, call: Callable[[], Result]) -> Result:
    """Run `call`, which is `attempt`'s, within its deadlines; a cancelled wait breaks the attempt off."""
    loop, waits = asyncio.get_running_loop(), attempt.waits
    timers = [
        loop.call_later(waits.talk, attempt.abort_unless_sent),
        loop.call_later(waits.talk + waits.data, attempt.abort),
    ]
    try:
        return await in_thread(call, "smtp")
    finally:
        attempt.abort()
        for timer in timers:
            timer.cancel()


def build(message: Message, *, sender: Address, to: Address, key: str, at: datetime) -> bytes:
    """The whole e-mail, CRLF lines, ASCII unless an address is not; pure, so every attempt sends the same bytes."""
    utf8 = not (sender.username.isascii() and to.username.isascii())
    headers: dict[str, str | Address] = {
        "From": _shown(sender, utf8),
        "To": _shown(to, utf8),
        "Subject": one_line(message.subject, MAX_SUBJECT),
        "Date": format_datetime(at.astimezone(_zone(message))),
        "Message-ID": _id(key, sender),
    }
    if message.thread:
        headers["In-Reply-To"] = headers["References"] = _id(f"story.{message.thread}", sender)
    headers |= {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",  # Exchange's out-of-office answers
        "List-Id": f"<{_plain(message.rule_id or 'wirewatch')}.wirewatch.{_domain(sender)}>",
    }
    if message.unsubscribe:
        headers["List-Unsubscribe"] = f"<{one_line(message.unsubscribe)}>"
        if message.unsubscribe.startswith("https:"):  # RFC 8058 knows no other
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail(
        headers.items(),
        text=clean(message.text),
        html=clean(message.html),
        boundary=f"=_{_plain(key)[:60]}",
        utf8=utf8,
    )


def with_url(settings: ChannelSettings) -> ChannelSettings:
    """`settings` with what its mailto URL says: mailto://user:password@host:port/?from=…&to=a,b&mode=starttls|tls|none.

    mailto:// and mailtos:// mean the same: encrypted, unless `mode=none`. Recipients may also stand in the path.
    Raises InputError.
    """
    if not settings.url:
        return settings
    try:
        parts = urlsplit(settings.url)
        port = parts.port or 0
    except ValueError:
        raise InputError(f"channel {settings.name}: its URL cannot be read", hint=_HINT) from None
    query = dict(parse_qsl(parts.query.replace("+", "%2B")))  # a plus is one in mail URLs: desk+news@example.org
    mode = query.get("mode", settings.security)
    if mode and mode not in MODES:
        raise InputError(f"channel {settings.name}: mode={one_line(mode, 20)}", hint="mode is starttls, tls or none")
    to = [*unquote(parts.path).split("/"), *query.get("to", "").split(","), *settings.to]
    return ChannelSettings(
        name=settings.name,
        url=settings.url,
        host=query.get("smtp") or parts.hostname or settings.host,
        port=port or settings.port,
        user=unquote(parts.username or "") or settings.user,
        password=unquote(parts.password or "") or settings.password,
        sender=query.get("from") or settings.sender,
        to=tuple(address.strip() for address in to if address.strip()),
        security=_mode(mode),
        on_unknown=settings.on_unknown,
    )


_HINT = "write mailto://user:password@smtp.example.org:587/?from=watch@example.org&to=desk@example.org"


def _mode(mode: str) -> Literal["", "starttls", "tls", "none"]:
    return MODES[mode] if mode else ""  # type: ignore[return-value]


def _server(settings: ChannelSettings) -> Server:
    if not settings.host:
        raise InputError(f"channel {settings.name}: no mail server", hint=_HINT)
    if not (settings.user + settings.password).isascii():
        raise InputError(f"channel {settings.name}: user and password of a mail server must be plain ASCII")
    security = settings.security or "starttls"
    if security == "starttls" and settings.port == PORTS["tls"]:  # nobody speaks STARTTLS there (RFC 8314)
        security = "tls"
    port = settings.port or PORTS[security]
    return Server(settings.host, port, settings.user, settings.password, security)


def _address(channel: str, written: str, where: str) -> Address:
    """An address as it is written in the watch file, with or without a name."""
    read = getaddresses([written])
    name, spec = read[0] if len(read) == 1 else ("", "")
    if not (_usable(spec) and written.isprintable()):
        shown = f' "{one_line(written, 80)}"' if where == "to" and written else ""
        raise InputError(
            f"channel {channel}: {where}{shown} is not an e-mail address", hint="write it as desk@example.org"
        )
    username, _, domain = spec.rpartition("@")
    return Address(display_name=one_line(name, 80), username=username, domain=domain)


def _usable(spec: str) -> bool:
    try:
        _as_dns(spec.rpartition("@")[2])
    except ValueError:
        return False
    return bool(_ADDRESS.fullmatch(spec))


def _on_the_wire(address: Address) -> str:
    """The bare address with its domain as DNS spells it."""
    return f"{address.username}@{_domain(address)}"


def _shown(address: Address, utf8: bool) -> Address:
    """The address as a header has it: encoded words may stand for a name, not for a domain."""
    return address if utf8 else Address(address.display_name, address.username, _domain(address))


def _domain(address: Address) -> str:
    return _as_dns(address.domain)


def _as_dns(domain: str) -> str:
    """A domain as DNS spells it by today's rules; Python's own codec makes `strasse.de`, which is somebody else's, of
    `straße.de`. Raises ValueError.
    """
    written = domain if domain.isascii() else URL.build(scheme="http", host=domain).raw_host or ""
    return written.encode("idna").decode("ascii").lower()


def _zone(message: Message) -> ZoneInfo:
    """The zone the reader of the message lives in: shown by mail programs that show the sender's."""
    return ZoneInfo(message.view.timezone if message.view else "UTC")


def _id(name: str, sender: Address) -> str:
    return f"<{_plain(name)}@{_domain(sender)}>"


def _plain(name: str) -> str:
    """`name` where it may stand in a message id as it is, else a hash of it."""
    return name if _PLAIN.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:32]
