"""How often somebody may try to sign in: counted by name and by address, in the memory of the one web process."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from dataclasses import dataclass, field

NAME_LIMIT, ADDRESS_LIMIT = 5, 20  # failures within WITHIN_S; then a wait
WITHIN_S = 60.0
FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 900.0  # doubled each time, up to a quarter of an hour
FORGOTTEN_S = 3600.0  # without a failure for so long, waits begin small again
MOST = 10_000  # names and addresses that are kept


@dataclass(slots=True)
class _Tally:
    """What one name or address has tried."""

    failures: deque[float] = field(default_factory=deque)
    last: float = 0.0
    until: float = 0.0  # nothing is tried before
    strikes: int = 0

    def wait(self, now: float) -> float:
        return max(0.0, self.until - now)

    def take_back(self) -> None:
        if self.failures:
            self.failures.pop()
        elif self.strikes:  # it was the last that was allowed
            self.failures.extend([self.last] * (ADDRESS_LIMIT - 1))
            self.until, self.strikes = 0.0, self.strikes - 1

    def count(self, now: float, limit: int) -> None:
        if now - max(self.last, self.until) > FORGOTTEN_S:
            self.strikes = 0
        while self.failures and self.failures[0] <= now - WITHIN_S:
            self.failures.popleft()
        self.failures.append(now)
        self.last = now
        if len(self.failures) >= limit:
            self.until = now + min(FIRST_WAIT_S * 2**self.strikes, LONGEST_WAIT_S)
            self.strikes += 1
            self.failures.clear()


class Attempts:
    """The failures so far. Times are seconds of a clock that is never set back."""

    def __init__(self) -> None:
        self._tallies: OrderedDict[tuple[str, str], _Tally] = OrderedDict()

    def wait(self, name: str, address: str, now: float) -> float:
        """How many seconds this name and this address have to wait before they may try; 0 when they may now."""
        known = (self._tallies.get(key) for key in _keys(name, address))
        return max((tally.wait(now) for tally in known if tally), default=0.0)

    def failed(self, name: str, address: str, now: float) -> None:
        """Count a wrong password, whether there is such a name or not."""
        for key, limit in zip(_keys(name, address), (NAME_LIMIT, ADDRESS_LIMIT), strict=True):
            tally = self._tallies.setdefault(key, _Tally())
            self._tallies.move_to_end(key)
            tally.count(now, limit)
        while len(self._tallies) > MOST:
            self._tallies.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget what was tried under this name, and of the address this one try: with a name of one's own one could
        else try all others between.
        """
        by_name, by_address = _keys(name, address)
        self._tallies.pop(by_name, None)
        if (tally := self._tallies.get(by_address)) is not None:
            tally.take_back()


def _keys(name: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("name", name.casefold()), ("address", network(address))


def network(address: str) -> str:
    """What counts as one address: with IPv6, the 64 bits that one customer has all of."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
