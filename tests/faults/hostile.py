"""What a reader or a sender does when what it is given makes it go wrong, in a worker process: the text says how."""

from __future__ import annotations

import ctypes
import os
import signal
import time

from alerts.apprise_channel import deliver
from alerts.message import Message
from alerts.result import Result
from extractors.base import Extraction, SiteHand
from pipeline.pooled import extract_page


def extract_hostile_page(
    page: bytes, url: str, content_type: str, charset: str, site: SiteHand | None
) -> tuple[Extraction, frozenset[int]]:
    """As extract_page, unless the page orders otherwise."""
    if b"make the reader hang" in page:
        time.sleep(3_600)
    if b"make the reader hold the interpreter" in page:
        ctypes.PyDLL(None).sleep(3_600)  # in C, with the lock that every thread of Python needs
    if b"make the reader crash" in page:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"make the reader eat" in page:
        eaten = []
        while True:
            eaten.append(bytearray(50_000_000))
    return extract_page(page, url, content_type, charset, site)


def deliver_or_die(url: str, message: Message) -> Result:
    """As apprise_channel.deliver, but the second alert kills the process that sends it."""
    if "Strike number 2 " in message.subject:
        os.kill(os.getpid(), signal.SIGKILL)
    return deliver(url, message)
