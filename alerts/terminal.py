"""The terminal as a channel: for the first ten minutes of a newcomer, and for trying rules."""

from __future__ import annotations

import sys
from typing import TextIO

from alerts.channels import Channel, ChannelSettings, Target
from alerts.message import Message
from alerts.result import Result, ResultClass

RULE = "─" * 72


class TerminalChannel(Channel):
    """Prints each alert's text. Whoever reads it sees it or not: nothing is repeated."""

    scheme = "terminal"

    def __init__(self, settings: ChannelSettings, *, stream: TextIO | None = None) -> None:
        self.name = settings.name
        self.on_unknown = settings.on_unknown
        self._stream = stream

    async def send(self, message: Message, target: Target, *, key: str) -> Result:
        """Print it. A closed pipe is a temporary failure."""
        stream = self._stream or sys.stdout
        try:
            stream.write(_encodable(f"{RULE}\n{message.text.rstrip()}\n{RULE}\n", stream))
            stream.flush()
        except (OSError, ValueError) as error:
            return Result(ResultClass.TEMP, f"the terminal takes no more: {type(error).__name__}")
        return Result(ResultClass.OK)


def _encodable(text: str, stream: TextIO) -> str:
    """The text in the letters that the terminal has."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
