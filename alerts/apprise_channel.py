"""A hundred services through Apprise, each message in a worker process that can be killed.

No other module imports apprise.

What holds for the pinned version is tested (tests/alerts/test_apprise_channel.py). Used of it: one fresh instance of
one service for each send, given text that already fits. Not used: its retries (they repeat what worked), its redirects
(a 302 counts as success and the body is lost), its thread pool (six hanging sends stop all others), its splitting, its
waits (a process that sleeps as long as a 429 asks is stopped before, and what was refused passes for perhaps sent).
"""

from __future__ import annotations

import contextlib
import html
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import unquote

import requests
from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.common import OverflowMode
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict
from apprise.url import URLBase
from urllib3.exceptions import NewConnectionError

from alerts.answers import refusal, result_of, told_by
from alerts.channels import Channel, ChannelSettings, Target
from alerts.message import Message
from alerts.reach import ForbiddenAddress, forbidden, guard
from alerts.result import Result, ResultClass
from core.errors import InputError
from core.pool import TaskTimeout, WorkerDied, WorkerPool
from core.text import one_line

DEADLINE_SECONDS = 60.0
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0  # per recv; Apprise's own 4 s give up on services that are merely slow, and then it is sent twice
BLANKET_PACE = NotifyBase.request_rate_per_sec  # 5.5 s: what Apprise says of services it knows nothing of
PACE_SECONDS = 1.0  # instead of it: one a second is what chat services ask for
CLEAN_UP_SECONDS = 5.0  # for what follows a message (Matrix signs out): its answer is not worth more
LONGEST_WAIT = 2.0  # seconds that a service's own code may wait between two requests
# Bytes, where the service counts those; ntfy makes a file of what is longer, WeChat Work cuts it, others refuse it.
# Of Feishu's 20 KB the escapes of JSON take up to three times the text.
BYTE_LIMITS = {
    "ntfy": 4096, "ntfys": 4096, "wecombot": 2048, "wechat": 2048, "dingtalk": 20_000, "feishu": 6_500, "lark": 6_500,
    "matrix": 60_000, "matrixs": 60_000, "sns": 256_000,
}  # fmt: skip
FIELDS_OF_THEIR_OWN = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})

# Its warnings quote tokens ("An invalid Bot Token (…) was specified"); results say what is to be said.
logging.getLogger("apprise").addFilter(lambda _record: False)


class AppriseChannel(Channel):
    """One service behind one Apprise URL, with one recipient: what one of several refused would be repeated to all."""

    def __init__(self, settings: ChannelSettings, *, pool: WorkerPool, seconds: float = DEADLINE_SECONDS) -> None:
        plugin = _checked(settings)
        self.name = settings.name
        self.scheme = _scheme(plugin)
        self.on_unknown = settings.on_unknown
        own_pace = float(plugin.request_rate_per_sec)
        self.pace = own_pace if own_pace < BLANKET_PACE else PACE_SECONDS
        self._url = settings.url
        self._trust_env = settings.trust_env
        self._pool = pool
        self._seconds = seconds

    async def send(self, message: Message, target: Target, *, key: str) -> Result:
        """Send once; see Channel. Raises NotAvailable when the pool was closed: the program is ending."""
        parcel = replace(message, view=None, text="", html="")
        try:
            return await self._pool.run(
                deliver, self._url, parcel, self._trust_env, seconds=self._seconds, item=f"channel {self.name}"
            )
        except TaskTimeout:
            return Result(ResultClass.UNKNOWN, f"not done after {self._seconds:g} s, and stopped")
        except WorkerDied as died:
            return Result(ResultClass.UNKNOWN, f"the sending process died: {died.detail}", worker_died=True)


def _checked(settings: ChannelSettings) -> NotifyBase:
    """The service an URL means. Raises InputError that names the channel and nothing of the URL."""
    plugin = _plugin(settings.url)
    if plugin is None:
        raise InputError(
            f"channel {settings.name}: its URL is not one that can be sent to",
            hint="mistyped, or a service whose package is not installed; e-mail is mailto://…, a plain webhook webhooks://…",
        )
    if forbidden(str(plugin.host or "")):
        raise InputError(f"channel {settings.name}: link-local and metadata addresses are never asked")
    recipients = len(plugin) // (int(getattr(plugin, "retry", 0) or 0) + 1)  # it counts attempts
    if recipients > 1:
        raise InputError(
            f"channel {settings.name}: its URL names {recipients} recipients",
            hint="give each a channel of its own, so that one's failure does not repeat the message to the others",
        )
    return plugin


