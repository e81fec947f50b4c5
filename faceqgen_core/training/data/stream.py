"""Batches drawn ahead, in a thread or in processes, while the networks learn from the one before."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")

_AHEAD = 4
_LONG = 1000
"""From so many batches on processes pay: each needs seconds to start and a copy of the faces."""
_MOST = 4


def prefetch(
    draw: Callable[[int], T], first: int, last: int, *, workers: int | None = 0
) -> Iterator[T]:
    """Draw batches ``first`` to ``last`` - 1 ahead; the same ones in the same order, whatever draws them.

    Args:
        draw: makes a batch of its number; can be pickled if processes draw.
        first: number of the first batch.
        last: number behind the last one.
        workers: processes that draw, 0 for a thread, which shares the interpreter's lock with the training; None: a
            thread for few batches, else a process for every core but one, four at most.
    """
    if workers is None:
        workers = min(_MOST, (os.cpu_count() or 1) - 1) if last - first >= _LONG else 0
    return _in_processes(draw, first, last, workers) if workers else _in_thread(draw, first, last)


def _in_thread(draw: Callable[[int], T], first: int, last: int) -> Iterator[T]:
    ready: queue.Queue[T | BaseException] = queue.Queue(maxsize=_AHEAD)
    stop = threading.Event()

    def work() -> None:
        try:
            for number in range(first, last):
                batch = draw(number)
                while not stop.is_set():
                    try:
                        ready.put(batch, timeout=0.5)
                        break
                    except queue.Full:
                        continue
                if stop.is_set():
                    return
        except BaseException as error:
            ready.put(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        for _ in range(first, last):
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()


_draw: Callable[[int], Any]


def _receive(draw: Callable[[int], Any]) -> None:
    """Keep what draws, in a new process: sent once, for it holds all faces."""
    global _draw
    _draw = draw


def _drawn(number: int) -> Any:
    return _draw(number)


def _in_processes(draw: Callable[[int], T], first: int, last: int, workers: int) -> Iterator[T]:
    # Spawned: a fork of a process in which TensorFlow runs threads can hang.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _receive, (draw,))
    coming: deque[Future[T]] = deque()
    try:
        for number in range(first, last):
            while len(coming) < _AHEAD + workers and number + len(coming) < last:
                coming.append(pool.submit(_drawn, number + len(coming)))
            yield coming.popleft().result()
    finally:
        # Waited for: a process that ends while its pool still does says that a file is closed already.
        pool.shutdown(cancel_futures=True)
