"""Ranks: how alike two scores order the same faces, whatever their scales are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def average_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks 1..N of values (N,), the lowest first; equal values share the mean of their ranks.

    Raises:
        ValueError: not one-dimensional, or not all finite.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"ranks are of finite numbers (N,), got shape {array.shape}")
    _, group, count = np.unique(array, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[group], np.float64)


def rank_shares(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks as shares in [0, 1]: 0 for the lowest value, 1 for the highest; 0.5 for a single one.

    Raises:
        ValueError: not one-dimensional, or not all finite.
    """
    ranks = average_ranks(values)
    return np.full(1, 0.5) if len(ranks) == 1 else (ranks - 1) / (len(ranks) - 1)


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's rank correlation of two lists of scores (N,) of the same faces, -1..1.

    Returns:
        NaN if there are fewer than two faces, or all scores of one list are equal.

    Raises:
        ValueError: lists of different length, or values that are not finite.
    """
    a, b = average_ranks(first), average_ranks(second)
    if a.shape != b.shape:
        raise ValueError(f"both lists must score the same faces, got {len(a)} and {len(b)}")
    a, b = a - a.mean() if len(a) else a, b - b.mean() if len(b) else b
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(np.clip(a @ b / norm, -1, 1)) if norm > 0 else math.nan
