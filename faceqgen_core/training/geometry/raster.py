"""Triangles to pixels: which of many triangles is nearest at each pixel, and what it carries there."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

FAR = np.float32(1e9)
"""Depth where there is no triangle."""
_FLAT = 1e-5  # twice the area in pixels from which on a triangle is drawn


@lru_cache(maxsize=4)
def pixel_grid(size: int) -> NDArray[np.float32]:
    """(S * S, 2) x and y of every pixel's middle, row by row."""
    y, x = np.mgrid[:size, :size]
    grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    grid.setflags(write=False)
    return grid


def gradients(
    points: NDArray[np.float64], triangles: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float32]:
    """What each triangle's values are as a linear function of the picture.

    Args:
        points: (V, 2) vertices in pixels.
        triangles: (T, 3).
        values: (V, C) values at the vertices.

    Returns:
        (T, C, 3) float32: factor of x, factor of y, constant.
    """
    corners, at = points[triangles], values[triangles]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
    inverse = (1 / np.where(np.abs(area) > _FLAT, area, np.inf))[:, None]
    rise, rise2 = at[:, 1] - at[:, 0], at[:, 2] - at[:, 0]
    result = np.empty((*rise.shape, 3), np.float32)
    result[..., 0] = (rise * second[:, 1:] - rise2 * first[:, 1:]) * inverse
    result[..., 1] = (rise2 * first[:, :1] - rise * second[:, :1]) * inverse
    result[..., 2] = (
        at[:, 0] - result[..., 0] * corners[:, 0, :1] - result[..., 1] * corners[:, 0, 1:]
    )
    return result


def interpolate(
    coefficients: NDArray[np.float32], index: NDArray[np.int32], size: int
) -> NDArray[np.float32]:
    """Values (S * S, C) at every pixel of the triangle ``index`` (S * S,) there; arbitrary where it is -1."""
    grid = pixel_grid(size)
    chosen = coefficients[np.maximum(index, 0)]
    result = chosen[..., 0] * grid[:, :1] + chosen[..., 1] * grid[:, 1:] + chosen[..., 2]
    return np.asarray(result, np.float32)


def _of_three(choose: np.ufunc, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Smallest or largest of three columns; NumPy's own reduction is slow over so few."""
    return np.asarray(choose(choose(values[:, 0], values[:, 1]), values[:, 2]), np.float64)


def nearest(
    points: NDArray[np.float64], depth: NDArray[np.float64], triangles: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the nearest triangle at each pixel: a depth buffer, without a loop over the triangles.

    Args:
        points: (V, 2) vertices in pixels.
        depth: (V,) depth of the vertices, smaller is nearer.
        triangles: (T, 3), either way round.
        size: side of the picture.

    Returns:
        Index of the triangle (S * S,) int32, -1 for none, and its depth (S * S,) float32, ``FAR`` for none.
    """
    corners = points[triangles]
    x, y = corners[..., 0], corners[..., 1]
    low = np.ceil(_of_three(np.minimum, y) - 1e-4).clip(0)
    high = np.floor(_of_three(np.maximum, y) + 1e-4).clip(None, size - 1)
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    inside = (_of_three(np.maximum, x) >= 0) & (_of_three(np.minimum, x) <= size - 1)
    drawn = np.flatnonzero((high >= low) & inside & (np.abs(area) > _FLAT))
    # A row for each line of pixels that a triangle crosses, and on it the first and the last pixel.
    first = low[drawn].astype(np.int64)
    count = high[drawn].astype(np.int64) - first + 1
    row = np.repeat(np.arange(len(drawn)), count)
    line = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + first[row]
    owner = drawn[row]
    left, right = np.full(len(row), np.inf), np.full(len(row), -np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        rise = (y[:, b] - y[:, a])[owner]
        level = np.abs(rise) < 1e-9
        share = (line - y[owner, a]) / np.where(level, 1, rise)
        crossed = ~level & (share >= -1e-4) & (share <= 1 + 1e-4)
        at = x[owner, a] + share * (x[:, b] - x[:, a])[owner]
        left = np.where(crossed & (at < left), at, left)
        right = np.where(crossed & (at > right), at, right)
    start = np.ceil(left - 1e-3).clip(0, size).astype(np.int64)
    stop = np.floor(right + 1e-3).clip(-1, size - 1).astype(np.int64)
    count = np.maximum(stop - start + 1, 0)
    span = np.repeat(np.arange(len(row)), count)
    column = np.arange(len(span)) - np.repeat(np.cumsum(count) - count, count) + start[span]
    owner, line = owner[span], line[span]
    slope = gradients(points, triangles, depth[:, None])[:, 0][owner]
    here = (slope[:, 0] * column + slope[:, 1] * line + slope[:, 2]).astype(np.float32)
    pixel = line * size + column
    buffer = np.full(size * size, FAR, np.float32)
    np.minimum.at(buffer, pixel, here)
    index = np.full(size * size, -1, np.int32)
    wins = here == buffer[pixel]
    index[pixel[wins]] = owner[wins]
    return index, buffer


def look_up(
    picture: NDArray[np.float32],
    at: NDArray[np.float32],
    *,
    smooth: bool = True,
    beyond: float | None = None,
) -> NDArray[np.float32]:
    """What a picture (H, W[, C]) shows at positions (A, B, 2) of x and y; beyond its border the border's, or a number."""
    found = cv2.remap(
        picture,
        np.ascontiguousarray(at[..., 0]),
        np.ascontiguousarray(at[..., 1]),
        cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REPLICATE if beyond is None else cv2.BORDER_CONSTANT,
        borderValue=beyond or 0.0,
    )
    return np.asarray(found, np.float32)
