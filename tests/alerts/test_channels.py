from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from alerts.channels import Channel, ChannelSettings, make_channel, sending_pool, trial_message
from alerts.email import EmailChannel
from alerts.terminal import TerminalChannel
from alerts.webhook import WebhookChannel
from core.clock import FixedClock
from core.errors import InputError
from core.pool import WorkerPool
from tests.sinks.http import HttpSink

NOW = datetime(2023, 9, 10, tzinfo=UTC)
T = TypeVar("T")


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    made = sending_pool(1)
    yield made
    made.close()


def made(pool: WorkerPool, settings: ChannelSettings) -> Channel:
    return make_channel(settings, clock=FixedClock(NOW), pool=pool, stream=io.StringIO())


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (ChannelSettings("m", host="h", sender="a@b.org", to=("c@d.org",)), EmailChannel),
        (ChannelSettings("m", url="mailto://h/?from=a@b.org&to=c@d.org"), EmailChannel),
        (ChannelSettings("m", url="MAILTOS://h/?from=a@b.org&to=c@d.org"), EmailChannel),
        (ChannelSettings("m", url="webhook://h/"), WebhookChannel),
        (ChannelSettings("m", url="webhooks://h/"), WebhookChannel),
        (ChannelSettings("m", url="terminal://"), TerminalChannel),
    ],
)
def test_the_url_chooses_the_channel(pool: WorkerPool, settings: ChannelSettings, kind: type[Channel]) -> None:
    channel = made(pool, settings)
    assert isinstance(channel, kind)
    assert (channel.name, channel.scheme) == ("m", settings.scheme)


@pytest.mark.parametrize("url", ["s3cr3t", "hooks.example.org/s3cr3t"])
def test_a_url_without_a_scheme_is_refused_by_name_only(pool: WorkerPool, url: str) -> None:
    with pytest.raises(InputError, match="channel m: its URL has no scheme") as refused:
        made(pool, ChannelSettings("m", url=url))
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("url", ["webhook://desk.example/hook", "json://desk.example/hook"])
@pytest.mark.parametrize("trust_env", [True, False])
async def test_the_environments_proxy_is_used_where_that_is_wanted_and_not_otherwise(
    url: str, trust_env: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = InThisProcess()  # whose environment is the test's
    with HttpSink() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.setenv("no_proxy", "")
        channel = made(pool, ChannelSettings("m", url=url, trust_env=trust_env))
        result = await channel.send(trial_message("m", NOW), channel.targets()[0], key="k")
    assert [one.path for one in proxy.requests] == (["http://desk.example/hook"] if trust_env else [])
    assert result.ok is trust_env


class InThisProcess(WorkerPool):
    def __init__(self) -> None:
        super().__init__(1)

    async def run(self, fn: Callable[..., T], /, *args: object, seconds: float, item: str = "") -> T:
        return await asyncio.to_thread(fn, *args)


def test_settings_show_no_secret_when_printed() -> None:
    settings = ChannelSettings("m", url="x://s3cr3t", user="s3cr3t", password="s3cr3t")
    assert "s3cr3t" not in repr(settings)


def test_the_trial_message_says_that_it_is_one() -> None:
    message = trial_message("desk-mail", NOW)
    assert message.subject == "[wirewatch] Test message for the channel desk-mail"
    assert "Nothing happened" in message.text
    assert "Nothing happened" in message.fit(200)
