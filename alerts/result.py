"""What one attempt to send came to: the channels make it, `alerts.retry` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ResultClass(StrEnum):
    """The six ways an attempt ends. What follows from each is decided in `alerts.retry` alone."""

    OK = "ok"  # the receiver took it
    TEMP = "temp"  # surely not taken, a retry can help: connection refused, 5xx, 408, 425, SMTP 4xx
    RATE = "rate"  # surely not taken, come back later: 429
    AUTH = "auth"  # nothing to this target will be taken: 401, 403, 404, 410 of a channel's URL, SMTP 530, 534, 535
    PERM = "perm"  # this message will never be taken: other 4xx, other SMTP 5xx, any redirect
    UNKNOWN = "unknown"  # the body was sent and no answer came: taken or not


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt's end.

    `detail` is one line without secrets, shown to people. `provider_id` is the receiver's name for the message, when
    it gave one. `retry_after` is in seconds, as the receiver asked; the cap is `alerts.retry`'s. `worker_died` says
    that the process doing the call died: the class is then `ResultClass.TEMP` (nothing sent yet) or
    `ResultClass.UNKNOWN`.
    """

    cls: ResultClass
    detail: str = ""
    provider_id: str = ""
    retry_after: float | None = None
    worker_died: bool = False

    @property
    def ok(self) -> bool:
        """Whether the receiver took it."""
        return self.cls is ResultClass.OK
