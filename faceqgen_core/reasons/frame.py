"""How much of a crop the photograph shows: a crop that reaches beyond the edge is filled up by repeating the edge."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from faceqgen_core.reasons.oval import Mask


def outside_photo(matrix: NDArray[np.float64], size: int, image_size: tuple[int, int]) -> Mask:
    """(``size``, ``size``) bool: pixels of a crop that lie outside an image of (width, height).

    Args:
        matrix: (2, 3), from image to crop pixels.
        size: side of the crop.
        image_size: of the image.
    """
    inverse = cv2.invertAffineTransform(matrix)
    width, height = image_size

    def outside(y: NDArray[np.float64], x: NDArray[np.float64]) -> Mask:
        u = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
        v = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
        return np.asarray((u < -0.5) | (v < -0.5) | (u > width - 0.5) | (v > height - 0.5))

    ends = np.array([0.0, size - 1.0])
    if not outside(ends[:, None], ends).any():  # then no pixel between the corners is, either
        return np.zeros((size, size), np.bool_)
    every = np.arange(size, dtype=np.float64)
    return outside(every[:, None], every)


def repeated_edge(luminance: NDArray[np.float32]) -> Mask:
    """(S, S) bool: rows and columns at the border that repeat an edge, in a crop that was filled up before it came.

    A plain background repeats as well, but holds nothing that is drawn out into stripes.
    """
    size = luminance.shape[0]
    mask = np.zeros((size, size), np.bool_)
    upright, lying = (luminance, mask), (luminance.T, mask.T)
    sides = [upright, lying, *((seen[::-1], shown[::-1]) for seen, shown in (upright, lying))]
    for side, marked in sides:
        if not _repeat(side[:3]).all():  # as nearly always: no need to look any deeper
            continue
        same = _repeat(side)
        depth = size if same.all() else int(np.argmin(same))
        if float(side[0].std()) > 6:
            marked[: depth + 1] = True
    return mask


def _repeat(rows: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each row but the first repeats the one before it."""
    return np.asarray(np.abs(rows[1:] - rows[:-1]).mean(axis=1) < 0.6)


def visible_part(outside: Mask) -> tuple[slice, slice]:
    """Rows and columns that hold more inside than outside: what can be judged for detail; all if hardly any do."""
    if not outside.any():
        return slice(None), slice(None)
    rows, columns = ((~outside).mean(axis=axis) > 0.5 for axis in (1, 0))
    if rows.sum() < 24 or columns.sum() < 24:
        return slice(None), slice(None)
    return _range(rows), _range(columns)


def _range(inside: NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(inside)
    return slice(int(places[0]), int(places[-1]) + 1)
