"""What keeps child processes from outliving the one that started them."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable

_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux
_PR_SET_PDEATHSIG = 1


def ending_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program, to be sent `sig` when the thread that started it is gone; None where the
    system cannot do that.
    """
    if _prctl is None:
        return None

    def end_with_parent() -> None:
        _prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)

    return end_with_parent
