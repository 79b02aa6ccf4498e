"""What a sender does when a message makes it go wrong, in a worker process: the subject says how."""

from __future__ import annotations

import os
import signal

from alerts.apprise_channel import deliver
from alerts.message import Message
from alerts.result import Result


def deliver_or_die(url: str, message: Message, trust_env: bool) -> Result:
    """As apprise_channel.deliver, but the second alert kills the process that sends it."""
    if "Strike number 2 " in message.subject:
        os.kill(os.getpid(), signal.SIGKILL)
    return deliver(url, message, trust_env)
