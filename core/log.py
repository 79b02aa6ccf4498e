"""Logs as key=value on one line, with secrets masked before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import suppress
from typing import Any, TextIO

from core.text import one_line

# user:password@ in URLs, and query values whose name says they are secret
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_QUERY = re.compile(r"(?i)((?:^|[?&\s])(?:token|key|secret|password|pass|auth|apikey|api_key)=)[^&\s]+")
QUIET_LOGGERS = (
    "apprise",
    "urllib3",
    "aiosmtpd",
    "mail.log",
    "trafilatura",
    "htmldate",
    "courlan",
    "asyncio",
    "alembic",
)


def masked(text: str) -> str:
    """`text` without the user part of URLs and without query values that look like secrets."""
    return _SECRET_QUERY.sub(r"\1***", _USERINFO.sub("***@", text))


def pairs(**values: Any) -> str:
    """`key=value key2="two words"`: the form of every log line's data."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in values.items() if value is not None)


def _quoted(value: Any) -> str:
    text = one_line(str(value), 500)
    return f'"{text}"' if " " in text or not text else text


class _Masking(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


class PatientHandler(logging.StreamHandler[TextIO]):
    """What cannot be written for want of memory is left out, and the complaint of that too. Not `_PatientHandler`:
    Prefect puts a handler of its own in the place of one whose class has a private name.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """As StreamHandler's, as far as there is memory for it."""
        with suppress(MemoryError):
            super().handleError(record)


def set_up(level: int = logging.INFO) -> None:
    """Send logs to stderr, masked; keep libraries that log secrets or chatter at WARNING. Safe to call twice."""
    handler = PatientHandler(sys.stderr)
    handler.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.setLevel(level)  # a flow run has more of our lines in its own log than are wanted here
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
