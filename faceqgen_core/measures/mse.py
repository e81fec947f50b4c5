"""Mean squared error."""

from __future__ import annotations

from typing import Any

from keras import ops


def mse(first: Any, second: Any, region: Any = None) -> Any:
    """Mean squared error of two batches, lower is better.

    Args:
        first: (N, H, W, C) in [0, 1].
        second: same shape.
        region: (H, W) weights of the pixels, 0 and above; None: all count alike.

    Returns:
        (N,) in [0, 1].
    """
    squares = ops.mean(ops.square(first - second), axis=-1)
    if region is None:
        return ops.mean(squares, axis=(1, 2))
    weights = ops.convert_to_tensor(region, dtype=squares.dtype)
    return ops.sum(squares * weights, axis=(1, 2)) / ops.sum(weights)
