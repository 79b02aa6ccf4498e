from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from alerts.channels import ChannelSettings, Target, trial_message
from alerts.result import ResultClass
from alerts.terminal import TerminalChannel

MESSAGE = trial_message("screen", datetime(2023, 9, 10, tzinfo=UTC))
SCREEN = ChannelSettings("screen", url="terminal://")


async def test_an_alert_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    channel = TerminalChannel(SCREEN)
    (target,) = channel.targets()
    assert target == Target("screen", "screen")
    assert (await channel.send(MESSAGE, target, key="k")).ok
    assert MESSAGE.text.strip() in capsys.readouterr().out


async def test_letters_that_a_terminal_lacks_stop_nothing() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    channel = TerminalChannel(SCREEN, stream=stream)
    assert (await channel.send(MESSAGE, channel.targets()[0], key="k")).ok
    assert b"Test message" in raw.getvalue()


async def test_a_closed_pipe_can_be_tried_again() -> None:
    stream = io.StringIO()
    stream.close()
    channel = TerminalChannel(SCREEN, stream=stream)
    assert (await channel.send(MESSAGE, channel.targets()[0], key="k")).cls is ResultClass.TEMP
