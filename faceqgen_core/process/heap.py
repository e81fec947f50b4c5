"""The C library's heap of a process: what was freed and lies between what is in use goes back to the system now and then."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from contextlib import suppress

SECONDS = 10.0
"""Least time between two times that memory is given back: it takes some milliseconds, and what is taken again some more."""

_LOCK = threading.Lock()
_last = 0.0


def _trim() -> Callable[[int], int] | None:
    """The function ``malloc_trim`` of glibc; None where the C library has none."""
    with suppress(OSError, AttributeError, TypeError):
        function: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
        return function
    return None


def give_back(*, after: float = SECONDS) -> bool:
    """Give freed memory back to the system; returns whether it was time to, and possible.

    Pictures of many sizes leave gaps that the next ones do not fit: without this a process grows for as long as it scores.

    Args:
        after: seconds that must have gone by since the last time; 0 where a run ends and nothing is taken again soon.
    """
    global _last
    with _LOCK:
        if time.monotonic() - _last < after:
            return False
        _last = time.monotonic()
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True
