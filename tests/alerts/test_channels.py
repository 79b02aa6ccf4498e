from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from alerts.channels import Channel, ChannelSettings, make_channel, sending_pool, trial_message
from alerts.email import EmailChannel
from alerts.terminal import TerminalChannel
from alerts.webhook import WebhookChannel
from core.clock import FixedClock
from core.errors import InputError
from core.pool import WorkerPool

NOW = datetime(2023, 9, 10, tzinfo=UTC)


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


def test_settings_show_no_secret_when_printed() -> None:
    settings = ChannelSettings("m", url="x://s3cr3t", user="s3cr3t", password="s3cr3t")
    assert "s3cr3t" not in repr(settings)


def test_the_trial_message_says_that_it_is_one() -> None:
    message = trial_message("desk-mail", NOW)
    assert message.subject == "[wirewatch] Test message for the channel desk-mail"
    assert "Nothing happened" in message.text
    assert "Nothing happened" in message.fit(200)
