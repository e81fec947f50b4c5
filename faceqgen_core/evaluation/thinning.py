"""Thinning: of many points, the few that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` items, spread evenly over the sequence, first and last included, order kept."""
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    if len(items) <= count:
        return list(items)
    return [items[round(index)] for index in np.linspace(0, len(items) - 1, count)]
