"""One budget of memory for all pictures that are decoded at a time, whoever decodes them: a decoder waits for room.

The number of threads says nothing about memory: four portraits take 10 MB, four scans of 88 megapixels 2.5 GB. So each
reader says, when it knows a picture's size from the header, how much it will need, and waits until the others have given
back enough. A picture that is larger than the whole budget waits until it is alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DEFAULT_BUDGET = 800_000_000
"""Bytes for decoded pictures in a process: one photograph of 88 megapixels, or four of 24 at once."""

Reserve = Callable[[int], None]
"""Waits until so many bytes are free, and takes them."""


class MemoryBudget:
    """Bytes that threads share.

    Args:
        total: the budget in bytes, at least 1.

    Raises:
        ValueError: a total under 1.
    """

    def __init__(self, total: int = DEFAULT_BUDGET) -> None:
        if total < 1:
            raise ValueError(f"a memory budget must be at least 1 byte, got {total}")
        self.total = total
        self._used = 0
        self._changed = threading.Condition()

    @property
    def used(self) -> int:
        """Bytes that are taken."""
        return self._used

    @contextmanager
    def share(self) -> Iterator[Reserve]:
        """Give a function that takes bytes; what it took is given back when the block ends.

        A block reserves once: who holds a part of the budget and waits for more could wait for ever.
        """
        taken = 0

        def reserve(amount: int) -> None:
            nonlocal taken
            if taken:
                raise RuntimeError("a share of the memory budget is reserved once")
            with self._changed:
                self._changed.wait_for(lambda: self._used == 0 or self._used + amount <= self.total)
                self._used += amount
            taken = amount

        try:
            yield reserve
        finally:
            if taken:
                with self._changed:
                    self._used -= taken
                    self._changed.notify_all()


PICTURES = MemoryBudget()
"""The process's budget for decoded pictures."""
