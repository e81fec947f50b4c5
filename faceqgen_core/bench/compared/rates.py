"""Measure sides in turn: every round runs each of them once, so that a slow minute hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Side:
    """One thing that is measured.

    Attributes:
        name: as printed.
        unit: what ``work`` counts: "faces", "images" or "GFLOP".
        items: what it works on.
        work: does the work and returns how much it was.
        note: what it stands for, in a few words.
        warm: items that it warms up on.
    """

    name: str
    unit: str
    items: Sequence[Any]
    work: Callable[[Sequence[Any]], float]
    note: str = ""
    warm: int = 32


@dataclass(frozen=True)
class Rate:
    """What was measured of a side.

    Attributes:
        side: its name.
        unit: what was counted.
        amount: so much in each round.
        per_second: of each round.
        cpu: processor seconds of each round, of all threads.
        note: what the side stands for.
    """

    side: str
    unit: str
    amount: float
    per_second: list[float]
    cpu: list[float]
    note: str = ""

    @property
    def median(self) -> float:
        """Median amount per second."""
        return statistics.median(self.per_second)

    @property
    def cpu_ms(self) -> float:
        """Median processor milliseconds for one of what was counted."""
        return 1e3 * statistics.median(self.cpu) / self.amount if self.amount else 0.0


@dataclass
class _Record:
    amount: float = 0.0
    per_second: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(
    sides: Sequence[Side], *, rounds: int, say: Callable[[str], Any] = lambda text: None
) -> list[Rate]:
    """Run the sides in turn, first on a few items to warm up and then in ``rounds`` that count.

    Args:
        sides: in the order in which they are run.
        rounds: at least 1.
        say: told what is running.

    Raises:
        ValueError: no round.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    records = {side.name: _Record() for side in sides}
    for side in sides:
        say(f"warming up: {side.name}")
        side.work(side.items[: side.warm])
    for number in range(rounds):
        for side in sides:
            say(f"round {number + 1} of {rounds}: {side.name}")
            wall, cpu = time.perf_counter(), time.process_time()
            amount = side.work(side.items)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            record = records[side.name]
            record.amount = amount
            record.per_second.append(amount / max(wall, 1e-9))
            record.cpu.append(cpu)
    return [
        Rate(
            side=side.name,
            unit=side.unit,
            amount=records[side.name].amount,
            per_second=records[side.name].per_second,
            cpu=records[side.name].cpu,
            note=side.note,
        )
        for side in sides
    ]


def ratio(ours: Rate, theirs: Rate) -> float:
    """How many times as much one side did per second: median of the rounds' ratios, since what slows a round slows both."""
    pairs = zip(ours.per_second, theirs.per_second, strict=True)
    return statistics.median(one / max(other, 1e-9) for one, other in pairs)
