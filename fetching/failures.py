"""What went wrong on the way to an answer, as a Reason and a line of detail: the one place that reads exceptions."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from core.reasons import Reason
from core.text import one_line
from fetching.decoding import TooBig
from fetching.guard import ForbiddenAddress

_OF_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    errno.ECONNRESET: Reason.BROKEN_ANSWER,
    errno.EPIPE: Reason.BROKEN_ANSWER,
}


class LostConnection(aiohttp.ClientError):
    """The connection broke before the answer began. Not retried: what was asked may have arrived."""


def explain(fault: Exception) -> tuple[Reason, str]:
    """The Reason of a fault of server or network, and a line of detail that never holds the URL (it may be secret)."""
    reason = _reason(fault)
    if reason in (Reason.CONNECT_TIMEOUT, Reason.TIMEOUT, Reason.BAD_URL):
        return reason, ""
    if isinstance(fault, aiohttp.ClientConnectorError):
        return reason, one_line(str(fault.os_error), 200)
    if isinstance(fault, aiohttp.ClientResponseError):
        return reason, one_line(fault.message, 200)
    return reason, one_line(str(fault), 200)


def _reason(fault: Exception) -> Reason:
    for kinds, reason in _OF_KIND:
        if isinstance(fault, kinds):
            return reason
    if isinstance(fault, aiohttp.ClientConnectorError):
        return _of_connecting(fault.os_error)
    if any(isinstance(cause, LineTooLong) for cause in _causes(fault)):
        return Reason.TOO_BIG
    return Reason.BROKEN_ANSWER


def _causes(fault: BaseException | None) -> Iterator[BaseException]:
    while fault is not None:
        yield fault
        fault = fault.__cause__


_OF_KIND: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Reason], ...] = (
    (TooBig, Reason.TOO_BIG),
    (ForbiddenAddress, Reason.FORBIDDEN_ADDRESS),
    (aiohttp.ConnectionTimeoutError, Reason.CONNECT_TIMEOUT),
    (TimeoutError, Reason.TIMEOUT),
    (aiohttp.ClientConnectorDNSError, Reason.DNS),
    (aiohttp.ClientSSLError, Reason.TLS),
    (ValueError, Reason.BAD_URL),
)


def _of_connecting(fault: OSError) -> Reason:
    if isinstance(fault, ForbiddenAddress):
        return Reason.FORBIDDEN_ADDRESS
    return _OF_ERRNO.get(fault.errno or 0, Reason.UNREACHABLE)
