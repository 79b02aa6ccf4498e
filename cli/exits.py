"""How a command ends: the exit codes, the signals, and troubles told on stderr."""

from __future__ import annotations

import signal
import sys

from core.log import masked

EXIT_SOME_FAILED = 1
EXIT_WRONG_INPUT = 2
EXIT_NOT_AVAILABLE = 3
EXIT_INTERRUPTED = 130


def complain(message: str) -> None:
    """A line on stderr, secrets masked."""
    print(masked(message), file=sys.stderr)


def hangup() -> tuple[signal.Signals, ...]:
    """SIGHUP, which comes when the terminal is closed; not where it is to be ignored, as nohup has it."""
    return () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
