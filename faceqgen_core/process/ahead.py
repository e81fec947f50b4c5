"""Work that goes on in threads while the reader is busy with what is done: in order, and never far ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Items ready or in work: of each worker at first, for a soon first result; one more with each that is taken, up to the most.
_AT_FIRST = 4


def many_ahead(
    items: Iterable[T],
    work: Callable[[int, T], list[R]],
    *,
    workers: int,
    most: int,
    bytes_of: Callable[[T], int],
    most_bytes: int,
) -> Generator[R, None, None]:
    """Do work on items in threads and yield what it gives, in the order of the items.

    Args:
        items: read in the thread that iterates.
        work: takes the number of an item and the item.
        workers: threads.
        most: items that may be ready or in work, beside those that the first results need.
        bytes_of: what an item holds in memory while it waits.
        most_bytes: what all that wait may hold, but for one more.
    """
    ahead = _AT_FIRST * workers
    most = max(ahead, most)
    pool = ThreadPoolExecutor(workers, thread_name_prefix="faceqgen-prepare")
    running: deque[tuple[Future[list[R]], int]] = deque()
    held = 0
    try:
        for index, item in enumerate(items):
            size = bytes_of(item)
            running.append((pool.submit(work, index, item), size))
            held += size
            while len(running) >= ahead or (running and held > most_bytes):
                first, size = running.popleft()
                held -= size
                yield from first.result()
                ahead = min(ahead + 1, most)
        while running:
            yield from running.popleft()[0].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def one_ahead(
    batches: Iterator[tuple[T, bool]], work: Callable[[T], R]
) -> Generator[R, None, None]:
    """Do work on batches in a thread of its own and yield what it gives, in order; the next batch is in work meanwhile.

    Args:
        batches: read in the thread that iterates; with each, whether its result is due at once, for the next is long in coming.
        work: on a batch; one at a time.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="faceqgen-network")
    running: deque[Future[R]] = deque()
    try:
        for batch, due in batches:
            running.append(pool.submit(work, batch))
            while running and (due or len(running) > 1):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
