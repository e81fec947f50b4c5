"""Mean squared error."""

from __future__ import annotations

from typing import Any

from keras import ops


def mse(first: Any, second: Any) -> Any:
    """Mean squared error of two batches: (N, H, W, C) in [0, 1] twice -> (N,) in [0, 1], lower is better."""
    return ops.mean(ops.square(first - second), axis=(1, 2, 3))