def _scheme(plugin: NotifyBase) -> str:
    return str(plugin.schema)


# -- in the worker


@cache
def warm() -> None:
    """Load all services (2 s, once a process), so that the first message does not wait for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what the services import: not ours to mend
        NotificationManager().load_modules()  # type: ignore[no-untyped-call]


def deliver(url: str, message: Message, trust_env: bool) -> Result:
    """Send `message` to the one service of `url` and say how it ended; never raises, so no trace shows the URL.

    Without `trust_env` this process asks no proxy from now on: requests has no other word for it that reaches Apprise.
    """
    _guard_this_process()
    if not trust_env:
        os.environ["no_proxy"] = "*"
    seen = _Seen(url)
    with _watching(seen):
        return _delivered(url, message, seen)


def _delivered(url: str, message: Message, seen: _Seen) -> Result:
    """How the send ended. The service is gone with the end of this: what it does then changes nothing."""
    plugin = _plugin(url)
    if plugin is None:
        return Result(ResultClass.AUTH, "its URL is not one that can be sent to")
    seen.scheme = _scheme(plugin)
    try:
        title, text = _fitted(plugin, message)
        accepted = plugin.notify(body=text, title=title, body_format=NotifyFormat.TEXT)
    except Exception as error:  # 150 services, each with failures of its own
        return seen.failure or Result(ResultClass.TEMP, f"the service's code failed: {type(error).__name__}")
    finally:
        plugin.socket_read_timeout = min(plugin.socket_read_timeout, CLEAN_UP_SECONDS)
    if accepted and not seen.refused:
        return Result(ResultClass.OK, f"HTTP {seen.status}" if seen.status else "")
    return seen.failure or Result(ResultClass.TEMP, "the service did not take it")


def _plugin(url: str) -> NotifyBase | None:
    """A fresh instance, with what its URL may not change set; None when the URL cannot be used."""
    warm()
    fields = url_to_dict(url)  # type: ignore[no-untyped-call]
    if not fields:
        return None
    plugin = Apprise.instantiate(dict(fields), asset=_asset())
    if plugin is None:
        return None
    plugin.redirects = False
    plugin.overflow_mode = OverflowMode.TRUNCATE
    if plugin.notify_format == NotifyFormat.MARKDOWN:  # it lets mentions and links of the text through
        plugin.notify_format = NotifyFormat.TEXT
    if "cto" not in fields:
        plugin.socket_connect_timeout = CONNECT_SECONDS
    if "rto" not in fields:
        plugin.socket_read_timeout = READ_SECONDS
    return plugin


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="wirewatch",
        app_desc="wirewatch",
        app_url="",
        image_url_mask="",
        http_redirects=False,
        async_mode=False,
        storage_mode="memory",
        pgp_autogen=False,
        pem_autogen=False,
    )


def _fitted(plugin: NotifyBase, message: Message) -> tuple[str, str]:
    """Title and text as the service takes them, the text within its limit in the service's own form and measure."""
    title = one_line(message.subject, plugin.title_maxlen) if _wants_title(plugin) else ""
    limit = min(plugin.body_maxlen, BYTE_LIMITS.get(_scheme(plugin), plugin.body_maxlen))

    def formed(text: str) -> str:
        if plugin.notify_format == NotifyFormat.HTML:  # Apprise's own makes blanks of a kind that no line is broken at
            return html.escape(text, quote=False).replace("\n", "<br/>")
        return text

    def size(text: str) -> int:
        in_form = formed(text)
        return len(in_form.encode()) if _scheme(plugin) in BYTE_LIMITS else len(in_form.encode("utf-16-le")) // 2

    text = message.fit(limit, size) or one_line(message.subject, limit) or "…"
    if plugin.body_max_line_count:
        text = " ".join(text.splitlines())
    return title, formed(text)


