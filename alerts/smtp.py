"""One message to one recipient over one SMTP connection, and what it came to. Blocks: run it in a thread.

A server takes a message with the final dot of DATA and not sooner (RFC 5321, section 4.1.1.4): a connection that breaks
before the dot gives `ResultClass.TEMP`, one that breaks before the answer to the dot `ResultClass.UNKNOWN`.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

from alerts.reach import ForbiddenAddress, connect
from alerts.result import Result, ResultClass
from core.log import masked
from core.text import one_line

SIGN_IN_REFUSED = frozenset({530, 534, 535, 538})
MAX_DETAIL = 200  # characters of a server's reply that are kept
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, how to sign in (no user: not at all) and how the way there is encrypted."""

    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    security: Literal["starttls", "tls", "none"] = "starttls"


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. `data` is how long the reply to the final dot may take: giving up sooner makes doubles (RFC 1047)."""

    connect: float = 10.0
    reply: float = 60.0
    talk: float = 120.0  # everything up to the final dot, against a server that drips
    data: float = 600.0


class _Refused(Exception):
    """A reply that ends the attempt, as a Result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.detail)
        self.result = result


class _Client(smtplib.SMTP):
    """smtplib's client over a connection that was judged and, for "tls", encrypted from its first byte."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        server = attempt.server
        self.refused: smtplib.SMTPAuthenticationError | None = None  # the last way to sign in that was
        super().__init__(server.host, server.port, local_hostname=_own_name(), timeout=attempt.waits.connect)

    def auth(self, *way: Any, **how: Any) -> tuple[int, bytes]:
        """Sign in one way; see smtplib, which tries the next, also where the server hangs up on a wrong password."""
        try:
            return super().auth(*way, **how)
        except smtplib.SMTPAuthenticationError as error:
            self.refused = error
            raise

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._attempt.connected(host, port, timeout)


class Attempt:
    """A single attempt. `run` is called once; `abort` may be called from another thread and makes it end soon."""

    def __init__(self, server: Server, tls: ssl.SSLContext, waits: Waits) -> None:
        self.server = server
        self.waits = waits
        self.sent = False  # the final dot is under way
        self._tls = tls
        self._socket: socket.socket | None = None
        self._aborted = False

    def run(self, sender: str, recipient: str, payload: bytes) -> Result:
        """Send `payload` (a whole message, CRLF lines); never raises for what server or network do."""
        try:
            with contextlib.closing(_Client(self)) as client:
                self._prepare(client)
                return self._transact(client, sender, recipient, payload)
        except _Refused as refused:
            return refused.result
        except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: a host's name, a broken challenge
            return self._result_of(error)

    def abort(self) -> None:
        """Break the connection off; whatever waits on it fails at once."""
        self._aborted = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def abort_unless_sent(self) -> None:
        """Break off an attempt that has not come to its final dot."""
        if not self.sent:
            self.abort()

    def connected(self, host: str, port: int, seconds: float) -> socket.socket:
        """A connection to the server, ready for its greeting."""
        made = connect(host, port, seconds)
        made.settimeout(self.waits.reply)
        if self.server.security == "tls":
            made = self._tls.wrap_socket(made, server_hostname=host)
        self._socket = made
        if self._aborted:
            made.close()
            raise TimeoutError("broken off")
        return made

    def _prepare(self, client: _Client) -> None:
        """Greet, encrypt, sign in."""
        client.ehlo_or_helo_if_needed()
        if self.server.security == "starttls":
            self._encrypt(client)
        if self.server.user:
            self._sign_in(client)

    def _encrypt(self, client: smtplib.SMTP) -> None:
        """STARTTLS, or nothing at all: a server that stopped offering it may be somebody in between."""
        if not client.has_extn("starttls"):
            raise _Refused(Result(ResultClass.AUTH, "the server does not offer STARTTLS; nothing is sent in the clear"))
        try:
            client.starttls(context=self._tls)
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= 500:  # it offers it and refuses it: that is its settings, not this message
                raise _Refused(self._result(ResultClass.AUTH, error.smtp_code, error.smtp_error)) from error
            raise
        self._socket = client.sock
        client.ehlo()

    def _sign_in(self, client: _Client) -> None:
        try:
            client.login(self.server.user, self.server.password)
        except smtplib.SMTPServerDisconnected:
            if client.refused is None:
                raise
            raise self._no_entry(client.refused) from client.refused
        except smtplib.SMTPResponseException as error:
            raise self._no_entry(error) from error
        except smtplib.SMTPException as error:
            raise _Refused(Result(ResultClass.AUTH, one_line(f"cannot sign in: {error}", MAX_DETAIL))) from error

    def _no_entry(self, error: smtplib.SMTPResponseException) -> _Refused:
        cls = ResultClass.AUTH if error.smtp_code >= 500 else ResultClass.TEMP
        return _Refused(self._result(cls, error.smtp_code, error.smtp_error))

    def _transact(self, client: smtplib.SMTP, sender: str, recipient: str, payload: bytes) -> Result:
        """MAIL, RCPT, DATA, and the reply to the final dot."""
        self._expect(client.mail(sender, self._options(client, sender, recipient)), 250)
        self._expect(client.rcpt(recipient), 250, 251, 252)
        self._expect(client.docmd("DATA"), 354)
        client.send(_LEADING_DOT.sub(b"..", payload))
        if client.sock is not None:
            client.sock.settimeout(self.waits.data)
        self.sent = True
        client.send(b".\r\n")
        reply = client.getreply()
        self._expect(reply, 250)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.putcmd("QUIT")
        return Result(ResultClass.OK, provider_id=_words(reply[1]))

    def _options(self, client: smtplib.SMTP, *addresses: str) -> list[str]:
        if all(address.isascii() for address in addresses):
            return []
        if not client.has_extn("smtputf8"):
            raise _Refused(Result(ResultClass.PERM, "the server takes no address with letters beyond ASCII"))
        return ["SMTPUTF8", "BODY=8BITMIME"]

    def _expect(self, reply: tuple[int, bytes], *codes: int) -> None:
        if reply[0] not in codes:
            raise _Refused(self._result(_class_of(reply[0]), *reply))

    def _result(self, cls: ResultClass, code: int, words: bytes | str) -> Result:
        """The server's reply as a Result; a password it repeats is not."""
        said = _words(words)
        if self.server.password:
            said = said.replace(self.server.password, "***")
        return Result(cls, f"{code} {said}".strip())

    def _result_of(self, error: Exception) -> Result:
        match error:
            case smtplib.SMTPServerDisconnected():
                late = isinstance(error.__context__, TimeoutError)
                detail = "no answer in time" if late else "the server closed the connection"
            case smtplib.SMTPResponseException(smtp_code=code, smtp_error=words) if code >= 400:
                return self._result(_class_of(code), code, words)
            case ForbiddenAddress():
                return Result(ResultClass.AUTH, str(error))
            case ssl.SSLCertVerificationError():
                detail = f"the server's certificate is not valid: {error.verify_message}"
            case TimeoutError():
                detail = "no answer in time"
            case _:
                detail = one_line(str(error), MAX_DETAIL)
        if self.sent:
            return Result(ResultClass.UNKNOWN, f"{detail}, after the message was sent")
        return Result(ResultClass.TEMP, detail)


def _class_of(code: int) -> ResultClass:
    if code in SIGN_IN_REFUSED:
        return ResultClass.AUTH
    return ResultClass.PERM if 500 <= code <= 599 else ResultClass.TEMP


def _words(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return masked(one_line(text, MAX_DETAIL))


def _own_name() -> str:
    """What EHLO says. Not `getfqdn`: it asks the DNS, which may hang."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
