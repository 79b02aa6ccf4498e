"""The error tree. Every error says which item, why, and what to do; its class says whether a retry can help.

WirewatchError
├── InputError          what the user gave is wrong (exit code 2)
│   ├── Missing         there is nothing of the name, number or address that they gave
│   └── ConfigError     a watch file or rule: all its Problems at once, each with line and column
├── NotAvailable        a database, server or service that is not reachable now (exit code 3, a retry can help)
│   └── Damaged         it is there, and what it gives is not what was stored: no retry helps
└── ItemFailed          one feed, page or payload failed; carries the Reason; its step's loop turns it into a value
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.reasons import Reason


class WirewatchError(Exception):
    """Base of every error raised on purpose. `hint` says what to do about it."""

    retry = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class InputError(WirewatchError):
    """The user's input is wrong; trying again unchanged cannot help."""


class Missing(InputError):
    """There is nothing of this name, number or address."""


class NotAvailable(WirewatchError):
    """Something outside is not there now; trying again later can help."""

    retry = True


class Damaged(NotAvailable):
    """What was stored is not what is there now; somebody has to mend it."""

    retry = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a text somebody wrote. Lines and columns count from 1; 0 means "the whole file"."""

    message: str
    line: int = 0
    column: int = 0
    hint: str = ""
    item: str = ""  # e.g. "rules.us-vietnam-upgrade.match"

    def at(self, file: str) -> str:
        """`file:line:column: item: message`, followed by the hint on a line of its own."""
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        item = f"{self.item}: " if self.item else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{place}: {item}{self.message}{hint}"


class ConfigError(InputError):
    """A watch file or a rule that cannot be used, with all its problems at once."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.at(file) for problem in self.problems))


class ItemFailed(WirewatchError):
    """One item's failure, on its way to the loop of its step, which records it as a value."""

    def __init__(self, item: str, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{item}: {reason}{f': {detail}' if detail else ''}")
        self.item = item
        self.reason = reason
        self.detail = detail
