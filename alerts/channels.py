"""What a channel is, and which one a setting of the watch file means: chosen by its URL.

- mailto:// mailtos://, or a `host`: alerts/email.py
- webhook:// webhooks://: alerts/webhook.py
- terminal://: alerts/terminal.py
- everything else: alerts/apprise_channel.py (Slack, Telegram, Matrix, ntfy and a hundred more)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TextIO

from alerts.compose import compose_notice
from alerts.message import Message, NoticeView
from alerts.result import Result
from alerts.retry import OnUnknown
from core.clock import Clock
from core.errors import InputError
from core.pool import WorkerPool

Security = Literal["", "starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One entry under `channels` of the watch file, with its secrets expanded; printing it shows none of them.

    A channel is given by `url`, or is e-mail given by `host` and the fields after it. `security` empty means STARTTLS;
    on port 465 both mean TLS. `sender` and `to` are addresses, with or without a name ("Desk <desk@example.org>").
    `trust_env` lets all but e-mail use the environment's proxy.
    """

    name: str
    url: str = field(default="", repr=False)
    host: str = ""
    port: int = 0
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sender: str = ""
    to: tuple[str, ...] = ()
    security: Security = ""
    on_unknown: OnUnknown = "retry"
    trust_env: bool = False

    @property
    def scheme(self) -> str:
        """What stands before :// in lower case; "mailto" when the channel is given by a host."""
        if not self.url:
            return "mailto"
        return self.url.partition("://")[0].lower() if "://" in self.url else ""


@dataclass(frozen=True, slots=True)
class Target:
    """One recipient of a channel. `id` names both and never holds a URL or a secret."""

    id: str
    channel: str
    recipient: str = ""


class Channel(Protocol):
    """A way to tell people. `send` never raises for what a receiver or the network does: that is a Result.

    `on_unknown` says what is to follow when a message was sent and no answer came. `pace` is the least number of
    seconds between two sends to one target, `concurrency` how many sends the channel takes at once; the caller keeps
    both.
    """

    name: str
    scheme: str
    on_unknown: OnUnknown = "retry"
    pace: float = 0.0
    concurrency: int = 1

    @property
    def label(self) -> str:
        """What people are shown of it, `ops-chat (slack)`: nothing of the URL."""
        return f"{self.name} ({self.scheme})"

    def targets(self) -> tuple[Target, ...]:
        """Its recipients, each delivered to on its own; the channel itself unless it knows several."""
        return (Target(self.name, self.name),)

    async def send(self, message: Message, target: Target, *, key: str) -> Result:
        """Send once. `key` is the delivery's, the same at every attempt."""
        ...


def make_channel(settings: ChannelSettings, *, clock: Clock, pool: WorkerPool, stream: TextIO | None = None) -> Channel:
    """The channel that `settings` mean; checks all that can be checked without the network.

    `pool` runs Apprise's sends, `stream` (default: standard output) takes what terminal:// prints. Raises InputError
    that names the channel and shows nothing of its URL.
    """
    match settings.scheme:
        case "mailto" | "mailtos":
            from alerts.email import EmailChannel

            return EmailChannel(settings, clock=clock)
        case "webhook" | "webhooks":
            from alerts.webhook import WebhookChannel

            return WebhookChannel(settings, clock=clock)
        case "terminal":
            from alerts.terminal import TerminalChannel

            return TerminalChannel(settings, stream=stream)
        case "":
            raise InputError(
                f"channel {settings.name}: its URL has no scheme",
                hint="write it as scheme://…, for instance slack://…, mailto://… or webhooks://…",
            )
        case _:
            from alerts.apprise_channel import AppriseChannel

            return AppriseChannel(settings, pool=pool)


def trial_message(channel: str, now: datetime) -> Message:
    """What `channels test` sends: it says that it is a test, and that nothing happened."""
    lines = ("Alerts for this channel arrive here.", "Nothing happened: somebody ran `wirewatch channels test`.")
    return compose_notice(NoticeView(f"test/{channel}", f"Test message for the channel {channel}", lines, now))


def sending_pool(workers: int = 32) -> WorkerPool:
    """Processes for `make_channel`, one for each channel that is sending, none started before it is needed.

    A service that hangs holds one for up to a minute, and no other channel is to wait for it: so there are many. Each
    has 25 MB of its own. Keep them apart from those that read pages.
    """
    return WorkerPool(workers, warm=_warm, preload=("alerts.apprise_channel",))


def _warm() -> None:
    from alerts.apprise_channel import warm

    warm()
