"""How a command ends: the exit codes, and troubles told on stderr."""

from __future__ import annotations

import sys

from core.log import masked

EXIT_SOME_FAILED = 1
EXIT_WRONG_INPUT = 2
EXIT_NOT_AVAILABLE = 3
EXIT_INTERRUPTED = 130


def complain(message: str) -> None:
    """A line on stderr, secrets masked."""
    print(masked(message), file=sys.stderr)