def _wants_title(plugin: NotifyBase) -> bool:
    """Whether the title is a field of its own (a subject); in a chat it would only say the headline twice."""
    mail = type(plugin).notify_format == NotifyFormat.HTML and plugin.title_maxlen > 0
    return mail or _scheme(plugin) in FIELDS_OF_THEIR_OWN


class _AskedToWait(Exception):
    """The service wants no further request for a while: whoever calls us waits better than a process that sleeps."""


class _Seen:
    """What the service answered: Apprise itself says yes or no only."""

    def __init__(self, url: str) -> None:
        self.scheme = ""
        self.status = 0
        self.failure: Result | None = None
        self.refused = False  # by a last answer of 2xx, of which Apprise looks at the status only
        self._secrets = [part for part in re.split(r"[/:?&=@#]+", unquote(url)) if len(part) > 5]

    @property
    def resting(self) -> bool:
        """Whether the service asked to be left alone."""
        return self.failure is not None and self.failure.cls is ResultClass.RATE

    def answer(self, response: requests.Response) -> None:
        """Note an answer; the last failure is the one that counts."""
        self.status = response.status_code
        if 200 <= response.status_code < 300:
            said = refusal(self.scheme, response.status_code, response.content)
            self.refused = said is not None
        else:
            said = told_by(result_of(response.status_code, response.headers), response.content)
        if said is not None:
            shown = said.detail.partition(":")[0] if self._tells(said.detail) else said.detail
            self.failure = replace(said, detail=shown)

    def _tells(self, words: str) -> bool:
        """Whether the service repeats anything of its URL."""
        return any(part in words for part in self._secrets)

    def lost(self, error: requests.RequestException, method: str) -> None:
        """Note that no answer came."""
        if _caused_by(error, ForbiddenAddress):
            self.failure = Result(ResultClass.AUTH, "the address is link-local or a metadata service: never asked")
        elif isinstance(error, requests.exceptions.SSLError):
            self.failure = Result(ResultClass.TEMP, "no safe connection: the certificate or the encryption failed")
        elif _before_sending(error) or method in ("GET", "HEAD"):
            self.failure = Result(ResultClass.TEMP, "no connection")
        else:
            self.failure = Result(ResultClass.UNKNOWN, "no answer, after the message was sent")


def _before_sending(error: requests.RequestException) -> bool:
    return isinstance(error, requests.ConnectTimeout) or _caused_by(error, NewConnectionError)


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an error of this kind led to `error`; urllib3 also keeps it as `reason`, requests among the args."""
    waiting: list[object] = [error]
    known: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, kind):
            return True
        if isinstance(cause, BaseException) and id(cause) not in known:
            known.add(id(cause))
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return False


@contextlib.contextmanager
def _watching(seen: _Seen) -> Iterator[None]:
    """Show `seen` every HTTP exchange of this process meanwhile: a worker sends one message at a time."""
    real, wait_turn = requests.Session.send, URLBase.throttle

    def throttle(plugin: URLBase, last_io: Any = None, wait: float | None = None) -> None:
        if seen.resting or (wait or 0.0) > LONGEST_WAIT:
            raise _AskedToWait
        wait_turn(plugin, last_io, wait)  # type: ignore[no-untyped-call]

    def send(session: requests.Session, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        try:
            response = real(session, request, **settings)
        except requests.RequestException as error:
            seen.lost(error, request.method or "")
            raise
        seen.answer(response)
        return response

    requests.Session.send = send  # type: ignore[method-assign, assignment]
    URLBase.throttle = throttle  # type: ignore[method-assign]
    try:
        yield
    finally:
        requests.Session.send = real  # type: ignore[method-assign]
        URLBase.throttle = wait_turn  # type: ignore[method-assign]


_guarded = False


def _guard_this_process() -> None:
    """Have every connection judged, whatever library makes it, at the moment the address is known."""
    global _guarded
    if not _guarded:
        sys.addaudithook(_judge)
        _guarded = True


def _judge(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        guard(str(args[1][0]))
